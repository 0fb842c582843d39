//! Nodes on the network of this machine, for the tests of what is between them.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(unreachable_pub, missing_docs, clippy::unwrap_used, reason = "a test may fail")]

pub mod hostile;

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use backend::{
    clock::{Clock, SystemClock},
    http::{self, HttpConfig},
    node::{Config, Node, Running},
    p2p::{self, Peers, Target},
};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use shared::{hash::Hash, params::Network};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::workshop::{Order, public};

/// How long anything may take. It is a matter of moments, unless something is wrong.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub struct Neighbour {
    pub node: Node,
    pub peers: Peers,
    /// Where its page is.
    pub page: SocketAddr,
    client: Client,
    served: JoinHandle<anyhow::Result<()>>,
    close: oneshot::Sender<()>,
    running: Running,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    folder: TempDir,
}

impl Neighbour {
    /// A node in a new folder that connects to others.
    pub async fn start(network: &Network, to: &[&Self]) -> Self {
        Self::start_in(TempDir::new().unwrap(), network, to, |_| ()).await
    }

    pub async fn start_in(
        folder: TempDir,
        network: &Network,
        to: &[&Self],
        change: impl FnOnce(&mut p2p::Config),
    ) -> Self {
        let node = Config::new(folder.path().to_owned());
        Self::start_as(folder, node, network, Arc::new(SystemClock), to, change).await
    }

    /// A node as it is configured, with a clock.
    pub async fn start_as(
        folder: TempDir,
        config: Config,
        network: &Network,
        clock: Arc<dyn Clock>,
        to: &[&Self],
        change: impl FnOnce(&mut p2p::Config),
    ) -> Self {
        // RUST_LOG=backend=debug shows what they do.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        let (node, running) = Node::start(network.clone(), config, clock).unwrap();
        let (stop, stopped) = oneshot::channel();
        let mut config = p2p::Config {
            nodes: to.iter().map(|other| other.target()).collect(),
            ..p2p::Config::default()
        };
        change(&mut config);
        let shutdown = async {
            let _ = stopped.await;
        };
        let (peers, task) = p2p::start(node.clone(), config, shutdown).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let page = listener.local_addr().unwrap();
        let (close, closed) = oneshot::channel();
        let http = HttpConfig {
            peers: Some(peers.clone()),
            ..HttpConfig::default()
        };
        let served = tokio::spawn(http::serve(listener, node.clone(), http, async {
            let _ = closed.await;
        }));
        Self {
            node,
            peers,
            page,
            client: Client::builder().timeout(PATIENCE).no_proxy().build().unwrap(),
            served,
            close,
            running,
            stop,
            task,
            folder,
        }
    }

    /// Stops the node; gives back its folder.
    pub async fn stop(self) -> TempDir {
        let _ = self.close.send(());
        timeout(PATIENCE, self.served).await.unwrap().unwrap().unwrap();
        let _ = self.stop.send(());
        timeout(PATIENCE, self.task).await.unwrap().unwrap();
        drop((self.node, self.peers));
        let running = self.running;
        tokio::task::spawn_blocking(|| running.stop()).await.unwrap().unwrap();
        self.folder
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where it listens by TCP.
    pub fn address(&self) -> String {
        let addresses = self.peers.addresses();
        addresses.into_iter().find(|address| address.contains("/tcp/")).unwrap()
    }

    /// Where it listens by QUIC.
    pub fn quic_address(&self) -> Option<String> {
        let addresses = self.peers.addresses();
        addresses.into_iter().find(|address| address.contains("/quic-v1"))
    }

    /// The port on which it listens for peers.
    pub fn port(&self) -> u16 {
        let address = self.address();
        address.split('/').nth(4).unwrap().parse().unwrap()
    }

    pub fn target(&self) -> Target {
        self.address().parse().unwrap()
    }

    pub fn tip(&self) -> Hash {
        self.node.view().tip().hash()
    }

    pub fn height(&self) -> u64 {
        self.node.view().tip().height()
    }

    pub async fn mine(&self, recipient: u8, count: u64) {
        self.node.mine(public(recipient), count).await.unwrap();
    }

    /// Takes a transfer as if it came from a wallet.
    pub async fn submit(&self, order: Order) -> Hash {
        let signed = order.sign(&self.node.network().genesis_hash());
        let verified = self.node.verify(vec![signed]).await.remove(0).unwrap();
        self.node.submit(vec![verified]).await.remove(0).unwrap()
    }

    /// What it answers to a GET, which must be 200.
    pub async fn get(&self, path: &str) -> Value {
        let reply = self.ask(path).await;
        assert_eq!(reply.status(), StatusCode::OK, "{path}");
        reply.json().await.unwrap()
    }

    /// The same, once it is as it should be.
    pub async fn until(&self, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path).await;
            if is_so(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "{path}: {answer}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The same as text.
    pub async fn text(&self, path: &str) -> String {
        self.ask(path).await.text().await.unwrap()
    }

    async fn ask(&self, path: &str) -> reqwest::Response {
        let url = format!("http://{}{path}", self.page);
        self.client.get(url).send().await.unwrap()
    }

    /// What it answers when it is asked to register nodes that are there: again, if they did not answer in time. On a busy
    /// machine that says nothing.
    pub async fn register_in_time(&self, nodes: &[&str]) -> (StatusCode, Value) {
        self.register_until(nodes, |_, answer| answer["code"] != "node-unreachable")
            .await
    }

    /// The same, once it is as it should be.
    pub async fn register_until(
        &self,
        nodes: &[&str],
        is_so: impl Fn(StatusCode, &Value) -> bool,
    ) -> (StatusCode, Value) {
        until_answered(|| self.register(nodes), is_so).await
    }

    /// The same by a form.
    pub async fn register_by_form_until(
        &self,
        nodes: &str,
        is_so: impl Fn(StatusCode, &Value) -> bool,
    ) -> (StatusCode, Value) {
        until_answered(|| self.register_by_form(nodes), is_so).await
    }

    /// What it answers when it is asked to register nodes.
    pub async fn register(&self, nodes: &[&str]) -> (StatusCode, Value) {
        let request = self
            .client
            .post(format!("http://{}/blockchain/nodes/register", self.page));
        let reply = request
            .json(&serde_json::json!({ "nodes": nodes }))
            .send()
            .await
            .unwrap();
        (reply.status(), reply.json().await.unwrap())
    }

    /// The same by a form.
    pub async fn register_by_form(&self, nodes: &str) -> (StatusCode, Value) {
        let request = self
            .client
            .post(format!("http://{}/blockchain/nodes/register", self.page));
        let reply = request.form(&[("nodes", nodes)]).send().await.unwrap();
        (reply.status(), reply.json().await.unwrap())
    }

    /// What it has counted by this name, labels included; 0 before it has counted anything.
    pub fn counted(&self, name: &str) -> u64 {
        let text = self.peers.metrics().unwrap();
        let rest = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        rest.map_or(0, |count| count.parse().unwrap())
    }

    pub fn is_pending(&self, id: &Hash) -> bool {
        self.node.view().mempool().get(id).is_some()
    }
}

/// Asks again until the answer is as it should be.
async fn until_answered(
    ask: impl AsyncFn() -> (StatusCode, Value),
    is_so: impl Fn(StatusCode, &Value) -> bool,
) -> (StatusCode, Value) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, answer) = ask().await;
        if is_so(status, &answer) {
            return (status, answer);
        }
        assert!(Instant::now() < deadline, "{status}: {answer}");
    }
}

/// Waits until something is so.
pub async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it did not come about that {what}");
        sleep(Duration::from_millis(10)).await;
    }
}
