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
    download::Plan,
    headers::{Refusal, Stage},
    message::MAX_LOCATOR,
    peer::{Asked, Peer, Pending},
    serve::BRANCH_DEPTH,
};

/// How many headers a branch may have that is no heavier than the chain: so many, and a few for each that it would undo.
const LIGHT: u64 = 4_000;
const LIGHT_FOR_EACH: u64 = 4;

/// How often a peer is asked for its status.
const STATUS_MS: u64 = 10_000;
/// When it is asked after the tip has changed, but not again within a pause.
const STATUS_SOON_MS: u64 = 500;
const STATUS_PAUSE_MS: u64 = 2_000;
/// How long an answer may take.
const STATUS_TIMEOUT_MS: u64 = 10_000;
const HEADERS_TIMEOUT_MS: u64 = 15_000;
/// How long to wait before headers are asked for again: when there were none, when one was from the future, and when
/// they leave the chain too deep.
const RETRY_MS: u64 = 2_000;
const RETRY_FUTURE_MS: u64 = 10_000;
const RETRY_DEEP_MS: u64 = 60_000;
/// With so many blocks left to fetch, one peer at a time tells of more headers, unless it takes so long.
const ENOUGH: usize = 1_000;
const TURN_MS: u64 = 2_000;

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
                peer.last_status_ms = now.steady_ms;
            }
            self.ask(now, key, Asked::Status, Request::Status, STATUS_TIMEOUT_MS);
        }
    }

    /// Asks peers again soon when the tip is another: theirs may be too.
    pub(super) fn ask_status_after(&mut self, now: Moment, tip: Hash) {
        let before = std::mem::replace(&mut self.last_tip, tip);
        if before == tip || before == Hash::ZERO {
            return;
        }
        for peer in self.peers.values_mut() {
            let soon = (now.steady_ms + STATUS_SOON_MS).max(peer.last_status_ms + STATUS_PAUSE_MS);
            peer.next_status_ms = peer.next_status_ms.min(soon);
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
        if self.headers.stage(&status.tip) == Some(Stage::Dead) {
            return self.offend(now, key, Offence::InvalidBlock { rule: "parent-invalid" });
        }
        let is_known = main.is_some() || self.headers.get(&status.tip).is_some();
        let Some(peer) = self.peers.get_mut(&key) else { return };
        peer.status = Some(status);
        if is_known {
            self.set_best(key, Some(status.tip));
        }
        // It may soon have left the branch for this node's chain.
        self.ask_branch(now, key, ledger);
    }

    pub(super) fn set_best(&mut self, key: PeerKey, best: Option<Hash>) {
        if let Some(peer) = self.peers.get_mut(&key)
            && peer.best != best
        {
            peer.best = best;
            self.is_plan_old = true;
        }
    }

    /// Others may have told a peer's whole chain, and the plan goes over its tip: then it need not tell it again.
    fn note_tip(&mut self, key: PeerKey) {
        let status = self.peers.get(&key).and_then(|peer| peer.status);
        let (Some(status), Some(plan)) = (status, &self.plan) else {
            return;
        };
        let place = status.height.checked_sub(plan.fork + 1);
        let planned = place.and_then(|place| plan.path.get(usize::try_from(place).ok()?));
        let work = self.headers.get(&status.tip).map(|node| node.work);
        if planned == Some(&status.tip) && work >= self.best_work(key) {
            self.set_best(key, Some(status.tip));
            if let Some(peer) = self.peers.get_mut(&key) {
                peer.has_more = false;
            }
        }
    }

    /// The work of the chain that ends with a peer's best known header, if that is not in this node's chain.
    pub(super) fn best_work(&self, key: PeerKey) -> Option<U256> {
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
        let is_far = best.is_some_and(|node| {
            node.work > own && node.header.height >= ledger.tip().height().saturating_add(self.limits.ahead)
        });
        wants && !is_far
    }

    /// Whether a peer has shown something, and nothing that is not part of the plan.
    fn is_on_plan(&self, key: PeerKey) -> bool {
        let best = self.peers.get(&key).and_then(|peer| peer.best);
        let is_shown = best.is_some_and(|best| self.headers.get(&best).is_some());
        let is_on = |plan: &Plan| plan.reach.contains_key(&key) && !plan.partings.contains_key(&key);
        is_shown && self.plan.as_ref().is_some_and(is_on)
    }

    /// Asks peers that claim more for their headers.
    pub(super) fn ask_headers(&mut self, now: Moment, ledger: &dyn Ledger) {
        let has_enough = self
            .plan
            .as_ref()
            .is_some_and(|plan| plan.path.len() - plan.next >= ENOUGH);
        let is_waited_for = |(key, peer): (&PeerKey, &Peer)| {
            let is_it = |pending: &Pending| pending.asked.is_headers() && now.steady_ms < pending.sent_ms + TURN_MS;
            peer.pending.values().any(is_it) && self.is_on_plan(*key)
        };
        let mut is_taken = has_enough && self.peers.iter().any(is_waited_for);
        let mut due: Vec<(u64, PeerKey)> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.is_usable(now.steady_ms) && peer.next_headers_ms <= now.steady_ms)
            .filter(|(_, peer)| peer.status.is_some() && !peer.is_asked(Asked::is_headers))
            .map(|(key, peer)| {
                let best = peer.best.and_then(|best| self.headers.get(&best));
                (best.map_or(0, |node| node.header.height), *key)
            })
            .collect();
        // Who has shown least is the most likely to have another chain.
        due.sort_unstable();
        for (_, key) in due {
            self.note_tip(key);
            if !self.owes_headers(key, ledger) {
                continue;
            }
            // The headers of what is planned can wait; those of another chain decide what is to be planned.
            let is_on_plan = self.is_on_plan(key);
            if has_enough && is_on_plan && std::mem::replace(&mut is_taken, true) {
                continue;
            }
            let Some((locator, most)) = self.question(key, is_on_plan, ledger) else {
                continue;
            };
            let claimed = self.peers.get(&key).map_or(U256::ZERO, |peer| peer.claimed_work());
            let request = Request::Headers {
                locator: locator.clone(),
            };
            let asked = Asked::Headers { locator, claimed, most };
            self.ask(now, key, asked, request, HEADERS_TIMEOUT_MS);
        }
    }

    /// Where a peer is to go on: the locator, and the most work that a chain has which ends in it.
    fn question(&self, key: PeerKey, is_on_plan: bool, ledger: &dyn Ledger) -> Option<(Vec<Hash>, U256)> {
        let own = ledger.tip();
        let work_of = |hash: &Hash| {
            self.headers
                .get(hash)
                .map_or(own.work(), |node| node.work.max(own.work()))
        };
        let shown = self.peers.get(&key).and_then(|peer| peer.best);
        let shown = shown.and_then(|best| Some((best, self.headers.get(&best)?)));
        let shown = shown.filter(|(_, node)| node.stage != Stage::Dead);
        if let Some(plan) = &self.plan
            && (is_on_plan || shown.is_none())
        {
            // Others have told the rest of the plan: what it has of that need not come again. But no further than so that its
            // answer shows a chain that is as long as any can be shown.
            let shown = shown.map(|(_, node)| node.header.height);
            let far = ledger.tip().height().saturating_add(self.limits.ahead);
            let end = far.saturating_sub(self.limits.headers as u64).max(shown.unwrap_or(0));
            let count = usize::try_from(end.saturating_sub(plan.fork)).unwrap_or(usize::MAX);
            let path = plan.path.get(..count).unwrap_or(&plan.path);
            let start = path.last().copied().unwrap_or(own.hash());
            return Some((self.hashes_back(plan.fork, path, shown, ledger)?, work_of(&start)));
        }
        let start = shown.map_or(own.hash(), |(best, _)| best);
        Some((self.locator(start, ledger)?, work_of(&start)))
    }

    /// Hashes from a header back to genesis, ever further apart.
    pub(super) fn locator(&self, start: Hash, ledger: &dyn Ledger) -> Option<Vec<Hash>> {
        let (fork, path) = self.headers.path_to(start, ledger)?;
        self.hashes_back(fork, &path, None, ledger)
    }

    /// The same from the end of a path that leaves the chain at `fork`, and among them that of the height `told`.
    fn hashes_back(&self, fork: u64, path: &[Hash], told: Option<u64>, ledger: &dyn Ledger) -> Option<Vec<Hash>> {
        let (mut heights, mut step) = (Vec::new(), 1_u64);
        let mut height = fork + path.len() as u64;
        while height > 0 && heights.len() + 2 < MAX_LOCATOR {
            heights.push(height);
            if heights.len() >= MEDIAN_SPAN {
                step = step.saturating_mul(2);
            }
            height = height.saturating_sub(step);
        }
        heights.extend(told);
        heights.sort_unstable_by(|a, b| b.cmp(a));
        heights.dedup();
        let hash_at = |height: u64| match height.checked_sub(fork + 1) {
            Some(place) => path.get(usize::try_from(place).ok()?).copied(),
            None if height == ledger.tip().height() => Some(ledger.tip().hash()),
            None => Some(ledger.header(height)?.hash()),
        };
        let mut locator = heights.into_iter().map(hash_at).collect::<Option<Vec<Hash>>>()?;
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
        let shown = self.best_work(key);
        let (last, added, result) = self.headers.extend(&self.network, headers, now.clock_ms, ledger);
        let is_more = result.is_ok() && added == headers.len() && self.lengthen(key, headers);
        if last.is_some() && !is_more {
            self.set_best(key, last);
        }
        // What another has told before is news of this one all the same.
        if result.is_ok()
            && added == 0
            && self.best_work(key) <= shown
            && let Some(peer) = self.peers.get_mut(&key)
        {
            peer.next_headers_ms = now.steady_ms + RETRY_MS;
        }
        match result {
            Ok(()) => self.follow_headers(now, key, claimed, headers.len() == self.limits.headers, ledger),
            Err(refusal) => self.refuse_headers(now, key, &refusal),
        }
    }

    /// What a peer's headers amount to, now that all of an answer were taken.
    fn follow_headers(&mut self, now: Moment, key: PeerKey, claimed: U256, is_full: bool, ledger: &dyn Ledger) {
        let own = ledger.tip().work();
        let shown = self.best_work(key).unwrap_or(own);
        let Some(peer) = self.peers.get_mut(&key) else { return };
        peer.has_more = is_full;
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
        bests.extend(self.partials.keys().map(|(hash, _)| *hash));
        self.headers.prune(&bests, KEPT, ledger);
        self.forget_proofs();
        self.looked_at
            .forget_below(ledger.tip().height().saturating_sub(2 * BRANCH_DEPTH));
    }
}
