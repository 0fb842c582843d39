//! How records look in the store. Keys sort as what they name does: numbers are big-endian there.

use ruint::aliases::U256;
use shared::{
    amount::Amount,
    block::{Block, Header},
    codec::{Decode, DecodeError, Encode, Reader},
    hash::Hash,
    history::Position,
    key::PublicKey,
    rules::AccountChange,
    state::Account,
    transaction::SignedTransfer,
};

use super::{Location, Summary};

impl Summary {
    /// What is known of a block, given the work of the chain up to it.
    #[must_use]
    pub fn new(block: &Block, hash: Hash, work: U256) -> Self {
        Self {
            header: block.header,
            hash,
            work,
            size: block.encoded_len() as u64,
            transfers: block.transfers.len() as u64,
            reward: Some((block.reward.recipient, block.reward.amount)),
        }
    }

    /// The same for the genesis block.
    #[must_use]
    pub const fn genesis(header: Header, hash: Hash, work: U256) -> Self {
        Self {
            header,
            hash,
            work,
            size: Header::LEN as u64,
            transfers: 0,
            reward: None,
        }
    }
}

impl Encode for Summary {
    fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode(out);
        self.hash.encode(out);
        out.extend_from_slice(&self.work.to_le_bytes::<32>());
        self.size.encode(out);
        self.transfers.encode(out);
        if let Some((recipient, amount)) = &self.reward {
            recipient.encode(out);
            amount.encode(out);
        }
    }
}

impl Decode for Summary {
    const MIN_LEN: usize = Header::LEN + 32 + 32 + 8 + 8;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            header: Header::decode(reader)?,
            hash: Hash::decode(reader)?,
            work: U256::from_le_bytes::<32>(reader.array()?),
            size: u64::decode(reader)?,
            transfers: u64::decode(reader)?,
            reward: if reader.remaining() == 0 {
                None
            } else {
                Some((PublicKey::decode(reader)?, Amount::decode(reader)?))
            },
        })
    }
}

/// An account as it was before a block.
pub(super) struct Before(pub(super) PublicKey, pub(super) Account);

impl Encode for Before {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
        self.1.encode(out);
    }
}

impl Decode for Before {
    const MIN_LEN: usize = 48;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(PublicKey::decode(reader)?, Account::decode(reader)?))
    }
}

/// The accounts that a block changed, as they were before.
pub(super) fn undo_record(changes: &[AccountChange]) -> Vec<u8> {
    let before: Vec<Before> = changes.iter().map(|change| Before(change.key, change.before)).collect();
    let mut out = Vec::new();
    shared::codec::encode_list(&before, &mut out);
    out
}

/// A stored pending transfer, and when it came.
pub(super) struct Pending {
    pub(super) since_ms: u64,
    pub(super) transfer: SignedTransfer,
}

impl Encode for Pending {
    fn encode(&self, out: &mut Vec<u8>) {
        self.since_ms.encode(out);
        self.transfer.encode(out);
    }
}

impl Decode for Pending {
    const MIN_LEN: usize = 8 + SignedTransfer::MIN_LEN;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            since_ms: u64::decode(reader)?,
            transfer: SignedTransfer::decode(reader)?,
        })
    }
}

impl Location {
    pub(super) fn to_array(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&self.height.to_be_bytes());
        bytes[8..].copy_from_slice(&self.index.to_be_bytes());
        bytes
    }

    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            height: u64::from_be_bytes(bytes.get(..8)?.try_into().ok()?),
            index: u32::from_be_bytes(bytes.get(8..)?.try_into().ok()?),
        })
    }
}

/// The key of a line of an account's history.
pub(super) fn activity_key(account: &PublicKey, location: Location) -> Vec<u8> {
    [&account.0[..], &location.to_array()].concat()
}

/// The key of a node of the tree over all headers.
pub(super) fn node_key(position: Position) -> Vec<u8> {
    [&[position.level][..], &position.index.to_be_bytes()].concat()
}
