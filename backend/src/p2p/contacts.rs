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
/// The most nodes that are remembered in order to be tried, and of these such as the local network alone has named: there
/// anybody can name as many as it likes without so much as a connection.
const MAX_CANDIDATES: usize = 512;
const MAX_NEAR: usize = 64;
/// The most addresses of a node that others say it has.
const MAX_HEARD: usize = 8;

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
    /// Where it is by its own word.
    said: Vec<Multiaddr>,
    /// Where it is by the word of others, the newest last.
    heard: Vec<Multiaddr>,
    /// The local network alone has named it.
    is_near: bool,
    was_peer: bool,
    /// How often it was called since it was last a peer.
    calls: u32,
    retry: Retry,
    /// When it was lost as a peer.
    lost: Option<Instant>,
    /// It is sent away, and not to be called at once.
    is_sent_away: bool,
}

impl Candidate {
    fn new() -> Self {
        Self {
            said: Vec::new(),
            heard: Vec::new(),
            is_near: false,
            was_peer: false,
            calls: 0,
            retry: Retry::now(),
            lost: None,
            is_sent_away: false,
        }
    }

    fn is_lost(&self) -> bool {
        self.lost.is_some_and(|lost| lost.elapsed() < LOST_FOR)
    }

    fn hear(&mut self, addresses: Vec<Multiaddr>) {
        for address in addresses {
            self.heard.retain(|known| *known != address);
            self.heard.push(address);
        }
        let excess = self.heard.len().saturating_sub(MAX_HEARD);
        self.heard.drain(..excess);
    }

    /// Where to call it: its own word first.
    fn addresses(&self) -> Vec<Multiaddr> {
        let others = self.heard.iter().rev().filter(|address| !self.said.contains(address));
        self.said.iter().chain(others).cloned().collect()
    }
}

impl Candidates {
    /// Notes where a node is said to be.
    pub(super) fn add(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        if addresses.is_empty() || !(self.known.contains_key(&peer) || self.make_room(false)) {
            return;
        }
        let candidate = self.known.entry(peer).or_insert_with(Candidate::new);
        candidate.is_near = false;
        candidate.hear(addresses);
    }

    /// Notes where the local network says that a node is.
    pub(super) fn add_near(&mut self, peer: PeerId, address: Multiaddr) {
        if !self.known.contains_key(&peer) {
            let near = self.known.values().filter(|candidate| candidate.is_near).count();
            let has_room = near < MAX_NEAR || self.evict(|candidate| candidate.is_near && candidate.calls > 0);
            if !has_room || !self.make_room(false) {
                return;
            }
        }
        let candidate = self.known.entry(peer).or_insert_with(|| Candidate {
            is_near: true,
            ..Candidate::new()
        });
        candidate.hear(vec![address]);
    }

    /// Notes where a peer says that it is.
    pub(super) fn met(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        if addresses.is_empty() || !(self.known.contains_key(&peer) || self.make_room(true)) {
            return;
        }
        let candidate = self.known.entry(peer).or_insert_with(Candidate::new);
        candidate.said = addresses;
        candidate.is_near = false;
        candidate.was_peer = true;
    }

    /// Makes room for one more: for a peer always, for another only in place of one that was called in vain.
    fn make_room(&mut self, is_peer: bool) -> bool {
        self.known.len() < MAX_CANDIDATES
            || self.evict(|candidate| !candidate.was_peer && (is_peer || candidate.calls > 0))
            || (is_peer && self.evict(|_| true))
    }

    /// Forgets the one, of those that may be forgotten, that was called in vain most often. False if there is none.
    fn evict(&mut self, may_go: impl Fn(&Candidate) -> bool) -> bool {
        let may_go = self.known.iter().filter(|(_, candidate)| may_go(candidate));
        let worst = may_go
            .max_by_key(|(_, candidate)| candidate.calls)
            .map(|(peer, _)| *peer);
        worst.is_some_and(|peer| self.known.remove(&peer).is_some())
    }

