//! The lines of the account's history: on the wallet's home, and on the page of its activity with notes to be written.

use frontend::view::text::{count, shorten_address};
use frontend::wallet::activity::Row;
use frontend::wallet::shelf::Kind;
use leptos::prelude::*;
use shared::hash::Hash;

use super::focus::focus_on;
use super::ledger::Loaded;
use super::parts::{Field, submit, while_here};
use super::session::{Wallet, use_wallet};
use crate::api::Failure;
use crate::components::amount::AmountText;
use crate::components::cairn::Cairn;
use crate::components::failure::FailureNotice;
use crate::components::keyed::{Line, keyed};
use crate::components::shown::shown;
use crate::components::when::When;
use crate::follow::dynamic;
use crate::live::use_live;

/// The note that is being written.
#[derive(Clone, Copy)]
pub(super) struct Drafting {
    /// The id of its transaction.
    of: RwSignal<Option<String>>,
    text: RwSignal<String>,
    fault: RwSignal<Option<String>>,
}

impl Drafting {
    pub(super) fn new() -> Self {
        Self {
            of: RwSignal::new(None),
            text: RwSignal::new(String::new()),
            fault: RwSignal::new(None),
        }
    }
}

/// The lines that were read, newest first.
pub(super) fn read_rows(wallet: Wallet) -> Vec<Row> {
    let mut rows = match wallet.ledger.rows.get() {
        Loaded::Here(rows) => rows,
        _ => Vec::new(),
    };
    rows.extend(wallet.ledger.older.get());
    rows
}

/// These lines, and a way to older ones. Notes are shown, and can be written where there is a draft for them.
pub(super) fn rows(listed: Signal<Vec<Row>>, drafting: Option<Drafting>) -> impl IntoView {
    let ledger = use_wallet().ledger;
    let failure = RwSignal::new(None::<Failure>);
    let more = move |_| {
        while_here(async move { failure.set(ledger.read_older().await.err()) });
    };
    view! {
        <ul class="wallet-rows">
            {keyed(move || listed.get().into_iter().map(|row| keyed_line(row, drafting)).collect())}
        </ul>
        {dynamic(move || failure.get().map(|failure| view! { <FailureNotice failure /> }))}
        {shown(
            move || ledger.next.with(Option::is_some),
            move || view! { <button type="button" class="button button-quiet" on:click=more>"Show older"</button> }.into_any(),
        )}
    }
}

fn keyed_line(row: Row, drafting: Option<Drafting>) -> Line {
    let height = row.height.map(|height| height.to_string()).unwrap_or_default();
    let key = [row.id.to_string(), height].join(" ");
    Line::new(key, move || line(row, drafting).into_any())
}

fn line(row: Row, drafting: Option<Drafting>) -> impl IntoView {
    let wallet = use_wallet();
    let live = use_live();
    let (id, height) = (row.id, row.height);
    let state = move || {
        let tip = live.height();
        height.map_or_else(
            || "Pending".to_owned(),
            |height| count(tip.saturating_sub(height) + 1, "confirmation", "confirmations"),
        )
    };
    let other = row.other.clone();
    let party = move || other.clone().map(|address| party(wallet, address));
    let sign = row.kind.sign();
    view! {
        <li class="wallet-row" class:is-pending=row.height.is_none()>
            <span class="wallet-row-mark" aria-hidden="true">
                {match row.other {
                    Some(address) => view! { <Cairn address size=32 /> }.into_any(),
                    None => view! { <span class="wallet-row-stone"></span> }.into_any(),
                }}
            </span>
            <span class="wallet-row-what">
                <a href=format!("/explorer/transactions/{id}")>{row.kind.word()}</a>
                {dynamic(party)}
                {(!row.memo.is_empty()).then(|| view! { <span class="wallet-row-memo">"“" <bdi>{row.memo}</bdi> "”"</span> })}
                {dynamic(move || match drafting {
                    Some(drafting) => written(wallet, drafting, id),
                    None => noted(wallet, &id).map(note),
                })}
            </span>
            <span class="wallet-row-amount" class:is-in=sign == "+">
                <AmountText amount=row.amount sign />
            </span>
            <span class="wallet-row-state quiet">
                <span class="wallet-row-stage">{dynamic(state)}</span>
                <When time_ms=row.timestamp />
            </span>
        </li>
    }
}

/// A contact by its name, anybody else by the address.
fn party(wallet: Wallet, address: String) -> AnyView {
    let name = wallet
        .ledger
        .shelf
        .with(|shelf| shelf.book.of(&address).map(|contact| contact.name.clone()))
        .flatten();
    match name {
        Some(name) => view! { <bdi title=address>{name}</bdi> }.into_any(),
        None => view! { <span class="mono quiet" title=address.clone()>{shorten_address(&address)}</span> }.into_any(),
    }
}

fn noted(wallet: Wallet, id: &Hash) -> Option<String> {
    let note = wallet.ledger.shelf.with(|shelf| shelf.notes.get(id).map(str::to_owned));
    note.flatten()
}

fn note(text: String) -> AnyView {
    view! { <span class="wallet-row-note"><span class="sr-only">"Note: "</span><bdi>{text}</bdi></span> }.into_any()
}

/// A note with the button to write it, or the field where it is being written.
fn written(wallet: Wallet, drafting: Drafting, id: Hash) -> Option<AnyView> {
    let name = id.to_string();
    let known = noted(wallet, &id);
    let button = "note-of-".to_owned() + &name;
    let Drafting { of, text, fault } = drafting;
    if of.with(|of| of.as_ref() != Some(&name)) {
        let word = if known.is_some() { "Edit note" } else { "Add a note" };
        let old = known.clone().unwrap_or_default();
        let begin = move |_| {
            text.set(old.clone());
            fault.set(None);
            of.set(Some(name.clone()));
            focus_on("#note".to_owned());
        };
        return Some(
            view! {
                {known.map(note)}
                <button type="button" class="wallet-link" id=button on:click=begin>{word}</button>
            }
            .into_any(),
        );
    }
    let back = StoredValue::new("#".to_owned() + &button);
    let end = move || {
        of.set(None);
        focus_on(back.get_value());
    };
    let save = move || {
        let draft = text.get_untracked();
        let saved = wallet
            .ledger
            .shelf
            .change(Kind::Notes, &mut |shelf| shelf.notes.set(id, &draft));
        match saved {
            Ok(()) => end(),
            Err(said) => fault.set(Some(said)),
        }
    };
    Some(
        view! {
            <form class="wallet-note" on:submit=submit(save)>
                <Field label="Note" id="note" value=text fault hint=Some("Only this browser keeps it.".to_owned()) />
                <button type="submit" class="button is-small">"Save note"</button>
                <button type="button" class="button button-quiet is-small" on:click=move |_| end()>"Cancel"</button>
            </form>
        }
        .into_any(),
    )
}
