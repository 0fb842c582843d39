//! A machine with a node on it: a process of the program that is built, which may be killed and started again.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::Client;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::lab::Lab;

/// How long anything may take for which there is no bound of its own.
pub const PATIENCE: Duration = Duration::from_secs(180);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(5);

pub struct Machine {
    number: usize,
    arguments: Vec<String>,
    log: PathBuf,
    client: Client,
    child: Option<Child>,
}

impl Machine {
    /// A machine that runs no node yet. `options` come beyond those that all have.
    pub fn new(number: usize, folder: &Path, options: &[&str]) -> Self {
        let data = folder.join(format!("data{number}"));
        let fixed = [
            "node",
            "--network",
            folder.join("network.toml").to_str().unwrap(),
            "--data",
            data.to_str().unwrap(),
            "--listen",
            &format!("{}:5000", Lab::line(number)),
            "--allow-host",
            &Lab::line(number),
            "--p2p-listen",
            "0.0.0.0:7331",
            "--log",
            "info,backend=debug,backend::http=warn",
        ]
        .map(ToOwned::to_owned);
        Self {
            number,
            arguments: fixed
                .into_iter()
                .chain(options.iter().map(|option| (*option).to_owned()))
                .collect(),
            log: folder.join(format!("log{number}")),
            client: Client::builder().no_proxy().timeout(ANSWER).build().unwrap(),
            child: None,
        }
    }

    /// Starts the node, and waits until it answers.
    pub async fn start(&mut self) {
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        let child = Command::new("nsenter")
            .arg(format!("--net=/run/netns/m{}", self.number))
            .arg(env!("CARGO_BIN_EXE_cairn"))
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let deadline = Instant::now() + PATIENCE;
        while self.ask("/healthy").await.is_none() {
            let child = self.child.as_mut().unwrap();
            let ended = child.try_wait().unwrap();
            assert!(ended.is_none(), "node {} ended by itself: {}", self.number, self.log());
            assert!(
                Instant::now() < deadline,
                "node {} does not answer: {}",
                self.number,
                self.log()
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the node without a word of warning, as `kill -9` does.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks the node to end, and waits until it has.
    pub async fn stop(&mut self) {
        let mut child = self.child.take().unwrap();
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(
                Instant::now() < deadline,
                "node {} does not stop: {}",
                self.number,
                self.log()
            );
            sleep(Duration::from_millis(20)).await;
        };
        assert!(
            status.success(),
            "node {} failed: {status}: {}",
            self.number,
            self.log()
        );
    }

    /// The end of what the node said.
    pub fn log(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }

    /// How often the node said something, in all its lives.
    pub fn count_in_log(&self, words: &str) -> usize {
        fs::read_to_string(&self.log).unwrap().matches(words).count()
    }

    /// What it answers to a GET; none when it does not.
    async fn ask(&self, path: &str) -> Option<Value> {
        let url = format!("http://{}:5000{path}", Lab::line(self.number));
        let reply = self.client.get(url).send().await.ok()?;
        let is_good = reply.status().is_success();
        reply.json().await.ok().filter(|_| is_good)
    }

    async fn get(&self, path: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = self.ask(path).await {
                return answer;
            }
            assert!(
                Instant::now() < deadline,
                "node {} has no answer to {path}: {}",
                self.number,
                self.log()
            );
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Height and hash of its tip.
    pub async fn tip(&self) -> (u64, String) {
        let status = self.get("/blockchain/status").await;
        (
            status["height"].as_u64().unwrap(),
            status["tip_hash"].as_str().unwrap().to_owned(),
        )
    }

    /// How many peers it has.
    pub async fn peers(&self) -> u64 {
        self.get("/blockchain/status").await["peers"].as_u64().unwrap()
    }

    /// The hash of its block at a height.
    pub async fn block(&self, height: u64) -> String {
        let block = self.get(&format!("/blockchain/blocks/{height}")).await;
        block["hash"].as_str().unwrap().to_owned()
    }

    /// The ids of the transfers that are in its chain or pending.
    pub async fn transfers(&self) -> BTreeSet<String> {
        let id = |transfer: &Value| transfer["id"].as_str().unwrap().to_owned();
        // First what waits: what is mined in between is in the chain.
        let mut ids = BTreeSet::new();
        let mut after = String::new();
        loop {
            let page = self
                .get(&format!("/blockchain/transactions/get?limit=1000{after}"))
                .await;
            ids.extend(page["transactions"].as_array().unwrap().iter().map(id));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        let chain = self.get("/blockchain/chain").await;
        for block in chain["chain"].as_array().unwrap() {
            ids.extend(block["transactions"].as_array().unwrap().iter().map(id));
        }
        ids
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
