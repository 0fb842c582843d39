//! Transfers between accounts, and the reward of a block.

use alloc::{borrow::ToOwned, collections::BTreeSet, string::String, vec::Vec};
use core::fmt;

use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    amount::Amount,
    codec::{Decode, DecodeError, Encode, Reader, encode_short_bytes},
    hash::{Hash, Tag},
    key::{KeyError, PublicKey, SecretKey, Signature, verify, verify_batch},
    rules::{Party, RuleError},
};

/// Text that goes with a transfer: at most 64 bytes of UTF-8.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Memo(String);

impl Memo {
    /// The greatest length in bytes.
    pub const MAX_LEN: u8 = 64;

    /// A memo of `text`.
    ///
    /// # Errors
    /// [`MemoTooLong`] when it has more than 64 bytes.
    pub fn new(text: &str) -> Result<Self, MemoTooLong> {
        if text.len() > Self::MAX_LEN.into() {
            return Err(MemoTooLong { length: text.len() });
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A memo has too many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a memo has at most {} bytes, and this one has {length}", Memo::MAX_LEN)]
pub struct MemoTooLong {
    /// Its length in bytes.
    pub length: usize,
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for Memo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Memo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(D::Error::custom)
    }
}

impl Encode for Memo {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_short_bytes(self.0.as_bytes(), out);
    }
}

impl Decode for Memo {
    const MIN_LEN: usize = 1;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes = reader.short_bytes("memo", Self::MAX_LEN)?;
        let text = core::str::from_utf8(bytes).map_err(|_| DecodeError::Invalid {
            what: "memo, which is UTF-8,",
        })?;
        Ok(Self(text.to_owned()))
    }
}

/// An order by `sender` to move `amount` to `recipient`. docs/protocol.md, "Transfers".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Transfer {
    /// Who pays, and signs.
    pub sender: PublicKey,
    /// Who is paid.
    pub recipient: PublicKey,
    /// What the recipient gets; at least one unit.
    pub amount: Amount,
    /// What the miner gets.
    pub fee: Amount,
    /// How many of the sender's transfers were mined before this one.
    pub nonce: u64,
    /// The last height at which it may be mined; 0 for no limit.
    pub valid_until: u64,
    /// A text for the recipient, public like all the rest.
    pub memo: Memo,
}

impl Transfer {
    /// The fewest bytes of an encoding.
    pub const MIN_LEN: usize = 32 + 32 + 8 * 4 + 1;

    /// What the sender signs on the chain whose genesis block has hash `genesis`: valid on that chain alone.
    #[must_use]
    pub fn signing_hash(&self, genesis: &Hash) -> Hash {
        Tag::Transfer.hash(&[genesis.as_bytes(), &self.to_bytes()])
    }

    /// Amount and fee together, if the sum fits.
    #[must_use]
    pub const fn total(&self) -> Option<Amount> {
        self.amount.checked_add(self.fee)
    }

    /// Verifies the rules on amounts and keys: all that can be known before it is signed.
    ///
    /// # Errors
    /// [`RuleError::AmountZero`], [`RuleError::AmountOverflow`] or [`RuleError::InvalidKey`].
    pub fn check_form(&self) -> Result<(), RuleError> {
        self.check_amounts()?;
        self.check_key(Party::Sender, PublicKey::check)?;
        self.check_key(Party::Recipient, PublicKey::check)
    }

    fn check_amounts(&self) -> Result<(), RuleError> {
        let Self { amount, fee, .. } = *self;
        if amount == Amount::ZERO {
            return Err(RuleError::AmountZero);
        }
        if amount.checked_add(fee).is_none() {
            return Err(RuleError::AmountOverflow { amount, fee });
        }
        Ok(())
    }

    fn check_key(&self, party: Party, check: impl FnOnce(&PublicKey) -> Result<(), KeyError>) -> Result<(), RuleError> {
        let key = match party {
            Party::Recipient => self.recipient,
            _ => self.sender,
        };
        check(&key).map_err(|reason| RuleError::InvalidKey { party, key, reason })
    }

