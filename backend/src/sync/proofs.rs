//! Which of two long chains has more work in all, where their headers cannot tell: each peer proves its own.
//!
//! Headers are compared only so far ahead of the chain. A chain that is heavier up to there may be lighter in all, and
//! whoever follows it too far cannot go back: while that is open, only so many blocks are fetched as can be undone.
//! docs/protocol.md, "Two long chains".

use ruint::aliases::U256;
use shared::{
    chain_proof::{ChainProofError, ProvedChain},
    hash::Hash,
};

use super::{
    Action, Ledger, Moment, Offence, PeerKey, Request, Sync,
    download::{Plan, WINDOW},
    headers::Stage,
    peer::{Asked, Peer},
};

/// How long a proof may take.
const TIMEOUT_MS: u64 = 10_000;
/// For how long a peer counts as one that has no proof, after it gave none that holds.
const UNPROVEN_MS: u64 = 30_000;
/// For how long a peer that has just connected is waited for, until it has told where it stands.
const STATUS_WAIT_MS: u64 = 2_000;
/// How many headers are remembered whose chains were proved.
const MAX_PROVEN: usize = 64;

/// A peer that is to prove its chain, and what it must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    /// The last header of its chain that is known here: the proof shows it.
    best: Hash,
    /// Its height.
    height: u64,
    /// The work that the peer has claimed: its chain has as much from then on.
    work: U256,
}

/// A peer whose chain may have more work in all than the one that is being fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rival {
    peer: PeerKey,
    /// The height of the last block that the two chains share.
    fork: u64,
}

impl Sync {
    /// The work in all of the chain to which a header belongs, and the height at which that was shown, if one was proved. It
    /// counts only if shown above `fork`: of two chains that part there, the blocks before are part of both.
    fn proven_above(&self, best: Hash, fork: u64) -> Option<(U256, u64)> {
        let heights = self.proven.keys().filter_map(|hash| self.headers.get(hash));
        let lowest = heights.map(|node| node.header.height).min()?;
        let mut hash = best;
        while let Some(node) = self.headers.get(&hash)
            && node.header.height >= lowest
            && node.header.height > fork
        {
            if let Some(work) = self.proven.get(&hash) {
                return Some((*work, node.header.height));
            }
            hash = node.header.previous_hash;
        }
        None
    }

    /// What is known of the work of a chain in all whose headers have `shown` work, and the height at which it was proved. Of
    /// two chains with as much, one that was proved higher up is the one whose proof it was.
    pub(super) fn in_all(&self, best: Hash, shown: U256) -> (U256, u64) {
        match self.proven_above(best, 0) {
            Some((work, height)) if work >= shown => (work, height),
            _ => (shown, 0),
        }
    }

    /// Whether a peer's chain goes on beyond the headers that may be known of it.
    fn goes_beyond(&self, peer: &Peer, ledger: &dyn Ledger) -> bool {
        let node = peer.best.and_then(|best| self.headers.get(&best));
        let end = ledger.tip().height().saturating_add(self.limits.ahead);
        node.is_some_and(|node| {
            node.stage != Stage::Dead
                && node.work > ledger.tip().work()
                && node.header.height >= end
                && (peer.has_more || peer.claimed_work() > node.work)
        })
    }

