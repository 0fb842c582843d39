//! Nothing there yet: says so, and invites.

use leptos::prelude::*;

/// An empty place with a word about how it fills.
#[component]
pub(crate) fn Empty(
    /// What is not there: "No transfers wait."
    title: &'static str,
    /// How it would come about, and where to press.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="empty">
            <svg class="empty-mark" viewBox="0 0 96 40" aria-hidden="true">
                <path d="M14 30C14 22 26 19 48 19s34 3 34 11-12 8-34 8S14 38 14 30Z" />
                <path class="ground" d="M2 38.500h92" />
            </svg>
            <p class="empty-title">{title}</p>
            <p class="empty-text">{children()}</p>
        </div>
    }
}
