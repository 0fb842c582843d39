//! Which transfers the next block takes.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use super::{Mempool, entry::Entry};

/// How many transfers that no longer fit a block are passed over before it counts as full.
const MAX_MISFITS: usize = 64;

impl Mempool {
    /// The transfers of the next block, in its order: by fee rate, and by nonce for each sender.
    ///
    /// The time depends on how many are taken, not on how many are pending.
    #[must_use]
    pub fn select(&self, max_count: usize, max_bytes: usize) -> Vec<Arc<Entry>> {
        let mut heads = self
            .indexes
            .heads
            .iter()
            .map(|(place, entry)| (*place, entry))
            .peekable();
        // The next of each sender that was taken already.
        let mut followers = BinaryHeap::new();
        let mut taken = Vec::new();
        let (mut bytes, mut misfits) = (0, 0);
        while taken.len() < max_count && misfits < MAX_MISFITS {
            let head = heads.peek().map(|(place, _)| Reverse(*place));
            let follower = followers.peek().map(|Follower(place, _)| *place);
            let entry = if head >= follower {
                heads.next().map(|(_, entry)| entry)
            } else {
                followers.pop().map(|Follower(_, entry)| entry)
            };
            let Some(entry) = entry else { break };
            if bytes + entry.size > max_bytes {
                misfits += 1;
                continue;
            }
            bytes += entry.size;
            taken.push(Arc::clone(entry));
            if let Some(next) = self.indexes.next_ready(entry) {
                followers.push(Follower(Reverse(next.place()), next));
            }
        }
        taken
    }
}

/// An entry in a heap, by its place.
struct Follower<'a>(Reverse<super::entry::Place>, &'a Arc<Entry>);

impl Ord for Follower<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Follower<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Follower<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Follower<'_> {}
