//! A block as a stone: as wide as it is full, tinted by its miner, shaped by its hash.

use frontend::view::stone::BlockStone;
use leptos::prelude::*;
use shared::api::BlockSummary;

/// The stone of a block. Decoration: a text beside it says the same.
#[component]
pub(crate) fn Stone(
    /// The block.
    block: BlockSummary,
) -> impl IntoView {
    let stone = BlockStone::of(&block);
    let view_box = stone.view_box();
    view! {
        <svg class="stone" viewBox=view_box height=stone.height as u32 preserveAspectRatio="none" aria-hidden="true">
            <path class=format!("tint-{}", stone.tint) d=stone.path.clone() />
            <path fill="url(#stone-light)" d=stone.path />
        </svg>
    }
}
