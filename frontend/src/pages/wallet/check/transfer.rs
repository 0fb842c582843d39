//! A transfer on its way between the page that has a node and the device that has the keys: signed here, or sent.

use frontend::view::text::grouped;
use frontend::wallet::messages::{Reply, Request};
use frontend::wallet::offline::{self, Signed, Unsigned};
use frontend::wallet::review::Review;
use frontend::wallet::validity;
use leptos::prelude::*;
use shared::address;
use shared::transaction::SignedTransfer;

use super::super::gate::Gate;
use super::super::outbox::{self, Posted};
use super::super::paper::paper;
use super::super::parts::{Alarm, while_here};
use super::super::review::{Beside, review_card};
use super::super::session::{Owner, Wallet, use_wallet};
use super::super::warnings::{name_of, warnings};
use super::parts::{coins, foreign_notice, memo_row, network_of, owner_of, refused, row, verdict};
use crate::components::heading::PageHeading;
use crate::follow::dynamic;

pub(super) fn unsigned(text: &str, opened: RwSignal<Option<String>>) -> AnyView {
    const TITLE: &str = "Transfer to sign";
    let unsigned = match offline::read_unsigned(text) {
        Ok(unsigned) => unsigned,
        Err(said) => return refused(TITLE, said),
    };
    let wallet = use_wallet();
    let signed = RwSignal::new(None::<String>);
    let (said, is_signing) = (RwSignal::new(None::<String>), RwSignal::new(false));
    let review = move |owner: Owner| match reviewed(wallet, &owner, unsigned.clone()) {
        Ok((unsigned, review)) => {
            let shown = review.clone();
            let genesis = unsigned.genesis;
            let confirm = Callback::new(move |()| {
                is_signing.set(true);
                said.set(None);
                let review = review.clone();
                while_here(async move {
                    let answer = wallet.ask(Request::Sign { transfer: review.hex() }).await;
                    is_signing.set(false);
                    match answer {
                        Ok(Reply::Signed { transfer }) => match review.accept(&transfer, &genesis) {
                            Some(done) => signed.set(Some(offline::write_signed(&genesis, &done))),
                            None => said.set(Some(
                                "What was signed is not what you reviewed, so it was thrown away. Reload the page before you try again."
                                    .to_owned(),
                            )),
                        },
                        Err(failure) => said.set(Some(failure.to_string())),
                        Ok(_) => {}
                    }
                });
            });
            // What the node tells meanwhile must not draw the review anew under somebody's finger.
            let beside = untrack(|| Beside {
                until: validity::words(shown.valid_until, unsigned.claims.height, 0),
                name: name_of(wallet, &owner, &shown.recipient),
                warnings: warnings(wallet, &owner, &shown.recipient),
                recipient_after: RwSignal::new(None),
            });
            let back = Callback::new(move |()| opened.set(None));
            view! {
                {review_card(shown, beside, is_signing.into(), confirm, back)}
                <Alarm said />
                <p class="wallet-hint check-claims">{claims(&unsigned)}</p>
            }
            .into_any()
        }
        Err(said) => refused(TITLE, said),
    };
    view! {
        {dynamic(move || match signed.get() {
            Some(text) => done(text),
            None => {
                let review = review.clone();
                view! {
                    <p class="wallet-notice check-notice">"You opened a transfer that is to be signed. Nothing is sent from here."</p>
                    <Gate children=review />
                }
                    .into_any()
            }
        })}
    }
    .into_any()
}

/// What is reviewed: in the names that this page knows, and only when this wallet can sign it.
fn reviewed(wallet: Wallet, owner: &Owner, mut unsigned: Unsigned) -> Result<(Unsigned, Review), String> {
    let network = wallet.network.get_untracked();
    let Some(network) = network.filter(|network| network.genesis == unsigned.genesis) else {
        return Err(
            "This transfer is of another chain than this page’s, and nothing was signed. Open it on a page of its own chain."
                .to_owned(),
        );
    };
    unsigned.claims.prefix = network.prefix;
    unsigned.claims.symbol = network.symbol;
    let sender = unsigned.transfer.sender;
    if !owner.accounts.iter().any(|account| account.key == sender) {
        return Err([
            "The wallet that is open here does not have the sender’s key, so nothing was signed. Open the one that has ",
            &address::encode(&unsigned.claims.prefix, &sender),
            ", or add that account in the settings.",
        ]
        .concat());
    }
    let review = unsigned.review()?;
    Ok((unsigned, review))
}

