//! Why the node refuses something.

use shared::rules::RuleError;

use super::Node;
use crate::mempool::MempoolError;

/// Why a transfer is refused.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// By the mempool.
    #[error(transparent)]
    Mempool(#[from] MempoolError),
    /// The node is stopping.
    #[error("the node is stopping; try again later")]
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

/// Why a block is refused.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// It breaks a rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The node is stopping.
    #[error("the node is stopping; try again later")]
    Stopping,
}

impl BlockError {
    /// The reason's stable name, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rule(error) => error.code(),
            Self::Stopping => "stopping",
        }
    }
}

/// Why no block was mined.
#[derive(Debug, thiserror::Error)]
pub enum MineError {
    /// More blocks than one call gives, or none.
    #[error("{count} blocks are asked for, and one call mines 1 to {}", Node::MAX_MINE_COUNT)]
    Count {
        /// How many were asked for.
        count: u64,
    },
    /// The block would break a rule, such as when the recipient's key cannot be paid.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The node is stopping.
    #[error("the node is stopping; try again later")]
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
