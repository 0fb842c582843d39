//! Headers first, then blocks: in order, from several peers, whatever happens to them.

use shared::block::{Block, Header};

use super::lab::{ALICE, BOB, Lab, Sent};
use crate::{
    simulate::node::SimulatedNode,
    sync::{CompactBlock, Gossip, Ledger as _, PeerKey, Progress, Request, Response, Sync},
};

#[test]
fn a_chain_is_fetched_headers_first_and_in_order() {
    let mut lab = Lab::new();
    let alice = lab.other_with(300, 1);
    lab.connect(ALICE);
    let status = lab.take(ALICE, "status");
    lab.answer(&status, &alice);
    assert!(lab.find(ALICE, "blocks").is_none(), "no header is known yet");
    let progress = lab.node.sync.progress(&lab.node.books);
    let expected = Progress {
        height: 0,
        target: 300,
        peers: 1,
    };
    assert_eq!(progress, expected);
    lab.serve(ALICE, &alice);
    assert_eq!(lab.height(), 300);
    let wanted: Vec<_> = (1..=300)
        .map(|height| alice.books.header(height).unwrap().hash())
        .collect();
    assert_eq!(lab.submitted, wanted);
    assert_eq!(lab.node.sync.progress(&lab.node.books).target, 300);
    lab.assert_peace();
}

#[test]
fn more_headers_are_asked_for_than_one_answer_holds() {
    let mut lab = Lab::new();
    let alice = lab.other_with(2_500, 1);
    lab.connect(ALICE);
    lab.serve(ALICE, &alice);
    assert_eq!(lab.height(), 2_500);
    lab.assert_peace();
}

#[test]
fn blocks_come_from_several_peers_at_once() {
    let mut lab = Lab::new();
    let alice = lab.other_with(600, 1);
    lab.tell_headers(&[ALICE, BOB], &alice);
    let asked = |lab: &Lab, peer| {
        let blocks = lab
            .sent
            .iter()
            .filter(|sent| sent.peer == peer && sent.request.kind() == "blocks");
        blocks.count()
    };
    assert!(asked(&lab, ALICE) > 0 && asked(&lab, BOB) > 0, "{:?}", lab.sent);
    // The later blocks first: they wait for the earlier ones.
    while let Some(last) = lab.sent.last().cloned() {
        lab.answer(&last, &alice);
    }
    assert_eq!(lab.height(), 600);
    lab.assert_peace();
}

#[test]
fn a_peer_that_does_not_send_is_replaced_and_not_blamed() {
    let mut lab = Lab::new();
    let alice = lab.other_with(100, 1);
    lab.tell_headers(&[ALICE, BOB], &alice);
    let silent = lab
        .sent
        .iter()
        .find(|sent| sent.request.kind() == "blocks")
        .unwrap()
        .peer;
    let other = if silent == ALICE { BOB } else { ALICE };
    lab.wait(3_000);
    lab.serve(other, &alice);
    assert_eq!(lab.height(), 100, "another was asked for what all waited for");
    // What comes late does no harm.
    lab.serve(silent, &alice);
    lab.assert_peace();
}

#[test]
fn blocks_of_a_peer_that_goes_are_asked_of_another() {
    let mut lab = Lab::new();
    let alice = lab.other_with(100, 1);
    lab.connect(ALICE);
    for kind in ["status", "headers"] {
        let sent = lab.take(ALICE, kind);
        lab.answer(&sent, &alice);
    }
    assert!(lab.find(ALICE, "blocks").is_some());
    lab.disconnect(ALICE);
    lab.connect(BOB);
    lab.serve(BOB, &alice);
    assert_eq!(lab.height(), 100);
    lab.assert_peace();
}

