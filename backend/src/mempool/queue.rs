//! The indexes of the mempool, kept in step: every pending transfer stands in all of them or in none.

use std::{ops::Range, sync::Arc};

use imbl::{OrdMap, OrdSet};
use shared::{hash::Hash, key::PublicKey, state::Account};

use super::entry::{Entry, Place};

/// The pending transfers of one sender.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    /// The sender's mined state.
    pub(super) account: Account,
    /// The first nonce that is missing.
    pub(super) next_nonce: u64,
    /// The first nonce that is missing, or that the balance does not reach: those before it can be mined one after another.
    ready_end: u64,
    /// What those before it take.
    ready_total: u128,
    /// What all of them take.
    pub(super) total: u128,
    pub(super) transfers: OrdMap<u64, Arc<Entry>>,
    /// What is borne of them, as blocks were undone.
    leave: Leave,
}

/// How far a sender's pending transfers may go beyond its balance, and beyond the first nonce that is missing.
#[derive(Debug, Clone, Copy, Default)]
struct Leave {
    /// In base units.
    shortage: u128,
    /// The highest nonce that is borne whatever is missing.
    nonce: u64,
}

impl Queue {
    fn new(account: Account) -> Self {
        Self {
            account,
            next_nonce: account.nonce,
            ready_end: account.nonce,
            ready_total: 0,
            total: 0,
            transfers: OrdMap::new(),
            leave: Leave::default(),
        }
    }

    fn balance(&self) -> u128 {
        u128::from(self.account.balance.units())
    }

    /// The nonces of those that can be mined one after another.
    const fn ready(&self) -> Range<u64> {
        self.account.nonce..self.ready_end
    }

    /// The nonces of those that could, if the sender had enough.
    fn unfunded(&self) -> Range<u64> {
        self.ready_end..self.next_nonce
    }

    /// By how much they take more than the sender has.
    fn shortage(&self) -> u128 {
        self.total.saturating_sub(self.balance())
    }

    /// Bears what is pending now, though it may be too much.
    fn bear(&mut self) {
        self.leave = Leave {
            shortage: self.leave.shortage.max(self.shortage()),
            nonce: self.transfers.get_max().map_or(0, |(nonce, _)| *nonce),
        };
    }

    /// What is borne becomes less as less is needed.
    fn bear_no_more(&mut self) {
        self.leave.shortage = self.leave.shortage.min(self.shortage());
    }

    /// The last transfer, when it is one too many.
    fn excess(&mut self, nonce_gap: u64) -> Option<Arc<Entry>> {
        let (nonce, last) = self.transfers.get_max()?;
        let is_far = nonce.saturating_sub(self.next_nonce) > nonce_gap;
        if self.shortage() > self.leave.shortage || (is_far && *nonce > self.leave.nonce) {
            return Some(Arc::clone(last));
        }
        self.bear_no_more();
        if !is_far {
            self.leave.nonce = 0;
        }
        None
    }
}

/// What a recipient would get.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Incoming {
    pub(super) total: u128,
    count: usize,
}

/// All indexes. A clone shares everything and takes constant time.
#[derive(Debug, Clone, Default)]
pub(super) struct Indexes {
    pub(super) bytes: usize,
    pub(super) entries: OrdMap<Hash, Arc<Entry>>,
    pub(super) queues: OrdMap<PublicKey, Queue>,
    /// Those that can be mined after those of lower nonces, best first.
    pub(super) ready: OrdMap<Place, Arc<Entry>>,
    /// Those that cannot, as others are missing.
    pub(super) waiting: OrdMap<Place, Arc<Entry>>,
    /// The first of each sender, where it is ready.
    pub(super) heads: OrdMap<Place, Arc<Entry>>,
    pub(super) incoming: OrdMap<PublicKey, Incoming>,
    pub(super) by_recipient: OrdSet<(PublicKey, Hash)>,
    /// By the last height, for those that have one.
    pub(super) by_expiry: OrdSet<(u64, Hash)>,
    pub(super) by_age: OrdSet<(u64, Hash)>,
}

