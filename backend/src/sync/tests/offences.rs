//! Each offence is seen, named and paid for; and what can happen honestly is none.

use ruint::aliases::U256;
use shared::{
    block::{Block, Header, transactions_root},
    hash::Hash,
    params::Difficulty,
    rules::HeaderChain,
};

use super::lab::{ALICE, BOB, EASY, Lab, Sent, next_header, work};
use crate::{
    chain::Placed,
    simulate::node::secret,
    sync::{
        BAN_SCORE, BlockOutcome, CompactBlock, Failure, Gossip, Ledger as _, Offence, Request, Response, VERSION,
        Verdict,
        headers::{MAX_DEAD, Stage},
    },
};

#[test]
fn another_chain() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    lab.status(ALICE, |status| status.genesis = Hash::ZERO);
    assert_eq!(lab.codes(ALICE), ["other-chain"]);
    let now = lab.moment().clock_ms;
    assert_eq!(lab.banned, [(ALICE, now + 3_600_000)]);
}

#[test]
fn an_old_version() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    lab.status(ALICE, |status| status.version = VERSION - 1);
    assert_eq!(lab.codes(ALICE), ["old-version"]);
    assert_eq!(lab.banned.len(), 1);
}

#[test]
fn an_answer_of_another_kind() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    let sent = lab.take(ALICE, "status");
    lab.respond(&sent, Response::Mempool(Vec::new()));
    assert_eq!(lab.codes(ALICE), ["malformed"]);
}

#[test]
fn bytes_that_are_no_message_or_too_many() {
    for (failure, code) in [
        (Failure::Malformed { reason: "x".to_owned() }, "malformed"),
        (Failure::Oversized { bytes: 2, limit: 1 }, "oversized"),
    ] {
        let mut lab = Lab::new();
        lab.connect(ALICE);
        let sent = lab.take(ALICE, "status");
        let now = lab.moment();
        lab.node.sync.failed(now, ALICE, sent.id, failure, &lab.node.books);
        lab.wait(1);
        assert_eq!(lab.codes(ALICE), [code]);
        assert!(lab.banned.is_empty(), "once is not enough");
        let now = lab.moment();
        let offence = Offence::Malformed { reason: "y".to_owned() };
        lab.node.sync.offended(now, ALICE, offence);
        lab.wait(1);
        assert_eq!(lab.banned.len(), 1);
    }
}

#[test]
fn headers_that_follow_nothing_that_was_asked_for() {
    let mut lab = Lab::new();
    let alice = lab.other_with(5, 1);
    lab.connect(ALICE);
    let status = lab.take(ALICE, "status");
    lab.answer(&status, &alice);
    let sent = lab.take(ALICE, "headers");
    let headers = (3..=5).map(|height| alice.books.header(height).unwrap()).collect();
    lab.respond(&sent, Response::Headers(headers));
    assert_eq!(lab.codes(ALICE), ["malformed"]);
}

#[test]
fn a_header_that_breaks_a_rule() {
    let mut lab = Lab::new();
    let alice = lab.other_with(5, 1);
    lab.connect(ALICE);
    let status = lab.take(ALICE, "status");
    lab.answer(&status, &alice);
    let sent = lab.take(ALICE, "headers");
    let mut headers: Vec<_> = (1..=5).map(|height| alice.books.header(height).unwrap()).collect();
    headers[2].history_root = Hash::ZERO;
    headers[2] = work(headers[2]);
    lab.respond(&sent, Response::Headers(headers));
    assert_eq!(
        lab.offences,
        [(
            ALICE,
            Offence::InvalidHeader {
                rule: "history-root-wrong"
            }
        )]
    );
    assert_eq!(lab.banned.len(), 1);
}

