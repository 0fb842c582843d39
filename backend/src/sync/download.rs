//! Blocks: which are wanted, who is asked for them, and how they come to the writer in order.

use std::collections::{BTreeMap, HashMap};

use shared::{
    block::{Block, Header},
    hash::Hash,
    rules::{AcceptedHeader, HeaderChain, RuleError},
};

use super::{
    Action, BlockOutcome, Ledger, Moment, Offence, PeerKey, REPLAN_IDLE_MS, REPLAN_MS, Request, RequestId, Sync,
    Verdict,
    headers::Stage,
    message::MAX_BLOCKS,
    peer::{Asked, Peer, Pending, Stalls},
    proofs::Rival,
};
use crate::chain::Placed;

/// How far beyond the first missing block others are asked for.
pub(super) const WINDOW: usize = 4_096;
/// How many requests for blocks a peer gets at once that sends what it is asked for; and how many all get together that have
/// yet to show it, as long as there is one that has.
const PER_PEER: usize = 3;
const TRIALS: usize = 4;
/// How many bytes of blocks a request should bring.
const REQUEST_BYTES: usize = 2 << 20;
/// How many bytes of blocks may be here, or on their way.
const BUFFER_BYTES: usize = 64 << 20;
/// How much the writer has at once: enough to verify some while others become durable. What is being verified takes several
/// times its bytes.
const WRITER_BLOCKS: usize = 2_048;
const WRITER_BYTES: usize = 8 << 20;
/// How much is handed over together: enough to verify signatures in full batches on all cores.
const GROUP_BLOCKS: usize = 512;
const GROUP_BYTES: usize = 1 << 20;
/// How long an answer may take, and after how long another peer is asked as well when all wait for it.
const TIMEOUT_MS: u64 = 20_000;
const STALL_MS: u64 = 2_000;
/// How often a block is tried that the writer did not take.
const MAX_TRIES: u8 = 3;
/// How long to wait before a block is tried again that cannot be taken now.
const RETRY_MS: u64 = 5_000;

/// The way to the heaviest chain that is known.
pub(super) struct Plan {
    /// The height at which it leaves the chain.
    pub(super) fork: u64,
    /// The blocks after it, lowest first.
    pub(super) path: Vec<Hash>,
    /// The first that the writer does not have yet.
    pub(super) next: usize,
    /// From here on some may not have been asked for.
    cursor: usize,
    /// Up to which height of it a peer has the blocks.
    pub(super) reach: BTreeMap<PeerKey, u64>,
    /// The height of the last block that it shares with the chain of a peer that has shown another.
    pub(super) partings: BTreeMap<PeerKey, u64>,
    /// Whose chains may have more work in all.
    pub(super) rivals: Vec<Rival>,
}

impl Plan {
    /// Whether the chain follows it, as far as it has come.
    pub(super) fn leads_over(&self, tip: &HeaderChain) -> bool {
        let place = tip.height().checked_sub(self.fork + 1);
        let hash = place.and_then(|place| self.path.get(usize::try_from(place).ok()?));
        hash == Some(&tip.hash())
    }
}

/// A block that waits for its turn.
pub(super) struct Body {
    pub(super) block: Block,
    pub(super) from: PeerKey,
    pub(super) bytes: usize,
}

/// Whether blocks that were asked for then take long.
pub(super) const fn is_late(sent_ms: u64, now: Moment) -> bool {
    sent_ms + STALL_MS <= now.steady_ms
}

