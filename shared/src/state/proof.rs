//! Proofs of what a key has in a state with a known root.
//!
//! # Why absence is proved
//!
//! The state root is made from a canonical tree: below a branch at bit `b`, all keys with a 0 at `b` are on the left and
//! all with a 1 on the right. A verified proof is a path that is really in that tree, from the root to a leaf, because
//! every hash binds the kind of its node, its bit and its children. The proof turns at each branch by the bit of the
//! *asked* key. Were the asked key in the tree, it would be beneath the root, so beneath the child that its own bit
//! chooses, and so on down to the leaf, which holds one key. If that is another key, the asked one is nowhere.
//!
//! Two checks hold without trust in canonical form: bits strictly increase (they are sent as a set), and the other key
//! has the asked key's bits at all branches, which is where a canonical tree keeps it.

use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    Account, Key,
    node::{KEY_BITS, Link, Node, branch_hash, is_right, leaf_hash, mask},
};
use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    hash::Hash,
    merkle::RootMismatch,
};

/// A proof of the account of one key, be there one or not. The key itself is not part of it.
///
/// Bytes: `length u8 (≤ 32) ‖ bits ‖ siblings ‖ kind u8 ‖ rest`. `bits` are `length` bytes that mark the bits of the
/// branches on the path as a set, the highest bit of the first byte being bit 0; the last byte is not zero. `siblings` is
/// one hash for each marked bit, that of the root's child first. `kind` says what the path reaches: 0, an empty tree (then
/// the length is 0); 1, the key's own leaf, and `rest` is its account; 2, another leaf, and `rest` is its key and account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct AccountProof {
    /// From the root down; bits strictly increase.
    branches: Vec<ProofBranch>,
    /// [`Reached::Nothing`] has no branches; accounts are not empty.
    reached: Reached,
}

/// One branch on the way from the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofBranch {
    /// The bit that decides between left and right.
    pub bit: u8,
    /// The hash of the child that is not on the way.
    pub sibling: Hash,
}

/// Where the bits of a key lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reached {
    /// There are no accounts at all.
    Nothing,
    /// The key's own leaf: the account exists.
    Own {
        /// What it has.
        account: Account,
    },
    /// The leaf of another key: the account does not exist.
    Other {
        /// The other key. Hex in JSON.
        #[serde(serialize_with = "serialize_key", deserialize_with = "deserialize_key")]
        key: Key,
        /// What the other has.
        account: Account,
    },
}

/// Why an [`AccountProof`] does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It leads to another root.
    #[error(transparent)]
    Root(#[from] RootMismatch),
    /// It says that the account is absent, and shows the account's own leaf.
    #[error("the proof denies the account whose leaf it shows")]
    OwnLeafAsOther,
    /// The other leaf could not stand where the proof claims to have found it.
    #[error("the leaf of {} differs from the asked key at bit {bit}, where the path turned", Hash(*.key))]
    OffPath {
        /// The other key.
        key: Key,
        /// The first branch's bit at which it does not go the asked key's way.
        bit: u8,
    },
}

impl AccountProof {
    /// How many bytes a proof has at most.
    pub const MAX_LEN: usize = 1 + 32 + KEY_BITS as usize * 32 + 1 + 32 + 16;

    pub(super) fn new(root: Option<&Link>, key: &Key) -> Self {
        let mut branches = Vec::new();
        let Some(mut link) = root else {
            let reached = Reached::Nothing;
            return Self { branches, reached };
        };
        let leaf = loop {
            match &link.node {
                Node::Leaf(leaf) => break leaf,
                Node::Branch(branch) => {
                    let sibling = if is_right(key, branch.bit) {
                        &branch.left
                    } else {
                        &branch.right
                    };
                    branches.push(ProofBranch {
                        bit: branch.bit,
                        sibling: sibling.hash,
                    });
                    link = branch.towards(key);
                }
            }
        };
        let account = leaf.account;
        let reached = if leaf.key == *key {
            Reached::Own { account }
        } else {
            Reached::Other { key: leaf.key, account }
        };
        Self { branches, reached }
    }

    /// The branches from the root down.
    #[must_use]
    pub fn branches(&self) -> &[ProofBranch] {
        &self.branches
    }

    /// Where they lead.
    #[must_use]
    pub const fn reached(&self) -> &Reached {
        &self.reached
    }

