//! What the open account holds and did, read again whenever the node tells of a change.

use frontend::view::verify::{self, Findings};
use frontend::wallet::activity::{self, Row};
use leptos::prelude::*;
use shared::address::Prefix;
use shared::amount::Amount;
use shared::api::{AccountHistory, AccountJson, PendingChange};
use shared::hash::Hash;
use shared::state::Account;

use super::outbox::{self, Following};
use super::shelf::Kept;
use crate::api::{self, Failure};
use crate::proving::holds;

/// The account as the node last gave it, and what of that holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Holdings {
    /// In base units.
    pub(super) balance: Amount,
    /// Balance and nonce as they are mined.
    pub(super) mined: Account,
    /// What pending transfers would change.
    pub(super) pending: PendingChange,
    /// What was checked.
    pub(super) findings: Findings,
    /// What can be spent: the balance without what pending transfers take.
    pub(super) spendable: Amount,
    /// The height at which this holds.
    pub(super) height: u64,
}

/// Something that is read from the node.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Loaded<T> {
    /// It was not read yet.
    Loading,
    /// It was read.
    Here(T),
    /// It could not be read, and was not before.
    Failed(Failure),
}

/// Balance and activity of the open account, and what this browser keeps beside them.
#[derive(Clone, Copy)]
pub(super) struct Ledger {
    /// The account.
    pub(super) holdings: RwSignal<Loaded<Holdings>>,
    /// The newest lines of its history.
    pub(super) rows: RwSignal<Loaded<Vec<Row>>>,
    /// The cursor of the next page of history.
    pub(super) next: RwSignal<Option<String>>,
    /// Older lines, which were asked for.
    pub(super) older: RwSignal<Vec<Row>>,
    /// Contacts, notes and outbox.
    pub(super) shelf: Kept,
    /// The transfers on their way.
    pub(super) following: Following,
    followed: StoredValue<Option<Followed>>,
    /// Grows when what was asked for before no longer counts: another account, or blocks were taken back.
    version: StoredValue<u64>,
    reading: StoredValue<Reading>,
}

/// The account that is followed, in the words of its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Followed {
    pub(super) address: String,
    pub(super) genesis: Hash,
    pub(super) prefix: Prefix,
}

