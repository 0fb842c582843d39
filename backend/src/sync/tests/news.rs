//! News of blocks and transfers: put together from what is pending, judged, and passed on once.

use shared::{amount::Amount, codec::Encode as _, hash::Hash, transaction::Transfer};

use super::lab::{ALICE, BOB, Lab};
use crate::{
    simulate::node::secret,
    sync::{CompactBlock, Gossip, Ledger as _, Request, Response, Token, VERDICT_MS, Verdict, short_id},
};

/// Alice mines a block of so many transfers, of which the node under test has the first few.
fn with_block(count: u64, known: u64) -> (Lab, crate::simulate::node::SimulatedNode, CompactBlock) {
    let mut lab = Lab::new();
    let mut alice = lab.other();
    for nonce in 0..count {
        alice.take(lab.transfer(0, nonce), lab.now_ms).unwrap();
    }
    for nonce in 0..known {
        let transfer = lab.transfer(0, nonce);
        lab.node.take(transfer, lab.now_ms).unwrap();
    }
    lab.grow(&mut alice, 1, 1);
    let block = CompactBlock::of(&alice.books.block(1).unwrap());
    assert_eq!(block.transfers.len() as u64, count);
    lab.connect(ALICE);
    (lab, alice, block)
}

#[test]
fn a_block_of_pending_transfers_needs_no_question() {
    let (mut lab, alice, block) = with_block(30, 30);
    lab.gossip(ALICE, 1, Gossip::Block(block));
    assert_eq!(lab.node.books.tip().hash(), alice.books.tip().hash());
    assert!(
        lab.sent.iter().all(|sent| sent.request.kind() == "status"),
        "{:?}",
        lab.sent
    );
    assert_eq!(lab.verdicts, [(Token(1), Verdict::Accept)]);
    assert!(lab.gossip.is_empty(), "the verdict passes it on");
}

#[test]
fn missing_transfers_are_asked_for_by_their_places() {
    let (mut lab, alice, block) = with_block(30, 27);
    lab.gossip(ALICE, 1, Gossip::Block(block));
    let sent = lab.take(ALICE, "block-transfers");
    let Request::BlockTransfers { indexes, .. } = &sent.request else {
        panic!()
    };
    assert_eq!(indexes, &[27, 28, 29]);
    assert!(lab.verdicts.is_empty());
    lab.answer(&sent, &alice);
    assert_eq!(lab.height(), 1);
    assert_eq!(lab.verdicts, [(Token(1), Verdict::Accept)]);
    lab.assert_peace();
}

#[test]
fn a_block_of_which_most_is_missing_is_asked_for_whole() {
    let (mut lab, alice, block) = with_block(30, 3);
    lab.gossip(ALICE, 1, Gossip::Block(block));
    let sent = lab.take(ALICE, "blocks");
    lab.answer(&sent, &alice);
    assert_eq!(lab.verdicts, [(Token(1), Verdict::Accept)]);
}

#[test]
fn a_wrong_fill_leads_to_the_whole_block() {
    let (mut lab, alice, block) = with_block(30, 29);
    lab.gossip(ALICE, 1, Gossip::Block(block));
    let sent = lab.take(ALICE, "block-transfers");
    // As it would be if two transfers had the same short id.
    lab.respond(&sent, Response::BlockTransfers(vec![lab.transfer(3, 0)]));
    lab.assert_peace();
    let sent = lab.take(ALICE, "blocks");
    lab.answer(&sent, &alice);
    assert_eq!(lab.height(), 1);
    lab.assert_peace();
}

#[test]
fn a_fill_that_does_not_come_leads_to_the_whole_block() {
    let (mut lab, alice, block) = with_block(30, 29);
    lab.gossip(ALICE, 1, Gossip::Block(block));
    let never = lab.take(ALICE, "block-transfers").id;
    let begin = lab.now_ms;
    while lab.height() == 0 {
        assert!(lab.now_ms < begin + 10_000, "it is not asked for");
        lab.wait(1_000);
        while let Some(sent) = lab.sent.iter().find(|sent| sent.id != never).cloned() {
            lab.answer(&sent, &alice);
        }
    }
}

#[test]
fn a_header_alone_is_asked_for() {
    let (mut lab, alice, block) = with_block(3, 0);
    lab.gossip(ALICE, 1, Gossip::Header(block.header));
    let sent = lab.take(ALICE, "blocks");
    lab.answer(&sent, &alice);
    assert_eq!(lab.verdicts, [(Token(1), Verdict::Accept)]);
}

