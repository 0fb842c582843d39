//! What the chain needs of a store.

use shared::{
    block::{Block, Header},
    hash::Hash,
    history::{HistoryNode, Position},
    key::PublicKey,
    rules::{AppliedBlock, Tip},
    state::Account,
};

/// What is known of a block that is kept aside, without its transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SideBlock {
    /// The header.
    pub header: Header,
    /// The encoded length of the block.
    pub bytes: usize,
    /// Who would have been paid for it.
    pub miner: PublicKey,
    /// How many transfers it holds.
    pub transfers: u64,
}

impl SideBlock {
    /// What is known of a block.
    #[must_use]
    pub fn of(block: &Block) -> Self {
        Self {
            header: block.header,
            bytes: block.encoded_len(),
            miner: block.reward.recipient,
            transfers: block.transfers.len() as u64,
        }
    }
}

/// A change of the chain, to be stored as a whole or not at all.
#[derive(Debug)]
pub struct Change<'a> {
    /// The last block that stays.
    pub fork: &'a Tip,
    /// The blocks above it that leave the chain, lowest first. They are kept aside.
    pub undone: &'a [Block],
    /// The blocks that come in their place, lowest first.
    pub connected: &'a [AppliedBlock],
    /// Blocks that are kept aside no longer: they are forgotten, or come into the chain.
    pub dropped: &'a [Hash],
    /// For how many blocks below the new tip the undo records stay.
    pub kept_undo: u64,
}

/// A store for the chain. What is missing although it must be there is an error.
///
/// What is staged must be seen by the reads of the next call of the chain.
pub trait Storage {
    /// Why the store fails.
    type Error;

    /// The height of a block of the chain.
    ///
    /// # Errors
    /// When the store fails, as with every method here.
    fn height_of(&self, hash: &Hash) -> Result<Option<u64>, Self::Error>;

    /// A header of the chain.
    ///
    /// # Errors
    /// When the store fails.
    fn header(&self, height: u64) -> Result<Header, Self::Error>;

    /// A block of the chain, above genesis.
    ///
    /// # Errors
    /// When the store fails.
    fn block(&self, height: u64) -> Result<Block, Self::Error>;

    /// The accounts that a block of the chain changed, as they were before.
    ///
    /// # Errors
    /// When the store fails.
    fn undo(&self, height: u64) -> Result<Vec<(PublicKey, Account)>, Self::Error>;

    /// A node of the tree over all headers of the chain.
    ///
    /// # Errors
    /// When the store fails.
    fn history_node(&self, position: Position) -> Result<HistoryNode, Self::Error>;

    /// A block that is kept aside.
    ///
    /// # Errors
    /// When the store fails.
    fn side_block(&self, hash: &Hash) -> Result<Block, Self::Error>;

    /// All blocks that are kept aside, with their hashes.
    ///
    /// # Errors
    /// When the store fails.
    fn side_blocks(&self) -> Result<Vec<(Hash, SideBlock)>, Self::Error>;

    /// Takes a change of the chain.
    ///
    /// # Errors
    /// When the store fails.
    fn stage(&mut self, change: &Change<'_>) -> Result<(), Self::Error>;

    /// Keeps a block aside, and forgets others.
    ///
    /// # Errors
    /// When the store fails.
    fn stage_side(&mut self, hash: &Hash, block: &Block, dropped: &[Hash]) -> Result<(), Self::Error>;

    /// Forgets blocks that are kept aside.
    ///
    /// # Errors
    /// When the store fails.
    fn stage_dropped(&mut self, dropped: &[Hash]) -> Result<(), Self::Error>;
}
