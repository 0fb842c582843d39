//! What a wallet's screen shows while the wallet is not open: an invitation, the lock, or what is wrong.

use crate::follow::{computed, dynamic};
use crate::router::A;
use frontend::wallet::known;
use frontend::wallet::messages::{Failure, Reply, Request};
use frontend::wallet::secret::Secret;
use leptos::prelude::*;

use super::accounts;
use super::parts::{PasswordField, PasswordUse, submit, while_here};
use super::passkey;
use super::session::{Owner, Phase, Wallet, use_wallet};
use crate::components::heading::PageHeading;
use crate::live::{clock_ms, use_live};

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
    gate(Box::new(move |owner| children(owner).into_any()))
}

/// The same for all screens.
fn gate(children: Box<dyn Fn(Owner) -> AnyView + Send + Sync>) -> impl IntoView {
    let wallet = use_wallet();
    wallet.begin();
    // Who goes to another screen has seen what was said, unless it goes on.
    on_cleanup(move || {
        if !wallet.is_searching.get_untracked() {
            wallet.said.set(None);
        }
    });
    // A screen is drawn anew for another account, but not for another list of them or another name: a form stays as it is.
    let phase = Memo::new_with_compare(
        move |_| wallet.phase.get(),
        |old, new| match (old, new) {
            (Some(Phase::Open(old)), Some(Phase::Open(new))) => old.address != new.address,
            _ => old != new,
        },
    );
    let is_open = computed(move || phase.with(|phase| matches!(phase, Phase::Open(_))));
    let navigation = move || {
        is_open.get().then(|| {
            view! {
                {navigation(wallet)}
                {wallet.chain_notice()}
                <div role="status">{dynamic(move || wallet.said.get().map(|said| view! { <p class="wallet-notice is-quiet">{said}</p> }))}</div>
            }
        })
    };
    let screen = move || match phase.get() {
        Phase::Connecting => view! { <Waiting /> }.into_any(),
        Phase::Absent => view! { <Invitation /> }.into_any(),
        Phase::Locked => view! { <Unlock /> }.into_any(),
        Phase::Open(owner) => children(owner),
        Phase::Broken(failure) => view! { <Broken failure /> }.into_any(),
    };
    view! {
        {dynamic(navigation)}
        {dynamic(screen)}
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

fn navigation(wallet: Wallet) -> impl IntoView {
    view! {
        <nav class="wallet-nav" aria-label="Wallet">
            <A href="/wallet" exact=true>
                "Balance"
            </A>
            <A href="/wallet/settings">"Settings"</A>
            {accounts::switcher(wallet)}
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
            {dynamic(move || other().map(|said| view! { <p class="wallet-notice" role="status">{said}</p> }))}
            <div class="wallet-actions">
                <a class="button" href="/wallet/new">"Create wallet"</a>
                <a class="button button-quiet" href="/wallet/restore">"Restore wallet"</a>
            </div>
            {without_wallet()}
        </section>
    }
}

/// What can be done without an open wallet. Loads the page anew, as it may be at that address already.
fn without_wallet() -> impl IntoView {
    view! { <p class="receive-more"><a href="/check" rel="external">"Check something you were given"</a></p> }
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
    Failed(String),
}

#[component]
fn Unlock() -> impl IntoView {
    let wallet = use_wallet();
    let live = use_live();
    let password = RwSignal::new(String::new());
    let state = RwSignal::new(Unlocking::Idle);
    let has_passkey = RwSignal::new(false);
    // Until when further passwords are not tried, in milliseconds since 1970.
    let closed_until = RwSignal::new(0);
    let wait_seconds = move || match closed_until.get() {
        0 => 0,
        until => u64::saturating_sub(until, live.now()).div_ceil(1_000),
    };
    while_here(async move { has_passkey.set(passkey::is_usable(wallet).await) });
    // Who leaves while it is being opened hears of it no more, and would leave keys behind that nobody locks.
    on_cleanup(move || {
        if state.get_untracked() == Unlocking::Working && wallet.phase.get_untracked() == Phase::Locked {
            wallet.close(Phase::Connecting);
        }
    });
    let settle = move |answer| match answer {
        Ok(Reply::Open(accounts)) => wallet.opened(accounts),
        Ok(_) => state.set(Unlocking::Failed(Failure::Stopped.to_string())),
        // Removed in another tab meanwhile.
        Err(Failure::NoWallet) => wallet.phase.set(Phase::Absent),
        Err(failure) => {
            if let Failure::TooSoon { seconds } = failure {
                closed_until.set(clock_ms() + seconds * 1_000);
            }
            state.set(Unlocking::Failed(failure.to_string()));
        }
    };
    let unlock = move || {
        if state.get_untracked() == Unlocking::Working || untrack(wait_seconds) > 0 {
            return;
        }
        state.set(Unlocking::Working);
        let password = Secret::new(password.try_update(std::mem::take).unwrap_or_default());
        while_here(async move {
            let answer = wallet.ask(Request::Unlock { password }).await;
            let lost = has_passkey.get_untracked() && answer.is_ok() && !passkey::is_usable(wallet).await;
            settle(answer);
            if lost {
                wallet.said.set(Some(passkey::ENDED.to_owned()));
            }
        });
    };
    let by_passkey = move |_| {
        if state.get_untracked() == Unlocking::Working {
            return;
        }
        state.set(Unlocking::Working);
        while_here(async move {
            match passkey::secret(wallet).await {
                Ok(secret) => settle(wallet.ask(Request::UnlockByPasskey { secret }).await),
                Err(said) => state.set(Unlocking::Failed(said)),
            }
        });
    };
    let fault = Signal::derive(move || match state.get() {
        Unlocking::Failed(said) => Some(said),
        _ => None,
    });
    let is_working = move || state.get() == Unlocking::Working;
    let action = move || match wait_seconds() {
        _ if is_working() => "Unlocking…".to_owned(),
        0 => "Unlock".to_owned(),
        seconds => format!("Unlock in {seconds} s"),
    };
    view! {
        <section class="card is-narrow wallet-card">
            <PageHeading title="Your wallet is locked" />
            <form on:submit=submit(unlock)>
                <PasswordField label="Password" id="unlock-password" usage=PasswordUse::Current value=password fault is_first=true />
                <button
                    type="submit"
                    class="button is-wide"
                    aria-disabled=move || (is_working() || wait_seconds() > 0).then_some("true")
                >
                    {dynamic(action)}
                </button>
                <p class="wallet-hint" role="status">
                    {dynamic(move || is_working().then_some("The password is being stretched into a key: this takes a moment on purpose."))}
                </p>
            </form>
            {dynamic(move || {
                has_passkey
                    .get()
                    .then(|| {
                        view! {
                            <button type="button" class="button button-quiet is-wide" on:click=by_passkey>
                                "Unlock with passkey"
                            </button>
                        }
                    })
            })}
            <details class="wallet-more">
                <summary>"Forgot the password?"</summary>
                <p>
                    "Nobody can tell it to you. With your phrase, remove the wallet from this browser and restore it: the coins "
                    "are on the chain, not in the browser."
                </p>
                <super::settings::RemoveWallet />
            </details>
        </section>
        {without_wallet()}
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
