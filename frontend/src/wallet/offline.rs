//! Transfers between a page that has a node and one that has the keys and no network, as text for a file or a QR code.
//! docs/offline.md specifies it.

use shared::address::Prefix;
use shared::amount::Amount;
use shared::codec::{Decode, DecodeError, Encode, Reader, encode_short_bytes};
use shared::hash::{Hash, sha256};
use shared::transaction::{SignedTransfer, Transfer};

use super::base32;
use super::review::{Purpose, Review};
use super::simulate::refusal;

/// How the text of an unsigned transfer begins.
pub const UNSIGNED: &str = "CAIRN-UNSIGNED:1:";

/// How the text of a signed transfer begins.
pub const SIGNED: &str = "CAIRN-SIGNED:1:";

/// The most characters of either text.
pub const MAX_LEN: usize = 1024;

/// The bytes of the checksum at the end.
const CHECKSUM_LEN: usize = 4;

/// The most bytes of a network's name, its symbol and its prefix.
const NAME_LEN: u8 = 32;
const SYMBOL_LEN: u8 = 8;
const PREFIX_LEN: u8 = 16;

/// Why a text is not read, for the person who opened it.
pub type Fault = String;

/// What the page with the node says, and the one with the keys cannot check: nothing of it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// What the network is called.
    pub network: String,
    /// What a coin is called.
    pub symbol: String,
    /// What addresses begin with.
    pub prefix: Prefix,
    /// What the sender could spend.
    pub spendable: Amount,
    /// The height of the newest block at which that was so.
    pub height: u64,
}

/// A transfer that is to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// The chain for which it is signed.
    pub genesis: Hash,
    /// The transfer.
    pub transfer: Transfer,
    /// What is said about it.
    pub claims: Claims,
}

impl Unsigned {
    /// What a person confirms: read from the very bytes that are signed, in the names that are claimed.
    ///
    /// # Errors
    /// Why it is not signed.
    pub fn review(&self) -> Result<Review, Fault> {
        let Claims { prefix, spendable, .. } = &self.claims;
        Review::of_transfer(&self.transfer, Purpose::Pay, &self.genesis, prefix, *spendable).ok_or_else(|| {
            "This transfer takes more than its sender had when it was prepared. Make it again.".to_owned()
        })
    }
}

/// A transfer that is signed, and whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The chain for which it is signed.
    pub genesis: Hash,
    /// Order and signature.
    pub signed: SignedTransfer,
}

/// Writes an unsigned transfer.
#[must_use]
pub fn write_unsigned(unsigned: &Unsigned) -> String {
    let claims = &unsigned.claims;
    let mut bytes = unsigned.genesis.0.to_vec();
    for (name, limit) in [
        (&*claims.network, NAME_LEN),
        (&*claims.symbol, SYMBOL_LEN),
        (claims.prefix.as_str(), PREFIX_LEN),
    ] {
        let name = name.as_bytes();
        encode_short_bytes(&name[..name.len().min(limit.into())], &mut bytes);
    }
    claims.spendable.encode(&mut bytes);
    claims.height.encode(&mut bytes);
    unsigned.transfer.encode(&mut bytes);
    seal(UNSIGNED, bytes)
}

/// Reads an unsigned transfer whose amounts and keys can be.
///
/// # Errors
/// What is wrong with it.
pub fn read_unsigned(text: &str) -> Result<Unsigned, Fault> {
    let unsigned: Unsigned = open(UNSIGNED, text)?;
    unsigned.transfer.check_form().map_err(|error| refusal(&error))?;
    Ok(unsigned)
}

/// Writes a signed transfer.
#[must_use]
pub fn write_signed(genesis: &Hash, signed: &SignedTransfer) -> String {
    let mut bytes = genesis.0.to_vec();
    signed.encode(&mut bytes);
    seal(SIGNED, bytes)
}

/// Reads a signed transfer and verifies its signature for the chain that it names.
///
/// # Errors
/// What is wrong with it.
pub fn read_signed(text: &str) -> Result<Signed, Fault> {
    let signed: Signed = open(SIGNED, text)?;
    match signed.signed.clone().verify(&signed.genesis) {
        Ok(_) => Ok(signed),
        Err(_) => Err("The signature of this transfer does not hold. Sign it again.".to_owned()),
    }
}

fn checksum(head: &str, bytes: &[u8]) -> [u8; CHECKSUM_LEN] {
    let Hash([a, b, c, d, ..]) = sha256(&[head.as_bytes(), bytes]);
    [a, b, c, d]
}

fn seal(head: &str, mut bytes: Vec<u8>) -> String {
    bytes.extend(checksum(head, &bytes));
    head.to_owned() + &base32::encode(&bytes)
}

