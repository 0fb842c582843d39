//! Transfers on their way to the node, and what the node says of them afterwards.

use frontend::view::verify::{self, Findings};
use frontend::wallet::advice::{self, Advice};
use frontend::wallet::outbox::{Facts, Told};
use frontend::wallet::shelf::Kind;
use leptos::prelude::*;
use shared::address;
use shared::api::{Accepted, AccountJson, HistoryEntry, TransactionJson, TransferJson};
use shared::hash::Hash;
use shared::key::PublicKey;
use shared::transaction::SignedTransfer;

use super::ledger::{Followed, Ledger};
use super::session::Wallet;
use super::shelf::Kept;
use crate::api::{self, Failure};
use crate::live::clock_ms;
use crate::proving::holds;

/// The transfers on their way, as the screens follow them. What is kept of them is in [`Kept`].
#[derive(Clone, Copy)]
pub(super) struct Following {
    /// The ids of those that are being handed to the node: about them it is not asked.
    posting: RwSignal<String>,
    /// What was checked of those that the node was asked about.
    reports: RwSignal<Vec<(Hash, Findings)>>,
    /// What happened last, for those who hear the page.
    pub(super) told: RwSignal<Option<String>>,
    /// Why the outbox could not be stored.
    pub(super) trouble: RwSignal<Option<String>>,
    /// Whether those that ended are asked about as well.
    asks_all: StoredValue<bool>,
}

/// What became of handing a transfer to the node.
pub(super) enum Posted {
    /// The node has it.
    Taken,
    /// The node refused it.
    Refused(Advice),
    /// Whether the node has it is not known.
    Unanswered(Advice),
}

impl Following {
    pub(super) fn new() -> Self {
        Self {
            posting: RwSignal::new(String::new()),
            reports: RwSignal::new(Vec::new()),
            told: RwSignal::new(None),
            trouble: RwSignal::new(None),
            asks_all: StoredValue::new(true),
        }
    }

    /// Asks about those that ended too the next time: blocks may have been taken back.
    pub(super) fn ask_all(self) {
        self.asks_all.set_value(true);
    }

    /// Forgets what was said.
    pub(super) fn forget(self) {
        self.reports.set(Vec::new());
        self.told.set(None);
        self.trouble.set(None);
    }

    /// Whether a transfer is being handed to the node.
    pub(super) fn is_posting(self, id: &Hash) -> bool {
        let id = id.to_string();
        self.posting.with(|posting| posting.contains(&id))
    }

    /// What was checked of a transfer.
    pub(super) fn report(self, id: &Hash) -> Option<Findings> {
        self.reports.with(|reports| {
            let (_, findings) = reports.iter().find(|(other, _)| other == id)?;
            Some(findings.clone())
        })
    }

    fn keep(self, id: Hash, findings: Option<Findings>) {
        self.reports.maybe_update(|reports| {
            let before = reports.iter().position(|(other, _)| *other == id);
            let before = before.map(|place| reports.swap_remove(place).1);
            let is_changed = before != findings;
            reports.extend(findings.map(|findings| (id, findings)));
            is_changed
        });
    }
}

/// Puts a transfer that was just signed into the outbox, before it is posted. Says whether it is new there.
pub(super) fn add(wallet: Wallet, signed: &SignedTransfer) -> bool {
    let mut is_new = false;
    let added = wallet.ledger.shelf.change(Kind::Outbox, &mut |shelf| {
        is_new = shelf.outbox.get(&signed.id()).is_none();
        shelf.outbox.add(signed.clone(), clock_ms())
    });
    wallet.ledger.following.trouble.set(added.err());
    is_new
}

/// Takes a transfer out of the outbox.
pub(super) fn dismiss(wallet: Wallet, id: &Hash) {
    let dismissed = wallet.ledger.shelf.change(Kind::Outbox, &mut |shelf| {
        shelf.outbox.dismiss(id);
        Ok(())
    });
    wallet.ledger.following.trouble.set(dismissed.err());
}

/// Hands a transfer of the outbox to the node. `is_new` tells that no node was ever handed it: if it is refused then, it
/// leaves the outbox.
pub(super) async fn post(wallet: Wallet, signed: &SignedTransfer, is_new: bool) -> Posted {
    let (ledger, id) = (wallet.ledger, signed.id());
    let kept_for = wallet.genesis().filter(|_| is_kept(ledger.shelf, &id));
    let prefix = wallet
        .network
        .with_untracked(|network| Some(network.as_ref()?.prefix.clone()));
    let Some(prefix) = prefix else {
        return unanswered(&Failure::Unreachable);
    };
    let (posting, name) = (ledger.following.posting, id.to_string());
    posting.update(|posting| posting.push_str(&name));
    let answer = api::post::<Accepted>("/blockchain/transactions/new", &TransferJson::new(&prefix, signed)).await;
    let posted = match answer {
        Ok(_) => Posted::Taken,
        // It had arrived when the answer was lost.
        Err(Failure::Refused(problem)) if problem.code == "already-pending" => Posted::Taken,
        Err(Failure::Refused(problem)) if problem.status < 500 => {
            let refused = Posted::Refused(advice::refusal(&problem.code, &problem.detail));
            // A number that is taken may be taken by this very transfer: it was mined since.
            if problem.code == "nonce-too-low" {
                taken(&id).await.unwrap_or(refused)
            } else {
                refused
            }
        }
        Err(failure) => unanswered(&failure),
    };
    posting.update(|posting| *posting = posting.replace(&name, ""));
    // Storage has no locks: a tab that wrote at the same moment may have written over it.
    if kept_for.is_some() && kept_for == wallet.genesis() {
        add(wallet, signed);
    }
    match posted {
        Posted::Taken => observe(ledger.shelf, ledger.following, &id, &Facts::Pending),
        Posted::Refused(_) => {
            let refused = ledger.shelf.change(Kind::Outbox, &mut |shelf| {
                shelf.outbox.refuse(&id, is_new);
                Ok(())
            });
            ledger.following.trouble.set(refused.err());
        }
        Posted::Unanswered(_) => {}
    }
    ledger.refresh();
    posted
}

