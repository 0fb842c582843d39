//! Creating a wallet: the phrase is shown once, asked back, and saved under a password.

use crate::follow::{computed, dynamic};
use crate::router::A;
use crate::router::use_navigate;
use frontend::wallet::messages::{Failure, Reply, Request};
use frontend::wallet::secret::Secret;
use leptos::prelude::*;

use super::accounts;
use super::choose_password::ChoosePassword;
use super::keeping::{ask_to_keep, is_secure};
use super::parts::{Alarm, submit, while_here};
use super::passphrase::PassphraseEntry;
use super::session::{Phase, Wallet, use_wallet};
use super::words::{WordFields, Words};
use crate::components::heading::PageHeading;

/// Where the person is. Each step follows from an answer of the key worker.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Begin,
    /// The words are on the screen, and in the page's memory only as long.
    Shown(Vec<Secret>),
    Asked(Vec<usize>),
    Password,
    Saving,
}

/// `/wallet/new`.
#[component]
pub(crate) fn WalletNew() -> impl IntoView {
    let wallet = use_wallet();
    wallet.begin();
    let step = RwSignal::new(Step::Begin);
    let failure = RwSignal::new(None::<Failure>);
    wallet.forget_when_left();
    // Drawn anew only when that changes, so that what is being typed stays while the wallet is asked.
    let is_taken = computed(move || {
        matches!(wallet.phase.get(), Phase::Locked | Phase::Open(_)) && step.get_untracked() != Step::Saving
    });
    let screen = move || {
        if is_taken.get() {
            view! { <Exists /> }.into_any()
        } else {
            view! { <Steps wallet step failure /> }.into_any()
        }
    };
    view! { <div class="wallet-flow">{dynamic(screen)}</div> }
}

/// There is a wallet already.
#[component]
pub(super) fn Exists() -> impl IntoView {
    view! {
        <section class="card is-narrow wallet-card">
            <PageHeading title="There is a wallet already" />
            <p>
                "This browser keeps one wallet for each chain, and never writes over one. To make another, first remove this one "
                "in its settings; its phrase brings it back."
            </p>
            <div class="wallet-actions">
                <A href="/wallet" attr:class="button">"To the wallet"</A>
            </div>
        </section>
    }
}

#[component]
fn Steps(wallet: Wallet, step: RwSignal<Step>, failure: RwSignal<Option<Failure>>) -> impl IntoView {
    let said = Signal::derive(move || failure.get().map(|failure| failure.to_string()));
    // Saving goes on in the screen that began it.
    let shown = computed(move || match step.get() {
        Step::Saving => Step::Password,
        step => step,
    });
    view! {
        <Progress step />
        <Alarm said />
        {dynamic(move || match shown.get() {
            Step::Begin => view! { <Begin wallet step failure /> }.into_any(),
            Step::Shown(words) => view! { <Shown words wallet step failure /> }.into_any(),
            Step::Asked(places) => view! { <Asked places wallet step failure /> }.into_any(),
            Step::Password | Step::Saving => view! { <Protect wallet step failure /> }.into_any(),
        })}
    }
}

/// Three stones: write down, confirm, protect.
#[component]
fn Progress(step: RwSignal<Step>) -> impl IntoView {
    let reached = move || match step.get() {
        Step::Begin | Step::Shown(_) => 0,
        Step::Asked(_) => 1,
        Step::Password | Step::Saving => 2,
    };
    view! {
        <ol class="wallet-progress" aria-label="Steps">
            {["Write down", "Confirm", "Protect"]
                .into_iter()
                .enumerate()
                .map(|(index, name)| {
                    view! {
                        <li
                            class:is-done=move || { index < reached() }
                            class:is-here=move || index == reached()
                            aria-current=move || (index == reached()).then_some("step")
                        >
                            {name}
                        </li>
                    }
                })
                .collect_view()}
        </ol>
    }
}

#[component]
fn Begin(wallet: Wallet, step: RwSignal<Step>, failure: RwSignal<Option<Failure>>) -> impl IntoView {
    let is_long = RwSignal::new(false);
    let is_working = RwSignal::new(false);
    let create = move || {
        if is_working.get_untracked() {
            return;
        }
        is_working.set(true);
        let words = if is_long.get_untracked() { 24 } else { 12 };
        while_here(async move {
            match wallet.ask(Request::Create { words }).await {
                Ok(Reply::Phrase { words }) => {
                    failure.set(None);
                    step.set(Step::Shown(words));
                }
                Ok(_) => failure.set(Some(Failure::Stopped)),
                Err(found) => failure.set(Some(found)),
            }
            is_working.set(false);
        });
    };
    view! {
        <section class="card wallet-card">
            <PageHeading title="Create a wallet" />
            <p class="wallet-lead">
                "You will see a few plain words: your phrase. Have paper and a pen at hand. Whoever has the words has the coins; "
                "who loses both words and browser has lost them."
            </p>
            {(!is_secure())
                .then(|| {
                    view! {
                        <p class="wallet-notice">
                            "This page came over plain http:// from another machine. The browser may clear what is stored here, "
                            "so that your phrase on paper is the only sure copy; the settings say more."
                        </p>
                    }
                })}
            <form on:submit=submit(create)>
                <fieldset class="wallet-choice">
                    <legend>"How many words?"</legend>
                    <label>
                        <input type="radio" name="words" checked on:change=move |_| is_long.set(false) />
                        <span>"12 words"<small>"128 bits: more than enough"</small></span>
                    </label>
                    <label>
                        <input type="radio" name="words" on:change=move |_| is_long.set(true) />
                        <span>"24 words"<small>"256 bits"</small></span>
                    </label>
                </fieldset>
                <button type="submit" class="button" aria-disabled=move || is_working.get().then_some("true")>
                    "Show my phrase"
                </button>
            </form>
        </section>
    }
}

