//! How a node keeps up with others: headers first, blocks from several peers at once, news as it comes.
//!
//! A plain state machine, like the chain: driven by calls, answering with [`Action`]s that its owner carries out. It has
//! no clock, no randomness and no network of its own, so the node and the simulator run the same code.

mod claims;
mod download;
mod headers;
mod hold;
mod ledger;
mod limits;
pub mod message;
mod neighbours;
mod offence;
mod peer;
mod pool;
mod proofs;
mod recent;
mod relay;
mod score;
mod serve;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use ruint::aliases::U256;
use shared::{
    block::Block,
    hash::Hash,
    params::Network,
    rules::{AcceptedHeader, RuleError},
    transaction::SignedTransfer,
};

use crate::{chain::Placed, mempool::MempoolError};
use download::{Body, Plan, is_late};
use headers::{Hasher, Headers};
use hold::Hold;
use neighbours::MAX_ANSWERED;
use peer::{Asked, Peer, Pending, Stalls, TOLD};
use recent::Recent;
use relay::{News, Partial, digest_of};
use score::{BAN_MS, Budget, Score};

pub use ledger::Ledger;
pub(crate) use ledger::last_of;
pub use limits::Limits;
pub use message::{
    CompactBlock, Gossip, Neighbour, PeerName, Request, Response, ShortId, Status, Surroundings, VERSION, short_id,
};
pub use neighbours::Seen;
pub use offence::Offence;
pub(crate) use relay::VERDICT_MS;
pub use serve::serve;

/// Names a peer. Its owner gives the same peer the same key whenever it connects, as long as the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerKey(pub u64);

/// Names a request. Each is used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Names news that waits for its verdict. Its owner chooses it, and uses each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// What time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since some moment; never goes back. For time-outs.
    pub steady_ms: u64,
    /// Milliseconds since 1970, as the node's clock has it. For the rules on time, and for bans.
    pub clock_ms: u64,
}

/// What becomes of news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is good, and to be passed on.
    Accept,
    /// It is of no use here. It is not passed on, and nobody is to blame.
    Ignore,
    /// It breaks a rule. Whoever passed it on is to blame.
    Reject,
}

/// Why a request has no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It took too long.
    Timeout,
    /// The connection ended, or could not carry it.
    Closed,
    /// The response is no message.
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// The response is too long.
    Oversized {
        /// Its length, as far as it was read.
        bytes: usize,
        /// The most that is read.
        limit: usize,
    },
}

/// What the writer said of a block.
#[derive(Debug, Clone)]
pub enum BlockOutcome {
    /// It is taken.
    Placed(Placed),
    /// It breaks a rule.
    Refused(RuleError),
    /// The node is stopping.
    Stopping,
}

/// What the writer said of a transfer.
#[derive(Debug, Clone)]
pub enum TransferOutcome {
    /// It is pending.
    Accepted,
    /// The mempool does not want it; that may change.
    Unwanted,
    /// It is too far ahead of those of its sender that are here: it is wanted as soon as they have come.
    Early,
    /// Its sender has too little: a block may bring it more.
    Unfunded,
    /// It breaks a rule by itself.
    Invalid(RuleError),
    /// The node is stopping.
    Stopping,
}

impl From<&MempoolError> for TransferOutcome {
    fn from(error: &MempoolError) -> Self {
        match error {
            MempoolError::NonceGapTooLarge { .. } => Self::Early,
            MempoolError::InsufficientBalance { .. } => Self::Unfunded,
            _ => Self::Unwanted,
        }
    }
}

