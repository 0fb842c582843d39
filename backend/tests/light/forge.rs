//! Chains of headers that no node would make, and proofs of them.

use std::{collections::BTreeMap, convert::Infallible};

use ruint::aliases::U256;
use shared::{
    block::Header,
    chain_proof::{self, HeaderSource},
    codec::Encode as _,
    hash::Hash,
    history::{History, HistoryNode, NodeSource, Position},
    params::Network,
    pow::{Midstate, Target},
    rules::leaf,
};

/// Headers with their tree, which may say anything.
#[derive(Clone, Default)]
pub(crate) struct Forgery {
    headers: Vec<Header>,
    nodes: BTreeMap<Position, HistoryNode>,
    history: History,
}

impl NodeSource for Forgery {
    type Error = Infallible;

    fn get(&self, position: Position) -> Result<HistoryNode, Infallible> {
        Ok(self.nodes[&position])
    }
}

impl HeaderSource for Forgery {
    fn header(&self, height: u64) -> Result<Header, Infallible> {
        Ok(self.headers[height as usize])
    }
}

impl Forgery {
    /// These headers, as they are.
    pub(crate) fn of(headers: &[Header]) -> Self {
        let mut forgery = Self::default();
        for header in headers {
            forgery.push(*header, 1);
        }
        forgery
    }

    /// Adds a header, and says that it did `factor` times its work.
    pub(crate) fn push(&mut self, header: Header, factor: u64) {
        let mut node = leaf(&header, header.hash());
        node.work *= U256::from(factor);
        let nodes = &mut self.nodes;
        self.history.append_with(node, |position, node| {
            nodes.insert(position, *node);
        });
        self.headers.push(header);
    }

    /// The header after the last, with what `like` contains and no work done.
    pub(crate) fn next(&self, network: &Network, like: &Header) -> Header {
        let last = self.headers.last().unwrap();
        Header {
            version: Header::VERSION,
            height: last.height + 1,
            previous_hash: last.hash(),
            history_root: self.history.root(),
            bits: network.next_bits(last.height, last.timestamp),
            nonce: 0,
            ..*like
        }
    }

    /// Follows `headers` with work done again; `change` makes of each what it likes before that.
    pub(crate) fn follow(&mut self, network: &Network, headers: &[Header], change: impl Fn(&mut Header)) {
        for like in headers {
            let mut header = self.next(network, like);
            change(&mut header);
            work(&mut header);
            self.push(header, 1);
        }
    }

    pub(crate) fn tip(&self) -> u64 {
        self.headers.len() as u64 - 1
    }

    pub(crate) fn last(&self) -> &Header {
        self.headers.last().unwrap()
    }

    pub(crate) fn total_work(&self) -> U256 {
        self.history.work()
    }

    /// The proof as a node writes it.
    pub(crate) fn proof(&self, also: &[u64]) -> Vec<u8> {
        let network = backend::networks::load("dev").unwrap();
        let Ok(proof) = chain_proof::write(self, &network, self.tip(), also);
        proof
    }

    /// A proof that shows the headers from `start` on, and of those before only the ones that are named.
    pub(crate) fn proof_showing(&self, start: u64, shown: &[u64]) -> Vec<u8> {
        let mut out = Vec::new();
        start.encode(&mut out);
        let mut at = 0;
        while at < start {
            let level = (start - at).ilog2() as u8;
            self.write(
                Position {
                    level,
                    index: at >> level,
                },
                shown,
                &mut out,
            );
            at += 1 << level;
        }
        self.headers[start as usize].encode(&mut out);
        let count = (self.tip() - start) as u32;
        count.encode(&mut out);
        for header in &self.headers[start as usize + 1..] {
            header.transactions_root.encode(&mut out);
            header.state_root.encode(&mut out);
            header.timestamp.encode(&mut out);
            header.nonce.encode(&mut out);
        }
        out
    }

    fn write(&self, position: Position, shown: &[u64], out: &mut Vec<u8>) {
        let first = position.index << position.level;
        let leaves = first..first + (1 << position.level);
        if !shown.iter().any(|height| leaves.contains(height)) {
            let node = self.nodes[&position];
            out.push(0);
            node.hash.encode(out);
            let digits = node.work.to_le_bytes::<32>();
            let length = 32 - node.work.leading_zeros() / 8;
            out.push(length as u8);
            out.extend_from_slice(&digits[..length]);
            node.last_time.encode(out);
        } else if position.level == 0 {
            out.push(2);
            self.headers[first as usize].encode(out);
        } else {
            out.push(1);
            let level = position.level - 1;
            for index in [position.index * 2, position.index * 2 + 1] {
                self.write(Position { level, index }, shown, out);
            }
        }
    }
}

/// Does the work that a header's own target asks for.
pub(crate) fn work(header: &mut Header) {
    let target = Target::from_bits(header.bits).unwrap();
    header.nonce = Midstate::new(header).search(target, 0, u64::MAX).unwrap();
}

/// A nonce that does not do.
pub(crate) fn idle(header: &mut Header) {
    let target = Target::from_bits(header.bits).unwrap();
    while target.is_met_by(&header.hash()) {
        header.nonce += 1;
    }
}

/// The length of what stands behind the tree: one whole header, a count, and 255 that are short.
pub(crate) const RECENT_LEN: usize = 160 + 4 + 255 * 80;

/// The hash with its first bit changed.
pub(crate) fn other_hash(hash: Hash) -> Hash {
    let mut hash = hash;
    hash.0[0] ^= 0x80;
    hash
}
