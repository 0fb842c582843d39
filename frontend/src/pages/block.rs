//! `/explorer/blocks/:id`: one block, checked.

use frontend::view::text::{bytes, count, grouped, grouped_decimal};
use frontend::view::time;
use frontend::view::verify::{self, Findings};
use leptos::prelude::*;
use shared::api::{BlockJson, BlockSummary, HeaderJson, TransferJson};
use shared::hash::Hash;

use crate::api;
use crate::components::empty::Empty;
use crate::components::fact::fact;
use crate::components::hash::HashText;
use crate::components::heading::PageHeading;
use crate::components::keyed::{Line, keyed};
use crate::components::loaded::{loaded, question};
use crate::components::shown::shown;
use crate::components::skeleton::SkeletonCard;
use crate::components::stone::Stone;
use crate::components::transfer_row::{RewardRow, TransferRow};
use crate::components::trust::Trust;
use crate::components::when::When;
use crate::follow::{computed, dynamic};
use crate::live::use_live;
use crate::router::use_parameter;

/// How many transfers are drawn at once.
const PAGE: usize = 100;

/// A block's page.
#[component]
pub(crate) fn BlockPage() -> impl IntoView {
    let live = use_live();
    let id = use_parameter("/explorer/blocks");
    // A hash says little: the title becomes the height once it is known.
    let seen = RwSignal::new(None::<(String, u64)>);
    let height = computed(move || {
        let id = id.get();
        seen.with(|seen| seen.as_ref().filter(|(seen, _)| *seen == id).map(|(_, height)| *height))
    });
    let path = move || format!("/blockchain/blocks/{}", api::encoded(&id.get()));
    // A block stays as it is, but the chain may leave it.
    let block = question(path, move || live.track_undone());
    let title = move || match (height.get(), id.get()) {
        (Some(height), _) => format!("Block {}", grouped(height)),
        (None, id) if id.len() < 20 => format!("Block {id}"),
        (None, _) => "Block".to_owned(),
    };
    let is_undone = move || height.get().is_some() && block.is_absent();
    view! {
        <PageHeading title=Signal::derive(title) kind="Explorer" />
        {shown(is_undone, || view! {
            <p role="status">
                "This block is no longer in the chain: a reorganisation took it back. Its transfers may be in another block by now, or wait in the mempool."
            </p>
        }.into_any())}
        {loaded(block, || view! { <SkeletonCard /> }.into_any(), move |block: BlockJson| {
                let asked = id.get_untracked();
                seen.set(Some((asked.clone(), block.header.height)));
                view! { <Whole block=block asked=asked /> }
            })}
    }
}

#[component]
fn Whole(block: BlockJson, asked: String) -> impl IntoView {
    let live = use_live();
    let header = block.header.clone();
    let findings = Signal::derive({
        let block = block.clone();
        move || match live.chain() {
            Some((genesis, prefix)) => verify::block(&block, &asked, &genesis, &prefix),
            None => Findings::claimed("The chain’s name was not read yet."),
        }
    });
    let height = header.height;
    let confirmations = move || (live.height() + 1).saturating_sub(height);
    let has_next = move || live.with(|status| status.height > height).unwrap_or(false);
    let summary = BlockSummary {
        header: header.clone(),
        size: block.size,
        transaction_count: block.transactions.len() as u64,
        miner_address: block.reward.as_ref().map(|reward| reward.recipient_address.clone()),
        reward: block.reward.as_ref().map(|reward| reward.amount).unwrap_or_default(),
    };
    view! {
        <section class="card block-card">
            <div class="block-stone">
                <Stone block=summary />
            </div>
            <p class="block-line">
                <Trust findings=findings named=true />
                <span>
                    {dynamic(move || count(confirmations(), "confirmation", "confirmations"))} " · "
                    <When time_ms=header.timestamp /> " · " {bytes(block.size)}
                </span>
            </p>
            <nav class="pages" aria-label="Neighbours">
                {height
                    .checked_sub(1)
                    .map(|below| {
                        view! {
                            <a class="button button-quiet" href=format!("/explorer/blocks/{below}")>
                                "↓ Block " {grouped(below)}
                            </a>
                        }
                    })}
                {dynamic(move || {
                    has_next()
                        .then(|| {
                            view! {
                                <a class="button button-quiet" href=format!("/explorer/blocks/{}", height + 1)>
                                    "↑ Block " {grouped(height + 1)}
                                </a>
                            }
                        })
                })}
            </nav>
        </section>
        <Transfers block=block.clone() />
        <HeaderFields header=header />
    }
}