#[test]
fn a_block_far_ahead_leads_to_its_chain() {
    let mut lab = Lab::new();
    let alice = lab.other_with(10, 1);
    lab.connect(ALICE);
    lab.status(ALICE, |_| {});
    let block = CompactBlock::of(&alice.books.block(10).unwrap());
    lab.gossip(ALICE, 1, Gossip::Block(block));
    assert_eq!(lab.verdicts, [(Token(1), Verdict::Ignore)]);
    lab.serve(ALICE, &alice);
    assert_eq!(lab.height(), 10);
    lab.assert_peace();
}

#[test]
fn a_block_beside_the_chain_is_kept_but_not_passed_on() {
    let mut lab = Lab::new();
    let alice = lab.other_with(2, 1);
    let mut bob = lab.other_with(2, 2);
    lab.connect(ALICE);
    lab.serve(ALICE, &alice);
    lab.connect(BOB);
    for height in 1..=2 {
        let block = CompactBlock::of(&bob.books.block(height).unwrap());
        lab.gossip(BOB, height, Gossip::Block(block));
    }
    assert_eq!(lab.verdicts, [(Token(1), Verdict::Ignore), (Token(2), Verdict::Ignore)]);
    // The next one makes that branch heavier, and nothing needs to be fetched again.
    lab.sent.clear();
    lab.grow(&mut bob, 1, 2);
    let block = CompactBlock::of(&bob.books.block(3).unwrap());
    lab.gossip(BOB, 3, Gossip::Block(block));
    assert_eq!(lab.node.books.tip().hash(), bob.books.tip().hash());
    assert_eq!(lab.verdicts.last(), Some(&(Token(3), Verdict::Accept)));
    assert!(lab.find(BOB, "blocks").is_none() && lab.find(BOB, "headers").is_none());
    lab.assert_peace();
}

#[test]
fn an_own_block_is_told_once() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    lab.grow_own(1, 1);
    for _ in 0..2 {
        let now = lab.moment();
        lab.node.sync.tip_changed(now, &lab.node.books);
        lab.wait(1);
    }
    let block = lab.node.books.block(1).unwrap();
    assert_eq!(lab.gossip, [Gossip::Block(CompactBlock::of(&block))]);
}

#[test]
fn the_tip_of_many_blocks_is_told_once() {
    let mut lab = Lab::new();
    let alice = lab.other_with(5, 1);
    lab.holds = true;
    lab.connect(ALICE);
    lab.serve(ALICE, &alice);
    lab.write_at_once();
    assert_eq!(lab.height(), 5);
    let tip = CompactBlock::of(&alice.books.block(5).unwrap());
    assert_eq!(lab.gossip, [Gossip::Block(tip.clone())]);
    lab.gossip(ALICE, 1, Gossip::Block(tip));
    assert_eq!(lab.verdicts, [(Token(1), Verdict::Ignore)], "it was told");
}

#[test]
fn what_came_as_news_is_not_told_anew() {
    let (mut lab, alice, block) = with_block(3, 3);
    lab.holds = true;
    lab.gossip(ALICE, 1, Gossip::Block(block));
    // The chain has the block before it is said what came of it.
    lab.write_at_once();
    assert_eq!(lab.node.books.tip().hash(), alice.books.tip().hash());
    assert_eq!(lab.verdicts, [(Token(1), Verdict::Accept)]);
    assert!(lab.gossip.is_empty(), "{:?}", lab.gossip);
}

#[test]
fn news_of_what_came_another_way_is_passed_on() {
    let mut lab = Lab::new();
    let alice = lab.other_with(1, 1);
    let block = alice.books.block(1).unwrap();
    lab.node.submit(block.clone(), lab.now_ms).unwrap();
    let transfer = lab.transfer(1, 0);
    lab.node.take(transfer.clone(), lab.now_ms).unwrap();
    lab.connect(ALICE);
    lab.connect(BOB);
    for (peer, token) in [(ALICE, 0), (BOB, 10)] {
        lab.gossip(peer, token, Gossip::Block(CompactBlock::of(&block)));
        lab.gossip(peer, token + 1, Gossip::Transfer(transfer.clone()));
    }
    let verdicts: Vec<Verdict> = lab.verdicts.iter().map(|(_, verdict)| *verdict).collect();
    assert_eq!(
        verdicts,
        [Verdict::Accept, Verdict::Accept, Verdict::Ignore, Verdict::Ignore]
    );
    // And it is not told besides.
    let now = lab.moment();
    lab.node.sync.tip_changed(now, &lab.node.books);
    lab.node.sync.pending(now, &transfer);
    lab.wait(1);
    assert!(lab.gossip.is_empty(), "{:?}", lab.gossip);
}

