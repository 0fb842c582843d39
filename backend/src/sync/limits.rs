//! How long messages may be, and how far headers go.

use shared::{block::Header, chain_proof, codec::Decode as _, params::Parameters, transaction::SignedTransfer};

use super::message::{
    MAX_BLOCKS, MAX_BRANCH, MAX_HEADERS, MAX_IDS, MAX_LOCATOR, MAX_TRANSFERS, Status, Surroundings, kind,
};

/// The most bytes of blocks in one response, unless a single block is longer.
const BLOCKS_BYTES: usize = 4 << 20;
/// The longest compact block that is passed on.
const COMPACT_GOSSIP: usize = 64 << 10;
/// The bytes of a hash, and of a list's count.
const HASH: usize = 32;
const COUNT: usize = 4;

/// How far headers run ahead of the chain.
const AHEAD: u64 = 50_000;

/// How many bytes the messages of a network have at most, each alone, without its frame; and how far headers go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How far headers run ahead of the chain.
    pub ahead: u64,
    /// How many headers a response has at most.
    pub headers: usize,
    /// Of a response with blocks.
    pub blocks: usize,
    /// Of news.
    pub gossip: usize,
    max_block_transfers: usize,
}

impl Limits {
    /// How many transfers a block may have.
    pub(super) const fn transfers(&self) -> usize {
        self.max_block_transfers
    }

    /// Those of a network.
    #[must_use]
    pub fn new(parameters: &Parameters) -> Self {
        let block = parameters.max_block_bytes as usize;
        // Each transfer takes bytes of the block, which bounds their number as well.
        let by_bytes = block / SignedTransfer::MIN_LEN;
        Self {
            ahead: AHEAD,
            headers: MAX_HEADERS,
            blocks: 1 + COUNT + BLOCKS_BYTES.max(block),
            gossip: COMPACT_GOSSIP,
            max_block_transfers: by_bytes.min(parameters.max_block_transfers as usize),
        }
    }

    /// The most bytes of a request.
    #[must_use]
    pub fn request(&self) -> usize {
        // With the block to which a branch leads.
        let locator = (MAX_LOCATOR + 1) * HASH;
        let blocks = MAX_BLOCKS * HASH;
        let places = HASH + self.max_block_transfers * 4;
        let ids = MAX_TRANSFERS * HASH;
        1 + COUNT + locator.max(blocks).max(places).max(ids)
    }

    /// The most bytes of any response.
    #[must_use]
    pub fn response(&self) -> usize {
        let kinds = kind::STATUS..=kind::PROOF;
        kinds.filter_map(|kind| self.response_of(kind)).max().unwrap_or(0)
    }

    /// The most bytes of a response that begins with this byte; none when no response does.
    #[must_use]
    pub fn response_of(&self, first: u8) -> Option<usize> {
        let body = match first {
            kind::STATUS => return Some(1 + Status::MIN_LEN),
            kind::HEADERS => MAX_HEADERS * Header::LEN,
            kind::BLOCKS => return Some(self.blocks),
            kind::BLOCK_TRANSFERS => self.max_block_transfers * SignedTransfer::MAX_LEN,
            kind::MEMPOOL => MAX_IDS * HASH,
            kind::TRANSFERS => MAX_TRANSFERS * SignedTransfer::MAX_LEN,
            kind::NEIGHBOURS => return Some(1 + Surroundings::MAX_BYTES),
            kind::BRANCH => MAX_BRANCH * Header::LEN,
            kind::PROOF => chain_proof::MAX_LEN,
            _ => return None,
        };
        Some(1 + COUNT + body)
    }
}