    /// Signs for the chain whose genesis block has hash `genesis`.
    #[must_use]
    pub fn sign(self, genesis: &Hash, key: &SecretKey) -> SignedTransfer {
        let signature = key.sign(self.signing_hash(genesis).as_bytes());
        SignedTransfer {
            transfer: self,
            signature,
        }
    }
}

impl Encode for Transfer {
    fn encode(&self, out: &mut Vec<u8>) {
        self.sender.encode(out);
        self.recipient.encode(out);
        self.amount.encode(out);
        self.fee.encode(out);
        self.nonce.encode(out);
        self.valid_until.encode(out);
        self.memo.encode(out);
    }
}

impl Decode for Transfer {
    const MIN_LEN: usize = Self::MIN_LEN;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            sender: PublicKey::decode(reader)?,
            recipient: PublicKey::decode(reader)?,
            amount: Amount::decode(reader)?,
            fee: Amount::decode(reader)?,
            nonce: u64::decode(reader)?,
            valid_until: u64::decode(reader)?,
            memo: Memo::decode(reader)?,
        })
    }
}

/// A transfer with a signature that nobody has checked yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SignedTransfer {
    /// What is ordered.
    pub transfer: Transfer,
    /// By the sender, over [`Transfer::signing_hash`].
    pub signature: Signature,
}

impl SignedTransfer {
    /// The greatest length of an encoding, in bytes.
    pub const MAX_LEN: usize = Transfer::MIN_LEN + Memo::MAX_LEN as usize + 64;

    /// The id: covers order and signature.
    #[must_use]
    pub fn id(&self) -> Hash {
        Tag::Transaction.hash(&[&self.to_bytes()])
    }

    /// The length of the encoding, in bytes.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        Transfer::MIN_LEN + self.transfer.memo.0.len() + 64
    }

    /// Verifies everything that can be known without any account's state.
    ///
    /// # Errors
    /// [`RuleError::AmountZero`], [`RuleError::AmountOverflow`], [`RuleError::InvalidKey`] or [`RuleError::InvalidSignature`].
    pub fn verify(self, genesis: &Hash) -> Result<VerifiedTransfer, RuleError> {
        self.transfer.check_form()?;
        let message = self.transfer.signing_hash(genesis);
        let id = self.id();
        verify(&self.transfer.sender, message.as_bytes(), &self.signature)
            .map_err(|_| RuleError::InvalidSignature { id })?;
        Ok(VerifiedTransfer {
            signed: self,
            id,
            genesis: *genesis,
        })
    }
}

impl Encode for SignedTransfer {
    fn encode(&self, out: &mut Vec<u8>) {
        self.transfer.encode(out);
        self.signature.encode(out);
    }
}

impl Decode for SignedTransfer {
    const MIN_LEN: usize = Transfer::MIN_LEN + 64;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            transfer: Transfer::decode(reader)?,
            signature: Signature::decode(reader)?,
        })
    }
}

/// A transfer whose form, keys and signature were verified for one chain. Only verification makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedTransfer {
    signed: SignedTransfer,
    id: Hash,
    genesis: Hash,
}