    /// Verifies the proof for `key` against a state root, and returns what the key has: [`Account::EMPTY`] when it is
    /// proved to be absent.
    ///
    /// # Errors
    /// [`ProofError`] when nothing is proved.
    pub fn verify(&self, root: &Hash, key: &Key) -> Result<Account, ProofError> {
        let (leaf, account) = match &self.reached {
            Reached::Nothing => (Hash::ZERO, Account::EMPTY),
            Reached::Own { account } => (leaf_hash(key, account), *account),
            Reached::Other { key: other, account } => {
                if other == key {
                    return Err(ProofError::OwnLeafAsOther);
                }
                let mut bits = self.branches.iter().map(|branch| branch.bit);
                if let Some(bit) = bits.find(|bit| is_right(other, *bit) != is_right(key, *bit)) {
                    return Err(ProofError::OffPath { key: *other, bit });
                }
                (leaf_hash(other, account), Account::EMPTY)
            }
        };
        let found = self.branches.iter().rev().fold(leaf, |hash, branch| {
            if is_right(key, branch.bit) {
                branch_hash(branch.bit, &branch.sibling, &hash)
            } else {
                branch_hash(branch.bit, &hash, &branch.sibling)
            }
        });
        RootMismatch::check(*root, found)?;
        Ok(account)
    }

    /// Checks what every proof has, whatever the key and root.
    fn checked(branches: Vec<ProofBranch>, reached: Reached) -> Result<Self, DecodeError> {
        let what = if !branches.is_sorted_by(|a, b| a.bit < b.bit) {
            "account proof's order of bits"
        } else if reached == Reached::Nothing && !branches.is_empty() {
            "account proof's path to nothing"
        } else if matches!(&reached, Reached::Own { account } | Reached::Other { account, .. } if account.is_empty()) {
            "account proof's empty account"
        } else {
            return Ok(Self { branches, reached });
        };
        Err(DecodeError::Invalid { what })
    }
}

impl Encode for AccountProof {
    fn encode(&self, out: &mut Vec<u8>) {
        let mut bits = [0; 32];
        let mut length = 0;
        for branch in &self.branches {
            bits[usize::from(branch.bit / 8)] |= mask(branch.bit);
            length = branch.bit / 8 + 1;
        }
        length.encode(out);
        out.extend_from_slice(&bits[..length.into()]);
        for branch in &self.branches {
            branch.sibling.encode(out);
        }
        match &self.reached {
            Reached::Nothing => out.push(0),
            Reached::Own { account } => {
                out.push(1);
                account.encode(out);
            }
            Reached::Other { key, account } => {
                out.push(2);
                key.encode(out);
                account.encode(out);
            }
        }
    }
}

impl Decode for AccountProof {
    const MIN_LEN: usize = 2;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bits = reader.short_bytes("account proof's bits", 32)?;
        if bits.last() == Some(&0) {
            let what = "account proof's last byte of bits";
            return Err(DecodeError::Invalid { what });
        }
        let branches = (0..=u8::MAX)
            .filter(|bit| {
                bits.get(usize::from(bit / 8))
                    .is_some_and(|byte| byte & mask(*bit) != 0)
            })
            .map(|bit| {
                let sibling = Hash::decode(reader)?;
                Ok(ProofBranch { bit, sibling })
            })
            .collect::<Result<_, DecodeError>>()?;
        let reached = match u8::decode(reader)? {
            0 => Reached::Nothing,
            1 => Reached::Own {
                account: Account::decode(reader)?,
            },
            2 => Reached::Other {
                key: reader.array()?,
                account: Account::decode(reader)?,
            },
            _ => {
                let what = "account proof's kind";
                return Err(DecodeError::Invalid { what });
            }
        };
        Self::checked(branches, reached)
    }
}

/// The JSON form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    branches: Vec<ProofBranch>,
    reached: Reached,
}

impl From<AccountProof> for Fields {
    fn from(AccountProof { branches, reached }: AccountProof) -> Self {
        Self { branches, reached }
    }
}

impl TryFrom<Fields> for AccountProof {
    type Error = DecodeError;

    fn try_from(Fields { branches, reached }: Fields) -> Result<Self, DecodeError> {
        Self::checked(branches, reached)
    }
}

fn serialize_key<S: Serializer>(key: &Key, serializer: S) -> Result<S::Ok, S::Error> {
    Hash(*key).serialize(serializer)
}

fn deserialize_key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
    Hash::deserialize(deserializer).map(|hash| hash.0)
}