fn open<T: Decode>(head: &str, text: &str) -> Result<T, Fault> {
    let text = text.trim();
    let begins = |start: &str| {
        text.get(..start.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(start))
    };
    let (is_unsigned, is_signed) = (begins(&UNSIGNED[..15]), begins(&SIGNED[..13]));
    let said = match (begins(head), head == UNSIGNED) {
        (true, _) if text.len() > MAX_LEN => "This text is too long for a transfer. Make it again.",
        (true, _) => {
            let bytes = base32::decode(&text[head.len()..]);
            let split = bytes.as_deref().and_then(<[u8]>::split_last_chunk);
            match split.filter(|(bytes, sum)| checksum(head, bytes) == **sum) {
                None => "This transfer is damaged: its checksum fails. Copy or scan the whole of it again.",
                Some((bytes, _)) => match T::from_bytes(bytes) {
                    Ok(value) => return Ok(value),
                    Err(_) => "This transfer cannot be read. Make it again.",
                },
            }
        }
        (_, true) if is_signed => {
            "This transfer is signed already. Open it on the page that has a node, which sends it."
        }
        (_, false) if is_unsigned => "This transfer is not signed yet. Open it on the page that has the keys.",
        _ if is_unsigned || is_signed => "A newer Cairn wrote this transfer. Use a newer Cairn to open it.",
        (_, true) => "This is no unsigned transfer: one begins with CAIRN-UNSIGNED:1:",
        (_, false) => "This is no signed transfer: one begins with CAIRN-SIGNED:1:",
    };
    Err(said.to_owned())
}

/// A short text of these letters.
fn name(reader: &mut Reader<'_>, limit: u8, is_allowed: fn(u8) -> bool) -> Result<String, DecodeError> {
    let what = "name";
    let bytes = reader.short_bytes(what, limit)?;
    match str::from_utf8(bytes) {
        Ok(text) if !bytes.is_empty() && bytes.iter().all(|byte| is_allowed(*byte)) => Ok(text.to_owned()),
        _ => Err(DecodeError::Invalid { what }),
    }
}

impl Decode for Unsigned {
    const MIN_LEN: usize = 32 + 3 + 16 + Transfer::MIN_LEN;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let is_small = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let genesis = Hash::decode(reader)?;
        let claims = Claims {
            network: name(reader, NAME_LEN, is_small)?,
            symbol: name(reader, SYMBOL_LEN, is_capital)?,
            prefix: name(reader, PREFIX_LEN, is_small)?
                .parse()
                .map_err(|_| DecodeError::Invalid { what: "prefix" })?,
            spendable: Amount::decode(reader)?,
            height: u64::decode(reader)?,
        };
        let transfer = Transfer::decode(reader)?;
        Ok(Self {
            genesis,
            transfer,
            claims,
        })
    }
}

impl Decode for Signed {
    const MIN_LEN: usize = 32 + SignedTransfer::MIN_LEN;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            genesis: Hash::decode(reader)?,
            signed: SignedTransfer::decode(reader)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wallet::qr;
    use shared::key::SecretKey;
    use shared::transaction::Memo;

    fn key() -> SecretKey {
        SecretKey::from_bytes(&core::array::from_fn(|index| index as u8))
    }

    fn unsigned(memo: &str) -> Unsigned {
        Unsigned {
            genesis: Hash([1; 32]),
            transfer: Transfer {
                sender: key().public_key(),
                recipient: SecretKey::from_bytes(&[2; 32]).public_key(),
                amount: Amount::from_units(150_000_000),
                fee: Amount::from_units(1000),
                nonce: 7,
                valid_until: 0,
                memo: Memo::new(memo).unwrap(),
            },
            claims: Claims {
                network: "dev".into(),
                symbol: "DEV".into(),
                prefix: "dev".parse().unwrap(),
                spendable: Amount::from_units(500_000_000),
                height: 1024,
            },
        }
    }

    fn signed(memo: &str) -> Signed {
        let Unsigned { genesis, transfer, .. } = unsigned(memo);
        Signed {
            genesis,
            signed: transfer.sign(&genesis, &key()),
        }
    }

    fn signed_text(memo: &str) -> String {
        let Signed { genesis, signed } = signed(memo);
        write_signed(&genesis, &signed)
    }

