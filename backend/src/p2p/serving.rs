//! Which requests of peers are at work, and whether there is room for one more.
//!
//! An answer may be long, and is kept until its peer has taken it. Of the room for such answers one half is for whoever
//! comes, and the other is divided equally; a place is kept for each peer that has nothing at work, and who lately took
//! nothing of what it asked for has next to none. So such peers keep no other from being served.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    time::{Duration, Instant},
};

use libp2p::PeerId;

/// How many requests are at work whose answers may be long.
const MAX: usize = 48;
const HALF: usize = MAX / 2;
/// How many are of one peer, whatever their answers.
const MAX_PEER: usize = 16;
/// The most places that are kept for peers with nothing at work.
const MAX_KEPT: usize = MAX - MAX_PEER;
/// For how long it counts that a peer did not take an answer in time, and how many places all such have together.
const NOTED_FOR: Duration = Duration::from_secs(60);
const MAX_NOTED: usize = 8;

/// A request that is at work.
#[derive(Debug)]
struct Work {
    peer: PeerId,
    /// Whether the answer is a few bytes, which wait nowhere.
    is_short: bool,
}

/// The requests that are at work.
#[derive(Debug)]
pub(super) struct Serving<Id> {
    at_work: HashMap<Id, Work>,
    /// The peers that did not take an answer, and when that was.
    noted: HashMap<PeerId, Instant>,
}

impl<Id> Default for Serving<Id> {
    fn default() -> Self {
        Self {
            at_work: HashMap::new(),
            noted: HashMap::new(),
        }
    }
}

impl<Id: Eq + Hash> Serving<Id> {
    /// Whether a request of one of so many peers is to be taken.
    pub(super) fn has_room(&mut self, peer: &PeerId, is_short: bool, peers: usize, now: Instant) -> bool {
        self.noted.retain(|_, since| now - *since < NOTED_FOR);
        let of_peer = |work: &&Work| work.peer == *peer;
        if self.at_work.values().filter(of_peer).count() >= MAX_PEER {
            return false;
        }
        if is_short {
            return true;
        }
        let long = || self.at_work.values().filter(|work| !work.is_short);
        let (all, own) = (long().count(), long().filter(of_peer).count());
        let is_noted = self.noted.contains_key(peer);
        if own == 0 && !is_noted {
            return all < MAX;
        }
        let served: HashSet<&PeerId> = long().map(|work| &work.peer).chain(self.noted.keys()).collect();
        let kept = peers.saturating_sub(served.len()).min(MAX_KEPT);
        if all + kept >= MAX {
            return false;
        }
        if is_noted {
            let places = long().filter(|work| self.noted.contains_key(&work.peer));
            return own == 0 && places.count() < MAX_NOTED;
        }
        let share = if all < HALF {
            MAX_PEER
        } else {
            (HALF / peers.max(1)).max(1)
        };
        own < share
    }

    /// A request was taken.
    pub(super) fn begin(&mut self, id: Id, peer: PeerId, is_short: bool) {
        self.at_work.insert(id, Work { peer, is_short });
    }

    /// A request has its answer, or will have none.
    pub(super) fn end(&mut self, id: &Id) {
        self.at_work.remove(id);
    }

    /// The answer to a request was not taken in time.
    pub(super) fn not_taken(&mut self, id: &Id, now: Instant) {
        if let Some(work) = self.at_work.remove(id).filter(|work| !work.is_short) {
            self.noted.insert(work.peer, now);
        }
    }

