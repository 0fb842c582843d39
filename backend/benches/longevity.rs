//! A node of the network `dev` that mines 100,000 blocks through its interface: time a block, memory, disk, restart; and how
//! soon a fresh node answers. `cargo bench -p backend --bench longevity`; CAIRN_BLOCKS sets another number of blocks.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may fail")]

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::Client;
use shared::{address, key::SecretKey};
use tokio::runtime::Runtime;

/// Blocks of one request.
const TOGETHER: u64 = 100;

/// Requests of one block each, by which heights are compared.
const SINGLY: usize = 400;

/// Starts of a fresh node.
const STARTS: usize = 9;

fn main() {
    // `cargo test` runs benchmarks with this to see that they work.
    let quick = std::env::args().any(|argument| argument == "--test");
    let blocks = match std::env::var("CAIRN_BLOCKS") {
        Ok(number) => number.parse().unwrap(),
        Err(_) if quick => 2_000,
        Err(_) => 100_000,
    };
    Runtime::new().unwrap().block_on(async {
        fresh(if quick { 1 } else { STARTS }).await;
        long(blocks, if quick { 10 } else { SINGLY }).await;
    });
}

/// How soon a node without data answers, and what it takes at rest.
async fn fresh(starts: usize) {
    let mut waits = Vec::new();
    let mut memory = Vec::new();
    for _ in 0..starts {
        let folder = tempfile::tempdir().unwrap();
        let node = Node::start(folder.path()).await;
        waits.push(node.answered_after);
        memory.push(node.memory());
        node.stop();
    }
    println!(
        "a fresh node answers after {} (median of {starts}; slowest {})",
        ms(median(&mut waits)),
        ms(waits[starts - 1])
    );
    memory.sort_by(f64::total_cmp);
    println!("it takes {:.1} MiB at rest", memory[starts - 1]);
}

async fn long(blocks: u64, singly: usize) {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::start(folder.path()).await;
    println!("height   one block  in 100s   memory     disk");
    let mut first = None;
    for mark in [1_000, blocks / 10, blocks / 4, blocks / 2, blocks * 3 / 4, blocks] {
        let started = Instant::now();
        let from = node.height;
        while node.height + TOGETHER <= mark {
            node.mine(TOGETHER).await;
        }
        let each = started.elapsed() / u32::try_from(node.height - from).unwrap().max(1);
        let mut single = Vec::with_capacity(singly);
        for _ in 0..singly {
            let asked = Instant::now();
            node.mine(1).await;
            single.push(asked.elapsed());
        }
        let single = median(&mut single);
        let first = first.get_or_insert(single);
        println!(
            "{:>7}  {:>9}  {:>7}  {:>5.1} MiB  {:>6.1} MiB  (one block: {:.2} of the first)",
            node.height,
            ms(single),
            ms(each),
            node.memory(),
            mebibytes(size_of(folder.path())),
            single.as_secs_f64() / first.as_secs_f64()
        );
    }
    node.stop();
    let mut waits = Vec::new();
    for _ in 0..3 {
        let again = Node::start(folder.path()).await;
        assert_eq!(again.height, node_height(&again.client, &again.url).await);
        waits.push(again.answered_after);
        println!("  started again: {:.1} MiB", again.memory());
        again.stop();
    }
    println!(
        "a restart at height {blocks} answers after {} (median of 3; slowest {})",
        ms(median(&mut waits)),
        ms(waits[2])
    );
}

/// A running node, which ends with this.
struct Node {
    child: Child,
    client: Client,
    url: String,
    recipient: String,
    height: u64,
    /// From its start to its first answer.
    answered_after: Duration,
}

impl Node {
    async fn start(folder: &Path) -> Self {
        let client = Client::new();
        let started = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_cairn"))
            .args(["node", "--network", "dev", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let url = loop {
            line.clear();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0, "the node ended");
            if let Some(url) = line.split_whitespace().find(|word| word.starts_with("http://")) {
                break url.trim_end_matches('/').to_owned();
            }
        };
        // Nobody reads on: a full pipe would stop the node.
        std::thread::spawn(move || {
            let _ = lines.read_to_end(&mut Vec::new());
        });
        let height = node_height(&client, &url).await;
        let recipient = address::encode(&"dev".parse().unwrap(), &SecretKey::from_bytes(&[7; 32]).public_key());
        Self {
            child,
            client,
            url,
            recipient,
            height,
            answered_after: started.elapsed(),
        }
    }

    async fn mine(&mut self, count: u64) {
        let url = format!("{}/blockchain/mine", self.url);
        let body = format!("{{\"recipient\":\"{}\",\"count\":{count}}}", self.recipient);
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .body(body);
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.text().await.unwrap());
        self.height += count;
    }

    /// Resident memory, in MiB.
    fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        let kibibytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        mebibytes(kibibytes * 1024)
    }

    fn stop(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // After a failure; a node that was stopped is gone.
        let _ = self.child.kill();
    }
}

async fn node_height(client: &Client, url: &str) -> u64 {
    let text = client
        .get(format!("{url}/blockchain/status"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    serde_json::from_str::<serde_json::Value>(&text).unwrap()["height"]
        .as_u64()
        .unwrap()
}

/// Sorts, and takes the middle.
fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / (1 << 20) as f64
}

fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
            Ok(metadata) => metadata.len(),
            // A file that the store has just removed.
            Err(_) => 0,
        })
        .sum()
}
