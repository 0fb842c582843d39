//! Nodes on the network of this machine, for the tests of what is between them.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(unreachable_pub, missing_docs, clippy::unwrap_used, reason = "a test may fail")]

use std::{path::Path, sync::Arc, time::Duration};

use backend::{
    clock::SystemClock,
    node::{Config, Node, Running},
    p2p::{self, Peers, Target},
};
use shared::{hash::Hash, params::Network};
use tempfile::TempDir;
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::workshop::{Order, public};

/// How long anything may take. It is a matter of moments, unless something is wrong.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Neighbour {
    pub node: Node,
    pub peers: Peers,
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
        let config = Config::new(folder.path().to_owned());
        let (node, running) = Node::start(network.clone(), config, Arc::new(SystemClock)).unwrap();
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
        Self {
            node,
            peers,
            running,
            stop,
            task,
            folder,
        }
    }

    /// Stops the node; gives back its folder.
    pub async fn stop(self) -> TempDir {
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

    /// Its port.
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

    pub fn is_pending(&self, id: &Hash) -> bool {
        self.node.view().mempool().get(id).is_some()
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
