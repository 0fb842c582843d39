//! The mempool against a slow and obvious model, and each of its refusals by name.

#![allow(clippy::unwrap_used)]

mod workshop;

use std::collections::{BTreeMap, BTreeSet};

use backend::mempool::{DropReason, Limits, Mempool, MempoolError};
use proptest::prelude::*;
use shared::{amount::Amount, hash::Hash, key::PublicKey, state::Account, transaction::VerifiedTransfer};
use workshop::{Order, public};

const GENESIS: Hash = Hash([9; 32]);

const fn account(balance: u64, nonce: u64) -> Account {
    Account {
        balance: Amount::from_units(balance),
        nonce,
    }
}

fn small() -> Limits {
    Limits {
        count: 12,
        bytes: 1 << 20,
        per_sender: 6,
        nonce_gap: 4,
        fee_rate: 0,
        age_ms: 1_000,
    }
}

fn refusal(pool: &mut Mempool, order: Order, account: Account) -> &'static str {
    pool.add(order.verified(&GENESIS), account, 0).unwrap_err().code()
}

fn accept(pool: &mut Mempool, order: Order, account: Account) -> Vec<(Hash, DropReason)> {
    let added = pool.add(order.verified(&GENESIS), account, 0).unwrap();
    added
        .dropped
        .iter()
        .map(|dropped| (dropped.id, dropped.reason))
        .collect()
}

#[test]
fn every_refusal_has_its_name() {
    let rich = account(1_000_000, 3);
    let mut pool = Mempool::new(
        Limits {
            fee_rate: 100,
            ..small()
        },
        10,
    );
    let order = |nonce| Order::new(0, 1, nonce).fee(100);
    accept(&mut pool, order(3), rich);
    assert_eq!(refusal(&mut pool, order(3), rich), "already-pending");
    assert_eq!(refusal(&mut pool, order(2), rich), "nonce-too-low");
    assert_eq!(refusal(&mut pool, order(9), rich), "nonce-gap-too-large");
    accept(&mut pool, order(8), rich);
    assert_eq!(refusal(&mut pool, order(4).fee(16), rich), "fee-too-low");
    assert_eq!(refusal(&mut pool, order(4).valid_until(10), rich), "expired");
    accept(&mut pool, order(4).valid_until(11), rich);
    assert_eq!(
        refusal(&mut pool, order(5).amount(1_000_000), rich),
        "balance-insufficient"
    );
    assert_eq!(refusal(&mut pool, order(4).fee(116), rich), "replacement-fee-too-low");
    let old = pool.of_account(&public(0)).nth(1).unwrap().id();
    let dropped = accept(&mut pool, order(4).fee(117), rich);
    assert!(matches!(dropped[..], [(id, DropReason::Replaced { .. })] if id == old));
    for nonce in [5, 6, 7] {
        accept(&mut pool, order(nonce), rich);
    }
    assert_eq!(refusal(&mut pool, order(9), rich), "sender-limit");
    for sender in 10..16 {
        accept(&mut pool, Order::new(sender, 1, 0).fee(200), account(1_000, 0));
    }
    assert_eq!(pool.len(), 12);
    assert_eq!(
        refusal(&mut pool, Order::new(20, 1, 0).fee(100), account(1_000, 0)),
        "mempool-full"
    );
    assert_eq!(
        refusal(&mut pool, Order::new(20, 1, 1).fee(900), account(1_000, 0)),
        "mempool-full-for-waiting"
    );
    let minimum = pool.minimum_fee(161);
    assert_eq!(minimum.units(), 101);
    let dropped = accept(&mut pool, Order::new(20, 1, 0).fee(101), account(1_000, 0));
    assert_eq!(dropped.last().unwrap().1, DropReason::Evicted);
}

#[test]
fn waiting_transfers_give_way_first() {
    let mut pool = Mempool::new(Limits { count: 2, ..small() }, 0);
    accept(&mut pool, Order::new(0, 1, 1).fee(900), account(1_000, 0));
    accept(&mut pool, Order::new(2, 1, 0).fee(1), account(1_000, 0));
    let dropped = accept(&mut pool, Order::new(3, 1, 0), account(1_000, 0));
    assert_eq!(dropped.len(), 1);
    assert_eq!(pool.select(10, 10_000).len(), 2);
}

#[test]
fn an_evicted_transfer_takes_its_followers_along() {
    let mut pool = Mempool::new(Limits { count: 3, ..small() }, 0);
    accept(&mut pool, Order::new(0, 1, 0).fee(1), account(1_000, 0));
    accept(&mut pool, Order::new(0, 1, 1).fee(500), account(1_000, 0));
    accept(&mut pool, Order::new(2, 1, 0).fee(5), account(1_000, 0));
    let dropped = accept(&mut pool, Order::new(3, 1, 0).fee(2), account(1_000, 0));
    assert_eq!(dropped.len(), 2);
    assert_eq!(pool.len(), 2);
}

