//! The transfers that this browser signed and that are not settled: where each stands, and what can be done.

use frontend::view::text::shorten_address;
use frontend::wallet::advice::Advice;
use frontend::wallet::outbox::{Action, Item, State};
use frontend::wallet::shelf::Kind;
use leptos::prelude::*;
use shared::codec::Encode;
use shared::transaction::SignedTransfer;

use super::outbox::{self, Posted};
use super::parts::Alarm;
use super::session::{Owner, Wallet, use_wallet};
use super::warnings::name_of;
use crate::api::encoded;
use crate::components::amount::AmountText;
use crate::components::cairn::Cairn;
use crate::follow::dynamic;
use crate::live::use_live;

/// Those of the open account, newest first; nothing when there are none.
pub(super) fn on_the_way(owner: Owner) -> impl IntoView {
    let wallet = use_wallet();
    let refused = RwSignal::new(None::<String>);
    let following = wallet.ledger.following;
    let list = move || {
        let items = of(wallet, &owner);
        let items: Vec<AnyView> = items
            .into_iter()
            .rev()
            .map(|item| one(wallet, &owner, item, refused))
            .collect();
        (!items.is_empty()).then(|| {
            view! {
                <section class="wallet-outbox" aria-labelledby="outbox">
                    <h2 id="outbox">"On the way"</h2>
                    <ul>{items}</ul>
                </section>
            }
        })
    };
    view! {
        <p class="sr-only" role="status">{dynamic(move || following.told.get())}</p>
        <Alarm said=wallet.ledger.shelf.fault(Kind::Outbox) />
        <Alarm said=following.trouble />
        <Alarm said=refused />
        {dynamic(list)}
    }
}

fn of(wallet: Wallet, owner: &Owner) -> Vec<Item> {
    let is_own = |item: &&Item| item.signed.transfer.sender == owner.account.key;
    let items = wallet
        .ledger
        .shelf
        .with(|shelf| shelf.outbox.items().iter().filter(is_own).cloned().collect());
    items.unwrap_or_default()
}

fn one(wallet: Wallet, owner: &Owner, item: Item, refused: RwSignal<Option<String>>) -> AnyView {
    let live = use_live();
    let transfer = &item.signed.transfer;
    let recipient = wallet.address_of(&transfer.recipient);
    let whom = if transfer.recipient == transfer.sender {
        "yourself".to_owned()
    } else {
        name_of(wallet, owner, &recipient).unwrap_or_else(|| shorten_address(&recipient))
    };
    let notice = item.notice();
    let is_posting = wallet.ledger.following.is_posting(&item.id);
    let (title, said) = if is_posting {
        ("Signed", "On its way to the node …".to_owned())
    } else {
        (notice.title, notice.what + " " + notice.money)
    };
    let state = item.state;
    let confirmations = move || match state {
        State::Mined { height } => {
            let tip = live.with(|status| status.height).unwrap_or_default();
            let number = tip.saturating_sub(height) + 1;
            Some(frontend::view::text::count(number, "confirmation", "confirmations"))
        }
        _ => None,
    };
    let class = match state {
        State::Mined { .. } => "wallet-item is-done",
        _ if item.is_ended() => "wallet-item is-ended",
        _ => "wallet-item",
    };
    let advice = (item.is_ended() || state == State::Unanswered) && !is_posting && notice.action.is_some();
    view! {
        <li class=class>
            <Cairn address=recipient.clone() size=32 />
            <div class="wallet-item-what">
                <p class="wallet-item-head">
                    <span class="wallet-item-title">{title}</span>
                    <a href=format!("/explorer/transactions/{}", item.id)><AmountText amount=transfer.amount /></a>
                    <span title=recipient>"to " <bdi>{whom}</bdi></span>
                    <span class="quiet">{dynamic(confirmations)}</span>
                </p>
                <p>{said}</p>
                {advice.then(|| view! { <p>{notice.advice}</p> })}
                {(!is_posting).then(|| actions(wallet, &item, refused))}
            </div>
        </li>
    }
    .into_any()
}

/// What can be done about a transfer: a sentence in `refused` says so when the node did not want it.
pub(super) fn actions(wallet: Wallet, item: &Item, refused: RwSignal<Option<String>>) -> AnyView {
    let id = item.id;
    let transfer = &item.signed.transfer;
    let action = item.notice().action.map(|action| match action {
        Action::SendAgain => {
            let signed = item.signed.clone();
            let label = if item.state == State::Unanswered {
                "Send once more"
            } else {
                action.label()
            };
            let press = move |_| send_again(wallet, signed.clone(), refused);
            view! { <button type="button" class="button is-small" on:click=press>{label}</button> }.into_any()
        }
        Action::PayAnew => {
            let mut href = "/wallet/send?to=".to_owned() + &wallet.address_of(&transfer.recipient) + "&amount=";
            href.push_str(&transfer.amount.to_coins());
            href.push_str("&memo=");
            href.push_str(&encoded(transfer.memo.as_str()));
            view! { <a class="button is-small" href=href>{action.label()}</a> }.into_any()
        }
        Action::ShowActivity => {
            view! { <a class="button is-small" href="/wallet/activity">{action.label()}</a> }.into_any()
        }
    });
    let replace = |how: &str| format!("/wallet/send?replace={id}&how={how}");
    view! {
        <div class="wallet-actions">
            {action}
            {item
                .is_replaceable()
                .then(|| view! { <a class="button button-quiet is-small" href=replace("speed-up")>"Speed up"</a> })}
            {(item.is_replaceable() && transfer.sender != transfer.recipient)
                .then(|| view! { <a class="button button-quiet is-small" href=replace("cancel")>"Cancel transfer"</a> })}
            {item
                .is_ended()
                .then(|| {
                    let dismiss = move |_| outbox::dismiss(wallet, &id);
                    view! { <button type="button" class="button button-quiet is-small" on:click=dismiss>"Dismiss"</button> }
                })}
        </div>
    }
    .into_any()
}

/// Posts the same bytes once more. Not tied to the screen: they arrive even if their sender looks at another page.
fn send_again(wallet: Wallet, signed: SignedTransfer, refused: RwSignal<Option<String>>) {
    refused.set(None);
    crate::browser::spawn(async move {
        if let Posted::Refused(advice) | Posted::Unanswered(advice) = outbox::post(wallet, &signed, false).await {
            let Advice { happened, money, next } = advice;
            refused.try_set(Some([&happened, money, next].join(" ")));
        }
    });
}

/// The bytes of a signed transfer.
pub(super) fn size(signed: &SignedTransfer) -> usize {
    signed.to_bytes().len()
}