#[test]
fn a_node_goes_on_after_a_restart_where_it_was() {
    let mut lab = Lab::new();
    let mut alice = lab.other_with(50, 1);
    lab.connect(ALICE);
    lab.serve(ALICE, &alice);
    lab.node.sync = Sync::new(lab.network.clone());
    lab.sent.clear();
    lab.grow(&mut alice, 10, 1);
    lab.submitted.clear();
    lab.connect(ALICE);
    lab.serve(ALICE, &alice);
    assert_eq!(lab.submitted.len(), 10, "only what is new is fetched");
    assert_eq!(lab.height(), 60);
}

#[test]
fn a_heavier_branch_is_fetched_from_where_it_leaves_the_chain() {
    let mut lab = Lab::new();
    let mut alice = lab.other_with(20, 1);
    lab.connect(ALICE);
    lab.serve(ALICE, &alice);
    lab.grow_own(5, 2);
    lab.grow(&mut alice, 8, 1);
    lab.submitted.clear();
    lab.wait(11_000);
    lab.serve(ALICE, &alice);
    assert_eq!(lab.submitted.len(), 8);
    assert_eq!(lab.node.books.tip().hash(), alice.books.tip().hash());
    lab.assert_peace();
}

#[test]
fn a_lighter_chain_is_not_asked_for() {
    let mut lab = Lab::new();
    let alice = lab.other_with(5, 1);
    lab.grow_own(6, 2);
    lab.connect(ALICE);
    let status = lab.take(ALICE, "status");
    lab.answer(&status, &alice);
    assert!(lab.find(ALICE, "headers").is_none());
}

#[test]
fn a_chain_that_leaves_too_deep_is_let_be_and_nobody_blamed() {
    let mut lab = Lab::new();
    let depth = u64::from(lab.network.parameters().max_reorg_depth);
    let alice = lab.other_with(depth + 10, 1);
    lab.grow_own(depth + 5, 2);
    lab.connect(ALICE);
    for _ in 0..30 {
        lab.serve(ALICE, &alice);
        lab.wait(1_000);
    }
    assert_eq!(lab.height(), depth + 5);
    assert!(lab.submitted.is_empty());
    lab.assert_peace();
}

#[test]
fn the_writer_gets_no_more_than_it_can_take() {
    let mut lab = Lab::new();
    lab.holds = true;
    let alice = lab.other_with(3_000, 1);
    lab.connect(ALICE);
    lab.serve(ALICE, &alice);
    assert_eq!(lab.submitted.len(), 2_048);
    while lab.height() < 3_000 {
        lab.write();
        lab.serve(ALICE, &alice);
    }
    assert_eq!(lab.submitted.len(), 3_000);
}

#[test]
fn answers_are_bounded_whatever_is_asked() {
    let mut lab = Lab::new();
    let alice = lab.other_with(2_100, 1);
    lab.node = alice;
    lab.connect(ALICE);
    let now = lab.moment();
    let genesis = lab.network.genesis_hash();
    let limits = *lab.node.sync.limits();
    let mut ask = |request: &Request| lab.node.sync.requested(now, ALICE, request, &lab.node.books).unwrap();
    let Response::Headers(headers) = ask(&Request::Headers { locator: vec![genesis] }) else {
        panic!()
    };
    assert_eq!(headers.len(), 2_000);
    let hashes = headers.iter().map(shared::block::Header::hash).take(128).collect();
    let Response::Blocks(blocks) = ask(&Request::Blocks { hashes }) else {
        panic!()
    };
    assert!(shared::codec::Encode::to_bytes(&Response::Blocks(blocks)).len() <= limits.blocks);
    let unknown = Request::Headers {
        locator: vec![shared::hash::Hash::ZERO],
    };
    assert_eq!(ask(&unknown), Response::Headers(Vec::new()));
}

