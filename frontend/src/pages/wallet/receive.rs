//! Receiving: the address with its cairn, and a payment link for an amount, as text and as a QR code.

use frontend::wallet::link::{self, Link};
use frontend::wallet::{qr, send};
use leptos::prelude::*;
use shared::amount::Amount;

use super::gate::Gate;
use super::parts::Field;
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
    let (amount, memo) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let amount_fault = Signal::derive(move || {
        let text = amount.get();
        (!text.trim().is_empty())
            .then(|| send::read_amount(&text).err())
            .flatten()
    });
    let memo_fault = Signal::derive(move || memo.with(|memo| send::memo_fault(memo)));
    let asked = address.clone();
    let link = Memo::new(move |_| {
        let amount = amount.with(|text| send::read_amount(text).ok());
        let memo = memo.get();
        link::write(&Link {
            address: asked.clone(),
            amount: amount.filter(|amount| *amount != Amount::ZERO),
            memo: send::memo_fault(&memo).is_none().then_some(memo),
            expires: None,
        })
    });
    // Capital letters need a third less room in the code; a link that asks for more has small ones as well.
    let picture = move || {
        link.with(|link| {
            qr::picture(&if link.contains('?') {
                link.clone()
            } else {
                link.to_ascii_uppercase()
            })
        })
    };
    view! {
        <PageHeading title="Receive" />
        <section class="card wallet-receive">
            {move || {
                picture()
                    .map(|picture| {
                        view! {
                            <div class="wallet-qr">
                                <svg
                                    role="img"
                                    aria-label="Your payment link as a QR code"
                                    viewBox=format!("0 0 {0} {0}", picture.side)
                                    shape-rendering="crispEdges"
                                >
                                    <path d=picture.path />
                                </svg>
                            </div>
                        }
                    })
            }}
            <div class="wallet-receive-text">
                <Cairn address=address.clone() size=64 />
                <p class="wallet-lead">"Show this to whoever pays you. The little cairn is your address’s own: they should see the same one."</p>
                <p class="wallet-whole mono" translate="no">{address.clone()}</p>
                <CopyButton text=address label="Copy address" class="button">
                    "Copy address"
                </CopyButton>
                <h2>"Ask for an amount"</h2>
                <Field label="Amount" id="asked-amount" value=amount fault=amount_fault inputmode="decimal" />
                <Field label="Memo" id="asked-memo" value=memo fault=memo_fault />
                <p class="wallet-whole mono" translate="no">{move || link.get()}</p>
                <CopyButton text=link label="Copy payment link" class="button button-quiet">
                    "Copy payment link"
                </CopyButton>
            </div>
        </section>
    }
}
