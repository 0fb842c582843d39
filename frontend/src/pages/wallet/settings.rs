//! Settings: auto-lock, backup, password, where the key lies, removal.

use frontend::wallet::messages::{Failure, Reply, Request};
use frontend::wallet::secret::Secret;
use leptos::prelude::*;

use super::choose_password::ChoosePassword;
use super::gate::Gate;
use super::keeping::{KeptHere, insecure_notice};
use super::parts::{Alarm, PasswordField, PasswordUse, submit, while_here};
use super::restore::ask_with_file;
use super::session::{Owner, use_wallet};
use super::{accounts, passkey};
use crate::browser::save_file;
use crate::components::heading::PageHeading;
use crate::follow::dynamic;

/// What is typed to remove a wallet.
const REMOVAL_WORD: &str = "remove";

/// `/wallet/settings`.
#[component]
pub(crate) fn WalletSettings() -> impl IntoView {
    view! { <Gate children=|owner| view! { <Settings owner /> } /> }
}

#[component]
fn Settings(owner: Owner) -> impl IntoView {
    let wallet = use_wallet();
    let has_passkey = RwSignal::new(false);
    view! {
        <PageHeading title="Wallet settings" />
        <div class="wallet-settings">
            {accounts::settings(wallet)}
            <AutoLock />
            <Backup address=owner.address />
            <KeptHere />
            {insecure_notice()}
            {passkey::settings(wallet, has_passkey)}
            <ChangePassword has_passkey />
            <section class="card is-danger">
                <h2>"Remove this wallet"</h2>
                <p>
                    "Removes the encrypted keys from this browser. The coins stay on the chain, and only your phrase or a backup "
                    "file with its password brings them back."
                </p>
                <RemoveWallet />
            </section>
        </div>
    }
}

#[component]
fn AutoLock() -> impl IntoView {
    let wallet = use_wallet();
    let minutes = RwSignal::new(wallet.auto_lock_minutes());
    let choose = move |event| {
        if let Ok(chosen) = event_target_value(&event).parse() {
            minutes.set(chosen);
            wallet.set_auto_lock_minutes(chosen);
        }
    };
    let option = move |value: u32, text: &'static str| {
        view! {
            <option value=value.to_string() selected=move || minutes.get() == value>
                {text}
            </option>
        }
    };
    view! {
        <section class="card">
            <h2>"Auto-lock"</h2>
            <p>"The wallet locks by itself when nobody uses this page, in all tabs at once; sooner when it is hidden."</p>
            <div class="wallet-field">
                <label for="auto-lock">"Lock after"</label>
                <select id="auto-lock" on:change=choose>
                    {option(1, "1 minute")}
                    {option(5, "5 minutes")}
                    {option(15, "15 minutes")}
                    {option(60, "1 hour")}
                </select>
            </div>
        </section>
    }
}

#[component]
fn Backup(address: String) -> impl IntoView {
    let wallet = use_wallet();
    let said = RwSignal::new(None::<Result<String, String>>);
    let export = move |_| {
        // The address's end tells several backups apart; the file itself names no owner.
        let name = format!("cairn-wallet-{}.cairn", &address[address.len().saturating_sub(6)..]);
        while_here(async move {
            let outcome = match wallet.ask(Request::Export).await {
                Ok(Reply::File { file }) => hex::decode(&file)
                    .ok()
                    .and_then(|bytes| save_file(&name, &bytes))
                    .ok_or_else(|| "The browser did not save the file.".to_owned()),
                Ok(_) => Err(Failure::Stopped.to_string()),
                Err(failure) => Err(failure.to_string()),
            };
            said.set(Some(outcome.map(|()| {
                format!("Saved as {name}. It opens with your password, here and in “cairn wallet”.")
            })));
        });
    };
    let problem = Signal::derive(move || said.get().and_then(Result::err));
    view! {
        <section class="card">
            <h2>"Backup file"</h2>
            <p>"The wallet as it lies in this browser: encrypted with your password. Your phrase on paper remains the best backup."</p>
            <button type="button" class="button button-quiet" on:click=export>"Export backup file"</button>
            <p class="wallet-hint" role="status">{dynamic(move || said.get().and_then(Result::ok))}</p>
            <Alarm said=problem />
            <details class="wallet-more" prop:open=move || said.with(|said| matches!(said, Some(Ok(_))))>
                <summary>"Check a backup file"</summary>
                {check_backup()}
            </details>
        </section>
    }
}

