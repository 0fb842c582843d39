//! Restoring a wallet: from the words of its phrase, or from a backup file.

use crate::follow::{computed, dynamic};
use crate::router::use_navigate;
use frontend::wallet::entry;
use frontend::wallet::messages::{Failure, Reply, Request};
use frontend::wallet::secret::Secret;
use leptos::prelude::*;
use shared::vault;
use web_sys::HtmlInputElement;

use super::choose_password::ChoosePassword;
use super::keeping::ask_to_keep;
use super::new::Exists;
use super::parts::{Alarm, PasswordField, PasswordUse, submit, while_here};
use super::passphrase::PassphraseEntry;
use super::session::{Phase, Wallet, use_wallet};
use super::words::{WordFields, Words};
use crate::browser::chosen_file;
use crate::components::heading::PageHeading;

/// Where the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Words,
    File,
    Password,
    Saving,
}

/// `/wallet/restore`.
#[component]
pub(crate) fn WalletRestore() -> impl IntoView {
    let wallet = use_wallet();
    wallet.begin();
    let step = RwSignal::new(Step::Words);
    wallet.forget_when_left();
    let is_taken = computed(move || {
        matches!(wallet.phase.get(), Phase::Locked | Phase::Open(_)) && step.get_untracked() != Step::Saving
    });
    // Saving goes on in the screen that began it.
    let shown = computed(move || match (is_taken.get(), step.get()) {
        (true, _) => None,
        (false, Step::Saving) => Some(Step::Password),
        (false, step) => Some(step),
    });
    let screen = move || match shown.get() {
        None => view! { <Exists /> }.into_any(),
        Some(Step::Words) => view! { <FromWords wallet step /> }.into_any(),
        Some(Step::File) => view! { <FromFile wallet step /> }.into_any(),
        Some(Step::Password | Step::Saving) => view! { <Protect wallet step /> }.into_any(),
    };
    view! { <div class="wallet-flow">{dynamic(screen)}</div> }
}

/// Words or file.
#[component]
fn Ways(step: RwSignal<Step>) -> impl IntoView {
    let way = move |is: Step, name: &'static str| {
        view! {
            <button
                type="button"
                class="wallet-chip"
                aria-pressed=move || if step.get() == is { "true" } else { "false" }
                on:click=move |_| step.set(is)
            >
                {name}
            </button>
        }
    };
    view! {
        <div class="wallet-ways" role="group" aria-label="Restore from">
            {way(Step::Words, "Phrase")}
            {way(Step::File, "Backup file")}
        </div>
    }
}

#[component]
fn FromWords(wallet: Wallet, step: RwSignal<Step>) -> impl IntoView {
    let words = Words::new(12);
    let problem = RwSignal::new(None::<entry::Problem>);
    on_cleanup(move || words.clear());
    let restore = move || match entry::check(&words.typed()) {
        Err(found) => problem.set(Some(found)),
        Ok(phrase) => {
            problem.set(None);
            while_here(async move {
                match wallet.ask(Request::Restore { phrase }).await {
                    Ok(_) => {
                        words.clear();
                        step.set(Step::Password);
                    }
                    Err(failure) => problem.set(Some(entry::Problem {
                        said: failure.to_string(),
                        place: None,
                    })),
                }
            });
        }
    };
    let places = Signal::derive(move || (1..=words.count()).collect::<Vec<_>>());
    let wrong = Signal::derive(move || problem.with(|problem| problem.as_ref().and_then(|problem| problem.place)));
    let said = Signal::derive(move || problem.with(|problem| problem.as_ref().map(|problem| problem.said.clone())));
    view! {
        <section class="card wallet-card">
            <PageHeading title="Restore a wallet" />
            <Ways step />
            <p class="wallet-lead">
                "Type the words in their order, or paste all of them into any field. A few letters suffice: space completes the word."
            </p>
            <fieldset class="wallet-choice is-inline">
                <legend>"How many words?"</legend>
                {entry::LENGTHS
                    .into_iter()
                    .map(|count| {
                        view! {
                            <label>
                                <input
                                    type="radio"
                                    name="words"
                                    prop:checked=move || words.count() == count
                                    on:change=move |_| words.resize(count)
                                />
                                <span>{format!("{count} words")}</span>
                            </label>
                        }
                    })
                    .collect_view()}
            </fieldset>
            <WordFields words places wrong takes_whole_phrase=true on_done=restore />
            <Alarm said />
            <button type="button" class="button" on:click=move |_| restore()>"Restore"</button>
        </section>
    }
}

