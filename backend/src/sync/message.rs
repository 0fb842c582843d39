//! What nodes say to each other, in the canonical encoding. docs/protocol.md, "Network".
//!
//! A request gets one response of the same kind; news of blocks and transfers is passed on without being asked for.
//! Every list is bounded, and bytes that are left over are refused.

mod neighbours;
mod proof;

use ruint::aliases::U256;
use shared::{
    block::{Block, Header},
    codec::{Decode, DecodeError, Encode, Reader, encode_list},
    hash::Hash,
    transaction::{Reward, SignedTransfer},
};

pub use proof::MAX_SHOWN;

pub use neighbours::{MAX_NEIGHBOURS, MAX_TOLD_BRANCHES, Neighbour, PeerName, Surroundings};

/// The version of these messages.
pub const VERSION: u16 = 1;
/// The most hashes in a locator.
pub const MAX_LOCATOR: usize = 64;
/// The most headers in a response.
pub const MAX_HEADERS: usize = 2_000;
/// The most blocks that one request asks for.
pub const MAX_BLOCKS: usize = 128;
/// The most transfers that one request asks for by id.
pub const MAX_TRANSFERS: usize = 1_000;
/// The most ids of pending transfers in a response.
pub const MAX_IDS: usize = 32_768;

/// The most headers of a branch that is asked for to be looked at.
pub const MAX_BRANCH: usize = 256;

const MAX_BLOCK_TRANSFERS: usize = Block::MAX_TRANSFERS as usize;

/// The first bytes of a transfer's id, as a compact block names it.
pub type ShortId = [u8; 8];

/// The short id of a transfer.
#[must_use]
pub fn short_id(id: &Hash) -> ShortId {
    *id.0.first_chunk().expect("an id has 32 bytes")
}

/// What a node says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// The version of its messages.
    pub version: u16,
    /// Its chain.
    pub genesis: Hash,
    /// The height of its tip.
    pub height: u64,
    /// The hash of its tip.
    pub tip: Hash,
    /// The work of its chain.
    pub work: U256,
}

/// A block without its transfers: whoever has them pending puts it together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompactBlock {
    /// The header.
    pub header: Header,
    /// What its miner gets.
    pub reward: Reward,
    /// The transfers, in their order.
    pub transfers: Vec<ShortId>,
}

impl CompactBlock {
    /// A block's compact form.
    #[must_use]
    pub fn of(block: &Block) -> Self {
        Self {
            header: block.header,
            reward: block.reward.clone(),
            transfers: block.transfers.iter().map(|signed| short_id(&signed.id())).collect(),
        }
    }
}

/// What one node asks another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// What it says of itself.
    Status,
    /// The headers of its chain after the first of these hashes that it has. Newest first; genesis stands last.
    Headers {
        /// Hashes of the asker's chain, ever further apart.
        locator: Vec<Hash>,
    },
    /// Blocks of its chain. It may give fewer, the first ones, but none in between is left out.
    Blocks {
        /// Their hashes.
        hashes: Vec<Hash>,
    },
    /// Transfers of a block of its chain, by their places.
    BlockTransfers {
        /// The block's hash.
        hash: Hash,
        /// The places in the block, from 0, ascending.
        indexes: Vec<u32>,
    },
    /// The ids of its pending transfers.
    Mempool,
    /// Pending transfers. Those that it does not have are left out.
    Transfers {
        /// Their ids.
        ids: Vec<Hash>,
    },
    /// Whom it is connected to, and what it keeps beside its chain.
    Neighbours,
    /// The headers that lead to a block of its chain or beside it, after the first of these hashes that is in its chain.
    Branch {
        /// Hashes of the asker's chain, as in a request for headers.
        locator: Vec<Hash>,
        /// The block's hash.
        tip: Hash,
    },
    /// The proof that its chain has the work it says. docs/protocol.md, "Proof of the chain".
    Proof {
        /// Heights of headers that the proof is to show besides, ascending.
        heights: Vec<u64>,
    },
}

/// The answer to a request of the same kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// What the node says of itself.
    Status(Status),
    /// Headers, lowest first; each follows the one before.
    Headers(Vec<Header>),
    /// Blocks in the order in which they were asked for.
    Blocks(Vec<Block>),
    /// The transfers in the order in which they were asked for; none when the block is not in the chain.
    BlockTransfers(Vec<SignedTransfer>),
    /// Ids, those that pay most first.
    Mempool(Vec<Hash>),
    /// The transfers that are pending.
    Transfers(Vec<SignedTransfer>),
    /// Its peers and branches.
    Neighbours(Surroundings),
    /// Headers, lowest first; none when the block is not known, or they are too many.
    Branch(Vec<Header>),
    /// The proof's bytes; none when it cannot be written.
    Proof(Vec<u8>),
}

