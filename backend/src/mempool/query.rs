//! What can be asked of the pending transfers.

use std::{iter, ops::Bound, sync::Arc};

use imbl::OrdMap;
use shared::{amount::Amount, hash::Hash, key::PublicKey, state::Account};

use super::{Entry, Mempool, amount, entry::Place};

/// What the pending transfers would change for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingChange {
    /// Incoming base units.
    pub incoming: Amount,
    /// Outgoing base units, fees included.
    pub outgoing: Amount,
    /// The nonce that the account's next transfer takes.
    pub next_nonce: u64,
}

impl Mempool {
    /// How many transfers are pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.indexes.entries.len()
    }

    /// Whether none is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.indexes.entries.is_empty()
    }

    /// Their encoded length together, in bytes.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.indexes.bytes
    }

    /// Whether any could be mined at once.
    #[must_use]
    pub fn has_ready(&self) -> bool {
        !self.indexes.heads.is_empty()
    }

    /// A pending transfer.
    #[must_use]
    pub fn get(&self, id: &Hash) -> Option<&Arc<Entry>> {
        self.indexes.entries.get(id)
    }

    /// The one pending transfer whose id begins with these bytes; none when there are several.
    #[must_use]
    pub fn by_short_id(&self, short: &[u8; 8]) -> Option<&Arc<Entry>> {
        let (mut first, mut last) = ([0; 32], [0xff; 32]);
        first[..8].copy_from_slice(short);
        last[..8].copy_from_slice(short);
        let mut found = self.indexes.entries.range(Hash(first)..=Hash(last));
        let (_, entry) = found.next()?;
        found.next().is_none().then_some(entry)
    }

    /// The place of a pending transfer by fee rate, counted from 1. Takes time in proportion to it.
    #[must_use]
    pub fn place(&self, id: &Hash) -> Option<usize> {
        let place = self.get(id)?.place();
        let before = |index: &OrdMap<Place, Arc<Entry>>| index.range(..place).count();
        Some(before(&self.indexes.ready) + before(&self.indexes.waiting) + 1)
    }

    /// Whether it cannot be mined yet: an earlier transfer of its sender is missing, or a payment to it that was undone.
    #[must_use]
    pub fn is_waiting(&self, entry: &Entry) -> bool {
        self.indexes.waiting.contains_key(&entry.place())
    }

    /// Whether it waits for money that its sender had before blocks were undone. A node where that was not so does not want it.
    #[must_use]
    pub fn is_unfunded(&self, entry: &Entry) -> bool {
        self.indexes.is_unfunded(entry)
    }

    /// All by fee rate, highest first: those after the one called `after`, or from the start. None when `after` is not
    /// pending.
    pub fn by_rate(&self, after: Option<&Hash>) -> Option<impl Iterator<Item = &Arc<Entry>>> {
        let from = match after {
            Some(id) => Bound::Excluded(self.get(id)?.place()),
            None => Bound::Unbounded,
        };
        let range = (from, Bound::Unbounded);
        let mut ready = self.indexes.ready.range(range).peekable();
        let mut waiting = self.indexes.waiting.range(range).peekable();
        Some(iter::from_fn(move || {
            let next = match (ready.peek(), waiting.peek()) {
                (Some((first, _)), Some((second, _))) if second < first => waiting.next(),
                (None, _) => waiting.next(),
                _ => ready.next(),
            };
            next.map(|(_, entry)| entry)
        }))
    }

    /// Those that `key` sends, by nonce, and then those that others send to it.
    pub fn of_account(&self, key: &PublicKey) -> impl Iterator<Item = &Arc<Entry>> {
        let key = *key;
        let sent = self.indexes.queues.get(&key).map(|queue| queue.transfers.values());
        let received = self
            .indexes
            .by_recipient
            .range((key, Hash::ZERO)..=(key, Hash([0xff; 32])))
            .filter_map(|(_, id)| self.indexes.entries.get(id))
            .filter(move |entry| entry.sender() != key);
        sent.into_iter().flatten().chain(received)
    }

    /// What they would change for `key`, whose mined state is `account`.
    #[must_use]
    pub fn pending_change(&self, key: &PublicKey, account: Account) -> PendingChange {
        let queue = self.indexes.queues.get(key);
        let incoming = self.indexes.incoming.get(key);
        PendingChange {
            incoming: amount(incoming.map_or(0, |incoming| incoming.total)),
            outgoing: amount(queue.map_or(0, |queue| queue.total)),
            next_nonce: queue.map_or(account.nonce, |queue| queue.next_nonce),
        }
    }

    /// The least fee with which a ready transfer of `size` bytes is taken now.
    #[must_use]
    pub fn minimum_fee(&self, size: usize) -> Amount {
        let relay = self.relay_fee(size);
        if self.fits(size) || !self.indexes.waiting.is_empty() {
            return relay;
        }
        let cheapest = self.indexes.ready.get_max();
        relay.max(cheapest.map_or(Amount::ZERO, |(place, _)| place.more_than(size)))
    }

    /// The least fee with which a transfer of `size` bytes is among the first `count` ready ones.
    #[must_use]
    pub fn fee_for_place(&self, count: usize, size: usize) -> Amount {
        let passed = self.indexes.ready.values().nth(count.saturating_sub(1));
        let needed = passed.map_or(Amount::ZERO, |entry| entry.place().more_than(size));
        needed.max(self.minimum_fee(size))
    }
}