    /// The peers whose chains may have more work in all than the planned one, and leave it where that may still be undone.
    pub(super) fn rivals(&self, plan: &Plan, ledger: &dyn Ledger) -> Vec<Rival> {
        let Some(target) = plan.path.last() else {
            return Vec::new();
        };
        let shown = self.headers.get(target).map_or(U256::ZERO, |node| node.work);
        let far: Vec<(PeerKey, Hash)> = self
            .peers
            .iter()
            .filter(|(_, peer)| !peer.is_banned && peer.claimed_work() > shown && self.goes_beyond(peer, ledger))
            .filter_map(|(key, peer)| Some((*key, peer.best.filter(|best| best != target)?)))
            .collect();
        if far.is_empty() {
            return Vec::new();
        }
        let lowest = self.lowest_fork(ledger);
        far.into_iter()
            .filter_map(|(key, best)| {
                let peer = self.peers.get(&key)?;
                let (fork, path) = self.headers.path_to(best, ledger)?;
                let shared = path
                    .iter()
                    .zip(&plan.path)
                    .take_while(|(one, other)| one == other)
                    .count();
                let is_planned = fork == plan.fork && shared == path.len();
                // One of them may follow the chain further than the other.
                let fork = if fork == plan.fork {
                    fork + shared as u64
                } else {
                    fork.min(plan.fork)
                };
                if is_planned || fork < lowest {
                    return None;
                }
                let work_above = |best: Hash| self.proven_above(best, fork).map(|(work, _)| work);
                let planned = work_above(*target);
                if work_above(best).unwrap_or_else(|| peer.claimed_work()) <= planned.unwrap_or(shown).max(shown) {
                    return None;
                }
                // Who was asked for a proof and has none does not hold up who has.
                (planned.is_none() || !peer.is_unproven).then_some(Rival { peer: key, fork })
            })
            .collect()
    }

    /// The lowest height at which a branch may leave the chain.
    fn lowest_fork(&self, ledger: &dyn Ledger) -> u64 {
        let depth = u64::from(self.network.parameters().max_reorg_depth);
        ledger.tip().height().saturating_sub(depth)
    }

    /// Up to which height blocks may be fetched while others may have more work: what is fetched now may be to be undone.
    pub(super) fn fetched_up_to(&mut self, now: Moment, plan: &Plan, ledger: &dyn Ledger) -> Option<u64> {
        let depth = u64::from(self.network.parameters().max_reorg_depth / 2).max(1);
        let tip = ledger.tip().height();
        let since = self.hold.since().unwrap_or(tip);
        let undecided = self.undecided(now, plan, since, ledger);
        let is_held = self.hold.keep(now.steady_ms, undecided.is_some(), tip);
        let forks = plan.rivals.iter().map(|rival| rival.fork);
        let lowest = forks.chain(undecided.filter(|_| is_held)).min()?;
        Some(lowest.saturating_add(depth))
    }

    /// The lowest place where the chain of a peer parts from the planned one, or may, that is about to show whether it is
    /// heavier.
    fn undecided(&self, now: Moment, plan: &Plan, since: u64, ledger: &dyn Ledger) -> Option<u64> {
        let lowest = self.lowest_fork(ledger);
        // Of what lies so far ahead nothing is fetched yet.
        let far = plan.fork + (plan.next + WINDOW) as u64;
        let parting = |(key, peer): (&PeerKey, &Peer)| {
            if !peer.is_usable(now.steady_ms) {
                return None;
            }
            if peer.status.is_none() {
                return (now.steady_ms < peer.since_ms + STATUS_WAIT_MS).then_some(since);
            }
            // Who has shown the planned chain so far can only make it longer.
            let is_due = peer.is_asked(Asked::is_headers) || peer.next_headers_ms <= now.steady_ms;
            if !is_due || peer.best.as_ref() == plan.path.last() || !self.owes_headers(*key, ledger) {
                return None;
            }
            let place = match plan.partings.get(key) {
                // Who parts where nothing can be undone any more comes too late.
                Some(fork) if *fork < lowest => return None,
                Some(fork) => *fork,
                None => plan.reach.get(key).map_or(since, |reach| since.max(*reach)),
            };
            (place < far).then_some(place)
        };
        self.peers.iter().filter_map(parting).min()
    }