/// News that is passed on to everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gossip {
    /// A new block.
    Block(CompactBlock),
    /// A new block that is too long even in compact form: it is to be asked for.
    Header(Header),
    /// A new transfer.
    Transfer(SignedTransfer),
}

impl Request {
    /// The name of its kind, for logs and metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Headers { .. } => "headers",
            Self::Blocks { .. } => "blocks",
            Self::BlockTransfers { .. } => "block-transfers",
            Self::Mempool => "mempool",
            Self::Transfers { .. } => "transfers",
            Self::Neighbours => "neighbours",
            Self::Branch { .. } => "branch",
            Self::Proof { .. } => "proof",
        }
    }
}

impl Response {
    /// The name of its kind, for logs and metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::Headers(_) => "headers",
            Self::Blocks(_) => "blocks",
            Self::BlockTransfers(_) => "block-transfers",
            Self::Mempool(_) => "mempool",
            Self::Transfers(_) => "transfers",
            Self::Neighbours(_) => "neighbours",
            Self::Branch(_) => "branch",
            Self::Proof(_) => "proof",
        }
    }
}

impl Gossip {
    /// The name of its kind, for logs and metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Block(_) => "block",
            Self::Header(_) => "header",
            Self::Transfer(_) => "transfer",
        }
    }
}

/// The first byte of requests and responses.
pub(super) mod kind {
    pub(in crate::sync) const STATUS: u8 = 0;
    pub(in crate::sync) const HEADERS: u8 = 1;
    pub(in crate::sync) const BLOCKS: u8 = 2;
    // 3 is free: a compact block is news, and nobody asks for one.
    pub(in crate::sync) const BLOCK_TRANSFERS: u8 = 4;
    pub(in crate::sync) const MEMPOOL: u8 = 5;
    pub(in crate::sync) const TRANSFERS: u8 = 6;
    pub(in crate::sync) const NEIGHBOURS: u8 = 7;
    pub(in crate::sync) const BRANCH: u8 = 8;
    pub(in crate::sync) const PROOF: u8 = 9;
}

/// The first byte of news.
mod news {
    pub(super) const BLOCK: u8 = 0;
    pub(super) const HEADER: u8 = 1;
    pub(super) const TRANSFER: u8 = 2;
}

/// The lists that a message may hold. As bounds they are far below 2^32.
fn list<T: Decode>(reader: &mut Reader<'_>, what: &'static str, limit: usize) -> Result<Vec<T>, DecodeError> {
    reader.list(what, u32::try_from(limit).unwrap_or(u32::MAX))
}

impl Encode for Status {
    fn encode(&self, out: &mut Vec<u8>) {
        self.version.encode(out);
        self.genesis.encode(out);
        self.height.encode(out);
        self.tip.encode(out);
        self.work.to_le_bytes::<32>().encode(out);
    }
}

impl Decode for Status {
    const MIN_LEN: usize = 2 + 32 + 8 + 32 + 32;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            version: u16::decode(reader)?,
            genesis: Hash::decode(reader)?,
            height: u64::decode(reader)?,
            tip: Hash::decode(reader)?,
            work: U256::from_le_bytes(reader.array::<32>()?),
        })
    }
}

impl Encode for CompactBlock {
    fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode(out);
        self.reward.encode(out);
        encode_list(&self.transfers, out);
    }
}

impl Decode for CompactBlock {
    const MIN_LEN: usize = Header::LEN + Reward::MIN_LEN + 4;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            header: Header::decode(reader)?,
            reward: Reward::decode(reader)?,
            transfers: list(reader, "short ids", MAX_BLOCK_TRANSFERS)?,
        })
    }
}

impl Encode for Request {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Status => out.push(kind::STATUS),
            Self::Headers { locator } => {
                out.push(kind::HEADERS);
                encode_list(locator, out);
            }
            Self::Blocks { hashes } => {
                out.push(kind::BLOCKS);
                encode_list(hashes, out);
            }
            Self::BlockTransfers { hash, indexes } => {
                out.push(kind::BLOCK_TRANSFERS);
                hash.encode(out);
                encode_list(indexes, out);
            }
            Self::Mempool => out.push(kind::MEMPOOL),
            Self::Transfers { ids } => {
                out.push(kind::TRANSFERS);
                encode_list(ids, out);
            }
            Self::Neighbours => out.push(kind::NEIGHBOURS),
            Self::Branch { locator, tip } => {
                out.push(kind::BRANCH);
                encode_list(locator, out);
                tip.encode(out);
            }
            Self::Proof { heights } => {
                out.push(kind::PROOF);
                encode_list(heights, out);
            }
        }
    }
}