#[test]
fn a_transfer_is_judged_once_and_passed_on_by_its_verdict() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    lab.connect(BOB);
    let transfer = lab.transfer(0, 0);
    lab.gossip(ALICE, 1, Gossip::Transfer(transfer.clone()));
    let now = lab.moment();
    lab.node.sync.pending(now, &transfer);
    lab.gossip(BOB, 2, Gossip::Transfer(transfer));
    assert_eq!(lab.verdicts, [(Token(1), Verdict::Accept), (Token(2), Verdict::Ignore)]);
    assert!(lab.gossip.is_empty());
    let own = lab.transfer(1, 0);
    for _ in 0..2 {
        let now = lab.moment();
        lab.node.sync.pending(now, &own);
    }
    lab.wait(1);
    assert_eq!(lab.gossip, [Gossip::Transfer(own)]);
}

#[test]
fn what_a_peer_has_pending_is_taken_over_and_passed_on() {
    let mut lab = Lab::new();
    let mut alice = lab.other();
    for nonce in 0..700 {
        alice
            .take(lab.transfer((nonce % 7) as u8, nonce / 7), lab.now_ms)
            .unwrap();
    }
    lab.connect(ALICE);
    lab.serve(ALICE, &alice);
    lab.wait(1_000);
    lab.serve(ALICE, &alice);
    assert_eq!(lab.node.books.mempool.len(), 700);
    lab.assert_peace();
}

#[test]
fn what_came_too_early_is_taken_when_its_time_has_come() {
    let mut lab = Lab::new();
    let mut alice = lab.other();
    for nonce in 0..200 {
        alice.take(lab.transfer(0, nonce), lab.now_ms).unwrap();
    }
    lab.connect(ALICE);
    lab.serve(ALICE, &lab.other());
    // The news of the first hundred is lost.
    for nonce in 100..200 {
        lab.gossip(ALICE, nonce, Gossip::Transfer(lab.transfer(0, nonce)));
    }
    assert_eq!(lab.node.books.mempool.len(), 0);
    lab.wait(5_000);
    lab.serve(ALICE, &alice);
    assert_eq!(lab.node.books.mempool.len(), 200);
    lab.assert_peace();
}

#[test]
fn what_its_sender_could_not_pay_is_taken_after_the_block_that_pays() {
    let mut lab = Lab::new();
    let mut alice = lab.other_with(1, 1);
    lab.connect(ALICE);
    lab.serve(ALICE, &alice);
    // Person 20 has nothing but what person 0 pays, and sends it on before the block is here.
    let pay = |from: u8, to: u8, amount: u64| Transfer {
        recipient: secret(to).public_key(),
        amount: Amount::from_units(amount),
        ..lab.transfer(from, 0).transfer
    };
    let (payment, passed_on) = (pay(0, 20, 1_000), pay(20, 1, 900));
    let [payment, passed_on] = [(payment, 0), (passed_on, 20)]
        .map(|(transfer, from)| transfer.sign(&lab.network.genesis_hash(), &secret(from)));
    alice.take(payment, lab.now_ms).unwrap();
    lab.grow(&mut alice, 1, 1);
    // It is asked for what it has pending a second time, and then once a minute.
    lab.wait(7_000);
    lab.serve(ALICE, &alice);
    alice.take(passed_on.clone(), lab.now_ms).unwrap();
    lab.gossip(ALICE, 1, Gossip::Transfer(passed_on.clone()));
    lab.gossip(ALICE, 2, Gossip::Transfer(passed_on.clone()));
    assert_eq!(lab.verdicts, [1, 2].map(|token| (Token(token), Verdict::Ignore)));
    assert!(lab.node.books.mempool.is_empty());
    lab.gossip(ALICE, 3, Gossip::Header(alice.books.header(2).unwrap()));
    lab.serve(ALICE, &alice);
    assert_eq!(lab.height(), 2);
    let now = lab.moment();
    lab.node.sync.tip_changed(now, &lab.node.books);
    lab.wait(5_000);
    lab.serve(ALICE, &alice);
    assert!(lab.node.books.mempool.get(&passed_on.id()).is_some());
    lab.assert_peace();
}

