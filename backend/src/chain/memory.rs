//! A store in memory, for tests and simulations.

use std::{collections::BTreeMap, convert::Infallible};

use shared::{
    block::{Block, Header},
    chain_proof::HeaderSource,
    hash::Hash,
    history::{HistoryNode, NodeSource, Position},
    key::PublicKey,
    params::Network,
    rules::{HeaderChain, leaf},
    state::Account,
};

use super::{Change, SideBlock, Storage};

/// Keeps all in memory and forgets nothing that may still be asked for.
#[derive(Debug, Clone)]
pub struct MemoryStorage {
    headers: Vec<Header>,
    heights: BTreeMap<Hash, u64>,
    blocks: BTreeMap<Hash, Block>,
    undo: BTreeMap<u64, Vec<(PublicKey, Account)>>,
    nodes: BTreeMap<Position, HistoryNode>,
    side: BTreeMap<Hash, Block>,
}

impl MemoryStorage {
    /// A store with the genesis block of a network.
    #[must_use]
    pub fn new(network: &Network) -> Self {
        let genesis = HeaderChain::genesis(network);
        let position = Position { level: 0, index: 0 };
        Self {
            headers: vec![*genesis.header()],
            heights: BTreeMap::from([(genesis.hash(), 0)]),
            blocks: BTreeMap::new(),
            undo: BTreeMap::new(),
            nodes: BTreeMap::from([(position, leaf(genesis.header(), genesis.hash()))]),
            side: BTreeMap::new(),
        }
    }

    fn hash_at(&self, height: usize) -> Hash {
        self.headers[height].hash()
    }
}

impl NodeSource for MemoryStorage {
    type Error = Infallible;

    fn get(&self, position: Position) -> Result<HistoryNode, Infallible> {
        self.history_node(position)
    }
}

impl HeaderSource for MemoryStorage {
    fn header(&self, height: u64) -> Result<Header, Infallible> {
        Storage::header(self, height)
    }
}

impl Storage for MemoryStorage {
    type Error = Infallible;

    fn height_of(&self, hash: &Hash) -> Result<Option<u64>, Infallible> {
        Ok(self.heights.get(hash).copied())
    }

    fn header(&self, height: u64) -> Result<Header, Infallible> {
        Ok(self.headers[height as usize])
    }

    fn block(&self, height: u64) -> Result<Block, Infallible> {
        Ok(self.blocks[&self.hash_at(height as usize)].clone())
    }

    fn undo(&self, height: u64) -> Result<Vec<(PublicKey, Account)>, Infallible> {
        Ok(self.undo[&height].clone())
    }

    fn history_node(&self, position: Position) -> Result<HistoryNode, Infallible> {
        Ok(self.nodes[&position])
    }

    fn side_block(&self, hash: &Hash) -> Result<Block, Infallible> {
        Ok(self.side[hash].clone())
    }

    fn side_blocks(&self) -> Result<Vec<(Hash, SideBlock)>, Infallible> {
        let side = self.side.iter();
        Ok(side.map(|(hash, block)| (*hash, SideBlock::of(block))).collect())
    }

    fn stage(&mut self, change: &Change<'_>) -> Result<(), Infallible> {
        for block in change.undone {
            let hash = block.header.hash();
            self.heights.remove(&hash);
            self.blocks.remove(&hash);
            self.undo.remove(&block.header.height);
            self.side.insert(hash, block.clone());
        }
        self.headers.truncate(change.fork.height() as usize + 1);
        let mut history = change.fork.headers().history().clone();
        for connected in change.connected {
            let (header, hash) = (connected.block.header(), connected.block.hash());
            self.headers.push(*header);
            self.heights.insert(hash, header.height);
            self.blocks.insert(hash, connected.block.to_block());
            let before = connected.changes.iter().map(|change| (change.key, change.before));
            self.undo.insert(header.height, before.collect());
            history.append_with(leaf(header, hash), |position, node| {
                self.nodes.insert(position, *node);
            });
            if let Some(height) = header.height.checked_sub(change.kept_undo) {
                self.undo.remove(&height);
            }
        }
        self.stage_dropped(change.dropped)
    }

    fn stage_side(&mut self, hash: &Hash, block: &Block, dropped: &[Hash]) -> Result<(), Infallible> {
        self.side.insert(*hash, block.clone());
        self.stage_dropped(dropped)
    }

    fn stage_dropped(&mut self, dropped: &[Hash]) -> Result<(), Infallible> {
        for hash in dropped {
            self.side.remove(hash);
        }
        Ok(())
    }
}
