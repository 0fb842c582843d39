//! How records look in the store. Keys sort as what they name does: numbers are big-endian there.

use ruint::aliases::U256;
use shared::{
    amount::Amount,
    block::Header,
    codec::{Decode, DecodeError, Encode, Reader, encode_list},
    hash::Hash,
    history::{HistoryNode, Position},
    key::PublicKey,
    rules::{AccountChange, VerifiedBlock},
    state::Account,
    transaction::{Note, Reward, SignedTransfer},
};

use super::{Location, Summary};

/// The length of a block without its header that holds its reward alone, without a note.
pub(super) const SHORTEST_BODY: usize = Reward::MIN_LEN + 4;

impl Summary {
    /// What is known of a block, given the work of the chain up to it.
    #[must_use]
    pub fn new(block: &VerifiedBlock, work: U256) -> Self {
        let reward = block.reward();
        Self {
            header: *block.header(),
            hash: block.hash(),
            work,
            size: block.encoded_len() as u64,
            transfers: block.transfers().len() as u64,
            reward: Some((reward.recipient, reward.amount)),
        }
    }

    /// Whether the block holds its reward alone, without a note: then it has no record of its body.
    pub(super) const fn is_whole(&self) -> bool {
        self.size == (Header::LEN + SHORTEST_BODY) as u64 && self.reward.is_some()
    }

    /// The body of a block that has no record of it.
    pub(super) fn body(&self) -> Option<Vec<u8>> {
        let (recipient, amount) = self.reward.filter(|_| self.is_whole())?;
        let note = Note::default();
        let mut body = Vec::with_capacity(SHORTEST_BODY);
        Reward {
            recipient,
            amount,
            note,
        }
        .encode(&mut body);
        encode_list::<SignedTransfer>(&[], &mut body);
        Some(body)
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
    encode_list(&before, &mut out);
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
pub(super) fn activity_key(account: &PublicKey, location: Location) -> [u8; 44] {
    let mut key = [0; 44];
    key[..32].copy_from_slice(&account.0);
    key[32..].copy_from_slice(&location.to_array());
    key
}

/// The nodes of the tree over all headers up to this level stand with the header that completes them. Those above are few:
/// on their own they lie close together, as proofs read them.
const NODES_WITH_HEADER: u8 = 6;

/// Where a node of the tree over all headers is stored.
pub(super) enum NodePlace {
    /// It follows from the header of this height.
    Leaf(u64),
    /// In the record of the header of this height, so many bytes before its end.
    Header(u64, usize),
    /// In a record of its own.
    Own,
}

impl NodePlace {
    /// None for a position that no chain reaches.
    pub(super) fn of(position: Position) -> Option<Self> {
        if position.level == 0 {
            return Some(Self::Leaf(position.index));
        }
        if position.level > NODES_WITH_HEADER {
            return Some(Self::Own);
        }
        let end = position.index.checked_add(1)?;
        let count = end.checked_mul(1 << position.level)?;
        let highest = count.trailing_zeros().min(NODES_WITH_HEADER.into());
        let nodes = highest - u32::from(position.level) + 1;
        Some(Self::Header(count - 1, nodes as usize * HistoryNode::LEN))
    }
}

/// The key of a node that has a record of its own.
pub(super) fn node_key(position: Position) -> Vec<u8> {
    [&[position.level][..], &position.index.to_be_bytes()].concat()
}

/// The summary in a header's record.
pub(super) fn summary_of(record: &[u8]) -> Result<Summary, DecodeError> {
    Summary::decode(&mut Reader::new(record))
}
