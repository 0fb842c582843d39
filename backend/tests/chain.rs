//! Fork choice: whatever the order of blocks, the chain with the most work wins, and nothing is lost on the way.

#![allow(clippy::unwrap_used)]

mod workshop;

use std::{
    collections::{BTreeSet, VecDeque},
    convert::Infallible,
    sync::Arc,
};

use backend::{
    chain::{Chain, ChainError, KEPT_TIPS, MemoryStorage, Placed, Step, Storage},
    verify::{verify_block, verify_blocks},
};
use proptest::prelude::*;
use shared::{
    hash::Hash,
    key::PublicKey,
    params::Network,
    rules::{ConnectedBlock, RuleError, Tip, VerifiedBlock},
    state::StateTree,
};
use workshop::{Order, mine, network, network_with, now_ms};

type MemoryChain = Chain<MemoryStorage>;

fn chain(network: &Network) -> MemoryChain {
    chain_of(network, MemoryStorage::new(network), Tip::genesis(network))
}

fn chain_of(network: &Network, storage: MemoryStorage, tip: Tip) -> MemoryChain {
    let verify = Box::new(|block, network: &Network| verify_block(block, network, |_| None));
    Chain::new(Arc::new(network.clone()), storage, tip, verify).unwrap()
}

/// Submits a block and all that it sets free. Gives the steps.
fn submit(
    chain: &mut MemoryChain,
    network: &Network,
    block: VerifiedBlock,
) -> Result<Vec<Step>, ChainError<Infallible>> {
    let mut steps = Vec::new();
    let mut next = Some(block);
    while let Some(block) = next {
        steps.extend(chain.submit(block, now_ms(network))?.1);
        next = chain.next_adopted();
    }
    Ok(steps)
}

/// Submits blocks as the writer does: those that follow the tip together.
fn submit_together(chain: &mut MemoryChain, network: &Network, blocks: &[ConnectedBlock]) {
    let mut blocks: VecDeque<_> = blocks.iter().map(|block| block.block.clone()).collect();
    while !blocks.is_empty() {
        let (step, refused) = chain.submit_run(&mut blocks, now_ms(network)).unwrap();
        assert_eq!(refused, None);
        let next = match step {
            Some(_) => chain.next_adopted(),
            None => blocks.pop_front(),
        };
        if let Some(block) = next {
            submit(chain, network, block).unwrap();
        }
    }
}

/// A tree of blocks: each grows on an earlier one, picked by a number. Block 0 is genesis.
fn grow(network: &Network, parents: &[usize]) -> Vec<ConnectedBlock> {
    let mut tips = vec![Tip::genesis(network)];
    let mut blocks = Vec::new();
    for (note, parent) in (0..).zip(parents) {
        let tip = tips[parent % tips.len()].clone();
        let nonce = tip.accounts().get(&workshop::public(0).0).nonce;
        let transfer = Order::new(0, (note % 7) as u8, nonce)
            .fee(note)
            .verified(&network.genesis_hash());
        let block = mine(network, &tip, (note % 5) as u8, note, vec![transfer]);
        tips.push(block.tip.clone());
        blocks.push(block);
    }
    blocks
}

