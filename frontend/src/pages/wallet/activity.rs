//! `/wallet/activity`: all that the account did, with search, private notes, and a file for spreadsheets.

use frontend::wallet::history::{self, Direction};
use frontend::wallet::lines::file_name;
use frontend::wallet::shelf::Kind;
use leptos::prelude::*;

use super::gate::Gate;
use super::home::activity;
use super::parts::{Alarm, Field, while_here};
use super::rows::{Drafting, read_rows};
use super::session::{Owner, Wallet, use_wallet};
use crate::browser::save_file;
use crate::components::heading::PageHeading;
use crate::components::trust::claimed_list;
use crate::follow::dynamic;

/// The names of the directions, as they are chosen.
const DIRECTIONS: [(&str, Direction); 4] = [
    ("All", Direction::All),
    ("Received", Direction::In),
    ("Sent", Direction::Out),
    ("Mined", Direction::Mining),
];

/// `/wallet/activity`.
#[component]
pub(crate) fn WalletActivity() -> impl IntoView {
    view! { <Gate children=page /> }
}

fn page(_: Owner) -> impl IntoView {
    let wallet = use_wallet();
    let ledger = wallet.ledger;
    let chosen = RwSignal::new(DIRECTIONS[0].0.to_owned());
    let text = RwSignal::new(String::new());
    let listed = Signal::derive(move || {
        let found = DIRECTIONS.iter().find(|(name, _)| chosen.with(|chosen| chosen == name));
        let direction = found.map_or(Direction::All, |(_, direction)| *direction);
        let mut rows = read_rows(wallet);
        ledger.shelf.with(|shelf| {
            text.with(|text| rows.retain(|row| history::matches(row, direction, text, &shelf.book, &shelf.notes)));
        });
        rows
    });
    let has_none = move || {
        let is_empty = listed.with(Vec::is_empty) && !read_rows(wallet).is_empty();
        is_empty.then(|| match ledger.next.with(Option::is_some) {
            true => "Nothing that was read so far matches. “Show older” reads further back.",
            false => "Nothing matches.",
        })
    };
    let choice = move |name: &'static str| {
        let is_chosen = move || {
            if chosen.with(|chosen| chosen == name) {
                "true"
            } else {
                "false"
            }
        };
        view! {
            <button type="button" class="wallet-chip" aria-pressed=is_chosen on:click=move |_| chosen.set(name.to_owned())>
                {name}
            </button>
        }
    };
    view! {
        <PageHeading title="Activity" />
        <div class="wallet-history">
            <div class="card wallet-search">
                <Field label="Search activity" id="search-activity" value=text />
                <div class="wallet-suggestions" role="group" aria-label="Direction">
                    {DIRECTIONS.map(|(name, _)| choice(name))}
                </div>
                {export(wallet)}
            </div>
            <Alarm said=ledger.shelf.fault(Kind::Notes) />
            <p class="wallet-complete quiet">"The node says that this is all " {claimed_list()}</p>
            <p class="wallet-hint" role="status">{dynamic(has_none)}</p>
            {activity(listed, Some(Drafting::new()))}
        </div>
    }
}

/// The button that reads everything and saves it.
fn export(wallet: Wallet) -> impl IntoView {
    let said = RwSignal::new(None::<String>);
    let is_busy = RwSignal::new(false);
    let press = move |_| {
        if is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        said.set(Some("Reading the whole history …".to_owned()));
        while_here(async move {
            let outcome = match wallet.ledger.read_all(said).await {
                Ok(Some(rows)) => save(wallet, &rows),
                Ok(None) => {
                    "Blocks were taken back while it was read, so nothing was saved. Export it again.".to_owned()
                }
                Err(failure) => failure.title() + " Nothing was saved. " + failure.remedy(),
            };
            said.set(Some(outcome));
            is_busy.set(false);
        });
    };
    view! {
        <div class="wallet-actions">
            <button
                type="button"
                class="button button-quiet"
                on:click=press
                aria-disabled=move || is_busy.get().then_some("true")
            >
                "Export CSV"
            </button>
            <p class="wallet-hint" role="status">{dynamic(move || said.get())}</p>
        </div>
    }
}

fn save(wallet: Wallet, rows: &[frontend::wallet::activity::Row]) -> String {
    let network = wallet
        .network
        .with_untracked(|network| Some(network.as_ref()?.name.clone()));
    let text = untrack(|| {
        wallet
            .ledger
            .shelf
            .with(|shelf| history::csv(rows, &shelf.book, &shelf.notes))
    });
    let name = file_name("history", &network.unwrap_or_default(), "csv");
    match text.and_then(|text| save_file(&name, text.as_bytes())) {
        Some(()) => frontend::view::text::count(rows.len() as u64, "line", "lines") + " saved as " + &name + ".",
        None => "The browser did not save the file.".to_owned(),
    }
}
