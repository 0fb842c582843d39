//! Nodes of the tree, their hashes, and the bits of keys.

use alloc::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Account, Key};
use crate::hash::Hash;

/// The first bit at which two keys differ, or [`KEY_BITS`] when they are equal.
pub(super) fn first_difference(a: &Key, b: &Key) -> u16 {
    a.iter()
        .zip(b)
        .zip(0_u16..)
        .find_map(|((a, b), byte)| (a != b).then(|| byte * 8 + (a ^ b).leading_zeros() as u16))
        .unwrap_or(KEY_BITS)
}

/// How many bits a key has.
pub(super) const KEY_BITS: u16 = 256;

/// Whether the key goes to the right of a branch at `bit`.
pub(super) fn is_right(key: &Key, bit: u8) -> bool {
    key[usize::from(bit / 8)] & mask(bit) != 0
}

/// The place of `bit` within its byte.
pub(super) const fn mask(bit: u8) -> u8 {
    0x80 >> (bit % 8)
}

pub(super) fn leaf_hash(key: &Key, account: &Account) -> Hash {
    let mut bytes = [0; 49];
    bytes[1..33].copy_from_slice(key);
    bytes[33..41].copy_from_slice(&account.balance.units().to_le_bytes());
    bytes[41..].copy_from_slice(&account.nonce.to_le_bytes());
    Hash(Sha256::digest(bytes).into())
}

pub(super) fn branch_hash(bit: u8, left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [0; 66];
    bytes[0] = 0x01;
    bytes[1] = bit;
    bytes[2..34].copy_from_slice(&left.0);
    bytes[34..].copy_from_slice(&right.0);
    Hash(Sha256::digest(bytes).into())
}

/// A subtree with its hash. The hash stands with the parent, so hashing or proving a path touches no sibling's memory.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) hash: Hash,
    pub(super) node: Node,
}

#[derive(Debug, Clone)]
pub(super) enum Node {
    Leaf(Arc<Leaf>),
    Branch(Arc<Branch>),
}

#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) key: Key,
    pub(super) account: Account,
}

/// Recursion over branches, dropping included, is at most 256 deep, since bits increase from the root to a leaf.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    /// The first bit at which keys beneath differ.
    pub(super) bit: u8,
    /// Any key that agrees with those beneath on all bits before `bit`. It need not be in the tree.
    pub(super) prefix: Key,
    pub(super) left: Link,
    pub(super) right: Link,
}

impl Branch {
    /// The side on which `key` would be.
    pub(super) fn towards(&self, key: &Key) -> &Link {
        if is_right(key, self.bit) {
            &self.right
        } else {
            &self.left
        }
    }
}

impl Link {
    pub(super) fn leaf(key: Key, account: Account) -> Self {
        Self {
            hash: leaf_hash(&key, &account),
            node: Node::Leaf(Arc::new(Leaf { key, account })),
        }
    }

    /// The subtree over two others, whose keys all agree with `prefix` before `bit` and differ at it.
    pub(super) fn branch(bit: u8, prefix: Key, left: Self, right: Self) -> Self {
        Self {
            hash: branch_hash(bit, &left.hash, &right.hash),
            node: Node::Branch(Arc::new(Branch {
                bit,
                prefix,
                left,
                right,
            })),
        }
    }

    /// The first bit that the keys beneath need not have in common, and a key that has the bits before it.
    pub(super) fn prefix(&self) -> (u16, &Key) {
        match &self.node {
            Node::Leaf(leaf) => (KEY_BITS, &leaf.key),
            Node::Branch(branch) => (branch.bit.into(), &branch.prefix),
        }
    }
}