impl Sync {
    /// Finds the heaviest chain that peers have shown.
    pub(super) fn replan(&mut self, now: Moment, ledger: &dyn Ledger) {
        self.is_plan_old = false;
        let own = ledger.tip().work();
        let shown = self.peers.values().filter(|peer| !peer.is_banned);
        let shown = shown.filter_map(|peer| peer.best);
        let alive = shown.filter(|best| self.headers.stage(best).is_some_and(|stage| stage != Stage::Dead));
        // Those with less work as well: what follows them would not be understood.
        for best in self.headers.adrift(alive, ledger) {
            self.ask_anew(now, best);
        }
        let mut targets: Vec<_> = self
            .peers
            .values()
            .filter(|peer| !peer.is_banned)
            .filter_map(|peer| {
                let best = peer.best?;
                let node = self.headers.get(&best)?;
                let counts = node.work > own && node.stage != Stage::Dead;
                let is_usable = peer.is_usable(now.steady_ms);
                let (in_all, shown_at) = self.in_all(best, node.work);
                counts.then_some(((is_usable, !peer.is_unproven, in_all, shown_at, node.work), best))
            })
            .collect();
        targets.sort_unstable();
        self.plan = targets.into_iter().rev().find_map(|(_, target)| {
            let (fork, path) = self.headers.path_to(target, ledger)?;
            let limit = u64::from(self.network.parameters().max_reorg_depth);
            (ledger.tip().height() - fork <= limit).then_some(Plan {
                fork,
                path,
                next: 0,
                cursor: 0,
                reach: BTreeMap::new(),
                partings: BTreeMap::new(),
                rivals: Vec::new(),
            })
        });
        if let Some(mut plan) = self.plan.take() {
            plan.reach = self.peers.keys().map(|key| (*key, self.reach(*key, &plan))).collect();
            let parting = |key: &PeerKey| Some((*key, self.parting(*key, &plan, ledger)?));
            plan.partings = self.peers.keys().filter_map(parting).collect();
            plan.rivals = self.rivals(&plan, ledger);
            self.plan = Some(plan);
        }
        self.planned_ms = now.steady_ms;
        self.next_replan_ms = now.steady_ms + if self.plan.is_some() { REPLAN_MS } else { REPLAN_IDLE_MS };
        self.drop_bodies();
    }

    /// Goes on with a plan whose end a peer's new headers follow, all of which were taken. False when that is not how it is.
    pub(super) fn lengthen(&mut self, key: PeerKey, headers: &[Header]) -> bool {
        let Some(plan) = &mut self.plan else { return false };
        let Some(peer) = self.peers.get_mut(&key) else {
            return false;
        };
        let follows = headers.first().map(|header| &header.previous_hash) == plan.path.last();
        if !follows || peer.best.as_ref() != plan.path.last() {
            return false;
        }
        plan.path.extend(headers.iter().map(Header::hash));
        peer.best = plan.path.last().copied();
        plan.reach.insert(key, plan.fork + plan.path.len() as u64);
        true
    }

    /// Wants headers again that led to a block: one before it was in the chain then, and is not any more.
    fn ask_anew(&mut self, now: Moment, best: Hash) {
        for peer in self.peers.values_mut().filter(|peer| peer.best == Some(best)) {
            peer.best = None;
            peer.is_ahead = true;
            peer.next_headers_ms = peer.next_headers_ms.max(now.steady_ms);
        }
    }

    /// Up to which height of a plan a peer has the blocks.
    fn reach(&self, key: PeerKey, plan: &Plan) -> u64 {
        let top = plan.fork + plan.path.len() as u64;
        let mut hash = self.peers.get(&key).and_then(|peer| peer.best);
        while let Some(here) = hash
            && let Some(node) = self.headers.get(&here)
            && node.header.height > plan.fork
        {
            let height = node.header.height;
            let place = usize::try_from(height - plan.fork - 1).ok();
            if height <= top && place.and_then(|place| plan.path.get(place)) == Some(&here) {
                return height;
            }
            hash = Some(node.header.previous_hash);
        }
        plan.fork
    }

    /// Where a peer has left a plan, or the chain before that.
    fn parting(&self, key: PeerKey, plan: &Plan, ledger: &dyn Ledger) -> Option<u64> {
        let best = self.peers.get(&key)?.best?;
        let reach = *plan.reach.get(&key)?;
        if reach > plan.fork {
            return (self.headers.get(&best)?.header.height > reach).then_some(reach);
        }
        let (fork, path) = self.headers.path_to(best, ledger)?;
        (!path.is_empty()).then_some(fork.min(plan.fork))
    }

    /// Forgets blocks that are not on the way any more.
    fn drop_bodies(&mut self) {
        if self.bodies.is_empty() {
            return;
        }
        let mut kept = HashMap::default();
        for hash in self.plan.iter().flat_map(|plan| &plan.path) {
            if let Some(body) = self.bodies.remove(hash) {
                kept.insert(*hash, body);
            }
        }
        for hash in std::mem::replace(&mut self.bodies, kept).into_keys() {
            self.headers.set_stage(&hash, Stage::Wanted);
        }
        self.body_bytes = self.bodies.values().map(|body| body.bytes).sum();
    }

