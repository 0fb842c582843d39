//! A short proof of the chain with the most work: FlyClient (Bünz, Kiffer, Luu, Zamani 2020) over the history tree.
//!
//! The last headers stand in the proof in full. Of all earlier ones it has a sample, drawn in proportion to work by the
//! tip's hash: each sampled header has done its work, has the target of its place, and carries the root of exactly the
//! history before it. Who forked off and did less than half of the work since cannot fill the sampled places, and no header
//! counts for more than the headers before it let it.
//! docs/protocol.md, "Proof of the chain", has the format and the estimate of soundness.
//!
//! One walk reads the bytes and verifies them: nothing is kept but the peaks of the tree and what was opened.

mod sampling;
mod weight;
mod write;

use alloc::vec::Vec;

use ruint::aliases::U256;

use crate::{
    block::Header,
    codec::{Decode, DecodeError, Encode, Reader},
    hash::Hash,
    history::{History, HistoryNode, peak_positions},
    params::Network,
    rules::{HeaderChain, MEDIAN_SPAN, RuleError, leaf, verify_work},
};

pub use sampling::{SAMPLES, positions};
pub use write::{HeaderSource, write};

/// How many headers stand in full at the end, the tip included.
pub const RECENT: u64 = 256;

/// The most bytes of a proof.
pub const MAX_LEN: usize = 1 << 20;

/// How many headers lie before those that stand in full, at most: with these too, heights can be counted.
const MAX_OLDER: u64 = 1 << 63;

/// What stands in the tree's place: a node whose headers are not shown.
const CLOSED: u8 = 0;
/// Two nodes.
const BRANCH: u8 = 1;
/// A header.
const OPEN: u8 = 2;

/// Why a proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainProofError {
    /// The bytes are no proof.
    #[error("the proof cannot be read: {0}")]
    Decode(#[from] DecodeError),
    /// More bytes than any proof has.
    #[error("the proof has {length} bytes, and at most {MAX_LEN} are read")]
    TooLong {
        /// How many.
        length: usize,
    },
    /// A header breaks a rule.
    #[error("the header at height {height}: {rule}")]
    Header {
        /// Where it stands.
        height: u64,
        /// The rule.
        rule: RuleError,
    },
    /// A header of height 0 that is another chain's.
    #[error("the proof begins with the genesis block {found} of another chain")]
    OtherGenesis {
        /// Its hash.
        found: Hash,
    },
    /// The genesis block is closed.
    #[error("the proof does not show the genesis block")]
    MissingGenesis,
    /// The work on the tree passes 256 bits.
    #[error("the proof claims more work than there can be")]
    WorkOverflow,
    /// A place that the tip's hash asks for is closed.
    #[error("the proof does not show the header at work {position}, which the tip asks for")]
    MissingSample {
        /// The place, in accumulated work.
        position: U256,
    },
    /// Closed where the work before a heavy header has to be told.
    #[error("the proof does not tell the work up to height {place}, before the heavy header at height {height}")]
    MissingPlace {
        /// Where the header stands.
        height: u64,
        /// A height before it.
        place: u64,
    },
    /// Less work before a heavy header than the rules of time and target ask for.
    #[error("the header at height {height} is harder than the work before it leaves room for")]
    LightPast {
        /// Where it stands.
        height: u64,
    },
    /// Fewer headers in full than there must be.
    #[error("the proof shows the last {found} headers in full, and not {expected}")]
    TooFewRecent {
        /// How many there are.
        found: u64,
        /// How many there must be.
        expected: u64,
    },
}

/// A chain that was proved.
#[derive(Debug, Clone)]
pub struct ProvedChain {
    /// Its newest headers: what comes next is checked against this.
    pub headers: HeaderChain,
    /// Every header that the proof shows, in order.
    pub shown: Vec<ShownHeader>,
}

/// A header that a proof shows: `height u64 ‖ hash ‖ work, 32 bytes` where it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownHeader {
    /// Where it stands.
    pub height: u64,
    /// Its hash.
    pub hash: Hash,
    /// The work of the chain up to it.
    pub work: U256,
}

impl Encode for ShownHeader {
    fn encode(&self, out: &mut Vec<u8>) {
        self.height.encode(out);
        self.hash.encode(out);
        self.work.to_le_bytes::<32>().encode(out);
    }
}

impl Decode for ShownHeader {
    const MIN_LEN: usize = 72;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            height: u64::decode(reader)?,
            hash: Hash::decode(reader)?,
            work: U256::from_le_bytes(reader.array::<32>()?),
        })
    }
}

impl ProvedChain {
    /// The hash at a height, if the proof shows that header.
    #[must_use]
    pub fn hash_at(&self, height: u64) -> Option<Hash> {
        let place = self.shown.binary_search_by_key(&height, |shown| shown.height).ok()?;
        Some(self.shown[place].hash)
    }
}

