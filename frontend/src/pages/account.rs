//! `/explorer/accounts/:address`: balance and nonce with their proof, and the history.

use frontend::view::amount::plain;
use frontend::view::text::{grouped, shorten_address};
use frontend::view::verify::{self, Findings};
use leptos::prelude::*;
use shared::amount::Amount;
use shared::api::{AccountHistory, AccountJson, HistoryEntry};

use crate::api::encoded;
use crate::components::amount::AmountText;
use crate::components::cairn::Cairn;
use crate::components::copy::CopyButton;
use crate::components::empty::Empty;
use crate::components::heading::PageHeading;
use crate::components::loaded::{loaded, question};
use crate::components::skeleton::{SkeletonCard, SkeletonRows};
use crate::components::transfer_row::{RewardRow, TransferRow};
use crate::components::trust::{Trust, claimed_list};
use crate::components::when::When;
use crate::follow::dynamic;
use crate::live::use_live;
use crate::router::{use_parameter, use_query};

const PAGE: u64 = 25;

/// An account's page.
#[component]
pub(crate) fn AccountPage() -> impl IntoView {
    let live = use_live();
    let address = use_parameter("/explorer/accounts");
    let before = use_query("before");
    let follow = move || {
        live.track_chain();
        live.track_pool();
    };
    let account = question(
        move || format!("/blockchain/accounts/{}", encoded(&address.get())),
        follow,
    );
    let path = move || {
        let (address, before) = (encoded(&address.get()), before.get().unwrap_or_default());
        let cursor = if before.is_empty() {
            String::new()
        } else {
            format!("&before={}", encoded(&before))
        };
        format!("/blockchain/accounts/{address}/transactions?limit={PAGE}{cursor}")
    };
    let history = question(path, follow);
    view! {
        <PageHeading title=Signal::derive(move || format!("Account {}", shorten_address(&address.get()))) kind="Explorer" />
        {loaded(account, || view! { <SkeletonCard /> }.into_any(), move |account: AccountJson| view! { <Balance account=account asked=address.get_untracked() /> })}
        <section>
            <h2>"History " {claimed_list()}</h2>
            {loaded(history, || view! { <SkeletonRows /> }.into_any(), move |history: AccountHistory| view! { <History history=history address=address.get_untracked() /> })}
        </section>
    }
}

#[component]
fn Balance(account: AccountJson, asked: String) -> impl IntoView {
    let live = use_live();
    let findings = Signal::derive({
        let account = account.clone();
        move || match live.chain() {
            Some((genesis, prefix)) => verify::account(&account, &asked, &genesis, &prefix),
            None => Findings::claimed("The chain’s name was not read yet."),
        }
    });
    let AccountJson {
        address,
        balance,
        nonce,
        pending,
        ..
    } = account;
    let waiting = [("+", pending.incoming), ("−", pending.outgoing)];
    let has_waiting = waiting.iter().any(|(_, amount)| *amount > Amount::ZERO);
    view! {
        <section class="card account-card">
            <Cairn address=address.clone() size=64 />
            <div>
                <p class="figure-label">"Balance"</p>
                <p class="figure">
                    <AmountText amount=balance class="amount-large" />
                    <Trust findings=findings />
                </p>
                {has_waiting
                    .then(|| {
                        view! {
                            <p class="account-pending">
                                <span class="tag tag-waiting">"Pending"</span>
                                {waiting
                                    .into_iter()
                                    .filter(|(_, amount)| *amount > Amount::ZERO)
                                    .map(|(sign, amount)| {
                                        view! { <span>" " {sign} {dynamic(move || plain(amount, &live.symbol()))}</span> }
                                    })
                                    .collect_view()}
                            </p>
                        }
                    })}
                <p class="quiet">
                    {match nonce {
                        0 => "It has not sent yet.".to_owned(),
                        nonce => format!("It has sent {}.", frontend::view::text::count(nonce, "transfer", "transfers")),
                    }} " Nonce " {grouped(nonce)}
                </p>
            </div>
            <p class="account-address mono break">
                {address.clone()} <CopyButton text=address label="Copy address" />
            </p>
        </section>
    }
}

#[component]
fn History(history: AccountHistory, address: String) -> impl IntoView {
    let AccountHistory { transactions, next } = history;
    if transactions.is_empty() {
        return view! {
            <Empty title="Nothing happened here yet.">
                "The first transfer or reward to this address will stand here, without a reload."
            </Empty>
        }
        .into_any();
    }
    let older = next.map(|next| format!("/explorer/accounts/{address}?before={}", encoded(&next)));
    view! {
        <ol class="rows">
            {transactions.into_iter().map(|entry| view! { <Entry entry=entry address=address.clone() /> }).collect_view()}
        </ol>
        <nav class="pages" aria-label="Pages">
            {older.map(|href| view! { <a class="button button-quiet" href=href>"Older →"</a> })}
        </nav>
    }
    .into_any()
}

#[component]
fn Entry(entry: HistoryEntry, address: String) -> impl IntoView {
    let HistoryEntry {
        height,
        timestamp,
        transfer,
        reward,
        ..
    } = entry;
    let note = move || {
        let place = match height {
            Some(height) => {
                view! { <a href=format!("/explorer/blocks/{height}")>"Block " {grouped(height)}</a> }.into_any()
            }
            None => view! { <span class="tag tag-waiting">"Pending"</span> }.into_any(),
        };
        view! { {place} " · " <When time_ms=timestamp /> }
    };
    match (transfer, reward) {
        (Some(transfer), _) => view! { <TransferRow transfer=transfer note=note seen_from=address /> }.into_any(),
        (None, Some(reward)) => view! { <RewardRow reward=reward note=note /> }.into_any(),
        (None, None) => ().into_any(),
    }
}