impl Indexes {
    /// Puts an entry in, whose nonce is free. `account` is the sender's, and counts when it has nothing else pending.
    pub(super) fn insert(&mut self, entry: &Arc<Entry>, account: Account) {
        self.insert_plain(entry);
        let mut queue = self
            .queues
            .remove(&entry.sender())
            .unwrap_or_else(|| Queue::new(account));
        queue.total += entry.cost();
        queue.transfers.insert(entry.nonce(), Arc::clone(entry));
        self.waiting.insert(entry.place(), Arc::clone(entry));
        self.promote(&mut queue);
        self.queues.insert(entry.sender(), queue);
    }

    /// Takes an entry out. Those after it wait from now on.
    pub(super) fn remove(&mut self, entry: &Arc<Entry>) {
        let Some(mut queue) = self.queues.remove(&entry.sender()) else {
            return;
        };
        self.remove_plain(entry);
        self.demote(&mut queue, entry.nonce());
        queue.next_nonce = queue.next_nonce.min(entry.nonce().max(queue.account.nonce));
        self.waiting.remove(&entry.place());
        queue.transfers.remove(&entry.nonce());
        queue.total -= entry.cost();
        queue.bear_no_more();
        if !queue.transfers.is_empty() {
            self.queues.insert(entry.sender(), queue);
        }
    }

    /// Puts an entry in the place of another of the same sender and nonce.
    pub(super) fn replace(&mut self, old: &Arc<Entry>, new: &Arc<Entry>) {
        self.remove_plain(old);
        self.insert_plain(new);
        for index in [&mut self.ready, &mut self.waiting, &mut self.heads] {
            if index.remove(&old.place()).is_some() {
                index.insert(new.place(), Arc::clone(new));
            }
        }
        let Some(mut queue) = self.queues.remove(&new.sender()) else {
            return;
        };
        queue.total = queue.total - old.cost() + new.cost();
        if queue.ready().contains(&old.nonce()) {
            queue.ready_total = queue.ready_total - old.cost() + new.cost();
        }
        queue.transfers.insert(new.nonce(), Arc::clone(new));
        queue.bear_no_more();
        self.fit(&mut queue);
        self.queues.insert(new.sender(), queue);
    }

    /// Sets what the chain says of a sender, and gives out the entries whose nonces are used up.
    pub(super) fn set_account(&mut self, key: &PublicKey, account: Account) -> Vec<Arc<Entry>> {
        let Some(mut queue) = self.queues.remove(key) else {
            return Vec::new();
        };
        let mut used = Vec::new();
        if account.nonce < queue.account.nonce {
            self.demote(&mut queue, 0);
            (queue.next_nonce, queue.ready_end) = (account.nonce, account.nonce);
        }
        let ready = queue.ready();
        while let Some((nonce, entry)) = queue.transfers.get_min().filter(|(nonce, _)| *nonce < account.nonce) {
            let (nonce, entry) = (*nonce, Arc::clone(entry));
            self.remove_plain(&entry);
            for index in [&mut self.ready, &mut self.waiting, &mut self.heads] {
                index.remove(&entry.place());
            }
            queue.transfers.remove(&nonce);
            queue.total -= entry.cost();
            if ready.contains(&nonce) {
                queue.ready_total -= entry.cost();
            }
            used.push(entry);
        }
        queue.account = account;
        queue.next_nonce = queue.next_nonce.max(account.nonce);
        queue.ready_end = queue.ready_end.max(account.nonce);
        self.fit(&mut queue);
        if queue.ready_end > account.nonce
            && let Some(head) = queue.transfers.get(&account.nonce)
        {
            self.heads.insert(head.place(), Arc::clone(head));
        }
        if !queue.transfers.is_empty() {
            self.queues.insert(*key, queue);
        }
        used
    }

    /// Bears all that a sender has pending now, though it may be more than it has.
    pub(super) fn bear(&mut self, key: &PublicKey) {
        if let Some(queue) = self.queues.get_mut(key) {
            queue.bear();
        }
    }

    /// The last of a sender's entries, when it is one too many.
    pub(super) fn excess(&mut self, key: &PublicKey, nonce_gap: u64) -> Option<Arc<Entry>> {
        self.queues.get_mut(key)?.excess(nonce_gap)
    }

