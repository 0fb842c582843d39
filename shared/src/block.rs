//! Headers and blocks, as parsed: nothing here has been verified.

use alloc::vec::Vec;

use crate::{
    codec::{Decode, DecodeError, Encode, Reader, encode_list},
    hash::{Hash, Tag},
    merkle,
    transaction::{Reward, SignedTransfer},
};

/// A block's header: 160 bytes, whose tagged hash is the proof of work. docs/protocol.md, "Headers".
///
/// Time, target and nonce stand last, so that all other SHA-256 chunks stay constant while mining.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The protocol's version: 1.
    pub version: u32,
    /// The number of blocks before this one.
    pub height: u64,
    /// The hash of the header before; in the genesis header the hash of the parameters.
    pub previous_hash: Hash,
    /// The root over all earlier headers, with their work.
    pub history_root: Hash,
    /// The RFC 6962 root over the ids of the block's reward and transfers.
    pub transactions_root: Hash,
    /// The root over all accounts after this block.
    pub state_root: Hash,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub timestamp: u64,
    /// The target in compact form.
    pub bits: u32,
    /// What the miner varied.
    pub nonce: u64,
}

impl Header {
    /// The length of the encoding.
    pub const LEN: usize = 160;
    /// The only version there is.
    pub const VERSION: u32 = 1;

    /// The hash, which is also the proof of work.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Tag::Header.hash(&[&self.to_array()])
    }

    /// The encoding.
    #[must_use]
    pub fn to_array(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..4].copy_from_slice(&self.version.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.height.to_le_bytes());
        bytes[12..44].copy_from_slice(&self.previous_hash.0);
        bytes[44..76].copy_from_slice(&self.history_root.0);
        bytes[76..108].copy_from_slice(&self.transactions_root.0);
        bytes[108..140].copy_from_slice(&self.state_root.0);
        bytes[140..148].copy_from_slice(&self.timestamp.to_le_bytes());
        bytes[148..152].copy_from_slice(&self.bits.to_le_bytes());
        bytes[152..].copy_from_slice(&self.nonce.to_le_bytes());
        bytes
    }
}

impl Encode for Header {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_array());
    }
}

impl Decode for Header {
    const MIN_LEN: usize = Self::LEN;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            version: u32::decode(reader)?,
            height: u64::decode(reader)?,
            previous_hash: Hash::decode(reader)?,
            history_root: Hash::decode(reader)?,
            transactions_root: Hash::decode(reader)?,
            state_root: Hash::decode(reader)?,
            timestamp: u64::decode(reader)?,
            bits: u32::decode(reader)?,
            nonce: u64::decode(reader)?,
        })
    }
}

/// A block as its bytes say. Its rules are not checked: [`crate::rules`] makes the verified stages of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// What its miner gets.
    pub reward: Reward,
    /// The transfers, in the order in which they are applied.
    pub transfers: Vec<SignedTransfer>,
}

impl Block {
    /// The greatest number of transfers that any network may allow in a block.
    pub const MAX_TRANSFERS: u32 = 65_536;

    /// The ids of the reward and the transfers: the leaves of the transaction tree.
    #[must_use]
    pub fn transaction_ids(&self) -> Vec<Hash> {
        let reward = self.reward.id(self.header.height);
        core::iter::once(reward)
            .chain(self.transfers.iter().map(SignedTransfer::id))
            .collect()
    }

    /// The length of the encoding, in bytes.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        Self::encoded_len_of(&self.reward, &self.transfers)
    }

    /// The same for a block of this reward and these transfers.
    pub(crate) fn encoded_len_of<'a>(
        reward: &Reward,
        transfers: impl IntoIterator<Item = &'a SignedTransfer>,
    ) -> usize {
        let transfers: usize = transfers.into_iter().map(SignedTransfer::encoded_len).sum();
        Header::LEN + Reward::MIN_LEN + reward.note.as_bytes().len() + 4 + transfers
    }
}

/// The root that a header must carry for these transaction ids.
#[must_use]
pub fn transactions_root(ids: &[Hash]) -> Hash {
    merkle::root(ids)
}

impl Encode for Block {
    fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode(out);
        self.reward.encode(out);
        encode_list(&self.transfers, out);
    }
}

impl Decode for Block {
    const MIN_LEN: usize = Header::LEN + Reward::MIN_LEN + 4;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            header: Header::decode(reader)?,
            reward: Reward::decode(reader)?,
            transfers: reader.list("transfers", Self::MAX_TRANSFERS)?,
        })
    }
}