#[test]
fn blocks_that_the_writer_forgot_are_fetched_again() {
    let mut lab = Lab::new();
    let alice = lab.other_with(3, 1);
    lab.connect(ALICE);
    for kind in ["status", "headers"] {
        let sent = lab.take(ALICE, kind);
        lab.answer(&sent, &alice);
    }
    // The clock is behind: the first is from the future, and the others wait for it in vain.
    lab.node.skew_ms = -20_000;
    lab.serve(ALICE, &alice);
    assert_eq!(lab.height(), 0);
    lab.node.skew_ms = 0;
    for _ in 0..30 {
        lab.wait(1_000);
        lab.serve(ALICE, &alice);
    }
    assert_eq!(lab.height(), 3);
    lab.assert_peace();
}

#[test]
fn a_branch_that_grew_out_of_a_block_that_was_undone_is_followed() {
    let mut lab = Lab::new();
    let mut alice = lab.other_with(1, 1);
    // It did not come by sync, so that nothing but the chain knows it.
    lab.node.submit(alice.books.block(1).unwrap(), lab.now_ms).unwrap();
    lab.connect(ALICE);
    lab.status(ALICE, |_| {});
    lab.grow(&mut alice, 1, 1);
    lab.gossip(ALICE, 1, Gossip::Header(alice.books.header(2).unwrap()));
    let bob = lab.other_with(3, 2);
    lab.connect(BOB);
    lab.serve(BOB, &bob);
    assert_eq!(lab.node.books.tip().hash(), bob.books.tip().hash());
    lab.grow(&mut alice, 2, 1);
    for height in 3..=4 {
        lab.gossip(ALICE, height, Gossip::Header(alice.books.header(height).unwrap()));
    }
    for _ in 0..5 {
        lab.serve(ALICE, &alice);
        lab.wait(1_000);
    }
    assert_eq!(lab.node.books.tip().hash(), alice.books.tip().hash());
    lab.assert_peace();
}

#[test]
fn a_branch_that_was_no_heavier_when_its_beginning_was_undone_is_followed() {
    let mut lab = Lab::new();
    let mut alice = lab.other_with(1, 1);
    // Nothing but the chain knows how the branch begins.
    lab.node.submit(alice.books.block(1).unwrap(), lab.now_ms).unwrap();
    lab.grow_own(1, 3);
    lab.connect(ALICE);
    lab.serve(ALICE, &alice);
    lab.grow(&mut alice, 1, 1);
    let beside = CompactBlock::of(&alice.books.block(2).unwrap());
    lab.gossip(ALICE, 1, Gossip::Block(beside));
    assert_eq!(lab.submitted, [alice.books.tip().hash()]);
    lab.wait(1_000);
    let bob = lab.other_with(3, 2);
    for height in 1..=3 {
        lab.node.submit(bob.books.block(height).unwrap(), lab.now_ms).unwrap();
    }
    assert_eq!(lab.node.books.tip().hash(), bob.books.tip().hash());
    lab.wait(10_000);
    lab.serve(ALICE, &alice);
    lab.grow(&mut alice, 2, 1);
    for _ in 0..15 {
        lab.wait(1_000);
        lab.serve(ALICE, &alice);
    }
    assert_eq!(lab.node.books.tip().hash(), alice.books.tip().hash());
    lab.assert_peace();
}

/// The first so many headers of a node's chain.
fn headers_of(node: &SimulatedNode, count: u64) -> Vec<Header> {
    (1..=count).map(|height| node.books.header(height).unwrap()).collect()
}

#[test]
fn a_plan_grows_with_the_headers_of_whoever_told_it() {
    let mut lab = Lab::new();
    let alice = lab.other_with(2_500, 1);
    lab.connect(ALICE);
    for kind in ["status", "headers"] {
        let sent = lab.take(ALICE, kind);
        lab.answer(&sent, &alice);
    }
    let planned_ms = lab.node.sync.planned_ms;
    lab.now_ms += 50;
    let sent = lab.take(ALICE, "headers");
    lab.answer(&sent, &alice);
    assert_eq!(lab.node.sync.planned_ms, planned_ms, "it was not made anew");
    assert_eq!(lab.node.sync.plan.as_ref().map(|plan| plan.path.len()), Some(2_500));
    let next = alice.books.header(2_001).unwrap().hash();
    let is_it = |sent: &Sent| matches!(&sent.request, Request::Blocks { hashes } if hashes.contains(&next));
    while !lab.sent.iter().any(is_it) {
        let sent = lab.take(ALICE, "blocks");
        lab.answer(&sent, &alice);
    }
    assert_eq!(lab.node.sync.planned_ms, planned_ms);
    lab.serve(ALICE, &alice);
    assert_eq!(lab.height(), 2_500);
}

