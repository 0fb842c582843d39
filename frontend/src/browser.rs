//! What the browser does for the page besides drawing: a small store without secrets, files in, files out.

use std::pin::Pin;

use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, HtmlAnchorElement, HtmlInputElement, Storage, Url};

/// Runs a task to its end, whatever screen there is. In a box, so that what surrounds a task is compiled once for all.
pub(crate) fn spawn(task: impl Future<Output = ()> + 'static) {
    let task: Pin<Box<dyn Future<Output = ()>>> = Box::pin(task);
    leptos::task::spawn_local(task);
}

/// Runs a task that ends with the part of the screen that started it. In a box, so that what surrounds a task is compiled
/// once for all.
pub(crate) fn while_here(task: impl Future<Output = ()> + 'static) {
    let task: Pin<Box<dyn Future<Output = ()>>> = Box::pin(task);
    leptos::reactive::spawn_local_scoped_with_cancellation(task);
}

fn storage() -> Option<Storage> {
    window().local_storage().ok()?
}

/// Reads from the page's own store, which all tabs share and which holds no secret.
pub(crate) fn stored(name: &str) -> Option<String> {
    storage()?.get_item(name).ok()?
}

/// Writes to the store; tells whether the browser took it.
pub(crate) fn store(name: &str, text: &str) -> bool {
    storage().is_some_and(|storage| storage.set_item(name, text).is_ok())
}

/// Hands a person a file to keep; nothing when the browser refuses.
pub(crate) fn save_file(name: &str, bytes: &[u8]) -> Option<()> {
    let blob = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes))).ok()?;
    let url = Url::create_object_url_with_blob(&blob).ok()?;
    let link: HtmlAnchorElement = document().create_element("a").ok()?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The download has the bytes by then.
    set_timeout(
        move || {
            let _ = Url::revoke_object_url(&url);
        },
        std::time::Duration::from_secs(60),
    );
    Some(())
}

/// The bytes of the file that was chosen in an input, which is emptied so that the same file can be chosen again; nothing
/// when none was chosen.
///
/// # Errors
/// A sentence, when it is longer than `most` bytes or cannot be read.
pub(crate) async fn chosen_file(input: &HtmlInputElement, most: usize) -> Result<Option<Vec<u8>>, String> {
    let Some(file) = input.files().and_then(|files| files.get(0)) else {
        return Ok(None);
    };
    if file.size() > most as f64 {
        return Err(
            "That file is far too large for what is asked for here. Nothing was changed. Choose another.".to_owned(),
        );
    }
    let unreadable = |_| "The browser could not read the file. Nothing was changed. Choose it again.".to_owned();
    let buffer = JsFuture::from(file.array_buffer()).await.map_err(unreadable)?;
    input.set_value("");
    Ok(Some(Uint8Array::new(&buffer).to_vec()))
}