impl Decode for Request {
    const MIN_LEN: usize = 1;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(reader)? {
            kind::STATUS => Self::Status,
            kind::HEADERS => Self::Headers {
                locator: list(reader, "locator", MAX_LOCATOR)?,
            },
            kind::BLOCKS => Self::Blocks {
                hashes: list(reader, "hashes", MAX_BLOCKS)?,
            },
            kind::BLOCK_TRANSFERS => {
                let hash = Hash::decode(reader)?;
                let indexes: Vec<u32> = list(reader, "indexes", MAX_BLOCK_TRANSFERS)?;
                if !indexes.is_sorted_by(|a, b| a < b) {
                    return Err(DecodeError::Invalid {
                        what: "list of indexes",
                    });
                }
                Self::BlockTransfers { hash, indexes }
            }
            kind::MEMPOOL => Self::Mempool,
            kind::TRANSFERS => Self::Transfers {
                ids: list(reader, "ids", MAX_TRANSFERS)?,
            },
            kind::NEIGHBOURS => Self::Neighbours,
            kind::BRANCH => Self::Branch {
                locator: list(reader, "locator", MAX_LOCATOR)?,
                tip: Hash::decode(reader)?,
            },
            kind::PROOF => {
                let heights: Vec<u64> = list(reader, "heights", MAX_SHOWN)?;
                if !heights.is_sorted_by(|a, b| a < b) {
                    return Err(DecodeError::Invalid {
                        what: "list of heights",
                    });
                }
                Self::Proof { heights }
            }
            _ => {
                return Err(DecodeError::Invalid {
                    what: "kind of request",
                });
            }
        })
    }
}

impl Encode for Response {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Status(status) => {
                out.push(kind::STATUS);
                status.encode(out);
            }
            Self::Headers(headers) => {
                out.push(kind::HEADERS);
                encode_list(headers, out);
            }
            Self::Blocks(blocks) => {
                out.push(kind::BLOCKS);
                encode_list(blocks, out);
            }
            Self::BlockTransfers(transfers) => {
                out.push(kind::BLOCK_TRANSFERS);
                encode_list(transfers, out);
            }
            Self::Mempool(ids) => {
                out.push(kind::MEMPOOL);
                encode_list(ids, out);
            }
            Self::Transfers(transfers) => {
                out.push(kind::TRANSFERS);
                encode_list(transfers, out);
            }
            Self::Neighbours(surroundings) => {
                out.push(kind::NEIGHBOURS);
                surroundings.encode(out);
            }
            Self::Branch(headers) => {
                out.push(kind::BRANCH);
                encode_list(headers, out);
            }
            Self::Proof(proof) => {
                out.push(kind::PROOF);
                proof::encode(proof, out);
            }
        }
    }
}

impl Decode for Response {
    const MIN_LEN: usize = 1;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(reader)? {
            kind::STATUS => Self::Status(Status::decode(reader)?),
            kind::HEADERS => Self::Headers(list(reader, "headers", MAX_HEADERS)?),
            kind::BLOCKS => Self::Blocks(list(reader, "blocks", MAX_BLOCKS)?),
            kind::BLOCK_TRANSFERS => Self::BlockTransfers(list(reader, "transfers", MAX_BLOCK_TRANSFERS)?),
            kind::MEMPOOL => Self::Mempool(list(reader, "ids", MAX_IDS)?),
            kind::TRANSFERS => Self::Transfers(list(reader, "transfers", MAX_TRANSFERS)?),
            kind::NEIGHBOURS => Self::Neighbours(Surroundings::decode(reader)?),
            kind::BRANCH => Self::Branch(list(reader, "headers", MAX_BRANCH)?),
            kind::PROOF => Self::Proof(proof::decode(reader)?),
            _ => {
                return Err(DecodeError::Invalid {
                    what: "kind of response",
                });
            }
        })
    }
}

impl Encode for Gossip {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Block(block) => {
                out.push(news::BLOCK);
                block.encode(out);
            }
            Self::Header(header) => {
                out.push(news::HEADER);
                header.encode(out);
            }
            Self::Transfer(transfer) => {
                out.push(news::TRANSFER);
                transfer.encode(out);
            }
        }
    }
}

impl Decode for Gossip {
    const MIN_LEN: usize = 1 + Header::LEN;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match u8::decode(reader)? {
            news::BLOCK => Self::Block(CompactBlock::decode(reader)?),
            news::HEADER => Self::Header(Header::decode(reader)?),
            news::TRANSFER => Self::Transfer(SignedTransfer::decode(reader)?),
            _ => return Err(DecodeError::Invalid { what: "kind of news" }),
        })
    }
}

#[cfg(test)]
mod tests;