#[test]
fn a_plan_grows_with_nothing_else() {
    let mut lab = Lab::new();
    lab.node.sync.limits.headers = 50;
    let alice = lab.other_with(150, 1);
    let headers = headers_of(&alice, 150);
    lab.connect(ALICE);
    lab.connect(BOB);
    assert!(!lab.node.sync.lengthen(ALICE, &headers[..50]), "there is no plan");
    for kind in ["status", "headers"] {
        let sent = lab.take(ALICE, kind);
        lab.answer(&sent, &alice);
    }
    let sync = &mut lab.node.sync;
    assert!(!sync.lengthen(BOB, &headers[50..]), "it has not shown what is planned");
    assert!(!sync.lengthen(ALICE, &headers[40..]), "they do not follow");
    assert!(!sync.lengthen(ALICE, &[]));
    assert!(sync.lengthen(ALICE, &headers[50..]));

    // Headers that another has told already are no longer path.
    let mut lab = Lab::new();
    lab.node.sync.limits.headers = 50;
    lab.connect(ALICE);
    lab.connect(BOB);
    for (key, kind) in [(ALICE, "status"), (BOB, "status"), (ALICE, "headers"), (BOB, "headers")] {
        let sent = lab.take(key, kind);
        lab.answer(&sent, &alice);
    }
    let [first, second] = [ALICE, BOB].map(|key| lab.take(key, "headers"));
    lab.answer(&first, &alice);
    let planned_ms = lab.node.sync.planned_ms;
    lab.now_ms += 50;
    lab.answer(&second, &alice);
    assert_eq!(lab.node.sync.planned_ms, planned_ms + 50);
    assert_eq!(lab.node.sync.plan.as_ref().map(|plan| plan.path.len()), Some(100));
}

#[test]
fn blocks_go_to_the_writer_in_groups_bounded_by_number() {
    let mut lab = Lab::new();
    lab.holds = true;
    let alice = lab.other_with(1_300, 1);
    let peers: Vec<PeerKey> = (1..=4).map(PeerKey).collect();
    lab.tell_headers(&peers, &alice);
    let first = alice.books.header(1).unwrap().hash();
    let is_first = |sent: &Sent| matches!(&sent.request, Request::Blocks { hashes } if hashes.contains(&first));
    while let Some(sent) = lab.sent.iter().find(|sent| !is_first(sent)).cloned() {
        lab.answer(&sent, &alice);
    }
    assert!(lab.groups.is_empty(), "all wait for the first");
    let sent = lab.sent[0].clone();
    lab.answer(&sent, &alice);
    assert_eq!(lab.groups, [512, 512, 276]);
}

#[test]
fn blocks_go_to_the_writer_in_groups_bounded_by_bytes() {
    let mut lab = Lab::new();
    lab.holds = true;
    let alice = lab.other_with(20, 1);
    lab.connect(ALICE);
    for kind in ["status", "headers"] {
        let sent = lab.take(ALICE, kind);
        lab.answer(&sent, &alice);
    }
    // It is the writer who sees that they are not what the headers stand for.
    let long = vec![lab.transfer(0, 0); 1_000];
    let blocks: Vec<Block> = (1..=20)
        .map(|height| Block {
            transfers: long.clone(),
            ..alice.books.block(height).unwrap()
        })
        .collect();
    let each = (1_usize << 20).div_ceil(blocks[0].encoded_len());
    let sent = lab.take(ALICE, "blocks");
    lab.respond(&sent, Response::Blocks(blocks));
    assert_eq!(lab.groups, [each, each, 20 - 2 * each]);
}

