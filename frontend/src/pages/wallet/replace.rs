//! A transfer in place of a pending one: the same with a higher fee, or one that stops it.

use frontend::wallet::outbox::Item;
use frontend::wallet::replacement::{self, replacement_fee};
use frontend::wallet::review::Purpose;
use frontend::wallet::send::read_amount;
use leptos::prelude::*;
use shared::amount::Amount;
use shared::api::Fees;

use super::on_the_way::size;
use super::parts::{Field, while_here};
use super::review_form::review_form;
use super::send::{Process, review};
use super::session::Wallet;
use crate::api;
use crate::components::amount::AmountText;
use crate::components::heading::PageHeading;
use crate::live::use_live;

/// The fee of the replacement, and the way to its review.
pub(super) fn replacement(wallet: Wallet, process: Process, item: Item, purpose: Purpose) -> AnyView {
    let live = use_live();
    let fee = process.fields.fee;
    let fault = RwSignal::new(None::<String>);
    let least = RwSignal::new(None::<String>);
    let old = item.signed.transfer.fee;
    if !item.is_replaceable() {
        return view! {
            <PageHeading title=purpose.title().to_owned() />
            <section class="card is-narrow notice">
                <p>"This transfer is no longer waiting, so nothing can take its place."</p>
                <a class="button" href="/wallet">"To the wallet"</a>
            </section>
        }
        .into_any();
    }
    let made = {
        let item = item.clone();
        move |fee| match purpose {
            Purpose::Cancel => replacement::cancel(&item.signed, fee),
            _ => replacement::speed_up(&item.signed, fee),
        }
    };
    let memo_len = match purpose {
        Purpose::Cancel => item.signed.transfer.memo.as_str().len(),
        _ => 0,
    };
    let size = size(&item.signed) - memo_len;
    while_here(async move {
        // Without an answer the rule alone gives the least.
        let fees = api::get::<Fees>("/blockchain/fees").await.unwrap_or_else(|_| Fees {
            minimum: Amount::ZERO,
            estimates: Vec::new(),
        });
        let replacement = replacement_fee(old, size, &fees);
        if fee.with_untracked(String::is_empty) {
            fee.set(replacement.suggested.to_coins());
        }
        least.set(Some(replacement.least.to_coins()));
    });
    let hint = Signal::derive(move || {
        let least = least.get()?;
        Some(format!(
            "At least {least} {symbol}: the pending one pays {old}.",
            symbol = live.symbol()
        ))
    });
    let reserved = item.reserved();
    let go = Callback::new(move |()| {
        let least = least.with_untracked(|least| least.as_deref().and_then(|least| read_amount(least).ok()));
        let checked = fee.with_untracked(|fee| read_amount(fee)).and_then(|fee| match least {
            Some(least) if fee < least => Err(format!("The fee must be at least {least} to replace it.")),
            _ => Ok(fee),
        });
        let refused = checked.and_then(|fee| review(wallet, process, made(fee), purpose, reserved));
        fault.set(refused.err());
    });
    let typed = Callback::new(move |_| fault.set(None));
    let fields = view! {
        <p>{purpose.sentence()}</p>
        <p>
            "Pending: " <AmountText amount=item.signed.transfer.amount /> " with a fee of " <AmountText amount=old />
        </p>
        <Field label="Fee" id="fee" value=fee fault hint inputmode="decimal" />
    };
    let back = view! { <a class="button button-quiet" href="/wallet">"Back"</a> };
    review_form(
        wallet,
        process,
        purpose.title(),
        (fields.into_any(), back.into_any()),
        go,
        typed,
    )
}
