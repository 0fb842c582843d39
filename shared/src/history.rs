//! The Merkle mountain range over all earlier headers, whose root every header carries.
//!
//! The tree has the shape of RFC 6962. Each node also carries the work beneath it and the time of its last header
//! (the idea of ZIP-221), so one path proves a header, the work before it, and the time that its target was computed
//! from: that of the header before, which is the last leaf of the lowest left sibling on the path. That is what a
//! browser needs to verify the heaviest chain from a sample (FlyClient). docs/protocol.md, "History".

use alloc::{string::String, vec::Vec};

use ruint::aliases::U256;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    hash::{Hash, Tag, sha256},
};

mod proof;

pub use proof::{HistoryProof, ProofError, VerifiedLeaf, index_at_work};

/// One node of the tree, 72 bytes: `hash ‖ work (256 bits, little-endian) ‖ last_time u64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryNode {
    /// Commits to everything beneath.
    pub hash: Hash,
    /// The work of all headers beneath, in expected hashes. A decimal string in JSON.
    #[serde(serialize_with = "serialize_work", deserialize_with = "deserialize_work")]
    pub work: U256,
    /// The timestamp of the last header beneath, in milliseconds since 1970.
    pub last_time: u64,
}

impl HistoryNode {
    /// How many bytes a node takes.
    pub const LEN: usize = 72;

    /// The leaf of one header: `hash = SHA256(0x00 ‖ header hash)`.
    #[must_use]
    pub fn leaf(header_hash: &Hash, work: U256, timestamp: u64) -> Self {
        Self {
            hash: sha256(&[&[0x00], &header_hash.0]),
            work,
            last_time: timestamp,
        }
    }

    /// The node over two others: `hash = SHA256(0x01 ‖ left 72 bytes ‖ right 72 bytes)`, or `None` when the work
    /// passes 256 bits, which only an invented node can bring about.
    #[must_use]
    pub fn checked_parent(left: &Self, right: &Self) -> Option<Self> {
        Some(Self::parent_with(left, right, left.work.checked_add(right.work)?))
    }

    /// The node over two of our own, whose work was really done and so is far from 256 bits.
    fn parent(left: &Self, right: &Self) -> Self {
        Self::parent_with(left, right, left.work.saturating_add(right.work))
    }

    fn parent_with(left: &Self, right: &Self, work: U256) -> Self {
        Self {
            hash: sha256(&[&[0x01], &left.to_array(), &right.to_array()]),
            work,
            last_time: right.last_time,
        }
    }

    fn to_array(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..32].copy_from_slice(&self.hash.0);
        bytes[32..64].copy_from_slice(&self.work.to_le_bytes::<32>());
        bytes[64..].copy_from_slice(&self.last_time.to_le_bytes());
        bytes
    }
}

/// The history root: `tagged("cairn/history", count u64 ‖ root node)`, without the node when there are no headers.
fn tagged_root(count: u64, node: Option<&HistoryNode>) -> Hash {
    let count = count.to_le_bytes();
    match node {
        Some(node) => Tag::History.hash(&[&count, &node.to_array()]),
        None => Tag::History.hash(&[&count]),
    }
}

/// Where a perfect subtree stands: over the leaves from `index · 2^level` up to `(index + 1) · 2^level`. Such a node
/// never changes once it is there, so it is stored under its position for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// 0 for leaves.
    pub level: u8,
    /// The place among the nodes of this level, from 0.
    pub index: u64,
}

/// Where stored nodes come from.
pub trait NodeSource {
    /// Why a node cannot be had.
    type Error;

    /// The node at `position`. Only positions that lie fully within the asked count are asked for.
    ///
    /// # Errors
    /// The source's own.
    fn get(&self, position: Position) -> Result<HistoryNode, Self::Error>;
}

impl<E, F: Fn(Position) -> Result<HistoryNode, E>> NodeSource for F {
    type Error = E;

    fn get(&self, position: Position) -> Result<HistoryNode, E> {
        self(position)
    }
}

/// The peaks of the range: all that is needed to append, and to know root and work. At most 64 nodes.
///
/// Bytes: `count u64 ‖ peaks`, one for each bit set in the count, the highest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    count: u64,
    /// One for each bit set in `count`, the highest first.
    peaks: Vec<HistoryNode>,
}

