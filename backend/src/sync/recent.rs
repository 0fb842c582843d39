//! Hashes that were seen lately, in bounded number.

use std::collections::{BTreeSet, VecDeque};

use shared::hash::Hash;

/// The last hashes that were put in. The oldest is forgotten first.
pub(super) struct Recent {
    known: BTreeSet<Hash>,
    order: VecDeque<Hash>,
    limit: usize,
}

impl Recent {
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            known: BTreeSet::new(),
            order: VecDeque::new(),
            limit,
        }
    }

    pub(super) fn contains(&self, hash: &Hash) -> bool {
        self.known.contains(hash)
    }

    pub(super) fn insert(&mut self, hash: Hash) {
        if self.known.insert(hash) {
            self.order.push_back(hash);
        }
        if self.order.len() > self.limit
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    pub(super) fn clear(&mut self) {
        self.known.clear();
        self.order.clear();
    }
}