/// One reading at a time: blocks can come faster than answers, and each answer must be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Idle,
    Busy,
    /// Something changed meanwhile.
    BusyAndAgain,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self {
            holdings: RwSignal::new(Loaded::Loading),
            rows: RwSignal::new(Loaded::Loading),
            next: RwSignal::new(None),
            older: RwSignal::new(Vec::new()),
            shelf: Kept::new(),
            following: Following::new(),
            followed: StoredValue::new(None),
            version: StoredValue::new(0),
            reading: StoredValue::new(Reading::Idle),
        }
    }

    /// Begins to follow an address.
    pub(super) fn follow(self, address: String, genesis: Hash, prefix: Prefix) {
        self.forget();
        self.shelf.follow(genesis, prefix.clone());
        self.followed.set_value(Some(Followed {
            address,
            genesis,
            prefix,
        }));
        self.refresh();
    }

    /// Forgets everything about the account.
    pub(super) fn forget(self) {
        self.followed.set_value(None);
        self.holdings.set(Loaded::Loading);
        self.rows.set(Loaded::Loading);
        self.shelf.forget();
        self.following.forget();
        self.forget_older();
    }

    /// Forgets the older lines, and what is on its way: the blocks that they name may have been taken back. The newest
    /// lines stay until they are read again.
    pub(super) fn forget_older(self) {
        self.version.update_value(|version| *version += 1);
        self.next.set(None);
        self.older.set(Vec::new());
        self.following.ask_all();
    }

    /// Changes when what was asked for before no longer counts.
    pub(super) fn version(self) -> u64 {
        self.version.get_value()
    }

    /// Reads everything again.
    pub(super) fn refresh(self) {
        if self.followed.with_value(Option::is_none) {
            return;
        }
        if self.reading.get_value() != Reading::Idle {
            self.reading.set_value(Reading::BusyAndAgain);
            return;
        }
        self.reading.set_value(Reading::Busy);
        crate::browser::spawn(async move {
            loop {
                if let Some(followed) = self.followed.get_value() {
                    self.read(&followed).await;
                }
                if self.reading.get_value() != Reading::BusyAndAgain {
                    break;
                }
                self.reading.set_value(Reading::Busy);
            }
            self.reading.set_value(Reading::Idle);
        });
    }

    async fn read(self, followed: &Followed) {
        let (address, version) = (followed.address.as_str(), self.version());
        let account = api::get::<AccountJson>(&format!("/blockchain/accounts/{address}")).await;
        let history = history_page(address, None, PAGE).await;
        // Whoever changes the version has it read again.
        if self.version() != version {
            return;
        }
        let (mut known, mut entries) = (None, Vec::new());
        match account {
            Ok(json) => {
                let holdings = holdings(&json, followed);
                if holds(&holdings.findings) {
                    known = Some((json.nonce, json.header.height));
                }
                let holdings = Loaded::Here(holdings);
                if self.holdings.with_untracked(|old| *old != holdings) {
                    self.holdings.set(holdings);
                }
            }
            Err(failure) => fail(self.holdings, failure),
        }
        match history {
            Ok(history) => {
                let rows = activity::rows(&history.transactions, address);
                if self.older.with_untracked(Vec::is_empty) {
                    self.next.set(history.next);
                } else if let Loaded::Here(before) = self.rows.get_untracked() {
                    self.older
                        .update(|older| *older = activity::pushed_off(&before, &rows, older));
                }
                if self.rows.with_untracked(|old| *old != Loaded::Here(rows.clone())) {
                    self.rows.set(Loaded::Here(rows));
                }
                entries = history.transactions;
            }
            Err(failure) => fail(self.rows, failure),
        }
        if known.is_some() {
            outbox::ask(self, followed, known, &entries).await;
        }
    }

    /// Reads the next page of the history.
    pub(super) async fn read_older(self) -> Result<(), Failure> {
        let Some(Followed { address, .. }) = self.followed.get_value() else {
            return Ok(());
        };
        let Some(before) = self.next.get_untracked() else {
            return Ok(());
        };
        let version = self.version();
        let history = history_page(&address, Some(&before), PAGE).await?;
        if self.version() != version {
            return Ok(());
        }
        self.older
            .update(|older| older.extend(activity::rows(&history.transactions, &address)));
        self.next.set(history.next);
        Ok(())
    }

    /// Reads the whole history, and says how far it is; none when blocks were taken back meanwhile.
    pub(super) async fn read_all(self, said: RwSignal<Option<String>>) -> Result<Option<Vec<Row>>, Failure> {
        let address = self
            .followed
            .with_value(|followed| Some(followed.as_ref()?.address.clone()));
        let Some(address) = address else { return Ok(None) };
        let (version, mut all, mut next) = (self.version(), Vec::new(), None::<String>);
        loop {
            let history = history_page(&address, next.as_deref(), LARGEST_PAGE).await?;
            if self.version() != version {
                return Ok(None);
            }
            all.extend(activity::rows(&history.transactions, &address));
            next = history.next;
            if next.is_none() {
                return Ok(Some(all));
            }
            said.try_set(Some(format!("{} lines are read …", all.len())));
        }
    }
}

/// How many lines of history a page has.
const PAGE: usize = 25;
/// The most that the node gives at once.
const LARGEST_PAGE: usize = 100;

async fn history_page(address: &str, before: Option<&str>, limit: usize) -> Result<AccountHistory, Failure> {
    let before = before.map(|before| format!("&before={before}")).unwrap_or_default();
    api::get(&format!(
        "/blockchain/accounts/{address}/transactions?limit={limit}{before}"
    ))
    .await
}

/// What was known stays on the screen when a later reading fails; the head of the page says that the node is away.
fn fail<T: Send + Sync + 'static>(loaded: RwSignal<Loaded<T>>, failure: Failure) {
    loaded.update(|loaded| {
        if !matches!(loaded, Loaded::Here(_)) {
            *loaded = Loaded::Failed(failure);
        }
    });
}

fn holdings(json: &AccountJson, followed: &Followed) -> Holdings {
    Holdings {
        balance: json.balance,
        mined: Account {
            balance: json.balance,
            nonce: json.nonce,
        },
        pending: json.pending.clone(),
        findings: verify::account(json, &followed.address, &followed.genesis, &followed.prefix),
        spendable: json.balance.checked_sub(json.pending.outgoing).unwrap_or_default(),
        height: json.header.height,
    }
}