/// What the owner is to do. The order counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Sends a request, and tells [`Sync::responded`] or [`Sync::failed`] what came of it.
    Request {
        /// To whom.
        peer: PeerKey,
        /// Which it is.
        id: RequestId,
        /// What is asked.
        request: Request,
    },
    /// Hands blocks to the writer, in this order, and tells [`Sync::placed`] what came of each once that is durable. Their
    /// headers were accepted when they came.
    SubmitBlocks(Vec<(Block, AcceptedHeader)>),
    /// Verifies transfers, hands them to the writer, and tells [`Sync::judged`] of each.
    SubmitTransfers(Vec<SignedTransfer>),
    /// Verifies the proof of a peer's chain, whatever the time is, and tells [`Sync::proved`] what came of it.
    VerifyProof {
        /// Whose.
        peer: PeerKey,
        /// The proof's bytes.
        proof: Vec<u8>,
    },
    /// Says what becomes of news that [`Sync::gossiped`] was told of. Each gets one verdict.
    Judge {
        /// The news.
        token: Token,
        /// What becomes of it.
        verdict: Verdict,
    },
    /// Tells everybody.
    Gossip(Gossip),
    /// Notes an offence, for log, figures and page.
    Penalise {
        /// Whose.
        peer: PeerKey,
        /// What it did.
        offence: Offence,
        /// Its score now; at [`BAN_SCORE`] it is banned.
        score: u32,
    },
    /// Ends the connection.
    Disconnect {
        /// Whose.
        peer: PeerKey,
        /// Why.
        offence: Offence,
    },
    /// Ends the connection and takes none from or to the peer until then.
    Ban {
        /// Who.
        peer: PeerKey,
        /// Until when, in milliseconds since 1970.
        until_ms: u64,
        /// Why.
        offence: Offence,
    },
}

/// The score at which a peer is banned.
pub const BAN_SCORE: u32 = 100;

/// How far the node has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The height of its tip.
    pub height: u64,
    /// The height of the best chain that it knows of; its own when it has that.
    pub target: u64,
    /// How many peers have told their status.
    pub peers: usize,
}

/// How much is kept of what peers sent, and is not part of the chain yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// How many headers.
    pub headers: usize,
    /// The bytes of blocks.
    pub block_bytes: usize,
}

/// What is known of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerState {
    /// Which.
    pub peer: PeerKey,
    /// What it last said of itself.
    pub status: Option<Status>,
    /// The sum of its offences, decayed.
    pub score: u32,
    /// How many requests it has not answered yet.
    pub in_flight: usize,
    /// Its last offence.
    pub offence: Option<Offence>,
    /// Whom it says it is connected to.
    pub neighbours: Arc<[Neighbour]>,
}

/// How many peers' offences are remembered.
const MAX_SCORES: usize = 4_096;
/// How many blocks are remembered of which everybody was told.
const MAX_TOLD: usize = 256;
/// How many ids of transfers are remembered: those that were passed on, and those that are not wanted.
const MAX_HEARD: usize = 65_536;
const MAX_REFUSED: usize = 65_536;
/// How long a transfer that is not wanted is not asked for again.
const REFUSED_MS: u64 = 600_000;
/// How often headers are looked through for what is not needed any more.
const PRUNE_MS: u64 = 1_000;
const MANY_HEADERS: u64 = 10_000;
/// How often the way is looked for again while one is followed, and while there is none.
const REPLAN_MS: u64 = 10_000;
const REPLAN_IDLE_MS: u64 = 1_000;
/// How long a peer is left alone after it did not answer, doubled each time; and when it is left for good.
const SLOW_MS: u64 = 2_000;
const MAX_STALLS: u32 = 5;
/// So many short ids in useless news cost as much as a piece of it.
const IDS_FOR_ONE: usize = 64;
/// At most one offence in this time for asking or telling too much.
const EXCESS_MS: u64 = 1_000;