#[test]
fn a_header_from_the_future_is_no_offence() {
    let mut lab = Lab::new();
    let genesis = HeaderChain::genesis(&lab.network);
    let late = lab.moment().clock_ms + lab.network.parameters().max_future_ms + 5_000;
    let header = next_header(&lab.network, &genesis, late);
    lab.connect(ALICE);
    lab.status(ALICE, |status| {
        status.height = 1;
        status.tip = header.hash();
        status.work *= U256::from(2);
    });
    let sent = lab.take(ALICE, "headers");
    lab.respond(&sent, Response::Headers(vec![header]));
    lab.assert_peace();
    assert!(lab.find(ALICE, "headers").is_none(), "not at once");
    lab.wait(10_000);
    assert!(lab.find(ALICE, "headers").is_some(), "clocks move on");
}

/// A block at the end of alice's chain that breaks a rule, with a header that holds by itself.
fn spoil(lab: &Lab, alice: &mut crate::simulate::node::SimulatedNode) -> Block {
    let found = alice.mine(secret(99).public_key(), 7, lab.now_ms).unwrap();
    let mut block = found.block.to_block();
    block.header.state_root = Hash::ZERO;
    block.header = work(block.header);
    block
}

#[test]
fn a_block_that_breaks_a_rule() {
    let mut lab = Lab::new();
    let mut alice = lab.other_with(3, 1);
    let bad = spoil(&lab, &mut alice);
    lab.connect(ALICE);
    lab.status(ALICE, |status| {
        status.height = 4;
        status.tip = bad.header.hash();
        status.work = alice.books.tip().work() / U256::from(4) * U256::from(5);
    });
    let sent = lab.take(ALICE, "headers");
    let mut headers: Vec<_> = (1..=3).map(|height| alice.books.header(height).unwrap()).collect();
    headers.push(bad.header);
    lab.respond(&sent, Response::Headers(headers));
    let sent = lab.take(ALICE, "blocks");
    let mut blocks: Vec<_> = (1..=3).map(|height| alice.books.block(height).unwrap()).collect();
    blocks.push(bad.clone());
    lab.respond(&sent, Response::Blocks(blocks));
    assert_eq!(lab.height(), 3, "what is good of it is taken");
    let offence = Offence::InvalidBlock {
        rule: "state-root-wrong",
    };
    assert_eq!(lab.offences, [(ALICE, offence)]);
    assert_eq!(lab.banned.len(), 1);

    // Whoever builds on it is no better.
    let chain = alice.books.tip().accept(&lab.network, &bad.header, u64::MAX).unwrap();
    let next = next_header(&lab.network, &chain, bad.header.timestamp + 1);
    lab.connect(BOB);
    lab.gossip(BOB, 1, Gossip::Header(next));
    assert_eq!(lab.codes(BOB), ["invalid-block"]);
    assert_eq!(lab.verdicts.last().unwrap().1, Verdict::Reject);
}

#[test]
fn a_body_that_was_exchanged_is_blamed_on_its_sender_and_fetched_from_another() {
    let mut lab = Lab::new();
    let alice = lab.other_with(3, 1);
    lab.connect(ALICE);
    for kind in ["status", "headers"] {
        let sent = lab.take(ALICE, kind);
        lab.answer(&sent, &alice);
    }
    let sent = lab.take(ALICE, "blocks");
    let mut blocks: Vec<_> = (1..=3).map(|height| alice.books.block(height).unwrap()).collect();
    blocks[1].reward.recipient = secret(1).public_key();
    lab.respond(&sent, Response::Blocks(blocks));
    assert_eq!(lab.codes(ALICE), ["invalid-block"]);
    lab.connect(BOB);
    lab.serve(BOB, &alice);
    assert_eq!(lab.height(), 3);
    assert!(lab.codes(BOB).is_empty());
}

#[test]
fn a_transfer_that_breaks_a_rule() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    let mut bad = lab.transfer(0, 0);
    bad.signature = lab.transfer(0, 1).signature;
    lab.gossip(ALICE, 1, Gossip::Transfer(bad));
    let offence = Offence::InvalidTransfer {
        rule: "signature-invalid",
    };
    assert_eq!(lab.offences, [(ALICE, offence)]);
    assert_eq!(lab.verdicts, [(crate::sync::Token(1), Verdict::Reject)]);
    assert!(lab.banned.is_empty());
    for nonce in 1..4 {
        let mut bad = lab.transfer(0, nonce);
        bad.signature = lab.transfer(0, nonce + 10).signature;
        lab.gossip(ALICE, 1 + nonce, Gossip::Transfer(bad));
    }
    assert_eq!(lab.banned.len(), 1, "four are too many");
}

