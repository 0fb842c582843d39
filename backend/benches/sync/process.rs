//! Nodes as processes of their own, so that the system tells what each of them takes.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::LazyLock,
    time::Duration,
};

use reqwest::Client;
use serde_json::{Value, json};

/// How many of the system's ticks a second has.
static TICKS: LazyLock<u64> = LazyLock::new(|| {
    let output = Command::new("getconf").arg("CLK_TCK").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
});

/// A running node, which ends with this.
pub(crate) struct Process {
    child: Child,
    client: Client,
    url: String,
    /// Where other nodes connect to it.
    pub(crate) peer: String,
}

impl Process {
    pub(crate) async fn start(network: &Path, data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cairn"))
            .args(["node", "--listen", "127.0.0.1:0", "--network"])
            .arg(network)
            .arg("--data")
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let (mut url, mut peer) = (None, None);
        while url.is_none() || peer.is_none() {
            let mut line = String::new();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0, "the node ended");
            let word = |begin: &str| line.strip_prefix(begin).map(|rest| rest.trim().to_owned());
            url = url.or_else(|| word("Open "));
            peer = peer.or_else(|| word("Peers connect to "));
        }
        // Nobody reads on: a full pipe would stop the node.
        std::thread::spawn(move || {
            let _ = lines.read_to_end(&mut Vec::new());
        });
        let client = Client::builder().no_proxy().build().unwrap();
        let (url, peer) = (url.unwrap(), peer.unwrap());
        let node = Self {
            child,
            client,
            url,
            peer,
        };
        node.height().await;
        node
    }

    pub(crate) async fn register(&self, peer: &str) {
        let request = self.client.post(format!("{}/blockchain/nodes/register", self.url));
        let response = request.json(&json!({ "nodes": [peer] })).send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.text().await.unwrap());
    }

    /// What it answers to a GET.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.url));
        request.send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn height(&self) -> u64 {
        self.get("/blockchain/status").await["height"].as_u64().unwrap()
    }

    /// Has it find a block, and gives the block's height.
    pub(crate) async fn mine(&self, recipient: &str) -> u64 {
        let request = self.client.post(format!("{}/blockchain/mine", self.url));
        let response = request.json(&json!({ "recipient": recipient })).send().await.unwrap();
        let mined: Value = response.json().await.unwrap();
        let height = mined["block_number"].as_u64();
        height.unwrap_or_else(|| panic!("{mined}"))
    }

    /// The time that its threads have run.
    pub(crate) fn work(&self) -> Duration {
        work_of(&self.child.id().to_string())
    }

    /// The memory that is resident, in MiB.
    pub(crate) fn resident_mib(&self) -> f64 {
        self.memory_mib("VmRSS:")
    }

    /// The most memory that was resident, in MiB.
    pub(crate) fn peak_mib(&self) -> f64 {
        self.memory_mib("VmHWM:")
    }

    /// Has the system forget what was resident before. Where it does not permit that, the peak is that since the start.
    pub(crate) fn forget_peak(&self) {
        let _ = fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5");
    }

    fn memory_mib(&self, name: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        let kibibytes: u32 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        f64::from(kibibytes) / 1024.0
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.child.wait();
    }
}

/// The time that a process's threads have run; `self` names this one.
pub(crate) fn work_of(process: &str) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name in parentheses may hold spaces. Two fields further is the state, the third of all.
    let (_, rest) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_secs(ticks) / u32::try_from(*TICKS).unwrap()
}
