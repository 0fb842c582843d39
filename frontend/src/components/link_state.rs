//! Whether what is on the screen follows the node, and whether the page itself is the newest.

use frontend::view::time;
use leptos::prelude::*;

use crate::follow::dynamic;
use crate::live::{Link, use_live};

/// A word and a sign in the head of every page.
#[component]
pub(crate) fn LinkState() -> impl IntoView {
    let live = use_live();
    let look = move || match live.link() {
        Link::Connecting => ("link-state is-waiting", "◌", "Connecting"),
        Link::Live => ("link-state", "●", "Live"),
        Link::Lost(_) => ("link-state is-bad", "✗", "Offline"),
    };
    view! {
        <p class=move || look().0 role="status">
            <span class="link-sign" aria-hidden="true">{dynamic(move || look().1)}</span>
            <span>{dynamic(move || look().2)}</span>
        </p>
    }
}

/// What is known, and since when, while the node does not answer; and that a new version of the page waits.
#[component]
pub(crate) fn OfflineNotice() -> impl IntoView {
    let live = use_live();
    let offline = move || {
        let Link::Lost(since) = live.link() else {
            return None;
        };
        let known = live.with(|status| status.height).map_or_else(
            || "Nothing was read yet.".to_owned(),
            |height| format!("You see what was known up to block {height}; it may have changed since."),
        );
        Some(view! {
            <div class="notice notice-waiting" role="alert">
                <p class="notice-title">
                    "The node has not answered since "
                    <time datetime=time::machine(since) title=time::exact(since)>
                        {time::exact(since)[11..19].to_owned()}
                        " UTC"
                    </time> "."
                </p>
                <p>{known} " Your coins are not affected. The page tries again by itself."</p>
            </div>
        })
    };
    view! {
        {update_notice()}
        {dynamic(offline)}
    }
}

/// frontend/assets/install.js says when a new version waits, and takes it when it is asked to: all tabs reload then.
fn update_notice() -> impl IntoView {
    let root = document().document_element();
    let is_waiting = RwSignal::new(root.is_some_and(|root| root.has_attribute("data-update")));
    let handle = window_event_listener_untyped("cairn-update", move |_| is_waiting.set(true));
    on_cleanup(move || handle.remove());
    let accept = |_| {
        if let Ok(event) = web_sys::Event::new("cairn-update-accept") {
            let _ = window().dispatch_event(&event);
        }
    };
    view! {
        <div role="status">
            {dynamic(move || {
                is_waiting
                    .get()
                    .then(|| {
                        view! {
                            <div class="notice update-notice">
                                <p>"A new version of this page is here. All its tabs reload, and the wallet locks."</p>
                                <button type="button" class="button" on:click=accept>"Use it now"</button>
                            </div>
                        }
                    })
            })}
        </div>
    }
}