#[test]
fn a_short_id_that_two_transfers_share_names_neither() {
    let lab = Lab::new();
    let mut alice = lab.other();
    let id = alice.take(lab.transfer(0, 0), lab.now_ms).unwrap();
    let found = alice.books.mempool.by_short_id(&short_id(&id));
    assert_eq!(found.map(|entry| entry.id()), Some(id));
    assert!(alice.books.mempool.by_short_id(&short_id(&Hash::ZERO)).is_none());
}

#[test]
fn news_fits_into_its_limit() {
    let (mut lab, _, mut block) = with_block(2, 2);
    let limit = lab.node.sync.limits().gossip;
    block.transfers = vec![[0; 8]; limit / 8];
    assert!(Gossip::Block(block).to_bytes().len() > limit);
    lab.wait(1);
}

#[test]
fn news_of_one_block_counts_once_for_each_peer() {
    let mut lab = Lab::new();
    let alice = lab.other_with(1, 1);
    let block = CompactBlock::of(&alice.books.block(1).unwrap());
    lab.holds = true;
    lab.connect(ALICE);
    lab.connect(BOB);
    // The header says nothing of the reward's note: each is another message.
    for number in 0..100_u64 {
        let mut other = block.clone();
        other.reward.note = shared::transaction::Note::new(&number.to_le_bytes()).unwrap();
        lab.gossip(ALICE, number, Gossip::Block(other));
    }
    let ignored: Vec<_> = (1..100).map(|number| (Token(number), Verdict::Ignore)).collect();
    assert_eq!(lab.verdicts, ignored);
    lab.gossip(BOB, 100, Gossip::Block(block));
    assert_eq!(lab.verdicts.len(), 99, "another peer's is not repeated");
}

#[test]
fn news_of_a_lighter_block_does_not_take_anything_back() {
    let mut lab = Lab::new();
    let alice = lab.other_with(4, 1);
    lab.holds = true;
    lab.connect(ALICE);
    for kind in ["status", "headers"] {
        let sent = lab.take(ALICE, kind);
        lab.answer(&sent, &alice);
    }
    let target = lab.node.sync.progress(&lab.node.books).target;
    let best = |lab: &Lab| lab.node.sync.best_work(ALICE);
    let shown = best(&lab);
    for height in 1..=4 {
        lab.gossip(ALICE, height, Gossip::Header(alice.books.header(height).unwrap()));
        assert_eq!(best(&lab), shown);
    }
    assert_eq!(lab.node.sync.progress(&lab.node.books).target, target);
}

/// A compact block of which others do not know the last transfers.
fn with_unknown(block: &CompactBlock, number: u8) -> CompactBlock {
    let mut other = block.clone();
    let last = other.transfers.len() - 1;
    other.transfers[last] = [number; 8];
    other
}

#[test]
fn a_block_that_can_be_put_together_does_not_wait_for_who_told_of_it_first() {
    let (mut lab, alice, block) = with_block(30, 30);
    lab.connect(BOB);
    lab.gossip(BOB, 1, Gossip::Block(with_unknown(&block, 7)));
    let never = lab.take(BOB, "block-transfers");
    assert_eq!(lab.height(), 0);
    lab.gossip(ALICE, 2, Gossip::Block(block));
    assert_eq!(lab.height(), 1);
    let judged = [(Token(1), Verdict::Ignore), (Token(2), Verdict::Accept)];
    assert_eq!(lab.verdicts, judged, "the true body alone is passed on");
    // What still comes does no harm.
    lab.answer(&never, &alice);
    lab.assert_peace();
}

#[test]
fn missing_transfers_are_asked_of_several_who_told_of_the_block() {
    let (mut lab, alice, block) = with_block(30, 29);
    let liars: Vec<crate::sync::PeerKey> = (10..14).map(crate::sync::PeerKey).collect();
    for (number, liar) in (0..).zip(&liars[..2]) {
        lab.connect(*liar);
        lab.gossip(*liar, u64::from(number), Gossip::Block(with_unknown(&block, number)));
    }
    lab.gossip(ALICE, 8, Gossip::Block(block.clone()));
    let sent = lab.take(ALICE, "block-transfers");
    // There is an end to it.
    for (number, liar) in (20..).zip(&liars[2..]) {
        lab.connect(*liar);
        lab.gossip(*liar, u64::from(number), Gossip::Block(with_unknown(&block, number)));
        assert!(lab.find(*liar, "block-transfers").is_none());
    }
    lab.answer(&sent, &alice);
    assert_eq!(lab.height(), 1);
    assert!(lab.node.sync.partials.is_empty());
    lab.assert_peace();
}

