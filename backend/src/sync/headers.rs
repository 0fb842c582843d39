//! Verified headers of blocks that may become part of the chain, as a tree that grows out of it. Bounded in number.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    hash::{BuildHasherDefault, DefaultHasher},
    ops::Deref,
};

use ruint::aliases::U256;
use shared::{
    block::Header,
    hash::Hash,
    params::Network,
    rules::{AcceptedHeader, HeaderChain, RuleError},
};

use super::Ledger;

/// How many headers are kept at most.
pub(super) const MAX_NODES: usize = 131_072;
/// How many dead ones are remembered: the lowest, as all that follow them are dead too.
pub(super) const MAX_DEAD: usize = 1_024;

/// How far the block of a header has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is not here.
    Wanted,
    /// It was asked for.
    Asked,
    /// It is here, and waits for its turn.
    Here,
    /// The writer has it.
    Submitted,
    /// It is in the chain or beside it.
    Stored,
    /// It breaks a rule, or descends from one that does.
    Dead,
}

pub(super) struct Node {
    /// Elsewhere, so that a look at the stage, of which a block takes a dozen, finds it in a small table.
    known: Box<Known>,
    pub(super) stage: Stage,
    /// How often the writer did not take it.
    pub(super) tries: u8,
}

/// A header, and what is known with it.
pub(super) struct Known {
    pub(super) header: Header,
    pub(super) accepted: AcceptedHeader,
    /// Of the chain up to it.
    pub(super) work: U256,
}

impl Deref for Node {
    type Target = Known;

    fn deref(&self) -> &Known {
        &self.known
    }
}

/// Why headers are not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// One breaks a rule, or descends from a block that does.
    Rule(RuleError),
    /// One descends from a block that broke a rule.
    Dead,
    /// The one before the first is not known.
    UnknownParent,
    /// They leave the chain deeper than it may be undone.
    TooDeep,
    /// There is no room.
    Full,
}

/// Without chance: nothing depends on the order, but the same run is to take the same time.
pub(super) type Hasher = BuildHasherDefault<DefaultHasher>;

/// The tree.
#[derive(Default)]
pub(super) struct Headers {
    nodes: HashMap<Hash, Node, Hasher>,
    /// All that is needed to go on after some of them.
    ends: BTreeMap<Hash, HeaderChain>,
}

impl Headers {
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn get(&self, hash: &Hash) -> Option<&Node> {
        self.nodes.get(hash)
    }

    /// Counts one more time that the writer did not take a block. Whether it is to be tried again at once: so it is but each
    /// `most`-th time. None for a header that is not known.
    pub(super) fn try_again(&mut self, hash: &Hash, most: u8) -> Option<bool> {
        let node = self.nodes.get_mut(hash)?;
        node.tries = (node.tries + 1) % most;
        Some(node.tries != 0)
    }

    pub(super) fn stage(&self, hash: &Hash) -> Option<Stage> {
        self.get(hash).map(|node| node.stage)
    }

