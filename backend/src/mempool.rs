//! The transfers that wait for a block: a plain state machine, whose clones are cheap snapshots.
//!
//! A transfer is *ready* when all earlier ones of its sender are mined or pending and the sender's balance suffices for it
//! after these, else it is *waiting*. Ready transfers go into blocks by fee rate. When the mempool is full, the cheapest
//! give way: waiting ones first, as they cost their sender nothing.
//!
//! Nothing is taken by which a sender would lack more than before. But when blocks are undone, the money that a transfer needs
//! may be undone with them: it waits then until its sender has as much again.

mod entry;
mod error;
mod query;
mod queue;
mod select;
mod taken;

use std::sync::Arc;

use shared::{amount::Amount, hash::Hash, key::PublicKey, state::Account, transaction::VerifiedTransfer};

use entry::Place;
use queue::Indexes;

pub use entry::Entry;
pub use error::{DropReason, Dropped, MempoolError};
pub use query::PendingChange;
pub use taken::Taken;

/// How much the mempool holds, and what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The greatest number of transfers.
    pub count: usize,
    /// Their greatest encoded length together, in bytes.
    pub bytes: usize,
    /// The greatest number of transfers of one sender.
    pub per_sender: usize,
    /// How far a nonce may be ahead of the first that is missing.
    pub nonce_gap: u64,
    /// The least fee, in base units for 1,000 bytes.
    pub fee_rate: u64,
    /// How long a transfer may wait, in milliseconds.
    pub age_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            count: 100_000,
            bytes: 64 << 20,
            per_sender: 10_000,
            nonce_gap: 64,
            fee_rate: 0,
            age_ms: 72 * 3_600_000,
        }
    }
}

/// A transfer that was taken in.
#[derive(Debug, Clone)]
pub struct Added {
    /// The transfer.
    pub entry: Arc<Entry>,
    /// What had to leave for it.
    pub dropped: Vec<Dropped>,
}

/// The pending transfers. A clone is a snapshot and takes constant time.
#[derive(Debug, Clone, Default)]
pub struct Mempool {
    limits: Limits,
    /// The tip's height.
    height: u64,
    arrivals: u64,
    indexes: Indexes,
}

impl Mempool {
    /// An empty mempool on a chain of this height.
    #[must_use]
    pub fn new(limits: Limits, height: u64) -> Self {
        Self {
            limits,
            height,
            ..Self::default()
        }
    }

    /// Takes a transfer in, whose sender's mined state is `account`.
    ///
    /// A pending transfer with the same nonce is replaced when the fee is at least a tenth higher, and at least one unit
    /// or the least fee, whichever is more.
    ///
    /// # Errors
    /// [`MempoolError`] with the reason; nothing is changed.
    pub fn add(&mut self, transfer: VerifiedTransfer, account: Account, now_ms: u64) -> Result<Added, MempoolError> {
        let entry = Arc::new(Entry::new(transfer, now_ms, self.arrivals));
        self.check_alone(&entry, account)?;
        let queue = self.indexes.queues.get(&entry.sender());
        let next_nonce = queue.map_or(account.nonce, |queue| queue.next_nonce);
        let replaced = queue.and_then(|queue| queue.transfers.get(&entry.nonce())).cloned();
        if let Some(old) = &replaced {
            self.check_replacement(&entry, old)?;
        } else {
            if entry.nonce().saturating_sub(next_nonce) > self.limits.nonce_gap {
                return Err(MempoolError::NonceGapTooLarge {
                    next: next_nonce,
                    found: entry.nonce(),
                    limit: self.limits.nonce_gap,
                });
            }
            let limit = self.limits.per_sender;
            if queue.is_some_and(|queue| queue.transfers.len() >= limit) {
                return Err(MempoolError::SenderLimit { limit });
            }
        }
        let before = queue.map_or(0, |queue| queue.total);
        let pending = before - replaced.as_ref().map_or(0, |old| old.cost());
        // Who has too little for what waits may still make that less.
        if pending + entry.cost() > before.max(account.balance.units().into()) {
            return Err(MempoolError::InsufficientBalance {
                needed: amount(entry.cost()),
                pending: amount(pending),
                available: account.balance,
            });
        }
        let mut dropped = Vec::new();
        if let Some(old) = replaced {
            self.indexes.replace(&old, &entry);
            let reason = DropReason::Replaced { by: entry.id() };
            dropped.push(Dropped { id: old.id(), reason });
        } else {
            self.make_room(&entry, next_nonce, &mut dropped)?;
            self.indexes.insert(&entry, account);
        }
        self.arrivals += 1;
        Ok(Added { entry, dropped })
    }

