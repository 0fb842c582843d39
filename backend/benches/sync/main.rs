//! A node without data catches up with one other node over sockets of this machine, beside the bare verification of the same
//! blocks: 100,000 blocks that hold their reward alone, 100,000 with a transfer each, and 2,000 of 500 transfers.
//! `cargo bench -p backend --bench sync`; CAIRN_ROUNDS sets how often each is measured (5), CAIRN_CHAINS which of them
//! (`rewards,single,full`), CAIRN_DATA a folder in which the chains stay, as the last takes a minute to make.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may fail")]

mod bare;
mod chains;
mod process;

use std::{
    fmt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use backend::networks;
use tokio::runtime::Runtime;

use chains::{KINDS, Kind};
use process::Process;

/// How long a node may take for a chain.
const PATIENCE: Duration = Duration::from_secs(1_200);
/// How often the node is asked how far it is.
const POLL: Duration = Duration::from_millis(20);

fn main() {
    // `cargo test` runs benchmarks with this to see that they work.
    let quick = std::env::args().any(|argument| argument == "--test");
    let rounds = match std::env::var("CAIRN_ROUNDS") {
        Ok(number) => number.parse().unwrap(),
        Err(_) if quick => 1,
        Err(_) => 5,
    };
    let chosen = std::env::var("CAIRN_CHAINS").ok();
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("CAIRN_DATA").map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let runtime = Runtime::new().unwrap();
    for kind in KINDS {
        if chosen
            .as_ref()
            .is_none_or(|chosen| chosen.split(',').any(|name| name == kind.name))
        {
            let kind = if quick { kind.quick() } else { kind };
            runtime.block_on(measure(kind, rounds, &folder.join(kind.name)));
        }
    }
}

/// What one round found.
struct Round {
    bare: Cost,
    synced: Cost,
    /// The other node's, at the same time.
    served: Cost,
    /// The most that was resident, in MiB: of the node that synced, before and after, and of the one that served.
    memory: [f64; 3],
}

/// How long something took, and how much of the cores.
#[derive(Clone, Copy)]
struct Cost {
    wall: Duration,
    work: Duration,
}

async fn measure(kind: Kind, rounds: usize, folder: &Path) {
    let started = Instant::now();
    let file = kind.network_file(folder);
    let network = networks::load(file.to_str().unwrap()).unwrap();
    let data = folder.join("data");
    kind.make(&network, &data);
    let blocks = kind.blocks_of(&network, &data);
    let bytes: usize = blocks.iter().map(Vec::len).sum();
    println!(
        "{} blocks of {} transfers, {:.1} MiB (ready after {:.0} s)",
        kind.blocks,
        kind.transfers,
        bytes as f64 / f64::from(1 << 20),
        started.elapsed().as_secs_f64()
    );
    let server = Process::start(&file, &data).await;
    let mut found = Vec::new();
    for _ in 0..rounds {
        let bare = bare::verify(&network, &blocks);
        found.push(sync(&file, kind.blocks, &server, bare).await);
    }
    let column = |value: fn(&Round) -> f64| Spread::of(found.iter().map(value));
    let bare_work = column(|round| round.bare.work.as_secs_f64());
    let work = column(|round| round.synced.work.as_secs_f64());
    println!(
        "  bare verification  {} s, work {bare_work} s",
        column(|round| round.bare.wall.as_secs_f64())
    );
    println!(
        "  synced             {} s, work {work} s",
        column(|round| round.synced.wall.as_secs_f64())
    );
    println!(
        "  ratio              {} of the time, {} of the work",
        column(|round| round.bare.wall.as_secs_f64() / round.synced.wall.as_secs_f64()),
        column(|round| round.bare.work.as_secs_f64() / round.synced.work.as_secs_f64())
    );
    println!(
        "  the other's work   {} s",
        column(|round| round.served.work.as_secs_f64())
    );
    println!(
        "  memory             {} MiB before, {} MiB at most; the other {} MiB",
        column(|round| round.memory[0]),
        column(|round| round.memory[1]),
        column(|round| round.memory[2])
    );
}

/// Lets a node without data catch up.
async fn sync(network: &Path, height: u64, server: &Process, bare: Cost) -> Round {
    let folder = tempfile::tempdir().unwrap();
    let node = Process::start(network, folder.path()).await;
    let before = node.peak_mib();
    let (work, served, started) = (node.work(), server.work(), Instant::now());
    node.register(&server.peer).await;
    while node.height().await < height {
        assert!(started.elapsed() < PATIENCE, "the node does not catch up");
        tokio::time::sleep(POLL).await;
    }
    let wall = started.elapsed();
    let cost = |process: &Process, before| Cost {
        wall,
        work: process.work() - before,
    };
    Round {
        bare,
        synced: cost(&node, work),
        served: cost(server, served),
        memory: [before, node.peak_mib(), server.peak_mib()],
    }
}

/// The median, with the least and the greatest.
struct Spread {
    median: f64,
    least: f64,
    greatest: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        Self {
            median: values[values.len() / 2],
            least: values[0],
            greatest: values[values.len() - 1],
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2} to {:.2})", self.median, self.least, self.greatest)
    }
}