#[test]
fn who_is_banned_is_banned_once() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    let offend = |lab: &mut Lab| {
        let now = lab.moment();
        let reason = "x".to_owned();
        lab.node.sync.offended(now, ALICE, Offence::Malformed { reason });
        lab.wait(1);
    };
    for _ in 0..5 {
        offend(&mut lab);
    }
    // What it sent before is judged when it has gone.
    lab.disconnect(ALICE);
    for _ in 0..5 {
        offend(&mut lab);
    }
    assert_eq!((lab.banned.len(), lab.offences.len()), (1, 2));
}

#[test]
fn a_transfer_that_the_mempool_does_not_want_is_no_offence() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    // Nobody has as much as that many nonces ahead.
    let far = lab.transfer(0, 1_000);
    lab.gossip(ALICE, 1, Gossip::Transfer(far));
    assert_eq!(lab.verdicts, [(crate::sync::Token(1), Verdict::Ignore)]);
    lab.assert_peace();
}

#[test]
fn transfers_that_are_never_wanted_are_soon_not_even_verified() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    let ahead = 1_000;
    for nonce in 0..2_000 {
        let far = lab.transfer(0, ahead + nonce);
        lab.gossip(ALICE, nonce, Gossip::Transfer(far));
    }
    let mut bad = lab.transfer(0, 0);
    bad.signature = lab.transfer(0, 1).signature;
    lab.gossip(ALICE, 5_000, Gossip::Transfer(bad));
    // It was not looked at, or it would have been an offence.
    lab.assert_peace();
    lab.wait(1_000);
    lab.gossip(ALICE, 5_001, Gossip::Transfer(lab.transfer(1, 0)));
    assert_eq!(lab.verdicts.last().unwrap().1, Verdict::Accept);
}

#[test]
fn many_headers_with_little_work() {
    // Difficulty follows time: the node's own chain is far ahead of the schedule and heavy, the other keeps to it.
    let mut lab = Lab::of(Difficulty::Asert {
        bits: 0x2100_ffff,
        half_life_ms: 10_000,
    });
    lab.grow_own(180, 1);
    lab.now_ms = 100_000_000;
    let own_work = lab.node.books.tip().work();
    lab.connect(ALICE);
    lab.status(ALICE, |status| {
        status.height = 1_000_000;
        status.tip = Hash::ZERO;
        status.work = own_work * U256::from(10);
    });
    let mut chain = HeaderChain::genesis(&lab.network);
    let interval = lab.network.parameters().interval_ms;
    for _ in 0..3 {
        let Some(sent) = lab.find(ALICE, "headers") else { break };
        let mut headers = Vec::new();
        for _ in 0..2_000 {
            let header = next_header(&lab.network, &chain, chain.header().timestamp + interval);
            chain = chain.accept(&lab.network, &header, u64::MAX).unwrap();
            headers.push(header);
        }
        lab.respond(&sent, Response::Headers(headers));
    }
    assert!(chain.work() < own_work, "the test's premise");
    assert_eq!(lab.codes(ALICE), ["low-work"]);
    assert!(lab.submitted.is_empty() && lab.find(ALICE, "blocks").is_none());
}

#[test]
fn a_claim_of_work_that_the_headers_do_not_bear_out() {
    let mut lab = Lab::new();
    let alice = lab.other_with(5, 1);
    lab.connect(ALICE);
    lab.status(ALICE, |status| {
        status.height = 500;
        status.tip = Hash::ZERO;
        status.work = U256::from(1_000_000_u64);
    });
    let sent = lab.take(ALICE, "headers");
    lab.answer(&sent, &alice);
    assert_eq!(lab.codes(ALICE), ["false-claim"]);
}