/// The state machine.
pub struct Sync {
    network: Arc<Network>,
    limits: Limits,
    actions: VecDeque<Action>,
    peers: BTreeMap<PeerKey, Peer>,
    scores: BTreeMap<PeerKey, Score>,
    next_id: u64,
    headers: Headers,
    /// Headers of branches that are only looked at, and the last blocks of those for which an answer came.
    looked_at: Headers,
    answered: Recent,
    plan: Option<Plan>,
    is_plan_old: bool,
    /// What is left of the patience with peers that may still show a heavier chain.
    hold: Hold,
    /// Headers of chains that were proved, with the work of each chain in all.
    proven: BTreeMap<Hash, U256>,
    /// Blocks that wait for their turn.
    bodies: HashMap<Hash, Body, Hasher>,
    body_bytes: usize,
    /// Blocks that the writer has, with whoever sent them and their lengths.
    writer: HashMap<Hash, (PeerKey, usize), Hasher>,
    writer_bytes: usize,
    mean_bytes: usize,
    /// Blocks that are to be tried again, and when.
    put_off: Vec<Hash>,
    retry_ms: u64,
    /// Blocks that lack transfers, with whoever is asked for these.
    partials: BTreeMap<(Hash, PeerKey), Partial>,
    /// News of blocks, by their hashes.
    waiting: BTreeMap<Hash, Vec<News>>,
    /// The blocks that everybody was told of, by this node or by passing on the news of them; and those whose news was not
    /// passed on, in either form.
    told: Recent,
    ignored: Recent,
    ignored_headers: Recent,
    /// The tip at the last tick.
    last_tip: Hash,
    /// Transfers that are being judged, with whoever sent them.
    judging: BTreeMap<Hash, Vec<(PeerKey, Option<Token>)>>,
    /// Those of them that were sent to the writer before the tip that it has now.
    judging_since: BTreeSet<Hash>,
    heard: Recent,
    refused: Recent,
    /// Those that are not wanted before there is another block, and who has some.
    unfunded: Recent,
    has_unfunded: BTreeSet<PeerKey>,
    /// How many transfers may be told.
    telling: Budget,
    next_prune_ms: u64,
    /// When the plan is made anew at the latest, and when it was made.
    next_replan_ms: u64,
    planned_ms: u64,
    next_forget_ms: u64,
    /// The node's clock when it was last told.
    clock_ms: u64,
}

impl Sync {
    /// One that knows no peers yet.
    #[must_use]
    pub fn new(network: Arc<Network>) -> Self {
        Self {
            limits: Limits::new(network.parameters()),
            network,
            actions: VecDeque::new(),
            peers: BTreeMap::new(),
            scores: BTreeMap::new(),
            next_id: 0,
            headers: Headers::default(),
            looked_at: Headers::default(),
            answered: Recent::new(MAX_ANSWERED),
            plan: None,
            is_plan_old: false,
            hold: Hold::new(),
            proven: BTreeMap::new(),
            bodies: HashMap::default(),
            body_bytes: 0,
            writer: HashMap::default(),
            writer_bytes: 0,
            mean_bytes: 16 << 10,
            put_off: Vec::new(),
            retry_ms: 0,
            partials: BTreeMap::new(),
            waiting: BTreeMap::new(),
            told: Recent::new(MAX_TOLD),
            ignored: Recent::new(MAX_TOLD),
            ignored_headers: Recent::new(MAX_TOLD),
            last_tip: Hash::ZERO,
            judging: BTreeMap::new(),
            judging_since: BTreeSet::new(),
            heard: Recent::new(MAX_HEARD),
            refused: Recent::new(MAX_REFUSED),
            unfunded: Recent::new(MAX_REFUSED),
            has_unfunded: BTreeSet::new(),
            telling: Budget::new(TOLD.0, TOLD.1, 0),
            next_prune_ms: 0,
            next_replan_ms: 0,
            planned_ms: 0,
            next_forget_ms: 0,
            clock_ms: 0,
        }
    }

    /// How long messages may be.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What to do next. To be asked after every call until there is nothing left.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Before a peer is connected for the first time: the points that it had at a time by the node's clock.
    pub fn recall(&mut self, now: Moment, peer: PeerKey, points: u32, clock_ms: u64) {
        self.scores.entry(peer).or_insert_with(|| Score::of(points, clock_ms));
        self.bound_scores(now);
    }

    /// A peer is connected now.
    pub fn connected(&mut self, now: Moment, peer: PeerKey, ledger: &dyn Ledger) {
        let before = self.scores.get(&peer);
        let stalls = before.map_or_else(Stalls::default, |score| score.stalls(now.clock_ms));
        self.peers.entry(peer).or_insert_with(|| Peer {
            stalls,
            ..Peer::new(now.steady_ms)
        });
        self.ask_status(now);
        self.settle(now, ledger);
    }

