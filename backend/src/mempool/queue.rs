//! The indexes of the mempool, kept in step: every pending transfer stands in all of them or in none.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use shared::{hash::Hash, key::PublicKey, state::Account};

use super::entry::{Entry, Place};

/// The pending transfers of one sender.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    /// The sender's mined state.
    pub(super) account: Account,
    /// The first nonce that is missing: those before it can be mined one after another.
    pub(super) next_nonce: u64,
    /// What all of them take.
    pub(super) total: u128,
    pub(super) transfers: OrdMap<u64, Arc<Entry>>,
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
        let mut queue = self.queues.remove(&entry.sender()).unwrap_or_else(|| Queue {
            account,
            next_nonce: account.nonce,
            total: 0,
            transfers: OrdMap::new(),
        });
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
        self.waiting.remove(&entry.place());
        queue.transfers.remove(&entry.nonce());
        queue.total -= entry.cost();
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
        if let Some(queue) = self.queues.get_mut(&new.sender()) {
            queue.total = queue.total - old.cost() + new.cost();
            queue.transfers.insert(new.nonce(), Arc::clone(new));
        }
    }

    /// Sets what the chain says of a sender, and gives out the entries whose nonces are used up.
    pub(super) fn set_account(&mut self, key: &PublicKey, account: Account) -> Vec<Arc<Entry>> {
        let Some(mut queue) = self.queues.remove(key) else {
            return Vec::new();
        };
        let mut used = Vec::new();
        if account.nonce < queue.account.nonce {
            self.demote(&mut queue, 0);
            queue.next_nonce = account.nonce;
        }
        while let Some((_, entry)) = queue.transfers.get_min().filter(|(nonce, _)| *nonce < account.nonce) {
            let entry = Arc::clone(entry);
            self.remove_plain(&entry);
            for index in [&mut self.ready, &mut self.waiting, &mut self.heads] {
                index.remove(&entry.place());
            }
            queue.transfers.remove(&entry.nonce());
            queue.total -= entry.cost();
            used.push(entry);
        }
        queue.account = account;
        queue.next_nonce = queue.next_nonce.max(account.nonce);
        self.promote(&mut queue);
        if let Some(head) = queue.transfers.get(&account.nonce) {
            self.heads.insert(head.place(), Arc::clone(head));
        }
        if !queue.transfers.is_empty() {
            self.queues.insert(*key, queue);
        }
        used
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

    /// Makes ready what follows on without a gap.
    fn promote(&mut self, queue: &mut Queue) {
        while let Some(entry) = queue.transfers.get(&queue.next_nonce) {
            self.waiting.remove(&entry.place());
            self.ready.insert(entry.place(), Arc::clone(entry));
            if entry.nonce() == queue.account.nonce {
                self.heads.insert(entry.place(), Arc::clone(entry));
            }
            queue.next_nonce += 1;
        }
    }

    /// Makes wait what is ready from a nonce on.
    fn demote(&mut self, queue: &mut Queue, nonce: u64) {
        if nonce >= queue.next_nonce {
            return;
        }
        for (_, entry) in queue.transfers.range(nonce..queue.next_nonce) {
            self.ready.remove(&entry.place());
            self.heads.remove(&entry.place());
            self.waiting.insert(entry.place(), Arc::clone(entry));
        }
        queue.next_nonce = nonce.max(queue.account.nonce);
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
