//! The node: wires chain, mempool, store and miner together. Holds no rules.
//!
//! One writer thread owns the chain. Everybody else reads [`View`]s, each of which is one consistent, durable moment.

mod events;

use std::{num::NonZeroUsize, path::PathBuf, sync::Arc};

use shared::{
    block::Block,
    hash::Hash,
    key::PublicKey,
    params::Network,
    rules::{RuleError, Tip},
    state::StateTree,
    transaction::{SignedTransfer, VerifiedTransfer},
};

use crate::{
    clock::Clock,
    mempool::{self, Mempool, MempoolError},
    store::{Reader, Summary},
};

pub use events::{Event, Numbered, Subscription};

/// How a node runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the node keeps everything.
    pub data_dir: PathBuf,
    /// Whether it mines all the time.
    pub mine: bool,
    /// Whether it mines a block for each transfer that comes in.
    pub mine_on_transfer: bool,
    /// How many threads mine; all cores by default.
    pub threads: Option<NonZeroUsize>,
    /// Who is paid for blocks when nobody is named.
    pub recipient: Option<PublicKey>,
    /// The limits of the mempool.
    pub mempool: mempool::Limits,
}

impl Config {
    /// A node in `data_dir` that mines on demand only.
    #[must_use]
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            mine: false,
            mine_on_transfer: false,
            threads: None,
            recipient: None,
            mempool: mempool::Limits::default(),
        }
    }
}

/// One durable moment of the node.
pub struct View {
    tip: Tip,
    reader: Reader,
    mempool: Mempool,
}

impl View {
    /// The newest block, and the accounts after it.
    #[must_use]
    pub const fn tip(&self) -> &Tip {
        &self.tip
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

    /// The accounts after the block at `height`, if that is the tip or one of the last before it.
    #[must_use]
    pub fn state_at(&self, _height: u64) -> Option<&StateTree> {
        unimplemented!()
    }
}

/// Why a transfer is refused.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// By the mempool.
    #[error(transparent)]
    Mempool(#[from] MempoolError),
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

impl SubmitError {
    /// The reason's stable name, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Mempool(error) => error.code(),
            Self::Stopping => "stopping",
        }
    }
}

/// What became of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// It is the new tip, or part of the new chain.
    Connected,
    /// It is kept on a side branch.
    Side,
    /// Its parent is unknown; it is kept for a while.
    Orphan,
    /// It was known before.
    Known,
}

/// Why a block is refused.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// It breaks a rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

/// Why no block was mined.
#[derive(Debug, thiserror::Error)]
pub enum MineError {
    /// More blocks than one call gives.
    #[error("{count} blocks are asked for, and one call mines 1 to {}", Node::MAX_MINE_COUNT)]
    Count {
        /// How many were asked for.
        count: u64,
    },
    /// The recipient's key cannot be paid.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

impl MineError {
    /// The reason's stable name, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Count { .. } => "count-out-of-range",
            Self::Rule(error) => error.code(),
            Self::Stopping => "stopping",
        }
    }
}

/// What was mined.
#[derive(Debug, Clone)]
pub struct Mined {
    /// The newest of the blocks.
    pub block: Arc<Block>,
    /// Its header and figures.
    pub summary: Summary,
    /// How many there are.
    pub count: u64,
}

/// A handle on a running node. Clones are handles on the same node.
#[derive(Clone)]
pub struct Node {
    inner: Arc<Inner>,
}

struct Inner {
    network: Network,
    config: Config,
}

/// Waits for a node's threads.
pub struct Running {}

impl Running {
    /// Stops the node after what it has begun, and waits for it. Blocks the thread.
    ///
    /// # Errors
    /// When a thread of the node failed.
    pub fn stop(self) -> anyhow::Result<()> {
        unimplemented!()
    }
}

impl Node {
    /// The most blocks that one call of [`Node::mine`] gives.
    pub const MAX_MINE_COUNT: u64 = 1_000;

    /// Opens the store in the data folder, or makes one, and starts the node's threads.
    ///
    /// # Errors
    /// When the folder is in use, damaged, of another network or of a newer version.
    pub fn start(_network: Network, _config: Config, _clock: Arc<dyn Clock>) -> anyhow::Result<(Self, Running)> {
        unimplemented!()
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.inner.network
    }

    /// How the node runs.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The clock's time, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        unimplemented!()
    }

    /// The newest durable moment. Takes no lock.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        unimplemented!()
    }

    /// Verifies transfers by themselves, together with those of other callers, on all cores.
    pub async fn verify(&self, _transfers: Vec<SignedTransfer>) -> Vec<Result<VerifiedTransfer, RuleError>> {
        unimplemented!()
    }

    /// Takes transfers into the mempool. Answers when those accepted are durable.
    pub async fn submit(&self, _transfers: Vec<VerifiedTransfer>) -> Vec<Result<Hash, SubmitError>> {
        unimplemented!()
    }

    /// Takes a block. Answers when it is durable.
    ///
    /// # Errors
    /// When it breaks a rule.
    pub async fn submit_block(&self, _block: Block) -> Result<Placed, BlockError> {
        unimplemented!()
    }

    /// Mines `count` blocks and answers when they are durable. Dropping the future ends the search.
    ///
    /// # Errors
    /// When the count is out of range or the recipient cannot be paid.
    pub async fn mine(&self, _recipient: PublicKey, _count: u64) -> Result<Mined, MineError> {
        unimplemented!()
    }

    /// What happens from now on, or after the event with the number `after`.
    #[must_use]
    pub fn subscribe(&self, _after: Option<u64>) -> Subscription {
        unimplemented!()
    }
}
