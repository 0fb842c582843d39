//! Networks as the command line runs them: `cairn up`, and a node that is told of another.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod neighbours;
mod workshop;

use std::{
    io::{BufRead as _, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use backend::sync::{Request, Response, Status, VERSION};
use neighbours::{Neighbour, hostile::Hostile};
use reqwest::Client;
use ruint::aliases::U256;
use serde_json::{Value, json};
use shared::hash::Hash;
use tokio::time::{Instant, sleep};

const PATIENCE: Duration = Duration::from_secs(60);

/// A running program, killed with the test if it was not stopped.
struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, Stdio::inherit())
    }

    fn start_with(arguments: &[&str], stderr: Stdio) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cairn"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The lines up to one that begins so.
    fn read_to(&mut self, last: &str) -> Vec<String> {
        let mut read = Vec::new();
        while read.last().is_none_or(|line: &String| !line.starts_with(last)) {
            read.push(self.lines.next().expect("the program goes on").unwrap());
        }
        read
    }

    /// Asks it to end, as Ctrl-C does.
    fn interrupt(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn get(url: &str, path: &str) -> Value {
    let client = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
    let reply = client.get(format!("{url}{path}")).send().await.unwrap();
    assert!(reply.status().is_success(), "{path}");
    reply.json().await.unwrap()
}

async fn post(url: &str, path: &str, body: &Value) -> (u16, Value) {
    let client = Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
    let reply = client.post(format!("{url}{path}")).json(body).send().await.unwrap();
    (reply.status().as_u16(), reply.json().await.unwrap())
}

/// Has a node mine for a person. Two that mine for one person in the same millisecond may find the same block.
async fn mine(url: &str, person: u8, count: u64) {
    let network = backend::networks::load("dev").unwrap();
    let key = shared::key::SecretKey::from_bytes(&[person; 32]).public_key();
    let body = json!({ "recipient": network.address(&key), "count": count });
    assert_eq!(post(url, "/blockchain/mine", &body).await.0, 200);
}

/// Waits until all nodes have one tip, at least at this height.
async fn agree(urls: &[String], height: u64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut tips = Vec::new();
        for url in urls {
            let status = get(url, "/blockchain/status").await;
            tips.push((status["height"].as_u64().unwrap(), status["tip_hash"].clone()));
        }
        if tips.iter().all(|tip| *tip == tips[0] && tip.0 >= height) {
            return;
        }
        assert!(Instant::now() < deadline, "they do not agree: {tips:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until each of the nodes of one process has so many peers.
async fn have_peers(url: &str, counts: &[u64]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let room = get(url, "/blockchain/network").await;
        let nodes = room["nodes"].as_array().unwrap();
        let found: Vec<u64> = nodes.iter().map(|node| node["peers"].as_u64().unwrap()).collect();
        if found == counts {
            return;
        }
        assert!(Instant::now() < deadline, "they have {found:?} peers, not {counts:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_in_one_program_is_cut_and_joined() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("network");
    let arguments = [
        "up",
        "--nodes",
        "3",
        "--listen",
        "127.0.0.1:0",
        "--data",
        data.to_str().unwrap(),
    ];
    let mut up = Program::start(&arguments);
    let table = up.read_to("Data in ");
    let urls: Vec<String> = table[1..4]
        .iter()
        .map(|row| row.split_whitespace().nth(1).unwrap().to_owned())
        .collect();
    have_peers(&urls[0], &[2, 2, 2]).await;
    mine(&urls[0], 7, 2).await;
    agree(&urls, 2).await;

    let (status, answer) = post(&urls[1], "/blockchain/network/cut", &json!({ "parts": [[1], [9]] })).await;
    assert_eq!((status, &answer["code"]), (422, &json!("parts-invalid")));
    let (status, answer) = post(&urls[1], "/blockchain/network/cut", &json!({ "parts": [[3, 2, 1]] })).await;
    assert_eq!((status, &answer["code"]), (422, &json!("parts-invalid")));
    let begun = Instant::now();
    let (status, room) = post(&urls[1], "/blockchain/network/cut", &json!({ "parts": [[1]] })).await;
    let took = begun.elapsed();
    assert_eq!((status, &room["parts"]), (200, &json!([[1], [2, 3]])));
    let peers: Vec<_> = room["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| &node["peers"])
        .collect();
    // A cut that takes longer than that is answered before it is done.
    if took < Duration::from_secs(3) {
        assert_eq!(peers, [0, 1, 1], "it is cut once the answer is there: {room}");
    }
    have_peers(&urls[0], &[0, 1, 1]).await;
    mine(&urls[0], 7, 1).await;
    mine(&urls[1], 8, 3).await;
    agree(&urls[1..], 5).await;
    assert_eq!(get(&urls[0], "/blockchain/status").await["height"], 3);
    both_parts_are_seen(&urls).await;
    let (status, room) = post(&urls[0], "/blockchain/network/join", &json!({})).await;
    assert_eq!((status, &room["parts"]), (200, &json!([])));
    agree(&urls, 5).await;

    up.interrupt();
    let mut up = Program::start(&arguments);
    let first = up.read_to("1 ").pop().unwrap();
    let url = first.split_whitespace().nth(1).unwrap();
    assert_eq!(
        get(url, "/blockchain/status").await["height"],
        5,
        "it goes on where it was"
    );
    up.read_to("Data in ");
    up.interrupt();
}

/// Each node shows all nodes, though the first is cut off, and the blocks of both parts.
async fn both_parts_are_seen(urls: &[String]) {
    for (own, chain, others) in [(0, 4, 3), (1, 6, 1), (2, 6, 1)] {
        let url = &urls[own];
        let map = get(url, "/blockchain/nodes/map").await;
        assert_eq!(map["nodes"][0]["page"], json!(url), "{map}");
        let mut seen: Vec<_> = map["nodes"].as_array().unwrap().iter().enumerate().collect();
        seen.sort_by_key(|(_, node)| node["number"].as_u64());
        let stand: Vec<_> = seen.iter().map(|(_, node)| (&node["part"], &node["height"])).collect();
        assert_eq!(
            stand,
            [(&json!(0), &json!(3)), (&json!(1), &json!(5)), (&json!(1), &json!(5))],
            "{map}"
        );
        let mut linked = [seen[1].0, seen[2].0];
        linked.sort_unstable();
        let links = map["links"].as_array().unwrap();
        assert_eq!(links.len(), 1, "{map}");
        assert_eq!(
            (&links[0]["a"], &links[0]["b"]),
            (&json!(linked[0]), &json!(linked[1])),
            "{map}"
        );

        let forks = get(url, "/blockchain/forks").await;
        let blocks = forks["blocks"].as_array().unwrap();
        let count = |state: &str| blocks.iter().filter(|block| block["state"] == state).count();
        assert_eq!((count("chain"), count("header")), (chain, others), "{forks}");
        assert!(blocks[1..].iter().all(|block| block["miner"].is_string()), "{forks}");
        let tips = forks["tips"].as_array().unwrap();
        let stand: Vec<_> = tips
            .iter()
            .map(|tip| (&tip["height"], &tip["known"], tip["nodes"].as_array().unwrap().len()))
            .collect();
        assert_eq!(
            stand,
            [(&json!(5), &json!(true), 2), (&json!(3), &json!(true), 1)],
            "{forks}"
        );
        let other = tips.iter().find(|tip| tip["hash"] != forks["tip"]["hash"]).unwrap();
        assert_eq!(other["branch_height"], 2, "{forks}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_told_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let start = |name: &str, more: &[&str]| {
        let data = folder.path().join(name);
        let fixed = ["node", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
        let mut node = Program::start(&[&fixed[..], more].concat());
        let lines = node.read_to("Peers connect to ");
        let url = lines[0].strip_prefix("Open ").unwrap().to_owned();
        let address = lines
            .last()
            .unwrap()
            .strip_prefix("Peers connect to ")
            .unwrap()
            .to_owned();
        (node, url, address)
    };
    let (first, first_url, first_address) = start("first", &[]);
    mine(&first_url, 7, 3).await;
    let (second, second_url, _) = start("second", &["--peer", &first_url]);
    let (third, third_url, _) = start("third", &["--peer", &first_address]);
    agree(&[first_url, second_url.clone(), third_url], 3).await;
    let lonely = post(&second_url, "/blockchain/network/join", &json!({})).await;
    assert_eq!((lonely.0, &lonely.1["code"]), (404, &json!("not-a-classroom")));
    for node in [third, second, first] {
        node.interrupt();
    }
}

/// What a node says of its progress, on its log.
async fn says(log: &std::path::Path, words: &[&str]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = std::fs::read_to_string(log).unwrap();
        if text.lines().any(|line| words.iter().all(|word| line.contains(word))) {
            return;
        }
        assert!(Instant::now() < deadline, "{words:?} is not said: {text}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_behind_says_how_far_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (data, log) = (folder.path().join("data"), folder.path().join("log"));
    let arguments = ["node", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let mut node = Program::start_with(&arguments, std::fs::File::create(&log).unwrap().into());
    let lines = node.read_to("Peers connect to ");
    let address = lines.last().unwrap().strip_prefix("Peers connect to ").unwrap();

    // A peer that claims a long chain, and keeps it to itself.
    let genesis = backend::networks::load("dev").unwrap().genesis_hash();
    let claimed = Status {
        version: VERSION,
        genesis,
        height: 5_000,
        tip: Hash([9; 32]),
        work: U256::from(5_000_000),
    };
    let mut silent = Hostile::new(genesis).answers(move |request| match request {
        Request::Status => Some(Response::Status(claimed)),
        _ => None,
    });
    silent.connect(address).await;
    let silent = silent.go_on();
    says(&log, &["catching up", "height=0", "target=5000", "left=5000"]).await;
    says(&log, &["catching up", "blocks_per_second=0"]).await;

    // One that has three blocks and gives them.
    let network = backend::networks::load("dev").unwrap();
    let honest = Neighbour::start_in(tempfile::tempdir().unwrap(), &network, &[], |config| {
        config.nodes = vec![address.parse().unwrap()];
    })
    .await;
    honest.mine(1, 3).await;
    says(&log, &["catching up", "height=3", "left=4997"]).await;
    silent.abort();
    says(&log, &["caught up", "height=3", "blocks=3"]).await;
    honest.stop().await;
    node.interrupt();
}
