//! What happens as time passes.

use super::lab::{ALICE, Lab};
use crate::sync::{Failure, Gossip, Token, VERDICT_MS, Verdict};

#[test]
fn the_status_is_asked_for_at_once_and_every_ten_seconds() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    lab.status(ALICE, |_| {});
    lab.wait(9_000);
    assert!(lab.find(ALICE, "status").is_none());
    lab.wait(1_000);
    assert!(lab.find(ALICE, "status").is_some());
}

#[test]
fn the_mempool_is_asked_for_at_once_and_soon_again_and_every_minute() {
    let mut lab = Lab::new();
    let other = lab.other();
    lab.connect(ALICE);
    lab.serve(ALICE, &other);
    let asked = |lab: &mut Lab, seconds: u64| {
        let mut count = 0;
        for _ in 0..seconds {
            lab.wait(1_000);
            count += lab.sent.iter().filter(|sent| sent.request.kind() == "mempool").count();
            lab.serve(ALICE, &lab.other());
        }
        count
    };
    assert_eq!(asked(&mut lab, 4), 0);
    assert_eq!(asked(&mut lab, 2), 1);
    assert_eq!(asked(&mut lab, 58), 0);
    assert_eq!(asked(&mut lab, 2), 1);
}

#[test]
fn a_peer_that_did_not_answer_is_left_alone_longer_each_time() {
    let mut lab = Lab::new();
    let alice = lab.other_with(10, 1);
    lab.connect(ALICE);
    let status = lab.take(ALICE, "status");
    lab.answer(&status, &alice);
    let mut pauses = Vec::new();
    // What it says of itself it answers, else it would be left for good.
    for _ in 0..3 {
        let sent = lab.take(ALICE, "headers");
        let now = lab.moment();
        lab.sent.retain(|other| other.id != sent.id);
        lab.node
            .sync
            .failed(now, ALICE, sent.id, Failure::Timeout, &lab.node.books);
        let begin = lab.now_ms;
        while lab.find(ALICE, "headers").is_none() {
            assert!(lab.now_ms < begin + 600_000, "it is never asked again");
            lab.wait(1_000);
            if let Some(status) = lab.find(ALICE, "status") {
                lab.answer(&status, &alice);
            }
        }
        pauses.push(lab.now_ms - begin);
    }
    assert!(pauses.is_sorted_by(|a, b| a < b), "{pauses:?}");
}

#[test]
fn news_without_a_block_is_given_up() {
    let mut lab = Lab::new();
    let alice = lab.other_with(1, 1);
    lab.connect(ALICE);
    let header = crate::sync::Ledger::header(&alice.books, 1).unwrap();
    lab.gossip(ALICE, 1, Gossip::Header(header));
    lab.wait(VERDICT_MS - 1_000);
    assert!(lab.verdicts.is_empty());
    lab.wait(1_000);
    assert_eq!(lab.verdicts, [(Token(1), Verdict::Ignore)]);
}

#[test]
fn offences_are_forgotten_with_time() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    let sent = lab.take(ALICE, "status");
    let now = lab.moment();
    let failure = Failure::Oversized { bytes: 2, limit: 1 };
    lab.node.sync.failed(now, ALICE, sent.id, failure, &lab.node.books);
    let score = |lab: &Lab| lab.node.sync.peers().next().map(|peer| peer.score);
    lab.wait(1);
    assert_eq!(score(&lab), Some(50));
    lab.wait(60_000);
    assert_eq!(score(&lab), Some(40));
    lab.wait(600_000);
    assert_eq!(score(&lab), Some(0));
}