/// A chain that grows on a tip.
fn extend(network: &Network, tip: &Tip, count: usize, note: u64) -> Vec<ConnectedBlock> {
    let mut tip = tip.clone();
    (0..count)
        .map(|_| {
            let block = mine(network, &tip, 1, note, Vec::new());
            tip = block.tip.clone();
            block
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nodes_agree_whatever_the_order(
        parents in prop::collection::vec(any::<usize>(), 1..24),
        keys in prop::collection::vec(any::<u64>(), 48),
    ) {
        let network = network(1);
        let blocks = grow(&network, &parents);
        let orders = keys.chunks(24).map(|keys| {
            let mut order: Vec<_> = (0..blocks.len()).collect();
            order.sort_by_key(|index| keys[*index]);
            order
        });
        let mut works = Vec::new();
        for order in orders {
            let mut chain = chain(&network);
            for index in order {
                submit(&mut chain, &network, blocks[index].block.clone()).unwrap();
                let tip = chain.tip();
                prop_assert_eq!(tip.accounts().root(), tip.headers().header().state_root);
            }
            // All that is stored agrees with the tip.
            for height in 1..=chain.tip().height() {
                let block = chain.storage().block(height).unwrap();
                prop_assert_eq!(chain.storage().height_of(&block.header.hash()).unwrap(), Some(height));
            }
            let reopened = chain_of(&network, chain.storage().clone(), chain.tip().clone());
            prop_assert_eq!(reopened.counts().0, blocks.len() - chain.tip().height() as usize);
            works.push(chain.tip().headers().work());
        }
        let mut together = chain(&network);
        submit_together(&mut together, &network, &blocks);
        works.push(together.tip().headers().work());
        for height in 1..=together.tip().height() {
            let hash = together.storage().block(height).unwrap().header.hash();
            prop_assert_eq!(together.storage().height_of(&hash).unwrap(), Some(height));
        }
        prop_assert_eq!(together.counts(), (blocks.len() - together.tip().height() as usize, 0));
        let most = blocks.iter().map(|block| block.tip.headers().work()).max().unwrap();
        prop_assert!(works.iter().all(|work| *work == most));
    }

    #[test]
    fn a_step_back_and_forth_changes_nothing(parents in prop::collection::vec(any::<usize>(), 1..32)) {
        let network = network(1);
        let mut chain = chain(&network);
        for block in grow(&network, &parents) {
            let before = chain.tip().clone();
            for step in submit(&mut chain, &network, block.block.clone()).unwrap() {
                // Undoing the new blocks gives the fork, and the old blocks on it the old tip.
                let mut accounts = chain.tip().accounts().clone();
                for connected in step.connected.iter().rev() {
                    accounts.update(connected.changes.iter().map(|change| (change.key.0, change.before)));
                }
                let fork = if step.fork_height == 0 {
                    network.genesis().state_root
                } else {
                    chain.storage().header(step.fork_height).unwrap().state_root
                };
                prop_assert_eq!(accounts.root(), fork);
                prop_assert_eq!(step.old_tip, before.hash());
            }
        }
    }
}

#[test]
fn the_first_seen_of_equals_stays() {
    let network = network(1);
    let mut chain = chain(&network);
    let [one, two] = [1, 2].map(|note| extend(&network, &Tip::genesis(&network), 1, note).remove(0).block);
    submit(&mut chain, &network, one.clone()).unwrap();
    let (placed, step) = chain.submit(two.clone(), now_ms(&network)).unwrap();
    assert_eq!((placed, step.is_none()), (Placed::Side, true));
    assert_eq!(chain.tip().hash(), one.hash());
    assert_eq!(chain.submit(two, now_ms(&network)).unwrap().0, Placed::Known);
    assert_eq!(chain.submit(one, now_ms(&network)).unwrap().0, Placed::Known);
}

#[test]
fn a_deep_reorganisation_uses_the_undo_records() {
    let network = network(1);
    let mut chain = chain(&network);
    let genesis = Tip::genesis(&network);
    let long = KEPT_TIPS + 40;
    for block in extend(&network, &genesis, long, 1) {
        submit(&mut chain, &network, block.block).unwrap();
    }
    let other = extend(&network, &genesis, long + 1, 2);
    let mut steps = Vec::new();
    for block in &other {
        steps.extend(submit(&mut chain, &network, block.block.clone()).unwrap());
    }
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].undone.len(), long);
    assert_eq!(steps[0].connected.len(), long + 1);
    assert_eq!(chain.tip().hash(), other.last().unwrap().block.hash());
}

#[test]
fn the_depth_of_reorganisations_is_bounded() {
    let network = network_with(1, 3);
    let mut chain = chain(&network);
    let genesis = Tip::genesis(&network);
    let main = extend(&network, &genesis, 4, 1);
    for block in &main {
        submit(&mut chain, &network, block.block.clone()).unwrap();
    }
    let late = extend(&network, &genesis, 1, 2).remove(0).block;
    let error = chain.submit(late, now_ms(&network)).unwrap_err();
    assert!(matches!(
        error,
        ChainError::Rule(RuleError::ReorganisationTooDeep { depth: 4, limit: 3 })
    ));
    let other = extend(&network, &main[0].tip, 4, 3);
    for block in &other {
        submit(&mut chain, &network, block.block.clone()).unwrap();
    }
    assert_eq!(chain.tip().hash(), other[3].block.hash());
}

