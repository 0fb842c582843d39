//! The swarm's task: takes what happens on the network, tells the driver, and does what driver and handles want.

mod acts;
mod connections;
mod dialing;

use std::{
    collections::{BTreeSet, HashMap},
    hash::{BuildHasher as _, RandomState},
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};
use libp2p::{
    Multiaddr, PeerId, Swarm,
    futures::StreamExt as _,
    gossipsub::{self, MessageAcceptance, MessageId},
    identify, kad,
    metrics::{Recorder as _, Registry},
    multiaddr::Protocol,
    ping,
    request_response::{self, InboundRequestId, OutboundRequestId},
    swarm::SwarmEvent,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{MissedTickBehavior, timeout},
};

use super::{
    Config, Peers, Unreached,
    behaviour::{self, Behaviour, BehaviourEvent, Names},
    codec::{Asked, WireError, decode},
    contacts::{Candidates, Contact},
    door::Seen,
    driver::{Driver, Input, Output},
    found::Shared,
    gossip::{Heard, Topics},
    key,
    metrics::Metrics,
    probe::Found,
    serving::Serving,
};
use crate::{
    node::Node,
    peers::{PeerBook, Registered},
    sync::{self, Failure, PeerKey, RequestId, Response, Status, Token},
};
use connections::{Connected, Waiting};

/// How often the engine looks around.
const TICK: Duration = Duration::from_millis(250);
/// How long it may take to listen.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(5);

/// What handles want.
pub(super) enum Command {
    /// Connects to a node that was found, and answers with its id once it is known to follow the same chain.
    Connect {
        found: Found,
        reply: oneshot::Sender<Result<String, Unreached>>,
    },
    /// Registers a node.
    Register {
        node: Registered,
        reply: oneshot::Sender<Result<(), Unreached>>,
    },
    /// Tries all nodes that were named and are not connected. The sender is dropped when all were tried.
    Reconnect { tried: mpsc::Sender<()> },
    /// Asks all peers for their status. The sender is dropped when all have answered.
    AskStatus { status: mpsc::UnboundedSender<Status> },
    /// Cuts the node off from these peers alone, and answers once none of them is connected.
    Cut {
        peers: BTreeSet<String>,
        done: oneshot::Sender<()>,
    },
}

/// Who waits for the answer to a request.
enum Asker {
    Sync(PeerKey, RequestId),
    Handles(PeerId),
}

/// The engine.
pub(super) struct Engine {
    swarm: Swarm<Behaviour>,
    node: Node,
    /// What peers of the same chain say of themselves.
    identity: String,
    topics: Topics,
    /// How long news may be, in bytes.
    max_news: usize,
    listen: SocketAddr,
    folder: PathBuf,
    book: PeerBook,
    saving: JoinSet<()>,
    shared: Arc<Shared>,
    driver: Driver,
    outputs: mpsc::UnboundedReceiver<Output>,
    commands: mpsc::UnboundedReceiver<Command>,
    metrics: Metrics,
    keys: RandomState,
    peers: HashMap<PeerId, Connected>,
    ids: HashMap<PeerKey, PeerId>,
    asked: HashMap<OutboundRequestId, Asker>,
    serving: Serving<InboundRequestId>,
    news: HashMap<Token, (PeerId, MessageId)>,
    next_token: u64,
    waiting: Vec<Waiting>,
    /// Who waits until nobody is connected any more from whom the node is cut off.
    cutting: Vec<oneshot::Sender<()>>,
    contacts: Vec<Contact>,
    candidates: Candidates,
    /// Attempts to reach nodes that were named, by their place among the contacts.
    attempts: JoinSet<(super::Target, Result<PeerId, Unreached>)>,
    /// When the next of the bans ends, in milliseconds since 1970.
    next_end_ms: u64,
}

