//! Whom peers are connected to, and the branches that they keep: only to be looked at. Nothing of it decides anything.

use std::sync::Arc;

use shared::{block::Header, hash::Hash, rules::RuleError};

use super::{
    Ledger, Moment, Neighbour, Offence, PeerKey, PeerName, Request, Surroundings, Sync,
    headers::{Headers, Refusal, Stage},
    message::MAX_NEIGHBOURS,
    peer::{Asked, Peer},
    serve::BRANCH_DEPTH,
};

/// How soon after it connected a peer is asked whom it knows, and how often from then on; with many peers less often.
pub(super) const FIRST_MS: u64 = 500;
const NEIGHBOURS_MS: u64 = 5_000;
const MS_FOR_EACH: u64 = 100;
/// How long an answer may take.
const TIMEOUT_MS: u64 = 10_000;
/// How often a peer is asked for a branch.
const BRANCH_MS: u64 = 1_000;
/// How many headers of branches are kept to be looked at.
pub(super) const MAX_SEEN: usize = 1_024;
/// How many blocks are remembered for which an answer came, so that nobody is asked again.
pub(super) const MAX_ANSWERED: usize = 1_024;
/// While more headers than these wait for their blocks, the node catches up, and they are no forks to be looked at.
const MAX_SHOWN: usize = 4_096;

/// A header of a block that is not in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The block's hash.
    pub hash: Hash,
    /// Its header.
    pub header: Header,
    /// Whether the block breaks a rule, or descends from one that does.
    pub is_refused: bool,
}

