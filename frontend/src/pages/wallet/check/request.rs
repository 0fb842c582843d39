//! A signed message and a payment link, opened.

use frontend::view::time;
use frontend::wallet::{link, signed_text};
use leptos::prelude::*;

use super::super::session::use_wallet;
use super::parts::{NO_CHAIN, coins, memo_row, owner, refused, row, verdict};
use crate::api;
use crate::components::heading::PageHeading;

pub(super) fn signed_message(text: &str) -> AnyView {
    const TITLE: &str = "Signed message";
    let signed = match signed_text::read(text) {
        Ok(signed) => signed,
        Err(said) => return refused(TITLE, said),
    };
    let wallet = use_wallet();
    let checked = move || {
        let Some(network) = wallet.network.get() else {
            return verdict(NO_CHAIN);
        };
        if let Err(said) = signed.verify(&network.prefix, &network.genesis) {
            return view! { <p class="wallet-alarm" role="alert">{said}</p> }.into_any();
        }
        view! {
            {verdict("✓ The owner of this address signed exactly this text. Who they are is not said by that.")}
            {owner("Signed by", signed.address.clone())}
            <p class="paper-text"><bdi class="wallet-memo">{signed.text.clone()}</bdi></p>
        }
        .into_any()
    };
    view! {
        <PageHeading title=TITLE />
        <section class="card check" role="status">{checked}</section>
    }
    .into_any()
}

pub(super) fn payment_link(text: &str) -> AnyView {
    let wallet = use_wallet();
    let text = text.trim().to_owned();
    let checked = move || {
        let Some(network) = wallet.network.get() else {
            return verdict(NO_CHAIN);
        };
        let asked = match link::read(&text, &network.here()) {
            Ok(asked) => asked,
            Err(said) => return view! { <p class="wallet-alarm" role="alert">{said}</p> }.into_any(),
        };
        let link = asked.link;
        let amount = match link.amount {
            Some(amount) => coins(amount, Some(&network)),
            None => "As much as you like".to_owned(),
        };
        let href = ["/wallet/send?link=", &api::encoded(&text)].concat();
        view! {
            {verdict(match asked.is_signed {
                true => "✓ Signed: the owner of this address asks for exactly this. Compare the address with one that you know.",
                false => "○ Not signed: anybody can have written or changed this. Compare the address with one that you know.",
            })}
            <p class="check-amount">{amount}</p>
            {owner("To", link.address)}
            <dl class="wallet-figures">
                {link.memo.map(memo_row)}
                {link.expires.map(|expires| row("Valid until", time::exact(expires * 1000)))}
            </dl>
            <a class="button" href=href>"Pay"</a>
        }
        .into_any()
    };
    view! {
        <PageHeading title="Payment link" />
        <section class="card check" role="status">{checked}</section>
    }
    .into_any()
}
