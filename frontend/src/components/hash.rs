//! A hash: shortened in the middle, copied by one press, spelled whole in the accessible name.

use frontend::view::text::shorten;
use leptos::prelude::*;

use crate::components::copy::CopyButton;

/// A hash that copies itself, and leads somewhere if it has a page.
#[component]
pub(crate) fn HashText(
    /// The whole text.
    #[prop(into)]
    hash: String,
    /// What it is, for the accessible name: "Block hash".
    name: &'static str,
    /// Its page.
    #[prop(optional, into)]
    href: Option<String>,
) -> impl IntoView {
    let short = shorten(&hash, 8, 8);
    let label = format!("Copy {} {hash}", name.to_ascii_lowercase());
    let text = match href {
        Some(href) => {
            let spelled = format!("{name} {hash}");
            view! { <a class="mono" href=href aria-label=spelled title=hash.clone()>{short}</a> }.into_any()
        }
        None => view! { <span class="mono" title=hash.clone()>{short}</span> }.into_any(),
    };
    view! { <span class="hash">{text} <CopyButton text=hash label=label /></span> }
}