    /// Whether nothing but money is missing to an entry, or to one before it.
    pub(super) fn is_unfunded(&self, entry: &Entry) -> bool {
        let queue = self.queues.get(&entry.sender());
        queue.is_some_and(|queue| queue.unfunded().contains(&entry.nonce()))
    }

    /// The entry that can be mined right after another.
    pub(super) fn next_ready(&self, entry: &Entry) -> Option<&Arc<Entry>> {
        let queue = self.queues.get(&entry.sender())?;
        let next = entry.nonce() + 1;
        queue.transfers.get(&next).filter(|_| next < queue.ready_end)
    }

    /// The entries of a sender from a nonce on, last first: in this order they can be taken out without moving others.
    pub(super) fn of_sender_from(&self, sender: &PublicKey, nonce: u64) -> Vec<Arc<Entry>> {
        let Some(queue) = self.queues.get(sender) else {
            return Vec::new();
        };
        let entries = queue.transfers.range(nonce..).map(|(_, entry)| Arc::clone(entry));
        let mut entries: Vec<_> = entries.collect();
        entries.reverse();
        entries
    }

    /// Makes ready as much as the balance reaches, and no more.
    fn fit(&mut self, queue: &mut Queue) {
        while queue.ready_total > queue.balance() {
            let last = queue.ready_end - 1;
            self.demote(queue, last);
        }
        self.promote(queue);
    }

    /// Makes ready what follows on without a gap, as far as the balance reaches.
    fn promote(&mut self, queue: &mut Queue) {
        while queue.transfers.contains_key(&queue.next_nonce) {
            queue.next_nonce += 1;
        }
        while let Some(entry) = queue.transfers.get(&queue.ready_end)
            && queue.ready_total + entry.cost() <= queue.balance()
        {
            self.waiting.remove(&entry.place());
            self.ready.insert(entry.place(), Arc::clone(entry));
            if entry.nonce() == queue.account.nonce {
                self.heads.insert(entry.place(), Arc::clone(entry));
            }
            queue.ready_total += entry.cost();
            queue.ready_end += 1;
        }
    }

    /// Makes wait what is ready from a nonce on.
    fn demote(&mut self, queue: &mut Queue, nonce: u64) {
        if nonce >= queue.ready_end {
            return;
        }
        // Those of undone blocks come before the chain's nonce for a while.
        let first = nonce.max(queue.account.nonce);
        for (_, entry) in queue.transfers.range(first..queue.ready_end) {
            self.ready.remove(&entry.place());
            self.heads.remove(&entry.place());
            self.waiting.insert(entry.place(), Arc::clone(entry));
            queue.ready_total -= entry.cost();
        }
        queue.ready_end = first;
    }

    fn insert_plain(&mut self, entry: &Arc<Entry>) {
        let (id, order) = (entry.id(), entry.order());
        self.bytes += entry.size;
        self.entries.insert(id, Arc::clone(entry));
        let mut incoming = self.incoming.get(&order.recipient).copied().unwrap_or_default();
        incoming.total += u128::from(order.amount.units());
        incoming.count += 1;
        self.incoming.insert(order.recipient, incoming);
        self.by_recipient.insert((order.recipient, id));
        if order.valid_until != 0 {
            self.by_expiry.insert((order.valid_until, id));
        }
        self.by_age.insert((entry.since_ms, id));
    }

    fn remove_plain(&mut self, entry: &Arc<Entry>) {
        let (id, order) = (entry.id(), entry.order());
        self.bytes -= entry.size;
        self.entries.remove(&id);
        if let Some(incoming) = self.incoming.get_mut(&order.recipient) {
            incoming.total -= u128::from(order.amount.units());
            incoming.count -= 1;
            if incoming.count == 0 {
                self.incoming.remove(&order.recipient);
            }
        }
        self.by_recipient.remove(&(order.recipient, id));
        self.by_expiry.remove(&(order.valid_until, id));
        self.by_age.remove(&(entry.since_ms, id));
    }
}
