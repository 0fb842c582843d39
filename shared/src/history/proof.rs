//! Paths from a header's leaf to the history root, with the work and the time before it.

use alloc::vec::Vec;

use ruint::aliases::U256;
use serde::{Deserialize, Serialize};

use super::{HistoryNode, NodeSource, Position, bag, peak_positions, tagged_root};
use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    hash::Hash,
    merkle::{RootMismatch, Side, sibling_sides},
};

/// A proof that a header is the one at `index` of a history of `count` headers: the siblings of the nodes from its leaf
/// to the root, the lowest first.
///
/// Bytes: `index u64 ‖ count u64 ‖ path`, where the path has as many nodes of 72 bytes as index and count call for (at
/// most 64). The root commits to the count, so the index is proved as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct HistoryProof {
    index: u64,
    count: u64,
    /// Holds exactly the nodes that `sibling_sides(index, count)` calls for.
    path: Vec<HistoryNode>,
}

/// What a verified [`HistoryProof`] says beside the header's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedLeaf {
    /// The work of all headers before this one.
    pub work_before: U256,
    /// The work of the whole history.
    pub total_work: U256,
    /// The timestamp of the header before this one; `None` for genesis.
    pub parent_time: Option<u64>,
    /// The timestamp of the history's last header.
    pub last_time: u64,
}

/// Why a [`HistoryProof`] does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It leads to another root.
    #[error(transparent)]
    Root(#[from] RootMismatch),
    /// It claims more work than there can be.
    #[error("the work on the path passes 256 bits")]
    WorkOverflow,
}

impl HistoryProof {
    /// The proof for the header at `index` in the history of the first `count` headers, from stored nodes; `None` when
    /// `index` is not below `count`. Asks for at most 64 nodes.
    ///
    /// # Errors
    /// The source's own.
    pub fn new<S: NodeSource + ?Sized>(source: &S, index: u64, count: u64) -> Result<Option<Self>, S::Error> {
        if index >= count {
            return Ok(None);
        }
        let mut path = Vec::new();
        let (mut position, mut width) = (index, count);
        for level in 0..64_u8 {
            if width <= 1 {
                break;
            }
            let sibling = position ^ 1;
            if sibling < width {
                path.push(node_at(source, Position { level, index: sibling }, count)?);
            }
            position /= 2;
            width = width.div_ceil(2);
        }
        Ok(Some(Self { index, count, path }))
    }

    /// The header's place, which is its height.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many headers the history covers.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The siblings from the leaf to the root, the lowest first.
    #[must_use]
    pub fn path(&self) -> &[HistoryNode] {
        &self.path
    }

    /// Verifies that `leaf` is at [`Self::index`] of the history with this `root`. The leaf is to be made by
    /// [`HistoryNode::leaf`] from a header whose work and time are known.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify(&self, leaf: &HistoryNode, root: &Hash) -> Result<VerifiedLeaf, ProofError> {
        let mut node = *leaf;
        let mut work_before = U256::ZERO;
        let mut parent_time = None;
        for (side, sibling) in sibling_sides(self.index, self.count).zip(&self.path) {
            let (left, right) = match side {
                Side::Left => (sibling, &node),
                Side::Right => (&node, sibling),
            };
            let parent = HistoryNode::checked_parent(left, right).ok_or(ProofError::WorkOverflow)?;
            if side == Side::Left {
                // A part of `parent.work`, so it cannot overflow either.
                work_before = work_before.saturating_add(sibling.work);
                // The lowest left sibling ends right before this header.
                parent_time = parent_time.or(Some(sibling.last_time));
            }
            node = parent;
        }
        RootMismatch::check(*root, tagged_root(self.count, Some(&node)))?;
        Ok(VerifiedLeaf {
            work_before,
            total_work: node.work,
            parent_time,
            last_time: node.last_time,
        })
    }
}

/// The node that stands at `position` in the tree of `count` leaves. At the right edge it may not be perfect, and is
/// then bagged from the stored ones beneath it.
fn node_at<S: NodeSource + ?Sized>(source: &S, position: Position, count: u64) -> Result<HistoryNode, S::Error> {
    let start = position.index << position.level;
    let width = 1_u64 << position.level;
    if count - start >= width {
        return source.get(position);
    }
    let peaks = peak_positions(start, count)
        .map(|peak| source.get(peak))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(bag(peaks.into_iter()).expect("a sibling covers at least one leaf"))
}

/// The header in whose span of accumulated work `work` lies, in the history of the first `count` headers: the work
/// before it is at most `work`, and the work including it is more. `None` when the whole history has no more than `work`.
///
/// # Errors
/// The source's own.
pub fn index_at_work<S: NodeSource + ?Sized>(source: &S, count: u64, work: U256) -> Result<Option<u64>, S::Error> {
    let mut left = work;
    for peak in peak_positions(0, count) {
        let node = source.get(peak)?;
        if left >= node.work {
            left -= node.work;
            continue;
        }
        let mut position = peak;
        while let Some(level) = position.level.checked_sub(1) {
            let first = Position {
                level,
                index: position.index * 2,
            };
            let node = source.get(first)?;
            position = if left < node.work {
                first
            } else {
                left -= node.work;
                Position {
                    index: first.index + 1,
                    ..first
                }
            };
        }
        return Ok(Some(position.index));
    }
    Ok(None)
}

impl Encode for HistoryProof {
    fn encode(&self, out: &mut Vec<u8>) {
        self.index.encode(out);
        self.count.encode(out);
        for node in &self.path {
            node.encode(out);
        }
    }
}

impl Decode for HistoryProof {
    const MIN_LEN: usize = 16;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let index = u64::decode(reader)?;
        let count = u64::decode(reader)?;
        if index >= count {
            return Err(DecodeError::Invalid {
                what: "history proof's index",
            });
        }
        let path = sibling_sides(index, count)
            .map(|_| HistoryNode::decode(reader))
            .collect::<Result<_, _>>()?;
        Ok(Self { index, count, path })
    }
}

/// The JSON form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    index: u64,
    count: u64,
    path: Vec<HistoryNode>,
}

impl From<HistoryProof> for Fields {
    fn from(HistoryProof { index, count, path }: HistoryProof) -> Self {
        Self { index, count, path }
    }
}

impl TryFrom<Fields> for HistoryProof {
    type Error = DecodeError;

    fn try_from(Fields { index, count, path }: Fields) -> Result<Self, DecodeError> {
        let what = "history proof's path";
        if index >= count || path.len() != sibling_sides(index, count).count() {
            return Err(DecodeError::Invalid { what });
        }
        Ok(Self { index, count, path })
    }
}
