//! Verdicts and payments, as the cards of `/check` show them.

use leptos::prelude::*;
use shared::address;
use shared::amount::Amount;
use shared::hash::Hash;
use shared::key::PublicKey;

use super::super::session::{Network, use_wallet};
use crate::components::cairn::Cairn;
use crate::components::fact::fact;
use crate::components::heading::PageHeading;

/// A sentence behind its sign: ✓ proved, ○ unknown, ✗ refuted.
pub(super) fn verdict(said: &str) -> AnyView {
    let (sign, words) = said.split_once(' ').unwrap_or(("", said));
    let class = match sign {
        "✓" => "check-verdict is-proved",
        "✗" => "check-verdict is-refuted",
        _ => "check-verdict is-claimed",
    };
    view! {
        <p class=class>
            <span aria-hidden="true">{sign.to_owned()}</span>
            <span>{words.to_owned()}</span>
        </p>
    }
    .into_any()
}

/// A thing that does not hold, or cannot be read.
pub(super) fn refused(title: &'static str, said: String) -> AnyView {
    view! {
        <PageHeading title />
        <section class="card check">
            <p class="wallet-alarm" role="alert">{said}</p>
        </section>
    }
    .into_any()
}

/// What is said where a chain must be known and is not.
pub(super) const NO_CHAIN: &str = "○ This page does not know its chain yet, so it cannot say which addresses belong to it. \
     Open it once while its node runs; later it does without.";

/// The chain of this page, when it is the one with this genesis block.
pub(super) fn network_of(genesis: &Hash) -> Option<Network> {
    let network = use_wallet().network.get();
    network.filter(|network| network.genesis == *genesis)
}

/// What is said of a payment on a chain that this page does not know.
pub(super) fn foreign_notice(network: Option<&Network>) -> Option<AnyView> {
    network.is_none().then(|| {
        verdict(
            "○ It is of another chain than the one this page follows. What its coins and addresses are called is not known, so \
             the keys are shown.",
        )
    })
}

/// An amount in the chain's coins.
pub(super) fn coins(amount: Amount, network: Option<&Network>) -> String {
    let symbol = network.map_or("coins", |network| &network.symbol);
    [&amount.to_coins(), "\u{a0}", symbol].concat()
}

/// A line of a card.
pub(super) fn row(name: &'static str, value: String) -> AnyView {
    fact(name, value)
}

/// A line whose value is a hash or a text of somebody else.
pub(super) fn code_row(name: &'static str, value: String) -> AnyView {
    view! { <div><dt>{name}</dt><dd class="mono wallet-bytes">{value}</dd></div> }.into_any()
}

/// A line with a memo, kept apart from the text around it whatever it holds.
pub(super) fn memo_row(memo: String) -> AnyView {
    fact("Memo", view! { <bdi class="wallet-memo">{memo}</bdi> })
}

/// An owner: the whole address with its cairn.
pub(super) fn owner(role: &'static str, address: String) -> AnyView {
    view! {
        <div class="check-owner">
            <Cairn address=address.clone() size=64 />
            <p><span class="quiet">{role}</span><br /><span class="mono wallet-bytes" translate="no">{address}</span></p>
        </div>
    }
    .into_any()
}

/// An owner by the key: where the chain is not known, by its digits.
pub(super) fn owner_of(role: &'static str, key: &PublicKey, network: Option<&Network>) -> AnyView {
    match network {
        Some(network) => owner(role, address::encode(&network.prefix, key)),
        None => view! {
            <div class="check-owner">
                <p><span class="quiet">{role} ", public key"</span><br /><span class="mono wallet-bytes">{key.to_string()}</span></p>
            </div>
        }
        .into_any(),
    }
}