    /// Takes back a transfer of a block that was undone, or one that was stored. Its fee and the sender's balance are not
    /// looked at: call [`Mempool::return_to`] afterwards. `taken` is that of [`Mempool::advance`].
    ///
    /// # Errors
    /// When it can no longer be mined at all, or its nonce is taken.
    pub fn restore(
        &mut self,
        transfer: VerifiedTransfer,
        account: Account,
        since_ms: u64,
        taken: &Taken,
    ) -> Result<Arc<Entry>, DropReason> {
        let entry = Arc::new(Entry::new(transfer, since_ms, self.arrivals));
        let valid_until = entry.order().valid_until;
        if valid_until != 0 && valid_until <= self.height {
            return Err(DropReason::Expired);
        }
        let queue = self.indexes.queues.get(&entry.sender());
        let other = queue.and_then(|queue| queue.transfers.get(&entry.nonce()));
        if let Some(by) = other.map(|other| other.id()) {
            return Err(DropReason::Replaced { by });
        }
        if entry.nonce() < account.nonce {
            return Err(reason_of(taken.by(entry.order())));
        }
        self.indexes.insert(&entry, account);
        self.arrivals += 1;
        Ok(entry)
    }

    /// Follows the chain to a new tip: `changed` are the accounts that are not as before, `taken` is what the blocks since have.
    /// Gives what was dropped.
    pub fn advance(
        &mut self,
        height: u64,
        changed: impl IntoIterator<Item = (PublicKey, Account)>,
        taken: &Taken,
    ) -> Vec<Dropped> {
        self.follow(height, changed, taken, false)
    }

    /// The same after blocks were undone, or the pending transfers were read from the store: what the senders have too little
    /// for waits.
    pub fn return_to(
        &mut self,
        height: u64,
        changed: impl IntoIterator<Item = (PublicKey, Account)>,
        taken: &Taken,
    ) -> Vec<Dropped> {
        self.follow(height, changed, taken, true)
    }

    fn follow(
        &mut self,
        height: u64,
        changed: impl IntoIterator<Item = (PublicKey, Account)>,
        taken: &Taken,
        bears: bool,
    ) -> Vec<Dropped> {
        self.height = height;
        let (mut dropped, mut senders) = (Vec::new(), Vec::new());
        for (key, account) in changed {
            for entry in self.indexes.set_account(&key, account) {
                let by = taken.by(entry.order());
                if by != Some(entry.id()) {
                    drop_as(&entry, reason_of(by), &mut dropped);
                }
            }
            senders.push(key);
        }
        let expired = self.indexes.by_expiry.range(..(height.saturating_add(1), Hash::ZERO));
        let expired: Vec<Hash> = expired.map(|(_, id)| *id).collect();
        senders.extend(self.drop_all(&expired, DropReason::Expired, &mut dropped));
        for key in senders {
            if bears {
                self.indexes.bear(&key);
            }
            self.trim(&key, &mut dropped);
        }
        dropped
    }

    /// Drops what has waited too long.
    pub fn expire(&mut self, now_ms: u64) -> Vec<Dropped> {
        let oldest = now_ms.saturating_sub(self.limits.age_ms);
        let aged = self.indexes.by_age.range(..(oldest, Hash::ZERO));
        let aged: Vec<Hash> = aged.map(|(_, id)| *id).collect();
        let mut dropped = Vec::new();
        for key in self.drop_all(&aged, DropReason::Aged, &mut dropped) {
            self.trim(&key, &mut dropped);
        }
        dropped
    }

    /// What a transfer must be, whatever else is pending.
    fn check_alone(&self, entry: &Entry, account: Account) -> Result<(), MempoolError> {
        let (id, order) = (entry.id(), entry.order());
        if self.indexes.entries.contains_key(&id) {
            return Err(MempoolError::AlreadyPending { id });
        }
        if order.nonce < account.nonce {
            return Err(MempoolError::NonceTooLow {
                expected: account.nonce,
                found: order.nonce,
            });
        }
        if order.valid_until != 0 && order.valid_until <= self.height {
            return Err(MempoolError::Expired {
                valid_until: order.valid_until,
                height: self.height + 1,
            });
        }
        let minimum = self.relay_fee(entry.size);
        if order.fee < minimum {
            return Err(MempoolError::FeeTooLow {
                fee: order.fee,
                minimum,
            });
        }
        Ok(())
    }