    /// A peer's last connection ended. Its requests are over; its news still gets its verdict, as others wait for it.
    pub fn disconnected(&mut self, now: Moment, peer: PeerKey, ledger: &dyn Ledger) {
        let Some(gone) = self.peers.remove(&peer) else { return };
        // Who comes again goes on where it was.
        let stalls = gone.stalls.at_most(MAX_STALLS - 1);
        if stalls.count() > 0 || self.scores.contains_key(&peer) {
            self.scores.entry(peer).or_default().leave(stalls, now.clock_ms);
            self.bound_scores(now);
        }
        self.drop_partials(peer);
        for pending in gone.pending.into_values() {
            self.give_up(peer, &pending.asked);
        }
        self.is_plan_old = true;
        self.settle(now, ledger);
    }

    /// A peer asks. None: it gets no answer.
    pub fn requested(
        &mut self,
        now: Moment,
        peer: PeerKey,
        request: &Request,
        ledger: &dyn Ledger,
    ) -> Option<Response> {
        if !self.may_ask(now, peer, request) {
            return None;
        }
        let response = serve(&self.network, &self.limits, request, ledger, || self.neighbours());
        if let Some(known) = self.peers.get_mut(&peer) {
            known.requests.spend(serve::weight(&response), now.steady_ms);
        }
        Some(response)
    }

    /// Whether a peer's request is to be answered: for whoever answers it without [`Sync::requested`].
    pub fn may_ask(&mut self, now: Moment, peer: PeerKey, request: &Request) -> bool {
        let Some(known) = self.peers.get_mut(&peer).filter(|peer| !peer.is_banned) else {
            return false;
        };
        if known.requests.take(serve::cost(request), now.steady_ms) {
            return true;
        }
        if known.last_excess_ms + EXCESS_MS <= now.steady_ms {
            known.last_excess_ms = now.steady_ms;
            self.offend(now, peer, Offence::TooManyRequests);
        }
        false
    }

    /// A request was answered.
    pub fn responded(&mut self, now: Moment, peer: PeerKey, id: RequestId, response: Response, ledger: &dyn Ledger) {
        let Some(known) = self.peers.get_mut(&peer) else { return };
        // An answer that comes too late is nobody's fault.
        let Some(Pending { asked, sent_ms, .. }) = known.pending.remove(&id) else {
            return;
        };
        known.stalls.answered(&asked);
        let is_late = asked.is_blocks() && is_late(sent_ms, now);
        match (asked, response) {
            (Asked::Status, Response::Status(status)) => self.got_status(now, peer, status, ledger),
            (Asked::Headers { locator, claimed, most }, Response::Headers(headers)) => {
                self.got_headers(now, peer, (locator, claimed, most), &headers, ledger);
            }
            (Asked::Blocks { hashes }, Response::Blocks(blocks)) => self.got_blocks(now, peer, &hashes, blocks),
            (Asked::BlockTransfers { hash, indexes }, Response::BlockTransfers(found)) => {
                self.got_block_transfers(now, peer, hash, &indexes, found, ledger);
            }
            (Asked::Mempool, Response::Mempool(ids)) => self.got_ids(peer, ids, ledger),
            (Asked::Transfers { ids }, Response::Transfers(found)) => self.got_transfers(now, peer, &ids, found),
            (Asked::Proof { claim }, Response::Proof(proof)) => self.got_proof(now, peer, claim, proof),
            (Asked::Neighbours, Response::Neighbours(told)) => self.got_surroundings(peer, told),
            (Asked::Branch { locator, tip }, Response::Branch(headers)) => {
                self.got_branch(now, peer, (&locator, tip), &headers, ledger);
            }
            (asked, response) => {
                self.give_up(peer, &asked);
                let reason = format!("{} were not asked for", response.kind());
                self.offend(now, peer, Offence::Malformed { reason });
            }
        }
        if is_late {
            self.try_anew(peer);
        }
        self.settle(now, ledger);
    }

    /// A peer told its status to its owner, who had asked for it.
    pub fn told(&mut self, now: Moment, peer: PeerKey, status: Status, ledger: &dyn Ledger) {
        if self.peers.get(&peer).is_some_and(|peer| !peer.is_banned) {
            self.got_status(now, peer, status, ledger);
            self.settle(now, ledger);
        }
    }

