//! Whether the browser keeps what this page stores, or may clear it when the disk is full.

use js_sys::{Promise, Reflect};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::StorageManager;

use super::parts::while_here;
use crate::follow::dynamic;

/// What the browser says of the storage of this page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeping {
    /// It was not asked yet.
    Asking,
    /// It is cleared by its owner only.
    Kept,
    /// It may be cleared when the disk is full.
    MayBeCleared,
    /// The browser does not say: it does so on https:// and on this machine only.
    Unknown,
}

/// The browser's storage; none where it is reached by plain http:// from elsewhere.
fn manager() -> Option<StorageManager> {
    let found = Reflect::get(&window().navigator(), &"storage".into()).ok()?;
    found.dyn_into().ok()
}

async fn answer(question: impl FnOnce(&StorageManager) -> Option<Promise>) -> Keeping {
    let Some(promise) = manager().as_ref().and_then(question) else {
        return Keeping::Unknown;
    };
    match JsFuture::from(promise).await.map(|answer| answer.as_bool()) {
        Ok(Some(true)) => Keeping::Kept,
        Ok(Some(false)) => Keeping::MayBeCleared,
        _ => Keeping::Unknown,
    }
}

/// Asks the browser to keep what is stored. It may ask the person in turn.
async fn ask() -> Keeping {
    answer(|manager| manager.persist().ok()).await
}

/// Asks it in the background, after something worth keeping was stored.
pub(super) fn ask_to_keep() {
    crate::browser::spawn(async {
        ask().await;
    });
}

/// Whether the browser trusts the way by which the page came: https://, or this machine itself.
pub(super) fn is_secure() -> bool {
    window().is_secure_context()
}

/// What is missing on plain http:// from another machine, and how to get it.
pub(super) fn insecure_notice() -> impl IntoView {
    (!is_secure()).then(|| {
        view! {
            <section class="card">
                <h2>"Over plain http://"</h2>
                <p>
                    "This page came over plain http:// from another machine. There browsers install no page, open none without its "
                    "node, know no passkeys, and may clear what is stored. Everything else works; keep your phrase on paper."
                </p>
                <p>
                    "To have all of it, start the node with " <code>"--tls-self-signed"</code> " and open it by https://, or open "
                    "this page on the node’s own machine. To the browser that is another place: restore your wallet there from its "
                    "phrase."
                </p>
            </section>
        }
    })
}

/// The browser's answer, and a way to ask again.
#[component]
pub(super) fn KeptHere() -> impl IntoView {
    let keeping = RwSignal::new(Keeping::Asking);
    while_here(async move { keeping.set(answer(|manager| manager.persisted().ok()).await) });
    let ask_again = move |_| while_here(async move { keeping.set(ask().await) });
    let said = move || match keeping.get() {
        Keeping::Asking => "",
        Keeping::Kept => "This browser keeps the wallet until you remove it.",
        Keeping::MayBeCleared => {
            "This browser may clear the wallet when its disk is full. Your phrase or a backup file brings it back."
        }
        Keeping::Unknown => {
            "This browser does not say how long it keeps the wallet: it does so on https:// or on this machine only. Your phrase or a backup file brings it back."
        }
    };
    view! {
        <section class="card">
            <h2>"Kept in this browser"</h2>
            <p role="status">{dynamic(said)}</p>
            {dynamic(move || {
                (keeping.get() == Keeping::MayBeCleared)
                    .then(|| {
                        view! {
                            <button type="button" class="button button-quiet" on:click=ask_again>
                                "Ask the browser to keep it"
                            </button>
                        }
                    })
            })}
        </section>
    }
}
