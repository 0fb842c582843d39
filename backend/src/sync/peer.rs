//! What is known of a connected peer, and what it was asked.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use ruint::aliases::U256;
use shared::hash::Hash;

use super::{Neighbour, PeerName, RequestId, Status, neighbours::FIRST_MS, proofs::Claim, score::Budget};

/// What a peer may ask: at first, and for each second. A node that syncs as fast as it can verify asks half of it at most.
pub(super) const REQUESTS: (u64, u64) = (32_768, 8_192);
/// How many of its transfers may turn out unwanted: at first, and for each second. Beyond it they are not even verified.
const UNWANTED: (u64, u64) = (2_000, 100);
/// How much of its news of blocks may be of no use: at first, and for each second. Beyond it that is an offence.
const USELESS: (u64, u64) = (4_096, 2_048);
/// The same of transfers that were not so much as looked at: half as much again as a node tells, so that no honest one gets
/// there, and less than is read of all peers together, so that one alone does.
const IGNORED: (u64, u64) = (2 * TOLD.0, TOLD.1 + TOLD.1 / 2);
/// How many transfers a node tells by news: at first, and for each second. Of more others hear when they ask what is pending.
pub(super) const TOLD: (u64, u64) = (8_192, 2_048);

/// What was asked, with what is needed to judge the answer.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Status,
    Headers {
        locator: Vec<Hash>,
        /// The work that the peer had claimed by then: its chain has at least as much when it answers.
        claimed: U256,
        /// The most work that a chain has which ends in the locator.
        most: U256,
    },
    Blocks {
        hashes: Vec<Hash>,
    },
    BlockTransfers {
        hash: Hash,
        indexes: Vec<u32>,
    },
    Mempool,
    Transfers {
        ids: Vec<Hash>,
    },
    Neighbours,
    Branch {
        locator: Vec<Hash>,
        tip: Hash,
    },
    Proof {
        claim: Claim,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) asked: Asked,
    pub(super) sent_ms: u64,
    pub(super) deadline_ms: u64,
    /// Another peer was asked for the same, as this one takes long.
    pub(super) is_doubled: bool,
}

pub(super) struct Peer {
    pub(super) status: Option<Status>,
    pub(super) name: Option<PeerName>,
    pub(super) latency_ms: Option<u32>,
    /// Whom it says it is connected to, and the last blocks of branches that it says it keeps.
    pub(super) neighbours: Arc<[Neighbour]>,
    pub(super) branches: Vec<Hash>,
    /// The last header of its chain that is known here.
    pub(super) best: Option<Hash>,
    /// Its chain goes on after `best`.
    pub(super) has_more: bool,
    /// It passed on a header that does not follow any known one.
    pub(super) is_ahead: bool,
    pub(super) pending: BTreeMap<RequestId, Pending>,
    /// Not before these times, by the steady clock.
    pub(super) next_status_ms: u64,
    pub(super) last_status_ms: u64,
    pub(super) since_ms: u64,
    pub(super) next_headers_ms: u64,
    pub(super) next_mempool_ms: u64,
    /// Whether it was asked what it has pending.
    pub(super) was_asked_pool: bool,
    pub(super) next_neighbours_ms: u64,
    pub(super) next_branch_ms: u64,
    pub(super) slow_until_ms: u64,
    pub(super) stalls: Stalls,
    /// How many requests for blocks it may have at once: one until it has sent some, and again after it did not do so soon.
    pub(super) blocks_at_once: usize,
    /// Transfers that it has and this node may not.
    pub(super) missing: VecDeque<Hash>,
    /// How many of its transfers are being judged.
    pub(super) judging: usize,
    pub(super) requests: Budget,
    pub(super) unwanted: Budget,
    pub(super) useless: Budget,
    pub(super) ignored: Budget,
    pub(super) last_excess_ms: u64,
    pub(super) is_banned: bool,
    /// What its proof must bear out, while that is being verified.
    pub(super) proving: Option<Claim>,
    /// It was asked for a proof, and gave none that holds; until when that counts.
    pub(super) is_unproven: bool,
    pub(super) unproven_until_ms: u64,
}

