//! What is only looked at: whom peers know, and the branches that they keep.

use shared::{block::Header, hash::Hash};

use super::lab::{ALICE, BOB, Lab, Sent, work};
use crate::{
    simulate::node::SimulatedNode,
    sync::{
        Ledger as _, Neighbour, PeerKey, PeerName, Request, Response, Surroundings,
        neighbours::{MAX_SEEN, Seen},
    },
};

fn name(number: u8) -> PeerName {
    PeerName::new(&[0, 1, number]).unwrap()
}

fn seen(lab: &Lab) -> Vec<Seen> {
    lab.node.sync.seen(0..=u64::MAX)
}

/// Time passes, and a peer answers all but what is left out.
fn go_on(lab: &mut Lab, seconds: u64, (peer, by): (PeerKey, &SimulatedNode), left_out: &[&str]) {
    for _ in 0..seconds {
        lab.wait(1_000);
        let is_due = |sent: &&Sent| sent.peer == peer && !left_out.contains(&sent.request.kind());
        while let Some(sent) = lab.sent.iter().find(is_due).cloned() {
            lab.answer(&sent, by);
        }
    }
}

fn told(lab: &Lab, peer: PeerKey) -> Vec<Neighbour> {
    let mut peers = lab.node.sync.peers();
    let state = peers.find(|state| state.peer == peer).unwrap();
    state.neighbours.to_vec()
}

#[test]
fn peers_say_whom_they_know_as_long_as_they_are_connected() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    lab.status(ALICE, |_| {});
    lab.wait(1_000);
    let asked = lab.take(ALICE, "neighbours");
    let carol = Neighbour {
        name: name(3),
        height: 7,
        tip: Hash([7; 32]),
        latency_ms: Some(2),
    };
    let surroundings = Surroundings {
        peers: vec![carol.clone()],
        branches: Vec::new(),
    };
    lab.respond(&asked, Response::Neighbours(surroundings));
    assert_eq!(told(&lab, ALICE), [carol]);
    assert!(lab.find(ALICE, "neighbours").is_none());
    lab.wait(5_000);
    assert!(lab.find(ALICE, "neighbours").is_some(), "things change");
    lab.disconnect(ALICE);
    lab.connect(ALICE);
    assert_eq!(told(&lab, ALICE), []);
    lab.assert_peace();
}

#[test]
fn a_node_tells_of_peers_that_have_said_where_they_stand() {
    let mut lab = Lab::new();
    for (peer, number) in [(ALICE, 9), (BOB, 4), (PeerKey(3), 5)] {
        lab.connect(peer);
        lab.node.sync.know(peer, name(number), Some(u32::from(number)));
    }
    lab.status(ALICE, |_| {});
    lab.status(BOB, |_| {});
    let now = lab.moment();
    let answer = lab
        .node
        .sync
        .requested(now, ALICE, &Request::Neighbours, &lab.node.books);
    let Some(Response::Neighbours(told)) = answer else {
        panic!("{answer:?}")
    };
    let names: Vec<_> = told
        .peers
        .iter()
        .map(|peer| (peer.name.clone(), peer.latency_ms))
        .collect();
    assert_eq!(names, [(name(4), Some(4)), (name(9), Some(9))]);
    assert_eq!(told.peers[0].tip, lab.network.genesis_hash());
}

#[test]
fn silence_about_what_is_only_looked_at_costs_nothing() {
    let mut lab = Lab::new();
    lab.grow_own(5, 1);
    let alice = lab.other_with(3, 2);
    lab.connect(ALICE);
    go_on(&mut lab, 100, (ALICE, &alice), &["neighbours", "branch"]);
    assert!(lab.find(ALICE, "neighbours").is_some() && lab.find(ALICE, "branch").is_some());
    lab.assert_peace();
    assert!(lab.disconnected.is_empty());
}

#[test]
fn the_branch_of_a_lighter_peer_is_looked_at_and_not_fetched() {
    let mut lab = Lab::new();
    lab.grow_own(5, 1);
    let alice = lab.other_with(3, 2);
    lab.connect(ALICE);
    let status = lab.take(ALICE, "status");
    lab.answer(&status, &alice);
    let branch = lab.take(ALICE, "branch");
    lab.answer(&branch, &alice);
    let mut shown: Vec<(u64, Hash)> = seen(&lab).iter().map(|seen| (seen.header.height, seen.hash)).collect();
    shown.sort_unstable();
    let expected: Vec<_> = (1..=3)
        .map(|height| (height, alice.books.header(height).unwrap().hash()))
        .collect();
    assert_eq!(shown, expected);
    let kinds = ["blocks", "headers", "branch"];
    go_on(&mut lab, 20, (ALICE, &alice), &kinds);
    for kind in kinds {
        assert!(lab.find(ALICE, kind).is_none(), "{kind}");
    }
    lab.assert_peace();
    assert_eq!((lab.submitted.len(), lab.height()), (0, 5));
}