/// Verifies a proof. `now_ms` is the verifier's clock.
///
/// # Errors
/// The first [`ChainProofError`].
pub fn verify(bytes: &[u8], network: &Network, now_ms: u64) -> Result<ProvedChain, ChainProofError> {
    if bytes.len() > MAX_LEN {
        return Err(ChainProofError::TooLong { length: bytes.len() });
    }
    let mut reader = Reader::new(bytes);
    let start = u64::decode(&mut reader)?;
    if start > MAX_OLDER {
        return Err(DecodeError::Invalid { what: "height" }.into());
    }
    let mut walk = Walk {
        network,
        left: Vec::new(),
        seen: Seen {
            opened: Vec::new(),
            places: Vec::from([(0, U256::ZERO)]),
        },
        next: 0,
        last_time: None,
        work: U256::ZERO,
    };
    for peak in peak_positions(0, start) {
        let node = walk.read(&mut reader, peak.level)?;
        walk.left.push(node);
    }
    let Walk {
        left,
        mut seen,
        work: older_work,
        ..
    } = walk;
    if start > 0 && seen.opened.first().is_none_or(|first| first.height != 0) {
        return Err(ChainProofError::MissingGenesis);
    }
    let history = History::from_peaks(start, left);

    let (headers, recent) = read_recent(&mut reader, network, start, history, now_ms, &mut seen)?;
    reader.finish()?;
    let expected = RECENT.min(headers.height().saturating_add(1));
    if recent < expected {
        return Err(ChainProofError::TooFewRecent {
            found: recent,
            expected,
        });
    }

    let Seen { opened, places } = seen;
    let total = headers.work();
    for position in sampling::positions(&headers.hash(), total, older_work) {
        let place = opened.partition_point(|opened| opened.work_before <= position);
        let is_open = place
            .checked_sub(1)
            .is_some_and(|place| position - opened[place].work_before < opened[place].work);
        if !is_open {
            return Err(ChainProofError::MissingSample { position });
        }
    }
    // A chain that stands in full has passed all rules.
    if start > 0 {
        let recent_work = total - older_work;
        for opened in &opened {
            if weight::is_heavy(opened.work, total - opened.work_before, recent_work) {
                weight::check(network, &places, opened)?;
            }
        }
    }
    let shown = opened.iter().map(Opened::shown).collect();
    Ok(ProvedChain { headers, shown })
}

/// The headers from `start` on, each checked by all rules of headers. The first stands whole, unless it is genesis; of the
/// others only what does not follow from the one before.
fn read_recent(
    reader: &mut Reader<'_>,
    network: &Network,
    start: u64,
    history: History,
    now_ms: u64,
    seen: &mut Seen,
) -> Result<(HeaderChain, u64), ChainProofError> {
    // Every subtree ends with the time of its last header.
    let mut parent_time = history.last_time().unwrap_or_default();
    let mut chain = if start == 0 {
        HeaderChain::genesis(network)
    } else {
        let header = Header::decode(reader)?;
        let fail = |rule| ChainProofError::Header { height: start, rule };
        verify_work(&header).map_err(fail)?;
        check(header.height == start, || RuleError::WrongHeight {
            expected: start,
            found: header.height,
        })
        .map_err(fail)?;
        let expected = history.root();
        check(header.history_root == expected, || RuleError::WrongHistoryRoot {
            expected,
            found: header.history_root,
        })
        .map_err(fail)?;
        check_bits(network, &header, parent_time).map_err(fail)?;
        HeaderChain::from_parts(header, history, Vec::new())
    };
    seen.add_tip(&chain, parent_time);
    let count = u32::decode(reader)?;
    for place in 1..=u64::from(count) {
        parent_time = chain.header().timestamp;
        let header = Header {
            version: Header::VERSION,
            height: chain.height().saturating_add(1),
            previous_hash: chain.hash(),
            history_root: chain.history().root(),
            transactions_root: Hash::decode(reader)?,
            state_root: Hash::decode(reader)?,
            timestamp: u64::decode(reader)?,
            bits: chain.next_bits(network),
            nonce: u64::decode(reader)?,
        };
        // The median is that of eleven headers: before those are known, a later time is not held against anybody.
        let has_times = start == 0 || place >= MEDIAN_SPAN as u64;
        chain
            .step(network, &header, now_ms, has_times)
            .map_err(|rule| ChainProofError::Header {
                height: header.height,
                rule,
            })?;
        seen.add_tip(&chain, parent_time);
    }
    Ok((chain, u64::from(count).saturating_add(1)))
}

fn check(holds: bool, rule: impl FnOnce() -> RuleError) -> Result<(), RuleError> {
    if holds { Ok(()) } else { Err(rule()) }
}

fn check_bits(network: &Network, header: &Header, parent_time: u64) -> Result<(), RuleError> {
    let expected = network.next_bits(header.height.saturating_sub(1), parent_time);
    check(header.bits == expected, || RuleError::WrongBits {
        expected,
        found: header.bits,
    })
}

/// A header that the proof shows.
struct Opened {
    height: u64,
    hash: Hash,
    work_before: U256,
    work: U256,
    /// The time of the header before it, which its target follows from.
    parent_time: u64,
}

