//! The name, with its stones.

use leptos::prelude::*;

/// Three stones and the name; leads to the overview. index.html draws the same before the page is there.
#[component]
pub(crate) fn Brand() -> impl IntoView {
    view! {
        <a class="brand" href="/">
            <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
                <path class="tint-1" d="M2 25.5C2 21.6 6.4 20 15.500 20S30 21.600 30 25.500 25.400 30 16.200 30 2 29.300 2 25.500Z" />
                <path class="tint-4" d="M6.500 15.600C6.500 12.400 9.800 11 16.400 11S25.500 12.600 25.500 15.800 22.300 20 15.800 20 6.500 18.900 6.500 15.600Z" />
                <path class="tint-6" d="M10.500 7.200C10.500 4.400 12.400 3 15.600 3S21 4.200 21 7 19.200 11 15.900 11 10.500 10 10.500 7.200Z" />
            </svg>
            <span class="brand-name">"Cairn"</span>
        </a>
    }
}
