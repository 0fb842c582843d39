//! To whom the node connects of itself: nodes that the operator named, always; others, until there are enough peers.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use libp2p::{Multiaddr, PeerId};

use super::{
    reach::Unreached,
    target::Target,
    view::{Listed, State},
};

/// With how many peers the node looks for no more.
pub(super) const ENOUGH_PEERS: usize = 8;
/// How long the node waits before it tries again: at first, and at most; for a node that was named, and for another.
const FIRST_DELAY: Duration = Duration::from_millis(500);
const NAMED_DELAY: Duration = Duration::from_secs(3);
const OTHER_DELAY: Duration = Duration::from_secs(30);
/// For how long a peer that is lost is called as often as one that was named: where a network falls apart and is joined,
/// it is peers of old that join it, however many each part has by itself.
const LOST_FOR: Duration = Duration::from_secs(600);
/// How long a node of another chain is left alone.
const STRANGER_DELAY: Duration = Duration::from_secs(600);
/// The most nodes that are remembered in order to be tried.
const MAX_CANDIDATES: usize = 512;

/// When to try again.
#[derive(Debug, Clone)]
struct Retry {
    at: Instant,
    delay: Duration,
}

impl Retry {
    fn now() -> Self {
        Self {
            at: Instant::now(),
            delay: FIRST_DELAY,
        }
    }

    fn later(&mut self, most: Duration) {
        self.at = Instant::now() + self.delay;
        self.delay = (self.delay * 2).min(most);
    }
}

/// A node that the operator named.
#[derive(Debug)]
pub(super) struct Contact {
    pub(super) target: Target,
    /// Its id, once it is known.
    pub(super) peer: Option<PeerId>,
    /// Whether it is being tried.
    pub(super) is_tried: bool,
    failure: Option<Unreached>,
    retry: Retry,
}

impl Contact {
    pub(super) fn new(target: Target, peer: Option<PeerId>) -> Self {
        Self {
            target,
            peer,
            is_tried: false,
            failure: None,
            retry: Retry::now(),
        }
    }

    pub(super) fn is_due(&self) -> bool {
        !self.is_tried && self.retry.at <= Instant::now()
    }

    /// What came of an attempt.
    pub(super) fn tried(&mut self, result: Result<PeerId, Unreached>) {
        self.is_tried = false;
        match result {
            Ok(peer) => {
                self.peer = Some(peer);
                self.failure = None;
                self.retry = Retry::now();
            }
            Err(failure) => {
                self.failure = Some(failure);
                self.retry.later(NAMED_DELAY);
            }
        }
    }

    /// What is said of it.
    pub(super) fn listed(&self, is_connected: bool, is_banned: bool) -> Listed {
        let state = match &self.failure {
            _ if is_connected => State::Connected,
            _ if is_banned => State::Banned,
            None => State::Connecting,
            Some(Unreached::OtherChain { .. }) => State::OtherChain,
            Some(Unreached::Banned) => State::Banned,
            Some(_) => State::Unreachable,
        };
        let reason = self.failure.as_ref().filter(|_| state != State::Connected);
        Listed {
            address: self.target.to_string(),
            state,
            peer: self.peer.map(|peer| peer.to_string()),
            reason: reason.map(ToString::to_string),
        }
    }
}

/// Nodes that were heard of.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    known: HashMap<PeerId, Candidate>,
}

#[derive(Debug)]
struct Candidate {
    addresses: Vec<Multiaddr>,
    retry: Retry,
    /// When it was lost as a peer.
    lost: Option<Instant>,
}

impl Candidate {
    fn is_lost(&self) -> bool {
        self.lost.is_some_and(|lost| lost.elapsed() < LOST_FOR)
    }
}

impl Candidates {
    /// Notes where a node is said to be.
    pub(super) fn add(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        if addresses.is_empty() || (self.known.len() >= MAX_CANDIDATES && !self.known.contains_key(&peer)) {
            return;
        }
        let candidate = self.known.entry(peer).or_insert_with(|| Candidate {
            addresses: Vec::new(),
            retry: Retry::now(),
            lost: None,
        });
        candidate.addresses = addresses;
    }

    /// Up to `count` nodes that are to be tried now, of those that `is_wanted`: with peers enough, only such as were lost.
    pub(super) fn due(
        &mut self,
        count: usize,
        has_enough: bool,
        is_wanted: impl Fn(&PeerId) -> bool,
    ) -> Vec<(PeerId, Vec<Multiaddr>)> {
        let now = Instant::now();
        let due = self
            .known
            .iter_mut()
            .filter(|(peer, candidate)| candidate.retry.at <= now && is_wanted(peer))
            .filter(|(_, candidate)| !has_enough || candidate.is_lost());
        due.take(count)
            .map(|(peer, candidate)| {
                let most = if candidate.is_lost() { NAMED_DELAY } else { OTHER_DELAY };
                candidate.retry.later(most);
                (*peer, candidate.addresses.clone())
            })
            .collect()
    }

    /// A node is a peer now.
    pub(super) fn connected(&mut self, peer: &PeerId) {
        if let Some(candidate) = self.known.get_mut(peer) {
            candidate.retry = Retry::now();
            candidate.lost = None;
        }
    }

    /// A peer is gone.
    pub(super) fn lost(&mut self, peer: &PeerId) {
        if let Some(candidate) = self.known.get_mut(peer) {
            candidate.retry = Retry::now();
            candidate.lost = Some(Instant::now());
        }
    }

    /// A node turned out to follow another chain.
    pub(super) fn is_stranger(&mut self, peer: &PeerId) {
        if let Some(candidate) = self.known.get_mut(peer) {
            candidate.retry.at = Instant::now() + STRANGER_DELAY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(candidates: &mut Candidates, count: usize) -> Vec<PeerId> {
        let peers: Vec<PeerId> = (0..count).map(|_| PeerId::random()).collect();
        for peer in &peers {
            candidates.add(*peer, vec!["/ip4/192.0.2.1/tcp/7331".parse().unwrap()]);
        }
        peers
    }

    #[test]
    fn with_peers_enough_only_those_that_were_lost_are_called() {
        let mut candidates = Candidates::default();
        let peers = known(&mut candidates, 3);
        candidates.lost(&peers[1]);
        let due = candidates.due(9, true, |_| true);
        assert_eq!(due.iter().map(|(peer, _)| *peer).collect::<Vec<_>>(), [peers[1]]);
        assert_eq!(
            candidates.due(9, false, |_| true).len(),
            2,
            "who was called has to wait"
        );
        candidates.lost(&peers[1]);
        candidates.connected(&peers[1]);
        assert!(candidates.due(9, true, |_| true).is_empty(), "it is found again");
    }

    #[test]
    fn who_was_lost_is_called_often() {
        let mut candidates = Candidates::default();
        let peers = known(&mut candidates, 2);
        candidates.lost(&peers[0]);
        for _ in 0..8 {
            for candidate in candidates.known.values_mut() {
                candidate.retry.at = Instant::now();
            }
            candidates.due(9, false, |_| true);
        }
        assert_eq!(candidates.known[&peers[0]].retry.delay, NAMED_DELAY);
        assert_eq!(candidates.known[&peers[1]].retry.delay, OTHER_DELAY);
    }
}
