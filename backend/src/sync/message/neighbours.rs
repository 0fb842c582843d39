//! What a node tells of others: whom it is connected to, and which branches it keeps beside its chain.

use shared::{
    codec::{Decode, DecodeError, Encode, Reader, encode_list, encode_short_bytes},
    hash::Hash,
};

use super::list;

/// The most peers that a node tells of, and the most branches.
pub const MAX_NEIGHBOURS: usize = 256;
/// See above.
pub const MAX_TOLD_BRANCHES: usize = 32;

/// The id of a peer: the multihash of its public key, as libp2p has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerName(Vec<u8>);

impl PeerName {
    /// The most bytes of one.
    pub const MAX_LEN: u8 = 44;
    /// The codes of multihashes: a short key as it is, and the SHA-256 of a longer one.
    const IDENTITY: u8 = 0x00;
    const SHA_256: u8 = 0x12;

    /// The id with these bytes; none when they are no id.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let [code, len, digest @ ..] = bytes else { return None };
        let is_id = usize::from(*len) == digest.len()
            && match *code {
                Self::IDENTITY => bytes.len() <= usize::from(Self::MAX_LEN),
                Self::SHA_256 => digest.len() == Hash::MIN_LEN,
                _ => false,
            };
        is_id.then(|| Self(bytes.to_vec()))
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A peer of the node that tells of it. All of it is that node's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Its id.
    pub name: PeerName,
    /// The height of its tip, as it last said.
    pub height: u64,
    /// The hash of its tip.
    pub tip: Hash,
    /// How long it took to answer lately, in milliseconds, if that is known.
    pub latency_ms: Option<u32>,
}

/// Whom a node is connected to, and what it keeps beside its chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Its peers that have told their status, by their ids, each once.
    pub peers: Vec<Neighbour>,
    /// The last blocks of branches that it keeps beside its chain.
    pub branches: Vec<Hash>,
}

impl Surroundings {
    /// The most bytes of it.
    pub const MAX_BYTES: usize = 4
        + MAX_NEIGHBOURS * (1 + PeerName::MAX_LEN as usize + 8 + Hash::MIN_LEN + 4)
        + 4
        + MAX_TOLD_BRANCHES * Hash::MIN_LEN;
}

impl Encode for PeerName {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_short_bytes(&self.0, out);
    }
}

impl Decode for PeerName {
    const MIN_LEN: usize = 1 + 2;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes = reader.short_bytes("peer id", Self::MAX_LEN)?;
        Self::new(bytes).ok_or(DecodeError::Invalid { what: "peer id" })
    }
}

/// What stands for a latency that is not known.
const UNKNOWN: u32 = u32::MAX;

impl Encode for Neighbour {
    fn encode(&self, out: &mut Vec<u8>) {
        self.name.encode(out);
        self.height.encode(out);
        self.tip.encode(out);
        self.latency_ms.unwrap_or(UNKNOWN).encode(out);
    }
}

impl Decode for Neighbour {
    const MIN_LEN: usize = PeerName::MIN_LEN + 8 + Hash::MIN_LEN + 4;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            name: PeerName::decode(reader)?,
            height: u64::decode(reader)?,
            tip: Hash::decode(reader)?,
            latency_ms: Some(u32::decode(reader)?).filter(|latency| *latency != UNKNOWN),
        })
    }
}

impl Encode for Surroundings {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_list(&self.peers, out);
        encode_list(&self.branches, out);
    }
}

impl Decode for Surroundings {
    const MIN_LEN: usize = 4 + 4;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let peers: Vec<Neighbour> = list(reader, "peers", MAX_NEIGHBOURS)?;
        if !peers.is_sorted_by(|a, b| a.name < b.name) {
            return Err(DecodeError::Invalid { what: "list of peers" });
        }
        Ok(Self {
            peers,
            branches: list(reader, "branches", MAX_TOLD_BRANCHES)?,
        })
    }
}
