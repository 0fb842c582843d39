//! `/explorer/transactions/:id`: where a transaction stands, with each check shown.

use frontend::view::text::{count, grouped, shorten};
use frontend::view::verify::{self, Findings};
use frontend::wallet::proof::{self, Proof};
use leptos::prelude::*;
use shared::api::{Standing, TransactionJson};

use crate::api;
use crate::browser::save_file;
use crate::components::amount::AmountText;
use crate::components::cairn::Cairn;
use crate::components::fact::fact;
use crate::components::hash::HashText;
use crate::components::heading::PageHeading;
use crate::components::loaded::{loaded, question};
use crate::components::skeleton::SkeletonCard;
use crate::components::trust::Trust;
use crate::components::when::When;
use crate::follow::dynamic;
use crate::live::use_live;
use crate::router::use_parameter;

/// A transaction's page.
#[component]
pub(crate) fn TransactionPage() -> impl IntoView {
    let live = use_live();
    let id = use_parameter("/explorer/transactions");
    let path = move || format!("/blockchain/transactions/{}", api::encoded(&id.get()));
    let transaction = question(path, move || {
        live.track_chain();
        live.track_pool();
    });
    // The last id that turned out to be one of a reward.
    let reward = RwSignal::new(None::<String>);
    let title = move || {
        let is_reward = reward.with(|reward| reward.as_ref() == Some(&id.get()));
        let kind = if is_reward { "Reward" } else { "Transfer" };
        format!("{kind} {}", shorten(&id.get(), 6, 6))
    };
    view! {
        <PageHeading title=Signal::derive(title) kind="Explorer" />
        {loaded(transaction, || view! { <SkeletonCard /> }.into_any(), move |answer: TransactionJson| {
                let asked = id.get_untracked();
                reward.set(answer.reward.is_some().then(|| asked.clone()));
                view! { <Whole answer=answer asked=asked /> }
            })}
    }
}

#[component]
fn Whole(answer: TransactionJson, asked: String) -> impl IntoView {
    let live = use_live();
    let findings = Signal::derive({
        let answer = answer.clone();
        move || match live.chain() {
            Some((genesis, prefix)) => verify::transaction(&answer, &asked, &genesis, &prefix),
            None => Findings::claimed("The chain’s name was not read yet."),
        }
    });
    let provable = matches!((&answer.transfer, &answer.standing), (Some(_), Standing::Mined { .. }));
    let proof = provable.then(|| save_proof(answer.clone()));
    let TransactionJson {
        id,
        transfer,
        reward,
        standing,
    } = answer;
    let (sender, recipient, amount) = match (&transfer, &reward) {
        (Some(transfer), _) => (
            Some(transfer.sender_address.clone()),
            transfer.recipient_address.clone(),
            transfer.amount,
        ),
        (None, Some(reward)) => (None, reward.recipient_address.clone(), reward.amount),
        (None, None) => (None, String::new(), shared::amount::Amount::ZERO),
    };
    let memo = transfer
        .as_ref()
        .map(|transfer| transfer.memo.as_str().to_owned())
        .filter(|memo| !memo.is_empty());
    view! {
        <section class="card payment">
            <Party address=sender role="From" />
            <div class="payment-amount">
                <AmountText amount=amount class="amount-large" />
                <span class="payment-arrow" aria-hidden="true"></span>
                {memo.map(|memo| view! { <p class="payment-memo">"“" <bdi>{memo}</bdi> "”"</p> })}
            </div>
            <Party address=Some(recipient) role="To" />
        </section>
        <p class="standing">
            <Trust findings=findings named=true />
            <Where standing=standing.clone() />
        </p>
        {proof}
        <section>
            <h2>"Fields"</h2>
            <dl class="fields">
                {fact("Id", view! { <HashText hash=id.to_string() name="Transaction id" /> })}
                {transfer
                    .map(|transfer| {
                        let valid = match transfer.valid_until {
                            0 => "without limit".to_owned(),
                            height => format!("until block {}", grouped(height)),
                        };
                        let nonce = view! {
                            {grouped(transfer.nonce)} <span class="quiet">" transfers of the sender came before"</span>
                        };
                        let signature = transfer.signature.to_string();
                        vec![
                            fact("Fee", view! { <AmountText amount=transfer.fee /> }),
                            fact("Nonce", nonce),
                            fact("Valid", valid),
                            fact("Signature", view! { <HashText hash=signature name="Signature" /> }),
                        ]
                    })}
                {reward
                    .filter(|reward| !reward.note.is_empty())
                    .map(|reward| fact("Note", view! { <span class="mono">{reward.note}</span> }))}
            </dl>
        </section>
    }
}

/// Saves what proves a mined transfer to anybody, without a node.
fn save_proof(answer: TransactionJson) -> impl IntoView {
    let live = use_live();
    let said = RwSignal::new(None::<String>);
    let save = move |_| {
        let Some((genesis, prefix)) = untrack(|| live.chain()) else {
            return;
        };
        // Nothing is saved that does not hold.
        let proof = Proof::of(&answer, &genesis, &prefix).filter(|proof| proof.verify().is_ok());
        said.set(Some(
            match proof.and_then(|proof| save_file(&proof::file_name(&answer.id), proof::write(&proof).as_bytes())) {
                Some(()) => "Saved. Whoever you give the file to can check it under “Check”, without a node.",
                None => "Nothing was saved: the node’s answer proves no payment, or the browser refused the file.",
            }
            .to_owned(),
        ));
    };
    view! {
        <p class="save-proof">
            <button type="button" class="button button-quiet" on:click=save>"Save proof of payment"</button>
            <span class="quiet" role="status">{dynamic(move || said.get())}</span>
        </p>
    }
}

#[component]
fn Party(address: Option<String>, role: &'static str) -> impl IntoView {
    match address {
        Some(address) => {
            let short = frontend::view::text::shorten_address(&address);
            let spelled = format!("{role} account {address}");
            let href = format!("/explorer/accounts/{address}");
            let title = address.clone();
            view! {
                <a class="party" href=href aria-label=spelled title=title>
                    <Cairn address=address size=64 />
                    <span class="quiet">{role}</span>
                    <span class="mono">{short}</span>
                </a>
            }
            .into_any()
        }
        None => view! {
            <span class="party">
                <span class="party-new" aria-hidden="true"></span>
                <span class="quiet">{role}</span>
                <span>"New money and fees"</span>
            </span>
        }
        .into_any(),
    }
}

#[component]
fn Where(standing: Standing) -> impl IntoView {
    match standing {
        Standing::Pending { place, since } => view! {
            <span>
                <span class="tag tag-waiting">"Pending"</span>
                " place " {grouped(place)} " in the mempool, since " <When time_ms=since />
            </span>
        }
        .into_any(),
        Standing::Mined { header, index, .. } => {
            let live = use_live();
            let confirmations = move || {
                let blocks = (live.height() + 1).saturating_sub(header.height);
                count(blocks, "confirmation", "confirmations")
            };
            view! {
                <span>
                    <span class="tag tag-done">"Confirmed"</span>
                    " " {dynamic(confirmations)} " · "
                    <a href=format!("/explorer/blocks/{}", header.height)>"Block " {grouped(header.height)}</a>
                    ", number " {grouped(index)} " · " <When time_ms=header.timestamp />
                </span>
            }
            .into_any()
        }
    }
}
