//! The account tree at 10^5 accounts: a block's changes, proofs, building. `cargo bench -p shared --bench state`.

use std::{collections::BTreeMap, hint::black_box, time::Duration};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sha2::{Digest, Sha256};
use shared::{
    amount::Amount,
    codec::{Decode, Encode},
    state::{Account, AccountProof, Key, StateTree},
};

const ACCOUNTS: u64 = 100_000;
const BATCH: u64 = 2_000;

fn key(number: u64) -> Key {
    Sha256::digest(number.to_le_bytes()).into()
}

fn account(units: u64) -> Account {
    Account {
        balance: Amount::from_units(units),
        nonce: 1,
    }
}

fn state(c: &mut Criterion) {
    let sorted: BTreeMap<Key, Account> = (0..ACCOUNTS).map(|number| (key(number), account(number))).collect();
    let sorted: Vec<(Key, Account)> = sorted.into_iter().collect();
    let build = || StateTree::from_sorted(sorted.iter().copied()).expect("sorted, and none is empty");
    let tree = build();
    let root = tree.root();
    let mut group = c.benchmark_group("state");
    group.measurement_time(Duration::from_secs(4));

    // Existing accounts spread over the tree, another set each time; the tree before stays, as it does for undoing.
    let mut start = 0;
    group.throughput(Throughput::Elements(BATCH));
    group.bench_function("update 2,000 of 100,000", |bencher| {
        bencher.iter_batched(
            || {
                start = (start + 7_919) % ACCOUNTS;
                let keys = (0..BATCH).map(|step| key((start + step * 49) % ACCOUNTS));
                keys.map(|key| (key, account(start + 1))).collect::<Vec<_>>()
            },
            |changes| {
                let mut next = tree.clone();
                next.update(changes);
                next
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("insert 2,000 into 100,000", |bencher| {
        bencher.iter_batched(
            || {
                start += BATCH;
                let keys = (0..BATCH).map(|step| key(ACCOUNTS + start + step));
                keys.map(|key| (key, account(1))).collect::<Vec<_>>()
            },
            |changes| {
                let mut next = tree.clone();
                next.update(changes);
                next
            },
            BatchSize::LargeInput,
        );
    });

    group.throughput(Throughput::Elements(1));
    let mut number = 0;
    group.bench_function("prove", |bencher| {
        bencher.iter_batched(
            || {
                number = (number + 7_919) % ACCOUNTS;
                key(number)
            },
            |key| tree.prove(&key),
            BatchSize::SmallInput,
        );
    });
    let (present, absent) = (key(5), key(ACCOUNTS + 5));
    for (name, key) in [("verify presence", present), ("verify absence", absent)] {
        let bytes = tree.prove(&key).to_bytes();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let proof = AccountProof::from_bytes(black_box(&bytes)).expect("just encoded");
                proof.verify(&root, &key).expect("just proved")
            });
        });
    }

    group.throughput(Throughput::Elements(ACCOUNTS));
    group.sample_size(20);
    group.bench_function("build 100,000", |bencher| bencher.iter_with_large_drop(build));
    group.finish();
}

criterion_group!(benches, state);
criterion_main!(benches);