#[test]
fn the_branch_that_a_peer_has_left_is_looked_at_too() {
    let mut lab = Lab::new();
    lab.grow_own(5, 1);
    let mut alice = lab.other_with(3, 2);
    let left = alice.books.tip().hash();
    for height in 1..=5 {
        alice.submit(lab.node.books.block(height).unwrap(), lab.now_ms).unwrap();
    }
    assert_eq!(
        alice.books.tip().hash(),
        lab.node.books.tip().hash(),
        "the test's premise"
    );
    lab.connect(ALICE);
    let status = lab.take(ALICE, "status");
    lab.answer(&status, &alice);
    assert!(lab.find(ALICE, "branch").is_none());
    lab.wait(1_000);
    let neighbours = lab.take(ALICE, "neighbours");
    lab.answer(&neighbours, &alice);
    lab.wait(1_000);
    let branch = lab.take(ALICE, "branch");
    assert!(matches!(&branch.request, Request::Branch { tip, .. } if *tip == left));
    lab.answer(&branch, &alice);
    assert_eq!(seen(&lab).len(), 3);
    lab.assert_peace();
    // Another peer is not asked for the same.
    lab.connect(BOB);
    let status = lab.take(BOB, "status");
    lab.answer(&status, &alice);
    lab.wait(1_000);
    let neighbours = lab.take(BOB, "neighbours");
    lab.answer(&neighbours, &alice);
    lab.wait(5_000);
    assert!(lab.find(BOB, "branch").is_none());
}

/// Alice's headers, as an answer to the node, which has a longer chain.
fn branch_of(lab: &mut Lab, change: impl FnOnce(&mut Vec<Header>)) {
    lab.grow_own(5, 1);
    let alice = lab.other_with(3, 2);
    lab.connect(ALICE);
    let status = lab.take(ALICE, "status");
    lab.answer(&status, &alice);
    let branch = lab.take(ALICE, "branch");
    let mut headers = (1..=3).map(|height| alice.books.header(height).unwrap()).collect();
    change(&mut headers);
    lab.respond(&branch, Response::Branch(headers));
}

#[test]
fn a_branch_is_checked_like_every_other() {
    let mut lab = Lab::new();
    branch_of(&mut lab, |headers| *headers = headers.split_off(1));
    assert_eq!(lab.codes(ALICE), ["malformed"]);
    let mut lab = Lab::new();
    branch_of(&mut lab, |headers| headers.truncate(2));
    assert_eq!(lab.codes(ALICE), ["malformed"]);
    let mut lab = Lab::new();
    branch_of(&mut lab, |headers| {
        headers[1].history_root = Hash::ZERO;
        headers[1] = work(headers[1]);
    });
    assert_eq!(lab.codes(ALICE), ["invalid-header"]);
    let mut lab = Lab::new();
    branch_of(&mut lab, Vec::clear);
    lab.assert_peace();
    lab.wait(30_000);
    assert!(
        lab.find(ALICE, "branch").is_none(),
        "who has forgotten it is not asked again"
    );
}

#[test]
fn a_branch_that_left_long_ago_is_not_kept() {
    let mut lab = Lab::new();
    lab.grow_own(70, 1);
    let alice = lab.other_with(69, 2);
    lab.connect(ALICE);
    let status = lab.take(ALICE, "status");
    lab.answer(&status, &alice);
    let branch = lab.take(ALICE, "branch");
    lab.answer(&branch, &alice);
    assert!(seen(&lab).is_empty());
    go_on(&mut lab, 30, (ALICE, &alice), &["branch"]);
    assert!(lab.find(ALICE, "branch").is_none());
    lab.assert_peace();
}

#[test]
fn there_is_an_end_to_the_branches_that_are_looked_at() {
    let mut lab = Lab::new();
    lab.grow_own(60, 1);
    for number in 0..40 {
        let peer = PeerKey(100 + u64::from(number));
        let other = lab.other_with(59, 2 + number);
        lab.connect(peer);
        let status = lab.take(peer, "status");
        lab.answer(&status, &other);
        let branch = lab.take(peer, "branch");
        lab.answer(&branch, &other);
    }
    let count = seen(&lab).len();
    assert!((MAX_SEEN / 2..=MAX_SEEN).contains(&count), "{count}");
    lab.grow_own(300, 1);
    lab.wait(2_000);
    assert!(seen(&lab).is_empty(), "what lies far below the tip is forgotten");
    lab.assert_peace();
}