    /// Asks those who rival, and one who stands for the plan, to prove their chains.
    pub(super) fn ask_proofs(&mut self, now: Moment) {
        for peer in self.peers.values_mut() {
            peer.is_unproven &= peer.unproven_until_ms > now.steady_ms;
        }
        let Some(plan) = self.plan.as_ref().filter(|plan| !plan.rivals.is_empty()) else {
            return;
        };
        let may_ask = |peer: &Peer| peer.is_usable(now.steady_ms) && !peer.is_unproven && !peer.is_proving();
        let mut due: Vec<(PeerKey, u64)> = plan.rivals.iter().map(|rival| (rival.peer, rival.fork)).collect();
        // It has to hold against each of them.
        let highest = plan.rivals.iter().map(|rival| rival.fork).max();
        if let (Some(target), Some(fork)) = (plan.path.last(), highest)
            && self.proven_above(*target, fork).is_none()
        {
            let holders = || self.peers.iter().filter(|(_, peer)| peer.best == Some(*target));
            if !holders().any(|(_, peer)| peer.is_proving()) {
                due.extend(holders().find(|(_, peer)| may_ask(peer)).map(|(key, _)| (*key, fork)));
            }
        }
        for (key, fork) in due {
            let claim = self
                .peers
                .get(&key)
                .filter(|peer| may_ask(peer))
                .and_then(|peer| self.claim_of(peer, fork));
            if let Some(claim) = claim {
                let heights = vec![claim.height];
                self.ask(now, key, Asked::Proof { claim }, Request::Proof { heights }, TIMEOUT_MS);
            }
        }
    }

    /// What a peer must show whose chain parts from another at `fork`, if that is not proved.
    fn claim_of(&self, peer: &Peer, fork: u64) -> Option<Claim> {
        let best = peer.best?;
        if self.proven_above(best, fork).is_some() {
            return None;
        }
        Some(Claim {
            best,
            height: self.headers.get(&best)?.header.height,
            work: peer.claimed_work(),
        })
    }

    /// A peer sent the proof of its chain, or none.
    pub(super) fn got_proof(&mut self, now: Moment, key: PeerKey, claim: Claim, proof: Vec<u8>) {
        if proof.is_empty() {
            return self.note_unproven(now, key);
        }
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.proving = Some(claim);
            self.actions.push_back(Action::VerifyProof { peer: key, proof });
        }
    }

    /// Counts a peer as one that has no proof, for a while.
    pub(super) fn note_unproven(&mut self, now: Moment, key: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.is_unproven = true;
            peer.unproven_until_ms = now.steady_ms + UNPROVEN_MS;
            self.is_plan_old = true;
        }
    }

    /// What came of a proof that was to be verified.
    pub fn proved(
        &mut self,
        now: Moment,
        key: PeerKey,
        verdict: Result<ProvedChain, ChainProofError>,
        ledger: &dyn Ledger,
    ) {
        let claim = self.peers.get_mut(&key).and_then(|peer| peer.proving.take());
        if let Some(claim) = claim {
            self.judge_proof(now, key, claim, &verdict);
        }
        self.settle(now, ledger);
    }

    fn judge_proof(&mut self, now: Moment, key: PeerKey, claim: Claim, verdict: &Result<ProvedChain, ChainProofError>) {
        let proved = match verdict {
            Ok(proved) => proved,
            Err(error) => {
                self.note_unproven(now, key);
                let reason = error.to_string();
                return self.offend(now, key, Offence::InvalidProof { reason });
            }
        };
        let depth = u64::from(self.network.parameters().max_reorg_depth);
        let is_shown = proved.hash_at(claim.height) == Some(claim.best);
        // A chain gets only heavier, and its last blocks alone can be exchanged.
        let is_false = proved.headers.work() < claim.work
            || (!is_shown && proved.headers.height().saturating_sub(claim.height) > depth);
        if is_shown && !is_false {
            if self.proven.len() >= MAX_PROVEN {
                self.proven.clear();
            }
            self.proven.insert(claim.best, proved.headers.work());
            self.is_plan_old = true;
            return;
        }
        self.note_unproven(now, key);
        if is_false {
            self.offend(now, key, Offence::FalseClaim);
        }
    }

    /// Forgets proofs of chains whose headers are not known any more.
    pub(super) fn forget_proofs(&mut self) {
        self.proven.retain(|hash, _| self.headers.get(hash).is_some());
    }
}