    fn check_replacement(&self, entry: &Entry, old: &Entry) -> Result<(), MempoolError> {
        let (fee, old_fee) = (entry.order().fee, old.order().fee.units());
        let step = old_fee.div_ceil(10).max(self.relay_fee(entry.size).units()).max(1);
        let minimum = Amount::from_units(old_fee.saturating_add(step));
        if fee < minimum {
            return Err(MempoolError::ReplacementFeeTooLow {
                pending: old.id(),
                fee,
                minimum,
            });
        }
        Ok(())
    }

    /// Evicts until an entry fits, or changes nothing.
    fn make_room(&mut self, entry: &Entry, next_nonce: u64, dropped: &mut Vec<Dropped>) -> Result<(), MempoolError> {
        if self.fits(entry.size) {
            return Ok(());
        }
        let is_ready = entry.nonce() == next_nonce;
        let is_other = |(_, victim): &(&Place, &Arc<Entry>)| victim.sender() != entry.sender();
        let mut rest = self.indexes.clone();
        while !self.fits_in(&rest, entry.size) {
            // A sender's own transfers do not give way: that would open a gap before the new one.
            let waiting = rest.waiting.iter().rev().find(is_other);
            let waiting = waiting.filter(|(place, _)| is_ready || entry.place().pays_more(place));
            let victim = match waiting {
                Some((_, victim)) => Arc::clone(victim),
                None if is_ready => {
                    let Some((place, victim)) = rest.ready.iter().rev().find(is_other) else {
                        return Err(MempoolError::SenderLimit {
                            limit: self.limits.count,
                        });
                    };
                    if !entry.place().pays_more(place) {
                        return Err(MempoolError::Full {
                            fee: entry.order().fee,
                            minimum: place.more_than(entry.size),
                        });
                    }
                    Arc::clone(victim)
                }
                None => return Err(MempoolError::FullForWaiting { next: next_nonce }),
            };
            for entry in rest.of_sender_from(&victim.sender(), victim.nonce()) {
                rest.remove(&entry);
                drop_as(&entry, DropReason::Evicted, dropped);
            }
        }
        self.indexes = rest;
        Ok(())
    }

    /// Drops the last of a sender's transfers until the balance suffices and no nonce is too far ahead, but for what is borne.
    fn trim(&mut self, key: &PublicKey, dropped: &mut Vec<Dropped>) {
        while let Some(last) = self.indexes.excess(key, self.limits.nonce_gap) {
            self.indexes.remove(&last);
            drop_as(&last, DropReason::Invalid, dropped);
        }
    }

    /// Drops transfers, and gives their senders.
    fn drop_all(&mut self, ids: &[Hash], reason: DropReason, dropped: &mut Vec<Dropped>) -> Vec<PublicKey> {
        let mut senders = Vec::new();
        for id in ids {
            let Some(entry) = self.indexes.entries.get(id).cloned() else {
                continue;
            };
            self.indexes.remove(&entry);
            drop_as(&entry, reason, dropped);
            senders.push(entry.sender());
        }
        senders
    }

    fn fits(&self, size: usize) -> bool {
        self.fits_in(&self.indexes, size)
    }

    fn fits_in(&self, indexes: &Indexes, size: usize) -> bool {
        indexes.entries.len() < self.limits.count && indexes.bytes + size <= self.limits.bytes
    }

    /// The least fee with which the node passes on a transfer of `size` bytes.
    fn relay_fee(&self, size: usize) -> Amount {
        let units = (u128::from(self.limits.fee_rate) * size as u128).div_ceil(1_000);
        amount(units)
    }
}

/// Why a transfer is dropped whose nonce is used up, by another one if that is known.
fn reason_of(by: Option<Hash>) -> DropReason {
    by.map_or(DropReason::Invalid, |by| DropReason::Replaced { by })
}

fn drop_as(entry: &Entry, reason: DropReason, dropped: &mut Vec<Dropped>) {
    dropped.push(Dropped { id: entry.id(), reason });
}

fn amount(units: u128) -> Amount {
    Amount::from_units(u64::try_from(units).unwrap_or(u64::MAX))
}