#[test]
fn who_goes_leaves_the_block_to_the_others_that_told_of_it() {
    let (mut lab, alice, block) = with_block(30, 29);
    lab.connect(BOB);
    lab.gossip(BOB, 1, Gossip::Block(with_unknown(&block, 7)));
    lab.gossip(ALICE, 2, Gossip::Block(block));
    lab.disconnect(BOB);
    assert!(lab.find(ALICE, "blocks").is_none(), "it is on its way");
    let sent = lab.take(ALICE, "block-transfers");
    lab.answer(&sent, &alice);
    assert_eq!(lab.height(), 1);
    lab.assert_peace();
}

#[test]
fn a_block_whose_news_came_too_early_is_told_by_its_header() {
    let mut lab = Lab::new();
    let alice = lab.other_with(10, 1);
    lab.connect(ALICE);
    lab.status(ALICE, |_| {});
    let block = CompactBlock::of(&alice.books.block(10).unwrap());
    lab.gossip(ALICE, 1, Gossip::Block(block.clone()));
    assert_eq!(lab.verdicts, [(Token(1), Verdict::Ignore)]);
    lab.serve(ALICE, &alice);
    assert_eq!(lab.height(), 10);
    assert_eq!(
        lab.gossip,
        [Gossip::Header(block.header)],
        "the same bytes are known, and not told again"
    );
}

#[test]
fn two_bodies_of_one_block_from_one_peer_do_not_keep_it_away() {
    let (mut lab, mut alice, block) = with_block(30, 29);
    // Another block came first, so that news of this one does not wait for a verdict.
    let bob = lab.other_with(1, 7);
    lab.connect(BOB);
    lab.serve(BOB, &bob);
    assert_eq!(lab.height(), 1);
    lab.gossip(ALICE, 1, Gossip::Block(with_unknown(&block, 7)));
    let first = lab.take(ALICE, "block-transfers");
    let mut other = with_unknown(&block, 8);
    other.transfers[0] = [9; 8];
    lab.gossip(ALICE, 2, Gossip::Block(other));
    let questions = lab.sent.iter().filter(|sent| sent.request.kind() == "block-transfers");
    assert_eq!(questions.count(), 1);
    lab.respond(&first, Response::BlockTransfers(vec![lab.transfer(3, 0)]));
    assert!(lab.find(ALICE, "block-transfers").is_none());
    // Then it is on the way to a heavier chain, and comes as a whole.
    lab.grow(&mut alice, 1, 1);
    lab.gossip(ALICE, 3, Gossip::Header(alice.books.header(2).unwrap()));
    lab.serve(ALICE, &alice);
    assert_eq!(lab.height(), 2);
    lab.assert_peace();
}

#[test]
fn news_that_waited_when_its_peer_went_is_passed_on_all_the_same() {
    let (mut lab, alice, block) = with_block(3, 3);
    lab.connect(BOB);
    lab.holds = true;
    lab.gossip(ALICE, 1, Gossip::Block(block.clone()));
    lab.disconnect(ALICE);
    lab.write();
    assert_eq!(lab.node.books.tip().hash(), alice.books.tip().hash());
    assert_eq!(lab.verdicts, [(Token(1), Verdict::Accept)]);
    assert_eq!(lab.gossip, []);
}

#[test]
fn a_false_body_does_not_make_a_block_known() {
    let (mut lab, alice, block) = with_block(3, 3);
    let false_body = with_unknown(&block, 7);
    // It came before its parent was known, from somebody who went.
    lab.connect(BOB);
    lab.holds = true;
    lab.gossip(BOB, 1, Gossip::Header(block.header));
    lab.gossip(BOB, 2, Gossip::Block(false_body));
    lab.disconnect(BOB);
    lab.gossip(ALICE, 3, Gossip::Header(block.header));
    lab.serve(ALICE, &alice);
    lab.write();
    assert_eq!(lab.height(), 1);
    let judged = [
        (Token(1), Verdict::Accept),
        (Token(2), Verdict::Ignore),
        (Token(3), Verdict::Accept),
    ];
    assert_eq!(lab.verdicts, judged);
    lab.assert_peace();
}