#[test]
fn who_has_shown_least_is_asked_for_headers_before_others() {
    let mut lab = Lab::new();
    let alice = lab.other_with(6_000, 1);
    let bob = PeerKey(0);
    for key in [bob, ALICE] {
        lab.connect(key);
        let status = lab.take(key, "status");
        lab.answer(&status, &alice);
    }
    let asked = |lab: &Lab| {
        let headers = lab.sent.iter().filter(|sent| sent.request.kind() == "headers");
        headers.map(|sent| sent.peer).collect::<Vec<_>>()
    };
    let answer = |lab: &mut Lab, key| {
        let sent = lab.take(key, "headers");
        lab.answer(&sent, &alice);
    };
    assert_eq!(asked(&lab), [bob, ALICE], "nothing is known yet");
    answer(&mut lab, bob);
    answer(&mut lab, ALICE);
    assert_eq!(asked(&lab), [bob], "one at a time");
    answer(&mut lab, bob);
    assert_eq!(asked(&lab), [ALICE], "it has shown less now");
    // Others have told what is planned: it goes on from there.
    answer(&mut lab, ALICE);
    assert_eq!(lab.node.sync.plan.as_ref().map(|plan| plan.path.len()), Some(6_000));
    assert!(asked(&lab).is_empty(), "all was told to whose end the plan leads");
    lab.wait(1_000);
    let plan = lab.node.sync.plan.as_ref().unwrap();
    assert!(plan.reach.values().all(|reach| *reach == 6_000), "{:?}", plan.reach);
    lab.assert_peace();
}

#[test]
fn who_takes_long_to_tell_its_headers_does_not_keep_others_from_it() {
    let mut lab = Lab::new();
    let alice = lab.other_with(6_000, 1);
    lab.connect(ALICE);
    lab.connect(BOB);
    for (key, kind) in [(ALICE, "status"), (BOB, "status"), (ALICE, "headers"), (BOB, "headers")] {
        let sent = lab.take(key, kind);
        lab.answer(&sent, &alice);
    }
    assert!(lab.find(ALICE, "headers").is_some() && lab.find(BOB, "headers").is_none());
    lab.wait(2_000);
    assert!(lab.find(BOB, "headers").is_some());
}

/// Peers answer as honest ones do, but those in `silent` send no blocks; who is sent away comes again at once.
fn pass_second(lab: &mut Lab, silent: &[PeerKey], alice: &SimulatedNode) {
    let is_kept_back = |sent: &Sent| sent.request.kind() == "blocks" && silent.contains(&sent.peer);
    while let Some(sent) = lab.sent.iter().find(|sent| !is_kept_back(sent)).cloned() {
        lab.answer(&sent, alice);
    }
    for peer in std::mem::take(&mut lab.disconnected) {
        lab.disconnect(peer);
        lab.connect(peer);
    }
    lab.wait(1_000);
}

#[test]
fn many_who_send_no_blocks_keep_nobody_from_getting_them() {
    let mut lab = Lab::new();
    let alice = lab.other_with(4_000, 1);
    let silent: Vec<PeerKey> = (0..40).map(PeerKey).collect();
    let honest = PeerKey(u64::MAX);
    for peer in &silent {
        lab.connect(*peer);
    }
    lab.connect(honest);
    let begin = lab.now_ms;
    while lab.height() < 4_000 {
        pass_second(&mut lab, &silent, &alice);
        assert!(lab.now_ms < begin + 90_000, "it has come to {} only", lab.height());
    }
    // By now it is known who sends, and few of the others are tried.
    let mut alice = alice;
    lab.grow(&mut alice, 4_000, 1);
    let begin = lab.now_ms;
    while lab.height() < 8_000 {
        pass_second(&mut lab, &silent, &alice);
        assert!(lab.now_ms < begin + 60_000, "it has come to {} only", lab.height());
    }
    lab.wait(1);
    assert!(lab.codes(honest).is_empty());
}