/// A chosen file, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Import {
    Idle,
    Working,
    Failed(String),
}

/// Asks the key worker about the backup file that was chosen in an input.
///
/// # Errors
/// A sentence.
pub(super) async fn ask_with_file(
    wallet: Wallet,
    input: &HtmlInputElement,
    request: impl FnOnce(String) -> Request,
) -> Result<Reply, String> {
    match chosen_file(input, vault::MAX_LEN).await? {
        Some(file) => {
            let answer = wallet.ask(request(hex::encode(file))).await;
            answer.map_err(|failure| failure.to_string())
        }
        None => Err("Choose the backup file first.".to_owned()),
    }
}

#[component]
fn FromFile(wallet: Wallet, step: RwSignal<Step>) -> impl IntoView {
    let input = NodeRef::<leptos::html::Input>::new();
    let password = RwSignal::new(String::new());
    let state = RwSignal::new(Import::Idle);
    let navigate = StoredValue::new_local(use_navigate());
    let import = move || {
        if state.get_untracked() == Import::Working {
            return;
        }
        let Some(input) = input.get_untracked() else { return };
        state.set(Import::Working);
        let password = Secret::new(password.try_update(std::mem::take).unwrap_or_default());
        while_here(async move {
            match ask_with_file(wallet, &input, |file| Request::Import { file, password }).await {
                Ok(Reply::Open(accounts)) => {
                    step.set(Step::Saving);
                    wallet.opened(accounts);
                    ask_to_keep();
                    navigate.with_value(|navigate| navigate("/wallet", Default::default()));
                }
                Ok(_) => state.set(Import::Failed(Failure::Stopped.to_string())),
                Err(said) => state.set(Import::Failed(said)),
            }
        });
    };
    let said = Signal::derive(move || match state.get() {
        Import::Failed(said) => Some(said),
        _ => None,
    });
    let is_working = move || state.get() == Import::Working;
    view! {
        <section class="card is-narrow wallet-card">
            <PageHeading title="Restore a wallet" />
            <Ways step />
            <form on:submit=submit(import)>
                <div class="wallet-field">
                    <label for="backup-file">"Backup file"</label>
                    <input id="backup-file" type="file" accept=".cairn,application/octet-stream" node_ref=input />
                    <p class="wallet-hint">"The file that this page or “cairn wallet” saved. It is encrypted with its password."</p>
                </div>
                <PasswordField label="Password" id="backup-password" usage=PasswordUse::Current value=password />
                <Alarm said />
                <button type="submit" class="button is-wide" aria-disabled=move || is_working().then_some("true")>
                    {dynamic(move || if is_working() { "Opening…" } else { "Restore" })}
                </button>
            </form>
        </section>
    }
}

#[component]
fn Protect(wallet: Wallet, step: RwSignal<Step>) -> impl IntoView {
    let navigate = StoredValue::new_local(use_navigate());
    let failure = RwSignal::new(None::<Failure>);
    let is_working = Signal::derive(move || step.get() == Step::Saving);
    let passphrase = PassphraseEntry::new(false);
    let choose = move |password: Secret| {
        step.set(Step::Saving);
        let on_failure = move |found| {
            failure.set(Some(found));
            step.set(Step::Password);
        };
        super::new::save(
            wallet,
            password,
            passphrase.secret(),
            true,
            on_failure,
            move |to, options| {
                navigate.with_value(|navigate| navigate(to, options));
            },
        );
    };
    let said = Signal::derive(move || failure.get().map(|failure| failure.to_string()));
    view! {
        <section class="card is-narrow wallet-card">
            <PageHeading title="Protect this browser’s copy" />
            <p class="wallet-lead">"The phrase is right. Choose a password: it encrypts the wallet in this browser."</p>
            <Alarm said />
            {passphrase.fields()}
            <ChoosePassword action="Save wallet" working="Encrypting…" is_working on_choice=choose is_first=true passphrase />
        </section>
    }
}
