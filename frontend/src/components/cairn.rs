//! The picture of an address, so that people recognise it.

use frontend::view::cairn::{Stone, stones_of_address};
use leptos::prelude::*;

use crate::follow::dynamic;

/// An address's own stack of stones. Decoration: the address stands beside it.
#[component]
pub(crate) fn Cairn(
    /// The address.
    #[prop(into)]
    address: Signal<String>,
    /// The side in pixels: 20, 32 or 64.
    #[prop(default = 32)]
    size: u32,
) -> impl IntoView {
    view! {
        <svg
            class="cairn"
            width=size
            height=size
            viewBox="0 0 64 64"
            aria-hidden="true"
        >
            {dynamic(move || stones_of_address(&address.get()).into_iter().map(stone).collect_view())}
        </svg>
    }
}

fn stone(stone: Stone) -> impl IntoView {
    view! { <path class=format!("tint-{}", stone.tint) d=stone.path /> }
}