impl Opened {
    fn shown(&self) -> ShownHeader {
        ShownHeader {
            height: self.height,
            hash: self.hash,
            // The walk has added them before.
            work: self.work_before.saturating_add(self.work),
        }
    }
}

/// What a proof told so far, from genesis on.
struct Seen {
    opened: Vec<Opened>,
    /// Heights, and the work of all headers before each.
    places: Vec<(u64, U256)>,
}

impl Seen {
    /// Adds the newest header of a chain.
    fn add_tip(&mut self, chain: &HeaderChain, parent_time: u64) {
        let work = leaf(chain.header(), chain.hash()).work;
        self.opened.push(Opened {
            height: chain.height(),
            hash: chain.hash(),
            work_before: chain.work().saturating_sub(work),
            work,
            parent_time,
        });
        self.places.push((chain.height().saturating_add(1), chain.work()));
    }
}

/// The walk through the tree over the earlier headers, from left to right.
struct Walk<'a> {
    network: &'a Network,
    /// The perfect subtrees to the left of where the walk is: the history up to there.
    left: Vec<HistoryNode>,
    seen: Seen,
    /// The height of the next leaf.
    next: u64,
    /// The time of the header before the next leaf.
    last_time: Option<u64>,
    /// The work of all headers before it.
    work: U256,
}

impl Walk<'_> {
    /// Reads the perfect subtree of a level, whose leaves come next. It goes as deep as the level says: at most 64.
    fn read(&mut self, reader: &mut Reader<'_>, level: u8) -> Result<HistoryNode, ChainProofError> {
        match (u8::decode(reader)?, level.checked_sub(1)) {
            (CLOSED, _) => {
                let node = read_node(reader)?;
                self.step(1 << level, &node)?;
                Ok(node)
            }
            (OPEN, None) => self.open(&Header::decode(reader)?),
            (BRANCH, Some(below)) => {
                let first = self.read(reader, below)?;
                self.left.push(first);
                let second = self.read(reader, below)?;
                self.left.pop();
                HistoryNode::checked_parent(&first, &second).ok_or(ChainProofError::WorkOverflow)
            }
            _ => Err(DecodeError::Invalid { what: "node's kind" }.into()),
        }
    }

    /// Passes a subtree.
    fn step(&mut self, leaves: u64, node: &HistoryNode) -> Result<(), ChainProofError> {
        // The tree has at most 2^63 leaves: the peaks are those of a number.
        self.next = self.next.wrapping_add(leaves);
        self.last_time = Some(node.last_time);
        self.work = self.work.checked_add(node.work).ok_or(ChainProofError::WorkOverflow)?;
        self.seen.places.push((self.next, self.work));
        Ok(())
    }

    /// Checks a header by all that can be known of it at its place.
    fn open(&mut self, header: &Header) -> Result<HistoryNode, ChainProofError> {
        let height = self.next;
        let hash = match self.last_time {
            None => {
                let hash = header.hash();
                if hash != self.network.genesis_hash() {
                    return Err(ChainProofError::OtherGenesis { found: hash });
                }
                hash
            }
            Some(parent_time) => self
                .check(header, height, parent_time)
                .map_err(|rule| ChainProofError::Header { height, rule })?,
        };
        let node = leaf(header, hash);
        self.seen.opened.push(Opened {
            height,
            hash,
            work_before: self.work,
            work: node.work,
            parent_time: self.last_time.unwrap_or(header.timestamp),
        });
        self.step(1, &node)?;
        Ok(node)
    }

    fn check(&self, header: &Header, height: u64, parent_time: u64) -> Result<Hash, RuleError> {
        let hash = verify_work(header)?;
        check(header.height == height, || RuleError::WrongHeight {
            expected: height,
            found: header.height,
        })?;
        check_bits(self.network, header, parent_time)?;
        // Without this, headers of the honest chain could stand behind an invented past.
        let expected = History::root_of(height, &self.left);
        check(header.history_root == expected, || RuleError::WrongHistoryRoot {
            expected,
            found: header.history_root,
        })?;
        Ok(hash)
    }
}

/// `hash ‖ length u8 ‖ work, little-endian without zeros at its end ‖ last_time u64`.
fn read_node(reader: &mut Reader<'_>) -> Result<HistoryNode, DecodeError> {
    let hash = Hash::decode(reader)?;
    let digits = reader.short_bytes("work", 32)?;
    if digits.last() == Some(&0) {
        return Err(DecodeError::Invalid { what: "work" });
    }
    Ok(HistoryNode {
        hash,
        work: U256::from_le_slice(digits),
        last_time: u64::decode(reader)?,
    })
}

fn write_node(node: &HistoryNode, out: &mut Vec<u8>) {
    node.hash.encode(out);
    let digits = node.work.to_le_bytes::<32>();
    let length = 32 - node.work.leading_zeros() / 8;
    crate::codec::encode_short_bytes(&digits[..length], out);
    node.last_time.encode(out);
}
