//! The transfers that wait for a block: a plain state machine, whose clones are cheap snapshots.

use std::{collections::BTreeMap, sync::Arc};

use shared::{amount::Amount, hash::Hash, key::PublicKey, state::Account, transaction::VerifiedTransfer};

/// How much the mempool holds, and what it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The greatest number of transfers.
    pub count: usize,
    /// Their greatest encoded length together, in bytes.
    pub bytes: usize,
    /// The greatest number of transfers of one sender.
    pub per_sender: usize,
    /// How far a nonce may be ahead of the first that is missing.
    pub nonce_gap: u64,
    /// The least fee, in base units for 1,000 bytes.
    pub fee_rate: u64,
    /// How long a transfer may wait, in milliseconds.
    pub age_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            count: 100_000,
            bytes: 64 << 20,
            per_sender: 10_000,
            nonce_gap: 64,
            fee_rate: 0,
            age_ms: 72 * 3_600_000,
        }
    }
}

/// A pending transfer.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The transfer.
    pub transfer: VerifiedTransfer,
    /// Its encoded length, in bytes.
    pub size: usize,
    /// When it came, in milliseconds since 1970.
    pub since_ms: u64,
}

/// Why the mempool refuses a transfer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MempoolError {
    /// It is there already.
    #[error("transaction {id} is already pending")]
    AlreadyPending {
        /// Its id.
        id: Hash,
    },
}

impl MempoolError {
    /// The reason's stable name, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyPending { .. } => "already-pending",
        }
    }
}

/// What the pending transfers would change for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingChange {
    /// Incoming base units.
    pub incoming: Amount,
    /// Outgoing base units, fees included.
    pub outgoing: Amount,
    /// The nonce that the account's next transfer takes.
    pub next_nonce: u64,
}

/// The pending transfers. A clone is a snapshot and takes constant time.
#[derive(Debug, Clone, Default)]
pub struct Mempool {
    entries: BTreeMap<Hash, Arc<Entry>>,
}

impl Mempool {
    /// How many transfers are pending.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Their encoded length together, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        unimplemented!()
    }

    /// A pending transfer.
    #[must_use]
    pub fn get(&self, id: &Hash) -> Option<&Arc<Entry>> {
        self.entries.get(id)
    }

    /// The place of a pending transfer by fee rate, counted from 1.
    #[must_use]
    pub fn place(&self, _id: &Hash) -> Option<usize> {
        unimplemented!()
    }

    /// Whether earlier transfers of its sender are missing, so that it cannot be mined yet.
    #[must_use]
    pub fn is_waiting(&self, _entry: &Entry) -> bool {
        unimplemented!()
    }

    /// All by fee rate, highest first; those after the one called `after`, or from the start.
    pub fn by_rate(&self, _after: Option<&Hash>) -> impl Iterator<Item = &Arc<Entry>> {
        core::iter::empty()
    }

    /// Those that `key` sends or receives, in no particular order.
    pub fn of_account(&self, _key: &PublicKey) -> impl Iterator<Item = &Arc<Entry>> {
        core::iter::empty()
    }

    /// What they would change for `key`, whose mined state is `account`.
    #[must_use]
    pub fn pending_change(&self, _key: &PublicKey, _account: Account) -> PendingChange {
        unimplemented!()
    }

    /// The least fee with which a transfer of `size` bytes is taken now.
    #[must_use]
    pub fn minimum_fee(&self, _size: usize) -> Amount {
        unimplemented!()
    }

    /// The transfers of the next block, in its order: by fee rate, and by nonce for each sender.
    #[must_use]
    pub fn select(&self, _max_count: usize, _max_bytes: usize) -> Vec<Arc<Entry>> {
        unimplemented!()
    }
}