#[test]
fn age_and_height_expire() {
    let mut pool = Mempool::new(small(), 0);
    accept(&mut pool, Order::new(0, 1, 0).valid_until(5), account(1_000, 0));
    accept(&mut pool, Order::new(0, 1, 1), account(1_000, 0));
    assert!(pool.advance(4, [], |_| false).is_empty());
    let dropped = pool.advance(5, [], |_| false);
    assert_eq!(
        dropped.iter().map(|dropped| dropped.reason).collect::<Vec<_>>(),
        [DropReason::Expired]
    );
    assert!(!pool.has_ready(), "the next one waits now");
    assert!(pool.expire(1_000).is_empty());
    assert_eq!(pool.expire(1_001)[0].reason, DropReason::Aged);
    assert!(pool.is_empty());
    assert_eq!(pool.bytes(), 0);
}

/// What a test does to the mempool.
#[derive(Debug, Clone)]
enum Action {
    Add(Order),
    /// The next block takes so many of those selected.
    Mine(usize),
    /// A sender's mined state changes behind the mempool's back.
    Chain {
        sender: u8,
        balance: u64,
        nonce: u64,
    },
    Expire(u64),
}

fn order() -> impl Strategy<Value = Order> {
    (0..4_u8, 0..6_u8, 1..60_u64, 0..12_u64, 0..9_u64, 0..12_u64).prop_map(
        |(from, to, amount, fee, nonce, valid_until)| Order {
            from,
            to,
            amount,
            fee,
            nonce,
            valid_until: if valid_until > 6 { 0 } else { valid_until },
        },
    )
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        12 => order().prop_map(Action::Add),
        2 => (0..6_usize).prop_map(Action::Mine),
        1 => (0..4_u8, 0..300_u64, 0..6_u64).prop_map(|(sender, balance, nonce)| Action::Chain { sender, balance, nonce }),
        1 => (0..3_000_u64).prop_map(Action::Expire),
    ]
}

/// All pending transfers in one list, and every question answered by looking through it.
#[derive(Default)]
struct Model {
    pending: Vec<(VerifiedTransfer, u64)>,
    accounts: BTreeMap<PublicKey, Account>,
    height: u64,
}

impl Model {
    fn account(&self, key: &PublicKey) -> Account {
        self.accounts.get(key).copied().unwrap_or(account(200, 0))
    }

    fn of(&self, key: &PublicKey) -> BTreeMap<u64, &VerifiedTransfer> {
        let own = self
            .pending
            .iter()
            .filter(|(transfer, _)| transfer.transfer().sender == *key);
        own.map(|(transfer, _)| (transfer.transfer().nonce, transfer)).collect()
    }

    fn next_nonce(&self, key: &PublicKey) -> u64 {
        let own = self.of(key);
        (self.account(key).nonce..)
            .find(|nonce| !own.contains_key(nonce))
            .unwrap()
    }

    fn remove(&mut self, id: &Hash) {
        self.pending.retain(|(transfer, _)| transfer.id() != *id);
    }

    /// The selection by the plainest rule: again and again the best of all that could come next.
    fn select(&self, count: usize) -> Vec<Hash> {
        let mut nonces: BTreeMap<PublicKey, u64> = BTreeMap::new();
        let mut taken = Vec::new();
        while taken.len() < count {
            let best = self
                .pending
                .iter()
                .filter(|(transfer, _)| {
                    let order = transfer.transfer();
                    order.nonce == *nonces.get(&order.sender).unwrap_or(&self.account(&order.sender).nonce)
                })
                .max_by_key(|(transfer, arrival)| (transfer.transfer().fee, std::cmp::Reverse(*arrival)));
            let Some((best, _)) = best else { break };
            nonces.insert(best.transfer().sender, best.transfer().nonce + 1);
            taken.push(best.id());
        }
        taken
    }