impl VerifiedTransfer {
    /// Verifies many at once. `rng` must not be predictable by the senders.
    ///
    /// # Errors
    /// The first violation, with its position in `transfers`.
    pub fn verify_all(
        transfers: &[SignedTransfer],
        genesis: &Hash,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<Self>, (usize, RuleError)> {
        Self::verify_all_knowing(transfers, genesis, |_| false, rng)
    }

    /// The same, but for the keys of recipients of which `is_checked` says that they were found to be good before: those of
    /// accounts in any state were.
    ///
    /// # Errors
    /// The first violation, with its position in `transfers`.
    pub fn verify_all_knowing(
        transfers: &[SignedTransfer],
        genesis: &Hash,
        is_checked: impl Fn(&PublicKey) -> bool,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<Self>, (usize, RuleError)> {
        // Decompressing a point costs a third of a verification: once for each recipient, and for a sender it comes with
        // the signature.
        let mut recipients = BTreeSet::new();
        let mut check = |signed: &SignedTransfer| {
            signed.transfer.check_amounts()?;
            signed.transfer.check_key(Party::Sender, PublicKey::check_encoding)?;
            let recipient = &signed.transfer.recipient;
            if recipients.insert(*recipient) && !is_checked(recipient) {
                signed.transfer.check_key(Party::Recipient, PublicKey::check)?;
            }
            Ok(())
        };
        for (index, signed) in transfers.iter().enumerate() {
            check(signed).map_err(|error| (index, error))?;
        }
        let messages: Vec<Hash> = transfers
            .iter()
            .map(|signed| signed.transfer.signing_hash(genesis))
            .collect();
        let items = transfers
            .iter()
            .zip(&messages)
            .map(|(signed, message)| (&signed.transfer.sender, &message.as_bytes()[..], &signed.signature));
        if verify_batch(items, rng).is_ok() {
            return Ok(transfers
                .iter()
                .map(|signed| Self {
                    id: signed.id(),
                    signed: signed.clone(),
                    genesis: *genesis,
                })
                .collect());
        }
        // One of them is bad; find out which.
        transfers
            .iter()
            .enumerate()
            .map(|(index, signed)| signed.clone().verify(genesis).map_err(|error| (index, error)))
            .collect()
    }

    /// The id.
    #[must_use]
    pub const fn id(&self) -> Hash {
        self.id
    }

    /// The chain for which it was verified.
    #[must_use]
    pub const fn genesis(&self) -> Hash {
        self.genesis
    }

    /// What is ordered.
    #[must_use]
    pub const fn transfer(&self) -> &Transfer {
        &self.signed.transfer
    }

    /// Order and signature.
    #[must_use]
    pub const fn signed(&self) -> &SignedTransfer {
        &self.signed
    }

    /// Order and signature, taken out.
    #[must_use]
    pub fn into_signed(self) -> SignedTransfer {
        self.signed
    }
}

impl Encode for VerifiedTransfer {
    fn encode(&self, out: &mut Vec<u8>) {
        self.signed.encode(out);
    }
}

/// New money and fees, paid to whoever found the block. Not signed: the block's work covers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reward {
    /// Who is paid.
    pub recipient: PublicKey,
    /// Exactly the subsidy of the height and the block's fees.
    pub amount: Amount,
    /// Free bytes, at most 32. Miners vary them.
    pub note: Note,
}

impl Reward {
    /// The id: covers the height, so that the same reward in two blocks has two ids.
    #[must_use]
    pub fn id(&self, height: u64) -> Hash {
        Tag::Reward.hash(&[&height.to_le_bytes(), &self.to_bytes()])
    }
}

impl Encode for Reward {
    fn encode(&self, out: &mut Vec<u8>) {
        self.recipient.encode(out);
        self.amount.encode(out);
        encode_short_bytes(self.note.as_bytes(), out);
    }
}

impl Decode for Reward {
    const MIN_LEN: usize = 32 + 8 + 1;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            recipient: PublicKey::decode(reader)?,
            amount: Amount::decode(reader)?,
            note: Note(reader.short_bytes("note", Note::MAX_LEN)?.to_vec()),
        })
    }
}

/// At most 32 free bytes. JSON form: hex.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Note(Vec<u8>);

impl Note {
    /// The greatest length in bytes.
    pub const MAX_LEN: u8 = 32;

    /// A note of `bytes`, or nothing when there are more than 32.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (bytes.len() <= Self::MAX_LEN.into()).then(|| Self(bytes.to_vec()))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}
