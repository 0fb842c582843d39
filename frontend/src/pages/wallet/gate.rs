//! What a wallet's screen shows while the wallet is not open: an invitation, the lock, or what is wrong.

use crate::router::A;
use frontend::wallet::known;
use frontend::wallet::messages::{Failure, Reply, Request};
use frontend::wallet::secret::Secret;
use leptos::prelude::*;

use super::parts::{PasswordField, PasswordUse, submit, while_here};
use super::session::{Owner, Phase, use_wallet};
use crate::components::heading::PageHeading;

/// Shows `children` when the wallet is open, with the wallet's own navigation above.
#[component]
pub(super) fn Gate<F, V>(
    /// The screen of the open wallet.
    children: F,
) -> impl IntoView
where
    F: Fn(Owner) -> V + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let wallet = use_wallet();
    wallet.begin();
    let phase = Memo::new(move |_| wallet.phase.get());
    move || match phase.get() {
        Phase::Connecting => view! { <Waiting /> }.into_any(),
        Phase::Absent => view! { <Invitation /> }.into_any(),
        Phase::Locked => view! { <Unlock /> }.into_any(),
        Phase::Open(owner) => view! {
            <WalletNavigation />
            {children(owner)}
        }
        .into_any(),
        Phase::Broken(failure) => view! { <Broken failure /> }.into_any(),
    }
}

/// The shape of what comes.
#[component]
fn Waiting() -> impl IntoView {
    view! {
        <div class="wallet-waiting" aria-busy="true">
            <p class="sr-only">"Opening the wallet …"</p>
            <div class="wallet-ghost is-large"></div>
            <div class="wallet-ghost"></div>
            <div class="wallet-ghost"></div>
        </div>
    }
}

#[component]
fn WalletNavigation() -> impl IntoView {
    let wallet = use_wallet();
    view! {
        <nav class="wallet-nav" aria-label="Wallet">
            <A href="/wallet" exact=true>
                "Balance"
            </A>
            <A href="/wallet/settings">"Settings"</A>
            <button type="button" class="button button-quiet" on:click=move |_| wallet.lock()>"Lock"</button>
        </nav>
    }
}

#[component]
fn Invitation() -> impl IntoView {
    let wallet = use_wallet();
    let other = move || {
        wallet.network.with(|network| {
            network
                .as_ref()
                .and_then(|network| known::other_chain_sentence(&wallet.chains(), &network.genesis, &network.name))
        })
    };
    view! {
        <section class="wallet-invitation">
            <Stack />
            <PageHeading title="Your own wallet, in this browser" />
            <p class="wallet-lead">
                "The keys are made here and never leave this browser. Twelve words on paper are your backup: with them you "
                "get your coins back anywhere."
            </p>
            {move || other().map(|said| view! { <p class="wallet-notice" role="status">{said}</p> })}
            <div class="wallet-actions">
                <A href="/wallet/new" attr:class="button">"Create wallet"</A>
                <A href="/wallet/restore" attr:class="button button-quiet">"Restore wallet"</A>
            </div>
        </section>
    }
}

/// Three stones, the mark of an empty place.
#[component]
fn Stack() -> impl IntoView {
    view! {
        <svg class="wallet-stack" viewBox="0 0 96 72" aria-hidden="true">
            <path class="stone-a" d="M8 66c-5-2-5-13 2-16 10-4 62-6 74-1 9 4 9 14 3 17-8 4-70 4-79 0z" />
            <path class="stone-b" d="M22 47c-5-3-4-12 3-14 9-3 37-4 46 0 7 3 7 12 1 14-8 4-42 4-50 0z" />
            <path class="stone-c" d="M34 30c-5-3-3-13 4-16 7-4 18-4 24 0 7 4 7 14 0 16-7 3-21 3-28 0z" />
        </svg>
    }
}

/// One state for the whole process: what is shown follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Unlocking {
    Idle,
    Working,
    Failed(Failure),
}

#[component]
fn Unlock() -> impl IntoView {
    let wallet = use_wallet();
    let password = RwSignal::new(String::new());
    let state = RwSignal::new(Unlocking::Idle);
    let unlock = move || {
        if state.get_untracked() == Unlocking::Working {
            return;
        }
        state.set(Unlocking::Working);
        let password = Secret::new(password.try_update(std::mem::take).unwrap_or_default());
        while_here(async move {
            match wallet.ask(Request::Unlock { password }).await {
                Ok(Reply::Open(accounts)) => wallet.opened(accounts),
                Ok(_) => state.set(Unlocking::Failed(Failure::Stopped)),
                // Removed in another tab meanwhile.
                Err(Failure::NoWallet) => wallet.phase.set(Phase::Absent),
                Err(failure) => state.set(Unlocking::Failed(failure)),
            }
        });
    };
    let fault = Signal::derive(move || match state.get() {
        Unlocking::Failed(failure) => Some(failure.to_string()),
        _ => None,
    });
    let is_working = move || state.get() == Unlocking::Working;
    view! {
        <section class="card is-narrow wallet-card">
            <PageHeading title="Your wallet is locked" />
            <form on:submit=submit(unlock)>
                <PasswordField label="Password" id="unlock-password" usage=PasswordUse::Current value=password fault is_first=true />
                <button type="submit" class="button is-wide" aria-disabled=move || is_working().then_some("true")>
                    {move || if is_working() { "Unlocking…" } else { "Unlock" }}
                </button>
                <p class="wallet-hint" role="status">
                    {move || is_working().then_some("The password is being stretched into a key: this takes a moment on purpose.")}
                </p>
            </form>
            <details class="wallet-more">
                <summary>"Forgot the password?"</summary>
                <p>
                    "Nobody can tell it to you. With your phrase, remove the wallet from this browser and restore it: the coins "
                    "are on the chain, not in the browser."
                </p>
                <super::settings::RemoveWallet />
            </details>
        </section>
    }
}

#[component]
fn Broken(failure: Failure) -> impl IntoView {
    let wallet = use_wallet();
    view! {
        <section class="card is-narrow wallet-card">
            <PageHeading title="The wallet cannot be opened" />
            <p class="wallet-alarm" role="alert">{failure.to_string()}</p>
            <button type="button" class="button" on:click=move |_| wallet.close(Phase::Connecting)>"Try again"</button>
        </section>
    }
}
