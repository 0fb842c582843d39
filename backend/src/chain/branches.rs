//! What is known of the blocks that are kept aside. Bounded in number and bytes; those with the least work go first.

use std::collections::{BTreeMap, BTreeSet};

use ruint::aliases::U256;
use shared::{hash::Hash, params::Parameters, rules::HeaderChain};

use super::SideBlock;

/// What is kept at least; a network whose reorganisations may be long has room for one of the longest.
const MIN_COUNT: usize = 2_048;
const MIN_BYTES: usize = 256 << 20;

struct Branch {
    headers: HeaderChain,
    block: SideBlock,
}

/// Blocks beside the chain.
pub(super) struct Branches {
    max_count: usize,
    max_bytes: usize,
    blocks: BTreeMap<Hash, Branch>,
    by_height: BTreeSet<(u64, Hash)>,
    children: BTreeSet<(Hash, Hash)>,
    bytes: usize,
    /// How often they changed.
    changes: u64,
}

impl Branches {
    /// None yet, with room for the longest branch that may win.
    pub(super) fn new(parameters: &Parameters) -> Self {
        let depth = parameters.max_reorg_depth as usize;
        let block = parameters.max_block_bytes as usize;
        Self::with_limits(MIN_COUNT.max(depth * 2), MIN_BYTES.max(depth.saturating_mul(block)))
    }

    fn with_limits(max_count: usize, max_bytes: usize) -> Self {
        Self {
            max_count,
            max_bytes,
            blocks: BTreeMap::new(),
            by_height: BTreeSet::new(),
            children: BTreeSet::new(),
            bytes: 0,
            changes: 0,
        }
    }

    /// How often they changed.
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    pub(super) fn get(&self, hash: &Hash) -> Option<&SideBlock> {
        self.blocks.get(hash).map(|branch| &branch.block)
    }

    /// The blocks from a height on, highest first.
    pub(super) fn above(&self, lowest: u64) -> impl Iterator<Item = (Hash, &SideBlock)> {
        let recent = self.by_height.range((lowest, Hash::ZERO)..).rev();
        recent.filter_map(|(_, hash)| Some((*hash, self.get(hash)?)))
    }

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
        self.get(hash).map_or(Hash::ZERO, |block| block.header.previous_hash)
    }

    pub(super) fn insert(&mut self, hash: Hash, headers: HeaderChain, block: SideBlock) {
        self.by_height.insert((block.header.height, hash));
        self.children.insert((block.header.previous_hash, hash));
        self.bytes += block.bytes;
        self.changes += 1;
        self.blocks.insert(hash, Branch { headers, block });
    }

    pub(super) fn remove(&mut self, hash: &Hash) {
        if let Some(Branch { block, .. }) = self.blocks.remove(hash) {
            self.by_height.remove(&(block.header.height, *hash));
            self.children.remove(&(block.header.previous_hash, *hash));
            self.bytes -= block.bytes;
            self.changes += 1;
        }
    }

    /// The blocks here that lead to `hash`, which is the last of them if it is here at all. Lowest first.
    pub(super) fn path_to(&self, hash: Hash) -> Vec<Hash> {
        let step = |hash: &Hash| self.get(hash).map(|block| block.header.previous_hash);
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

    /// What must go so that a block of `bytes` on a branch with `work` that ends with `parent` finds room. None: only what
    /// leads to it, or has more work, could give way.
    pub(super) fn make_room(&self, parent: Hash, bytes: usize, work: U256) -> Option<Vec<Hash>> {
        let (mut count, mut total) = (self.len(), self.bytes);
        if count < self.max_count && total + bytes <= self.max_bytes {
            return Some(Vec::new());
        }
        let ancestors: BTreeSet<Hash> = self.path_to(parent).into_iter().collect();
        let mut dropped = BTreeSet::new();
        while count + 1 > self.max_count || total + bytes > self.max_bytes {
            // Only the last block of a branch: those before it are needed to reach it.
            let (hash, branch) = self
                .blocks
                .iter()
                .filter(|(hash, _)| !dropped.contains(*hash) && !ancestors.contains(*hash))
                .filter(|(hash, _)| self.children_of(**hash).all(|child| dropped.contains(&child)))
                .min_by_key(|(hash, branch)| (branch.headers.work(), **hash))?;
            if branch.headers.work() >= work {
                return None;
            }
            count -= 1;
            total -= branch.block.bytes;
            dropped.insert(*hash);
        }
        Some(dropped.into_iter().collect())
    }

    fn children_of(&self, hash: Hash) -> impl Iterator<Item = Hash> {
        let range = (hash, Hash::ZERO)..=(hash, Hash([0xff; 32]));
        self.children.range(range).map(|(_, child)| *child)
    }
}

#[cfg(test)]
mod tests {
    use shared::key::SecretKey;

    use super::*;
    use crate::networks;

    /// A branch of so many headers on `parent`; `seed` tells branches apart.
    fn branch(parent: &HeaderChain, length: usize, seed: u64) -> Vec<HeaderChain> {
        let mut found = Vec::new();
        let mut last = parent.clone();
        for _ in 0..length {
            let mut header = *last.header();
            header.height += 1;
            header.previous_hash = last.hash();
            header.nonce = seed;
            last = HeaderChain::from_parts(header, last.history().clone(), Vec::new());
            found.push(last.clone());
        }
        found
    }

    fn insert(branches: &mut Branches, headers: &[HeaderChain]) {
        for headers in headers {
            let block = SideBlock {
                header: *headers.header(),
                bytes: 100,
                miner: SecretKey::from_bytes(&[1; 32]).public_key(),
                transfers: 0,
            };
            branches.insert(headers.hash(), headers.clone(), block);
        }
    }

    #[test]
    fn a_branch_never_gives_way_to_its_own_next_block() {
        let network = networks::load("dev").unwrap();
        let long = branch(&HeaderChain::genesis(&network), 5, 1);
        let mut branches = Branches::with_limits(4, 1_000);
        insert(&mut branches, &long[..4]);
        let next = &long[4];
        assert_eq!(branches.make_room(long[3].hash(), 100, next.work()), None);

        // Another branch does, its last block first, but not to one with less work.
        let short = branch(&HeaderChain::genesis(&network), 3, 2);
        let mut branches = Branches::with_limits(7, 1_000);
        insert(&mut branches, &long[..4]);
        insert(&mut branches, &short);
        let room = branches.make_room(long[3].hash(), 100, next.work()).unwrap();
        assert_eq!(room, [short[2].hash()]);
        let room = branches.make_room(long[3].hash(), 500, next.work()).unwrap();
        assert_eq!(room.len(), 2);
        assert!(!room.contains(&short[0].hash()));
        let genesis = network.genesis_hash();
        let lone = branch(&HeaderChain::genesis(&network), 1, 3);
        assert_eq!(branches.make_room(genesis, 100, lone[0].work()), None);
    }

    #[test]
    fn the_longest_branch_that_may_win_has_room() {
        let network = networks::load("dev").unwrap();
        let parameters = network.parameters();
        let branches = Branches::new(parameters);
        let depth = parameters.max_reorg_depth as usize;
        assert!(branches.max_count > depth);
        assert!(branches.max_bytes >= depth * parameters.max_block_bytes as usize);
    }
}
