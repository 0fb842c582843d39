//! The accounts of a wallet: choosing one, the list of them in the settings, and the search for those that were used.

use frontend::view::text::{count, shorten_address};
use frontend::wallet::messages::{Account, Failure, Reply, Request};
use leptos::prelude::*;
use shared::api::AccountHistory;
use shared::key::PublicKey;

use super::parts::{Alarm, Field, submit, while_here};
use super::session::{Phase, Wallet};
use crate::api;
use crate::components::cairn::Cairn;
use crate::follow::dynamic;

/// The search ends behind so many accounts in a row that were never used.
const GAP: u32 = 20;
/// After so many accounts it is said how far the search has come.
const SAID_EVERY: u32 = 10;

/// The account in use, in the wallet's navigation; with several accounts, a choice among them.
pub(super) fn switcher(wallet: Wallet) -> impl IntoView {
    let choose = move |event| {
        if let Ok(index) = event_target_value(&event).parse() {
            wallet.choose(index);
        }
    };
    move || {
        let Phase::Open(owner) = wallet.phase.get() else {
            return ().into_any();
        };
        if owner.accounts.len() < 2 {
            return view! { <span class="wallet-account-name quiet">{owner.account.name}</span> }.into_any();
        }
        let chosen = owner.account.index;
        let option = |account: Account| {
            view! {
                <option value=account.index.to_string() selected=account.index == chosen>
                    {account.name}
                </option>
            }
        };
        view! {
            <select class="wallet-account-choice" aria-label="Account" id="account" on:change=choose>
                {owner.accounts.into_iter().map(option).collect_view()}
            </select>
        }
        .into_any()
    }
}

/// The section of the settings.
pub(super) fn settings(wallet: Wallet) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let fault = RwSignal::new(None::<String>);
    let change = move |request: Request, done: &'static str| {
        while_here(async move {
            match wallet.ask(request).await {
                Ok(Reply::Open(accounts)) => {
                    fault.set(None);
                    name.set(String::new());
                    wallet.said.set(Some(done.to_owned()));
                    wallet.opened(accounts);
                    focus_heading();
                }
                Ok(_) => fault.set(Some(Failure::Stopped.to_string())),
                Err(failure) => fault.set(Some(failure.to_string())),
            }
        });
    };
    let add = move || {
        // Behind the last: a place in between may be that of an account which is hidden.
        let index = wallet.accounts().last().map_or(0, |last| last.index.saturating_add(1));
        let accounts = vec![(index, name.get_untracked())];
        change(Request::AddAccounts { accounts }, "The account was added.");
    };
    let rows = move || {
        let accounts = wallet.accounts();
        let is_only = accounts.len() < 2;
        let row = |account| row(wallet, account, is_only, change);
        accounts.into_iter().map(row).collect_view()
    };
    view! {
        <section class="card">
            <h2 id="accounts" tabindex="-1">"Accounts"</h2>
            <p>"One phrase has many accounts, each with an address of its own."</p>
            <ul class="wallet-accounts">{dynamic(rows)}</ul>
            <Alarm said=fault />
            <form on:submit=submit(move || untrack(add))>
                <Field label="Name of the new account" id="new-account" value=name />
                <button type="submit" class="button button-quiet">"Add account"</button>
            </form>
            <p>
                "A hidden account keeps its coins and its key. The search asks the node which accounts were used before, and "
                "lists them again."
            </p>
            <button
                type="button"
                class="button button-quiet"
                aria-disabled=move || wallet.is_searching.get().then_some("true")
                on:click=move |_| find(wallet)
            >
                "Find accounts"
            </button>
            <details class="wallet-more">
                <summary>"Where are the keys?"</summary>
                <p>
                    "Under your phrase, at the path beside each account (BIP-39, SLIP-0010, ed25519): another wallet that knows "
                    "these standards finds the same keys there."
                </p>
            </details>
        </section>
    }
}

