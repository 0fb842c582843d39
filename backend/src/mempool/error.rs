//! Why the mempool refuses a transfer, and why it gives one up.

use shared::{amount::Amount, hash::Hash};

/// Why the mempool refuses a transfer: the rule, the value, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MempoolError {
    /// It is there already.
    #[error("transaction {id} is already pending; it need not be sent again")]
    AlreadyPending {
        /// Its id.
        id: Hash,
    },
    /// The sender's transfer with this nonce was mined.
    #[error(
        "the nonce is {found}, and the sender's transfers below {expected} are mined; sign again with nonce {expected} or later"
    )]
    NonceTooLow {
        /// The number of the sender's mined transfers.
        expected: u64,
        /// What the transfer says.
        found: u64,
    },
    /// Too many earlier transfers are missing.
    #[error(
        "the nonce is {found}, and the sender's next is {next}; at most {limit} may be ahead of it: send nonce {next} first"
    )]
    NonceGapTooLarge {
        /// The first nonce that is missing.
        next: u64,
        /// What the transfer says.
        found: u64,
        /// How far ahead it may be.
        limit: u64,
    },
    /// The sender has too little for all of its pending transfers.
    #[error(
        "the sender has {available}, its other pending transfers take {pending}, and this one takes {needed}; send less, or wait for a payment"
    )]
    InsufficientBalance {
        /// Amount and fee.
        needed: Amount,
        /// What the other pending transfers take.
        pending: Amount,
        /// The mined balance.
        available: Amount,
    },
    /// The fee is below what the node passes on.
    #[error("the fee is {fee}, and this node takes at least {minimum} for a transfer of this length; offer that")]
    FeeTooLow {
        /// The fee.
        fee: Amount,
        /// The least.
        minimum: Amount,
    },
    /// A pending transfer has the same nonce, and the fee is not enough more.
    #[error(
        "transaction {pending} has the same nonce; to replace it the fee must be at least {minimum} (a tenth more), and it is {fee}"
    )]
    ReplacementFeeTooLow {
        /// The pending transfer.
        pending: Hash,
        /// The fee.
        fee: Amount,
        /// The least.
        minimum: Amount,
    },
    /// The sender has too many pending transfers.
    #[error("the sender has {limit} pending transfers, the most there may be; wait for some to be mined")]
    SenderLimit {
        /// The most.
        limit: usize,
    },
    /// The mempool is full of transfers that pay more.
    #[error(
        "the mempool is full; for a transfer of this length it takes a fee of at least {minimum} now, and the fee is {fee}"
    )]
    Full {
        /// The fee.
        fee: Amount,
        /// The least at the moment.
        minimum: Amount,
    },
    /// The mempool is full, and this transfer cannot be mined before others that are missing.
    #[error("the mempool is full, and the sender's transfer with nonce {next} is missing; send that first")]
    FullForWaiting {
        /// The first nonce that is missing.
        next: u64,
    },
    /// It can no longer be mined.
    #[error("the transfer is valid until height {valid_until}, and {height} is next; sign again with a later height")]
    Expired {
        /// What the transfer says.
        valid_until: u64,
        /// The next block's height.
        height: u64,
    },
}

impl MempoolError {
    /// The reason's stable name, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyPending { .. } => "already-pending",
            Self::NonceTooLow { .. } => "nonce-too-low",
            Self::NonceGapTooLarge { .. } => "nonce-gap-too-large",
            Self::InsufficientBalance { .. } => "balance-insufficient",
            Self::FeeTooLow { .. } => "fee-too-low",
            Self::ReplacementFeeTooLow { .. } => "replacement-fee-too-low",
            Self::SenderLimit { .. } => "sender-limit",
            Self::Full { .. } => "mempool-full",
            Self::FullForWaiting { .. } => "mempool-full-for-waiting",
            Self::Expired { .. } => "expired",
        }
    }
}

/// Why a transfer left the mempool without being mined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// The height until which it was valid has passed.
    Expired,
    /// Another transfer of the sender took its nonce, pending or mined.
    Replaced {
        /// That other one.
        by: Hash,
    },
    /// Others paid more, and the mempool was full.
    Evicted,
    /// It waited too long.
    Aged,
    /// It cannot be mined any more: other transfers of the sender took its money, or an earlier one is missing.
    Invalid,
}

impl DropReason {
    /// The reason's stable name, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Replaced { .. } => "replaced",
            Self::Evicted => "evicted",
            Self::Aged => "aged",
            Self::Invalid => "invalid",
        }
    }
}

/// A transfer that left the mempool without being mined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dropped {
    /// Its id.
    pub id: Hash,
    /// Why.
    pub reason: DropReason,
}