#[test]
fn few_are_tried_while_one_sends() {
    let mut lab = Lab::new();
    let alice = lab.other_with(3_000, 1);
    lab.tell_headers(&[ALICE], &alice);
    let sent = lab.take(ALICE, "blocks");
    lab.answer(&sent, &alice);
    let others: Vec<PeerKey> = (10..30).map(PeerKey).collect();
    lab.tell_headers(&others, &alice);
    let sent = lab.take(ALICE, "blocks");
    lab.answer(&sent, &alice);
    let asked = lab.sent.iter().filter(|sent| sent.request.kind() == "blocks");
    let (of_alice, of_others): (Vec<PeerKey>, Vec<PeerKey>) =
        asked.map(|sent| sent.peer).partition(|peer| *peer == ALICE);
    assert_eq!((of_alice.len(), of_others.len()), (3, 4));
}

#[test]
fn only_blocks_make_good_for_blocks() {
    let mut lab = Lab::new();
    let alice = lab.other_with(100, 1);
    lab.connect(ALICE);
    let begin = lab.now_ms;
    while lab.disconnected.is_empty() {
        assert!(lab.now_ms < begin + 300_000, "it is never sent away");
        let is_other = |sent: &&Sent| sent.request.kind() != "blocks";
        while let Some(sent) = lab.sent.iter().find(is_other).cloned() {
            lab.answer(&sent, &alice);
        }
        lab.wait(1_000);
    }
    lab.disconnect(ALICE);
    lab.connect(ALICE);
    let stalls = |lab: &Lab| lab.node.sync.peers[&ALICE].stalls.count();
    assert_eq!(stalls(&lab), 4, "to come again does not make good for it");
    lab.serve(ALICE, &alice);
    assert_eq!((lab.height(), stalls(&lab)), (100, 0));
}

#[test]
fn who_has_not_sent_blocks_is_asked_for_one_batch_at_a_time() {
    let mut lab = Lab::new();
    let alice = lab.other_with(2_000, 1);
    lab.tell_headers(&[ALICE], &alice);
    let asked = |lab: &Lab| lab.sent.iter().filter(|sent| sent.request.kind() == "blocks").count();
    let mut counts = vec![asked(&lab)];
    for _ in 0..3 {
        let sent = lab.take(ALICE, "blocks");
        lab.answer(&sent, &alice);
        counts.push(asked(&lab));
    }
    assert_eq!(counts, [1, 2, 3, 3]);
    // Nor is much asked of who takes its time.
    lab.now_ms += 2_000;
    let sent = lab.take(ALICE, "blocks");
    lab.answer(&sent, &alice);
    assert!(lab.node.sync.peers[&ALICE].is_on_trial());
    assert_eq!(asked(&lab), 2, "no more than it has already");
}

#[test]
fn a_plan_that_was_made_anew_goes_on_where_the_writer_is() {
    let mut lab = Lab::new();
    lab.holds = true;
    let alice = lab.other_with(1_500, 1);
    lab.connect(ALICE);
    for kind in ["status", "headers", "blocks"] {
        let sent = lab.take(ALICE, kind);
        lab.answer(&sent, &alice);
    }
    assert_eq!(lab.groups, [128], "the writer has work");
    lab.node.sync.is_plan_old = true;
    while lab.groups.len() < 2 {
        let sent = lab.take(ALICE, "blocks");
        lab.answer(&sent, &alice);
    }
    assert_eq!(
        lab.groups,
        [128, 512],
        "a full group is handed over while more is on its way"
    );
    assert!(lab.find(ALICE, "blocks").is_some());
}
