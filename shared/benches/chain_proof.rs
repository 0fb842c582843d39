//! Proofs of chains of 10^4, 10^5 and 10^6 headers: length, writing, verifying. `cargo bench -p shared --bench chain_proof`.

use std::{collections::BTreeMap, convert::Infallible, hint::black_box, time::Instant};

use shared::{
    amount::Amount,
    block::Header,
    chain_proof::{self, HeaderSource},
    hash::Hash,
    history::{History, HistoryNode, NodeSource, Position},
    params::{Difficulty, Network, Parameters},
    pow::{Midstate, Target},
    rules::leaf,
};

const ROUNDS: usize = 11;

/// Headers and their tree; levels of nodes.
struct Chain {
    headers: Vec<Header>,
    nodes: BTreeMap<u8, Vec<HistoryNode>>,
    history: History,
}

impl NodeSource for Chain {
    type Error = Infallible;

    fn get(&self, position: Position) -> Result<HistoryNode, Infallible> {
        Ok(self.nodes[&position.level][position.index as usize])
    }
}

impl HeaderSource for Chain {
    fn header(&self, height: u64) -> Result<Header, Infallible> {
        Ok(self.headers[height as usize])
    }
}

impl Chain {
    fn push(&mut self, header: Header) {
        let nodes = &mut self.nodes;
        self.history
            .append_with(leaf(&header, header.hash()), |position, node| {
                nodes.entry(position.level).or_default().push(*node);
            });
        self.headers.push(header);
    }

    fn grow(&mut self, network: &Network, to: u64) {
        let target = Target::from_bits(network.parameters().difficulty.bits()).expect("the network's own");
        while let Some(last) = self.headers.last().filter(|last| last.height < to) {
            let mut header = Header {
                version: Header::VERSION,
                height: last.height + 1,
                previous_hash: last.hash(),
                history_root: self.history.root(),
                transactions_root: Hash([8; 32]),
                state_root: Hash([9; 32]),
                timestamp: last.timestamp + 1_000,
                bits: network.next_bits(last.height, last.timestamp),
                nonce: 0,
            };
            header.nonce = Midstate::new(&header)
                .search(target, 0, u64::MAX)
                .expect("two attempts");
            self.push(header);
        }
    }
}

/// A network of two attempts a block.
fn network() -> Network {
    let parameters = Parameters {
        name: "bench".into(),
        symbol: "B".into(),
        prefix: "bench".parse().expect("it is one"),
        subsidy: Amount::from_units(1),
        halving_interval: 0,
        interval_ms: 1_000,
        max_future_ms: 10_000,
        max_block_bytes: 1 << 20,
        max_block_transfers: 1_000,
        max_reorg_depth: 100,
        genesis_time_ms: 1_000_000_000_000,
        difficulty: Difficulty::Fixed { bits: 0x207f_ffff },
        allocations: Vec::new(),
    };
    Network::new(parameters).expect("in range")
}

/// The median of some rounds, with the least and the greatest, in milliseconds.
fn timed(mut act: impl FnMut()) -> String {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            act();
            start.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    format!(
        "{:.1} ms ({:.1} to {:.1})",
        times[ROUNDS / 2],
        times[0],
        times[ROUNDS - 1]
    )
}

fn main() {
    let network = network();
    let mut chain = Chain {
        headers: Vec::new(),
        nodes: BTreeMap::new(),
        history: History::new(),
    };
    chain.push(*network.genesis());
    for headers in [10_000, 100_000, 1_000_000] {
        chain.grow(&network, headers);
        let write = || match chain_proof::write(&chain, &network, headers, &[]) {
            Ok(proof) => proof,
        };
        let proof = write();
        let verify = || chain_proof::verify(&proof, &network, u64::MAX / 2).expect("an honest chain");
        println!(
            "{headers} headers: {} bytes, {} headers shown, written in {}, verified in {}",
            proof.len(),
            verify().shown.len(),
            timed(|| drop(black_box(write()))),
            timed(|| drop(black_box(verify()))),
        );
    }
}