impl Engine {
    /// Makes a swarm that listens nowhere yet, with the key and the book in the node's data folder.
    pub(super) fn open(
        node: Node,
        config: Config,
        shared: Arc<Shared>,
        commands: mpsc::UnboundedReceiver<Command>,
        registry: &mut Registry,
    ) -> Result<Self> {
        let folder = node.config().data_dir.clone();
        let (key, book) = (key::open(&folder)?, PeerBook::open(&folder)?);
        let genesis = node.network().genesis_hash();
        let has_mdns = config.mdns.unwrap_or(!config.listen.ip().is_loopback());
        let messages = sync::Limits::new(node.network().parameters());
        let swarm = behaviour::swarm(key, &genesis, messages, &config.limits, has_mdns, registry)?;
        let (sender, outputs) = mpsc::unbounded_channel();
        let driver = Driver::start(node.clone(), Arc::clone(&shared), sender)?;
        let mut engine = Self {
            swarm,
            identity: Names::new(&genesis)?.identity,
            topics: Topics::new(&genesis),
            max_news: messages.gossip,
            node,
            listen: config.listen,
            folder,
            book,
            saving: JoinSet::new(),
            shared,
            driver,
            outputs,
            commands,
            metrics: Metrics::new(registry),
            keys: RandomState::new(),
            peers: HashMap::new(),
            ids: HashMap::new(),
            asked: HashMap::new(),
            serving: Serving::default(),
            news: HashMap::new(),
            next_token: 0,
            waiting: Vec::new(),
            cutting: Vec::new(),
            contacts: Vec::new(),
            candidates: Candidates::default(),
            attempts: JoinSet::new(),
            next_end_ms: u64::MAX,
        };
        engine.recall(config.nodes);
        Ok(engine)
    }

    /// The node's id.
    pub(super) fn id(&self) -> String {
        self.swarm.local_peer_id().to_string()
    }

    /// Listens by TCP, and on the same port by QUIC.
    ///
    /// # Errors
    /// When the address is taken.
    pub(super) async fn listen(&mut self) -> Result<()> {
        let port = self.listen_on_tcp().await?;
        let quic = Multiaddr::from(self.listen.ip())
            .with(Protocol::Udp(port))
            .with(Protocol::QuicV1);
        if let Err(error) = self.swarm.listen_on(quic) {
            tracing::warn!(%error, port, "the node listens for peers by TCP alone");
        }
        self.book.set_port(port);
        self.publish();
        Ok(())
    }

    async fn listen_on_tcp(&mut self) -> Result<u16> {
        let before = self.book.port().filter(|_| self.listen.port() == 0);
        // Whoever knows the node from before finds it there again.
        let again = before.map(|port| SocketAddr::new(self.listen.ip(), port));
        let address = again.filter(|address| is_free(*address).is_ok()).unwrap_or(self.listen);
        let taken = |error: &dyn std::fmt::Display| {
            anyhow!("the node cannot listen for peers on {address} ({error}): choose another address with --p2p-listen")
        };
        is_free(address).map_err(|error| taken(&error))?;
        let place = Multiaddr::from(address.ip()).with(Protocol::Tcp(address.port()));
        self.swarm.listen_on(place).map_err(|error| taken(&error))?;
        let heard = timeout(LISTEN_TIMEOUT, async {
            loop {
                match self.swarm.select_next_some().await {
                    SwarmEvent::NewListenAddr { address, .. } => {
                        let port = address.iter().find_map(|part| match part {
                            Protocol::Tcp(port) => Some(port),
                            _ => None,
                        });
                        if let Some(port) = port {
                            return Ok(port);
                        }
                    }
                    SwarmEvent::ListenerClosed { reason, .. } => {
                        reason.context("the node cannot listen for peers")?;
                        bail!("the node stopped listening for peers");
                    }
                    _ => {}
                }
            }
        });
        heard
            .await
            .with_context(|| format!("no network has the address {}", self.listen.ip()))?
    }

