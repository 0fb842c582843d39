//! `/mempool`: what waits, and the next block as the miner would build it.

use frontend::view::chart::classes;
use frontend::view::text::{bytes, count, grouped};
use leptos::prelude::*;
use shared::amount::Amount;
use shared::api::{Fees, PendingJson, PendingList};

use crate::components::amount::AmountText;
use crate::components::empty::Empty;
use crate::components::heading::PageHeading;
use crate::components::loaded::{loaded, question};
use crate::components::skeleton::SkeletonRows;
use crate::components::transfer_row::TransferRow;
use crate::components::trust::claimed;
use crate::components::when::When;
use crate::live::use_live;

const PAGE: u64 = 200;
/// Base units a byte at which the chart's classes begin.
const EDGES: [u64; 10] = [0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000];

/// The mempool.
#[component]
pub(crate) fn MempoolPage() -> impl IntoView {
    let live = use_live();
    let pending = question(
        || format!("/blockchain/transactions/get?limit={PAGE}"),
        move || live.track_pool(),
    );
    let fees = question(|| "/blockchain/fees".to_owned(), move || live.track_pool());
    view! {
        <PageHeading title="Mempool" />
        <p class="quiet">
            "As the node has it " {claimed("What waits for a block is the node’s word. Each transfer’s signature is checked on its page.")}
        </p>
        <p class="lead">"Transfers that wait for a block, the highest fee a byte first."</p>
        {loaded(fees, || view! { <SkeletonRows rows=1 /> }.into_any(), move |fees: Fees| view! { <FeeFacts fees=fees /> })}
        {loaded(pending, || view! { <SkeletonRows rows=8 /> }.into_any(), move |list: PendingList| view! { <Waiting list=list /> })}
    }
}

#[component]
fn FeeFacts(fees: Fees) -> impl IntoView {
    view! {
        <dl class="facts">
            <div>
                <dt>"Least fee"</dt>
                <dd><AmountText amount=fees.minimum /></dd>
            </div>
            {fees
                .estimates
                .into_iter()
                .map(|estimate| {
                    view! {
                        <div>
                            <dt>"Within " {count(estimate.blocks, "block", "blocks")}</dt>
                            <dd>
                                <AmountText amount=estimate.fee />
                                <span class="quiet">" about " {frontend::view::time::duration(estimate.expected_ms)}</span>
                            </dd>
                        </div>
                    }
                })
                .collect_view()}
        </dl>
    }
}

#[component]
fn Waiting(list: PendingList) -> impl IntoView {
    let PendingList {
        transactions, total, ..
    } = list;
    if transactions.is_empty() {
        return view! {
            <Empty title="No transfers wait.">
                "Send coins from the " <a href="/wallet/send">"wallet"</a> ", and they show up here at once."
            </Empty>
        }
        .into_any();
    }
    let rates: Vec<u64> = transactions.iter().map(rate).collect();
    let more = total.saturating_sub(transactions.len() as u64);
    let (next, later): (Vec<_>, Vec<_>) = transactions.into_iter().partition(|pending| pending.next_block);
    view! {
        <FeeChart rates=rates />
        <Group title="In the next block" transfers=next />
        <Group title="Later" transfers=later />
        {(more > 0).then(|| view! { <p class="quiet">{grouped(more)} " more wait behind these."</p> })}
    }
    .into_any()
}

/// Base units a byte.
fn rate(pending: &PendingJson) -> u64 {
    pending.transfer.fee.units() / pending.size.max(1)
}

#[component]
fn Group(title: &'static str, transfers: Vec<PendingJson>) -> impl IntoView {
    let size: u64 = transfers.iter().map(|pending| pending.size).sum();
    let fees = Amount::checked_sum(transfers.iter().map(|pending| pending.transfer.fee)).unwrap_or_default();
    (!transfers.is_empty()).then(|| {
        view! {
            <section>
                <h2>{title}</h2>
                <p class="quiet">
                    {count(transfers.len() as u64, "transfer", "transfers")} " · " {bytes(size)} " · fees "
                    <AmountText amount=fees />
                </p>
                <ol class="rows">
                    {transfers.into_iter().map(|pending| view! { <Pending pending=pending /> }).collect_view()}
                </ol>
            </section>
        }
    })
}

#[component]
fn Pending(pending: PendingJson) -> impl IntoView {
    let (since, waiting, fee) = (pending.since, pending.waiting, pending.transfer.fee);
    let note = move || {
        view! {
            {waiting.then(|| view! { <span class="tag tag-waiting">"Waits for another"</span> " " })} "fee "
            {fee.to_coins()} " · " <When time_ms=since />
        }
    };
    view! { <TransferRow transfer=pending.transfer note=note /> }
}

/// How many transfers offer how much.
#[component]
fn FeeChart(rates: Vec<u64>) -> impl IntoView {
    let counts = classes(&rates, &EDGES);
    let greatest = counts.iter().copied().max().unwrap_or(0).max(1);
    let name = |index: usize| match EDGES.get(index + 1) {
        Some(next) => format!("{}–{}", grouped(EDGES[index]), grouped(next - 1)),
        None => format!("{} and more", grouped(EDGES[index])),
    };
    let bars = counts.iter().enumerate().map(|(index, &number)| {
        let height = 94 * number / greatest;
        let title = format!(
            "{} units a byte: {}",
            name(index),
            count(number, "transfer", "transfers")
        );
        let x = index * 32;
        view! {
            <g>
                <title>{title}</title>
                <rect class="chart-hit" x=x.to_string() y="0" width="32" height="100" />
                <rect class="chart-bar" x=(x + 3).to_string() y=(98 - height).to_string() width="26" height=height.to_string() />
            </g>
        }
    });
    let rows = counts.iter().enumerate().map(|(index, &number)| {
        view! {
            <tr>
                <td>{name(index)}</td>
                <td>{grouped(number)}</td>
            </tr>
        }
    });
    view! {
        <figure class="chart">
            <figcaption class="chart-head">
                <span class="chart-title">"Fees"</span>
                <span class="chart-value quiet">"base units a byte"</span>
            </figcaption>
            <svg class="chart-bars" viewBox="0 0 320 100" preserveAspectRatio="none" role="img" aria-label="Number of transfers by fee a byte; the table below has the values">
                {bars.collect_view()}
            </svg>
            <p class="chart-ends quiet" aria-hidden="true">
                <span>"0"</span>
                <span>"10,000 and more"</span>
            </p>
            <details class="chart-table">
                <summary>"As a table"</summary>
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Units a byte"</th>
                            <th scope="col">"Transfers"</th>
                        </tr>
                    </thead>
                    <tbody>{rows.collect_view()}</tbody>
                </table>
            </details>
        </figure>
    }
}
