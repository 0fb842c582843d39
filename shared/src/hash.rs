//! SHA-256 with a domain tag for every use.
//!
//! A tagged hash is `SHA256(SHA256(tag) ‖ SHA256(tag) ‖ data)`, the form of BIP-340: the prefix fills one
//! SHA-256 block, so its state can be kept. docs/protocol.md, "Hashes".

use alloc::{string::String, vec::Vec};
use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::codec::{Decode, DecodeError, Encode, Reader};

/// A SHA-256 value. Text form: 64 lower-case hex digits, first byte first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// 32 zero bytes.
    pub const ZERO: Self = Self([0; 32]);

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 64 lower-case hex digits")]
pub struct ParseHashError;

impl FromStr for Hash {
    type Err = ParseHashError;

    fn from_str(text: &str) -> Result<Self, ParseHashError> {
        decode_hex(text).map(Self).ok_or(ParseHashError)
    }
}

/// Reads exactly `N` bytes of lower-case hex.
#[must_use]
pub fn decode_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl Encode for Hash {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl Decode for Hash {
    const MIN_LEN: usize = 32;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.array().map(Self)
    }
}

/// The uses of tagged hashes. Each is a separate domain: no value of one is a value of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// Hash of a block header, and so its proof of work.
    Header,
    /// What the sender of a transfer signs.
    Transfer,
    /// Id of a signed transfer.
    Transaction,
    /// Id of a block's reward.
    Reward,
    /// Hash of a network's parameters.
    Parameters,
    /// Root over all earlier headers.
    History,
    /// A text signed by an account's owner.
    Message,
    /// A place of the chain that a proof of it must show.
    ChainProof,
}

impl Tag {
    /// All tags, for tables and tests.
    pub const ALL: [Self; 8] = [
        Self::Header,
        Self::Transfer,
        Self::Transaction,
        Self::Reward,
        Self::Parameters,
        Self::History,
        Self::Message,
        Self::ChainProof,
    ];

    /// The text that is hashed.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Header => "cairn/header",
            Self::Transfer => "cairn/transfer",
            Self::Transaction => "cairn/transaction",
            Self::Reward => "cairn/reward",
            Self::Parameters => "cairn/parameters",
            Self::History => "cairn/history",
            Self::Message => "cairn/message",
            Self::ChainProof => "cairn/chain-proof",
        }
    }

    /// The 64 bytes that stand before the data: the tag's SHA-256 twice.
    #[must_use]
    pub fn prefix(self) -> [u8; 64] {
        let digest = Sha256::digest(self.text());
        let mut prefix = [0; 64];
        prefix[..32].copy_from_slice(&digest);
        prefix[32..].copy_from_slice(&digest);
        prefix
    }

    /// Hashes `parts`, one after another, under this tag.
    #[must_use]
    pub fn hash(self, parts: &[&[u8]]) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update(self.prefix());
        for part in parts {
            hasher.update(part);
        }
        Hash(hasher.finalize().into())
    }
}

/// Plain SHA-256 of `parts`, one after another. Only for trees, whose nodes carry their own domain byte.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_differ_from_each_other_and_from_tree_nodes() {
        for (index, tag) in Tag::ALL.iter().enumerate() {
            assert!(tag.prefix()[0] > 1, "{} begins like a tree node", tag.text());
            for other in &Tag::ALL[index + 1..] {
                assert_ne!(tag.prefix(), other.prefix());
            }
        }
    }

    #[test]
    fn text_is_lower_case_hex_only() {
        let hash = sha256(&[b"abc"]);
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(alloc::string::ToString::to_string(&hash), text);
        assert_eq!(text.parse::<Hash>(), Ok(hash));
        assert!(text.to_uppercase().parse::<Hash>().is_err());
        assert!(text[1..].parse::<Hash>().is_err());
    }
}
