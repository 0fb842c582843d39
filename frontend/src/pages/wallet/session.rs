//! The wallet of this page: where it stands, what its account holds, and how it is locked.
//!
//! It is made once above the routes, so that a wallet stays open from page to page.

use std::time::Duration;

use frontend::wallet::idle;
use frontend::wallet::known::{self, Chain};
use frontend::wallet::link::Here;
use frontend::wallet::messages::{Account, Failure, Reply, Request, Standing};
use futures_channel::oneshot;
use leptos::prelude::*;
use shared::address::{self, Prefix};
use shared::api::Status;
use shared::hash::Hash;
use shared::key::PublicKey;

use super::keys::Keys;
use super::ledger::Ledger;
use crate::browser::{store, stored};
use crate::follow::effect;
use crate::live::{Link, clock_ms, use_live};

/// After so many minutes without use a wallet locks, unless its owner chose otherwise.
pub(super) const AUTO_LOCK_MINUTES: u32 = 5;

const CHAINS: &str = "cairn.wallets";

/// The chain of the node that was there last, for a visit without it.
const NETWORK: &str = "cairn.network";

/// After so long without a word from the node the wallet opens with what is remembered of its chain, in milliseconds.
const PATIENCE_MS: u64 = 4_000;

/// When any tab was last used, and how often that is written down, in milliseconds.
const LAST_USE: &str = "cairn.last-use";
const LAST_USE_STEP_MS: f64 = 2_000.0;

/// Where the wallet stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// The node or the key worker has not answered yet.
    Connecting,
    /// There is no wallet for the node's chain.
    Absent,
    /// There is one, locked.
    Locked,
    /// It is open.
    Open(Owner),
    /// The key worker cannot work.
    Broken(Failure),
}

/// The account in use, in the words of the node's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    /// Name, key and path.
    pub(super) account: Account,
    /// The key as an address.
    pub(super) address: String,
    /// All accounts of the wallet, by index.
    pub(super) accounts: Vec<Account>,
}

/// The node's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Network {
    /// The hash of the genesis block.
    pub(super) genesis: Hash,
    /// The name.
    pub(super) name: String,
    /// What a coin is called.
    pub(super) symbol: String,
    /// What addresses begin with.
    pub(super) prefix: Prefix,
}

impl Network {
    /// Where and when a payment link is read.
    pub(super) fn here(&self) -> Here<'_> {
        Here {
            prefix: &self.prefix,
            genesis: &self.genesis,
            now_seconds: (js_sys::Date::now() / 1000.0) as u64,
        }
    }

    /// The chain of the last visit.
    fn remembered() -> Option<Self> {
        let text = stored(NETWORK)?;
        let (genesis, prefix, symbol, name) = known::read_network(&text)?;
        Some(Self {
            genesis,
            name: name.to_owned(),
            symbol: symbol.to_owned(),
            prefix: prefix.parse().ok()?,
        })
    }
}

/// The wallet.
#[derive(Clone, Copy)]
pub(crate) struct Wallet {
    keys: StoredValue<Keys, LocalStorage>,
    /// Who asked before the node's chain was known: they go on when this is dropped.
    early: StoredValue<Vec<oneshot::Sender<Result<Reply, Failure>>>, LocalStorage>,
    /// The node's chain, as soon as it is known; the one of the last visit while the node does not answer.
    pub(super) network: Signal<Option<Network>>,
    /// Where the wallet stands.
    pub(super) phase: RwSignal<Phase>,
    /// Balance and activity of the open account.
    pub(super) ledger: Ledger,
    /// What is said above all screens of the open wallet, such as how a search for accounts goes.
    pub(super) said: RwSignal<Option<String>>,
    /// Whether accounts are being searched.
    pub(super) is_searching: RwSignal<bool>,
    /// What is said of a chain that is no longer the one that was seen.
    pub(super) chain_change: RwSignal<Option<String>>,
    /// When somebody last touched the page, in milliseconds since 1970.
    last_use_ms: StoredValue<f64>,
}

