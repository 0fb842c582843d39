//! The headers of the blocks that are kept aside. Bounded in number and bytes; those with the least work go first.

use std::collections::{BTreeMap, BTreeSet};

use ruint::aliases::U256;
use shared::{hash::Hash, rules::HeaderChain};

const MAX_COUNT: usize = 2_048;
const MAX_BYTES: usize = 256 << 20;

struct Branch {
    headers: HeaderChain,
    parent: Hash,
    bytes: usize,
}

/// Blocks beside the chain.
#[derive(Default)]
pub(super) struct Branches {
    blocks: BTreeMap<Hash, Branch>,
    by_height: BTreeSet<(u64, Hash)>,
    children: BTreeSet<(Hash, Hash)>,
    bytes: usize,
}

impl Branches {
    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    pub(super) fn contains(&self, hash: &Hash) -> bool {
        self.blocks.contains_key(hash)
    }

    pub(super) fn headers(&self, hash: &Hash) -> Option<&HeaderChain> {
        self.blocks.get(hash).map(|block| &block.headers)
    }

    /// The parent of a block that is here.
    pub(super) fn parent(&self, hash: &Hash) -> Hash {
        self.blocks.get(hash).map_or(Hash::ZERO, |block| block.parent)
    }

    pub(super) fn insert(&mut self, hash: Hash, headers: HeaderChain, parent: Hash, bytes: usize) {
        self.by_height.insert((headers.height(), hash));
        self.children.insert((parent, hash));
        self.bytes += bytes;
        let branch = Branch { headers, parent, bytes };
        self.blocks.insert(hash, branch);
    }

    pub(super) fn remove(&mut self, hash: &Hash) {
        if let Some(block) = self.blocks.remove(hash) {
            self.by_height.remove(&(block.headers.height(), *hash));
            self.children.remove(&(block.parent, *hash));
            self.bytes -= block.bytes;
        }
    }

    /// The blocks here that lead to `hash`, which is the last of them if it is here at all. Lowest first.
    pub(super) fn path_to(&self, hash: Hash) -> Vec<Hash> {
        let step = |hash: &Hash| self.blocks.get(hash).map(|block| block.parent);
        let mut path: Vec<Hash> = std::iter::successors(Some(hash), step)
            .take_while(|hash| self.contains(hash))
            .collect();
        path.reverse();
        path
    }

    /// A block and all that follow it.
    pub(super) fn with_descendants(&self, hash: Hash) -> Vec<Hash> {
        let mut found = vec![hash];
        let mut next = 0;
        while let Some(&hash) = found.get(next) {
            found.extend(self.children_of(hash));
            next += 1;
        }
        found
    }

    /// The blocks that are too low to lead to a chain that may still win, when the tip is at `height`.
    pub(super) fn outdated(&self, height: u64, max_reorg_depth: u32) -> Vec<Hash> {
        let lowest = height.saturating_sub(max_reorg_depth.into());
        let outdated = self.by_height.range(..(lowest, Hash::ZERO));
        outdated.map(|(_, hash)| *hash).collect()
    }

    /// What must go so that a block of `bytes` on a branch with `work` finds room. None: it has the least work itself.
    pub(super) fn make_room(&self, bytes: usize, work: U256) -> Option<Vec<Hash>> {
        let (mut count, mut total) = (self.len(), self.bytes);
        let mut dropped = BTreeSet::new();
        while count + 1 > MAX_COUNT || total + bytes > MAX_BYTES {
            // Only the last block of a branch: those before it are needed to reach it.
            let (hash, block) = self
                .blocks
                .iter()
                .filter(|(hash, _)| !dropped.contains(*hash))
                .filter(|(hash, _)| self.children_of(**hash).all(|child| dropped.contains(&child)))
                .min_by_key(|(hash, block)| (block.headers.work(), **hash))?;
            if block.headers.work() >= work {
                return None;
            }
            count -= 1;
            total -= block.bytes;
            dropped.insert(*hash);
        }
        Some(dropped.into_iter().collect())
    }

    fn children_of(&self, hash: Hash) -> impl Iterator<Item = Hash> {
        let range = (hash, Hash::ZERO)..=(hash, Hash([0xff; 32]));
        self.children.range(range).map(|(_, child)| *child)
    }
}
