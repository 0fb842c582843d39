//! One transfer in a list.

use leptos::prelude::*;
use shared::api::{RewardJson, TransferJson};

use crate::components::account_link::AccountLink;
use crate::components::amount::AmountText;

/// From whom to whom, and how much; leads to the transfer's page.
#[component]
pub(crate) fn TransferRow(
    /// The transfer.
    transfer: TransferJson,
    /// What stands at the end: an age, a state.
    #[prop(optional, into)]
    note: ViewFn,
    /// Seen from this account: what comes in, what goes out.
    #[prop(optional, into)]
    seen_from: Option<String>,
) -> impl IntoView {
    let href = transfer
        .id
        .map(|id| format!("/explorer/transactions/{id}"))
        .unwrap_or_default();
    let sign = match seen_from.as_deref() {
        Some(own) if own == transfer.sender_address && own == transfer.recipient_address => "",
        Some(own) if own == transfer.sender_address => "−",
        Some(_) => "+",
        None => "",
    };
    let memo = transfer.memo.as_str().to_owned();
    view! {
        <li class="row">
            <span class="row-parties">
                <AccountLink address=transfer.sender_address />
                <span class="row-arrow" aria-label="to">
                    "→"
                </span>
                <AccountLink address=transfer.recipient_address />
            </span>
            <a class="row-amount" href=href aria-label=format!("Transfer of {} coins", transfer.amount)>
                <AmountText amount=transfer.amount sign=sign />
            </a>
            {(!memo.is_empty()).then(|| view! { <span class="row-memo">"“" <bdi>{memo}</bdi> "”"</span> })}
            <span class="row-note quiet">{note.run()}</span>
        </li>
    }
}

/// New money to whoever found a block.
#[component]
pub(crate) fn RewardRow(
    /// The reward.
    reward: RewardJson,
    /// What stands at the end: an age, a state.
    #[prop(optional, into)]
    note: ViewFn,
) -> impl IntoView {
    view! {
        <li class="row">
            <span class="row-parties">
                <span class="tag">"Reward"</span>
                <span class="row-arrow" aria-label="to">
                    "→"
                </span>
                <AccountLink address=reward.recipient_address />
            </span>
            <a
                class="row-amount"
                href=format!("/explorer/transactions/{}", reward.id)
                aria-label=format!("Reward of {} coins", reward.amount)
            >
                <AmountText amount=reward.amount sign="+" />
            </a>
            <span class="row-note quiet">{note.run()}</span>
        </li>
    }
}
