//! The Merkle tree of RFC 6962, section 2.1: commits a block header to its reward and transfers.
//!
//! A leaf is `SHA256(0x00 ‖ data)`, a node `SHA256(0x01 ‖ left ‖ right)`, the empty tree `SHA256("")`. A node without a
//! sibling rises unchanged; it is never paired with itself, so no two lists have one root. docs/protocol.md, "Merkle
//! trees".

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    hash::{Hash, sha256},
};

/// The root over `leaves`, in their order.
#[must_use]
pub fn root(leaves: &[Hash]) -> Hash {
    root_of(leaves.iter().map(Hash::as_bytes))
}

/// The root over leaves that are byte strings of any length.
#[must_use]
pub fn root_of<L: AsRef<[u8]>>(leaves: impl IntoIterator<Item = L>) -> Hash {
    let mut nodes = hash_leaves(leaves);
    while nodes.len() > 1 {
        raise(&mut nodes);
    }
    nodes.first().copied().unwrap_or_else(|| sha256(&[]))
}

/// The proof that the leaf at `index` is in the tree over `leaves`, or `None` when there is no such leaf.
#[must_use]
pub fn inclusion_proof(leaves: &[Hash], index: usize) -> Option<InclusionProof> {
    inclusion_proof_of(leaves.iter().map(Hash::as_bytes), index)
}

/// [`inclusion_proof`] for leaves that are byte strings of any length.
#[must_use]
pub fn inclusion_proof_of<L: AsRef<[u8]>>(leaves: impl IntoIterator<Item = L>, index: usize) -> Option<InclusionProof> {
    let mut nodes = hash_leaves(leaves);
    if index >= nodes.len() {
        return None;
    }
    let count = u32::try_from(nodes.len()).ok()?;
    let mut path = Vec::new();
    let mut position = index;
    while nodes.len() > 1 {
        path.extend(nodes.get(position ^ 1));
        raise(&mut nodes);
        position /= 2;
    }
    Some(InclusionProof {
        index: u32::try_from(index).ok()?,
        count,
        path,
    })
}

fn hash_leaves<L: AsRef<[u8]>>(leaves: impl IntoIterator<Item = L>) -> Vec<Hash> {
    leaves.into_iter().map(|leaf| leaf_hash(leaf.as_ref())).collect()
}

fn leaf_hash(data: &[u8]) -> Hash {
    sha256(&[&[0x00], data])
}

fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[0x01], &left.0, &right.0])
}

/// Replaces one level of the tree by the level above it.
fn raise(nodes: &mut Vec<Hash>) {
    let length = nodes.len();
    for pair in 0..length / 2 {
        nodes[pair] = node_hash(&nodes[2 * pair], &nodes[2 * pair + 1]);
    }
    if length % 2 == 1 {
        nodes[length / 2] = nodes[length - 1];
    }
    nodes.truncate(length.div_ceil(2));
}

/// The side on which a node's sibling stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// The sides of the siblings met on the way from the leaf at `index` to the root of a tree of `count` leaves. Levels
/// on which the node has no sibling are left out.
///
/// The shape alone decides it, so proofs carry no directions and exactly one length is right. At most 64.
pub(crate) fn sibling_sides(index: u64, count: u64) -> impl Iterator<Item = Side> {
    let (mut index, mut count) = (index, count);
    core::iter::from_fn(move || {
        while count > 1 {
            let side = match index % 2 {
                1 => Some(Side::Left),
                _ if index + 1 < count => Some(Side::Right),
                _ => None,
            };
            index /= 2;
            count = count.div_ceil(2);
            if side.is_some() {
                return side;
            }
        }
        None
    })
}

/// A proof that a leaf is in a tree: the siblings of the nodes from the leaf to the root, the lowest first.
///
/// Bytes: `index u32 ‖ count u32 ‖ path`, where the path has as many hashes as index and count call for (at most 32).
///
/// The root commits to the leaves, not to their count: who does not know the count from elsewhere has proved that the
/// leaf is in the tree, and not at which index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct InclusionProof {
    index: u32,
    count: u32,
    /// Holds exactly the hashes that `sibling_sides(index, count)` calls for.
    path: Vec<Hash>,
}

impl InclusionProof {
    /// The leaf's place, from 0.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// How many leaves the tree has.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The siblings from the leaf to the root, the lowest first.
    #[must_use]
    pub fn path(&self) -> &[Hash] {
        &self.path
    }

    /// Verifies that `leaf` is in the tree with this `root`.
    ///
    /// # Errors
    /// [`RootMismatch`] when the path leads elsewhere.
    pub fn verify(&self, leaf: &Hash, root: &Hash) -> Result<(), RootMismatch> {
        self.verify_bytes(&leaf.0, root)
    }

    /// [`Self::verify`] for a leaf that is a byte string of any length.
    ///
    /// # Errors
    /// [`RootMismatch`] when the path leads elsewhere.
    pub fn verify_bytes(&self, leaf: &[u8], root: &Hash) -> Result<(), RootMismatch> {
        let sides = sibling_sides(self.index.into(), self.count.into());
        let found = sides
            .zip(&self.path)
            .fold(leaf_hash(leaf), |node, (side, sibling)| match side {
                Side::Left => node_hash(sibling, &node),
                Side::Right => node_hash(&node, sibling),
            });
        RootMismatch::check(*root, found)
    }
}

/// A proof leads to another root than the one it was checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the proof leads to root {found}, not to {expected}")]
pub struct RootMismatch {
    /// The root that was to be reached.
    pub expected: Hash,
    /// The root that the proof leads to.
    pub found: Hash,
}

impl RootMismatch {
    pub(crate) fn check(expected: Hash, found: Hash) -> Result<(), Self> {
        if expected == found {
            Ok(())
        } else {
            Err(Self { expected, found })
        }
    }
}

impl Encode for InclusionProof {
    fn encode(&self, out: &mut Vec<u8>) {
        self.index.encode(out);
        self.count.encode(out);
        for hash in &self.path {
            hash.encode(out);
        }
    }
}

impl Decode for InclusionProof {
    const MIN_LEN: usize = 8;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let index = u32::decode(reader)?;
        let count = u32::decode(reader)?;
        if index >= count {
            return Err(DecodeError::Invalid {
                what: "inclusion proof's index",
            });
        }
        let path = sibling_sides(index.into(), count.into())
            .map(|_| Hash::decode(reader))
            .collect::<Result<_, _>>()?;
        Ok(Self { index, count, path })
    }
}

/// The JSON form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    index: u32,
    count: u32,
    path: Vec<Hash>,
}

impl From<InclusionProof> for Fields {
    fn from(InclusionProof { index, count, path }: InclusionProof) -> Self {
        Self { index, count, path }
    }
}

impl TryFrom<Fields> for InclusionProof {
    type Error = DecodeError;

    fn try_from(Fields { index, count, path }: Fields) -> Result<Self, DecodeError> {
        let what = "inclusion proof's path";
        if index >= count || path.len() != sibling_sides(index.into(), count.into()).count() {
            return Err(DecodeError::Invalid { what });
        }
        Ok(Self { index, count, path })
    }
}
