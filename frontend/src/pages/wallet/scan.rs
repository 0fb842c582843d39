//! Scanning: the text of the QR code in a picture that somebody takes or chooses.

use frontend::wallet::scan::{self, MAX_SIDE};
use js_sys::{Function, Promise, Reflect, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{File, HtmlInputElement};

use super::parts::while_here;

/// A button that takes or chooses a picture, and gives the text of the QR code in it, or says why there is none.
pub(crate) fn scan_button(on_text: Callback<String>, said: RwSignal<Option<String>>) -> impl IntoView {
    let chosen = move |event: leptos::ev::Event| {
        let input: HtmlInputElement = event_target(&event);
        let Some(file) = input.files().and_then(|files| files.get(0)) else {
            return;
        };
        // So that the same picture can be chosen again.
        input.set_value("");
        said.set(None);
        while_here(async move {
            match text_of(&file).await {
                Ok(text) => on_text.run(text),
                Err(fault) => said.set(Some(fault.to_owned())),
            }
        });
    };
    view! {
        <label class="button button-quiet scan">
            <input type="file" class="sr-only" accept="image/*" capture="environment" on:change=chosen />
            "Scan a picture"
        </label>
    }
}

/// The text of the QR code in a picture.
///
/// # Errors
/// What happened, and what to try.
pub(super) async fn text_of(file: &File) -> Result<String, &'static str> {
    // A smaller picture has less noise.
    for most in [MAX_SIDE, MAX_SIDE / 2] {
        let (width, height, gray) = gray(file, most).await.ok_or(
            "The browser cannot open this as a picture. Choose a photo or a screenshot, or paste the text itself.",
        )?;
        if let Some(text) = scan::read(width, height, &gray) {
            return Ok(text);
        }
    }
    Err(
        "No QR code was found in this picture. Take it from straight above, sharp and in good light, with the whole code and \
         its white frame in it. Or paste the text itself.",
    )
}

/// Width, height and pixels, as frontend/assets/picture.js gives them.
async fn gray(file: &File, most: usize) -> Option<(usize, usize, Vec<u8>)> {
    let picture = Reflect::get(&window(), &"cairnPicture".into()).ok()?;
    let gray: Function = Reflect::get(&picture, &"gray".into()).ok()?.dyn_into().ok()?;
    let promise: Promise = gray
        .call2(&picture, file, &(most as u32).into())
        .ok()?
        .dyn_into()
        .ok()?;
    let answer = JsFuture::from(promise).await.ok()?;
    let part = |name: &str| Reflect::get(&answer, &name.into()).ok();
    let pixels: Uint8Array = part("gray")?.dyn_into().ok()?;
    Some((
        part("width")?.as_f64()? as usize,
        part("height")?.as_f64()? as usize,
        pixels.to_vec(),
    ))
}
