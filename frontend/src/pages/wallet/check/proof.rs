//! A payment proof, opened: what it proves by itself, and whether the chain that this page follows has its block.

use frontend::json::Object;
use frontend::view::text::grouped;
use frontend::view::time;
use frontend::view::verify::{self, Outcome};
use frontend::wallet::proof::{self, Paid};
use leptos::prelude::*;
use shared::api::HeaderJson;

use super::super::parts::while_here;
use super::parts::{code_row, coins, foreign_notice, memo_row, network_of, owner_of, refused, row, verdict};
use crate::api;
use crate::components::heading::PageHeading;
use crate::follow::{dynamic, effect};
use crate::live::use_live;

const TITLE: &str = "Payment proof";

pub(super) fn payment_proof(text: &str) -> AnyView {
    let paid = match proof::read(text).and_then(|proof| proof.verify()) {
        Ok(paid) => paid,
        Err(said) => return refused(TITLE, said),
    };
    view! {
        <PageHeading title=TITLE />
        <section class="card check">
            {verdict("✓ The sender signed this payment, and a block with work contains it. No node was asked for that.")}
            {on_chain(paid.clone())}
            {dynamic(move || figures(&paid))}
            <details class="wallet-more">
                <summary>"What does this prove?"</summary>
                <p>
                    "Whoever wants to forge it has to spend the work of a block, and still cannot sign for the sender. It does not "
                    "prove that the block stayed on the chain: a payment that was taken back later has the same proof. So compare "
                    "the header at this height with a node that you trust. Height and time are what the block says of itself."
                </p>
            </details>
        </section>
    }
    .into_any()
}

fn figures(paid: &Paid) -> AnyView {
    let network = network_of(&paid.genesis);
    let network = network.as_ref();
    view! {
        {foreign_notice(network)}
        <p class="check-amount">{coins(paid.amount, network)}</p>
        {owner_of("From", &paid.sender, network)}
        {owner_of("To", &paid.recipient, network)}
        <dl class="wallet-figures">
            {(!paid.memo.is_empty()).then(|| memo_row(paid.memo.clone()))}
            {row("Fee", coins(paid.fee, network))}
            {row("Block", grouped(paid.height))}
            {row("Found", time::exact(paid.timestamp))}
            {row("Expected attempts", paid.attempts())}
            {code_row("Header hash", paid.header_hash.to_string())}
            {code_row("Transaction", paid.id.to_string())}
        </dl>
    }
    .into_any()
}

/// Compares with the chain, and again whenever it changes.
fn on_chain(paid: Paid) -> impl IntoView {
    let live = use_live();
    let said = RwSignal::new(None::<String>);
    effect(move || {
        live.track_chain();
        let is_known = network_of(&paid.genesis).is_some();
        let paid = paid.clone();
        while_here(async move {
            let found = match is_known {
                true => compare(&paid).await,
                false => "○ The node was not asked: it follows another chain, or has not answered yet.",
            };
            said.set(Some(found.to_owned()));
        });
    });
    view! { <div role="status">{dynamic(move || said.get().map(|said| verdict(&said)))}</div> }
}

/// Compares the block with the chain's header at its height.
async fn compare(paid: &Paid) -> &'static str {
    let path = ["/blockchain/headers?limit=1&from=", &paid.height.to_string()].concat();
    let found = api::get::<Object>(&path)
        .await
        .map(|mut answer| answer.take::<Vec<HeaderJson>>("headers"));
    let Ok(Ok(mut headers)) = found else {
        return "○ The node was not asked whether its chain has this block: it does not answer.";
    };
    let Some(json) = headers.pop() else {
        return "✗ This block is not on the chain that this page follows: that chain is not as high yet.";
    };
    let is_refuted = verify::header_findings(&json, &paid.genesis).outcome == Outcome::Refuted;
    match json.to_header() {
        Some(header) if !is_refuted && paid.agrees(&header) => "✓ This block is on the chain that this page follows.",
        Some(_) if !is_refuted => {
            "✗ This block is not on the chain that this page follows: another one is at its height. The payment was not made there, \
             or was taken back."
        }
        _ => "○ The node’s answer makes no sense, so its chain was not compared.",
    }
}