    /// A peer is gone.
    pub(super) fn forget(&mut self, peer: &PeerId) {
        self.at_work.retain(|_, work| work.peer != *peer);
        self.noted.remove(peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEERS: usize = 8;

    /// Takes as many requests of a peer as there is room for, up to `most`. Gives how many.
    fn take(serving: &mut Serving<usize>, peer: PeerId, most: usize) -> usize {
        take_of(serving, peer, most, PEERS, Instant::now())
    }

    /// The same of one among so many peers, at a time.
    fn take_of(serving: &mut Serving<usize>, peer: PeerId, most: usize, peers: usize, now: Instant) -> usize {
        for taken in 0..most {
            if !serving.has_room(&peer, false, peers, now) {
                return taken;
            }
            let id = serving.at_work.keys().max().map_or(0, |last| last + 1);
            serving.begin(id, peer, false);
        }
        most
    }

    #[test]
    fn whoever_takes_all_that_it_gets_leaves_the_others_their_share() {
        let mut serving = Serving::default();
        let peers: Vec<PeerId> = (0..PEERS).map(|_| PeerId::random()).collect();
        let taken: Vec<usize> = peers.iter().map(|peer| take(&mut serving, *peer, 100)).collect();
        assert_eq!(taken, [16, 8, 3, 3, 3, 3, 3, 3]);
        serving.forget(&peers[0]);
        assert_eq!(take(&mut serving, peers[7], 100), 0, "half is taken still");
        serving.forget(&peers[1]);
        assert_eq!(take(&mut serving, peers[7], 100), 6);
    }

    #[test]
    fn many_who_take_nothing_leave_a_place_to_each_and_then_have_next_to_none() {
        const COUNT: usize = 30;
        let mut serving = Serving::default();
        let peers: Vec<PeerId> = (0..COUNT).map(|_| PeerId::random()).collect();
        let (lazy, honest) = peers.split_at(26);
        let mut now = Instant::now();
        let take_all = |serving: &mut Serving<usize>, peers: &[PeerId], now| -> Vec<usize> {
            let mut take = |peer: &PeerId| take_of(serving, *peer, 100, COUNT, now);
            peers.iter().map(&mut take).collect()
        };
        take_all(&mut serving, lazy, now);
        assert_eq!(take_all(&mut serving, honest, now), [1; 4], "a place was kept for each");
        let held: Vec<usize> = serving
            .at_work
            .iter()
            .filter_map(|(id, work)| lazy.contains(&work.peer).then_some(*id))
            .collect();
        for id in held {
            serving.not_taken(&id, now);
        }
        assert_eq!(take_all(&mut serving, lazy, now).iter().sum::<usize>(), MAX_NOTED);
        assert!(
            take_of(&mut serving, honest[0], 100, COUNT, now) > 2,
            "the rest is for others"
        );
        serving.at_work.clear();
        assert_eq!(take_of(&mut serving, lazy[0], 100, COUNT, now), 1);
        now += NOTED_FOR;
        assert!(take_of(&mut serving, lazy[0], 100, COUNT, now) > 1, "it is forgiven");
    }

    #[test]
    fn there_is_an_end_however_many_they_are() {
        let mut serving = Serving::default();
        let taken = (0..100).map(|_| take(&mut serving, PeerId::random(), 100));
        assert_eq!(taken.sum::<usize>(), MAX);
    }

    #[test]
    fn what_is_short_is_answered_whatever_is_at_work() {
        let mut serving = Serving::default();
        let (first, last) = (PeerId::random(), PeerId::random());
        take(&mut serving, first, 100);
        while take(&mut serving, PeerId::random(), 100) > 0 {}
        assert!(!serving.has_room(&last, false, PEERS, Instant::now()));
        assert!(serving.has_room(&last, true, PEERS, Instant::now()));
        assert!(
            !serving.has_room(&first, true, PEERS, Instant::now()),
            "it has as much as one may have"
        );
        for id in 100..100 + MAX_PEER {
            serving.begin(id, last, true);
        }
        assert!(!serving.has_room(&last, true, PEERS, Instant::now()));
        serving.end(&100);
        assert!(serving.has_room(&last, true, PEERS, Instant::now()));
        serving.forget(&first);
        assert!(
            serving.has_room(&PeerId::random(), false, PEERS, Instant::now()),
            "what is short takes no room"
        );
    }
}
