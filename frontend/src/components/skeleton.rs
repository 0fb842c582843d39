//! The shape of what comes, while it comes.

use leptos::prelude::*;

/// Lines of text, or rows of a list.
#[component]
pub(crate) fn SkeletonRows(
    /// How many.
    #[prop(default = 6)]
    rows: usize,
) -> impl IntoView {
    view! {
        <div class="skeleton" aria-busy="true">
            <p class="sr-only">"Loading"</p>
            {(0..rows).map(|_| view! { <div class="skeleton-row" aria-hidden="true"></div> }).collect_view()}
        </div>
    }
}

/// A card with a large figure and a few lines.
#[component]
pub(crate) fn SkeletonCard() -> impl IntoView {
    view! {
        <div class="card skeleton" aria-busy="true">
            <p class="sr-only">"Loading"</p>
            <div class="skeleton-figure" aria-hidden="true"></div>
            <div class="skeleton-row" aria-hidden="true"></div>
            <div class="skeleton-row" aria-hidden="true"></div>
            <div class="skeleton-row" aria-hidden="true"></div>
        </div>
    }
}
