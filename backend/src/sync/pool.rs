//! Pending transfers: passed on as they come, and exchanged with whoever connects.

use std::collections::BTreeSet;

use shared::{hash::Hash, transaction::SignedTransfer};

use super::{
    Action, Gossip, Ledger, Moment, Offence, PeerKey, Request, Sync, Token, TransferOutcome, Verdict, peer::Asked,
};

/// How many transfers are judged at once: in all, and of one peer.
const MAX_JUDGING: usize = 16_384;
const MAX_JUDGING_EACH: usize = 2_048;
/// How many transfers are asked for at once.
const BATCH: usize = 500;
/// How often a peer is asked what it has pending; and how soon the second time: what came in before each had heard that
/// the other listens was told to nobody.
const MEMPOOL_MS: u64 = 60_000;
const MEMPOOL_AGAIN_MS: u64 = 5_000;
const TIMEOUT_MS: u64 = 15_000;

impl Sync {
    /// A peer passed on a transfer.
    pub(super) fn heard_transfer(
        &mut self,
        now: Moment,
        key: PeerKey,
        token: Token,
        transfer: SignedTransfer,
        ledger: &dyn Ledger,
    ) {
        let id = transfer.id();
        let is_new = !self.heard.contains(&id);
        self.heard.insert(id);
        if ledger.mempool().get(&id).is_some() {
            // What came another way is passed on by the news of it.
            let verdict = self.verdict_on(now, is_new);
            return self.judge(token, verdict);
        }
        if self.is_refused(&id) {
            return self.judge(token, Verdict::Ignore);
        }
        if !self.take_transfer(now, key, id, Some(token)) {
            return self.judge(token, Verdict::Ignore);
        }
        if self.judging.get(&id).is_some_and(|from| from.len() == 1) {
            self.actions.push_back(Action::SubmitTransfers(vec![transfer]));
        }
    }

    /// Notes who a transfer came from, if there is room for it.
    fn take_transfer(&mut self, now: Moment, key: PeerKey, id: Hash, token: Option<Token>) -> bool {
        let count = self.judging.len();
        let Some(peer) = self.peers.get_mut(&key) else {
            return false;
        };
        if count >= MAX_JUDGING || peer.judging >= MAX_JUDGING_EACH || !peer.unwanted.has_any(now.steady_ms) {
            return false;
        }
        peer.judging += 1;
        self.judging.entry(id).or_default().push((key, token));
        true
    }

    pub(super) fn on_judged(&mut self, now: Moment, id: Hash, outcome: &TransferOutcome) {
        // The block that pays for it may have come while it was judged.
        let is_over = self.judging_since.remove(&id);
        for (key, token) in self.judging.remove(&id).unwrap_or_default() {
            if let Some(token) = token {
                let verdict = match outcome {
                    TransferOutcome::Invalid(_) => Verdict::Reject,
                    outcome => self.verdict_on(now, matches!(outcome, TransferOutcome::Accepted)),
                };
                self.judge(token, verdict);
            }
            if let Some(peer) = self.peers.get_mut(&key) {
                peer.judging = peer.judging.saturating_sub(1);
                if !matches!(outcome, TransferOutcome::Accepted) {
                    peer.unwanted.take(1, now.steady_ms);
                }
                if matches!(outcome, TransferOutcome::Early)
                    || (is_over && matches!(outcome, TransferOutcome::Unfunded))
                {
                    // Who has it has those before it too.
                    let soon = now.steady_ms + MEMPOOL_AGAIN_MS;
                    peer.next_mempool_ms = peer.next_mempool_ms.min(soon);
                }
            }
            if matches!(outcome, TransferOutcome::Unfunded) {
                self.has_unfunded.insert(key);
            }
            if let TransferOutcome::Invalid(error) = outcome {
                let rule = error.code();
                self.offend(now, key, Offence::InvalidTransfer { rule });
            }
        }
        match outcome {
            TransferOutcome::Unwanted | TransferOutcome::Invalid(_) => self.refused.insert(id),
            TransferOutcome::Unfunded if !is_over => self.unfunded.insert(id),
            _ => {}
        }
    }

    /// Whether a transfer is not wanted, for now at least.
    fn is_refused(&self, id: &Hash) -> bool {
        self.refused.contains(id) || self.unfunded.contains(id)
    }

