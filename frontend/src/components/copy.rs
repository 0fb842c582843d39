//! Copying to the clipboard by one press.

use std::time::Duration;

use crate::browser::spawn;
use crate::follow::dynamic;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::components::icon::{Icon, IconSign};

/// How long the button says what became of it: for those who look elsewhere, or have it read to them.
const SHOWN: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Copying {
    Idle,
    Copied,
    Failed,
}

/// A button that copies `text`.
#[component]
pub(crate) fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    /// The button's accessible name, such as "Copy address".
    #[prop(into)]
    label: Signal<String>,
    /// What the button shows; a small sign when nothing is given.
    #[prop(optional)]
    children: Option<Children>,
    /// Its classes.
    #[prop(default = "copy")]
    class: &'static str,
) -> impl IntoView {
    let state = RwSignal::new(Copying::Idle);
    let presses = StoredValue::new(0_u64);
    let press = move |_| {
        let text = text.get_untracked();
        presses.update_value(|presses| *presses += 1);
        let own = presses.get_value();
        // So that it is said anew.
        state.set(Copying::Idle);
        spawn(async move {
            let became = if write(&text).await {
                Copying::Copied
            } else {
                Copying::Failed
            };
            state.try_set(became);
            set_timeout(
                move || {
                    // What a later press says stays.
                    if presses.try_get_value() == Some(own) {
                        state.set(Copying::Idle);
                    }
                },
                SHOWN,
            );
        });
    };
    let said = move || match state.get() {
        Copying::Idle => "",
        Copying::Copied => "Copied",
        Copying::Failed => "Not copied: select it by hand",
    };
    view! {
        <button class=class type="button" on:click=press aria-label=move || label.get() title=move || label.get()>
            {children.map(|children| children())}
            <span class="copy-sign" aria-hidden="true">
                {dynamic(move || match state.get() {
                    Copying::Idle => view! { <IconSign icon=Icon::Copy /> }.into_any(),
                    Copying::Copied => "✓".into_any(),
                    Copying::Failed => "✗".into_any(),
                })}
            </span>
        </button>
        <span class="sr-only" role="status">
            {dynamic(said)}
        </span>
    }
}

/// Writes to the clipboard. Over plain HTTP from another machine browsers have only the older way.
async fn write(text: &str) -> bool {
    let navigator = window().navigator();
    let has_clipboard =
        js_sys::Reflect::get(&navigator, &JsValue::from_str("clipboard")).is_ok_and(|found| found.is_object());
    if has_clipboard {
        return JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok();
    }
    write_by_selection(text).unwrap_or(false)
}

fn write_by_selection(text: &str) -> Option<bool> {
    let document = document();
    let field = document.create_element("textarea").ok()?;
    let field: web_sys::HtmlTextAreaElement = field.dyn_into().ok()?;
    field.set_value(text);
    field.set_class_name("sr-only");
    document.body()?.append_child(&field).ok()?;
    field.select();
    let document: web_sys::HtmlDocument = document.dyn_into().ok()?;
    let is_copied = document.exec_command("copy").unwrap_or(false);
    field.remove();
    Some(is_copied)
}
