//! Addresses: a public key as bech32m text (BIP-350) under the network's own prefix.
//!
//! docs/protocol.md, "Addresses".

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
};
use core::{fmt, str::FromStr};

use bech32::{
    Bech32m, Hrp,
    primitives::decode::{CharError, CheckedHrpstring, CheckedHrpstringError, UncheckedHrpstringError},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::key::{KeyError, PublicKey};

/// The first part of a network's addresses: 1 to 16 lower-case letters and digits, the first of them a letter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(String);

impl Prefix {
    /// The greatest number of characters. The whole address has 59 more, and BIP-350 allows 90.
    pub const MAX_LEN: usize = 16;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn hrp(&self) -> Hrp {
        Hrp::parse(&self.0).expect("letters and digits, at most 16, are a human-readable part")
    }
}

/// The text cannot be a network's address prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an address prefix is 1 to 16 lower-case letters and digits, beginning with a letter")]
pub struct ParsePrefixError;

impl FromStr for Prefix {
    type Err = ParsePrefixError;

    fn from_str(text: &str) -> Result<Self, ParsePrefixError> {
        let begins_with_letter = text.starts_with(|first: char| first.is_ascii_lowercase());
        let is_plain = text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if begins_with_letter && is_plain && text.len() <= Self::MAX_LEN {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParsePrefixError)
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for Prefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Prefix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Why a text is not an address of a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// More characters than BIP-350 allows.
    #[error("an address has at most {limit} characters, and this has {length}", limit = MAX_TEXT_LEN)]
    TooLong {
        /// The characters (bytes) of the text.
        length: usize,
    },
    /// Capital and small letters together.
    #[error("an address has only small or only capital letters")]
    MixedCase,
    /// A character that no address has.
    #[error("an address has no '{0}'")]
    Character(char),
    /// No separator, nothing around it, or fewer characters than a checksum.
    #[error("this is not an address: an address is a prefix, a 1, and 58 letters and digits")]
    Shape,
    /// The checksum fails: something is mistyped or missing.
    #[error("the address is mistyped: its checksum fails")]
    Checksum,
    /// The checksum is that of the older bech32 (BIP-173).
    #[error("the address has the checksum of bech32, and bech32m is needed")]
    OldChecksum,
    /// The address is one of another network.
    #[error("the address begins with {found}, and this network's begin with {expected}")]
    Prefix {
        /// This network's prefix.
        expected: Prefix,
        /// The prefix of the text.
        found: String,
    },
    /// The text does not hold exactly 32 bytes in their canonical form.
    #[error("the address does not hold 32 bytes")]
    Payload,
    /// The bytes are no key that can receive.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The most characters of a bech32m text (BIP-173, "Bech32").
const MAX_TEXT_LEN: usize = 90;

/// Writes the address of `key`, in lower case.
#[must_use]
pub fn encode(prefix: &Prefix, key: &PublicKey) -> String {
    bech32::encode_lower::<Bech32m>(prefix.hrp(), key.as_bytes()).expect("75 characters at most are in range")
}

/// Reads an address of the network with this prefix. Whether the key can receive is left to [`PublicKey::check`].
///
/// # Errors
/// Any [`AddressError`] but [`AddressError::Key`].
pub fn decode(prefix: &Prefix, text: &str) -> Result<PublicKey, AddressError> {
    let (found, key) = decode_any(text)?;
    if found != prefix.as_str() {
        return Err(AddressError::Prefix {
            expected: prefix.clone(),
            found,
        });
    }
    key.ok_or(AddressError::Payload)
}

/// Reads an address as [`decode`] does and checks that its key can receive.
///
/// # Errors
/// Any [`AddressError`].
pub fn decode_checked(prefix: &Prefix, text: &str) -> Result<PublicKey, AddressError> {
    let key = decode(prefix, text)?;
    key.check()?;
    Ok(key)
}

/// The prefix, and the key when the payload is one in canonical form. The prefix is judged first, because an address of
/// another network says more than a length.
fn decode_any(text: &str) -> Result<(String, Option<PublicKey>), AddressError> {
    if text.len() > MAX_TEXT_LEN {
        return Err(AddressError::TooLong { length: text.len() });
    }
    let parsed = CheckedHrpstring::new::<Bech32m>(text).map_err(|error| match error {
        CheckedHrpstringError::Parse(UncheckedHrpstringError::Char(CharError::MixedCase)) => AddressError::MixedCase,
        CheckedHrpstringError::Parse(UncheckedHrpstringError::Char(CharError::InvalidChar(found))) => {
            AddressError::Character(found)
        }
        CheckedHrpstringError::Checksum(bech32::primitives::decode::ChecksumError::InvalidResidue(residue)) => {
            if residue.matches_bech32_checksum() {
                AddressError::OldChecksum
            } else {
                AddressError::Checksum
            }
        }
        _ => AddressError::Shape,
    })?;
    let mut bytes = [0; 32];
    let mut payload = parsed.byte_iter();
    let is_whole = payload.len() == bytes.len();
    bytes.iter_mut().zip(&mut payload).for_each(|(slot, byte)| *slot = byte);
    // 32 bytes take 52 characters, the last of which carries 4 bits of padding: all zero, or there were two texts for one key.
    let is_canonical = parsed.data_part_ascii_no_checksum().len() == 52 && parsed.validate_segwit_padding().is_ok();
    let found = parsed.hrp().to_string().to_ascii_lowercase();
    Ok((found, (is_whole && is_canonical).then_some(PublicKey(bytes))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_reads_back_in_either_case_but_not_mixed() {
        let key = PublicKey([7; 32]);
        let text = encode(&prefix("dev"), &key);
        assert_eq!(text.len(), 3 + 59);
        assert_eq!(decode(&prefix("dev"), &text), Ok(key));
        assert_eq!(decode(&prefix("dev"), &text.to_ascii_uppercase()), Ok(key));
        let mixed = text.replacen('d', "D", 1);
        assert_eq!(decode(&prefix("dev"), &mixed), Err(AddressError::MixedCase));
    }

    #[test]
    fn an_address_of_another_network_is_named() {
        let text = encode(&prefix("class"), &PublicKey([7; 32]));
        let error = decode(&prefix("dev"), &text).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the address begins with class, and this network's begin with dev"
        );
    }

    #[test]
    fn every_mistyped_letter_is_noticed() {
        let text = encode(&prefix("dev"), &PublicKey([7; 32]));
        for position in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[position] = if bytes[position] == b'q' { b'p' } else { b'q' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(decode(&prefix("dev"), &changed).is_err(), "{changed}");
        }
    }

    #[test]
    fn padding_bits_must_be_zero() {
        use bech32::{ByteIterExt, Fe32, Fe32IterExt};
        let mut symbols: alloc::vec::Vec<Fe32> = [7u8; 32].iter().copied().bytes_to_fes().collect();
        let last = symbols.last_mut().unwrap();
        *last = Fe32::try_from(last.to_u8() | 1).unwrap();
        let text: String = symbols
            .into_iter()
            .with_checksum::<Bech32m>(&prefix("dev").hrp())
            .chars()
            .collect();
        assert_eq!(decode(&prefix("dev"), &text), Err(AddressError::Payload));
    }

    #[test]
    fn prefixes_are_plain() {
        for text in ["", "1dev", "Dev", "dév", "d-v", "abcdefghijklmnopq"] {
            assert_eq!(text.parse::<Prefix>(), Err(ParsePrefixError), "{text}");
        }
        assert_eq!(prefix("abcdefghijklmnop").as_str().len(), Prefix::MAX_LEN);
    }
}