impl Sync {
    /// The id of a connected peer, and how long it took to answer lately.
    pub fn know(&mut self, key: PeerKey, name: PeerName, latency_ms: Option<u32>) {
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.name = Some(name);
            peer.latency_ms = latency_ms;
        }
    }

    /// The peers, as this node tells of them.
    pub(super) fn neighbours(&self) -> Vec<Neighbour> {
        let told = self.peers.values().filter(|peer| !peer.is_banned).filter_map(|peer| {
            let status = peer.status?;
            Some(Neighbour {
                name: peer.name.clone()?,
                height: status.height,
                tip: status.tip,
                latency_ms: peer.latency_ms,
            })
        });
        let mut told: Vec<Neighbour> = told.collect();
        told.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        told.dedup_by(|a, b| a.name == b.name);
        told.truncate(MAX_NEIGHBOURS);
        told
    }

    /// Headers of blocks that are not in the chain, as far as they are known and lie in this range of heights.
    #[must_use]
    pub fn seen(&self, heights: std::ops::RangeInclusive<u64>) -> Vec<Seen> {
        let trees = [&self.headers, &self.looked_at];
        let shown = trees.into_iter().filter(|tree| tree.len() <= MAX_SHOWN);
        let nodes = shown.flat_map(Headers::nodes);
        let near = nodes.filter(|(_, node)| heights.contains(&node.header.height));
        near.map(|(hash, node)| Seen {
            hash: *hash,
            header: node.header,
            is_refused: node.stage == Stage::Dead,
        })
        .take(MAX_SEEN)
        .collect()
    }

    /// Asks peers whom they know, and for branches that they told of.
    pub(super) fn look_around(&mut self, now: Moment, ledger: &dyn Ledger) {
        let pause = NEIGHBOURS_MS.max(self.peers.len() as u64 * MS_FOR_EACH);
        let is_due = |peer: &Peer| peer.is_usable(now.steady_ms) && peer.next_neighbours_ms <= now.steady_ms;
        let due = self
            .peers
            .iter()
            .filter(|(_, peer)| is_due(peer) && peer.status.is_some());
        let due: Vec<PeerKey> = due.map(|(key, _)| *key).collect();
        for key in due {
            if let Some(peer) = self.peers.get_mut(&key) {
                peer.next_neighbours_ms = now.steady_ms + pause;
            }
            self.ask(now, key, Asked::Neighbours, Request::Neighbours, TIMEOUT_MS);
        }
        let keys: Vec<PeerKey> = self.peers.keys().copied().collect();
        for key in keys {
            self.ask_branch(now, key, ledger);
        }
    }

    /// Asks a peer for a branch of which it told, and that is not known here.
    pub(super) fn ask_branch(&mut self, now: Moment, key: PeerKey, ledger: &dyn Ledger) {
        let Some(peer) = self.peers.get(&key) else { return };
        if !peer.is_usable(now.steady_ms) || peer.next_branch_ms > now.steady_ms || peer.is_asked(Asked::is_branch) {
            return;
        }
        let own = ledger.tip();
        let near = own.height().saturating_sub(BRANCH_DEPTH)..=own.height().saturating_add(BRANCH_DEPTH);
        // A heavier chain is asked for in earnest, and followed.
        let status = peer
            .status
            .filter(|status| status.work <= own.work() && near.contains(&status.height));
        let told = status
            .map(|status| status.tip)
            .into_iter()
            .chain(peer.branches.iter().copied());
        let Some(tip) = told.into_iter().find(|tip| self.is_unheard_of(tip, ledger)) else {
            return;
        };
        let Some(locator) = self.locator(own.hash(), ledger) else {
            return;
        };
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.next_branch_ms = now.steady_ms + BRANCH_MS;
        }
        let request = Request::Branch {
            locator: locator.clone(),
            tip,
        };
        self.ask(now, key, Asked::Branch { locator, tip }, request, TIMEOUT_MS);
    }

    /// Whether nothing is known of a block, and nobody has been asked for it.
    fn is_unheard_of(&self, hash: &Hash, ledger: &dyn Ledger) -> bool {
        let is_it = |asked: &Asked| matches!(asked, Asked::Branch { tip, .. } if tip == hash);
        let is_asked = |peer: &Peer| peer.pending.values().any(|pending| is_it(&pending.asked));
        !self.answered.contains(hash)
            && self.headers.get(hash).is_none()
            && self.looked_at.get(hash).is_none()
            && ledger.height_of(hash).is_none()
            && ledger.side_header(hash).is_none()
            && !self.peers.values().any(is_asked)
    }

    pub(super) fn got_surroundings(&mut self, key: PeerKey, told: Surroundings) {
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.neighbours = Arc::from(told.peers);
            peer.branches = told.branches;
        }
    }

    pub(super) fn got_branch(
        &mut self,
        now: Moment,
        key: PeerKey,
        (locator, tip): (&[Hash], Hash),
        headers: &[Header],
        ledger: &dyn Ledger,
    ) {
        self.answered.insert(tip);
        let (Some(first), Some(last)) = (headers.first(), headers.last()) else {
            // It has forgotten the branch since.
            return;
        };
        if !locator.contains(&first.previous_hash) || last.hash() != tip {
            let reason = "the headers do not lead to what was asked for".to_owned();
            return self.offend(now, key, Offence::Malformed { reason });
        }
        let is_beside = |header: &&Header| ledger.height_of(&header.hash()).is_none();
        let Some(fork) = headers.iter().find(is_beside).map(|header| header.height) else {
            return;
        };
        let height = ledger.tip().height();
        if fork.saturating_add(BRANCH_DEPTH) < height || last.height > height.saturating_add(2 * BRANCH_DEPTH) {
            return;
        }
        self.looked_at.make_room(headers.len(), MAX_SEEN);
        let (_, _, result) = self.looked_at.extend(&self.network, headers, now.clock_ms, ledger);
        match result {
            Err(Refusal::Rule(error)) if !matches!(error, RuleError::TimeTooLate { .. }) => {
                let rule = error.code();
                self.offend(now, key, Offence::InvalidHeader { rule });
            }
            // The chain may have changed since they were asked for.
            _ => {}
        }
    }
}
