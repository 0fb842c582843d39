//! Whether what is on the screen follows the node.

use frontend::view::time;
use leptos::prelude::*;

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
            <span class="link-sign" aria-hidden="true">{move || look().1}</span>
            <span>{move || look().2}</span>
        </p>
    }
}

/// What is known, and since when, while the node does not answer.
#[component]
pub(crate) fn OfflineNotice() -> impl IntoView {
    let live = use_live();
    move || {
        let Link::Lost(since) = live.link() else {
            return None;
        };
        let known = live.with(|status| status.height).map_or_else(
            || "Nothing was read yet.".to_owned(),
            |height| format!("You see what was known up to block {height}; it may have changed since."),
        );
        Some(view! {
            <aside class="notice notice-waiting" role="alert">
                <p class="notice-title">
                    "The node has not answered since "
                    <time datetime=time::machine(since) title=time::exact(since)>
                        {time::exact(since)[11..19].to_owned()}
                        " UTC"
                    </time> "."
                </p>
                <p>{known} " Your coins are not affected. The page tries again by itself."</p>
            </aside>
        })
    }
}
