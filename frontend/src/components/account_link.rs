//! An account: its cairn and its address, shortened; leads to its page.

use frontend::view::text::shorten_address;
use leptos::prelude::*;

use crate::components::cairn::Cairn;

/// A link to an account's page.
#[component]
pub(crate) fn AccountLink(
    /// The address.
    #[prop(into)]
    address: String,
) -> impl IntoView {
    let short = shorten_address(&address);
    let href = format!("/explorer/accounts/{address}");
    let title = address.clone();
    let spelled = format!("Account {address}");
    view! {
        <a
            class="account-link"
            href=href
            aria-label=spelled
            title=title
        >
            <Cairn address=address size=20 />
            <span class="mono">{short}</span>
        </a>
    }
}
