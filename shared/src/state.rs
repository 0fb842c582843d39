//! The accounts: an authenticated tree from public key to balance and nonce, whose root every header carries.
//!
//! A compact binary trie over the bits of the keys, the highest bit of the first byte first. A branch stands only where
//! keys differ; a stretch of bits that all keys beneath have in common takes no node. So the shape follows from the set
//! of keys alone, whatever the order of changes: one set of accounts has one root.
//!
//! - leaf: `SHA256(0x00 ‖ key 32 ‖ balance u64 ‖ nonce u64)`, one compression
//! - branch: `SHA256(0x01 ‖ bit u8 ‖ left ‖ right)`, where `bit` is the first at which the keys beneath differ, and keys
//!   with a 0 there are on the left; two compressions
//! - no accounts: 32 zero bytes
//!
//! An account at balance 0 and nonce 0 is not in the tree. docs/protocol.md, "State".

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{
    amount::Amount,
    codec::{Decode, DecodeError, Encode, Reader},
};

mod iter;
mod node;
mod proof;
mod tree;

pub use iter::Iter;
pub use proof::{AccountProof, ProofBranch, ProofError, Reached};
pub use tree::{BuildError, StateTree};

/// The key of an account: its owner's public key.
pub type Key = [u8; 32];

/// What the ledger holds for one key. Bytes: `balance u64 ‖ nonce u64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The money.
    pub balance: Amount,
    /// How many transfers of this account were mined.
    pub nonce: u64,
}

impl Account {
    /// What every key has that is not in the tree.
    pub const EMPTY: Self = Self {
        balance: Amount::ZERO,
        nonce: 0,
    };

    /// Whether it is the same as no account.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::EMPTY
    }
}

impl Encode for Account {
    fn encode(&self, out: &mut Vec<u8>) {
        self.balance.encode(out);
        self.nonce.encode(out);
    }
}

impl Decode for Account {
    const MIN_LEN: usize = 16;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            balance: Amount::decode(reader)?,
            nonce: u64::decode(reader)?,
        })
    }
}
