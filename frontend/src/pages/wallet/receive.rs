//! Receiving: the address with its cairn, as text and as a QR code.

use frontend::wallet::qr;
use leptos::prelude::*;

use super::gate::Gate;
use super::session::Owner;
use crate::components::cairn::Cairn;
use crate::components::copy::CopyButton;
use crate::components::heading::PageHeading;

/// `/wallet/receive`.
#[component]
pub(crate) fn WalletReceive() -> impl IntoView {
    view! { <Gate children=|owner| view! { <Receive owner /> } /> }
}

#[component]
fn Receive(owner: Owner) -> impl IntoView {
    let address = owner.address;
    // Capital letters need a third less room in the code.
    let picture = qr::picture(&address.to_ascii_uppercase());
    view! {
        <PageHeading title="Receive" />
        <section class="card wallet-receive">
            {picture
                .map(|picture| {
                    view! {
                        <div class="wallet-qr">
                            <svg
                                role="img"
                                aria-label="Your address as a QR code"
                                viewBox=format!("0 0 {0} {0}", picture.side)
                                shape-rendering="crispEdges"
                            >
                                <path d=picture.path />
                            </svg>
                        </div>
                    }
                })}
            <div class="wallet-receive-text">
                <Cairn address=address.clone() size=64 />
                <p class="wallet-lead">"Show this to whoever pays you. The little cairn is your address’s own: they should see the same one."</p>
                <p class="wallet-whole mono" translate="no">{address.clone()}</p>
                <CopyButton text=address label="Copy address" class="button">
                    "Copy address"
                </CopyButton>
            </div>
        </section>
    }
}
