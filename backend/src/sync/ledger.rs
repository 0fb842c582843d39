//! What the state machine reads of chain and mempool.

use std::collections::BTreeSet;

use shared::{
    block::{Block, Header},
    chain_proof,
    hash::Hash,
    history::{History, Position},
    params::Network,
    rules::{HeaderChain, MEDIAN_SPAN},
};

use crate::{chain::SideBlock, mempool::Mempool, node::View};

/// One moment of a node's chain and mempool. What cannot be read counts as missing.
pub trait Ledger {
    /// The headers up to the tip.
    fn tip(&self) -> &HeaderChain;

    /// The height of a block of the chain.
    fn height_of(&self, hash: &Hash) -> Option<u64>;

    /// A header of the chain.
    fn header(&self, height: u64) -> Option<Header>;

    /// The headers of the chain up to a height.
    fn headers_at(&self, height: u64) -> Option<HeaderChain>;

    /// A block of the chain, above genesis.
    fn block(&self, height: u64) -> Option<Block>;

    /// The pending transfers.
    fn mempool(&self) -> &Mempool;

    /// The header of a block that is kept beside the chain, if it is a recent one.
    fn side_header(&self, hash: &Hash) -> Option<Header>;

    /// The proof of the chain, which shows the headers at these heights besides.
    fn proof(&self, network: &Network, heights: &[u64]) -> Option<Vec<u8>>;

    /// The last blocks of the branches that are kept beside the chain: the highest ones, no lower than `lowest`.
    fn side_tips(&self, lowest: u64, limit: usize) -> Vec<Hash>;
}

/// Of these blocks, highest first, those that no other follows.
pub(crate) fn last_of<'a>(blocks: impl Iterator<Item = (Hash, &'a SideBlock)>, limit: usize) -> Vec<Hash> {
    let mut followed = BTreeSet::new();
    let mut last = Vec::new();
    for (hash, block) in blocks {
        followed.insert(block.header.previous_hash);
        if !followed.contains(&hash) && last.len() < limit {
            last.push(hash);
        }
    }
    last
}

impl Ledger for View {
    fn tip(&self) -> &HeaderChain {
        self.tip().headers()
    }

    fn height_of(&self, hash: &Hash) -> Option<u64> {
        logged(self.reader().height_of(hash))
    }

    fn header(&self, height: u64) -> Option<Header> {
        logged(self.reader().summary(height)).map(|summary| summary.header)
    }

    fn headers_at(&self, height: u64) -> Option<HeaderChain> {
        if let Some(tip) = self.tip_at(height) {
            return Some(tip.headers().clone());
        }
        let header = self.header(height)?;
        let history = History::at(&|position: Position| self.reader().history_node(position), height);
        let first = height.saturating_sub(MEDIAN_SPAN as u64 - 1);
        let times = (first..height)
            .map(|height| Some(self.header(height)?.timestamp))
            .collect::<Option<_>>()?;
        Some(HeaderChain::from_parts(header, logged(history.map(Some))?, times))
    }

    fn block(&self, height: u64) -> Option<Block> {
        logged(self.reader().block(height))
    }

    fn mempool(&self) -> &Mempool {
        self.mempool()
    }

    fn side_header(&self, hash: &Hash) -> Option<Header> {
        self.side().get(hash).map(|block| block.header)
    }

    fn proof(&self, network: &Network, heights: &[u64]) -> Option<Vec<u8>> {
        let height = self.tip().height();
        logged(chain_proof::write(self.reader(), network, height, heights).map(Some))
    }

    fn side_tips(&self, lowest: u64, limit: usize) -> Vec<Hash> {
        let mut recent: Vec<_> = self
            .side()
            .iter()
            .filter(|(_, block)| block.header.height >= lowest)
            .collect();
        recent.sort_unstable_by_key(|(hash, block)| std::cmp::Reverse((block.header.height, **hash)));
        last_of(recent.into_iter().map(|(hash, block)| (*hash, block)), limit)
    }
}

/// A store that fails is the writer's to end the node for.
fn logged<T, E: std::fmt::Display>(read: Result<Option<T>, E>) -> Option<T> {
    read.unwrap_or_else(|error| {
        tracing::error!(%error, "the chain cannot be read for a peer");
        None
    })
}
