//! Blocks whose parent is unknown. Bounded in number and bytes; the oldest go first.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use shared::{hash::Hash, rules::VerifiedBlock};

const MAX_COUNT: usize = 1_024;
const MAX_BYTES: usize = 64 << 20;

#[derive(Default)]
pub(super) struct Orphans {
    blocks: BTreeMap<Hash, (VerifiedBlock, usize)>,
    by_parent: BTreeSet<(Hash, Hash)>,
    /// By arrival; may still name some that are gone.
    order: VecDeque<Hash>,
    bytes: usize,
    /// Those whose parent has come.
    adopted: VecDeque<VerifiedBlock>,
}

impl Orphans {
    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    pub(super) fn contains(&self, hash: &Hash) -> bool {
        self.blocks.contains_key(hash)
    }

    pub(super) fn insert(&mut self, block: VerifiedBlock) {
        let bytes = block.encoded_len();
        let hash = block.hash();
        self.by_parent.insert((block.header().previous_hash, hash));
        self.order.push_back(hash);
        self.bytes += bytes;
        self.blocks.insert(hash, (block, bytes));
        while self.len() > MAX_COUNT || self.bytes > MAX_BYTES {
            let Some(oldest) = self.order.pop_front() else { return };
            self.take(&oldest);
        }
    }

    /// Notes that a block is known now: those that wait for it can go on.
    pub(super) fn adopt(&mut self, parent: &Hash) {
        let range = (*parent, Hash::ZERO)..=(*parent, Hash([0xff; 32]));
        let children: Vec<Hash> = self.by_parent.range(range).map(|(_, child)| *child).collect();
        for child in children {
            if let Some(block) = self.take(&child) {
                self.adopted.push_back(block);
            }
        }
        if self.blocks.is_empty() {
            self.order.clear();
        }
    }

    pub(super) fn next_adopted(&mut self) -> Option<VerifiedBlock> {
        self.adopted.pop_front()
    }

    fn take(&mut self, hash: &Hash) -> Option<VerifiedBlock> {
        let (block, bytes) = self.blocks.remove(hash)?;
        self.bytes -= bytes;
        self.by_parent.remove(&(block.header().previous_hash, *hash));
        Some(block)
    }
}