#[test]
fn a_claim_of_work_with_no_headers_at_all() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    lab.status(ALICE, |status| {
        status.height = 500;
        status.tip = Hash::ZERO;
        status.work = U256::from(1_000_000_u64);
    });
    let sent = lab.take(ALICE, "headers");
    lab.respond(&sent, Response::Headers(Vec::new()));
    assert_eq!(lab.codes(ALICE), ["false-claim"]);
}

#[test]
fn a_wrong_height_of_a_known_block() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    lab.status(ALICE, |status| status.height = 9);
    assert_eq!(lab.codes(ALICE), ["false-claim"]);
}

#[test]
fn a_block_that_was_not_asked_for() {
    let mut lab = Lab::new();
    let alice = lab.other_with(3, 1);
    let other = lab.other_with(3, 2);
    lab.connect(ALICE);
    for kind in ["status", "headers"] {
        let sent = lab.take(ALICE, kind);
        lab.answer(&sent, &alice);
    }
    let sent = lab.take(ALICE, "blocks");
    lab.respond(&sent, Response::Blocks(vec![other.books.block(1).unwrap()]));
    assert_eq!(lab.codes(ALICE), ["unrequested"]);
    lab.serve(ALICE, &alice);
    assert_eq!(lab.height(), 3);
}

#[test]
fn a_transfer_that_was_not_asked_for() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    lab.status(ALICE, |_| {});
    let sent = lab.take(ALICE, "mempool");
    lab.respond(&sent, Response::Mempool(vec![lab.transfer(0, 0).id()]));
    let sent = lab.take(ALICE, "transfers");
    lab.respond(&sent, Response::Transfers(vec![lab.transfer(1, 0)]));
    assert_eq!(lab.codes(ALICE), ["unrequested"]);
    assert!(lab.node.books.mempool.is_empty());
}

#[test]
fn more_requests_than_any_node_makes() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    let mut served = 0;
    for second in 0..8 {
        lab.wait(1_000);
        let now = lab.moment();
        for _ in 0..10_000 {
            let response = lab.node.sync.requested(now, ALICE, &Request::Mempool, &lab.node.books);
            served += usize::from(response.is_some());
        }
        lab.wait(1);
        assert!(lab.codes(ALICE).len() <= second + 1, "once in a second");
    }
    assert!(served < 200, "{served}");
    assert_eq!(lab.codes(ALICE)[0], "too-many-requests");
    assert_eq!(lab.banned.len(), 1);
    lab.connect(BOB);
    let now = lab.moment();
    assert_eq!(
        lab.node.sync.requested(now, BOB, &Request::Mempool, &lab.node.books),
        Some(Response::Mempool(Vec::new()))
    );
}

#[test]
fn silence_costs_the_connection_but_is_never_a_ban() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    lab.wait(200_000);
    assert!(lab.codes(ALICE).iter().all(|code| *code == "stalled"));
    assert_eq!(lab.disconnected.first(), Some(&ALICE));
    assert!(lab.banned.is_empty());
    let state = lab.node.sync.peers().next().unwrap();
    assert_eq!(state.score, 0);
}

#[test]
fn an_answer_that_comes_too_late_is_no_offence() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    let sent = lab.take(ALICE, "status");
    lab.wait(15_000);
    let before = lab.offences.len();
    lab.answer(&sent, &lab.other());
    assert_eq!(lab.offences.len(), before);
}

#[test]
fn news_of_a_block_without_its_work() {
    let mut lab = Lab::of(Difficulty::Fixed { bits: 0x2000_ffff });
    let mut alice = lab.other();
    lab.grow(&mut alice, 1, 1);
    let mut block = CompactBlock::of(&alice.books.block(1).unwrap());
    block.header.nonce = (0..)
        .find(|nonce| {
            let header = shared::block::Header {
                nonce: *nonce,
                ..block.header
            };
            shared::rules::verify_work(&header).is_err()
        })
        .unwrap();
    lab.connect(ALICE);
    lab.gossip(ALICE, 1, Gossip::Block(block));
    assert_eq!(
        lab.offences,
        [(
            ALICE,
            Offence::InvalidHeader {
                rule: "work-insufficient"
            }
        )]
    );
    assert_eq!(lab.verdicts[0].1, Verdict::Reject);
}