    /// Up to `count` nodes that are to be tried now, of those that `is_wanted`: with peers enough, only such as were lost.
    /// Who has been due for longest comes first.
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
        let mut due: Vec<_> = due.collect();
        due.sort_by_key(|(_, candidate)| candidate.retry.at);
        due.into_iter()
            .take(count)
            .map(|(peer, candidate)| {
                let most = if candidate.is_lost() { NAMED_DELAY } else { OTHER_DELAY };
                candidate.retry.later(most);
                candidate.calls = candidate.calls.saturating_add(1);
                (*peer, candidate.addresses())
            })
            .collect()
    }

    /// A node is a peer now.
    pub(super) fn connected(&mut self, peer: &PeerId) {
        if let Some(candidate) = self.known.get_mut(peer) {
            candidate.retry = Retry::now();
            candidate.lost = None;
            candidate.is_near = false;
            candidate.was_peer = true;
            candidate.calls = 0;
            candidate.is_sent_away = false;
        }
    }

    /// A peer is sent away: it may come again, but is not called at once.
    pub(super) fn sent_away(&mut self, peer: &PeerId) {
        if let Some(candidate) = self.known.get_mut(peer) {
            candidate.is_sent_away = true;
        }
    }

    /// A peer is gone.
    pub(super) fn lost(&mut self, peer: &PeerId) {
        let Some(candidate) = self.known.get_mut(peer) else {
            return;
        };
        if std::mem::take(&mut candidate.is_sent_away) {
            candidate.retry = Retry {
                at: Instant::now() + OTHER_DELAY,
                delay: OTHER_DELAY,
            };
        } else {
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
    fn who_was_sent_away_is_not_called_at_once() {
        let mut candidates = Candidates::default();
        let peers = known(&mut candidates, 1);
        candidates.connected(&peers[0]);
        candidates.sent_away(&peers[0]);
        candidates.lost(&peers[0]);
        assert!(candidates.due(9, false, |_| true).is_empty());
        let wait = candidates.known[&peers[0]].retry.at - Instant::now();
        assert!(wait > NAMED_DELAY && wait <= OTHER_DELAY, "{wait:?}");
        candidates.connected(&peers[0]);
        candidates.lost(&peers[0]);
        assert_eq!(
            candidates.due(9, true, |_| true).len(),
            1,
            "the next time it may just be lost"
        );
    }

    #[test]
    fn made_up_nodes_make_room_once_they_were_called_in_vain() {
        let mut candidates = Candidates::default();
        let place: Multiaddr = "/ip4/192.0.2.2/tcp/7331".parse().unwrap();
        let old = PeerId::random();
        candidates.met(old, vec![place.clone()]);
        known(&mut candidates, MAX_CANDIDATES);
        assert_eq!(candidates.known.len(), MAX_CANDIDATES);
        let (heard, peer) = (PeerId::random(), PeerId::random());
        candidates.add(heard, vec![place.clone()]);
        assert!(
            !candidates.known.contains_key(&heard),
            "none of them is known to be of no use"
        );
        candidates.met(peer, vec![place.clone()]);
        assert!(candidates.known.contains_key(&peer), "for a peer there is always room");
        let called = candidates.due(1, false, |candidate| ![old, peer].contains(candidate));
        candidates.add(heard, vec![place]);
        assert!(candidates.known.contains_key(&heard));
        assert!(
            !candidates.known.contains_key(&called[0].0),
            "it goes in the place of that one"
        );
        assert!(candidates.known.contains_key(&old) && candidates.known.contains_key(&peer));
        assert_eq!(candidates.known.len(), MAX_CANDIDATES);
    }

    #[test]
    fn the_local_network_names_only_so_many() {
        let mut candidates = Candidates::default();
        let place: Multiaddr = "/ip4/192.0.2.2/tcp/7331".parse().unwrap();
        for _ in 0..MAX_CANDIDATES {
            candidates.add_near(PeerId::random(), place.clone());
        }
        assert_eq!(candidates.known.len(), MAX_NEAR);
        let (called, real) = (candidates.due(1, false, |_| true), PeerId::random());
        candidates.add_near(real, place);
        assert!(candidates.known.contains_key(&real) && !candidates.known.contains_key(&called[0].0));
        candidates.connected(&real);
        assert!(!candidates.known[&real].is_near, "it has shown that it is there");
    }

    #[test]
    fn what_others_say_does_not_replace_where_a_peer_says_it_is() {
        let mut candidates = Candidates::default();
        let peer = PeerId::random();
        let place = |number: u8| -> Multiaddr { format!("/ip4/192.0.2.{number}/tcp/7331").parse().unwrap() };
        candidates.met(peer, vec![place(1)]);
        for number in 1..100 {
            candidates.add(peer, vec![place(number)]);
        }
        let addresses = candidates.due(1, false, |_| true).remove(0).1;
        assert_eq!(
            (addresses.len(), &addresses[..2]),
            (1 + MAX_HEARD, &[place(1), place(99)][..])
        );
    }

    #[test]
    fn who_is_due_for_longest_is_called_first() {
        let mut candidates = Candidates::default();
        let peers = known(&mut candidates, 40);
        let now = Instant::now();
        for (age, peer) in (0..).zip(&peers) {
            candidates.known.get_mut(peer).unwrap().retry.at = now - Duration::from_millis(age);
        }
        let due: Vec<PeerId> = candidates
            .due(4, false, |_| true)
            .into_iter()
            .map(|(peer, _)| peer)
            .collect();
        assert!(due.iter().eq(peers.iter().rev().take(4)), "{due:?}");
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
