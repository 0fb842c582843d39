//! What peers say of their chains, and the headers that bear it out.

use std::collections::BTreeSet;

use ruint::aliases::U256;
use shared::{
    block::Header,
    hash::Hash,
    rules::{MEDIAN_SPAN, RuleError},
};

use super::{
    Ledger, Moment, Offence, PeerKey, Request, Status, Sync, VERSION,
    headers::{Refusal, Stage},
    message::{MAX_HEADERS, MAX_LOCATOR},
    peer::Asked,
};

/// How far headers run ahead of the chain.
pub(super) const AHEAD: u64 = 50_000;
/// How many headers a branch may have that is no heavier than the chain: so many, and a few for each that it would undo.
const LIGHT: u64 = 4_000;
const LIGHT_FOR_EACH: u64 = 4;

/// How often a peer is asked for its status.
const STATUS_MS: u64 = 10_000;
/// How long an answer may take.
const STATUS_TIMEOUT_MS: u64 = 10_000;
const HEADERS_TIMEOUT_MS: u64 = 15_000;
/// How long to wait before headers are asked for again: when there were none, when one was from the future, and when
/// they leave the chain too deep.
const RETRY_MS: u64 = 2_000;
const RETRY_FUTURE_MS: u64 = 10_000;
const RETRY_DEEP_MS: u64 = 60_000;
/// With so many blocks left to fetch, one peer at a time tells of more headers.
const ENOUGH: usize = 1_000;

impl Sync {
    pub(super) fn ask_status(&mut self, now: Moment) {
        let due: Vec<PeerKey> = self
            .peers
            .iter()
            .filter(|(_, peer)| !peer.is_banned && peer.next_status_ms <= now.steady_ms)
            .filter(|(_, peer)| !peer.is_asked(Asked::is_status))
            .map(|(key, _)| *key)
            .collect();
        for key in due {
            if let Some(peer) = self.peers.get_mut(&key) {
                peer.next_status_ms = now.steady_ms + STATUS_MS;
            }
            self.ask(now, key, Asked::Status, Request::Status, STATUS_TIMEOUT_MS);
        }
    }

    pub(super) fn got_status(&mut self, now: Moment, key: PeerKey, status: Status, ledger: &dyn Ledger) {
        if status.genesis != self.network.genesis_hash() {
            return self.offend(now, key, Offence::OtherChain);
        }
        if status.version < VERSION {
            let found = status.version;
            return self.offend(now, key, Offence::OldVersion { found });
        }
        let own = ledger.tip().work();
        let main = ledger.height_of(&status.tip);
        let is_true = match (main, self.headers.get(&status.tip)) {
            (Some(height), _) => status.height == height && status.work <= own,
            (None, Some(node)) => status.height == node.header.height && status.work == node.work,
            (None, None) => true,
        };
        if !is_true {
            return self.offend(now, key, Offence::FalseClaim);
        }
        let is_known = main.is_some() || self.headers.get(&status.tip).is_some();
        let Some(peer) = self.peers.get_mut(&key) else { return };
        peer.status = Some(status);
        if is_known {
            self.set_best(key, Some(status.tip));
        }
    }

    pub(super) fn set_best(&mut self, key: PeerKey, best: Option<Hash>) {
        if let Some(peer) = self.peers.get_mut(&key)
            && peer.best != best
        {
            peer.best = best;
            self.is_plan_old = true;
        }
    }

    /// The work of the chain that ends with a peer's best known header, if that is not in this node's chain.
    fn best_work(&self, key: PeerKey) -> Option<U256> {
        let best = self.peers.get(&key)?.best?;
        let node = self.headers.get(&best)?;
        (node.stage != Stage::Dead).then_some(node.work)
    }

    /// Whether a peer claims more than its headers have shown so far, and may go on to show it.
    pub(super) fn owes_headers(&self, key: PeerKey, ledger: &dyn Ledger) -> bool {
        let Some(peer) = self.peers.get(&key) else { return false };
        let own = ledger.tip().work();
        let shown = self.best_work(key).unwrap_or_default().max(own);
        let wants = peer.is_ahead || peer.has_more || peer.claimed_work() > shown;
        let best = peer.best.and_then(|best| self.headers.get(&best));
        let is_far = best
            .is_some_and(|node| node.work > own && node.header.height >= ledger.tip().height().saturating_add(AHEAD));
        wants && !is_far
    }