    /// Gives the writer the blocks whose turn it is.
    pub(super) fn hand_over(&mut self) {
        self.pass_over();
        if self.can_wait() {
            return;
        }
        let Some(mut plan) = self.plan.take() else { return };
        let (mut blocks, mut bytes) = (Vec::new(), 0);
        while let Some(hash) = plan.path.get(plan.next) {
            match self.headers.stage(hash) {
                Some(Stage::Submitted | Stage::Stored) => {}
                Some(Stage::Here) if self.writer_has_room() => {
                    let Some(block) = self.take_body(*hash) else { break };
                    bytes += block.0.encoded_len();
                    blocks.push(block);
                    if blocks.len() >= GROUP_BLOCKS || bytes >= GROUP_BYTES {
                        bytes = 0;
                        self.submit(std::mem::take(&mut blocks));
                    }
                }
                _ => break,
            }
            plan.next += 1;
        }
        plan.cursor = plan.cursor.max(plan.next);
        self.plan = Some(plan);
        self.submit(blocks);
    }

    /// Leaves behind what the writer has already: a plan that was made anew begins below it.
    fn pass_over(&mut self) {
        let Some(plan) = &mut self.plan else { return };
        let rest = plan.path[plan.next..].iter();
        let is_over = |hash: &&Hash| matches!(self.headers.stage(hash), Some(Stage::Submitted | Stage::Stored));
        plan.next += rest.take_while(is_over).count();
        plan.cursor = plan.cursor.max(plan.next);
    }

    /// Whether to wait until there is a full group: the writer has work meanwhile, and more is on its way.
    fn can_wait(&self) -> bool {
        let is_coming = self.peers.values().any(|peer| peer.is_asked(Asked::is_blocks));
        let Some(plan) = self.plan.as_ref().filter(|_| is_coming && !self.writer.is_empty()) else {
            return false;
        };
        if self.bodies.len() < GROUP_BLOCKS && self.body_bytes < GROUP_BYTES {
            return true;
        }
        let ready = plan.path[plan.next..].iter().map_while(|hash| self.bodies.get(hash));
        let (mut blocks, mut bytes) = (0, 0);
        for body in ready.take(GROUP_BLOCKS) {
            blocks += 1;
            bytes += body.bytes;
        }
        blocks < GROUP_BLOCKS && bytes < GROUP_BYTES
    }

    fn submit(&mut self, blocks: Vec<(Block, AcceptedHeader)>) {
        if !blocks.is_empty() {
            self.actions.push_back(Action::SubmitBlocks(blocks));
        }
    }

    fn writer_has_room(&self) -> bool {
        self.writer.len() < WRITER_BLOCKS && self.writer_bytes < WRITER_BYTES
    }

    /// Takes a block out of those that wait, for the writer.
    fn take_body(&mut self, hash: Hash) -> Option<(Block, AcceptedHeader)> {
        let accepted = self.headers.get(&hash)?.accepted;
        let body = self.bodies.remove(&hash)?;
        self.body_bytes -= body.bytes;
        self.writer_bytes += body.bytes;
        self.writer.insert(hash, (body.from, body.bytes));
        self.headers.set_stage(&hash, Stage::Submitted);
        Some((body.block, accepted))
    }

    /// Keeps a block until its turn. Its header must be known.
    pub(super) fn keep_body(&mut self, hash: Hash, block: Block, from: PeerKey) {
        let bytes = block.encoded_len();
        // A moving mean, of which the next requests' size follows.
        self.mean_bytes = (self.mean_bytes * 15 + bytes).div_ceil(16);
        self.body_bytes += bytes;
        self.headers.set_stage(&hash, Stage::Here);
        self.bodies.insert(hash, Body { block, from, bytes });
    }

    /// Gives the writer a block that is on no way yet, if its parent is known.
    pub(super) fn submit_aside(&mut self, hash: Hash, ledger: &dyn Ledger) {
        let Some(body) = self.bodies.get(&hash) else { return };
        let parent = body.block.header.previous_hash;
        let follows = matches!(self.headers.stage(&parent), Some(Stage::Submitted | Stage::Stored))
            || ledger.height_of(&parent).is_some();
        if follows
            && self.writer_has_room()
            && let Some(block) = self.take_body(hash)
        {
            self.actions.push_back(Action::SubmitBlocks(vec![block]));
        }
    }

