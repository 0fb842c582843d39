//! The miner's inner loop beside the bare compression of SHA-256.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shared::{
    block::Header,
    hash::Hash,
    pow::{Midstate, Target},
};

const ATTEMPTS: u64 = 1 << 14;

fn attempts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("attempts");
    group.throughput(Throughput::Elements(ATTEMPTS));
    group.bench_function("limit: bare compression", |bencher| {
        let (mut state, chunk) = ([0x6a09_e667_u32; 8], [7_u8; 64]);
        bencher.iter(|| {
            for _ in 0..ATTEMPTS {
                sha2::block_api::compress256(&mut state, std::slice::from_ref(&chunk));
            }
            state
        });
    });
    group.bench_function("miner", |bencher| {
        let header = Header {
            version: 1,
            height: 1,
            previous_hash: Hash::ZERO,
            history_root: Hash::ZERO,
            transactions_root: Hash::ZERO,
            state_root: Hash::ZERO,
            timestamp: 1,
            bits: 0x0101_0000,
            nonce: 0,
        };
        let target = Target::from_bits(header.bits).expect("canonical");
        let mut midstate = Midstate::new(&header);
        let mut nonce = 0;
        bencher.iter(|| {
            nonce += ATTEMPTS;
            midstate.search(target, nonce, ATTEMPTS)
        });
    });
    group.finish();
}

criterion_group!(benches, attempts);
criterion_main!(benches);