    /// A request was not answered.
    pub fn failed(&mut self, now: Moment, peer: PeerKey, id: RequestId, failure: Failure, ledger: &dyn Ledger) {
        let Some(known) = self.peers.get_mut(&peer) else { return };
        let Some(Pending { asked, .. }) = known.pending.remove(&id) else {
            return;
        };
        self.give_up(peer, &asked);
        if asked.is_proof() {
            self.note_unproven(now, peer);
        }
        match failure {
            Failure::Timeout | Failure::Closed if asked.is_for_show() => {}
            Failure::Timeout => self.stalled(now, peer, &asked),
            Failure::Closed => {
                if let Some(known) = self.peers.get_mut(&peer) {
                    known.slow_until_ms = now.steady_ms + SLOW_MS;
                }
            }
            Failure::Malformed { reason } => self.offend(now, peer, Offence::Malformed { reason }),
            Failure::Oversized { bytes, limit } => self.offend(now, peer, Offence::Oversized { bytes, limit }),
        }
        self.settle(now, ledger);
    }

    /// A peer passed on news. The verdict comes as [`Action::Judge`].
    pub fn gossiped(&mut self, now: Moment, peer: PeerKey, token: Token, news: Gossip, ledger: &dyn Ledger) {
        // Who is not here any more is not to come back by it.
        if self.peers.get(&peer).is_none_or(|peer| peer.is_banned) {
            return self.judge(token, Verdict::Ignore);
        }
        let from = News {
            peer,
            token,
            since_ms: now.steady_ms,
            digest: matches!(news, Gossip::Block(_)).then(|| digest_of(&news)),
        };
        let before = self.actions.len();
        let (cost, budget): (u64, fn(&mut Peer) -> &mut Budget) = match &news {
            // A body is longer, the more transfers it names.
            Gossip::Block(block) => (1 + (block.transfers.len() / IDS_FOR_ONE) as u64, |peer| {
                &mut peer.useless
            }),
            Gossip::Header(_) => (1, |peer| &mut peer.useless),
            Gossip::Transfer(_) => (1, |peer| &mut peer.ignored),
        };
        match news {
            Gossip::Block(block) => self.heard_block(now, from, &block.header.clone(), Some(block), ledger),
            Gossip::Header(header) => self.heard_block(now, from, &header, None, ledger),
            Gossip::Transfer(transfer) => self.heard_transfer(now, peer, token, transfer, ledger),
        }
        let ignored = Action::Judge {
            token,
            verdict: Verdict::Ignore,
        };
        if self.actions.range(before..).any(|action| *action == ignored) {
            self.note_useless(now, peer, cost, budget);
        }
        self.settle(now, ledger);
    }

    /// There was no time for so many pieces of a peer's news.
    pub fn dropped(&mut self, now: Moment, peer: PeerKey, count: u64) {
        self.note_useless(now, peer, count, |peer| &mut peer.ignored);
    }