    /// Asks peers for the blocks that are missing.
    pub(super) fn fetch(&mut self, now: Moment, ledger: &dyn Ledger) {
        let Some(mut plan) = self.plan.take() else { return };
        let mut end = plan.path.len();
        if let Some(height) = self.fetched_up_to(now, &plan, ledger) {
            end = end.min(usize::try_from(height.saturating_sub(plan.fork)).unwrap_or(usize::MAX));
        }
        let window = end.min(plan.next.saturating_add(WINDOW));
        while let Some(hashes) = self.next_batch(&mut plan, window, end) {
            let Some((key, hashes)) = self.choose(now, &plan, hashes) else {
                break;
            };
            for hash in &hashes {
                self.headers.set_stage(hash, Stage::Asked);
            }
            self.ask_blocks(now, key, hashes);
        }
        self.plan = Some(plan);
    }

    /// The next blocks to be asked for, lowest first.
    fn next_batch(&self, plan: &mut Plan, window: usize, end: usize) -> Option<Vec<Hash>> {
        let is_wanted = |hash: &Hash| self.headers.stage(hash) == Some(Stage::Wanted);
        while plan.cursor < window && !is_wanted(&plan.path[plan.cursor]) {
            plan.cursor += 1;
        }
        let size = (REQUEST_BYTES / self.mean_bytes.max(1)).clamp(1, MAX_BLOCKS);
        let rest = plan.path.get(plan.cursor..window)?;
        // The window moves on by single blocks; it is not worth a request for each.
        if rest.is_empty() || (rest.len() < size / 2 && window < end) {
            return None;
        }
        let asked: usize = self.peers.values().map(|peer| peer.count(Asked::is_blocks)).sum();
        let expected = self.body_bytes + self.writer_bytes + (asked + 1) * self.limits.blocks;
        if expected > BUFFER_BYTES && plan.cursor > plan.next {
            return None;
        }
        Some(rest.iter().copied().take(size).take_while(is_wanted).collect())
    }

    /// The peer that is to be asked, with as many of the blocks as it has.
    fn choose(&self, now: Moment, plan: &Plan, mut hashes: Vec<Hash>) -> Option<(PeerKey, Vec<Hash>)> {
        let height = plan.fork + 1 + plan.cursor as u64;
        let able = || self.able(now, plan, height);
        // What never comes holds its place for long: as long as others send, few are tried.
        let trials = self.peers.values().filter(|peer| peer.is_on_trial());
        let trials: usize = trials.map(|peer| peer.count(Asked::is_blocks)).sum();
        let may_try = trials < TRIALS || able().all(|(_, peer)| peer.is_on_trial());
        let (_, key) = able()
            .filter(|(_, peer)| may_try || !peer.is_on_trial())
            .filter(|(_, peer)| peer.count(Asked::is_blocks) < peer.blocks_at_once)
            .map(|(key, peer)| (peer.rank(), *key))
            .min()?;
        let reach = plan.reach.get(&key)?;
        hashes.truncate(usize::try_from(reach - height + 1).unwrap_or(usize::MAX));
        Some((key, hashes))
    }