    /// All headers, with their hashes.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (&Hash, &Node)> {
        self.nodes.iter()
    }

    /// Forgets the lowest headers, so that with `count` more there are no more than `limit`.
    pub(super) fn make_room(&mut self, count: usize, limit: usize) {
        let excess = (self.len() + count).saturating_sub(limit);
        if excess > 0 {
            let mut by_height: Vec<(u64, Hash)> = self
                .nodes
                .iter()
                .map(|(hash, node)| (node.header.height, *hash))
                .collect();
            by_height.sort_unstable();
            for (_, hash) in by_height.into_iter().take(excess) {
                self.nodes.remove(&hash);
            }
        }
        // They can be put together again from the headers.
        self.ends.clear();
    }

    /// Forgets the headers below a height.
    pub(super) fn forget_below(&mut self, lowest: u64) {
        self.nodes.retain(|_, node| node.header.height >= lowest);
        self.ends.clear();
    }

    /// Notes how far a block has come. What breaks a rule stays dead, whatever still happens to its block.
    pub(super) fn set_stage(&mut self, hash: &Hash, stage: Stage) {
        if let Some(node) = self.nodes.get_mut(hash)
            && node.stage != Stage::Dead
        {
            node.stage = stage;
        }
    }

    /// Takes headers that follow each other. Gives the last one that is known then, and how many are new.
    ///
    /// # Errors
    /// The refusal of the first that cannot be taken. Those before it stay.
    pub(super) fn extend(
        &mut self,
        network: &Network,
        headers: &[Header],
        now_ms: u64,
        ledger: &dyn Ledger,
    ) -> (Option<Hash>, usize, Result<(), Refusal>) {
        let (mut last, mut added) = (None, 0);
        let mut chain: Option<HeaderChain> = None;
        let mut result = Ok(());
        for header in headers {
            match self.step(network, header, now_ms, ledger, &mut chain) {
                Ok((hash, is_new)) => {
                    last = Some(hash);
                    added += usize::from(is_new);
                }
                Err(refusal) => {
                    result = Err(refusal);
                    break;
                }
            }
        }
        if let Some(chain) = chain
            && self.nodes.contains_key(&chain.hash())
        {
            self.ends.insert(chain.hash(), chain);
        }
        (last, added, result)
    }

    fn step(
        &mut self,
        network: &Network,
        header: &Header,
        now_ms: u64,
        ledger: &dyn Ledger,
        chain: &mut Option<HeaderChain>,
    ) -> Result<(Hash, bool), Refusal> {
        let hash = header.hash();
        if let Some(node) = self.nodes.get(&hash) {
            return if node.stage == Stage::Dead {
                Err(Refusal::Dead)
            } else {
                Ok((hash, false))
            };
        }
        if header.height <= ledger.tip().height() && ledger.height_of(&hash).is_some() {
            return Ok((hash, false));
        }
        if self.stage(&header.previous_hash) == Some(Stage::Dead) {
            return Err(Refusal::Dead);
        }
        if header.height <= ledger.tip().height().saturating_add(1)
            && let Some(fork) = ledger.height_of(&header.previous_hash)
        {
            let depth = ledger.tip().height().saturating_sub(fork);
            if depth > u64::from(network.parameters().max_reorg_depth) {
                return Err(Refusal::TooDeep);
            }
        }
        if self.len() >= MAX_NODES {
            return Err(Refusal::Full);
        }
        let parent = chain.take().filter(|chain| chain.hash() == header.previous_hash);
        let parent = parent.or_else(|| self.chain_of(network, &header.previous_hash, ledger));
        let mut next = parent.ok_or(Refusal::UnknownParent)?;
        let accepted = next.follow(network, header, now_ms).map_err(Refusal::Rule)?;
        let known = Known {
            header: *header,
            accepted,
            work: next.work(),
        };
        let node = Node {
            known: Box::new(known),
            stage: Stage::Wanted,
            tries: 0,
        };
        self.nodes.insert(hash, node);
        *chain = Some(next);
        Ok((hash, true))
    }

    /// All that is needed to go on after a header that is known here or in the chain.
    pub(super) fn chain_of(&self, network: &Network, hash: &Hash, ledger: &dyn Ledger) -> Option<HeaderChain> {
        let mut path = Vec::new();
        let mut hash = *hash;
        let mut chain = loop {
            if let Some(end) = self.ends.get(&hash) {
                break end.clone();
            }
            if hash == ledger.tip().hash() {
                break ledger.tip().clone();
            }
            if let Some(height) = ledger.height_of(&hash) {
                break ledger.headers_at(height)?;
            }
            let node = self.nodes.get(&hash)?;
            path.push(node.header);
            hash = node.header.previous_hash;
        };
        for header in path.iter().rev() {
            // It was accepted when it came.
            chain.follow(network, header, u64::MAX).ok()?;
        }
        Some(chain)
    }

    /// The hashes that lead from the chain to a header, lowest first, and the height at which they leave the chain. None
    /// when what is between is not known any more, or breaks a rule.
    pub(super) fn path_to(&self, hash: Hash, ledger: &dyn Ledger) -> Option<(u64, Vec<Hash>)> {
        let mut path = Vec::new();
        let mut hash = hash;
        loop {
            let Some(node) = self.nodes.get(&hash) else {
                let fork = ledger.height_of(&hash)?;
                path.reverse();
                return Some((fork, path));
            };
            if node.stage == Stage::Dead {
                return None;
            }
            // Blocks that were connected stay here for a while.
            if node.stage == Stage::Stored
                && let Some(fork) = ledger.height_of(&hash)
            {
                path.reverse();
                return Some((fork, path));
            }
            path.push(hash);
            hash = node.header.previous_hash;
        }
    }

    /// Of these headers, those from which no way leads to the chain. However many they are, each header is looked at once.
    pub(super) fn adrift(&self, ends: impl Iterator<Item = Hash>, ledger: &dyn Ledger) -> BTreeSet<Hash> {
        let mut leads: HashMap<Hash, bool, Hasher> = HashMap::default();
        let mut adrift = BTreeSet::new();
        for end in ends {
            let (mut path, mut hash) = (Vec::new(), end);
            let is_good = loop {
                if let Some(known) = leads.get(&hash) {
                    break *known;
                }
                let Some(node) = self.nodes.get(&hash) else {
                    break ledger.height_of(&hash).is_some();
                };
                match node.stage {
                    Stage::Dead => break false,
                    Stage::Stored if ledger.height_of(&hash).is_some() => break true,
                    _ => {}
                }
                path.push(hash);
                hash = node.header.previous_hash;
            };
            leads.extend(path.into_iter().map(|hash| (hash, is_good)));
            if !is_good {
                adrift.insert(end);
            }
        }
        adrift
    }

    /// Notes that a block breaks a rule, and with it all that descend from it. Gives their hashes.
    pub(super) fn kill(&mut self, hash: Hash) -> BTreeSet<Hash> {
        let mut dead = BTreeSet::from([hash]);
        let mut by_height: Vec<(u64, Hash)> = self
            .nodes
            .iter()
            .map(|(hash, node)| (node.header.height, *hash))
            .collect();
        by_height.sort_unstable();
        for (_, hash) in by_height {
            if self
                .nodes
                .get(&hash)
                .is_some_and(|node| dead.contains(&node.header.previous_hash))
            {
                dead.insert(hash);
            }
        }
        for hash in &dead {
            self.set_stage(hash, Stage::Dead);
            self.ends.remove(hash);
        }
        dead
    }

    /// Forgets what does not lead to any of `bests`, blocks of the chain that lie more than `kept` below the tip, and all
    /// but a few of those that break a rule.
    pub(super) fn prune(&mut self, bests: &BTreeSet<Hash>, kept: u64, ledger: &dyn Ledger) {
        let lowest = ledger.tip().height().saturating_sub(kept);
        let mut needed: HashSet<Hash, Hasher> = HashSet::default();
        for best in bests {
            let mut hash = *best;
            while let Some(node) = self.nodes.get(&hash) {
                if !needed.insert(hash) {
                    break;
                }
                hash = node.header.previous_hash;
            }
        }
        let is_dead = |node: &&Node| node.stage == Stage::Dead && node.header.height >= lowest;
        let mut dead: Vec<(u64, Hash)> = self
            .nodes
            .iter()
            .filter(|(_, node)| is_dead(node))
            .map(|(hash, node)| (node.header.height, *hash))
            .collect();
        dead.sort_unstable();
        dead.truncate(MAX_DEAD);
        let dead: HashSet<Hash, Hasher> = dead.into_iter().map(|(_, hash)| hash).collect();
        self.nodes.retain(|hash, node| match node.stage {
            Stage::Submitted => true,
            Stage::Dead => dead.contains(hash),
            Stage::Stored => {
                node.header.height >= lowest || (needed.contains(hash) && ledger.height_of(hash).is_none())
            }
            _ => needed.contains(hash),
        });
        let nodes = &self.nodes;
        self.ends
            .retain(|hash, _| nodes.contains_key(hash) && bests.contains(hash));
    }
}