#[test]
fn every_offence_has_its_own_code_and_only_a_stall_costs_nothing() {
    let rule = "x";
    let reason = String::new();
    let all = [
        Offence::Malformed { reason },
        Offence::Oversized { bytes: 2, limit: 1 },
        Offence::OtherChain,
        Offence::OldVersion { found: 0 },
        Offence::InvalidHeader { rule },
        Offence::InvalidBlock { rule },
        Offence::InvalidTransfer { rule },
        Offence::LowWork,
        Offence::FalseClaim,
        Offence::InvalidProof { reason: String::new() },
        Offence::Unrequested { what: "x" },
        Offence::TooManyRequests,
        Offence::Stalled,
    ];
    let codes: std::collections::BTreeSet<_> = all.iter().map(Offence::code).collect();
    assert_eq!(codes.len(), all.len());
    for offence in &all {
        assert_eq!(offence.weight() == 0, *offence == Offence::Stalled);
        assert!(offence.weight() <= BAN_SCORE);
    }
    let _ = EASY;
}

/// Alice tells of three good blocks, one that breaks a rule, and so many that follow it; none of their bodies is sent yet.
fn tell_of_bad(lab: &mut Lab, count: u64) -> (Vec<Header>, Vec<Block>) {
    let mut alice = lab.other_with(3, 1);
    let bad = spoil(lab, &mut alice);
    let mut blocks: Vec<Block> = (1..=3).map(|height| alice.books.block(height).unwrap()).collect();
    let mut chain = alice.books.tip().accept(&lab.network, &bad.header, u64::MAX).unwrap();
    blocks.push(bad);
    for _ in 0..count {
        let header = next_header(&lab.network, &chain, chain.header().timestamp + 1);
        let last = blocks.last().unwrap();
        let mut block = Block { header, ..last.clone() };
        block.header.transactions_root = transactions_root(&block.transaction_ids());
        block.header = work(block.header);
        chain = chain.accept(&lab.network, &block.header, u64::MAX).unwrap();
        blocks.push(block);
    }
    let headers: Vec<Header> = blocks.iter().map(|block| block.header).collect();
    lab.connect(ALICE);
    // As though it had sent blocks before.
    lab.node.sync.note_delivery(ALICE);
    lab.status(ALICE, |status| {
        status.height = chain.height();
        status.tip = chain.hash();
        status.work = chain.work();
    });
    for some in headers.chunks(lab.node.sync.limits().headers) {
        let sent = lab.take(ALICE, "headers");
        lab.respond(&sent, Response::Headers(some.to_vec()));
    }
    (headers, blocks)
}

/// Answers the request for blocks that begins with this one.
fn send_from(lab: &mut Lab, first: &Block, blocks: &[Block]) {
    let is_it = |sent: &&Sent| matches!(&sent.request, Request::Blocks { hashes } if hashes[0] == first.header.hash());
    let sent = lab.sent.iter().find(is_it).cloned().unwrap();
    let Request::Blocks { hashes } = &sent.request else {
        unreachable!()
    };
    let asked = blocks.iter().filter(|block| hashes.contains(&block.header.hash()));
    let response = Response::Blocks(asked.cloned().collect());
    lab.respond(&sent, response);
}

#[test]
fn what_follows_a_bad_block_stays_refused_whatever_becomes_of_its_body() {
    let mut lab = Lab::new();
    let (headers, blocks) = tell_of_bad(&mut lab, 300);
    // Some bodies wait, as those before them are missing; others are with the writer as orphans.
    send_from(&mut lab, &blocks[128], &blocks);
    send_from(&mut lab, &blocks[0], &blocks);
    assert_eq!(lab.height(), 3);
    assert_eq!(lab.banned.len(), 1);
    lab.wait(10_000);
    for header in &headers[3..] {
        let stage = lab.node.sync.headers.stage(&header.hash());
        assert_eq!(stage, Some(Stage::Dead), "height {}", header.height);
    }
}

