//! All accounts in the order of their keys.

use alloc::{vec, vec::Vec};

use super::{
    Account, Key,
    node::{Link, Node},
};

/// The accounts of a [`StateTree`](super::StateTree) in increasing order of keys.
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    /// Subtrees still to come, the next one last. At most 257.
    stack: Vec<&'a Link>,
    left: usize,
}

impl<'a> Iter<'a> {
    pub(super) fn new(root: Option<&'a Link>, len: usize) -> Self {
        Self {
            stack: root.map_or_else(Vec::new, |link| vec![link]),
            left: len,
        }
    }
}

impl Iterator for Iter<'_> {
    type Item = (Key, Account);

    fn next(&mut self) -> Option<(Key, Account)> {
        loop {
            match &self.stack.pop()?.node {
                Node::Branch(branch) => self.stack.extend([&branch.right, &branch.left]),
                Node::Leaf(leaf) => {
                    self.left -= 1;
                    return Some((leaf.key, leaf.account));
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Iter<'_> {}