    #[test]
    fn both_forms_read_back() {
        for memo in ["", "for the stones", &"ü".repeat(32)] {
            let text = write_unsigned(&unsigned(memo));
            assert_eq!(read_unsigned(&text), Ok(unsigned(memo)));
            assert_eq!(
                read_unsigned(&format!(" {}\r\n", text.to_ascii_lowercase())),
                Ok(unsigned(memo))
            );
            let text = signed_text(memo);
            assert_eq!(read_signed(&text), Ok(signed(memo)));
        }
        let review = unsigned("tea").review().unwrap();
        assert_eq!(review.bytes, unsigned("tea").transfer.to_bytes());
        assert!(review.sender.starts_with("dev1"));
        let mut dear = unsigned("");
        dear.claims.spendable = Amount::from_units(150_000_999);
        assert!(dear.review().unwrap_err().contains("more than its sender had"));
    }

    #[test]
    fn the_longest_fits_into_a_code_that_a_camera_reads() {
        let mut longest = unsigned(&"m".repeat(64));
        longest.claims.network = "n".repeat(32);
        longest.claims.symbol = "S".repeat(8);
        longest.claims.prefix = "p".repeat(16).parse().unwrap();
        let text = write_unsigned(&longest);
        assert!(text.len() <= MAX_LEN, "{}", text.len());
        assert_eq!(read_unsigned(&text), Ok(longest));
        let is_alphanumeric = |text: &str| {
            text.bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b':' | b'-'))
        };
        assert!(is_alphanumeric(&text) && is_alphanumeric(&signed_text("a")));
        // Version 16 has 81 modules.
        assert!(
            qr::picture(&text).unwrap().side <= 81 + 8,
            "{}",
            qr::picture(&text).unwrap().side
        );
    }

    #[test]
    fn no_letter_can_be_changed() {
        for (text, is_read) in [
            (
                write_unsigned(&unsigned("tea")),
                (|text| read_unsigned(text).is_ok()) as fn(&str) -> bool,
            ),
            (signed_text("tea"), |text| read_signed(text).is_ok()),
        ] {
            for position in 0..text.len() {
                for letter in b"AQZ27:- " {
                    let mut changed = text.clone().into_bytes();
                    changed[position] = *letter;
                    let changed = String::from_utf8(changed).unwrap();
                    assert!(changed == text || !is_read(&changed), "{changed}");
                }
                assert!(!is_read(&text[..position]));
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let said = |text: &str| (read_unsigned(text).unwrap_err(), read_signed(text).unwrap_err());
        let nothing = said("cairn");
        assert!(nothing.0.contains("begins with") && nothing.1.contains("begins with"));
        let newer = (UNSIGNED.replace('1', "2") + "AA", SIGNED.replace('1', "2") + "AA");
        assert!(read_unsigned(&newer.0).unwrap_err().contains("newer"));
        assert!(read_signed(&newer.1).unwrap_err().contains("newer"));
        assert!(
            read_signed(&write_unsigned(&unsigned("")))
                .unwrap_err()
                .contains("not signed yet")
        );
        assert!(read_unsigned(&signed_text("")).unwrap_err().contains("signed already"));
        let long = write_unsigned(&unsigned("")) + &"A".repeat(MAX_LEN);
        assert!(read_unsigned(&long).unwrap_err().contains("too long"));
        for damaged in [
            UNSIGNED.to_owned(),
            UNSIGNED.to_owned() + "AAAAAAA",
            UNSIGNED.to_owned() + "é",
        ] {
            assert!(read_unsigned(&damaged).unwrap_err().contains("checksum"), "{damaged}");
        }
    }

    #[test]
    fn a_checksum_makes_no_transfer_good() {
        let mut nothing = unsigned("");
        nothing.transfer.amount = Amount::ZERO;
        assert!(read_unsigned(&write_unsigned(&nothing)).unwrap_err().contains("zero"));
        let mut nobody = unsigned("");
        nobody.transfer.recipient.0 = [0; 32];
        assert!(
            read_unsigned(&write_unsigned(&nobody))
                .unwrap_err()
                .contains("cannot be")
        );
        let mut named = unsigned("");
        named.claims.symbol = "$".into();
        assert!(
            read_unsigned(&write_unsigned(&named))
                .unwrap_err()
                .contains("cannot be read")
        );
        let Signed { genesis, mut signed } = signed("");
        signed.transfer.nonce += 1;
        assert!(
            read_signed(&write_signed(&genesis, &signed))
                .unwrap_err()
                .contains("does not hold")
        );
        let Signed { signed, .. } = self::signed("");
        assert!(read_signed(&write_signed(&Hash([2; 32]), &signed)).is_err());
    }

    #[test]
    fn the_examples_of_the_specification_are_these() {
        let text = include_str!("../../../docs/offline.md");
        let examples: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("    CAIRN-"))
            .collect();
        let [first, second] = examples[..] else {
            panic!("{examples:?}");
        };
        assert_eq!(write_unsigned(&unsigned("for the stones")), format!("CAIRN-{first}"));
        assert_eq!(signed_text("for the stones"), format!("CAIRN-{second}"));
    }
}
