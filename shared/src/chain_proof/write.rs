//! Making a proof from stored nodes and headers.

use alloc::{collections::BTreeSet, vec::Vec};

use super::{BRANCH, CLOSED, OPEN, RECENT, sampling, write_node};
use crate::{
    block::Header,
    codec::Encode,
    history::{History, HistoryNode, NodeSource, Position, index_at_work, peak_positions},
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
/// It reads a few nodes for each shown header and at most [`RECENT`] + 25 headers for each doubling of the work.
///
/// # Errors
/// The source's own.
pub fn write<S: HeaderSource + ?Sized>(source: &S, tip: u64, also: &[u64]) -> Result<Vec<u8>, S::Error> {
    let start = tip.saturating_add(1).saturating_sub(RECENT);
    let newest = source.header(tip)?;
    let older = History::at(source, start)?;
    let all = History::at(source, tip)?;
    let newest_hash = newest.hash();
    let total = all.work().saturating_add(leaf(&newest, newest_hash).work);
    // Genesis names the chain.
    let mut shown: BTreeSet<u64> = also
        .iter()
        .copied()
        .chain([0])
        .filter(|height| *height < start)
        .collect();
    for position in sampling::positions(&newest_hash, total, older.work()) {
        shown.extend(index_at_work(source, start, position)?);
    }

    let mut out = Vec::new();
    start.encode(&mut out);
    let mut writer = Writer {
        source,
        shown: &shown,
        out: &mut out,
    };
    for peak in peak_positions(0, start) {
        writer.node(peak)?;
    }
    if start > 0 {
        source.header(start)?.encode(&mut out);
    }
    // At most RECENT.
    ((tip - start) as u32).encode(&mut out);
    for height in start + 1..=tip {
        let header = source.header(height)?;
        header.transactions_root.encode(&mut out);
        header.state_root.encode(&mut out);
        header.timestamp.encode(&mut out);
        header.nonce.encode(&mut out);
    }
    Ok(out)
}

struct Writer<'a, S: ?Sized> {
    source: &'a S,
    shown: &'a BTreeSet<u64>,
    out: &'a mut Vec<u8>,
}

impl<S: HeaderSource + ?Sized> Writer<'_, S> {
    fn node(&mut self, position: Position) -> Result<(), S::Error> {
        let first = position.index << position.level;
        let after = first + (1 << position.level);
        if self.shown.range(first..after).next().is_none() {
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
