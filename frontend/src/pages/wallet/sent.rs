//! A signed transfer on its way: pending, then confirmed, as the outbox knows.

use frontend::view::verify::{Findings, Outcome};
use frontend::wallet::outbox::{Item, State};
use frontend::wallet::progress::Progress;
use leptos::prelude::*;
use shared::transaction::SignedTransfer;

use super::on_the_way::actions;
use super::parts::Alarm;
use super::session::Wallet;
use crate::components::amount::AmountText;
use crate::components::cairn::Cairn;
use crate::components::hash::HashText;
use crate::components::heading::PageHeading;
use crate::components::trust::Trust;
use crate::follow::dynamic;
use crate::live::use_live;

/// The way of a signed transfer. `on_again` begins another one.
pub(super) fn sent(wallet: Wallet, signed: &SignedTransfer, on_again: Callback<()>) -> AnyView {
    let live = use_live();
    let ledger = wallet.ledger;
    let id = signed.id();
    let amount = signed.transfer.amount;
    let recipient = wallet.address_of(&signed.transfer.recipient);
    let refused = RwSignal::new(None::<String>);
    let item = move || ledger.shelf.with(|shelf| shelf.outbox.get(&id).cloned()).flatten();
    // One that is settled leaves the outbox, perhaps before it was seen mined: the last report of it has its height.
    let state = Memo::new(move |before: Option<&Option<State>>| {
        let found = item().map(|item: Item| item.state);
        let mined = || {
            let height = ledger.following.report(&id)?.header?.height;
            Some(State::Mined { height })
        };
        found.or_else(mined).or_else(|| before.copied().flatten())
    });
    let is_posting = move || ledger.following.is_posting(&id);
    let title = Signal::derive(move || {
        let title = match state.get() {
            _ if is_posting() => "Signed",
            Some(State::Unanswered) => "No answer",
            Some(State::Mined { .. }) => "Confirmed",
            _ => item().map_or("Pending", |item| item.notice().title),
        };
        title.to_owned()
    });
    let stage = move || match state.get() {
        Some(State::Mined { .. }) => 2,
        Some(State::Unanswered) => 0,
        _ if is_posting() => 0,
        _ => 1,
    };
    let is_doubted = move || {
        let report = ledger.following.report(&id);
        report.is_some_and(|findings| live.judge(findings).outcome == Outcome::Refuted)
    };
    let sentence = move || match state.get() {
        _ if is_posting() => "On its way to the node …".to_owned(),
        _ if is_doubted() => Progress::Doubted.sentence(),
        Some(State::Mined { height }) => {
            let confirmations = live.height().saturating_sub(height) + 1;
            Progress::Confirmed { height, confirmations }.sentence()
        }
        None | Some(State::Pending) => Progress::Pending.sentence(),
        _ => item().map_or_else(String::new, |item| {
            let notice = item.notice();
            [&notice.what, notice.money, notice.advice].join(" ")
        }),
    };
    let findings = Signal::derive(move || {
        let report = ledger.following.report(&id);
        report.unwrap_or_else(|| Findings::claimed("Nothing proves where it stands."))
    });
    // What is drawn anew takes the focus away, so only what it depends on counts.
    let offered = move || {
        let _ = state.get();
        if is_posting() {
            return None;
        }
        untrack(item).map(|item| actions(wallet, &item, refused))
    };
    // One primary button at a time.
    let has_action = move || !is_posting() && item().is_some_and(|item| item.notice().action.is_some());
    let contact = {
        let recipient = recipient.clone();
        move || {
            let found = ledger
                .shelf
                .with(|shelf| shelf.book.of(&recipient).map(|contact| contact.name.clone()));
            found.flatten().map(|name| view! { <p><bdi>{name}</bdi></p> })
        }
    };
    view! {
        <PageHeading title />
        <section class="card wallet-sent">
            <ol class="wallet-progress" aria-label="Progress">
                {["Signed", "Pending", "Confirmed"]
                    .into_iter()
                    .enumerate()
                    .map(|(index, name)| {
                        view! {
                            <li
                                class:is-done=move || { index < stage() || stage() == 2 }
                                class:is-here=move || { index == stage() && stage() < 2 }
                                aria-current=move || (index == stage()).then_some("step")
                            >
                                {name}
                            </li>
                        }
                    })
                    .collect_view()}
            </ol>
            <div class="wallet-sent-to">
                <Cairn address=recipient.clone() size=64 />
                <p>
                    <AmountText amount=amount class="amount-large" />
                </p>
                {contact}
                <p class="mono quiet wallet-whole">{recipient}</p>
            </div>
            <p class="wallet-stage" role="status">{dynamic(sentence)}</p>
            <p class="wallet-sent-id">
                <HashText hash=id.to_string() name="Transaction" href=format!("/explorer/transactions/{id}") />
                <Trust findings named=true />
            </p>
            <Alarm said=ledger.following.trouble />
            <Alarm said=refused />
            {dynamic(offered)}
            <div class="wallet-actions">
                <a class="button" class:button-quiet=has_action href="/wallet">"To the wallet"</a>
                <button type="button" class="button button-quiet" on:click=move |_| on_again.run(())>"Send another"</button>
            </div>
        </section>
    }
    .into_any()
}