/// Whether the node has a transfer whose number is taken. None when it does not know it.
async fn taken(id: &Hash) -> Option<Posted> {
    match api::get::<TransactionJson>(&path(id)).await {
        // What else the answer says is checked when it is asked about.
        Ok(json) if json.id == *id => Some(Posted::Taken),
        Err(failure) if !failure.is_absence() => Some(unanswered(&failure)),
        _ => None,
    }
}

fn unanswered(failure: &Failure) -> Posted {
    let said = failure.title().trim_end_matches('.').to_ascii_lowercase();
    Posted::Unanswered(advice::no_answer(&said))
}

fn path(id: &Hash) -> String {
    "/blockchain/transactions/".to_owned() + &id.to_string()
}

fn is_kept(shelf: Kept, id: &Hash) -> bool {
    untrack(|| shelf.with(|shelf| shelf.outbox.get(id).is_some())).unwrap_or(false)
}

fn observe(shelf: Kept, following: Following, id: &Hash, facts: &Facts) {
    let mut said = None;
    let stored = shelf.change(Kind::Outbox, &mut |shelf| {
        let told = shelf.outbox.observe(id, facts);
        said = match (told, shelf.outbox.get(id)) {
            (None | Some(Told::Received), _) => None,
            (Some(Told::Settled), _) => Some("A payment has 6 confirmations: it is settled.".to_owned()),
            (Some(_), item) => item.map(|item| item.notice().what),
        };
        Ok(())
    });
    if said.is_some() {
        following.told.set(said);
    }
    following.trouble.set(stored.err());
}

/// What is known of a sender: the number of the next transfer, and the height at which that holds.
type Known = (PublicKey, Option<(u64, u64)>);

/// Asks the node about the transfers in the outbox. `account` is what it said of the account that is followed, just
/// before; `history` is the newest page of that account's history.
pub(super) async fn ask(ledger: Ledger, followed: &Followed, account: Option<(u64, u64)>, history: &[HistoryEntry]) {
    let (following, version) = (ledger.following, ledger.version());
    let asks_all = following.asks_all.get_value();
    let items = untrack(|| {
        ledger.shelf.with(|shelf| {
            let items = shelf.outbox.items().iter().filter(|item| asks_all || !item.is_ended());
            items.map(|item| (item.id, item.signed.clone())).collect::<Vec<_>>()
        })
    });
    let mut senders: Vec<Known> = Vec::new();
    if let Ok(own) = address::decode(&followed.prefix, &followed.address) {
        senders.push((own, account));
    }
    for (id, signed) in items.unwrap_or_default() {
        let (sender, nonce) = (signed.transfer.sender, signed.transfer.nonce);
        if untrack(|| following.is_posting(&id)) {
            continue;
        }
        // The account first: one that is mined between the two answers would seem to be replaced otherwise.
        if !senders.iter().any(|(key, _)| *key == sender) {
            senders.push((sender, account_of(followed, &sender).await));
        }
        let answer = api::get::<TransactionJson>(&path(&id)).await;
        if ledger.version() != version {
            return;
        }
        if untrack(|| following.is_posting(&id)) {
            continue;
        }
        match answer {
            Ok(json) => {
                let findings = verify::transaction(&json, &id.to_string(), &followed.genesis, &followed.prefix);
                if holds(&findings) {
                    observe(ledger.shelf, following, &id, &Facts::from(&json.standing));
                }
                following.keep(id, Some(findings));
            }
            Err(failure) if failure.is_absence() => {
                let known = senders.iter().find(|(key, _)| *key == sender);
                if let Some((next_nonce, tip)) = known.and_then(|(_, known)| *known) {
                    let holder = holder(history, &address::encode(&followed.prefix, &sender), nonce);
                    let facts = Facts::Absent {
                        next_nonce,
                        tip,
                        holder,
                    };
                    observe(ledger.shelf, following, &id, &facts);
                    following.keep(id, None);
                }
            }
            // The node is away: the next round asks again.
            Err(_) => return,
        }
    }
    if ledger.version() == version {
        following.asks_all.set_value(false);
    }
}

async fn account_of(followed: &Followed, key: &PublicKey) -> Option<(u64, u64)> {
    let sender = address::encode(&followed.prefix, key);
    let account = api::get::<AccountJson>(&format!("/blockchain/accounts/{sender}"))
        .await
        .ok()?;
    let findings = verify::account(&account, &sender, &followed.genesis, &followed.prefix);
    holds(&findings).then_some((account.nonce, account.header.height))
}

/// The mined transfer of a sender with a number, where the history shows it.
fn holder(history: &[HistoryEntry], sender: &str, nonce: u64) -> Option<Hash> {
    let is_it = |entry: &&HistoryEntry| {
        let transfer = entry.transfer.as_ref();
        entry.height.is_some()
            && transfer.is_some_and(|transfer| transfer.nonce == nonce && transfer.sender_address == sender)
    };
    history.iter().find(is_it).map(|entry| entry.id)
}
