//! Transfers accepted over HTTP at 1, 8 and 64 connections, one and a hundred a request, each beside a bare axum handler
//! that reads and verifies the same body, and beside one that also appends the body to a file and waits for the disk, one
//! flush for all that wait; and a block of 1,000 transfers as JSON. `cargo bench -p backend --bench http`

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may fail")]

use std::{
    io::Write,
    net::SocketAddr,
    sync::{
        Arc,
        mpsc::{Sender, channel},
    },
    time::{Duration, Instant},
};

use axum::{Json, Router, http::StatusCode, routing::post};
use backend::{
    clock::SystemClock,
    http::{self, HttpConfig},
    networks,
    node::{Config, Node, Running},
};
use shared::{
    amount::Amount,
    api::{Accepted, Batch, TransferJson},
    codec::Encode,
    hash::Hash,
    key::SecretKey,
    params::{Allocation, Network},
    transaction::{Memo, SignedTransfer, Transfer, VerifiedTransfer},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::oneshot,
};

const SENDERS: u8 = 64;
const ROUNDS: usize = 5;

fn main() {
    // `cargo test` runs benchmarks with this to see that they work.
    let quick = std::env::args().any(|argument| argument == "--test");
    let rounds = if quick { 1 } else { ROUNDS };
    let runtime = Runtime::new().unwrap();
    println!("transfers/s, median of {rounds}:  node  |  bare axum  |  ratio  |  bare and durable  |  ratio");
    for (connections, each) in [(1, 3_000), (8, 1_500), (64, 250)] {
        if std::env::var("CAIRN_CONNECTIONS").is_ok_and(|only| only != connections.to_string()) {
            continue;
        }
        let each = if quick { 5 } else { each };
        compare(&runtime, rounds, connections, each, 1);
    }
    for (connections, each) in [(1, 50), (8, 20)] {
        let each = if quick { 1 } else { each };
        compare(&runtime, rounds, connections, each, 100);
    }
    runtime.block_on(full_block(if quick { 3 } else { 200 }));
}

/// `each` requests on each of the connections, with so many transfers each.
fn compare(runtime: &Runtime, rounds: usize, connections: u8, each: u64, together: u64) {
    let network = network();
    let requests: Vec<Vec<Vec<u8>>> = (0..connections)
        .map(|sender| {
            (0..each)
                .map(|request| request_bytes(&network, sender, request * together, together))
                .collect()
        })
        .collect();
    let total = u64::from(connections) * each * together;
    let (mut node, mut bare, mut durable) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        node.push(runtime.block_on(async {
            let served = Served::start().await;
            let elapsed = load(served.address, &requests).await;
            let pending = served.node.view().mempool().len() as u64;
            assert_eq!(pending, total, "all are accepted");
            served.stop().await;
            elapsed
        }));
        for (times, is_durable) in [(&mut bare, false), (&mut durable, true)] {
            times.push(runtime.block_on(async {
                let disk = is_durable.then(Disk::start);
                let (address, stop) = serve_bare(network.genesis_hash(), disk).await;
                let elapsed = load(address, &requests).await;
                stop.send(()).unwrap();
                elapsed
            }));
        }
    }
    let rate = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        total as f64 / times[times.len() / 2].as_secs_f64()
    };
    let (node, bare, durable) = (rate(&mut node), rate(&mut bare), rate(&mut durable));
    let shape = if together == 1 { "" } else { ", 100 a request" };
    println!(
        "{connections:>3} connections{shape}:  {node:.0}  |  {bare:.0}  |  {:.2}  |  {durable:.0}  |  {:.2}",
        node / bare,
        node / durable
    );
}

async fn full_block(times: usize) {
    let served = Served::start().await;
    let network = network();
    for batch in 0..10 {
        let request = vec![vec![request_bytes(&network, 0, batch * 100, 100)]];
        load(served.address, &request).await;
    }
    let recipient = key(0).public_key();
    let mined = served.node.mine(recipient, 1).await.unwrap();
    assert_eq!(mined.block.transfers.len(), 1_000);
    let request = b"GET /blockchain/blocks/1 HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".to_vec();
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let (mut elapsed, mut bytes) = (Vec::new(), 0);
    for _ in 0..times {
        let started = Instant::now();
        bytes = exchange(&mut stream, &request, b"HTTP/1.1 200").await;
        elapsed.push(started.elapsed());
    }
    elapsed.sort_unstable();
    let median = elapsed[elapsed.len() / 2].as_secs_f64() * 1e3;
    println!("block of 1,000 transfers as JSON, {bytes} bytes: {median:.2} ms (limit 5 ms)");
    drop(stream);
    served.stop().await;
}

struct Served {
    node: Node,
    running: Running,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<anyhow::Result<()>>,
    _folder: TempDir,
}

impl Served {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let config = Config::new(folder.path().to_owned());
        let (node, running) = Node::start(network(), config, Arc::new(SystemClock)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = stopped.await;
        };
        let task = tokio::spawn(http::serve(listener, node.clone(), HttpConfig::default(), shutdown));
        Self {
            node,
            running,
            address,
            stop,
            task,
            _folder: folder,
        }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
        drop(self.node);
        tokio::task::spawn_blocking(|| self.running.stop())
            .await
            .unwrap()
            .unwrap();
    }
}

/// A thread that appends to a file: what comes in while it waits for the disk shares the next wait.
#[derive(Clone)]
struct Disk(Sender<(Vec<u8>, oneshot::Sender<()>)>);

