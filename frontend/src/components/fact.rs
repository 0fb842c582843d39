//! A fact: what it is called, and what it is. Compiled once for all rows of all lists.

use leptos::prelude::*;

/// A row of a list of facts.
pub(crate) fn fact(name: &'static str, value: impl IntoView + 'static) -> AnyView {
    row(name, value.into_any())
}

fn row(name: &'static str, value: AnyView) -> AnyView {
    view! { <div><dt>{name}</dt><dd>{value}</dd></div> }.into_any()
}