    /// The peers that may be asked for the block of a plan at a height.
    fn able<'a>(
        &'a self,
        now: Moment,
        plan: &'a Plan,
        height: u64,
    ) -> impl Iterator<Item = (&'a PeerKey, &'a Peer)> + 'a {
        let has_it = move |key| plan.reach.get(key).is_some_and(|reach| *reach >= height);
        let peers = self.peers.iter();
        peers.filter(move |(key, peer)| peer.is_usable(now.steady_ms) && has_it(key))
    }

    fn ask_blocks(&mut self, now: Moment, key: PeerKey, hashes: Vec<Hash>) {
        let request = Request::Blocks { hashes: hashes.clone() };
        self.ask(now, key, Asked::Blocks { hashes }, request, TIMEOUT_MS);
    }

    pub(super) fn got_blocks(&mut self, now: Moment, key: PeerKey, hashes: &[Hash], blocks: Vec<Block>) {
        if blocks.is_empty() {
            // It had them a moment ago, but its chain may have changed.
            if let Some(peer) = self.peers.get_mut(&key) {
                peer.slow_until_ms = now.steady_ms + 1_000;
                peer.next_status_ms = now.steady_ms;
            }
            self.set_best(key, None);
        }
        let mut is_requested = blocks.len() <= hashes.len();
        let (mut is_of_use, mut bytes) = (false, 0);
        let is_part = blocks.len() < hashes.len();
        for (block, hash) in blocks.into_iter().zip(hashes) {
            if block.header.hash() != *hash {
                is_requested = false;
                break;
            }
            bytes += block.encoded_len();
            if matches!(self.headers.stage(hash), Some(Stage::Wanted | Stage::Asked)) {
                self.keep_body(*hash, block, key);
                is_of_use = true;
            }
        }
        // An honest peer sends as many as an answer holds.
        if is_part && bytes < self.limits.blocks / 2 {
            self.try_anew(key);
        } else if is_of_use {
            self.note_delivery(key);
        }
        self.release(hashes);
        if !is_requested {
            self.offend(now, key, Offence::Unrequested { what: "a block" });
        }
    }

    /// A peer sent a block that was wanted.
    pub(super) fn note_delivery(&mut self, key: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.stalls = Stalls::default();
            peer.blocks_at_once = (peer.blocks_at_once + 1).min(PER_PEER);
        }
    }

    /// A peer did not send blocks, or others had to wait for them.
    pub(super) fn try_anew(&mut self, key: PeerKey) {
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.blocks_at_once = 1;
        }
    }

    /// Blocks that were asked for and did not come are wanted again, unless another peer was asked as well.
    pub(super) fn release(&mut self, hashes: &[Hash]) {
        for hash in hashes {
            let is_asked = |pending: &Pending| match &pending.asked {
                Asked::Blocks { hashes } => hashes.contains(hash),
                Asked::BlockTransfers { hash: other, .. } => other == hash,
                _ => false,
            };
            if self.headers.stage(hash) == Some(Stage::Asked)
                && !self.peers.values().any(|peer| peer.pending.values().any(is_asked))
            {
                self.headers.set_stage(hash, Stage::Wanted);
                if let Some(plan) = &mut self.plan {
                    plan.cursor = plan.next;
                }
            }
        }
    }

    /// Asks another peer for what all wait for, when the first takes long.
    pub(super) fn hurry(&mut self, now: Moment) {
        let Some(plan) = &self.plan else { return };
        let Some(first) = plan.path.get(plan.next) else { return };
        let has_it = |pending: &Pending| matches!(&pending.asked, Asked::Blocks { hashes } if hashes.contains(first));
        let is_late = |pending: &Pending| has_it(pending) && !pending.is_doubled && is_late(pending.sent_ms, now);
        let late = self.peers.iter().find_map(|(key, peer)| {
            let (id, _) = peer.pending.iter().find(|(_, pending)| is_late(pending))?;
            Some((*key, *id))
        });
        let Some((slow, id)) = late else { return };
        let height = plan.fork + 1 + plan.next as u64;
        let other = self
            .able(now, plan, height)
            .filter(|(_, peer)| !peer.pending.values().any(has_it))
            .map(|(key, peer)| (peer.rank(), *key))
            .min();
        let Some((_, other)) = other else { return };
        self.try_anew(slow);
        let hashes = self.double(slow, id);
        if !hashes.is_empty() {
            self.ask_blocks(now, other, hashes);
        }
    }

    /// Notes that another peer is asked for the same, and gives what that is.
    fn double(&mut self, key: PeerKey, id: RequestId) -> Vec<Hash> {
        let pending = self.peers.get_mut(&key).and_then(|peer| peer.pending.get_mut(&id));
        let Some(pending) = pending else { return Vec::new() };
        pending.is_doubled = true;
        let Asked::Blocks { hashes } = &pending.asked else {
            return Vec::new();
        };
        let hashes = hashes.clone();
        let missing = |hash: &Hash| self.headers.stage(hash) == Some(Stage::Asked);
        hashes.into_iter().filter(missing).collect()
    }

    pub(super) fn on_placed(&mut self, now: Moment, hash: Hash, outcome: BlockOutcome, ledger: &dyn Ledger) {
        let from = self.writer.remove(&hash).map(|(from, bytes)| {
            self.writer_bytes -= bytes;
            from
        });
        match outcome {
            BlockOutcome::Placed(Placed::Orphan) => {
                self.retry(now, hash);
                self.judge_block(hash, Verdict::Ignore);
            }
            BlockOutcome::Placed(placed) => {
                self.headers.set_stage(&hash, Stage::Stored);
                // A block beside the chain was not checked against any accounts: to pass it on would be to vouch for it.
                match placed {
                    Placed::Connected => self.accept_block(hash, ledger),
                    _ => self.judge_block(hash, Verdict::Ignore),
                }
            }
            BlockOutcome::Refused(error) => self.refused(now, hash, from, &error),
            BlockOutcome::Stopping => self.judge_block(hash, Verdict::Ignore),
        }
    }

    fn refused(&mut self, now: Moment, hash: Hash, from: Option<PeerKey>, error: &RuleError) {
        let rule = error.code();
        match error {
            // Neither says anything about the block: clocks differ, and chains grow.
            RuleError::TimeTooLate { .. } | RuleError::ReorganisationTooDeep { .. } => {
                self.put_off(now, hash);
                self.judge_block(hash, Verdict::Ignore);
            }
            // The header may be good, and the rest exchanged on the way by who sent it.
            RuleError::BlockTooLarge { .. }
            | RuleError::TooManyTransfers { .. }
            | RuleError::WrongTransactionsRoot { .. } => {
                self.retry(now, hash);
                self.judge_block(hash, Verdict::Ignore);
                if let Some(from) = from {
                    self.offend(now, from, Offence::InvalidBlock { rule });
                }
            }
            _ => {
                let dead = self.headers.kill(hash);
                self.is_plan_old = true;
                self.judge_block(hash, Verdict::Reject);
                let guilty = |key: &PeerKey, best: Option<Hash>| {
                    Some(*key) == from || best.is_some_and(|best| dead.contains(&best))
                };
                let guilty: Vec<PeerKey> = self
                    .peers
                    .iter()
                    .filter(|(key, peer)| guilty(key, peer.best))
                    .map(|(key, _)| *key)
                    .collect();
                for key in guilty {
                    self.set_best(key, None);
                    self.offend(now, key, Offence::InvalidBlock { rule });
                }
            }
        }
    }

    /// Wants a block again that the writer did not take: at once a few times, then after a while.
    fn retry(&mut self, now: Moment, hash: Hash) {
        match self.headers.try_again(&hash, MAX_TRIES) {
            None => {}
            Some(true) => {
                self.headers.set_stage(&hash, Stage::Wanted);
                self.is_plan_old = true;
            }
            Some(false) => self.put_off(now, hash),
        }
    }

    /// Wants a block again later.
    fn put_off(&mut self, now: Moment, hash: Hash) {
        self.retry_ms = now.steady_ms + RETRY_MS;
        self.put_off.push(hash);
    }

    /// Wants blocks again that were all given to the writer, and have not become the chain: one that waited for its parent,
    /// or lay beside the chain, may have been forgotten there.
    pub(super) fn unstick(&mut self, now: Moment, ledger: &dyn Ledger) {
        let Some(plan) = &self.plan else { return };
        let is_stored = |hash: &Hash| self.headers.stage(hash) == Some(Stage::Stored);
        if plan.next < plan.path.len() || !plan.path.iter().all(is_stored) {
            return;
        }
        let missing = plan.path.iter().filter(|hash| ledger.height_of(hash).is_none());
        for hash in missing.copied().collect::<Vec<_>>() {
            self.headers.set_stage(&hash, Stage::Submitted);
            self.put_off(now, hash);
        }
    }

    /// Wants blocks again that were put off.
    pub(super) fn retry_late(&mut self, now: Moment) {
        if self.put_off.is_empty() || now.steady_ms < self.retry_ms {
            return;
        }
        for hash in std::mem::take(&mut self.put_off) {
            if self.headers.stage(&hash) == Some(Stage::Submitted) {
                self.headers.set_stage(&hash, Stage::Wanted);
            }
        }
        self.is_plan_old = true;
    }
}