#[test]
fn header_and_body_of_one_peer_are_two_pieces_of_news() {
    let (mut lab, alice, block) = with_block(3, 3);
    lab.holds = true;
    lab.gossip(ALICE, 1, Gossip::Header(block.header));
    lab.gossip(ALICE, 2, Gossip::Block(block.clone()));
    lab.gossip(ALICE, 3, Gossip::Block(with_unknown(&block, 9)));
    assert_eq!(lab.verdicts, [(Token(3), Verdict::Ignore)]);
    lab.serve(ALICE, &alice);
    lab.write();
    assert_eq!(lab.height(), 1);
    let accepted = [(Token(1), Verdict::Accept), (Token(2), Verdict::Accept)];
    assert_eq!(lab.verdicts[1..], accepted);
}

/// What an honest node may pass on without use is far from what a flood is; what comes beyond is not put together either.
#[test]
fn a_flood_of_bodies_of_one_block_is_an_offence() {
    let (mut lab, _, block) = with_block(3, 3);
    lab.holds = true;
    lab.gossip(ALICE, 0, Gossip::Block(block.clone()));
    let mut token = 1;
    let tell = |lab: &mut Lab, token: &mut u64, count: u64| {
        for _ in 0..count {
            let mut other = block.clone();
            other.transfers = vec![token.to_be_bytes()];
            lab.gossip(ALICE, *token, Gossip::Block(other));
            *token += 1;
        }
    };
    tell(&mut lab, &mut token, 4_096);
    lab.assert_peace();
    for _ in 0..4 {
        tell(&mut lab, &mut token, 2_100);
        lab.wait(1_000);
    }
    assert!(lab.banned.is_empty(), "{:?}", lab.offences.len());
    assert!(lab.codes(ALICE).iter().all(|code| *code == "too-much-news"));
    for _ in 0..2 {
        tell(&mut lab, &mut token, 2_100);
        lab.wait(1_000);
    }
    assert_eq!(lab.banned.len(), 1);
}

#[test]
fn a_flood_of_transfers_is_an_offence_and_a_busy_peer_is_none() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    lab.status(ALICE, |_| {});
    let drop = |lab: &mut Lab, count: u64| {
        let now = lab.moment();
        lab.node.sync.dropped(now, ALICE, count);
        lab.wait(1_000);
    };
    for _ in 0..8 {
        drop(&mut lab, 4_096);
    }
    lab.assert_peace();
    for _ in 0..7 {
        drop(&mut lab, 40_000);
    }
    assert!(lab.codes(ALICE).contains(&"too-much-news"));
    assert_eq!(lab.banned.len(), 1);
}

#[test]
fn a_node_tells_no_more_transfers_than_any_peer_bears() {
    let mut lab = Lab::new();
    lab.connect(ALICE);
    let transfer = lab.transfer(0, 0);
    let tell = |lab: &mut Lab, count: u64| {
        let before = lab.gossip.len();
        let now = lab.moment();
        for nonce in 0..count {
            let mut other = transfer.clone();
            other.transfer.nonce = lab.now_ms * 100_000 + nonce;
            lab.node.sync.pending(now, &other);
        }
        lab.wait(1_000);
        lab.gossip.len() - before
    };
    assert_eq!(tell(&mut lab, 20_000), 8_192);
    assert_eq!(tell(&mut lab, 20_000), 2_048);
    assert_eq!(tell(&mut lab, 10), 10);
}

#[test]
fn a_block_whose_news_came_too_early_in_both_forms_is_not_told_again() {
    let mut lab = Lab::new();
    let alice = lab.other_with(10, 1);
    lab.connect(ALICE);
    lab.connect(BOB);
    lab.status(ALICE, |_| {});
    let block = CompactBlock::of(&alice.books.block(10).unwrap());
    lab.gossip(BOB, 1, Gossip::Header(block.header));
    lab.gossip(ALICE, 2, Gossip::Block(block));
    lab.serve(ALICE, &alice);
    assert_eq!(lab.height(), 10);
    assert_eq!(lab.gossip, [], "nothing that would be new to anybody");
}

#[test]
fn a_block_that_took_too_long_for_its_news_is_told_by_its_header() {
    let (mut lab, _, block) = with_block(3, 3);
    lab.holds = true;
    lab.gossip(ALICE, 1, Gossip::Block(block.clone()));
    lab.wait(VERDICT_MS + 1_000);
    assert_eq!(lab.verdicts, [(Token(1), Verdict::Ignore)]);
    lab.write();
    assert_eq!(lab.height(), 1);
    assert_eq!(lab.gossip, [Gossip::Header(block.header)]);
}