impl History {
    /// The history before genesis.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            count: 0,
            peaks: Vec::new(),
        }
    }

    /// The history as it was with `count` headers, from stored nodes.
    ///
    /// # Errors
    /// The source's own.
    pub fn at<S: NodeSource + ?Sized>(source: &S, count: u64) -> Result<Self, S::Error> {
        let peaks = peak_positions(0, count)
            .map(|position| source.get(position))
            .collect::<Result<_, _>>()?;
        Ok(Self { count, peaks })
    }

    /// The history of `count` headers whose peaks are these, the highest first: as many as bits are set in the count.
    pub(crate) fn from_peaks(count: u64, peaks: Vec<HistoryNode>) -> Self {
        debug_assert_eq!(peaks.len() as u32, count.count_ones());
        Self { count, peaks }
    }

    /// The root of the history of `count` headers whose peaks are these.
    pub(crate) fn root_of(count: u64, peaks: &[HistoryNode]) -> Hash {
        tagged_root(count, bag(peaks.iter().copied()).as_ref())
    }

    /// The time of the last header.
    #[must_use]
    pub fn last_time(&self) -> Option<u64> {
        self.peaks.last().map(|peak| peak.last_time)
    }

    /// How many headers it covers.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The work of all headers that it covers.
    #[must_use]
    pub fn work(&self) -> U256 {
        self.peaks
            .iter()
            .fold(U256::ZERO, |sum, peak| sum.saturating_add(peak.work))
    }

    /// What the next header carries as its history root.
    #[must_use]
    pub fn root(&self) -> Hash {
        tagged_root(self.count, bag(self.peaks.iter().copied()).as_ref())
    }

    /// Appends one header's leaf.
    pub fn append(&mut self, leaf: HistoryNode) {
        self.append_with(leaf, |_, _| {});
    }

    /// Appends one header's leaf and shows every node that this completes, leaf first: those are to be stored. They
    /// are two on average and at most 64.
    pub fn append_with(&mut self, leaf: HistoryNode, mut created: impl FnMut(Position, &HistoryNode)) {
        let mut node = leaf;
        let mut position = Position {
            level: 0,
            index: self.count,
        };
        created(position, &node);
        // A peak of the same height stands there for every trailing one bit of the count.
        while position.index % 2 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            node = HistoryNode::parent(&left, &node);
            position = Position {
                level: position.level + 1,
                index: position.index / 2,
            };
            created(position, &node);
        }
        self.peaks.push(node);
        self.count += 1;
    }
}

/// The perfect subtrees that make up the leaves from `start` to `end`, from left to right. `start` is a multiple of the
/// greatest of them.
pub(crate) fn peak_positions(start: u64, end: u64) -> impl Iterator<Item = Position> {
    let mut start = start;
    core::iter::from_fn(move || {
        let level = (end - start).checked_ilog2()?;
        let index = start >> level;
        start += 1 << level;
        Some(Position {
            // At most 63.
            level: level as u8,
            index,
        })
    })
}

/// The node over peaks, bagged from right to left.
fn bag(peaks: impl DoubleEndedIterator<Item = HistoryNode>) -> Option<HistoryNode> {
    peaks.rev().reduce(|right, left| HistoryNode::parent(&left, &right))
}

impl Encode for HistoryNode {
    fn encode(&self, out: &mut Vec<u8>) {
        self.to_array().encode(out);
    }
}

impl Decode for HistoryNode {
    const MIN_LEN: usize = Self::LEN;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            hash: Hash::decode(reader)?,
            work: U256::from_le_bytes::<32>(reader.array()?),
            last_time: u64::decode(reader)?,
        })
    }
}

impl Encode for History {
    fn encode(&self, out: &mut Vec<u8>) {
        self.count.encode(out);
        for peak in &self.peaks {
            peak.encode(out);
        }
    }
}

impl Decode for History {
    const MIN_LEN: usize = 8;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = u64::decode(reader)?;
        let peaks = (0..count.count_ones())
            .map(|_| HistoryNode::decode(reader))
            .collect::<Result<_, _>>()?;
        Ok(Self { count, peaks })
    }
}

fn serialize_work<S: Serializer>(work: &U256, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(work)
}

fn deserialize_work<'de, D: Deserializer<'de>>(deserializer: D) -> Result<U256, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_decimal(&text).ok_or_else(|| serde::de::Error::custom("work is a decimal number of at most 256 bits"))
}

/// Reads a number of at most 256 bits. One text for each: `U256`'s own parser also takes nothing, underscores and leading
/// zeros.
pub(crate) fn parse_decimal(text: &str) -> Option<U256> {
    let is_canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    U256::from_str_radix(text, 10)
        .ok()
        .filter(|_| is_canonical && !text.is_empty())
}