#[component]
fn Shown(
    words: Vec<Secret>,
    wallet: Wallet,
    step: RwSignal<Step>,
    failure: RwSignal<Option<Failure>>,
) -> impl IntoView {
    let go_on = move |_| {
        while_here(async move {
            match wallet.ask(Request::Ask).await {
                // With this the words leave the screen and the page's memory.
                Ok(Reply::Places { places }) => step.set(Step::Asked(places)),
                Ok(_) => failure.set(Some(Failure::Stopped)),
                Err(found) => failure.set(Some(found)),
            }
        });
    };
    let listed = words
        .iter()
        .map(|word| view! { <li><span translate="no">{word.expose().to_owned()}</span></li> })
        .collect_view();
    view! {
        <section class="card wallet-card">
            <PageHeading title="Write these words down" />
            <p class="wallet-warning">
                <strong>"They are shown this once."</strong>
                " Write them on paper, in this order. Take no picture and keep them in no file: whoever sees them can take your coins."
            </p>
            <ol class="wallet-phrase" data-testid="phrase">{listed}</ol>
            <button type="button" class="button" on:click=go_on>"I have written them down"</button>
        </section>
    }
}

#[component]
fn Asked(
    places: Vec<usize>,
    wallet: Wallet,
    step: RwSignal<Step>,
    failure: RwSignal<Option<Failure>>,
) -> impl IntoView {
    let words = Words::new(places.len());
    on_cleanup(move || words.clear());
    let wrong = Signal::derive(move || match failure.get() {
        Some(Failure::WrongWord { place }) => Some(place),
        _ => None,
    });
    let confirm = move || {
        let answers = words.typed();
        while_here(async move {
            match wallet.ask(Request::Confirm { answers }).await {
                Ok(_) => {
                    words.clear();
                    failure.set(None);
                    step.set(Step::Password);
                }
                Err(found) => failure.set(Some(found)),
            }
        });
    };
    let again = move |_| {
        failure.set(None);
        step.set(Step::Begin);
    };
    view! {
        <section class="card wallet-card">
            <PageHeading title="Confirm your phrase" />
            <p class="wallet-lead">"Type these words from your paper. This proves that the paper is right."</p>
            <WordFields words places wrong on_done=confirm />
            <div class="wallet-actions">
                <button type="button" class="button" on:click=move |_| confirm()>"Confirm"</button>
                <button type="button" class="button button-quiet" on:click=again>"Start again with a new phrase"</button>
            </div>
        </section>
    }
}

/// Saves the phrase that the worker holds. Restoring ends with it too, and with a search for accounts that were used.
pub(super) fn save(
    wallet: Wallet,
    password: Secret,
    passphrase: Secret,
    is_restored: bool,
    on_failure: impl FnOnce(Failure) + 'static,
    navigate: impl Fn(&str, crate::router::NavigateOptions) + 'static,
) {
    while_here(async move {
        match wallet.ask(Request::Save { password, passphrase }).await {
            Ok(Reply::Open(accounts)) => {
                wallet.opened(accounts);
                if is_restored {
                    accounts::find(wallet);
                }
                ask_to_keep();
                navigate("/wallet", Default::default());
            }
            Ok(_) => on_failure(Failure::Stopped),
            Err(found) => on_failure(found),
        }
    });
}

#[component]
fn Protect(wallet: Wallet, step: RwSignal<Step>, failure: RwSignal<Option<Failure>>) -> impl IntoView {
    let navigate = StoredValue::new_local(use_navigate());
    let is_working = Signal::derive(move || step.get() == Step::Saving);
    let passphrase = PassphraseEntry::new(true);
    let choose = move |password: Secret| {
        step.set(Step::Saving);
        let on_failure = move |found| {
            failure.set(Some(found));
            step.set(Step::Password);
        };
        save(
            wallet,
            password,
            passphrase.secret(),
            false,
            on_failure,
            move |to, options| {
                navigate.with_value(|navigate| navigate(to, options));
            },
        );
    };
    view! {
        <section class="card is-narrow wallet-card">
            <PageHeading title="Protect this browser’s copy" />
            <p class="wallet-lead">"The password encrypts the wallet here, and every backup file that you export. Without it only the phrase brings the wallet back."</p>
            {passphrase.fields()}
            <ChoosePassword action="Save wallet" working="Encrypting…" is_working on_choice=choose is_first=true passphrase />
        </section>
    }
}
