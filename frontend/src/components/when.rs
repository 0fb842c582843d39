//! A time: relative, with the exact one on hover and focus.

use frontend::view::time;
use leptos::prelude::*;

use crate::live::{ago, use_live};

/// How long ago something was.
#[component]
pub(crate) fn When(
    /// The time in milliseconds since 1970.
    time_ms: u64,
) -> impl IntoView {
    let age = ago(use_live(), time_ms);
    view! {
        <time class="when" datetime=time::machine(time_ms) title=time::exact(time_ms)>
            {age}
        </time>
    }
}