/// Makes the wallet. The application calls this once, inside what follows the node.
pub(crate) fn provide_wallet() {
    let live = use_live();
    let begun = clock_ms();
    let network = Signal::from(Memo::new(move |known: Option<&Option<Network>>| {
        let told = live.with(|status| {
            Some(Network {
                genesis: status.genesis_hash,
                name: status.network.clone(),
                symbol: status.symbol.clone(),
                prefix: status.prefix.parse().ok()?,
            })
        });
        if let Some(network) = told.flatten() {
            return Some(network);
        }
        if let Some(Some(network)) = known {
            return Some(network.clone());
        }
        let is_away = matches!(live.link(), Link::Lost(_)) || live.now() >= begun + PATIENCE_MS;
        is_away.then(Network::remembered).flatten()
    }));
    effect(move || {
        live.with(|status| {
            let Status {
                genesis_hash,
                prefix,
                symbol,
                network,
                ..
            } = status;
            let text = known::write_network(genesis_hash, prefix, symbol, network);
            if stored(NETWORK).as_deref() != Some(&text) {
                store(NETWORK, &text);
            }
        });
    });
    let phase = RwSignal::new(Phase::Connecting);
    let wallet = Wallet {
        keys: StoredValue::new_local(Keys::default()),
        early: StoredValue::new_local(Vec::new()),
        network,
        phase,
        ledger: Ledger::new(),
        said: RwSignal::new(None),
        is_searching: RwSignal::new(false),
        chain_change: RwSignal::new(None),
        last_use_ms: StoredValue::new(js_sys::Date::now()),
    };
    provide_context(wallet);
    // The chain is outside: it is named by the node, and may become another one when the node is started anew.
    Effect::new(move |known: Option<Option<Hash>>| {
        let genesis = network.with(|network| network.as_ref().map(|network| network.genesis));
        if known.flatten() != genesis && genesis.is_some() && !matches!(phase.get_untracked(), Phase::Connecting) {
            wallet.close(Phase::Connecting);
        }
        if genesis.is_some() {
            wallet.early.set_value(Vec::new());
        }
        genesis
    });
    // So is the ledger: whatever the node tells may concern the account.
    effect(move || {
        live.track_chain();
        live.track_pool();
        // Some of what was answered counts only since it is proved.
        live.track_proved();
        wallet.ledger.refresh();
    });
    Effect::new(move |before: Option<()>| {
        live.track_undone();
        if before.is_some() {
            wallet.ledger.forget_older();
            wallet.ledger.refresh();
        }
    });
    wallet.watch_chain(live);
    wallet.lock_when_idle();
}

/// The wallet.
pub(super) fn use_wallet() -> Wallet {
    expect_context()
}

impl Wallet {
    /// Asks the key worker about the node's chain. Who is faster than the node waits until that is known.
    pub(super) async fn ask(self, request: Request) -> Result<Reply, Failure> {
        if self.genesis().is_none() {
            let (known, is_known) = oneshot::channel();
            self.early.update_value(|early| early.push(known));
            let _ = is_known.await;
        }
        let genesis = self.genesis().ok_or(Failure::Stopped)?;
        let keys = self.keys.get_value();
        keys.ask(genesis, request).await
    }

    /// The hash of the genesis block of the node's chain.
    pub(super) fn genesis(self) -> Option<Hash> {
        self.network
            .with_untracked(|network| network.as_ref().map(|network| network.genesis))
    }

    /// A key as an address of the node's chain; empty before the chain is known.
    pub(super) fn address_of(self, key: &PublicKey) -> String {
        self.network
            .with_untracked(|network| network.as_ref().map(|network| address::encode(&network.prefix, key)))
            .unwrap_or_default()
    }

    /// Ends the worker when the screen is left before a wallet is open: whoever leaves half-way leaves nothing behind.
    pub(super) fn forget_when_left(self) {
        on_cleanup(move || {
            if !matches!(self.phase.get_untracked(), Phase::Open(_)) {
                self.close(Phase::Connecting);
            }
        });
    }

    /// Finds out where the wallet stands, if that is not known yet. Wallet pages call it.
    pub(super) fn begin(self) {
        effect(move || {
            let is_known = self.network.with(Option::is_some);
            if is_known && self.phase.get() == Phase::Connecting {
                crate::browser::spawn(async move {
                    let answer = self.ask(Request::Status).await;
                    if self.phase.get_untracked() == Phase::Connecting {
                        self.settle(answer);
                    }
                });
            }
        });
    }

    fn settle(self, answer: Result<Reply, Failure>) {
        match answer {
            Ok(Reply::Status(Standing::Open(accounts))) => self.opened(accounts),
            Ok(Reply::Status(Standing::Locked)) => self.phase.set(Phase::Locked),
            Ok(_) => self.phase.set(Phase::Absent),
            Err(failure) => self.phase.set(Phase::Broken(failure)),
        }
    }

    /// The worker opened the wallet, or its accounts changed: the account used last is shown.
    pub(super) fn opened(self, accounts: Vec<Account>) {
        let Some(network) = self.network.get_untracked() else {
            return;
        };
        let chain = Chain {
            genesis: network.genesis,
            network: network.name.clone(),
        };
        store(
            CHAINS,
            &serde_json::to_string(&known::with(self.chains(), chain)).unwrap_or_default(),
        );
        self.touched();
        let last = stored(&account_name(network.genesis)).and_then(|text| text.parse().ok());
        self.show(accounts, last.unwrap_or(0));
    }

    /// The accounts of the open wallet, by index; none while it is not open.
    pub(super) fn accounts(self) -> Vec<Account> {
        self.phase.with(|phase| match phase {
            Phase::Open(owner) => owner.accounts.clone(),
            _ => Vec::new(),
        })
    }

    /// Uses another account from now on.
    pub(super) fn choose(self, index: u32) {
        if let (Some(genesis), Phase::Open(owner)) = (self.genesis(), self.phase.get_untracked()) {
            store(&account_name(genesis), &index.to_string());
            self.show(owner.accounts, index);
        }
    }