/// What is not in the bytes that are signed.
fn claims(unsigned: &Unsigned) -> String {
    let claims = &unsigned.claims;
    [
        "That the sender could spend ",
        &claims.spendable.to_coins(),
        " ",
        &claims.symbol,
        " at block ",
        &grouped(claims.height),
        " is the word of whoever prepared this: it is not signed, and this device cannot check it.",
    ]
    .concat()
}

fn done(text: String) -> AnyView {
    view! {
        <PageHeading title="Signed" />
        <section class="card check">
            {verdict("✓ The transfer is signed. It is not sent: bring it back to the page that has a node, and open it there under “Check”.")}
            {paper(text, "The signed transfer as a QR code", "cairn-signed.txt")}
        </section>
    }
    .into_any()
}

pub(super) fn signed(text: &str) -> AnyView {
    const TITLE: &str = "Signed transfer";
    let found = match offline::read_signed(text) {
        Ok(found) => found,
        Err(said) => return refused(TITLE, said),
    };
    let said = RwSignal::new(None::<String>);
    let id = found.signed.id().to_string();
    let sent = ["/explorer/transactions/", &id].concat();
    let is_sent = move || said.with(|said| said.as_ref().is_some_and(|said| said.starts_with('✓')));
    view! {
        <PageHeading title=TITLE />
        <section class="card check">
            {verdict("✓ The sender signed exactly this. Nothing was sent yet by opening it.")}
            {dynamic(move || order(&found, said))}
            <div role="status">
                {dynamic(move || said.get().map(|said| verdict(&said)))}
                {dynamic(move || is_sent().then(|| view! { <a class="button" href=sent.clone()>"Follow it"</a> }))}
            </div>
        </section>
    }
    .into_any()
}

fn order(found: &Signed, said: RwSignal<Option<String>>) -> AnyView {
    let network = network_of(&found.genesis);
    let known = network.as_ref();
    let transfer = &found.signed.transfer;
    let until = match transfer.valid_until {
        0 => "No limit".to_owned(),
        height => ["Up to block ", &grouped(height)].concat(),
    };
    let memo = transfer.memo.as_str();
    let is_known = network.is_some();
    let signed = StoredValue::new(found.signed.clone());
    let wallet = use_wallet();
    let send = move |_| {
        let signed = signed.get_value();
        // It arrives even if its sender looks at another page meanwhile.
        crate::browser::spawn(async move {
            said.try_set(Some("○ On its way to the node …".to_owned()));
            said.try_set(Some(post(wallet, &signed).await));
        });
    };
    view! {
        {foreign_notice(known)}
        <p class="check-amount">{coins(transfer.amount, known)}</p>
        {owner_of("From", &transfer.sender, known)}
        {owner_of("To", &transfer.recipient, known)}
        <dl class="wallet-figures">
            {(!memo.is_empty()).then(|| memo_row(memo.to_owned()))}
            {row("Fee", coins(transfer.fee, known))}
            {row("Transfer number", transfer.nonce.to_string())}
            {row("May be mined", until)}
        </dl>
        {is_known.then(|| view! { <button type="button" class="button" on:click=send>"Send it"</button> })}
    }
    .into_any()
}

/// Hands it to the node; the node's verdict in plain words.
async fn post(wallet: Wallet, signed: &SignedTransfer) -> String {
    let is_own = wallet
        .accounts()
        .iter()
        .any(|account| account.key == signed.transfer.sender);
    let is_new = is_own && outbox::add(wallet, signed);
    match outbox::post(wallet, signed, is_new).await {
        Posted::Taken => "✓ The node has it. It waits to be mined, unless it was already.".to_owned(),
        Posted::Refused(advice) | Posted::Unanswered(advice) => {
            ["✗ ", &advice.happened, " ", advice.money, " ", advice.next].concat()
        }
    }
}
