//! What the state machine reads of chain and mempool.

use shared::{
    block::{Block, Header},
    hash::Hash,
    history::{History, Position},
    rules::{HeaderChain, MEDIAN_SPAN},
};

use crate::{mempool::Mempool, node::View};

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
}

/// A store that fails is the writer's to end the node for.
fn logged<T, E: std::fmt::Display>(read: Result<Option<T>, E>) -> Option<T> {
    read.unwrap_or_else(|error| {
        tracing::error!(%error, "the chain cannot be read for a peer");
        None
    })
}