    /// Shows the account of an index, or the first one when there is none.
    fn show(self, accounts: Vec<Account>, index: u32) {
        let chosen = accounts.iter().find(|account| account.index == index);
        let (Some(account), Some(network)) = (chosen.or(accounts.first()).cloned(), self.network.get_untracked())
        else {
            return;
        };
        let address = address::encode(&network.prefix, &account.key);
        let is_same = self
            .phase
            .with_untracked(|phase| matches!(phase, Phase::Open(owner) if owner.address == address));
        if !is_same {
            self.ledger.follow(address.clone(), network.genesis, network.prefix);
        }
        self.phase.set(Phase::Open(Owner {
            account,
            address,
            accounts,
        }));
    }

    /// Locks, here and in all other tabs: the workers wipe their secrets, and are ended.
    pub(super) fn lock(self) {
        if let Some(name) = self.genesis().map(locked_name) {
            // Other tabs hear of what is written.
            store(&name, &(js_sys::Date::now() as u64).to_string());
        }
        self.lock_here();
    }

    fn lock_here(self) {
        if !matches!(self.phase.get_untracked(), Phase::Open(_)) {
            return;
        }
        self.phase.set(Phase::Locked);
        self.said.set(None);
        self.ledger.forget();
        if let Some(genesis) = self.genesis() {
            let keys = self.keys.get_value();
            crate::browser::spawn(async move { keys.retire(genesis).await });
        }
    }

    /// Ends the worker and forgets the account, whatever happens.
    pub(super) fn close(self, phase: Phase) {
        self.keys.get_value().end();
        self.said.set(None);
        self.chain_change.set(None);
        self.ledger.forget();
        self.phase.set(phase);
    }

    /// Removes the wallet of this chain from the browser.
    pub(super) async fn remove(self) -> Result<(), Failure> {
        self.ask(Request::Remove).await?;
        if let Some(network) = self.network.get_untracked() {
            let chains = known::without(self.chains(), &network.genesis);
            store(CHAINS, &serde_json::to_string(&chains).unwrap_or_default());
        }
        self.close(Phase::Absent);
        Ok(())
    }

    /// The chains that have a wallet in this browser.
    pub(super) fn chains(self) -> Vec<Chain> {
        known::read(&stored(CHAINS).unwrap_or_default())
    }

    /// The minutes without use after which this chain's wallet locks; 0 for never.
    pub(super) fn auto_lock_minutes(self) -> u32 {
        self.auto_lock_name()
            .and_then(|name| stored(&name)?.parse().ok())
            .unwrap_or(AUTO_LOCK_MINUTES)
    }

    /// Chooses the minutes.
    pub(super) fn set_auto_lock_minutes(self, minutes: u32) {
        if let Some(name) = self.auto_lock_name() {
            store(&name, &minutes.to_string());
        }
    }

    fn auto_lock_name(self) -> Option<String> {
        let genesis = self.genesis()?;
        Some(format!("cairn.{genesis}.auto-lock-minutes"))
    }

    fn touched(self) {
        let now = js_sys::Date::now();
        if (now - self.last_use_ms.get_value()).abs() > LAST_USE_STEP_MS {
            store(LAST_USE, &(now as u64).to_string());
        }
        self.last_use_ms.set_value(now);
    }

    /// When this tab or another was last used, in milliseconds since 1970.
    fn last_use_ms(self) -> f64 {
        let elsewhere = stored(LAST_USE).and_then(|text| text.parse::<u64>().ok());
        self.last_use_ms.get_value().max(elsewhere.unwrap_or(0) as f64)
    }

    fn lock_when_idle(self) {
        for event in ["pointerdown", "keydown", "wheel", "touchstart"] {
            let handle = window_event_listener_untyped(event, move |_| self.touched());
            on_cleanup(move || handle.remove());
        }
        let look = move || {
            let now = js_sys::Date::now();
            if matches!(self.phase.get_untracked(), Phase::Open(_))
                && idle::is_due(self.last_use_ms(), now, self.auto_lock_minutes(), document().hidden())
            {
                self.lock();
            }
        };
        // A computer that slept runs no timers: it is looked at when somebody comes back as well.
        for event in ["focus", "visibilitychange"] {
            let handle = window_event_listener_untyped(event, move |_| look());
            on_cleanup(move || handle.remove());
        }
        let handle = window_event_listener(leptos::ev::storage, move |event| {
            if event.key().is_some() && event.key() == self.genesis().map(locked_name) {
                self.lock_here();
            }
        });
        on_cleanup(move || handle.remove());
        if let Ok(timer) = set_interval_with_handle(look, Duration::from_secs(2)) {
            on_cleanup(move || timer.clear());
        }
    }
}

/// Where it is written which account of a chain's wallet was used last.
fn account_name(genesis: Hash) -> String {
    format!("cairn.{genesis}.account")
}

/// Where it is written that the wallet of a chain was locked.
fn locked_name(genesis: Hash) -> String {
    format!("cairn.{genesis}.locked")
}
