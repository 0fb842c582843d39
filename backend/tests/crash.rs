//! A node under load is killed at random moments. Whatever it had acknowledged is there afterwards.
//!
//! `CAIRN_CRASHES` sets how often; 100 by default.

#![allow(clippy::unwrap_used)]

mod workshop;

use std::{
    env,
    io::{BufRead as _, BufReader, Write as _, stdout},
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use backend::{
    clock::SystemClock,
    node::{Config, Node},
};
use shared::{hash::Hash, params::Network};
use workshop::{Order, network, public};

/// Senders of the load.
const SENDERS: u8 = 6;
/// Tells the child process which folder it has.
const FOLDER: &str = "CAIRN_CRASH_FOLDER";

fn start(folder: &Path) -> (Node, backend::node::Running) {
    let config = Config::new(folder.to_owned());
    Node::start(crash_network(), config, Arc::new(SystemClock)).unwrap()
}

fn crash_network() -> Network {
    network(SENDERS)
}

/// What the child acknowledged, one line each.
fn acknowledge(kind: char, hash: Hash) {
    let mut out = stdout().lock();
    writeln!(out, "ack {kind} {hash}").unwrap();
    out.flush().unwrap();
}

/// The child process: submits and mines until it is killed.
#[test]
#[ignore = "is run by the other test"]
fn child() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let (node, _running) = start(folder.as_ref());
    let genesis = node.network().genesis_hash();
    runtime.block_on(async {
        for sender in 0..SENDERS {
            let node = node.clone();
            tokio::spawn(async move {
                let account = node.view().tip().accounts().get(&public(sender).0);
                let first = node
                    .view()
                    .mempool()
                    .pending_change(&public(sender), account)
                    .next_nonce;
                for nonce in first.. {
                    let signed = Order::new(sender, (sender + 1) % SENDERS, nonce).sign(&genesis);
                    let verified = node.verify(vec![signed]).await.remove(0).unwrap();
                    // A refusal, such as at the limit of the queue, is not an acknowledgement.
                    if let Ok(id) = node.submit(vec![verified]).await.remove(0) {
                        acknowledge('t', id);
                    }
                }
            });
        }
        loop {
            let mined = node.mine(public(100), 3).await.unwrap();
            acknowledge('b', mined.summary.hash);
        }
    });
}

/// A generator of delays; which ones does not matter.
struct Delays(AtomicU64);

impl Delays {
    fn next_ms(&self, limit: u64) -> u64 {
        let state = self.0.load(Ordering::Relaxed);
        let next = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0.store(next, Ordering::Relaxed);
        (next >> 33) % limit
    }
}

/// Runs the child, kills it some time after its first acknowledgement, and gives all of those.
fn run_and_kill(folder: &Path, delays: &Delays) -> Vec<(char, Hash)> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "child", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    let (lines, inbox) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // The last line may be cut off in the middle.
            let mut words = line.split(' ').skip_while(|word| *word != "ack").skip(1);
            if let (Some(kind), Some(Ok(hash))) = (words.next(), words.next().map(str::parse)) {
                lines.send((kind.chars().next().unwrap(), hash)).unwrap();
            }
        }
    });
    let mut acknowledged = vec![inbox.recv_timeout(Duration::from_secs(60)).expect("the child works")];
    let end = Instant::now() + Duration::from_millis(delays.next_ms(60));
    loop {
        match inbox.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => acknowledged.push(line),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => panic!("the child ended by itself"),
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged.extend(inbox.iter());
    acknowledged
}

#[test]
fn what_was_acknowledged_survives_sigkill() {
    let crashes = env::var("CAIRN_CRASHES").map_or(100, |text| text.parse().expect("CAIRN_CRASHES is a number"));
    let folder = tempfile::tempdir().unwrap();
    let delays = Delays(AtomicU64::new(u64::from(std::process::id())));
    let mut acknowledged: Vec<(char, Hash)> = Vec::new();
    for crash in 1..=crashes {
        let new = run_and_kill(folder.path(), &delays);
        acknowledged.extend(&new);
        let (node, running) = start(folder.path());
        let view = node.view();
        // All of the newest, and from time to time all there ever were.
        let checked = if crash % 25 == 0 || crash == crashes {
            &acknowledged
        } else {
            &new
        };
        for (kind, hash) in checked {
            let is_there = match kind {
                'b' => view.reader().height_of(hash).unwrap().is_some(),
                _ => view.mempool().get(hash).is_some() || view.reader().locate(hash).unwrap().is_some(),
            };
            assert!(is_there, "crash {crash}: {kind} {hash} was acknowledged and is gone");
        }
        let tip = view.tip();
        let sum = tip
            .accounts()
            .iter()
            .map(|(_, account)| account.balance.units())
            .sum::<u64>();
        assert_eq!(
            Some(sum),
            node.network().supply_at(tip.height()).map(|supply| supply.units())
        );
        drop((view, node));
        running.stop().unwrap();
    }
    println!("{crashes} crashes, {} acknowledgements, all there", acknowledged.len());
}
