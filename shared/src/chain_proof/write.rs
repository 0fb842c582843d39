//! Making a proof from stored nodes and headers.

use alloc::{collections::BTreeSet, vec::Vec};

use ruint::aliases::U256;

use super::{BRANCH, CLOSED, OPEN, RECENT, sampling, weight, write_node};
use crate::{
    block::Header,
    codec::Encode,
    hash::Hash,
    history::{History, HistoryNode, NodeSource, Position, index_at_work, peak_positions},
    params::Network,
    rules::leaf,
};

/// Where nodes and headers of one chain come from.
pub trait HeaderSource: NodeSource {
    /// The header at a height, which is at most the tip's.
    ///
    /// # Errors
    /// The source's own.
    fn header(&self, height: u64) -> Result<Header, Self::Error>;
}

/// Writes the proof of the chain whose tip is at height `tip`. The headers of `also` are shown as well: a verifier that
/// knows one of them sees that its chain goes on.
///
/// It reads a few nodes for each shown header, some more for each heavy one, and at most [`RECENT`] + 25 headers for each doubling of the work.
///
/// # Errors
/// The source's own.
pub fn write<S: HeaderSource + ?Sized>(
    source: &S,
    network: &Network,
    tip: u64,
    also: &[u64],
) -> Result<Vec<u8>, S::Error> {
    let start = tip.saturating_add(1).saturating_sub(RECENT);
    let recent: Vec<Header> = (start..=tip)
        .map(|height| source.header(height))
        .collect::<Result<_, _>>()?;
    let older_work = History::at(source, start)?.work();
    let tip_hash = recent.last().map_or(Hash::ZERO, Header::hash);
    let recent_work = recent
        .iter()
        .fold(U256::ZERO, |sum, header| sum.saturating_add(work(header)));
    let total = older_work.saturating_add(recent_work);

    // Genesis names the chain.
    let mut shown = BTreeSet::from([0]);
    let mut cuts = BTreeSet::new();
    let mut look = |height, work, behind| {
        if weight::is_heavy(work, behind, recent_work) {
            cuts.extend(weight::places(network, height));
        }
    };
    for height in also.iter().copied().filter(|height| *height < start) {
        shown.insert(height);
        let before = History::at(source, height)?.work();
        look(height, leaf_work(source, height)?, total - before);
    }
    for place in sampling::positions(&tip_hash, total, older_work) {
        if let Some(height) = index_at_work(source, start, place)? {
            shown.insert(height);
            // More may lie between the header's beginning and its place: then it is cut though it need not be.
            look(height, leaf_work(source, height)?, total - place);
        }
    }
    for header in &recent {
        look(header.height, work(header), recent_work);
    }

    let mut out = Vec::new();
    start.encode(&mut out);
    let mut writer = Writer {
        source,
        shown: &shown,
        cuts: &cuts,
        out: &mut out,
    };
    for peak in peak_positions(0, start) {
        writer.node(peak)?;
    }
    let mut newest = recent.iter();
    if let Some(first) = newest.next().filter(|first| first.height > 0) {
        first.encode(&mut out);
    }
    // At most RECENT.
    ((tip - start) as u32).encode(&mut out);
    for header in newest {
        header.transactions_root.encode(&mut out);
        header.state_root.encode(&mut out);
        header.timestamp.encode(&mut out);
        header.nonce.encode(&mut out);
    }
    Ok(out)
}

fn work(header: &Header) -> U256 {
    leaf(header, Hash::ZERO).work
}

fn leaf_work<S: HeaderSource + ?Sized>(source: &S, height: u64) -> Result<U256, S::Error> {
    let leaf = source.get(Position {
        level: 0,
        index: height,
    })?;
    Ok(leaf.work)
}

struct Writer<'a, S: ?Sized> {
    source: &'a S,
    shown: &'a BTreeSet<u64>,
    /// Heights at which the work before them is told.
    cuts: &'a BTreeSet<u64>,
    out: &'a mut Vec<u8>,
}

impl<S: HeaderSource + ?Sized> Writer<'_, S> {
    fn node(&mut self, position: Position) -> Result<(), S::Error> {
        let first = position.index << position.level;
        let after = first + (1 << position.level);
        let is_cut = self.cuts.range(first + 1..after).next().is_some();
        if !is_cut && self.shown.range(first..after).next().is_none() {
            self.out.push(CLOSED);
            let node: HistoryNode = self.source.get(position)?;
            write_node(&node, self.out);
            return Ok(());
        }
        let Some(level) = position.level.checked_sub(1) else {
            self.out.push(OPEN);
            self.source.header(first)?.encode(self.out);
            return Ok(());
        };
        self.out.push(BRANCH);
        let index = position.index * 2;
        self.node(Position { level, index })?;
        self.node(Position {
            level,
            index: index + 1,
        })
    }
}
