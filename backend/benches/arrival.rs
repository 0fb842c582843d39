//! How soon a block that one of five nodes found is the tip of all of them, over sockets of this machine: empty blocks, and
//! blocks of 500 transfers that all nodes have pending. `cargo bench -p backend --bench arrival`; CAIRN_BLOCKS sets how many
//! blocks of each kind (400).

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may fail")]

#[path = "../tests/workshop/mod.rs"]
mod workshop;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use backend::{
    clock::SystemClock,
    node::{Config, Event, Node, Running},
    p2p::{self, Peers},
    verify::verify_transfers,
};
use shared::{hash::Hash, params::Network, rules::ConnectedBlock, transaction::SignedTransfer};
use tokio::{
    runtime::Runtime,
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};
use workshop::{Order, mine, network};

const NODES: usize = 5;
const SENDERS: u8 = 100;
const TRANSFERS: u64 = 500;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between blocks, so that one does not wait for what another left behind.
const PAUSE: Duration = Duration::from_millis(50);

fn main() {
    // `cargo test` runs benchmarks with this to see that they work.
    let quick = std::env::args().any(|argument| argument == "--test");
    let blocks = match std::env::var("CAIRN_BLOCKS") {
        Ok(number) => number.parse().unwrap(),
        Err(_) if quick => 5,
        Err(_) => 400,
    };
    Runtime::new().unwrap().block_on(async {
        let network = network(SENDERS);
        let mut class = Class::start(&network).await;
        for (name, transfers) in [("no transfers", 0), ("500 transfers that all have", TRANSFERS)] {
            let mut found = Vec::new();
            for number in 0..blocks {
                found.push(class.find(number, transfers).await);
            }
            let all = spread(found.iter().map(|arrivals| arrivals[NODES - 1]));
            let first = spread(found.iter().map(|arrivals| arrivals[1]));
            let own = spread(found.iter().map(|arrivals| arrivals[0]));
            println!("{blocks} blocks, {name}: all have it after {all}; the first other after {first}; its finder after {own}");
        }
        class.stop().await;
    });
}

/// Five nodes that know each other.
struct Class {
    network: Network,
    nodes: Vec<Member>,
    /// Which node has which block as its tip, and since when.
    tips: mpsc::UnboundedReceiver<(Hash, Instant)>,
    stop: watch::Sender<bool>,
    /// How many transfers were made.
    made: u64,
}

struct Member {
    node: Node,
    peers: Peers,
    running: Running,
    task: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Class {
    async fn start(network: &Network) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (tell, tips) = mpsc::unbounded_channel();
        let mut nodes: Vec<Member> = Vec::new();
        for _ in 0..NODES {
            let folder = tempfile::tempdir().unwrap();
            let config = Config::new(folder.path().to_owned());
            let (node, running) = Node::start(network.clone(), config, Arc::new(SystemClock)).unwrap();
            let addresses = nodes.iter().map(|member| member.peers.addresses()[0].parse().unwrap());
            let config = p2p::Config {
                nodes: addresses.collect(),
                ..p2p::Config::default()
            };
            let mut stopped = stopped.clone();
            let shutdown = async move {
                let _ = stopped.wait_for(|is_stopped| *is_stopped).await;
            };
            let (peers, task) = p2p::start(node.clone(), config, shutdown).await.unwrap();
            let (mut events, tell) = (node.subscribe(None), tell.clone());
            tokio::spawn(async move {
                while let Some(numbered) = events.next().await {
                    if let Event::Block(summary) = numbered.event {
                        let _ = tell.send((summary.hash, Instant::now()));
                    }
                }
            });
            nodes.push(Member {
                node,
                peers,
                running,
                task,
                _folder: folder,
            });
        }
        until(|| nodes.iter().all(|member| member.peers.count() == NODES - 1)).await;
        // Gossip forms its mesh once a second.
        sleep(Duration::from_secs(3)).await;
        Self {
            network: network.clone(),
            nodes,
            tips,
            stop,
            made: 0,
        }
    }

    /// Has the next node find a block, and gives after which times the nodes have it, the soonest first.
    async fn find(&mut self, number: u64, transfers: u64) -> Vec<Duration> {
        let place = usize::try_from(number).unwrap();
        let block = self.block(place, transfers).await.block.to_block();
        let hash = block.header.hash();
        sleep(PAUSE).await;
        let finder = &self.nodes[place % NODES].node;
        let started = Instant::now();
        finder.submit_block(block).await.unwrap();
        let mut arrivals = Vec::new();
        while arrivals.len() < NODES {
            let (tip, at) = timeout(PATIENCE, self.tips.recv()).await.unwrap().unwrap();
            assert_eq!(tip, hash, "no other block was found");
            arrivals.push(at - started);
        }
        arrivals.sort_unstable();
        arrivals
    }

    /// A block with new transfers, which another node was told of and all have pending.
    async fn block(&mut self, place: usize, transfers: u64) -> ConnectedBlock {
        let genesis = self.network.genesis_hash();
        let signed = (self.made..self.made + transfers).map(|number| {
            let from = u8::try_from(number % u64::from(SENDERS)).unwrap();
            Order::new(from, from + 100, number / u64::from(SENDERS)).sign(&genesis)
        });
        let signed: Vec<SignedTransfer> = signed.collect();
        self.made += transfers;
        let verdicts = verify_transfers(&signed, &genesis);
        let verified: Vec<_> = verdicts.into_iter().map(|verdict| verdict.unwrap()).collect();
        let told = &self.nodes[(place + 1) % NODES].node;
        let results = told.submit(verified.clone()).await;
        assert!(results.iter().all(Result::is_ok));
        let count = usize::try_from(transfers).unwrap();
        until(|| {
            self.nodes
                .iter()
                .all(|member| member.node.view().mempool().len() == count)
        })
        .await;
        let view = self.nodes[place % NODES].node.view();
        mine(&self.network, view.tip(), 0, view.tip().height(), verified)
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        for Member {
            node,
            peers,
            running,
            task,
            ..
        } in self.nodes
        {
            task.await.unwrap();
            drop((node, peers));
            tokio::task::spawn_blocking(|| running.stop()).await.unwrap().unwrap();
        }
    }
}

async fn until(holds: impl Fn() -> bool) {
    let waits = async {
        while !holds() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, waits).await.expect("it comes about");
}

/// Median, p95 and the greatest, in milliseconds.
fn spread(times: impl Iterator<Item = Duration>) -> String {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    let ms = |percent: usize| times[(times.len() * percent).div_ceil(100).max(1) - 1].as_secs_f64() * 1e3;
    format!("{:.1} ms (p95 {:.1}, greatest {:.1})", ms(50), ms(95), ms(100))
}
