//! The network of nodes: the only module that names libp2p.
//!
//! A swarm on a task of its own connects, finds, listens and tells; the state machine in [`crate::sync`] decides what is
//! said. [`Peers`] is the handle for everybody else.

mod alive;
mod behaviour;
mod codec;
mod contacts;
mod door;
mod driver;
mod engine;
mod found;
mod gate;
mod gossip;
mod inflow;
mod key;
mod metrics;
mod probe;
mod reach;
mod serving;
mod target;
mod view;

use std::{
    collections::BTreeSet,
    fmt,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use libp2p::metrics::Registry;
use shared::hash::Hash;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    node::Node,
    peers::Registered,
    sync::{Progress, Seen, Status},
};
use engine::{Command, Engine};
use found::Shared;
use probe::{Finder, Found};

pub use reach::Unreached;
pub use target::{InvalidTarget, MAX_LEN as MAX_TARGET_LEN, Target};
pub use view::{Listed, Peer, PeerBan, State, Told};

/// How long it may take to reach a node that was named.
const REACH_TIMEOUT: Duration = Duration::from_millis(3_500);
/// How long the parts of a resolution may take: to reach nodes, to hear their tips, all of it; and within that, to count.
const RECONNECT_TIMEOUT: Duration = Duration::from_millis(2_000);
const STATUS_TIMEOUT: Duration = Duration::from_millis(1_000);
const RESOLVE_TIMEOUT: Duration = Duration::from_millis(4_000);
const COUNT_TIMEOUT: Duration = Duration::from_millis(1_000);

/// How many connections there may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// From one address: a class room of forty, and some more, may be behind one.
    pub max_per_address: u32,
    /// Of these, how many may be on their way.
    pub max_pending_per_address: u32,
    /// How many an address may begin at once, and then in a second.
    pub burst_per_address: u32,
    /// See above.
    pub rate_per_address: u32,
    /// After how many refused or failed attempts an address is banned for a while.
    pub flood: u32,
    /// With one peer.
    pub max_per_peer: u32,
    /// Opened by others, in all.
    pub max_inbound: u32,
    /// Opened by this node, in all: however many come in, these are kept free for whom it chooses.
    pub max_outbound: u32,
    /// Opened by others, that are on their way.
    pub max_pending: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_per_address: 64,
            max_pending_per_address: 24,
            burst_per_address: 128,
            rate_per_address: 8,
            flood: 256,
            max_per_peer: 3,
            max_inbound: 128,
            max_outbound: 48,
            max_pending: 64,
        }
    }
}

/// How a node takes part in the network.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens for peers, by TCP and by QUIC. Port 0: where it listened last, or any that is free.
    pub listen: SocketAddr,
    /// Nodes to which it connects, besides those that are registered.
    pub nodes: Vec<Target>,
    /// Whether it looks for nodes on the local network; if not said, when it listens beyond this machine.
    pub mdns: Option<bool>,
    /// How many connections there may be.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            nodes: Vec::new(),
            mdns: None,
            limits: Limits::default(),
        }
    }
}

/// A handle on a node's part in the network. Clones are handles on the same.
#[derive(Clone)]
pub struct Peers {
    inner: Arc<Inner>,
}

struct Inner {
    id: String,
    finder: Finder,
    shared: Arc<Shared>,
    commands: mpsc::UnboundedSender<Command>,
    registry: Mutex<Registry>,
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Peers").field(&self.inner.id).finish()
    }
}

/// What came of asking the peers for a chain with more work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// Height and hash of the tip before.
    pub old_tip: (u64, Hash),
    /// The same now.
    pub new_tip: (u64, Hash),
    /// Whether the tip now is a block of a peer.
    pub is_replaced: bool,
    /// How many peers said what their tip is.
    pub answered: usize,
    /// Whether no peer claims more work than the tip now has.
    pub is_complete: bool,
}

