//! The open wallet: balance, address, activity, and a block of one's own.

use frontend::view::text::shorten_address;
use frontend::view::verify::Findings;
use frontend::wallet::activity::{self, Row};
use leptos::prelude::*;
use shared::api::MineRequest;

use super::gate::Gate;
use super::ledger::Loaded;
use super::on_the_way::on_the_way;
use super::paper::papers;
use super::parts::while_here;
use super::rows::{Drafting, read_rows};
use super::send::holdings;
use super::session::{Owner, use_wallet};
use crate::api::{self, Failure};
use crate::components::amount::AmountText;
use crate::components::cairn::Cairn;
use crate::components::copy::CopyButton;
use crate::components::empty::Empty;
use crate::components::failure::FailureNotice;
use crate::components::heading::PageHeading;
use crate::components::skeleton::SkeletonRows;
use crate::components::trust::Trust;
use crate::follow::{computed, dynamic};
use crate::live::use_live;

/// `/wallet`.
#[component]
pub(crate) fn WalletHome() -> impl IntoView {
    view! { <Gate children=|owner| view! { <Home owner /> } /> }
}

#[component]
fn Home(owner: Owner) -> impl IntoView {
    let wallet = use_wallet();
    let address = owner.address.clone();
    // What waits in the outbox is told above.
    let listed = move || {
        let mut rows = read_rows(wallet);
        wallet.ledger.shelf.with(|shelf| {
            rows.retain(|row| row.height.is_some() || shelf.outbox.get(&row.id).is_none());
        });
        rows
    };
    view! {
        <PageHeading title="Wallet" />
        <div class="wallet-home">
            <section class="card wallet-purse" aria-label="Balance">
                <Balance />
                <Address address=address.clone() />
                <div class="wallet-actions">
                    <a class="button" href="/wallet/send">"Send"</a>
                    <a class="button button-quiet" href="/wallet/receive">"Receive"</a>
                    <a class="button button-quiet" href="/wallet/contacts">"Contacts"</a>
                    <MineButton address />
                </div>
                {papers()}
            </section>
            <div class="wallet-home-side">
                {on_the_way(owner)}
                <section class="wallet-activity" aria-labelledby="activity">
                    <div class="wallet-section-head">
                        <h2 id="activity">"Activity"</h2>
                        <a href="/wallet/activity">"All activity"</a>
                    </div>
                    {activity(Signal::derive(listed), None)}
                </section>
            </div>
        </div>
    }
}

#[component]
fn Balance() -> impl IntoView {
    let wallet = use_wallet();
    let holdings = wallet.ledger.holdings;
    // Drawn once and changed in place: a popover that somebody reads stays open while blocks come.
    let is_here = computed(move || holdings.with(|holdings| matches!(holdings, Loaded::Here(_))));
    let failure = computed(move || failure_of(holdings));
    move || match (is_here.get(), failure.get()) {
        (true, _) => view! { <Figures /> }.into_any(),
        (false, Some(failure)) => {
            let retry = Callback::new(move |()| wallet.ledger.refresh());
            view! { <FailureNotice failure retry /> }.into_any()
        }
        (false, None) => view! {
            <div class="wallet-ghost is-large" aria-busy="true">
                <span class="sr-only">"Reading the balance …"</span>
            </div>
        }
        .into_any(),
    }
}

fn failure_of<T: Send + Sync + 'static>(loaded: RwSignal<Loaded<T>>) -> Option<Failure> {
    loaded.with(|loaded| match loaded {
        Loaded::Failed(failure) => Some(failure.clone()),
        _ => None,
    })
}

#[component]
fn Figures() -> impl IntoView {
    let wallet = use_wallet();
    let live = use_live();
    let balance = Signal::derive(move || holdings(wallet).map(|here| here.balance).unwrap_or_default());
    let findings = Signal::derive(move || {
        let here = holdings(wallet);
        here.map_or_else(|| Findings::claimed("Nothing was read yet."), |here| here.findings)
    });
    let pending = move || activity::pending_sentence(&holdings(wallet)?.pending, &live.symbol());
    view! {
        <p class="wallet-balance">
            <span class="sr-only">"Balance "</span>
            <AmountText amount=balance class="amount-large" />
            <Trust findings named=true />
        </p>
        <p class="wallet-pending" role="status">
            {dynamic(move || pending().map(|said| view! { <span aria-hidden="true">"◌ "</span> {said} }))}
        </p>
    }
}

#[component]
fn Address(address: String) -> impl IntoView {
    let short = shorten_address(&address);
    let spelled = address.clone();
    view! {
        <div class="wallet-address">
            <Cairn address=address.clone() size=64 />
            <div>
                <p class="quiet">"Your address"</p>
                <p class="mono" title=address.clone()>
                    <span aria-hidden="true">{short}</span>
                    <span class="sr-only">{spelled}</span>
                </p>
                <CopyButton text=address label="Copy address" class="button button-quiet is-small">
                    "Copy address"
                </CopyButton>
            </div>
        </div>
    }
}

/// What became of mining.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mining {
    Idle,
    Working,
    Found(u64),
    Failed(Failure),
}

#[component]
pub(super) fn MineButton(address: String) -> impl IntoView {
    let state = RwSignal::new(Mining::Idle);
    let mine = move |_| {
        if state.get_untracked() == Mining::Working {
            return;
        }
        state.set(Mining::Working);
        let recipient = address.clone();
        while_here(async move {
            let request = MineRequest {
                recipient: Some(recipient),
                count: 1,
            };
            state.set(match api::mine(&request).await {
                Ok(mined) => Mining::Found(mined.block_number),
                Err(failure) => Mining::Failed(failure),
            });
        });
    };
    let is_working = move || state.get() == Mining::Working;
    view! {
        <button type="button" class="button button-quiet" on:click=mine aria-disabled=move || is_working().then_some("true")>
            {dynamic(move || if is_working() { "Mining…" } else { "Mine a block" })}
        </button>
        <p class="wallet-mined" role="status">
            {dynamic(move || match state.get() {
                Mining::Found(height) => Some(format!("You found block {height}. Its reward is yours.")),
                _ => None,
            })}
        </p>
        {dynamic(move || match state.get() {
            Mining::Failed(failure) => Some(view! { <FailureNotice failure /> }),
            _ => None,
        })}
    }
}

/// The account's history, as far as it was read: `listed` says which of its lines are shown.
pub(super) fn activity(listed: Signal<Vec<Row>>, drafting: Option<Drafting>) -> impl IntoView {
    let wallet = use_wallet();
    let rows = wallet.ledger.rows;
    let failure = computed(move || failure_of(rows));
    let has_lines = computed(move || rows.with(|rows| matches!(rows, Loaded::Here(rows) if !rows.is_empty())));
    let is_loading = computed(move || rows.with(|rows| matches!(rows, Loaded::Loading)));
    move || match (is_loading.get(), has_lines.get(), failure.get()) {
        (true, ..) => view! { <SkeletonRows rows=4 /> }.into_any(),
        (false, true, _) => super::rows::rows(listed, drafting).into_any(),
        (false, false, Some(failure)) => {
            let retry = Callback::new(move |()| wallet.ledger.refresh());
            view! { <FailureNotice failure retry /> }.into_any()
        }
        (false, false, None) => view! {
            <Empty title="No coins yet.">
                "Mine a block or " <a href="/wallet/receive">"show your address"</a> "."
            </Empty>
        }
        .into_any(),
    }
}
