//! The mempool against a slow and obvious model, and each of its refusals by name.

#![allow(clippy::unwrap_used)]

mod workshop;

use std::collections::{BTreeMap, BTreeSet};

use backend::mempool::{DropReason, Dropped, Limits, Mempool, MempoolError, Taken};
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
    assert!(pool.advance(4, [], &Taken::default()).is_empty());
    let dropped = pool.advance(5, [], &Taken::default());
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

/// A transfer that was mined, and what it needs is undone with it: 90 of 100 units that its sender, 1, had got from 0.
fn undone() -> (Mempool, Hash) {
    let mut pool = Mempool::new(small(), 2);
    let transfer = Order::new(1, 2, 0).amount(90).fee(5).verified(&GENESIS);
    let id = transfer.id();
    pool.restore(transfer, account(0, 0), 0, &Taken::default()).unwrap();
    assert!(
        pool.return_to(2, [(public(1), account(0, 0))], &Taken::default())
            .is_empty()
    );
    (pool, id)
}

#[test]
fn a_transfer_waits_for_the_payment_that_was_undone_with_it() {
    let (mut pool, id) = undone();
    assert!(pool.is_waiting(pool.get(&id).unwrap()));
    assert!(pool.select(10, 10_000).is_empty() && !pool.has_ready());
    // A block without the payment changes nothing.
    assert!(
        pool.advance(3, [(public(1), account(40, 0))], &Taken::default())
            .is_empty()
    );
    assert!(!pool.has_ready());
    assert!(
        pool.advance(4, [(public(1), account(100, 0))], &Taken::default())
            .is_empty()
    );
    assert_eq!(pool.select(10, 10_000)[0].id(), id);
    // What is borne is not borne any more.
    let dropped = pool.advance(5, [(public(1), account(94, 0))], &Taken::default());
    let reason = DropReason::Invalid;
    assert_eq!(dropped, [Dropped { id, reason }]);
}

#[test]
fn what_waits_for_money_takes_no_more_of_it() {
    let (mut pool, id) = undone();
    let poor = account(20, 0);
    pool.advance(3, [(public(1), poor)], &Taken::default());
    assert_eq!(
        refusal(&mut pool, Order::new(1, 2, 1).amount(1), poor),
        "balance-insufficient"
    );
    assert_eq!(
        refusal(&mut pool, Order::new(1, 2, 0).amount(89).fee(7), poor),
        "balance-insufficient"
    );
    // But it may be made less.
    let dropped = accept(&mut pool, Order::new(1, 2, 0).amount(88).fee(6), poor);
    assert!(matches!(dropped[..], [(old, DropReason::Replaced { .. })] if old == id));
    assert!(!pool.has_ready());
    accept(&mut pool, Order::new(1, 1, 0).amount(1).fee(7), poor);
    assert!(pool.has_ready());
}

#[test]
fn what_follows_an_undone_transfer_that_expired_waits() {
    let mut pool = Mempool::new(small(), 0);
    let rich = account(1_000, 0);
    for nonce in 0..6 {
        let order = Order::new(0, 1, nonce).valid_until(if nonce == 0 { 3 } else { 0 });
        pool.restore(order.verified(&GENESIS), rich, 0, &Taken::default())
            .unwrap();
    }
    let dropped = pool.return_to(3, [(public(0), rich)], &Taken::default());
    assert_eq!(dropped[0].reason, DropReason::Expired);
    assert_eq!((dropped.len(), pool.len()), (1, 5), "however many nonces are missing");
    accept(&mut pool, Order::new(0, 1, 0), rich);
    assert_eq!(pool.select(10, 10_000).len(), 6);
}