impl Disk {
    fn start() -> Self {
        let (sender, queue) = channel::<(Vec<u8>, oneshot::Sender<()>)>();
        std::thread::spawn(move || {
            let mut file = tempfile::tempfile().unwrap();
            // As in the node's journal, the file's length does not change.
            file.set_len(64 << 20).unwrap();
            file.sync_all().unwrap();
            while let Ok((bytes, first)) = queue.recv() {
                file.write_all(&bytes).unwrap();
                let mut waiting = vec![first];
                while let Ok((bytes, next)) = queue.try_recv() {
                    file.write_all(&bytes).unwrap();
                    waiting.push(next);
                }
                file.sync_data().unwrap();
                waiting.into_iter().for_each(|waiting| waiting.send(()).unwrap());
            }
        });
        Self(sender)
    }

    async fn write(disk: Option<&Self>, transfers: &[VerifiedTransfer]) {
        let Some(Self(queue)) = disk else { return };
        let bytes = transfers
            .iter()
            .flat_map(|transfer| transfer.signed().to_bytes())
            .collect();
        let (done, written) = oneshot::channel();
        queue.send((bytes, done)).unwrap();
        written.await.unwrap();
    }
}

/// What any node must do at least: read, verify, answer.
async fn serve_bare(genesis: Hash, disk: Option<Disk>) -> (SocketAddr, oneshot::Sender<()>) {
    let batch_disk = disk.clone();
    let prefix = network().parameters().prefix.clone();
    let batch_prefix = prefix.clone();
    let single = move |Json(json): Json<TransferJson>| async move {
        let verified = json.to_signed(&prefix).unwrap().verify(&genesis).unwrap();
        Disk::write(disk.as_ref(), std::slice::from_ref(&verified)).await;
        let message = "Transaction will be added to Block 1".to_owned();
        (
            StatusCode::CREATED,
            Json(Accepted {
                message,
                id: verified.id(),
            }),
        )
    };
    let batch = move |Json(batch): Json<Batch>| async move {
        let signed: Vec<SignedTransfer> = batch
            .transactions
            .iter()
            .map(|json| json.to_signed(&batch_prefix).unwrap())
            .collect();
        let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
        let verified = VerifiedTransfer::verify_all(&signed, &genesis, &mut rng).unwrap();
        Disk::write(batch_disk.as_ref(), &verified).await;
        Json(verified.iter().map(VerifiedTransfer::id).collect::<Vec<_>>())
    };
    let app = Router::new()
        .route("/blockchain/transactions/new", post(single))
        .route("/blockchain/transactions/batch", post(batch));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(async move {
        tokio::select! {
            served = axum::serve(listener, app) => served.unwrap(),
            _ = stopped => (),
        }
    });
    (address, stop)
}

/// Sends each connection's requests one after another, all connections at once.
async fn load(address: SocketAddr, requests: &[Vec<Vec<u8>>]) -> Duration {
    let mut streams = Vec::new();
    for _ in requests {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        streams.push(stream);
    }
    let started = Instant::now();
    let tasks: Vec<_> = streams
        .into_iter()
        .zip(requests.to_vec())
        .map(|(mut stream, requests)| {
            tokio::spawn(async move {
                for request in requests {
                    exchange(&mut stream, &request, b"HTTP/1.1 20").await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    started.elapsed()
}

/// One request and its reply, whose body's length is given back.
async fn exchange(stream: &mut TcpStream, request: &[u8], expected: &[u8]) -> usize {
    stream.write_all(request).await.unwrap();
    let mut reply = Vec::with_capacity(2_048);
    loop {
        let count = stream.read_buf(&mut reply).await.unwrap();
        assert!(count > 0, "the node closed: {}", String::from_utf8_lossy(&reply));
        let Some(head) = reply.windows(4).position(|window| window == b"\r\n\r\n") else {
            continue;
        };
        let text = String::from_utf8_lossy(&reply[..head]).to_ascii_lowercase();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        let length = length.unwrap();
        while reply.len() < head + 4 + length {
            assert!(stream.read_buf(&mut reply).await.unwrap() > 0);
        }
        assert!(reply.starts_with(expected), "{}", String::from_utf8_lossy(&reply));
        return length;
    }
}

fn key(sender: u8) -> SecretKey {
    SecretKey::from_bytes(&[sender + 1; 32])
}

/// The development network with coins for all senders.
fn network() -> Network {
    let dev = networks::load("dev").unwrap();
    let mut parameters = dev.parameters().clone();
    parameters.allocations = (0..SENDERS)
        .map(|sender| Allocation {
            address: dev.address(&key(sender).public_key()),
            amount: Amount::from_units(1_000_000_000_000),
        })
        .collect();
    Network::new(parameters).unwrap()
}

fn request_bytes(network: &Network, sender: u8, first: u64, count: u64) -> Vec<u8> {
    let sign = |nonce| {
        let key = key(sender);
        let signed = Transfer {
            sender: key.public_key(),
            recipient: self::key((sender + 1) % SENDERS).public_key(),
            amount: Amount::from_units(1),
            fee: Amount::from_units(1_000),
            nonce,
            valid_until: 0,
            memo: Memo::new("for the stones").unwrap(),
        }
        .sign(&network.genesis_hash(), &key);
        TransferJson::new(&network.parameters().prefix, &signed)
    };
    let (path, body) = if count == 1 {
        ("new", serde_json::to_vec(&sign(first)).unwrap())
    } else {
        let transactions = (first..first + count).map(sign).collect();
        ("batch", serde_json::to_vec(&Batch { transactions }).unwrap())
    };
    let mut request = format!(
        "POST /blockchain/transactions/{path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(&body);
    request
}