#[test]
fn a_status_that_names_a_refused_block() {
    let mut lab = Lab::new();
    let (headers, blocks) = tell_of_bad(&mut lab, 20);
    let node = lab.node.sync.headers.get(&headers[10].hash()).unwrap();
    let (height, tip, work) = (node.header.height, headers[10].hash(), node.work);
    send_from(&mut lab, &blocks[0], &blocks);
    lab.connect(BOB);
    lab.status(BOB, |status| {
        status.height = height;
        status.tip = tip;
        status.work = work;
    });
    assert_eq!(lab.codes(BOB), ["invalid-block"]);
    assert!(lab.find(BOB, "headers").is_none() && lab.find(BOB, "blocks").is_none());
}

#[test]
fn refused_headers_take_no_room_for_long() {
    let mut lab = Lab::new();
    let (headers, blocks) = tell_of_bad(&mut lab, 3_000);
    send_from(&mut lab, &blocks[0], &blocks);
    assert_eq!(lab.height(), 3);
    lab.wait(2_000);
    let held = lab.node.sync.held().headers;
    assert!(held <= MAX_DEAD + 3, "{held}");
    // It is remembered that they are refused, down from the first.
    assert_eq!(lab.node.sync.headers.stage(&headers[3].hash()), Some(Stage::Dead));
    lab.connect(BOB);
    lab.gossip(BOB, 1, Gossip::Header(headers[3]));
    assert_eq!(lab.codes(BOB), ["invalid-block"]);
}

#[test]
fn who_asks_for_long_blocks_pays_for_their_bytes() {
    let mut lab = Lab::new();
    let mut alice = lab.other();
    for nonce in 0..50 {
        alice.take(lab.transfer(0, nonce), lab.now_ms).unwrap();
    }
    lab.grow(&mut alice, 1, 1);
    let (short, long) = (lab.other_with(1, 2), alice);
    let answered = |lab: &mut Lab, key| {
        lab.connect(key);
        let now = lab.moment();
        let hashes = vec![lab.node.books.tip().hash(); 4];
        let request = Request::Blocks { hashes };
        let is_answered = |_: &u32| {
            let response = lab.node.sync.requested(now, key, &request, &lab.node.books);
            response.is_some()
        };
        (0..10_000).take_while(is_answered).count()
    };
    lab.node = short;
    let cheap = answered(&mut lab, ALICE);
    lab.node = long;
    let dear = answered(&mut lab, BOB);
    assert!(dear < cheap && cheap > 2_000, "{dear} {cheap}");
}

#[test]
fn blocks_of_which_all_is_said_at_once() {
    let mut lab = Lab::new();
    lab.holds = true;
    let (headers, blocks) = tell_of_bad(&mut lab, 2);
    send_from(&mut lab, &blocks[0], &blocks);
    assert_eq!(lab.submitted.len(), 6);
    let outcomes = lab.write_together();
    let is_mixed = matches!(outcomes[0], BlockOutcome::Placed(Placed::Connected))
        && matches!(outcomes[3], BlockOutcome::Refused(_))
        && matches!(outcomes[5], BlockOutcome::Placed(Placed::Orphan));
    assert!(is_mixed, "the test's premise: {outcomes:?}");
    let offence = Offence::InvalidBlock {
        rule: "state-root-wrong",
    };
    assert_eq!(lab.offences, [(ALICE, offence)]);
    assert_eq!(lab.node.books.tip().hash(), headers[2].hash());
    for header in &headers[3..] {
        assert_eq!(lab.node.sync.headers.stage(&header.hash()), Some(Stage::Dead));
    }
    lab.wait(10_000);
    assert_eq!(lab.submitted.len(), 6, "none is tried again");
    assert_eq!(lab.node.sync.held().block_bytes, 0);
}
