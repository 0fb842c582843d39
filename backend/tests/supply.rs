//! The sum of all balances is what was allotted and mined, at every height of every chain.

#![allow(clippy::unwrap_used)]

mod workshop;

use std::sync::Arc;

use backend::{
    chain::{Chain, MemoryStorage},
    verify::verify_block,
};
use proptest::prelude::*;
use shared::{amount::Amount, params::Network, rules::Tip, state::StateTree};
use workshop::{Order, mine, network, now_ms, public};

fn sum(accounts: &StateTree) -> Amount {
    Amount::checked_sum(accounts.iter().map(|(_, account)| account.balance)).unwrap()
}

/// One block: on which earlier one it grows, who is paid, and what moves.
#[derive(Debug, Clone)]
struct Plan {
    back: usize,
    miner: u8,
    transfers: Vec<(u8, u8, u64, u64)>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let transfer = (0..6_u8, 0..8_u8, 1..2_000_u64, 0..100_u64);
    (0..4_usize, 0..8_u8, prop::collection::vec(transfer, 0..6)).prop_map(|(back, miner, transfers)| Plan {
        back,
        miner,
        transfers,
    })
}

fn halving() -> Network {
    let mut parameters = network(3).parameters().clone();
    parameters.halving_interval = 4;
    Network::new(parameters).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn is_conserved_over_reorganisations(plans in prop::collection::vec(plan(), 1..30)) {
        let network = halving();
        let genesis = network.genesis_hash();
        let verify = Box::new(|block, network: &Network| verify_block(block, network, |_| None));
        let start = Tip::genesis(&network);
        let storage = MemoryStorage::new(&network);
        let mut chain = Chain::new(Arc::new(network.clone()), storage, start.clone(), verify).unwrap();
        let mut tips = vec![start];
        for (note, plan) in (0..).zip(&plans) {
            let tip = tips[tips.len() - 1 - plan.back.min(tips.len() - 1)].clone();
            let mut transfers = Vec::new();
            let mut ledger = shared::rules::Ledger::new(tip.accounts());
            for &(from, to, amount, fee) in &plan.transfers {
                let nonce = ledger.account(&public(from)).nonce;
                let transfer = Order::new(from, to, nonce).amount(amount).fee(fee).verified(&genesis);
                if ledger.transfer(&transfer, tip.height() + 1).is_ok() {
                    transfers.push(transfer);
                }
            }
            let block = mine(&network, &tip, plan.miner, note, transfers);
            tips.push(block.tip.clone());
            let mut next = Some(block.block);
            while let Some(block) = next {
                chain.submit(block, now_ms(&network)).unwrap();
                let tip = chain.tip();
                prop_assert_eq!(Some(sum(tip.accounts())), network.supply_at(tip.height()));
                next = chain.next_adopted();
            }
        }
    }
}