/// A line of the list, whose name becomes a field when it is to be changed.
fn row(
    wallet: Wallet,
    account: Account,
    is_only: bool,
    change: impl Fn(Request, &'static str) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let Account { index, name, key, path } = account;
    let address = wallet.address_of(&key);
    let is_renaming = RwSignal::new(false);
    let typed = RwSignal::new(name.clone());
    let rename = move || {
        let name = typed.get_untracked();
        change(Request::RenameAccount { index, name }, "The account was renamed.");
    };
    let known = StoredValue::new(name.clone());
    let cancel = move |_| {
        typed.set(known.get_value());
        is_renaming.set(false);
        focus_heading();
    };
    let hide = move |_| change(Request::HideAccount { index }, "The account was hidden.");
    let spoken = name.clone();
    let shown = move || {
        if is_renaming.get() {
            let input = NodeRef::new();
            super::parts::focus_when_there(input);
            return view! {
                <form class="wallet-account-form" on:submit=submit(rename)>
                    <input
                        type="text"
                        aria-label="Name of the account"
                        autocomplete="off"
                        node_ref=input
                        prop:value=move || typed.get()
                        on:input=move |event| typed.set(event_target_value(&event))
                    />
                    <button type="submit" class="button is-small">"Save name"</button>
                    <button type="button" class="button button-quiet is-small" on:click=cancel>
                        "Cancel"
                    </button>
                </form>
            }
            .into_any();
        }
        view! {
            <div class="wallet-account-actions">
                <button type="button" class="button button-quiet is-small" on:click=move |_| is_renaming.set(true)>
                    "Rename " <span class="sr-only">{spoken.clone()}</span>
                </button>
                {(!is_only)
                    .then(|| {
                        view! {
                            <button type="button" class="button button-quiet is-small" on:click=hide>
                                "Hide " <span class="sr-only">{spoken.clone()}</span>
                            </button>
                        }
                    })}
            </div>
        }
        .into_any()
    };
    view! {
        <li class="wallet-account">
            <Cairn address=address.clone() size=32 />
            <div class="wallet-account-text">
                <strong>{name}</strong>
                <span class="mono quiet" title=address.clone()>{shorten_address(&address)}</span>
                <code class="quiet">{path}</code>
            </div>
            {dynamic(shown)}
        </li>
    }
}

/// The list is drawn anew when it changed, and the button that was pressed is gone.
fn focus_heading() {
    use wasm_bindgen::JsCast;
    let heading = document().get_element_by_id("accounts");
    if let Some(heading) = heading.and_then(|heading| heading.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = heading.focus();
    }
}

/// Searches for accounts that were used before, and takes them into the list. It goes on while the wallet is used, and ends
/// when it is locked.
pub(super) fn find(wallet: Wallet) {
    if wallet.is_searching.get_untracked() {
        return;
    }
    wallet.is_searching.set(true);
    crate::browser::spawn(async move {
        let genesis = wallet.genesis();
        let found = search(wallet).await;
        wallet.is_searching.set(false);
        if wallet.genesis() == genesis && wallet.phase.with_untracked(|phase| matches!(phase, Phase::Open(_))) {
            wallet.said.set(Some(found));
        }
    });
}

/// Searches, and says what came of it.
async fn search(wallet: Wallet) -> String {
    let known: Vec<u32> = untrack(|| wallet.accounts())
        .iter()
        .map(|account| account.index)
        .collect();
    let mut used = Vec::new();
    let mut failed = None;
    let (mut index, mut unused) = (0, 0);
    wallet
        .said
        .set(Some("Looking for accounts that you used before …".to_owned()));
    'asking: while unused < GAP {
        let keys = match wallet
            .ask(Request::Keys {
                from: index,
                count: GAP,
            })
            .await
        {
            Ok(Reply::Keys(keys)) if !keys.is_empty() => keys,
            Ok(_) => break,
            Err(failure) => return failure.to_string(),
        };
        for key in keys {
            if unused == GAP {
                break;
            }
            if index > 0 && index % SAID_EVERY == 0 {
                let looked_at = u64::from(index);
                wallet.said.set(Some(
                    [
                        "Looking for accounts that you used before: ",
                        &count(looked_at, "account", "accounts"),
                        " so far …",
                    ]
                    .concat(),
                ));
            }
            let is_known = known.contains(&index);
            match is_known || is_used(wallet, &key, &mut failed).await {
                _ if failed.is_some() => break 'asking,
                true => unused = 0,
                false => unused += 1,
            }
            if unused == 0 && !is_known {
                used.push((index, String::new()));
            }
            index += 1;
        }
    }
    let number = used.len() as u64;
    if number > 0 {
        match wallet.ask(Request::AddAccounts { accounts: used }).await {
            Ok(Reply::Open(accounts)) => wallet.opened(accounts),
            Ok(_) => return Failure::Stopped.to_string(),
            Err(failure) => return failure.to_string(),
        }
    }
    let mut said = match number {
        0 if failed.is_some() => String::new(),
        0 => "No other account was used.".to_owned(),
        _ => ["Found ", &count(number, "more account", "more accounts"), "."].concat(),
    };
    if let Some(failure) = failed {
        said.push_str(" The search for accounts that you used before stopped: ");
        said.push_str(&failure.title());
        said.push_str(
            " Accounts may be missing here. Their coins are untouched: press “Find accounts” in the settings when the node \
             is there again.",
        );
    }
    said.trim().to_owned()
}

/// Whether the chain or the mempool has anything of an account. Without an answer it is written down why.
async fn is_used(wallet: Wallet, key: &PublicKey, failed: &mut Option<api::Failure>) -> bool {
    let address = wallet.address_of(key);
    let path = ["/blockchain/accounts/", &address, "/transactions?limit=1"].concat();
    match api::get::<AccountHistory>(&path).await {
        Ok(history) => !history.transactions.is_empty(),
        Err(failure) => {
            *failed = Some(failure);
            false
        }
    }
}