/// Lets a node take part in the network until `shutdown` ends. The task ends soon after, and sooner only if it fails.
///
/// # Errors
/// When the address is taken, or the node's key or peer book cannot be read.
pub async fn start(
    node: Node,
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(Peers, JoinHandle<()>)> {
    let genesis = node.network().genesis_hash();
    let shared = Arc::new(Shared::default());
    let (commands, inbox) = mpsc::unbounded_channel();
    let mut registry = Registry::default();
    let mut engine = Engine::open(node, config, Arc::clone(&shared), inbox, &mut registry)?;
    engine.listen().await?;
    let inner = Inner {
        id: engine.id(),
        finder: Finder::new(genesis),
        shared,
        commands,
        registry: Mutex::new(registry),
    };
    let peers = Peers { inner: Arc::new(inner) };
    let task = tokio::spawn(engine.run(peers.clone(), shutdown));
    Ok((peers, task))
}

impl Peers {
    /// The node's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// Where the node listens, as multiaddresses that end with its id.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        self.inner.shared.swarm().addresses.clone()
    }

    /// How many peers are connected.
    #[must_use]
    pub fn count(&self) -> usize {
        self.inner.shared.swarm().peers.len()
    }

    /// The connected peers.
    #[must_use]
    pub fn connected(&self) -> Vec<Peer> {
        let sync = self.inner.shared.sync();
        let swarm = self.inner.shared.swarm();
        let told = swarm.peers.iter().map(|(key, peer)| {
            let mut peer = peer.clone();
            if let Some(state) = sync.peers.get(key) {
                peer.height = state.status.map(|status| status.height);
                peer.tip_hash = state.status.map(|status| status.tip);
                peer.score = state.score;
                peer.offence = state.offence.as_ref().map(ToString::to_string);
            }
            peer
        });
        told.collect()
    }

    /// Whom the connected peers say they are connected to, by their ids.
    #[must_use]
    pub fn told(&self) -> Vec<(String, Arc<[Told]>)> {
        let sync = self.inner.shared.sync();
        let swarm = self.inner.shared.swarm();
        let told = sync.told.iter().filter_map(|(key, word)| {
            let peer = swarm.peers.get(key)?;
            Some((peer.peer.clone(), Arc::clone(&word.told)))
        });
        told.collect()
    }

    /// Headers of blocks near the tip that are not in the chain. It may lag half a second behind.
    #[must_use]
    pub fn seen(&self) -> Arc<Vec<Seen>> {
        self.inner.shared.seen()
    }

    /// The nodes that the operator named.
    #[must_use]
    pub fn listed(&self) -> Vec<Listed> {
        self.inner.shared.swarm().nodes.clone()
    }

    /// Who is banned.
    #[must_use]
    pub fn bans(&self) -> Vec<PeerBan> {
        self.inner.shared.swarm().bans.clone()
    }

    /// How far the node has come in following its peers.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        self.inner.shared.sync().progress
    }

    /// Connects to a node, and registers it if it follows the same chain. Answers within 5 s.
    ///
    /// # Errors
    /// Why it is not registered.
    pub async fn register(&self, target: &Target) -> Result<(), Unreached> {
        let (found, peer) = timeout(REACH_TIMEOUT, self.reach(target))
            .await
            .map_err(|_| Unreached::late())??;
        let node = Registered {
            node: target.to_string(),
            peer: Some(peer),
            addresses: found.addresses.iter().map(ToString::to_string).collect(),
        };
        self.ask(|reply| Command::Register { node, reply })
            .await
            .unwrap_or(Err(Unreached::Stopping))
    }

    /// Asks all peers for their tips, and waits until the node has the chain with the most work, but no longer than 4 s.
    pub async fn resolve(&self, node: &Node) -> Resolution {
        let deadline = Instant::now() + RESOLVE_TIMEOUT;
        let tip = || {
            let view = node.view();
            ((view.tip().height(), view.tip().hash()), view.tip().headers().work())
        };
        // A block is counted after it can be seen, so in this order none is counted that is not the tip yet.
        let followed = self.inner.shared.followed();
        let old_tip = tip().0;
        let (tried, mut trying) = mpsc::channel(1);
        self.send(Command::Reconnect { tried });
        // It ends when the last of the attempts has.
        let _ = timeout(RECONNECT_TIMEOUT, trying.recv()).await;
        let statuses = self.statuses().await;
        let best = statuses.iter().map(|status| status.work).max().unwrap_or_default();
        while tip().1 < best && Instant::now() < deadline {
            sleep(Duration::from_millis(20)).await;
        }
        let is_counted = || self.inner.shared.followed() != followed;
        // Whose block the tip is, is counted a moment after it can be seen.
        let moment = deadline.min(Instant::now() + COUNT_TIMEOUT);
        while tip().0 != old_tip && !is_counted() && Instant::now() < moment {
            sleep(Duration::from_millis(5)).await;
        }
        let (new_tip, work) = tip();
        Resolution {
            old_tip,
            new_tip,
            is_replaced: new_tip != old_tip && is_counted(),
            answered: statuses.len(),
            is_complete: work >= best,
        }
    }

    /// What the peers say of their chains.
    async fn statuses(&self) -> Vec<Status> {
        let (status, mut answers) = mpsc::unbounded_channel();
        self.send(Command::AskStatus { status });
        let (deadline, mut statuses) = (Instant::now() + STATUS_TIMEOUT, Vec::new());
        while let Ok(Some(status)) = timeout_at(deadline, answers.recv()).await {
            statuses.push(status);
        }
        statuses
    }

    /// Cuts the node off from these peers, and from no others. For teaching what a partition is. What it gives ends once
    /// none of them is connected any more, or the node is not there any more.
    pub fn cut(&self, peers: BTreeSet<String>) -> oneshot::Receiver<()> {
        let (done, is_done) = oneshot::channel();
        self.send(Command::Cut { peers, done });
        is_done
    }

    /// What the library counts, and what is counted here, in the text format of Prometheus.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn metrics(&self) -> Result<String, fmt::Error> {
        let registry = self.inner.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry)?;
        Ok(text)
    }

    /// Finds a node by its name, and connects to it. Gives where it was found, and its id.
    async fn reach(&self, target: &Target) -> Result<(Found, String), Unreached> {
        let found = self.inner.finder.find(target).await?;
        let copy = found.clone();
        let answer = self.ask(|reply| Command::Connect { found, reply }).await;
        Ok((copy, answer.unwrap_or(Err(Unreached::Stopping))?))
    }

    fn send(&self, command: Command) {
        // The engine may have ended; then nobody is connected.
        let _ = self.inner.commands.send(command);
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply));
        answer.await.ok()
    }
}
