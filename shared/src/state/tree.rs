//! The tree in memory: reading, changing, building.

use alloc::{sync::Arc, vec::Vec};

use super::{
    Account, AccountProof, Iter, Key,
    node::{KEY_BITS, Link, Node, branch_hash, first_difference, is_right},
};
use crate::hash::Hash;

/// All accounts at one block.
///
/// It is persistent: a clone takes constant time and shares all nodes, and a change copies only what it touches and a clone
/// shares. So a clone is a snapshot, which any thread may read while the chain goes on.
#[derive(Debug, Clone, Default)]
pub struct StateTree {
    root: Option<Link>,
    len: usize,
}

/// Why a list of accounts is not a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The keys do not strictly increase.
    #[error("account {} is out of order", Hash(*.key))]
    Unsorted {
        /// The first key that is not greater than the one before.
        key: Key,
    },
    /// An account at balance 0 and nonce 0.
    #[error("account {} is empty", Hash(*.key))]
    Empty {
        /// Its key.
        key: Key,
    },
}

impl StateTree {
    /// The tree without accounts.
    #[must_use]
    pub const fn new() -> Self {
        Self { root: None, len: 0 }
    }

    /// Builds the tree from all its accounts in strictly increasing order of keys. Faster than [`Self::update`].
    ///
    /// # Errors
    /// [`BuildError`] when the order is broken or an account is empty.
    pub fn from_sorted(accounts: impl IntoIterator<Item = (Key, Account)>) -> Result<Self, BuildError> {
        // The right edge of the tree: finished left sides, each with the bit at which what follows departs from it.
        let mut edge: Vec<(Link, u8, Key)> = Vec::new();
        let mut current: Option<(Link, Key)> = None;
        let mut len = 0;
        for (key, account) in accounts {
            if account.is_empty() {
                return Err(BuildError::Empty { key });
            }
            if let Some((mut link, previous)) = current {
                if key <= previous {
                    return Err(BuildError::Unsorted { key });
                }
                let bit = branch_bit(first_difference(&previous, &key));
                while let Some((left, inner, prefix)) = edge.pop_if(|(_, inner, _)| *inner > bit) {
                    link = Link::branch(inner, prefix, left, link);
                }
                edge.push((link, bit, previous));
            }
            current = Some((Link::leaf(key, account), key));
            len += 1;
        }
        let root = current.map(|(link, _)| {
            edge.into_iter().rev().fold(link, |right, (left, bit, prefix)| {
                Link::branch(bit, prefix, left, right)
            })
        });
        Ok(Self { root, len })
    }

    /// The state root. 32 zero bytes for no accounts.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.root.as_ref().map_or(Hash::ZERO, |link| link.hash)
    }

    /// How many accounts there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no accounts.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The account of `key`; [`Account::EMPTY`] when there is none.
    #[must_use]
    pub fn get(&self, key: &Key) -> Account {
        let mut node = self.root.as_ref().map(|link| &link.node);
        while let Some(Node::Branch(branch)) = node {
            node = Some(&branch.towards(key).node);
        }
        match node {
            Some(Node::Leaf(leaf)) if leaf.key == *key => leaf.account,
            _ => Account::EMPTY,
        }
    }

    /// Sets accounts, in any order; [`Account::EMPTY`] removes. Of several for one key the last one counts. Every node
    /// that changes is hashed once.
    pub fn update(&mut self, changes: impl IntoIterator<Item = (Key, Account)>) {
        let mut sorted: Vec<Change> = changes.into_iter().collect();
        // Stable, so the last of equal keys stays the last.
        sorted.sort_by_key(|(key, _)| *key);
        sorted.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 = later.1;
            }
            same
        });
        if let Some(root) = &mut self.root {
            if !change(root, &sorted, &mut self.len) {
                self.root = None;
            }
        } else {
            self.root = build(&sorted, &mut self.len);
        }
    }

    /// The proof of what `key` has, be it an account or nothing.
    #[must_use]
    pub fn prove(&self, key: &Key) -> AccountProof {
        AccountProof::new(self.root.as_ref(), key)
    }

    /// All accounts in increasing order of keys.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter::new(self.root.as_ref(), self.len)
    }
}

impl<'a> IntoIterator for &'a StateTree {
    type Item = (Key, Account);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// States are equal when their accounts are, which their roots tell.
impl PartialEq for StateTree {
    fn eq(&self, other: &Self) -> bool {
        self.root() == other.root()
    }
}

impl Eq for StateTree {}

/// An account, and what it is from now on.
type Change = (Key, Account);

/// Applies `changes`, which are in strictly increasing order of keys, to a subtree: in place where no other tree shares its
/// nodes. False when nothing of it remains.
///
/// The keys of subtree and changes together are split at the first bit at which any of them differ. As the changes are
/// sorted, their first and last key tell it.
fn change(subtree: &mut Link, changes: &[Change], len: &mut usize) -> bool {
    let ([(first, account), ..], [.., (last, _)]) = (changes, changes) else {
        return true;
    };
    let (end, prefix) = subtree.prefix();
    let difference = end
        .min(first_difference(first, prefix))
        .min(first_difference(last, prefix));
    if difference == KEY_BITS {
        // One change, to the one key of the subtree.
        if account.is_empty() {
            *len -= 1;
            return false;
        }
        *subtree = Link::leaf(*first, *account);
        return true;
    }
    let bit = branch_bit(difference);
    let (to_left, to_right) = split(changes, bit);
    if let Node::Branch(branch) = &mut subtree.node
        && branch.bit == bit
    {
        let branch = Arc::make_mut(branch);
        match (
            change(&mut branch.left, to_left, len),
            change(&mut branch.right, to_right, len),
        ) {
            (true, true) => subtree.hash = branch_hash(bit, &branch.left.hash, &branch.right.hash),
            (true, false) => *subtree = branch.left.clone(),
            (false, true) => *subtree = branch.right.clone(),
            (false, false) => return false,
        }
        return true;
    }
    // All of the subtree lies on one side of a new branch.
    let is_right = is_right(subtree.prefix().1, bit);
    let (own, others) = if is_right {
        (to_right, to_left)
    } else {
        (to_left, to_right)
    };
    let remains = change(subtree, own, len);
    match (remains, build(others, len)) {
        (remains, None) => return remains,
        (false, Some(others)) => *subtree = others,
        (true, Some(others)) if is_right => *subtree = Link::branch(bit, *first, others, subtree.clone()),
        (true, Some(others)) => *subtree = Link::branch(bit, *first, subtree.clone(), others),
    }
    true
}

/// A subtree of what `changes` leave, which are in strictly increasing order of keys.
fn build(changes: &[Change], len: &mut usize) -> Option<Link> {
    let ([(first, account), ..], [.., (last, _)]) = (changes, changes) else {
        return None;
    };
    let difference = first_difference(first, last);
    if difference == KEY_BITS {
        *len += usize::from(!account.is_empty());
        return (!account.is_empty()).then(|| Link::leaf(*first, *account));
    }
    let bit = branch_bit(difference);
    let (to_left, to_right) = split(changes, bit);
    match (build(to_left, len), build(to_right, len)) {
        (Some(left), Some(right)) => Some(Link::branch(bit, *first, left, right)),
        (left, right) => left.or(right),
    }
}

/// The changes to the left and to the right of a branch at `bit`, before which all their keys agree.
fn split(changes: &[Change], bit: u8) -> (&[Change], &[Change]) {
    changes.split_at(changes.partition_point(|(key, _)| !is_right(key, bit)))
}

fn branch_bit(difference: u16) -> u8 {
    u8::try_from(difference).expect("different keys differ in one of 256 bits")
}