fn line((index, transfer): (usize, TransferJson)) -> Line {
    Line::new(index.to_string(), move || {
        let fee = transfer.fee;
        view! { <TransferRow transfer=transfer note=move || format!("fee {fee}") /> }.into_any()
    })
}

#[component]
fn Transfers(block: BlockJson) -> impl IntoView {
    let BlockJson {
        header,
        reward,
        transactions,
        ..
    } = block;
    let total = transactions.len();
    let most = RwSignal::new(PAGE);
    let transactions = StoredValue::new(transactions);
    let visible =
        move || transactions.with_value(|all| all.iter().take(most.get()).cloned().enumerate().map(line).collect());
    view! {
        <section>
            <h2>{count(total as u64, "transfer", "transfers")}</h2>
            <ol class="rows">
                {reward.map(|reward| view! { <RewardRow reward=reward note=|| "new money and fees" /> })}
                {keyed(visible)}
            </ol>
            {shown(move || most.get() < total, move || view! {
                <button class="button button-quiet" type="button" on:click=move |_| most.update(|most| *most += PAGE)>
                    "Show more"
                </button>
            }.into_any())}
            {(header.height == 0)
                .then(|| {
                    view! {
                        <Empty title="The first stone.">
                            "The genesis block follows from the network’s parameters. Nobody mined it, and it holds no transfers."
                        </Empty>
                    }
                })}
        </section>
    }
}

/// All fields of a header, in their order.
#[component]
pub(crate) fn HeaderFields(
    /// The header.
    header: HeaderJson,
) -> impl IntoView {
    let previous = header
        .height
        .checked_sub(1)
        .map(|_| format!("/explorer/blocks/{}", header.previous_hash));
    let previous = match previous {
        Some(href) => {
            view! { <HashText hash=header.previous_hash.to_string() name="Previous hash" href=href /> }.into_any()
        }
        None => view! { <HashText hash=header.previous_hash.to_string() name="Parameters hash" /> }.into_any(),
    };
    let hash = |hash: &Hash, name: &'static str| view! { <HashText hash=hash.to_string() name=name /> };
    let quiet = |value: String, unit: String| view! { {value} <span class="quiet">{unit}</span> };
    let code = |value: String| view! { <span class="mono">{value}</span> };
    let facts = vec![
        fact("Hash", hash(&header.hash, "Block hash")),
        fact("Version", header.version.to_string()),
        fact("Height", grouped(header.height)),
        fact("Previous hash", previous),
        fact("History root", hash(&header.history_root, "History root")),
        fact(
            "Transactions root",
            hash(&header.transactions_root, "Transactions root"),
        ),
        fact("State root", hash(&header.state_root, "State root")),
        fact(
            "Timestamp",
            quiet(
                time::exact(header.timestamp),
                [" · ", &header.timestamp.to_string(), " ms"].concat(),
            ),
        ),
        fact("Bits", code(format!("{:08x}", header.bits))),
        fact("Nonce", code(header.nonce.0.to_string())),
        fact(
            "Work up to here",
            quiet(grouped_decimal(&header.work), " attempts".to_owned()),
        ),
    ];
    view! {
        <section>
            <h2>"Header"</h2>
            <dl class="fields">{facts}</dl>
        </section>
    }
}
