//! How messages travel between page and worker: as bytes that change hands and are wiped where they arrive.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::MessageEvent;
use zeroize::Zeroizing;

/// Posts bytes by `post`, which is given the message and the list of what it transfers: the sender keeps no copy.
pub fn hand_over(bytes: &[u8], post: impl FnOnce(&JsValue, &JsValue) -> Result<(), JsValue>) {
    let message = Uint8Array::from(bytes);
    // It fails only for what cannot be transferred, and a fresh buffer can.
    let _ = post(&message, &Array::of1(&message.buffer()));
}

/// The bytes of a message, which is wiped; nothing when it has none.
#[must_use]
pub fn received(event: &MessageEvent) -> Option<Zeroizing<Vec<u8>>> {
    let message = event.data().dyn_into::<Uint8Array>().ok()?;
    let bytes = Zeroizing::new(message.to_vec());
    message.fill(0, 0, message.length());
    Some(bytes)
}
