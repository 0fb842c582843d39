//! `/explorer`: all blocks, newest first, a page at a time. The place in the list stands in the page's address.

use frontend::view::text::{bytes, grouped};
use leptos::prelude::*;
use shared::api::{BlockList, BlockSummary};

use crate::components::account_link::AccountLink;
use crate::components::amount::AmountText;
use crate::components::heading::PageHeading;
use crate::components::loaded::{loaded, question};
use crate::components::skeleton::SkeletonRows;
use crate::components::stone::Stone;
use crate::components::trust::claimed_list;
use crate::components::when::When;
use crate::follow::{computed, dynamic};
use crate::live::use_live;
use crate::router::use_query;

const PAGE: u64 = 25;

/// The list of blocks.
#[component]
pub(crate) fn Explorer() -> impl IntoView {
    let live = use_live();
    let query = use_query("before");
    let before = computed(move || query.get().and_then(|text| text.parse::<u64>().ok()));
    let path = move || {
        let cursor = before
            .get()
            .map_or_else(String::new, |before| format!("&before={before}"));
        format!("/blockchain/blocks?limit={PAGE}{cursor}")
    };
    let blocks = question(path, move || match before.get() {
        None => live.track_chain(),
        // New blocks change the newest page alone.
        Some(_) => live.track_undone(),
    });
    view! {
        <PageHeading title="Blocks" kind="Explorer" />
        <p class="quiet">"As the node lists them " {claimed_list()}</p>
        {loaded(blocks, || view! { <SkeletonRows rows=10 /> }.into_any(), move |list: BlockList| view! { <BlockTable list=list /> })}
    }
}

#[component]
fn BlockTable(list: BlockList) -> impl IntoView {
    let live = use_live();
    let newest = list.blocks.first().map(|block| block.header.height);
    let newer = move || {
        let tip = live.with(|status| status.height)?;
        let newest = newest?;
        (newest < tip).then(|| match newest + PAGE + 1 {
            before if before > tip => "/explorer".to_owned(),
            before => format!("/explorer?before={before}"),
        })
    };
    view! {
        <ol class="blocks">{list.blocks.into_iter().map(|block| view! { <BlockRow block=block /> }).collect_view()}</ol>
        <nav class="pages" aria-label="Pages">
            {dynamic(move || newer().map(|href| view! { <a class="button button-quiet" href=href>"← Newer"</a> }))}
            {list
                .next
                .map(|before| {
                    view! {
                        <a class="button button-quiet" href=format!("/explorer?before={before}")>
                            "Older →"
                        </a>
                    }
                })}
        </nav>
    }
}

#[component]
fn BlockRow(block: BlockSummary) -> impl IntoView {
    let BlockSummary {
        header,
        size,
        transaction_count,
        miner_address,
        reward,
    } = block.clone();
    let height = header.height;
    view! {
        <li class="block-row">
            <a class="block-row-main" href=format!("/explorer/blocks/{height}")>
                <Stone block=block />
                <span class="block-row-height"><span class="sr-only">"Block "</span>{grouped(height)}</span>
            </a>
            <span class="block-row-fact">
                {frontend::view::text::count(transaction_count, "transfer", "transfers")}
                <span class="quiet">" · " {bytes(size)}</span>
            </span>
            <span class="block-row-miner">
                {match miner_address {
                    Some(miner) => view! { <AccountLink address=miner /> }.into_any(),
                    None => view! { <span class="quiet">"Genesis"</span> }.into_any(),
                }}
            </span>
            <span class="block-row-reward"><AmountText amount=reward /></span>
            <span class="block-row-age quiet"><When time_ms=header.timestamp /></span>
        </li>
    }
}
