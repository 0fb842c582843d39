//! The store: the only module that names the database.

use bytes::Bytes;
use ruint::aliases::U256;
use shared::{
    amount::Amount,
    block::{Block, Header},
    hash::Hash,
    history::{HistoryNode, Position},
    key::PublicKey,
};

/// What went wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something that must be there is missing or cannot be read.
    #[error("the data folder is damaged: {what}")]
    Damaged {
        /// What, and where.
        what: String,
    },
}

/// What is known of a block without reading its transfers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The header.
    pub header: Header,
    /// Its hash.
    pub hash: Hash,
    /// The work of the chain up to it.
    pub work: U256,
    /// The block's encoded length, in bytes.
    pub size: u64,
    /// The number of transfers.
    pub transfers: u64,
    /// Who was paid, and what; none in the genesis block.
    pub reward: Option<(PublicKey, Amount)>,
}

/// Where a transaction stands in the chain. The reward has index 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The block's height.
    pub height: u64,
    /// The place in the block.
    pub index: u32,
}

/// The chain as it was durably stored at one moment. Reading takes no lock, but may read from disk.
#[derive(Clone)]
pub struct Reader {}

impl Reader {
    /// A block's header and figures, by height.
    ///
    /// # Errors
    /// When the store cannot be read, as with every method here.
    pub fn summary(&self, _height: u64) -> Result<Option<Summary>, StoreError> {
        unimplemented!()
    }

    /// The height of the block with this hash, if it is in the chain.
    ///
    /// # Errors
    /// See [`Reader::summary`].
    pub fn height_of(&self, _hash: &Hash) -> Result<Option<u64>, StoreError> {
        unimplemented!()
    }

    /// A block by height; none for genesis, which has no body.
    ///
    /// # Errors
    /// See [`Reader::summary`].
    pub fn block(&self, _height: u64) -> Result<Option<Block>, StoreError> {
        unimplemented!()
    }

    /// The canonical bytes of a block by height; for genesis those of the header.
    ///
    /// # Errors
    /// See [`Reader::summary`].
    pub fn block_bytes(&self, _height: u64) -> Result<Option<Bytes>, StoreError> {
        unimplemented!()
    }

    /// Where a transaction is, by its id.
    ///
    /// # Errors
    /// See [`Reader::summary`].
    pub fn locate(&self, _id: &Hash) -> Result<Option<Location>, StoreError> {
        unimplemented!()
    }

    /// Where the transactions are that touch an account: newest first, before `before`, at most `limit`.
    ///
    /// # Errors
    /// See [`Reader::summary`].
    pub fn activity(
        &self,
        _key: &PublicKey,
        _before: Option<Location>,
        _limit: usize,
    ) -> Result<Vec<Location>, StoreError> {
        unimplemented!()
    }

    /// A node of the tree over all headers.
    ///
    /// # Errors
    /// See [`Reader::summary`].
    pub fn history_node(&self, _position: Position) -> Result<HistoryNode, StoreError> {
        unimplemented!()
    }
}
