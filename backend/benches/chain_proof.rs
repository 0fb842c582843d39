//! The proof of the chain as a node serves it from its store: the first answer after a start, with nothing in the page
//! cache, the next, and one that is written anew. `cargo bench -p backend --bench chain_proof`; CAIRN_BLOCKS sets other numbers
//! of blocks, rising, with commas between; CAIRN_DATA a folder in which the chain stays and grows; CAIRN_EXPORT a folder into
//! which the proofs go, with the network's parameters and genesis hash.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may fail")]

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use backend::{chain::Chain, networks, store::Store, verify::verify_block};
use reqwest::Client;
use shared::{chain_proof, key::SecretKey, params::Network, transaction::Note};
use tokio::runtime::Runtime;

/// Starts of the node for each kind of answer.
const STARTS: usize = 5;
/// Verifications.
const ROUNDS: usize = 11;
/// Blocks that are durable together.
const TOGETHER: u64 = 1_000;

const BINARY: &str = "application/octet-stream";

fn main() {
    // `cargo test` runs benchmarks with this to see that they work.
    let quick = std::env::args().any(|argument| argument == "--test");
    let marks: Vec<u64> = match std::env::var("CAIRN_BLOCKS") {
        Ok(numbers) => numbers.split(',').map(|number| number.parse().unwrap()).collect(),
        Err(_) if quick => vec![600],
        Err(_) => vec![100_000],
    };
    let export = std::env::var_os("CAIRN_EXPORT").map(PathBuf::from);
    let network = networks::load("dev").unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("CAIRN_DATA").map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let runtime = Runtime::new().unwrap();
    for height in marks {
        let started = Instant::now();
        grow(&network, &folder, height);
        println!(
            "{height} blocks, {:.1} MiB on disk, made in {:.0} s",
            size_of(&folder) as f64 / f64::from(1 << 20),
            started.elapsed().as_secs_f64()
        );
        let export = export.as_deref();
        runtime.block_on(measure(
            &network,
            &folder,
            height,
            if quick { 1 } else { STARTS },
            export,
        ));
    }
}

/// Makes the stored chain so long, with blocks that hold their reward alone.
fn grow(network: &Network, folder: &Path, to: u64) {
    let (store, tip) = Store::open(folder, network).unwrap();
    let verify = Box::new(|block, network: &Network| verify_block(block, network, |_| None));
    let mut chain = Chain::new(network.clone().into(), store, tip, verify).unwrap();
    let recipient = SecretKey::from_bytes(&[7; 32]).public_key();
    while chain.tip().height() < to {
        let tip = chain.tip();
        let time = tip.headers().header().timestamp + network.parameters().interval_ms;
        let candidate = tip
            .prepare(network, recipient, Note::default(), Vec::new(), time)
            .unwrap();
        let target = candidate.target().unwrap();
        let nonce = candidate.midstate().search(target, 0, u64::MAX).unwrap();
        let block = candidate.seal(network, nonce, time).unwrap();
        chain.submit_own(block).unwrap().unwrap();
        let height = chain.tip().height();
        if height.is_multiple_of(TOGETHER) || height == to {
            chain.storage_mut().persist().unwrap();
        }
    }
}

