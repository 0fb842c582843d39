//! Receiving: the address with its cairn, and a payment link for an amount, as text and as a QR code; signed on demand.

use frontend::view::time;
use frontend::wallet::link::{self, Link};
use frontend::wallet::messages::{Failure, Reply, Request};
use frontend::wallet::{qr, send};
use leptos::prelude::*;
use shared::amount::Amount;

use super::gate::Gate;
use super::paper::{papers, qr_code};
use super::parts::{Alarm, Field, while_here};
use super::session::{Owner, Wallet, use_wallet};
use crate::browser::save_file;
use crate::components::cairn::Cairn;
use crate::components::copy::CopyButton;
use crate::components::heading::PageHeading;
use crate::follow::{computed, dynamic, effect};

/// For how long a request can be valid, in seconds as the form's values have it.
const LENGTHS: [(&str, &str); 4] = [
    ("", "No end"),
    ("3600", "1 hour"),
    ("86400", "1 day"),
    ("604800", "1 week"),
];

/// `/wallet/receive`.
#[component]
pub(crate) fn WalletReceive() -> impl IntoView {
    view! { <Gate children=|owner| view! { <Receive owner /> } /> }
}

#[component]
fn Receive(owner: Owner) -> impl IntoView {
    let address = owner.address;
    let index = owner.account.index;
    let (amount, memo) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let expires = RwSignal::new(None::<u64>);
    let amount_fault = Signal::derive(move || {
        let text = amount.get();
        (!text.trim().is_empty())
            .then(|| send::read_amount(&text).err())
            .flatten()
    });
    let memo_fault = Signal::derive(move || memo.with(|memo| send::memo_fault(memo)));
    let asked = address.clone();
    let unsigned = computed(move || {
        let amount = amount.with(|text| send::read_amount(text).ok());
        let memo = memo.get();
        link::write(&Link {
            address: asked.clone(),
            amount: amount.filter(|amount| *amount != Amount::ZERO),
            memo: send::memo_fault(&memo).is_none().then_some(memo),
            expires: expires.get(),
        })
    });
    // A signature is over one text: another one ends it.
    let request = RwSignal::new(None::<String>);
    effect(move || {
        unsigned.track();
        request.set(None);
    });
    let link = computed(move || request.get().unwrap_or_else(|| unsigned.get()));
    // Capital letters need a third less room in the code; a link that asks for more has small ones as well.
    let drawn = Signal::derive(move || {
        let link = link.get();
        if link.contains('?') {
            link
        } else {
            link.to_ascii_uppercase()
        }
    });
    let save = move |_| {
        if let Some(picture) = qr::picture(&drawn.get_untracked()) {
            save_file("cairn-payment-link.svg", picture.svg().as_bytes());
        }
    };
    view! {
        <PageHeading title="Receive" />
        <section class="card wallet-receive">
            {dynamic(move || drawn.with(|link| qr_code(link, "Your payment link as a QR code")))}
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
                {valid_for(expires)}
                {sign_request(index, unsigned, request)}
                <p class="wallet-whole mono" translate="no">{dynamic(move || link.get())}</p>
                <div class="wallet-actions">
                    <CopyButton text=link label="Copy payment link" class="button button-quiet">
                        "Copy payment link"
                    </CopyButton>
                    <button type="button" class="button button-quiet" on:click=save>"Save QR picture"</button>
                </div>
            </div>
        </section>
        {papers()}
    }
}

/// Until when the request holds, counted from the choice.
fn valid_for(expires: RwSignal<Option<u64>>) -> impl IntoView {
    let choose = move |event| {
        let length: Option<u64> = event_target_value(&event).parse().ok();
        expires.set(length.map(|length| (js_sys::Date::now() / 1000.0) as u64 + length));
    };
    let until = move || {
        expires
            .get()
            .map(|expires| ["Until ", &time::exact(expires * 1000)].concat())
    };
    view! {
        <div class="wallet-field">
            <label for="asked-length">"Valid for"</label>
            <select id="asked-length" on:change=choose>
                {LENGTHS.map(|(value, name)| view! { <option value=value>{name}</option> }).collect_view()}
            </select>
            <p class="wallet-hint" role="status">{dynamic(until)}</p>
        </div>
    }
}

/// Lets the owner of the address sign the link: whoever changes it later is found out.
fn sign_request(index: u32, unsigned: Memo<String>, request: RwSignal<Option<String>>) -> impl IntoView {
    let wallet = use_wallet();
    let said = RwSignal::new(None::<String>);
    let sign = move |_| {
        let text = unsigned.get_untracked();
        while_here(async move {
            let answer = signed(wallet, index, text.clone()).await;
            // Somebody may have typed meanwhile.
            if unsigned.try_get_untracked() == Some(text) {
                said.set(answer.as_ref().err().cloned());
                request.set(answer.ok());
            }
        });
    };
    view! {
        <button type="button" class="button button-quiet" on:click=sign>"Sign this request"</button>
        <p class="wallet-hint" role="status">
            {dynamic(move || {
                request
                    .with(Option::is_some)
                    .then_some("✓ Signed. Whoever opens it sees that the owner of this address asked for exactly this.")
            })}
        </p>
        <Alarm said />
    }
}

/// The link with its signature, which was checked.
async fn signed(wallet: Wallet, index: u32, text: String) -> Result<String, String> {
    let message = text.clone();
    let answer = wallet.ask(Request::SignMessage { index, message }).await;
    let signature = match answer.map_err(|failure| failure.to_string())? {
        Reply::Signature { signature } => signature.parse().ok(),
        _ => None,
    };
    let (Some(signature), Some(network)) = (signature, wallet.network.get_untracked()) else {
        return Err(Failure::Stopped.to_string());
    };
    let text = link::with_signature(text, &signature);
    link::read(&text, &network.here()).map(|_| text)
}
