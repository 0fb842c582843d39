//! Choosing a password: the last step of creating and restoring, and part of the settings.

use frontend::wallet::secret::Secret;
use frontend::wallet::strength::{self, Strength, strength};
use leptos::prelude::*;

use super::parts::{PasswordField, PasswordUse, submit};
use super::passphrase::PassphraseEntry;
use crate::follow::dynamic;

/// Two password fields with a hint at the strength, and a button.
#[component]
pub(super) fn ChoosePassword(
    /// What the button says.
    action: &'static str,
    /// What it says while it works.
    working: &'static str,
    /// Whether it works.
    #[prop(into)]
    is_working: Signal<bool>,
    /// Takes the password.
    on_choice: impl Fn(Secret) + Clone + 'static,
    /// Whether the first field takes the focus.
    #[prop(optional)]
    is_first: bool,
    /// A passphrase that has to be right as well.
    #[prop(optional)]
    passphrase: Option<PassphraseEntry>,
) -> impl IntoView {
    let password = RwSignal::new(String::new());
    let repeated = RwSignal::new(String::new());
    let fault = RwSignal::new(None::<String>);
    // Where the fault is told: at the password itself, or at its repetition.
    let is_too_short = RwSignal::new(false);
    let own_fault = Signal::derive(move || fault.get().filter(|_| is_too_short.get()));
    let repeated_fault = Signal::derive(move || fault.get().filter(|_| !is_too_short.get()));
    let choose = move || {
        if is_working.get_untracked() {
            return;
        }
        let checked = password
            .with_untracked(|password| repeated.with_untracked(|repeated| strength::check_new(password, repeated)));
        match checked {
            Ok(()) => {
                fault.set(None);
                if !passphrase.is_none_or(PassphraseEntry::is_right) {
                    return;
                }
                drop(Secret::new(repeated.try_update(std::mem::take).unwrap_or_default()));
                on_choice(Secret::new(password.try_update(std::mem::take).unwrap_or_default()));
            }
            Err(said) => {
                is_too_short.set(password.with_untracked(|password| strength(password) == Strength::TooShort));
                fault.set(Some(said.to_owned()));
            }
        }
    };
    let judged = move || password.with(|password| (!password.is_empty()).then(|| strength(password)));
    view! {
        <form on:submit=submit(choose)>
            <PasswordField label="Password" id="new-password" usage=PasswordUse::New value=password fault=own_fault is_first />
            <div class="wallet-strength" role="status">
                <span
                    class="wallet-strength-bar"
                    class:is-1=move || judged().is_some_and(|found| found.level() == 1)
                    class:is-2=move || judged().is_some_and(|found| found.level() == 2)
                    class:is-3=move || judged().is_some_and(|found| found.level() == 3)
                ></span>
                <span>{dynamic(move || judged().map_or("A few plain words in a row make a good password", |found| found.hint()))}</span>
            </div>
            <PasswordField label="Repeat password" id="repeat-password" usage=PasswordUse::New value=repeated fault=repeated_fault />
            <button type="submit" class="button is-wide" aria-disabled=move || is_working.get().then_some("true")>
                {dynamic(move || if is_working.get() { working } else { action })}
            </button>
            <p class="wallet-hint" role="status">
                {dynamic(move || is_working.get().then_some("The password is being stretched into a key: this takes a moment on purpose."))}
            </p>
        </form>
    }
}