/// A block whose header commits to accounts that do not follow from it.
fn with_wrong_state(network: &Network, tip: &Tip) -> VerifiedBlock {
    let mut block = mine(network, tip, 1, 77, Vec::new()).block.to_block();
    block.header.state_root = Hash([7; 32]);
    let target = shared::pow::Target::from_bits(block.header.bits).unwrap();
    let mut midstate = shared::pow::Midstate::new(&block.header);
    block.header.nonce = midstate.search(target, 0, u64::MAX).unwrap();
    verify_block(block, network, |_| None).unwrap()
}

/// A block without a right to be, on top of any header.
fn on_top_of(network: &Network, parent: &VerifiedBlock) -> VerifiedBlock {
    let mut headers = shared::rules::HeaderChain::genesis(network);
    headers = headers.accept(network, parent.header(), u64::MAX).unwrap();
    let mut block = parent.to_block();
    block.header.height += 1;
    block.header.previous_hash = parent.hash();
    block.header.history_root = headers.history().root();
    block.header.timestamp += 1;
    block.header.transactions_root = shared::block::transactions_root(&block.transaction_ids());
    let target = shared::pow::Target::from_bits(block.header.bits).unwrap();
    let mut midstate = shared::pow::Midstate::new(&block.header);
    block.header.nonce = midstate.search(target, 0, u64::MAX).unwrap();
    verify_block(block, network, |_| None).unwrap()
}

#[test]
fn an_invalid_branch_leaves_everything_as_it_was() {
    let network = network(1);
    let mut chain = chain(&network);
    let genesis = Tip::genesis(&network);
    let good = extend(&network, &genesis, 1, 1).remove(0);
    submit(&mut chain, &network, good.block.clone()).unwrap();
    let bad = with_wrong_state(&network, &genesis);
    let child = on_top_of(&network, &bad);
    assert_eq!(chain.submit(bad.clone(), now_ms(&network)).unwrap().0, Placed::Side);
    for block in [child, bad] {
        let error = chain.submit(block, now_ms(&network)).unwrap_err();
        assert!(matches!(error, ChainError::Rule(RuleError::WrongStateRoot { .. })));
        assert_eq!(chain.tip().hash(), good.block.hash());
        assert_eq!(chain.counts(), (0, 0));
    }
}

#[test]
fn orphans_are_bounded_and_adopted() {
    let network = network(1);
    let mut chain = chain(&network);
    let mut blocks = extend(&network, &Tip::genesis(&network), 1_100, 1);
    let first = blocks.remove(0);
    for block in &blocks {
        assert_eq!(
            chain.submit(block.block.clone(), now_ms(&network)).unwrap().0,
            Placed::Orphan
        );
    }
    assert_eq!(chain.counts().1, 1_024);
    submit(&mut chain, &network, first.block).unwrap();
    assert_eq!(chain.tip().height(), 1, "the oldest orphans were forgotten");
    for block in &blocks[..blocks.len() - 1_024] {
        submit(&mut chain, &network, block.block.clone()).unwrap();
    }
    assert_eq!(chain.tip().height(), 1_100);
    assert_eq!(chain.counts(), (0, 0));
}

#[test]
fn undone_transfers_are_given_back() {
    let network = network(1);
    let genesis = Tip::genesis(&network);
    let transfer = Order::new(0, 1, 0).verified(&network.genesis_hash());
    let mut chain = chain(&network);
    let block = mine(&network, &genesis, 1, 1, vec![transfer.clone()]);
    submit(&mut chain, &network, block.block).unwrap();
    let mut undone = BTreeSet::new();
    for block in extend(&network, &genesis, 2, 2) {
        for step in submit(&mut chain, &network, block.block).unwrap() {
            undone.extend(step.undone.iter().flat_map(|block| block.transaction_ids()));
        }
    }
    assert!(undone.contains(&transfer.id()));
}