    /// Asks peers that claim more for their headers.
    pub(super) fn ask_headers(&mut self, now: Moment, ledger: &dyn Ledger) {
        let has_enough = self
            .plan
            .as_ref()
            .is_some_and(|plan| plan.path.len() - plan.next >= ENOUGH);
        let is_asking = self.peers.values().any(|peer| peer.is_asked(Asked::is_headers));
        if has_enough && is_asking {
            return;
        }
        let due: Vec<PeerKey> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.is_usable(now.steady_ms) && peer.next_headers_ms <= now.steady_ms)
            .filter(|(_, peer)| peer.status.is_some() && !peer.is_asked(Asked::is_headers))
            .map(|(key, _)| *key)
            .collect();
        for key in due {
            if !self.owes_headers(key, ledger) {
                continue;
            }
            let own = ledger.tip();
            let shown = self.peers.get(&key).and_then(|peer| peer.best);
            let planned = self.plan.as_ref().and_then(|plan| plan.path.last().copied());
            let start = [shown, planned]
                .into_iter()
                .flatten()
                .find(|hash| self.headers.get(hash).is_some_and(|node| node.stage != Stage::Dead))
                .unwrap_or(own.hash());
            let most = self
                .headers
                .get(&start)
                .map_or(U256::ZERO, |node| node.work)
                .max(own.work());
            let Some(locator) = self.locator(start, ledger) else {
                continue;
            };
            let claimed = self.peers.get(&key).map_or(U256::ZERO, |peer| peer.claimed_work());
            let request = Request::Headers {
                locator: locator.clone(),
            };
            let asked = Asked::Headers { locator, claimed, most };
            self.ask(now, key, asked, request, HEADERS_TIMEOUT_MS);
            if has_enough {
                return;
            }
        }
    }

    /// Hashes from a header back to genesis, ever further apart.
    fn locator(&self, start: Hash, ledger: &dyn Ledger) -> Option<Vec<Hash>> {
        let (fork, path) = self.headers.path_to(start, ledger)?;
        let mut locator = Vec::new();
        let (mut height, mut step) = (fork + path.len() as u64, 1);
        while height > 0 && locator.len() + 1 < MAX_LOCATOR {
            let hash = match height.checked_sub(fork + 1) {
                Some(place) => *path.get(usize::try_from(place).ok()?)?,
                None if height == ledger.tip().height() => ledger.tip().hash(),
                None => ledger.header(height)?.hash(),
            };
            locator.push(hash);
            if locator.len() >= MEDIAN_SPAN {
                step *= 2;
            }
            height = height.saturating_sub(step);
        }
        locator.push(self.network.genesis_hash());
        Some(locator)
    }

    pub(super) fn got_headers(
        &mut self,
        now: Moment,
        key: PeerKey,
        (locator, claimed, most): (Vec<Hash>, U256, U256),
        headers: &[Header],
        ledger: &dyn Ledger,
    ) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        peer.is_ahead = false;
        peer.has_more = false;
        let Some(first) = headers.first() else {
            peer.next_headers_ms = now.steady_ms + RETRY_MS;
            if claimed > most.max(ledger.tip().work()) {
                self.offend(now, key, Offence::FalseClaim);
            }
            return;
        };
        if !locator.contains(&first.previous_hash) {
            let reason = "the headers do not follow what was asked for".to_owned();
            return self.offend(now, key, Offence::Malformed { reason });
        }
        let (last, added, result) = self.headers.extend(&self.network, headers, now.clock_ms, ledger);
        if last.is_some() {
            self.set_best(key, last);
        }
        match result {
            Ok(()) => self.follow_headers(now, key, claimed, headers.len() == MAX_HEADERS, added, ledger),
            Err(refusal) => self.refuse_headers(now, key, &refusal),
        }
    }

    /// What a peer's headers amount to, now that all of an answer were taken.
    fn follow_headers(
        &mut self,
        now: Moment,
        key: PeerKey,
        claimed: U256,
        is_full: bool,
        added: usize,
        ledger: &dyn Ledger,
    ) {
        let own = ledger.tip().work();
        let shown = self.best_work(key).unwrap_or(own);
        let Some(peer) = self.peers.get_mut(&key) else { return };
        peer.has_more = is_full;
        if added == 0 {
            peer.next_headers_ms = now.steady_ms + RETRY_MS;
        }
        if !is_full && shown < claimed {
            return self.offend(now, key, Offence::FalseClaim);
        }
        let Some(best) = peer.best else { return };
        if shown <= own
            && let Some((fork, path)) = self.headers.path_to(best, ledger)
        {
            let depth = ledger.tip().height().saturating_sub(fork);
            if path.len() as u64 > LIGHT + LIGHT_FOR_EACH * depth {
                self.set_best(key, None);
                self.offend(now, key, Offence::LowWork);
            }
        }
    }

    fn refuse_headers(&mut self, now: Moment, key: PeerKey, refusal: &Refusal) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        match refusal {
            // Clocks differ. Soon it is not too late any more.
            Refusal::Rule(RuleError::TimeTooLate { .. }) => peer.next_headers_ms = now.steady_ms + RETRY_FUTURE_MS,
            Refusal::Rule(error) => {
                let rule = error.code();
                self.offend(now, key, Offence::InvalidHeader { rule });
            }
            Refusal::Dead => self.offend(now, key, Offence::InvalidBlock { rule: "parent-invalid" }),
            // The chain has changed since they were asked for.
            Refusal::UnknownParent => {
                peer.is_ahead = true;
                peer.next_headers_ms = now.steady_ms + RETRY_MS;
            }
            Refusal::TooDeep => {
                peer.next_headers_ms = now.steady_ms + RETRY_DEEP_MS;
                self.set_best(key, None);
            }
            Refusal::Full => {
                peer.next_headers_ms = now.steady_ms + RETRY_MS;
                self.make_room();
            }
        }
    }

    /// Gives up the lightest of the branches that peers told of, unless it is the one being fetched.
    fn make_room(&mut self) {
        let target = self.plan.as_ref().and_then(|plan| plan.path.last().copied());
        let lightest = self
            .peers
            .keys()
            .filter_map(|key| Some((self.best_work(*key)?, *key)))
            .filter(|(_, key)| self.peers.get(key).and_then(|peer| peer.best) != target)
            .min();
        if let Some((_, key)) = lightest {
            self.set_best(key, None);
        }
        self.next_prune_ms = 0;
    }

    /// Forgets headers that nobody stands for.
    pub(super) fn prune(&mut self, ledger: &dyn Ledger) {
        /// For how many blocks below the tip it is remembered that they were stored.
        const KEPT: u64 = 64;
        let mut bests: BTreeSet<Hash> = self.peers.values().filter_map(|peer| peer.best).collect();
        bests.extend(self.plan.as_ref().and_then(|plan| plan.path.last().copied()));
        bests.extend(self.partials.keys());
        self.headers.prune(&bests, KEPT, ledger);
    }
}
