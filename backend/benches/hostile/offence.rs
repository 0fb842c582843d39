//! The kinds of offenders, and what they have in common.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use backend::sync::{Request, Response};
use shared::codec::Encode as _;
use tokio::time::Instant;

use crate::{
    floods,
    forged::Forged,
    lies,
    neighbours::hostile::{Hostile, Manners},
    world::World,
};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Offence {
    /// Connections from several addresses that say nothing.
    SilentConnections,
    /// News of transfers whose signatures are wrong.
    InvalidTransfers,
    /// News of valid transfers that pay nothing.
    CheapTransfers,
    /// News of valid transfers that can not be mined soon.
    UnwantedTransfers,
    /// The same from several peers at once, none of which tells more than one may.
    PeersTogether,
    /// Ever more questions.
    Questions,
    /// News that is no message.
    NoMessages,
    /// News that is a little longer than news may be.
    OversizedNews,
    /// News on a topic to which nobody listens.
    ForeignNews,
    /// News of one block, each time with other transfers.
    OtherBodies,
    /// Headers that keep all rules and have little work.
    LittleWork,
    /// Questions for long answers that are not taken.
    UntakenAnswers,
    /// A status that nothing bears out.
    FalseStatus,
}

impl Offence {
    pub(crate) const ALL: [Self; 13] = [
        Self::SilentConnections,
        Self::InvalidTransfers,
        Self::CheapTransfers,
        Self::UnwantedTransfers,
        Self::PeersTogether,
        Self::Questions,
        Self::NoMessages,
        Self::OversizedNews,
        Self::ForeignNews,
        Self::OtherBodies,
        Self::LittleWork,
        Self::UntakenAnswers,
        Self::FalseStatus,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SilentConnections => "silent-connections",
            Self::InvalidTransfers => "invalid-transfers",
            Self::CheapTransfers => "cheap-transfers",
            Self::UnwantedTransfers => "unwanted-transfers",
            Self::PeersTogether => "peers-together",
            Self::Questions => "questions",
            Self::NoMessages => "no-messages",
            Self::OversizedNews => "oversized-news",
            Self::ForeignNews => "foreign-news",
            Self::OtherBodies => "other-bodies",
            Self::LittleWork => "little-work",
            Self::UntakenAnswers => "untaken-answers",
            Self::FalseStatus => "false-status",
        }
    }

    /// What is counted.
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::SilentConnections => "connections",
            Self::Questions => "questions",
            Self::LittleWork | Self::FalseStatus => "answers",
            _ => "messages",
        }
    }

    /// Whether it is in the short run: where most memory could be taken.
    pub(crate) const fn is_quick(self) -> bool {
        matches!(self, Self::ForeignNews | Self::OtherBodies | Self::UntakenAnswers)
    }

    pub(crate) async fn commit(self, victim: &Victim, acts: &Arc<Acts>) {
        match self {
            Self::SilentConnections => floods::connections(victim, acts).await,
            Self::InvalidTransfers => floods::invalid_transfers(victim, acts).await,
            Self::CheapTransfers => floods::transfers(victim, acts, 0).await,
            Self::UnwantedTransfers => floods::transfers(victim, acts, 1_000_000).await,
            Self::PeersTogether => floods::together(victim, acts).await,
            Self::Questions => floods::questions(victim, acts).await,
            Self::NoMessages => floods::noise(victim, acts, "transfers", 16).await,
            Self::OversizedNews => floods::noise(victim, acts, "transfers", 65_600).await,
            Self::ForeignNews => floods::noise(victim, acts, "weather", 65_000).await,
            Self::OtherBodies => lies::other_bodies(victim, acts).await,
            Self::LittleWork => lies::show(victim, acts, victim.world.light()).await,
            Self::UntakenAnswers => lies::untaken_answers(victim, acts).await,
            Self::FalseStatus => lies::show(victim, acts, victim.world.claimed()).await,
        }
    }
}

/// Whom it is done to, and how long.
pub(crate) struct Victim {
    pub(crate) world: Arc<World>,
    /// Where it listens for peers.
    pub(crate) address: String,
    pub(crate) until: Instant,
}

impl Victim {
    pub(crate) fn new(world: &Arc<World>, address: &str, until: Instant) -> Self {
        assert!(address.contains("/tcp/"), "{address}");
        Self {
            world: Arc::clone(world),
            address: address.to_owned(),
            until,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.split('/').nth(4).unwrap().parse().unwrap()
    }

    /// A peer that shows this when it is asked, and counts it.
    pub(crate) fn peer(&self, manners: Manners, shown: &Arc<Forged>, acts: &Arc<Acts>) -> Hostile {
        let (shown, acts) = (Arc::clone(shown), Arc::clone(acts));
        Hostile::with_manners(shown.status.genesis, manners).answers(move |request| {
            let answer = match request {
                // It shows headers alone: blocks that break rules would be another offence.
                Request::Blocks { .. } => Response::Blocks(Vec::new()),
                request => shown.answer(request)?,
            };
            acts.count(answer.to_bytes().len());
            Some(answer)
        })
    }
}

/// What offenders have done, and what came of it.
pub(crate) struct Acts {
    started: Instant,
    /// How many messages they sent, and bytes in these.
    messages: AtomicUsize,
    bytes: AtomicUsize,
    /// Under how many keys they came, and how often they were not let in.
    keys: AtomicUsize,
    refused: AtomicUsize,
    first_cut: OnceLock<Duration>,
}

impl Acts {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            messages: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            keys: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            first_cut: OnceLock::new(),
        }
    }

    pub(crate) fn count(&self, bytes: usize) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn come(&self, is_let_in: bool) {
        let counter = if is_let_in { &self.keys } else { &self.refused };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn cut_off(&self) {
        let _ = self.first_cut.set(self.started.elapsed());
    }

    /// Messages, bytes, keys and refusals.
    pub(crate) fn counts(&self) -> [usize; 4] {
        [&self.messages, &self.bytes, &self.keys, &self.refused].map(|counter| counter.load(Ordering::Relaxed))
    }

    /// After which time one was cut off first.
    pub(crate) fn first_cut(&self) -> Option<Duration> {
        self.first_cut.get().copied()
    }
}
