//! What travels between people and devices as one piece of text: shown as a QR code, copied, and saved as a file.

use frontend::wallet::qr;
use leptos::prelude::*;

use crate::browser::save_file;
use crate::components::copy::CopyButton;

/// From so many characters on a code is shown larger.
const LONG: usize = 150;

/// A QR code; nothing when the text is too long for one.
pub(super) fn qr_code(text: &str, label: &'static str) -> Option<AnyView> {
    let picture = qr::picture(text)?;
    let side = picture.side.to_string();
    let is_large = text.len() > LONG;
    let drawn = view! {
        <div class="wallet-qr" class:is-large=is_large>
            <svg role="img" aria-label=label viewBox=["0 0 ", &side, " ", &side].concat() shape-rendering="crispEdges">
                <path d=picture.path />
            </svg>
        </div>
    };
    Some(drawn.into_any())
}

/// A text with its code, to copy, and to save under a name.
pub(super) fn paper(text: String, label: &'static str, file: &'static str) -> AnyView {
    let saved = text.clone();
    let save = move |_| {
        save_file(file, saved.as_bytes());
    };
    view! {
        <div class="paper">
            {qr_code(&text, label)}
            <p class="paper-text mono" translate="no">{text.clone()}</p>
            <div class="wallet-actions">
                <CopyButton text=text label="Copy" class="button">
                    "Copy"
                </CopyButton>
                <button type="button" class="button button-quiet" on:click=save>"Save file"</button>
            </div>
        </div>
    }
    .into_any()
}

/// The ways to what is made and opened as a piece of text.
pub(super) fn papers() -> impl IntoView {
    view! {
        <p class="wallet-actions receive-more">
            <a href="/wallet/sign">"Sign a message"</a>
            <a href="/check">"Check something you were given"</a>
        </p>
    }
}