    /// Works until `shutdown` ends.
    pub(super) async fn run(mut self, peers: Peers, shutdown: impl Future<Output = ()> + Send) {
        tokio::pin!(shutdown);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_event(event),
                output = self.outputs.recv() => match output {
                    Some(output) => self.on_output(output),
                    // The driver has ended, and without it the node keeps up with nobody.
                    None => break,
                },
                Some(command) = self.commands.recv() => self.on_command(command, &peers),
                Some(tried) = self.attempts.join_next() => self.on_tried(tried),
                Some(_) = self.saving.join_next() => {}
                _ = tick.tick() => self.on_tick(&peers),
                () = &mut shutdown => break,
            }
        }
        self.end().await;
    }

    /// Lets go of everything, so that the data folder is free soon.
    async fn end(mut self) {
        self.attempts.shutdown().await;
        while self.saving.join_next().await.is_some() {}
        self.save();
        while self.saving.join_next().await.is_some() {}
        self.driver.stop().await;
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        self.metrics.record(&event);
        match event {
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            } => self.on_established(peer_id, connection_id, &endpoint),
            SwarmEvent::ConnectionClosed {
                peer_id,
                connection_id,
                num_established,
                cause,
                ..
            } => self.on_closed(peer_id, connection_id, num_established, cause),
            SwarmEvent::IncomingConnectionError {
                send_back_addr, error, ..
            } => self.on_refused(&send_back_addr, &error),
            SwarmEvent::OutgoingConnectionError {
                connection_id,
                peer_id,
                error,
            } => self.on_dial_failed(connection_id, peer_id, &error),
            SwarmEvent::NewListenAddr { .. } | SwarmEvent::ExpiredListenAddr { .. } => self.publish(),
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "listening for peers failed once"),
            _ => {}
        }
    }

    fn on_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Door(Seen::Flood(ip)) => self.on_flood(ip),
            BehaviourEvent::Door(Seen::Nodes(nodes)) => {
                for (peer, address) in nodes {
                    self.candidates.add_near(peer, address);
                }
            }
            BehaviourEvent::Identify(event) => {
                self.metrics.record(&event);
                if let identify::Event::Received { peer_id, info, .. } = event {
                    self.on_identified(peer_id, info);
                }
            }
            BehaviourEvent::Ping(event) => {
                self.metrics.record(&event);
                self.on_ping(&event);
            }
            BehaviourEvent::Kad(event) => {
                self.metrics.record(&event);
                self.on_kad(event);
            }
            BehaviourEvent::Gossip(Heard::News(event)) => {
                self.metrics.record(&event);
                self.on_gossip(event);
            }
            BehaviourEvent::Gossip(Heard::Stray(peer)) => {
                let reason = "news on a topic to which nobody listens, or with a signature".to_owned();
                self.offended(peer, &WireError::Malformed { reason });
            }
            BehaviourEvent::Sync(event) => self.on_sync(event),
        }
    }

    fn on_ping(&mut self, event: &ping::Event) {
        match &event.result {
            Ok(latency) => {
                if let Some(peer) = self.peers.get_mut(&event.peer) {
                    peer.latency = Some(*latency);
                }
                self.tell_name(&event.peer);
            }
            Err(ping::Failure::Unsupported) => {}
            Err(error) => {
                tracing::debug!(peer = %event.peer, %error, "a peer gives no sign of life");
                self.swarm.close_connection(event.connection);
            }
        }
    }

    fn on_kad(&mut self, event: kad::Event) {
        if let kad::Event::RoutingUpdated { peer, addresses, .. } = event {
            self.candidates.add(peer, addresses.into_vec());
        }
    }

    fn on_gossip(&mut self, event: gossipsub::Event) {
        let gossipsub::Event::Message {
            propagation_source: source,
            message_id,
            message,
        } = event
        else {
            return;
        };
        if self.swarm.behaviour().gossip.is_pausing() {
            self.metrics.pauses.inc();
        }
        let judge = |engine: &mut Self, acceptance| {
            let gossip = engine.swarm.behaviour_mut().gossip.library();
            gossip.report_message_validation_result(&message_id, &source, acceptance);
        };
        let (bytes, limit) = (message.data.len(), self.max_news);
        let checked = match bytes <= limit {
            true => decode::<sync::Gossip>(&message.data),
            false => Err(WireError::Oversized { bytes, limit }),
        };
        let news = match checked {
            Ok(news) if self.topics.of(&news).hash() == message.topic => news,
            Ok(_) => {
                let reason = "news on the wrong topic".to_owned();
                self.offended(source, &WireError::Malformed { reason });
                return judge(self, MessageAcceptance::Reject);
            }
            Err(error) => {
                self.offended(source, &error);
                return judge(self, MessageAcceptance::Reject);
            }
        };
        // Whoever speaks a protocol of this chain is on it, even if the rest is yet to come.
        let Some(peer) = self.welcome(source) else {
            return judge(self, MessageAcceptance::Ignore);
        };
        let token = Token(self.next_token);
        self.next_token += 1;
        if self.driver.offer(Input::Gossiped { peer, token, news }) {
            self.news.insert(token, (source, message_id));
        } else {
            judge(self, MessageAcceptance::Ignore);
            self.count_dropped(&source);
        }
    }

    fn on_sync(&mut self, event: request_response::Event<Asked, Response>) {
        match event {
            request_response::Event::Message { peer, message, .. } => match message {
                request_response::Message::Request {
                    request_id,
                    request,
                    channel,
                } => self.on_request(peer, request_id, request, channel),
                request_response::Message::Response { request_id, response } => {
                    self.on_response(request_id, response);
                }
            },
            request_response::Event::OutboundFailure { request_id, error, .. } => {
                self.on_no_response(request_id, &error);
            }
            request_response::Event::InboundFailure { request_id, error, .. } => match error {
                request_response::InboundFailure::Timeout => self.serving.not_taken(&request_id, Instant::now()),
                _ => self.serving.end(&request_id),
            },
            request_response::Event::ResponseSent { request_id, .. } => self.serving.end(&request_id),
        }
    }

    fn on_request(
        &mut self,
        peer: PeerId,
        id: InboundRequestId,
        request: Asked,
        channel: request_response::ResponseChannel<Response>,
    ) {
        let request = match request {
            Ok(request) => request,
            Err(error) => return self.offended(peer, &error),
        };
        let Some(key) = self.welcome(peer) else { return };
        let is_short = matches!(request, sync::Request::Status);
        let peers = self.peer_count();
        if !self.serving.has_room(&peer, is_short, peers, Instant::now()) {
            tracing::debug!(%peer, "too many requests are at work to take another");
            return;
        }
        self.metrics.served(request.kind());
        let request = Input::Requested {
            peer: key,
            request,
            channel,
        };
        if self.driver.offer(request) {
            self.serving.begin(id, peer, is_short);
        }
    }

    fn on_response(&mut self, id: OutboundRequestId, response: Response) {
        match self.asked.remove(&id) {
            Some(Asker::Sync(peer, id)) => self.driver.tell(Input::Responded { peer, id, response }),
            Some(Asker::Handles(peer)) => self.on_status(&peer, response),
            None => {}
        }
    }

    fn on_no_response(&mut self, id: OutboundRequestId, error: &request_response::OutboundFailure) {
        use request_response::OutboundFailure;
        let (peer, id) = match self.asked.remove(&id) {
            Some(Asker::Sync(peer, id)) => (peer, id),
            Some(Asker::Handles(peer)) => return self.on_no_status(&peer),
            None => return,
        };
        let failure = match error {
            OutboundFailure::Timeout => Failure::Timeout,
            OutboundFailure::Io(error) => match WireError::of(error) {
                Some(WireError::Malformed { reason }) => Failure::Malformed { reason: reason.clone() },
                Some(WireError::Oversized { bytes, limit }) => Failure::Oversized {
                    bytes: *bytes,
                    limit: *limit,
                },
                None => Failure::Closed,
            },
            _ => Failure::Closed,
        };
        self.driver.tell(Input::Failed { peer, id, failure });
    }

    /// The peer sent bytes that are no message.
    fn offended(&mut self, peer: PeerId, error: &WireError) {
        if let Some(peer) = self.welcome(peer) {
            let offence = error.offence();
            self.driver.tell(Input::Offended { peer, offence });
        }
    }

    /// How many of the connected nodes are peers.
    fn peer_count(&self) -> usize {
        self.peers.values().filter(|connected| connected.is_peer).count()
    }

    /// The key by which the driver knows a peer: the same as long as the process runs, and nobody can choose it.
    fn key_of(&self, peer: &PeerId) -> PeerKey {
        PeerKey(self.keys.hash_one(peer))
    }

    fn on_tick(&mut self, peers: &Peers) {
        self.waiting.retain(|waiting| !waiting.is_forgotten());
        self.send_away(Instant::now());
        self.end_bans();
        self.forgive();
        self.tell_dropped();
        self.look_for_peers(peers);
        self.save();
        self.publish();
    }
}

/// Whether nobody listens there. The library would share the port with them.
fn is_free(address: SocketAddr) -> std::io::Result<()> {
    std::net::TcpListener::bind(address).map(drop)
}