async fn measure(network: &Network, folder: &Path, height: u64, starts: usize, export: Option<&Path>) {
    // What the client needs once is not the node's time.
    let client = Client::new();
    let mut proof = Vec::new();
    for (kind, accept) in [("bytes", BINARY), ("JSON", "application/json")] {
        let (mut first, mut second, mut anew) = (Vec::new(), Vec::new(), Vec::new());
        let mut left = Vec::new();
        for _ in 0..starts {
            drop_pages(folder);
            let node = Node::start(folder);
            drop_pages(folder);
            left.extend(resident(folder));
            let path = "/blockchain/proof";
            let (answer, time) = node.get(&client, path, accept).await;
            let (again, time_again) = node.get(&client, path, accept).await;
            assert_eq!(answer, again);
            first.push(time);
            second.push(time_again);
            // With a header besides it is another proof, which is not kept. Genesis is shown anyway.
            let (same, time_anew) = node.get(&client, "/blockchain/proof?known=0", accept).await;
            assert_eq!(answer, same);
            anew.push(time_anew);
            if accept == BINARY {
                proof = answer;
            }
        }
        println!(
            "  as {kind}: first answer after {}, second after {}, written anew after {}; {}",
            spread(&mut first),
            spread(&mut second),
            spread(&mut anew),
            match left.iter().max() {
                Some(left) => format!("at most {left} KiB of the folder in the page cache before"),
                None => "fincore does not tell what was in the page cache before".to_owned(),
            }
        );
    }
    let verify = || chain_proof::verify(&proof, network, u64::MAX / 2).unwrap();
    let proved = verify();
    assert_eq!(proved.headers.height(), height);
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| timed(verify)).collect();
    println!(
        "  {} bytes, {} headers shown, verified in {}",
        proof.len(),
        proved.shown.len(),
        spread(&mut times)
    );
    if let Some(export) = export {
        let node = Node::start(folder);
        let (parameters, _) = node.get(&client, "/blockchain/parameters", "application/json").await;
        fs::create_dir_all(export).unwrap();
        fs::write(export.join(format!("proof-{height}.bin")), &proof).unwrap();
        fs::write(export.join("parameters.json"), parameters).unwrap();
        fs::write(export.join("genesis.txt"), network.genesis_hash().to_string()).unwrap();
    }
}

/// A running node, which ends with this.
struct Node {
    child: Child,
    url: String,
}

impl Node {
    /// Starts it, and asks nothing.
    fn start(folder: &Path) -> Self {
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
        Self { child, url }
    }

    /// An answer, and the time from the request to its last byte.
    async fn get(&self, client: &Client, path: &str, accept: &str) -> (Vec<u8>, Duration) {
        let request = client.get(format!("{}{path}", self.url)).header("accept", accept);
        let started = Instant::now();
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.text().await.unwrap());
        let body = response.bytes().await.unwrap();
        (body.to_vec(), started.elapsed())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.child.wait();
    }
}

/// Writes the folder's files to the disk and drops them from the page cache, which takes no privilege.
fn drop_pages(folder: &Path) {
    let _ = Command::new("sync").arg("-f").arg(folder).status();
    for file in files(folder) {
        let input = format!("if={}", file.display());
        let _ = Command::new("dd")
            .args([&input, "iflag=nocache", "count=0", "status=none"])
            .status();
    }
}

/// How many KiB of the folder's files are in the page cache, if `fincore` is there to tell.
fn resident(folder: &Path) -> Option<u64> {
    let mut fincore = Command::new("fincore");
    fincore.args(["--bytes", "--noheadings", "--output", "RES"]);
    let output = fincore.args(files(folder)).output().ok()?;
    let lines = String::from_utf8(output.stdout).ok()?;
    let bytes: u64 = lines.lines().filter_map(|line| line.trim().parse::<u64>().ok()).sum();
    output.status.success().then_some(bytes / 1_024)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, mut found): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    found.extend(folders.iter().flat_map(|folder| files(folder)));
    found
}

fn size_of(folder: &Path) -> u64 {
    // The store may just have removed one.
    files(folder)
        .iter()
        .filter_map(|file| Some(file.metadata().ok()?.len()))
        .sum()
}

fn timed<T>(act: impl FnOnce() -> T) -> Duration {
    let started = Instant::now();
    std::hint::black_box(act());
    started.elapsed()
}

/// The median, with the least and the greatest, in milliseconds.
fn spread(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    format!(
        "{:.1} ms ({:.1} to {:.1})",
        ms(times[times.len() / 2]),
        ms(times[0]),
        ms(times[times.len() - 1])
    )
}
