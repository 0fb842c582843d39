//! The newest blocks as stones on each other; the newest lies on top and settles.

use frontend::view::stone::ghost;
use frontend::view::text::{count, grouped};
use leptos::prelude::*;
use shared::api::BlockSummary;

use crate::components::keyed::{Line, keyed};
use crate::components::skeleton::SkeletonRows;
use crate::components::stone::Stone;
use crate::follow::{computed, dynamic};
use crate::live::{Live, ago, use_live};

/// How many stones are on the screen.
const SHOWN: usize = 8;

/// The stack, live.
#[component]
pub(crate) fn Stack() -> impl IntoView {
    let live = use_live();
    let has_blocks = computed(move || live.blocks().is_some());
    view! {
        <section class="stack" aria-label="Newest blocks">
            {dynamic(move || match has_blocks.get() {
                false => view! { <SkeletonRows rows=8 /> }.into_any(),
                true => stones(live),
            })}
        </section>
    }
}

fn stones(live: Live) -> AnyView {
    let blocks = move || {
        live.blocks()
            .map(|blocks| blocks.into_iter().take(SHOWN).collect::<Vec<_>>())
    };
    let deepest = move || {
        blocks()
            .and_then(|blocks| blocks.last().map(|block| block.header.height))
            .unwrap_or(0)
    };
    view! {
        <NextBlock />
        <ol class="stack-stones">
            {keyed(move || blocks().unwrap_or_default().into_iter().map(stone).collect())}
        </ol>
        <p class="stack-ground">
            {dynamic(move || match deepest() {
                0 => view! { <span>"The genesis block lies on the ground."</span> }.into_any(),
                below => {
                    view! {
                        <a href=format!("/explorer?before={below}")>
                            {count(below, "block", "blocks")} " below"
                        </a>
                    }
                        .into_any()
                }
            })}
        </p>
    }
    .into_any()
}

fn stone(block: BlockSummary) -> Line {
    Line::new(block.header.hash.to_string(), move || {
        view! { <StackStone block=block /> }.into_any()
    })
}

/// The block that is not there yet: as wide as what waits for it.
#[component]
fn NextBlock() -> impl IntoView {
    let live = use_live();
    let pending = computed(move || live.with(|status| status.pending).unwrap_or(0));
    view! {
        <a class="stack-next" class:is-waiting=move || { pending.get() > 0 } href="/mempool">
            <svg class="stone" viewBox="0 0 320 40" height="40" preserveAspectRatio="none" aria-hidden="true">
                <path d=move || ghost(pending.get()) />
            </svg>
            <span class="stone-note">
                <span>"Next"</span>
                <span class="quiet">
                    {dynamic(move || match pending.get() {
                        0 => "nothing waits".to_owned(),
                        pending => format!("{} waiting", grouped(pending)),
                    })}
                </span>
            </span>
        </a>
    }
}

#[component]
fn StackStone(block: BlockSummary) -> impl IntoView {
    let live = use_live();
    let height = block.header.height;
    let age = ago(live, block.header.timestamp);
    let holds = match (height, block.transaction_count) {
        (0, _) => "genesis".to_owned(),
        (_, 0) => "empty".to_owned(),
        (_, transfers) => count(transfers, "transfer", "transfers"),
    };
    view! {
        <li class="stack-stone">
            <a href=format!("/explorer/blocks/{height}")>
                <Stone block=block />
                <span class="stone-note">
                    <span class="stone-height">
                        <span class="sr-only">"Block "</span>
                        {grouped(height)}
                    </span>
                    <span class="quiet">{holds} <span class="stone-age">" · " {age}</span></span>
                </span>
            </a>
        </li>
    }
}
