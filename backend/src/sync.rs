//! How a node keeps up with others: headers first, blocks from several peers at once, news as it comes.
//!
//! A plain state machine, like the chain: driven by calls, answering with [`Action`]s that its owner carries out. It has
//! no clock, no randomness and no network of its own, so the node and the simulator run the same code.

mod ledger;
mod limits;
pub mod message;
mod offence;

use std::{collections::VecDeque, sync::Arc};

use shared::{block::Block, hash::Hash, params::Network, rules::RuleError, transaction::SignedTransfer};

use crate::chain::Placed;

pub use ledger::Ledger;
pub use limits::Limits;
pub use message::{CompactBlock, Gossip, Request, Response, ShortId, Status, VERSION, short_id};
pub use offence::Offence;

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
    /// It breaks a rule by itself.
    Invalid(RuleError),
    /// The node is stopping.
    Stopping,
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
    /// Hands blocks to the writer, in this order, and tells [`Sync::placed`] of each what came of it once that is durable.
    SubmitBlocks(Vec<Block>),
    /// Verifies transfers, hands them to the writer, and tells [`Sync::judged`] of each.
    SubmitTransfers(Vec<SignedTransfer>),
    /// Says what becomes of news that [`Sync::gossiped`] was told of. Each gets one verdict, unless the peer has gone.
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
}

/// The state machine.
pub struct Sync {
    network: Arc<Network>,
    limits: Limits,
    actions: VecDeque<Action>,
}

impl Sync {
    /// One that knows no peers yet.
    #[must_use]
    pub fn new(network: Arc<Network>) -> Self {
        Self {
            limits: Limits::new(network.parameters()),
            network,
            actions: VecDeque::new(),
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

    /// A peer is connected now.
    pub fn connected(&mut self, now: Moment, peer: PeerKey, ledger: &dyn Ledger) {
        let _ = (now, peer, ledger, &self.network);
    }

    /// A peer's last connection ended. Its requests are over, and it gets no more verdicts.
    pub fn disconnected(&mut self, now: Moment, peer: PeerKey, ledger: &dyn Ledger) {
        let _ = (now, peer, ledger);
    }

    /// A peer asks. None: it gets no answer.
    pub fn requested(
        &mut self,
        now: Moment,
        peer: PeerKey,
        request: &Request,
        ledger: &dyn Ledger,
    ) -> Option<Response> {
        let _ = (now, peer, request, ledger);
        None
    }

    /// A request was answered.
    pub fn responded(&mut self, now: Moment, peer: PeerKey, id: RequestId, response: Response, ledger: &dyn Ledger) {
        let _ = (now, peer, id, response, ledger);
    }

    /// A request was not answered.
    pub fn failed(&mut self, now: Moment, peer: PeerKey, id: RequestId, failure: Failure, ledger: &dyn Ledger) {
        let _ = (now, peer, id, failure, ledger);
    }

    /// A peer passed on news. The verdict comes as [`Action::Judge`].
    pub fn gossiped(&mut self, now: Moment, peer: PeerKey, token: Token, news: Gossip, ledger: &dyn Ledger) {
        let _ = (now, peer, token, news, ledger);
    }

    /// The owner saw a peer do something wrong, such as to send a request or news that is no message.
    pub fn offended(&mut self, now: Moment, peer: PeerKey, offence: Offence) {
        let _ = (now, peer, offence);
    }

    /// What came of a block that was submitted. `ledger` has it if it was taken.
    pub fn placed(&mut self, now: Moment, hash: Hash, outcome: BlockOutcome, ledger: &dyn Ledger) {
        let _ = (now, hash, outcome, ledger);
    }

    /// What came of a transfer that was submitted.
    pub fn judged(&mut self, now: Moment, id: Hash, outcome: TransferOutcome) {
        let _ = (now, id, outcome);
    }

    /// A transfer is pending now, whether it came from a peer or not: who does not have it is told.
    pub fn pending(&mut self, now: Moment, transfer: &SignedTransfer) {
        let _ = (now, transfer);
    }

    /// The tip is another than before, whether by a peer's block or not: who does not have it is told.
    pub fn tip_changed(&mut self, now: Moment, ledger: &dyn Ledger) {
        let _ = (now, ledger);
    }

    /// Time has passed. To be called a few times a second.
    pub fn tick(&mut self, now: Moment, ledger: &dyn Ledger) {
        let _ = (now, ledger);
    }

    /// How far the node has come.
    #[must_use]
    pub fn progress(&self, ledger: &dyn Ledger) -> Progress {
        let height = ledger.tip().height();
        Progress {
            height,
            target: height,
            peers: 0,
        }
    }

    /// The connected peers.
    pub fn peers(&self) -> impl Iterator<Item = PeerState> {
        std::iter::empty()
    }
}