#[test]
fn a_run_ends_with_the_block_that_breaks_a_rule() {
    let network = network(1);
    let blocks = extend(&network, &Tip::genesis(&network), 6, 0);
    let wrong = with_wrong_state(&network, &blocks[2].tip);
    let mut run: VecDeque<_> = blocks[..3].iter().map(|block| block.block.clone()).collect();
    run.extend([wrong.clone(), blocks[3].block.clone(), blocks[5].block.clone()]);
    let mut chain = chain(&network);
    let (step, refused) = chain.submit_run(&mut run, now_ms(&network)).unwrap();
    assert_eq!(step.unwrap().connected.len(), 3);
    assert!(matches!(refused, Some(RuleError::WrongStateRoot { .. })), "{refused:?}");
    assert_eq!(run.len(), 2);
    assert!(chain.submit(wrong, now_ms(&network)).is_err());
    // The fourth is good, the sixth lacks its parent.
    let (step, refused) = chain.submit_run(&mut run, now_ms(&network)).unwrap();
    assert_eq!((step.unwrap().connected.len(), refused, run.len()), (1, None, 1));
    let (step, refused) = chain.submit_run(&mut run, now_ms(&network)).unwrap();
    assert!(step.is_none() && refused.is_none());
    assert_eq!(run.len(), 1);
    assert_eq!(chain.tip().height(), 4);
}

#[test]
fn a_run_ends_at_its_bound_and_goes_on() {
    let network = network(1);
    let blocks = extend(&network, &Tip::genesis(&network), 1_030, 0);
    let mut run: VecDeque<_> = blocks.iter().map(|block| block.block.clone()).collect();
    let mut chain = chain(&network);
    for (count, left) in [(1_024, 6), (6, 0)] {
        let (step, refused) = chain.submit_run(&mut run, now_ms(&network)).unwrap();
        assert_eq!((step.unwrap().connected.len(), refused, run.len()), (count, None, left));
        assert_eq!(chain.tip().height(), 1_030 - left as u64);
    }
    assert_eq!(chain.tip().hash(), blocks[1_029].block.hash());
    assert_eq!(chain.tips().count(), KEPT_TIPS);
}

#[test]
fn blocks_verified_together_have_each_their_own_verdict() {
    let network = network(8);
    let genesis = Tip::genesis(&network);
    let block = |senders: std::ops::Range<u8>| {
        let orders = senders.map(|sender| Order::new(sender, 9, 0).verified(&network.genesis_hash()));
        mine(&network, &genesis, 1, 0, orders.collect()).block.to_block()
    };
    let (first, mut forged, last) = (block(0..3), block(3..5), block(5..8));
    forged.transfers[1].signature.0[0] ^= 1;
    let mut torn = forged.clone();
    forged.header.transactions_root = shared::block::transactions_root(&forged.transaction_ids());
    let work = |block: &mut shared::block::Block| {
        let target = shared::pow::Target::from_bits(block.header.bits).unwrap();
        block.header.nonce = shared::pow::Midstate::new(&block.header)
            .search(target, 0, u64::MAX)
            .unwrap();
    };
    work(&mut forged);
    work(&mut torn);
    let mut weak = block(0..0);
    weak.reward.recipient = PublicKey([0; 32]);
    weak.header.transactions_root = shared::block::transactions_root(&weak.transaction_ids());
    work(&mut weak);
    let blocks = vec![first.clone(), forged, torn, block(0..0), last.clone(), weak];
    let paid = mine(&network, &genesis, 1, 0, Vec::new()).tip;
    for known in [false, true] {
        // With the second, the other miners are known.
        let accounts = if known { paid.accounts() } else { &StateTree::new() };
        let known = |id: &Hash| {
            let mut transfers = first.transfers.iter().chain(&last.transfers).filter(|_| known);
            let found = transfers.find(|signed| signed.id() == *id)?;
            found.clone().verify(&network.genesis_hash()).ok()
        };
        let verdicts = verify_blocks(blocks.clone(), &network, accounts, known);
        let taken = |index: usize| verdicts[index].as_ref().unwrap().to_block() == blocks[index];
        assert!(taken(0) && taken(3) && taken(4));
        assert!(matches!(verdicts[1], Err(RuleError::InvalidSignature { .. })));
        assert!(matches!(verdicts[2], Err(RuleError::WrongTransactionsRoot { .. })));
        assert!(matches!(verdicts[5], Err(RuleError::InvalidKey { .. })));
    }
}