impl Peer {
    pub(super) fn new(now_ms: u64) -> Self {
        Self {
            status: None,
            name: None,
            latency_ms: None,
            neighbours: Arc::default(),
            branches: Vec::new(),
            best: None,
            has_more: false,
            is_ahead: false,
            pending: BTreeMap::new(),
            next_status_ms: now_ms,
            last_status_ms: 0,
            since_ms: now_ms,
            next_headers_ms: now_ms,
            next_mempool_ms: now_ms,
            was_asked_pool: false,
            next_neighbours_ms: now_ms + FIRST_MS,
            next_branch_ms: now_ms,
            slow_until_ms: 0,
            stalls: Stalls::default(),
            blocks_at_once: 1,
            missing: VecDeque::new(),
            judging: 0,
            requests: Budget::new(REQUESTS.0, REQUESTS.1, now_ms),
            unwanted: Budget::new(UNWANTED.0, UNWANTED.1, now_ms),
            useless: Budget::new(USELESS.0, USELESS.1, now_ms),
            ignored: Budget::new(IGNORED.0, IGNORED.1, now_ms),
            last_excess_ms: 0,
            is_banned: false,
            proving: None,
            is_unproven: false,
            unproven_until_ms: 0,
        }
    }

    /// How many requests of a kind it has not answered yet.
    pub(super) fn count(&self, kind: fn(&Asked) -> bool) -> usize {
        self.pending.values().filter(|pending| kind(&pending.asked)).count()
    }

    pub(super) fn is_asked(&self, kind: fn(&Asked) -> bool) -> bool {
        self.count(kind) > 0
    }

    /// It has not sent blocks so far, or not soon when it was last asked.
    pub(super) const fn is_on_trial(&self) -> bool {
        self.blocks_at_once == 1
    }

    /// Who is asked for blocks first: the lowest.
    pub(super) fn rank(&self) -> (u32, bool, usize) {
        (self.stalls.count(), self.is_on_trial(), self.count(Asked::is_blocks))
    }

    /// Whether its proof is on the way, or being verified.
    pub(super) fn is_proving(&self) -> bool {
        self.proving.is_some() || self.is_asked(Asked::is_proof)
    }

    /// Whether it may be asked for something that takes long.
    pub(super) const fn is_usable(&self, now_ms: u64) -> bool {
        !self.is_banned && self.slow_until_ms <= now_ms
    }

    /// The work that it claims.
    pub(super) fn claimed_work(&self) -> U256 {
        self.status.map_or(U256::ZERO, |status| status.work)
    }
}

/// How many requests in a row were not answered, by what they were for. Only blocks make good for blocks that did not come:
/// to say where one stands costs nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stalls {
    blocks: u32,
    headers: u32,
    others: u32,
}

impl Stalls {
    /// The same, and no more than so many.
    pub(super) const fn at_most(self, most: u32) -> Self {
        let over = self.count().saturating_sub(most);
        let others = self.others.saturating_sub(over);
        let over = over.saturating_sub(self.others);
        let headers = self.headers.saturating_sub(over);
        let over = over.saturating_sub(self.headers);
        Self {
            blocks: self.blocks.saturating_sub(over),
            headers,
            others,
        }
    }

    pub(super) const fn count(self) -> u32 {
        self.blocks + self.headers + self.others
    }

    /// A request was not answered.
    pub(super) const fn add(&mut self, asked: &Asked) {
        match asked {
            Asked::Blocks { .. } | Asked::BlockTransfers { .. } => self.blocks += 1,
            Asked::Headers { .. } => self.headers += 1,
            _ => self.others += 1,
        }
    }

    /// A request was answered. Whether blocks came of it is another matter.
    pub(super) const fn answered(&mut self, asked: &Asked) {
        match asked {
            Asked::Blocks { .. } | Asked::BlockTransfers { .. } => {}
            Asked::Headers { .. } => self.headers = 0,
            _ => self.others = 0,
        }
    }
}

impl Asked {
    pub(super) const fn is_status(&self) -> bool {
        matches!(self, Self::Status)
    }

    pub(super) const fn is_headers(&self) -> bool {
        matches!(self, Self::Headers { .. })
    }

    pub(super) const fn is_blocks(&self) -> bool {
        matches!(self, Self::Blocks { .. })
    }

    pub(super) const fn is_branch(&self) -> bool {
        matches!(self, Self::Branch { .. })
    }

    pub(super) const fn is_proof(&self) -> bool {
        matches!(self, Self::Proof { .. })
    }

    /// Whether the answer is only looked at: nothing waits for it.
    pub(super) const fn is_for_show(&self) -> bool {
        matches!(self, Self::Neighbours | Self::Branch { .. })
    }

    pub(super) const fn is_pool(&self) -> bool {
        matches!(self, Self::Mempool | Self::Transfers { .. })
    }
}
