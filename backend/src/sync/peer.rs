//! What is known of a connected peer, and what it was asked.

use std::collections::{BTreeMap, VecDeque};

use ruint::aliases::U256;
use shared::hash::Hash;

use super::{RequestId, Status, score::Budget};

/// What a peer may ask: at first, and for each second. A node that syncs as fast as it can verify asks far less.
const REQUESTS: (u64, u64) = (32_768, 8_192);
/// How many of its transfers may turn out unwanted: at first, and for each second. Beyond it they are not even verified.
const UNWANTED: (u64, u64) = (2_000, 100);

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
    /// The last header of its chain that is known here.
    pub(super) best: Option<Hash>,
    /// Its chain goes on after `best`.
    pub(super) has_more: bool,
    /// It passed on a header that does not follow any known one.
    pub(super) is_ahead: bool,
    pub(super) pending: BTreeMap<RequestId, Pending>,
    /// Not before these times, by the steady clock.
    pub(super) next_status_ms: u64,
    pub(super) next_headers_ms: u64,
    pub(super) next_mempool_ms: u64,
    pub(super) slow_until_ms: u64,
    /// How many requests in a row were not answered.
    pub(super) stalls: u32,
    /// Transfers that it has and this node may not.
    pub(super) missing: VecDeque<Hash>,
    /// How many of its transfers are being judged.
    pub(super) judging: usize,
    pub(super) requests: Budget,
    pub(super) unwanted: Budget,
    pub(super) last_excess_ms: u64,
    pub(super) is_banned: bool,
}

impl Peer {
    pub(super) const fn new(now_ms: u64) -> Self {
        Self {
            status: None,
            best: None,
            has_more: false,
            is_ahead: false,
            pending: BTreeMap::new(),
            next_status_ms: now_ms,
            next_headers_ms: now_ms,
            next_mempool_ms: now_ms,
            slow_until_ms: 0,
            stalls: 0,
            missing: VecDeque::new(),
            judging: 0,
            requests: Budget::new(REQUESTS.0, REQUESTS.1, now_ms),
            unwanted: Budget::new(UNWANTED.0, UNWANTED.1, now_ms),
            last_excess_ms: 0,
            is_banned: false,
        }
    }

    /// How many requests of a kind it has not answered yet.
    pub(super) fn count(&self, kind: fn(&Asked) -> bool) -> usize {
        self.pending.values().filter(|pending| kind(&pending.asked)).count()
    }

    pub(super) fn is_asked(&self, kind: fn(&Asked) -> bool) -> bool {
        self.count(kind) > 0
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

    pub(super) const fn is_pool(&self) -> bool {
        matches!(self, Self::Mempool | Self::Transfers { .. })
    }
}
