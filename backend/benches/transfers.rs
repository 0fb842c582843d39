//! Verifying transfers on all cores beside bare ed25519-zebra, and connecting full blocks durably.

#[path = "../tests/workshop/mod.rs"]
mod workshop;

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use backend::{
    clock::SystemClock,
    node::{Config, Node},
    verify::verify_transfers,
};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ed25519_zebra::{Signature, VerificationKeyBytes, batch};
use getrandom::SysRng;
use rand_core::UnwrapErr;
use rayon::prelude::*;
use shared::{hash::Hash, transaction::SignedTransfer};
use workshop::{Order, mine, network, public};

const COUNT: u64 = 2_000;
const SENDERS: u8 = 100;

fn signed(genesis: &Hash, round: u64) -> Vec<SignedTransfer> {
    let each = COUNT / u64::from(SENDERS);
    (0..SENDERS)
        .flat_map(|from| (0..each).map(move |index| (from, round * each + index)))
        .map(|(from, nonce)| Order::new(from, from.wrapping_mul(7) % 200, nonce).sign(genesis))
        .collect()
}

fn verify(criterion: &mut Criterion) {
    let genesis = network(SENDERS).genesis_hash();
    let transfers = signed(&genesis, 0);
    let mut group = criterion.benchmark_group("verify 2,000 transfers");
    group.throughput(Throughput::Elements(COUNT)).sample_size(20);
    group.bench_function("limit: bare batches on all cores", |bencher| {
        let messages: Vec<Hash> = transfers
            .iter()
            .map(|signed| signed.transfer.signing_hash(&genesis))
            .collect();
        let items: Vec<_> = transfers.iter().zip(&messages).collect();
        bencher.iter(|| {
            items.par_chunks(512).for_each(|chunk| {
                let mut verifier = batch::Verifier::new();
                for (signed, message) in chunk {
                    let key = VerificationKeyBytes::from(signed.transfer.sender.0);
                    verifier.queue((key, Signature::from(signed.signature.0), &message.0));
                }
                verifier.verify(UnwrapErr(SysRng)).expect("all are valid");
            });
        });
    });
    group.bench_function("verify_transfers", |bencher| {
        bencher.iter(|| black_box(verify_transfers(&transfers, &genesis)));
    });
    group.finish();
}

/// Measures how long a running node takes for blocks of 2,000 transfers, from the call to the durable answer.
fn connect(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("connect a block of 2,000 transfers durably");
    group
        .throughput(Throughput::Elements(COUNT))
        .sample_size(10)
        .measurement_time(Duration::from_secs(8));
    for (name, is_known) in [("unseen (aim: 16,000/s)", false), ("known (aim: 32,000/s)", true)] {
        let network = network(SENDERS);
        let genesis = network.genesis_hash();
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config::new(folder.path().to_owned());
        let (node, running) = Node::start(network.clone(), config, Arc::new(SystemClock)).expect("the node starts");
        let runtime = tokio::runtime::Runtime::new().expect("threads");
        let mut round = 0;
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let mut total = Duration::ZERO;
                for _ in 0..iterations {
                    let transfers = signed(&genesis, round);
                    round += 1;
                    let verdicts = verify_transfers(&transfers, &genesis);
                    let verified: Vec<_> = verdicts.into_iter().map(|verdict| verdict.expect("valid")).collect();
                    let block = mine(&network, node.view().tip(), 0, round, verified.clone())
                        .block
                        .to_block();
                    if is_known {
                        let results = runtime.block_on(node.submit(verified));
                        assert!(results.iter().all(Result::is_ok));
                    }
                    let start = Instant::now();
                    runtime.block_on(node.submit_block(block)).expect("it is valid");
                    total += start.elapsed();
                }
                total
            });
        });
        drop(node);
        running.stop().expect("it stops");
    }
    group.finish();
}

/// Blocks of the development network, made and stored one after another, durable together.
fn mine_blocks(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = Config::new(folder.path().to_owned());
    let (node, running) = Node::start(network(1), config, Arc::new(SystemClock)).expect("the node starts");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let mut group = criterion.benchmark_group("mine on the development network");
    group.sample_size(10);
    for count in [1, 100] {
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("{count} a call"), |bencher| {
            bencher.iter_batched(
                || (),
                |()| runtime.block_on(node.mine(public(1), count)).expect("it mines"),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
    drop(node);
    running.stop().expect("it stops");
}

criterion_group!(benches, verify, connect, mine_blocks);
criterion_main!(benches);