    fn check(&self, pool: &Mempool) {
        let ids: BTreeSet<Hash> = self.pending.iter().map(|(transfer, _)| transfer.id()).collect();
        let listed: Vec<_> = pool.by_rate(None).unwrap().collect();
        assert_eq!(listed.iter().map(|entry| entry.id()).collect::<BTreeSet<_>>(), ids);
        assert_eq!(pool.len(), ids.len());
        assert_eq!(pool.bytes(), listed.iter().map(|entry| entry.size).sum::<usize>());
        assert!(listed.windows(2).all(|pair| pair[0].order().fee >= pair[1].order().fee));
        for (place, entry) in (1..).zip(&listed) {
            assert_eq!(pool.place(&entry.id()), Some(place));
        }
        for key in (0..6).map(public) {
            let (own, account) = (self.of(&key), self.account(&key));
            let change = pool.pending_change(&key, account);
            let total: u64 = own
                .values()
                .map(|transfer| transfer.transfer().total().unwrap().units())
                .sum();
            assert_eq!(change.outgoing.units(), total);
            assert!(total <= account.balance.units());
            assert_eq!(change.next_nonce, self.next_nonce(&key));
            let incoming = self
                .pending
                .iter()
                .filter(|(transfer, _)| transfer.transfer().recipient == key);
            let incoming: u64 = incoming.map(|(transfer, _)| transfer.transfer().amount.units()).sum();
            assert_eq!(change.incoming.units(), incoming);
            assert!(
                own.keys()
                    .all(|nonce| (account.nonce..=change.next_nonce + 4).contains(nonce))
            );
            for transfer in own.values() {
                let entry = pool.get(&transfer.id()).unwrap();
                assert_eq!(pool.is_waiting(entry), entry.order().nonce > change.next_nonce);
                let until = entry.order().valid_until;
                assert!(until == 0 || until > self.height);
            }
        }
        for count in [0, 1, 3, 100] {
            let selected: Vec<Hash> = pool.select(count, usize::MAX).iter().map(|entry| entry.id()).collect();
            assert_eq!(selected, self.select(count));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn does_what_the_model_does(actions in prop::collection::vec(action(), 1..60)) {
        let mut model = Model::default();
        let mut pool = Mempool::new(small(), 0);
        for (arrival, action) in (0..).zip(actions) {
            let snapshot = pool.clone();
            let before: Vec<Hash> = snapshot.by_rate(None).unwrap().map(|entry| entry.id()).collect();
            match action {
                Action::Add(order) => {
                    let transfer = order.verified(&GENESIS);
                    let account = model.account(&public(order.from));
                    let own = model.of(&public(order.from));
                    let is_new = !own.contains_key(&order.nonce);
                    let could = order.nonce >= account.nonce
                        && order.nonce <= model.next_nonce(&public(order.from)) + 4
                        && (order.valid_until == 0 || order.valid_until > model.height)
                        && (!is_new || own.len() < 6);
                    match pool.add(transfer.clone(), account, 0) {
                        Ok(added) => {
                            prop_assert!(could);
                            for dropped in added.dropped {
                                model.remove(&dropped.id);
                            }
                            model.pending.push((transfer, arrival));
                        }
                        Err(MempoolError::InsufficientBalance { needed, pending, .. }) => {
                            prop_assert!(needed.units() + pending.units() > account.balance.units());
                        }
                        Err(MempoolError::Full { minimum, fee }) => prop_assert!(fee < minimum),
                        Err(MempoolError::FullForWaiting { .. } | MempoolError::AlreadyPending { .. }) => {}
                        Err(MempoolError::ReplacementFeeTooLow { minimum, fee, .. }) => {
                            prop_assert!(!is_new && fee < minimum);
                        }
                        Err(error) => prop_assert!(!could, "{}", error),
                    }
                }
                Action::Mine(count) => {
                    let mined = pool.select(count, usize::MAX);
                    let mut changed = BTreeMap::new();
                    for entry in &mined {
                        let sender = entry.order().sender;
                        let mut account = model.account(&sender);
                        account.nonce += 1;
                        account.balance = account.balance.checked_sub(entry.order().total().unwrap()).unwrap();
                        model.accounts.insert(sender, account);
                        changed.insert(sender, account);
                    }
                    model.height += 1;
                    let ids: BTreeSet<Hash> = mined.iter().map(|entry| entry.id()).collect();
                    for id in &ids {
                        model.remove(id);
                    }
                    for dropped in pool.advance(model.height, changed, |id| ids.contains(id)) {
                        model.remove(&dropped.id);
                    }
                }
                Action::Chain { sender, balance, nonce } => {
                    let (key, now) = (public(sender), account(balance, nonce));
                    model.accounts.insert(key, now);
                    for dropped in pool.advance(model.height, [(key, now)], |_| false) {
                        prop_assert_eq!(dropped.reason, DropReason::Invalid);
                        model.remove(&dropped.id);
                    }
                }
                Action::Expire(now_ms) => {
                    for dropped in pool.expire(now_ms) {
                        prop_assert!(now_ms > 1_000);
                        model.remove(&dropped.id);
                    }
                }
            }
            model.check(&pool);
            prop_assert!(pool.len() <= 12);
            let after: Vec<Hash> = snapshot.by_rate(None).unwrap().map(|entry| entry.id()).collect();
            prop_assert_eq!(before, after, "a snapshot does not change");
        }
    }
}

#[test]
fn selection_does_not_depend_on_what_it_leaves() {
    // Not a time, which would depend on the machine: the number of entries looked at is bounded by those taken.
    let mut pool = Mempool::new(Limits::default(), 0);
    for nonce in 0..2_000 {
        accept(&mut pool, Order::new(0, 1, nonce).fee(nonce % 97), account(u64::MAX, 0));
    }
    let selected = pool.select(10, usize::MAX);
    assert_eq!(
        selected.iter().map(|entry| entry.order().nonce).collect::<Vec<_>>(),
        (0..10).collect::<Vec<_>>()
    );
    assert_eq!(pool.select(100, 161 * 7).len(), 7);
}