/// Opens a backup file for nothing but to see that it opens.
fn check_backup() -> impl IntoView {
    let wallet = use_wallet();
    let input = NodeRef::<leptos::html::Input>::new();
    let password = RwSignal::new(String::new());
    let is_working = RwSignal::new(false);
    let is_right = RwSignal::new(false);
    let fault = RwSignal::new(None::<String>);
    let check = move || {
        let Some(input) = input.get_untracked().filter(|_| !is_working.get_untracked()) else {
            return;
        };
        is_working.set(true);
        is_right.set(false);
        let password = Secret::new(password.try_update(std::mem::take).unwrap_or_default());
        while_here(async move {
            let answer = ask_with_file(wallet, &input, |file| Request::CheckBackup { file, password }).await;
            is_right.set(answer.is_ok());
            fault.set(answer.err());
            is_working.set(false);
        });
    };
    view! {
        <form on:submit=submit(check)>
            <div class="wallet-field">
                <label for="check-file">"Backup file to check"</label>
                <input id="check-file" type="file" accept=".cairn,application/octet-stream" node_ref=input />
            </div>
            <PasswordField label="Its password" id="check-password" usage=PasswordUse::Current value=password />
            <button type="submit" class="button button-quiet" aria-disabled=move || is_working.get().then_some("true")>
                {dynamic(move || if is_working.get() { "Opening…" } else { "Check the file" })}
            </button>
            <p role="status" class="wallet-right">{dynamic(move || is_right.get().then_some("This file opens, and is this wallet."))}</p>
            <Alarm said=fault />
        </form>
    }
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Changing {
    Idle,
    Working,
    Done,
    Failed(Failure),
}

#[component]
fn ChangePassword(
    /// Whether a passkey opens the wallet, which a new password ends.
    has_passkey: RwSignal<bool>,
) -> impl IntoView {
    let wallet = use_wallet();
    let old = RwSignal::new(String::new());
    let state = RwSignal::new(Changing::Idle);
    let is_working = Signal::derive(move || state.get() == Changing::Working);
    let change = move |new: Secret| {
        state.set(Changing::Working);
        let old = Secret::new(old.try_update(std::mem::take).unwrap_or_default());
        while_here(async move {
            state.set(match wallet.ask(Request::ChangePassword { old, new }).await {
                Ok(_) => {
                    if has_passkey.get_untracked() {
                        has_passkey.set(false);
                        wallet.said.set(Some(passkey::ENDED.to_owned()));
                    }
                    Changing::Done
                }
                Err(failure) => Changing::Failed(failure),
            });
        });
    };
    let said = Signal::derive(move || match state.get() {
        Changing::Failed(failure) => Some(failure.to_string()),
        _ => None,
    });
    view! {
        <section class="card">
            <h2>"Change the password"</h2>
            <PasswordField label="Old password" id="old-password" usage=PasswordUse::Current value=old />
            <ChoosePassword action="Change password" working="Encrypting…" is_working on_choice=change />
            <p class="wallet-hint" role="status">
                {dynamic(move || (state.get() == Changing::Done).then_some("Changed. Older backup files still open with the old password."))}
            </p>
            <Alarm said />
        </section>
    }
}

/// Removal, after a word was typed.
#[component]
pub(super) fn RemoveWallet() -> impl IntoView {
    let wallet = use_wallet();
    let typed = RwSignal::new(String::new());
    let failure = RwSignal::new(None::<String>);
    let is_ready = move || typed.with(|typed| typed.trim().eq_ignore_ascii_case(REMOVAL_WORD));
    let remove = move |_| {
        if !untrack(is_ready) {
            failure.set(Some(format!(
                "Type “{REMOVAL_WORD}” into the field first. Nothing was removed."
            )));
            return;
        }
        while_here(async move {
            if let Err(found) = wallet.remove().await {
                failure.set(Some(found.to_string()));
            }
        });
    };
    view! {
        <div class="wallet-field">
            <label for="removal">{format!("Type “{REMOVAL_WORD}” to confirm")}</label>
            <input
                id="removal"
                type="text"
                autocomplete="off"
                autocapitalize="none"
                prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))
            />
        </div>
        <Alarm said=failure />
        <button type="button" class="button button-danger" on:click=remove>"Remove wallet"</button>
    }
}
