//! Which requests of peers are at work, and whether there is room for one more.
//!
//! An answer may be long, and is kept until its peer has taken it. Of the room for such answers one half is for whoever
//! comes, and the other is divided equally, so that whoever takes nothing of what it asked for keeps no other from being
//! served.

use std::{collections::HashMap, hash::Hash};

use libp2p::PeerId;

/// How many requests are at work whose answers may be long.
const MAX: usize = 48;
const HALF: usize = MAX / 2;
/// How many are of one peer, whatever their answers.
const MAX_PEER: usize = 16;

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
}

impl<Id> Default for Serving<Id> {
    fn default() -> Self {
        Self {
            at_work: HashMap::new(),
        }
    }
}

impl<Id: Eq + Hash> Serving<Id> {
    /// Whether a request of one of so many peers is to be taken.
    pub(super) fn has_room(&self, peer: &PeerId, is_short: bool, peers: usize) -> bool {
        let (mut all, mut own, mut own_long) = (0, 0, 0);
        for work in self.at_work.values() {
            let (is_own, is_long) = (work.peer == *peer, !work.is_short);
            all += usize::from(is_long);
            own += usize::from(is_own);
            own_long += usize::from(is_own && is_long);
        }
        let share = match all {
            ..HALF => MAX_PEER,
            HALF..MAX => (HALF / peers.max(1)).max(1),
            _ => 0,
        };
        own < MAX_PEER && (is_short || own_long < share)
    }

    /// A request was taken.
    pub(super) fn begin(&mut self, id: Id, peer: PeerId, is_short: bool) {
        self.at_work.insert(id, Work { peer, is_short });
    }

    /// A request has its answer, or will have none.
    pub(super) fn end(&mut self, id: &Id) {
        self.at_work.remove(id);
    }

    /// A peer is gone.
    pub(super) fn forget(&mut self, peer: &PeerId) {
        self.at_work.retain(|_, work| work.peer != *peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEERS: usize = 8;

    /// Takes as many requests of a peer as there is room for, up to `most`. Gives how many.
    fn take(serving: &mut Serving<usize>, peer: PeerId, most: usize) -> usize {
        for taken in 0..most {
            if !serving.has_room(&peer, false, PEERS) {
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
        assert!(!serving.has_room(&last, false, PEERS));
        assert!(serving.has_room(&last, true, PEERS));
        assert!(!serving.has_room(&first, true, PEERS), "it has as much as one may have");
        for id in 100..100 + MAX_PEER {
            serving.begin(id, last, true);
        }
        assert!(!serving.has_room(&last, true, PEERS));
        serving.end(&100);
        assert!(serving.has_room(&last, true, PEERS));
        serving.forget(&first);
        assert!(
            serving.has_room(&PeerId::random(), false, PEERS),
            "what is short takes no room"
        );
    }
}