    /// A peer passed on what was of no use. That happens to honest ones, but not so many times a second.
    fn note_useless(&mut self, now: Moment, key: PeerKey, cost: u64, budget: fn(&mut Peer) -> &mut Budget) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        if !budget(peer).take(cost, now.steady_ms) && peer.last_excess_ms + EXCESS_MS <= now.steady_ms {
            peer.last_excess_ms = now.steady_ms;
            self.offend(now, key, Offence::TooMuchNews);
        }
    }

    /// The owner saw a peer do something wrong, such as to send a request or news that is no message.
    pub fn offended(&mut self, now: Moment, peer: PeerKey, offence: Offence) {
        self.offend(now, peer, offence);
    }

    /// What came of blocks that were submitted, in their order. `ledger` has those that were taken.
    pub fn placed(
        &mut self,
        now: Moment,
        outcomes: impl IntoIterator<Item = (Hash, BlockOutcome)>,
        ledger: &dyn Ledger,
    ) {
        for (hash, outcome) in outcomes {
            self.on_placed(now, hash, outcome, ledger);
        }
        self.settle(now, ledger);
        self.announce(ledger);
    }

    /// What came of a transfer that was submitted.
    pub fn judged(&mut self, now: Moment, id: Hash, outcome: TransferOutcome) {
        self.on_judged(now, id, &outcome);
    }

    /// A transfer is pending now, whether it came from a peer or not: who does not have it is told.
    pub fn pending(&mut self, now: Moment, transfer: &SignedTransfer) {
        self.clock_ms = now.clock_ms;
        self.pass_on(now, transfer);
    }

    /// The tip is another than before, whether by a peer's block or not: who does not have it is told.
    pub fn tip_changed(&mut self, now: Moment, ledger: &dyn Ledger) {
        self.is_plan_old |= self.plan.as_ref().is_some_and(|plan| !plan.leads_over(ledger.tip()));
        self.want_unfunded(now);
        self.settle(now, ledger);
        self.announce(ledger);
    }

    /// Time has passed. To be called a few times a second.
    pub fn tick(&mut self, now: Moment, ledger: &dyn Ledger) {
        let late = |(key, peer): (&PeerKey, &Peer)| {
            let late = peer
                .pending
                .iter()
                .filter(|(_, pending)| pending.deadline_ms <= now.steady_ms);
            late.map(|(id, _)| (*key, *id)).collect::<Vec<_>>()
        };
        let late: Vec<(PeerKey, RequestId)> = self.peers.iter().flat_map(late).collect();
        for (key, id) in late {
            self.failed(now, key, id, Failure::Timeout, ledger);
        }
        self.clock_ms = now.clock_ms;
        self.expire_news(now);
        self.retry_late(now);
        self.unstick(now, ledger);
        self.hurry(now);
        self.ask_status_after(now, ledger.tip().hash());
        self.ask_status(now);
        self.look_around(now, ledger);
        if self.next_prune_ms <= now.steady_ms {
            // All of them are looked at: the more there are, the less often.
            self.next_prune_ms = now.steady_ms + PRUNE_MS * (1 + self.headers.len() as u64 / MANY_HEADERS);
            self.prune(ledger);
        }
        if self.next_replan_ms <= now.steady_ms || self.is_back(now) {
            self.is_plan_old = true;
        }
        if self.next_forget_ms <= now.steady_ms {
            self.next_forget_ms = now.steady_ms + REFUSED_MS;
            self.refused.clear();
            self.scores.retain(|_, score| score.counts(now.clock_ms));
        }
        self.settle(now, ledger);
        // It may have waited for a plan that came to nothing, or for news that took too long.
        self.announce(ledger);
    }

    /// Whether a peer that was left alone when the plan was made may be asked again.
    fn is_back(&self, now: Moment) -> bool {
        let mut since = self.peers.values().map(|peer| peer.slow_until_ms);
        since.any(|slow_until_ms| self.planned_ms < slow_until_ms && slow_until_ms <= now.steady_ms)
    }

    /// How far the node has come.
    #[must_use]
    pub fn progress(&self, ledger: &dyn Ledger) -> Progress {
        let tip = ledger.tip();
        let planned = self.plan.as_ref().map(|plan| plan.fork + plan.path.len() as u64);
        let claimed = self
            .peers
            .values()
            .filter_map(|peer| peer.status)
            .filter(|status| status.work > tip.work())
            .map(|status| status.height);
        Progress {
            height: tip.height(),
            target: claimed.chain(planned).fold(tip.height(), u64::max),
            peers: self.peers.values().filter(|peer| peer.status.is_some()).count(),
        }
    }

    /// How much is kept of what peers sent.
    #[must_use]
    pub fn held(&self) -> Held {
        Held {
            headers: self.headers.len(),
            block_bytes: self.body_bytes + self.writer_bytes,
        }
    }

    /// The connected peers, as of the last tick.
    pub fn peers(&self) -> impl Iterator<Item = PeerState> {
        self.peers.iter().map(move |(key, peer)| {
            let score = self.scores.get(key);
            PeerState {
                peer: *key,
                status: peer.status,
                score: score.map_or(0, |score| score.at(self.clock_ms)),
                in_flight: peer.pending.len(),
                offence: score.and_then(|score| score.last.clone()),
                neighbours: Arc::clone(&peer.neighbours),
            }
        })
    }

    /// Sends a request.
    fn ask(&mut self, now: Moment, key: PeerKey, asked: Asked, request: Request, timeout_ms: u64) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        let id = RequestId(self.next_id);
        self.next_id += 1;
        let pending = Pending {
            asked,
            sent_ms: now.steady_ms,
            deadline_ms: now.steady_ms + timeout_ms,
            is_doubled: false,
        };
        peer.pending.insert(id, pending);
        self.actions.push_back(Action::Request { peer: key, id, request });
    }

    /// Undoes what a request that will not be answered stood for.
    fn give_up(&mut self, key: PeerKey, asked: &Asked) {
        match asked {
            Asked::Blocks { hashes } => self.release(hashes),
            Asked::BlockTransfers { hash, .. } => {
                self.partials.remove(&(*hash, key));
                self.release(&[*hash]);
            }
            _ => {}
        }
    }

    /// Leaves a peer alone that did not answer in time.
    fn stalled(&mut self, now: Moment, key: PeerKey, asked: &Asked) {
        let Some(peer) = self.peers.get_mut(&key) else { return };
        peer.stalls.add(asked);
        let stalls = peer.stalls.count();
        peer.slow_until_ms = now.steady_ms + (SLOW_MS << stalls.min(8));
        self.is_plan_old = true;
        let is_over = stalls >= MAX_STALLS;
        if asked.is_blocks() {
            self.try_anew(key);
        }
        self.offend(now, key, Offence::Stalled);
        if is_over {
            let offence = Offence::Stalled;
            self.actions.push_back(Action::Disconnect { peer: key, offence });
        }
    }

    /// Forgets the lowest of too many scores.
    fn bound_scores(&mut self, now: Moment) {
        if self.scores.len() > MAX_SCORES {
            self.scores.retain(|_, score| score.counts(now.clock_ms));
            let lowest = self.scores.iter().min_by_key(|(_, score)| score.at(now.clock_ms));
            if let Some(lowest) = lowest.map(|(key, _)| *key).filter(|_| self.scores.len() > MAX_SCORES) {
                self.scores.remove(&lowest);
            }
        }
    }

    /// Notes an offence, and bans the peer when there were too many.
    fn offend(&mut self, now: Moment, key: PeerKey, offence: Offence) {
        let is_banned = self.peers.get(&key).is_some_and(|peer| peer.is_banned);
        let is_gone = !self.peers.contains_key(&key);
        let score = self.scores.entry(key).or_default();
        // What it sent before it was banned is judged after, and tells nothing new.
        if is_banned || (is_gone && score.at(now.clock_ms) >= BAN_SCORE) {
            return;
        }
        let points = score.add(&offence, now.clock_ms);
        let is_enough = score.is_enough();
        self.bound_scores(now);
        self.actions.push_back(Action::Penalise {
            peer: key,
            offence: offence.clone(),
            score: points,
        });
        if !is_enough {
            return;
        }
        if let Some(peer) = self.peers.get_mut(&key) {
            peer.is_banned = true;
            peer.best = None;
            for pending in std::mem::take(&mut peer.pending).into_values() {
                self.give_up(key, &pending.asked);
            }
        }
        self.is_plan_old = true;
        self.actions.push_back(Action::Ban {
            peer: key,
            until_ms: now.clock_ms + BAN_MS,
            offence,
        });
    }

    /// Does what follows from the last call.
    fn settle(&mut self, now: Moment, ledger: &dyn Ledger) {
        if self.is_plan_old || self.is_plan_over(ledger) {
            self.replan(now, ledger);
        }
        self.hand_over();
        self.fetch(now, ledger);
        self.ask_headers(now, ledger);
        self.ask_proofs(now);
        self.ask_pool(now, ledger);
    }

    /// Whether the chain has come as far as it was to come.
    fn is_plan_over(&self, ledger: &dyn Ledger) -> bool {
        let target = self.plan.as_ref().and_then(|plan| plan.path.last());
        let node = target.and_then(|target| self.headers.get(target));
        self.plan.is_some() && node.is_none_or(|node| node.work <= ledger.tip().work())
    }
}
