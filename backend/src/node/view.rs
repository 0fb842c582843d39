//! What readers see: one durable moment of the node.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use shared::{hash::Hash, rules::Tip, state::StateTree};

use crate::{chain::SideBlock, mempool::Mempool, store::Reader};

/// One durable moment of the node: chain, accounts and pending transfers fit together.
pub struct View {
    /// The last tips, the newest last. Never empty.
    pub(super) tips: Arc<VecDeque<Tip>>,
    pub(super) reader: Reader,
    pub(super) mempool: Mempool,
    pub(super) aside: (usize, usize),
    pub(super) side: Arc<BTreeMap<Hash, SideBlock>>,
}

impl View {
    /// The newest block, and the accounts after it.
    #[must_use]
    pub fn tip(&self) -> &Tip {
        self.tips.back().expect("never empty")
    }

    /// The stored chain.
    #[must_use]
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The pending transfers.
    #[must_use]
    pub const fn mempool(&self) -> &Mempool {
        &self.mempool
    }

    /// The chain as it was after the block at `height`, if that is the tip or one of the last before it.
    #[must_use]
    pub fn tip_at(&self, height: u64) -> Option<&Tip> {
        let oldest = self.tips.front()?.height();
        self.tips.get(usize::try_from(height.checked_sub(oldest)?).ok()?)
    }

    /// The accounts after the block at `height`, if that is the tip or one of the last before it.
    #[must_use]
    pub fn state_at(&self, height: u64) -> Option<&StateTree> {
        self.tip_at(height).map(Tip::accounts)
    }

    /// The blocks on side branches, the newest 1,024 of those that lay no more than 128 below the tip when one of the
    /// branches last changed.
    #[must_use]
    pub fn side(&self) -> &BTreeMap<Hash, SideBlock> {
        &self.side
    }

    /// How many blocks are kept on side branches.
    #[must_use]
    pub const fn side_blocks(&self) -> usize {
        self.aside.0
    }

    /// How many blocks wait for a parent that is unknown.
    #[must_use]
    pub const fn orphans(&self) -> usize {
        self.aside.1
    }
}