#[test]
fn who_took_the_nonce_is_named() {
    let other = Order::new(0, 2, 0).verified(&GENESIS);
    let by = other.id();
    let taken = Taken::from_iter([&other]);
    let mut pool = Mempool::new(small(), 0);
    accept(&mut pool, Order::new(0, 1, 0), account(1_000, 0));
    let dropped = pool.advance(1, [(public(0), account(900, 1))], &taken);
    assert_eq!(dropped[0].reason, DropReason::Replaced { by });
    let late = pool.restore(Order::new(0, 1, 0).verified(&GENESIS), account(900, 1), 0, &taken);
    assert_eq!(late.unwrap_err(), DropReason::Replaced { by });
}

/// What a test does to the mempool.
#[derive(Debug, Clone)]
enum Action {
    Add(Order),
    /// The next block takes so many of those selected.
    Mine(usize),
    /// A sender's mined state changes behind the mempool's back; whether blocks were undone.
    Chain {
        sender: u8,
        balance: u64,
        nonce: u64,
        undone: bool,
    },
    /// A block with it was undone, and its sender has so much now. So many of its transfers are mined still.
    Restore(Order, u64, u64),
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
        2 => (0..4_u8, 0..300_u64, 0..6_u64, any::<bool>())
            .prop_map(|(sender, balance, nonce, undone)| Action::Chain { sender, balance, nonce, undone }),
        2 => (order(), 0..300_u64, 0..6_u64).prop_map(|(order, balance, mined)| Action::Restore(order, balance, mined)),
        1 => (0..3_000_u64).prop_map(Action::Expire),
    ]
}

/// All pending transfers in one list, and every question answered by looking through it.
#[derive(Default)]
struct Model {
    pending: Vec<(VerifiedTransfer, u64)>,
    accounts: BTreeMap<PublicKey, Account>,
    /// By how much the pending transfers of a sender may go beyond its balance, and up to which nonce they may be ahead.
    leaves: BTreeMap<PublicKey, (u64, u64)>,
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

    /// The first nonce that is missing, or for which there is no money.
    fn ready_end(&self, key: &PublicKey) -> u64 {
        let (own, account) = (self.of(key), self.account(key));
        let mut left = account.balance;
        let mut pay = |nonce: &u64| {
            let total = own.get(nonce)?.transfer().total()?;
            left = left.checked_sub(total)?;
            Some(())
        };
        (account.nonce..).find(|nonce| pay(nonce).is_none()).unwrap()
    }

    fn total(&self, key: &PublicKey) -> u64 {
        let totals = self.of(key).into_values().map(|one| one.transfer().total().unwrap());
        totals.map(Amount::units).sum()
    }

    fn shortage(&self, key: &PublicKey) -> u64 {
        self.total(key).saturating_sub(self.account(key).balance.units())
    }

    /// What is borne of a sender now: all that is pending, or no more than is still needed.
    fn bear(&mut self, key: &PublicKey, all: bool) {
        let (before, shortage) = (self.leaves.get(key).copied().unwrap_or_default(), self.shortage(key));
        let last = self.of(key).into_keys().next_back().unwrap_or(0);
        let is_far = last > self.next_nonce(key) + 4;
        let nonce = if all { last } else { before.1 };
        let shortage = if all { shortage } else { shortage.min(before.0) };
        self.leaves.insert(*key, (shortage, if is_far { nonce } else { 0 }));
    }

    /// Bears no more than is still needed of the money.
    fn bear_no_more(&mut self, key: &PublicKey) {
        let shortage = self.shortage(key);
        if let Some((borne, _)) = self.leaves.get_mut(key) {
            *borne = shortage.min(*borne);
        }
    }

    fn remove(&mut self, id: &Hash) {
        self.pending.retain(|(transfer, _)| transfer.id() != *id);
    }