    /// There is another block: it may have what was too little before. Whoever sends what it was just paid is often faster
    /// than the block.
    pub(super) fn want_unfunded(&mut self, now: Moment) {
        self.unfunded.clear();
        self.judging_since = self.judging.keys().copied().collect();
        let soon = now.steady_ms + MEMPOOL_AGAIN_MS;
        for key in std::mem::take(&mut self.has_unfunded) {
            if let Some(peer) = self.peers.get_mut(&key) {
                peer.next_mempool_ms = peer.next_mempool_ms.min(soon);
            }
        }
    }

    /// Asks peers what they have pending, once the chain is up to date, and for what is missing here.
    pub(super) fn ask_pool(&mut self, now: Moment, ledger: &dyn Ledger) {
        let is_behind = self.plan.is_some();
        let due: Vec<PeerKey> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.is_usable(now.steady_ms) && peer.status.is_some())
            .filter(|(_, peer)| !peer.is_asked(Asked::is_pool))
            .filter(|(_, peer)| !peer.missing.is_empty() || (!is_behind && peer.next_mempool_ms <= now.steady_ms))
            .map(|(key, _)| *key)
            .collect();
        for key in due {
            let has_room = self.judging.len() + BATCH <= MAX_JUDGING;
            let Some(peer) = self.peers.get_mut(&key) else { continue };
            if peer.missing.is_empty() {
                let pause = if peer.was_asked_pool {
                    MEMPOOL_MS
                } else {
                    MEMPOOL_AGAIN_MS
                };
                peer.next_mempool_ms = now.steady_ms + pause;
                peer.was_asked_pool = true;
                self.ask(now, key, Asked::Mempool, Request::Mempool, TIMEOUT_MS);
                continue;
            }
            if !has_room || peer.judging + BATCH > MAX_JUDGING_EACH || !peer.unwanted.has_any(now.steady_ms) {
                continue;
            }
            let count = peer.missing.len().min(BATCH);
            let ids: Vec<Hash> = peer.missing.drain(..count).collect();
            let is_missing = |id: &Hash| {
                ledger.mempool().get(id).is_none() && !self.judging.contains_key(id) && !self.is_refused(id)
            };
            let ids: Vec<Hash> = ids.into_iter().filter(is_missing).collect();
            if !ids.is_empty() {
                let request = Request::Transfers { ids: ids.clone() };
                self.ask(now, key, Asked::Transfers { ids }, request, TIMEOUT_MS);
            }
        }
    }

    pub(super) fn got_ids(&mut self, key: PeerKey, ids: Vec<Hash>, ledger: &dyn Ledger) {
        let is_missing = |id: &Hash| ledger.mempool().get(id).is_none() && !self.is_refused(id);
        let missing = ids.into_iter().filter(is_missing).collect();
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.missing = missing;
        }
    }

    pub(super) fn got_transfers(&mut self, now: Moment, key: PeerKey, ids: &[Hash], transfers: Vec<SignedTransfer>) {
        let asked: BTreeSet<&Hash> = ids.iter().collect();
        let mut taken = Vec::new();
        for transfer in transfers {
            let id = transfer.id();
            if !asked.contains(&id) {
                self.offend(now, key, Offence::Unrequested { what: "a transfer" });
                break;
            }
            if !self.judging.contains_key(&id) && self.take_transfer(now, key, id, None) {
                taken.push(transfer);
            }
        }
        // Those of a sender in their order, as each is wanted only after the one before.
        taken.sort_by_key(|transfer| transfer.transfer.nonce);
        if !taken.is_empty() {
            self.actions.push_back(Action::SubmitTransfers(taken));
        }
    }

    /// The verdict on a transfer that keeps the rules: it is passed on if it is good, and not too much was told lately.
    fn verdict_on(&mut self, now: Moment, is_good: bool) -> Verdict {
        if is_good && self.telling.take(1, now.steady_ms) {
            Verdict::Accept
        } else {
            Verdict::Ignore
        }
    }

    /// Tells everybody of a transfer that did not come by news, unless too much was told lately.
    pub(super) fn pass_on(&mut self, now: Moment, transfer: &SignedTransfer) {
        let id = transfer.id();
        if !self.heard.contains(&id) && self.telling.take(1, now.steady_ms) {
            self.heard.insert(id);
            self.actions
                .push_back(Action::Gossip(Gossip::Transfer(transfer.clone())));
        }
    }
}