    /// Takes out what was dropped, and gives whose it was.
    fn drop(&mut self, dropped: &[Dropped]) -> Vec<PublicKey> {
        let is_its = |(transfer, _): &&(VerifiedTransfer, u64)| dropped.iter().any(|one| one.id == transfer.id());
        let senders = self.pending.iter().filter(is_its).map(|(one, _)| one.transfer().sender);
        let senders = senders.collect();
        dropped.iter().for_each(|dropped| self.remove(&dropped.id));
        senders
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
                        && order.nonce < self.ready_end(&order.sender)
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
            let (shortage, far) = self.leaves.get(&key).copied().unwrap_or_default();
            assert_eq!(change.outgoing.units(), self.total(&key));
            assert!(self.shortage(&key) <= shortage);
            assert_eq!(change.next_nonce, self.next_nonce(&key));
            let incoming = self
                .pending
                .iter()
                .filter(|(transfer, _)| transfer.transfer().recipient == key);
            let incoming: u64 = incoming.map(|(transfer, _)| transfer.transfer().amount.units()).sum();
            assert_eq!(change.incoming.units(), incoming);
            let last = far.max(change.next_nonce + 4);
            assert!(own.keys().all(|nonce| (account.nonce..=last).contains(nonce)));
            for transfer in own.values() {
                let entry = pool.get(&transfer.id()).unwrap();
                let ready_end = self.ready_end(&key);
                assert_eq!(pool.is_waiting(entry), entry.order().nonce >= ready_end);
                let lacking = ready_end..change.next_nonce;
                assert_eq!(pool.is_unfunded(entry), lacking.contains(&entry.order().nonce));
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
                        && (order.valid_until == 0 || order.valid_until > model.height)
                        && (!is_new || (own.len() < 6 && order.nonce <= model.next_nonce(&public(order.from)) + 4));
                    match pool.add(transfer.clone(), account, 0) {
                        Ok(added) => {
                            prop_assert!(could);
                            let mut senders = model.drop(&added.dropped);
                            model.pending.push((transfer, arrival));
                            senders.push(public(order.from));
                            senders.iter().for_each(|key| model.bear_no_more(key));
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
                    let taken: Taken = mined.iter().map(|entry| &entry.transfer).collect();
                    for id in taken.ids() {
                        model.remove(id);
                    }
                    let mut senders: Vec<PublicKey> = changed.keys().copied().collect();
                    senders.extend(model.drop(&pool.advance(model.height, changed, &taken)));
                    senders.iter().for_each(|key| model.bear(key, false));
                }
                Action::Chain { sender, balance, nonce, undone } => {
                    let (key, now) = (public(sender), account(balance, nonce));
                    model.accounts.insert(key, now);
                    let dropped = if undone {
                        pool.return_to(model.height, [(key, now)], &Taken::default())
                    } else {
                        pool.advance(model.height, [(key, now)], &Taken::default())
                    };
                    for dropped in &dropped {
                        prop_assert_eq!(dropped.reason, DropReason::Invalid);
                        let entry = snapshot.get(&dropped.id).unwrap();
                        prop_assert!(!undone || entry.order().nonce < nonce);
                    }
                    model.drop(&dropped);
                    model.bear(&key, undone);
                }
                Action::Restore(order, balance, mined) => {
                    let (transfer, key) = (order.verified(&GENESIS), public(order.from));
                    let now = account(balance, mined.min(model.account(&key).nonce));
                    model.accounts.insert(key, now);
                    let is_free = !model.of(&key).contains_key(&order.nonce);
                    let lives = order.valid_until == 0 || order.valid_until > model.height;
                    let restored = pool.restore(transfer.clone(), now, 0, &Taken::default());
                    prop_assert_eq!(restored.is_ok(), is_free && lives && order.nonce >= now.nonce);
                    if restored.is_ok() {
                        model.pending.push((transfer, arrival));
                    }
                    prop_assert!(pool.return_to(model.height, [(key, now)], &Taken::default()).is_empty());
                    model.bear(&key, true);
                }
                Action::Expire(now_ms) => {
                    let dropped = pool.expire(now_ms);
                    prop_assert!(now_ms > 1_000 || dropped.is_empty());
                    for key in model.drop(&dropped) {
                        model.bear(&key, false);
                    }
                }
            }
            model.check(&pool);
            prop_assert!(pool.len() <= 12.max(snapshot.len() + 1));
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
