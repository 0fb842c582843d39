//! A peer that speaks the protocols of a chain, and says in them whatever a test wants.

mod pour;

use std::{
    future::pending,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use backend::sync::{Request, Response};
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder,
    futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, FutureExt as _, StreamExt as _},
    gossipsub, identify, noise, ping, request_response,
    swarm::{DialError, NetworkBehaviour, SwarmEvent, dial_opts::DialOpts},
    tcp, yamux,
};
use shared::{
    codec::{Decode as _, Encode as _},
    hash::Hash,
};
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};

use super::PATIENCE;
use pour::{News, Writer};

/// Longer than any test takes.
const EVER: Duration = Duration::from_secs(3_600);

/// How a peer goes about what it asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Manners {
    /// It asks, and takes the answer.
    #[default]
    Good,
    /// It begins its questions and does not end them.
    AsksByHalves,
    /// It lets answers wait. All else on the connection goes on.
    TakesNothing,
}

/// Sends and takes bytes, whatever they are.
#[derive(Debug, Clone, Default)]
pub struct Raw {
    manners: Manners,
    /// How many questions have gone out, whole or by halves.
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl request_response::Codec for Raw {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        io.read_to_end(&mut bytes).await?;
        // The victim gave up asking before it had said what.
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        if self.manners == Manners::TakesNothing {
            return pending().await;
        }
        let mut bytes = Vec::new();
        io.read_to_end(&mut bytes).await.map(|_| bytes)
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        let is_whole = self.manners != Manners::AsksByHalves;
        let part = if is_whole {
            &bytes[..]
        } else {
            &bytes[..bytes.len() / 2]
        };
        io.write_all(part).await?;
        io.flush().await?;
        self.asked.fetch_add(1, Ordering::Relaxed);
        if is_whole { Ok(()) } else { pending().await }
    }

    async fn write_response<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        io.write_all(&bytes).await
    }
}

#[derive(NetworkBehaviour)]
pub struct Tongues {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    sync: request_response::Behaviour<Raw>,
    gossip: gossipsub::Behaviour,
    pour: request_response::Behaviour<Writer>,
}

/// What a peer answers to the bytes of a request; nothing at all when there is none.
pub type Voice = Box<dyn FnMut(&[u8]) -> Option<Vec<u8>> + Send>;

pub struct Hostile {
    pub swarm: Swarm<Tongues>,
    genesis: Hash,
    victim: Option<PeerId>,
    voice: Voice,
    asked: Arc<AtomicUsize>,
}

impl Hostile {
    /// A peer that says it is of this chain.
    pub fn new(genesis: Hash) -> Self {
        Self::of_version(genesis, 1)
    }

    /// The same, of this version of the protocol between nodes.
    pub fn of_version(genesis: Hash, version: u16) -> Self {
        Self::made(genesis, version, Manners::Good)
    }

    /// The same, with these manners.
    pub fn with_manners(genesis: Hash, manners: Manners) -> Self {
        Self::made(genesis, 1, manners)
    }

    fn made(genesis: Hash, version: u16, manners: Manners) -> Self {
        let asked = Arc::default();
        let raw = Raw {
            manners,
            asked: Arc::clone(&asked),
        };
        let swarm = SwarmBuilder::with_new_identity()
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(|key| {
                let config = gossipsub::ConfigBuilder::default()
                    .protocol_id_prefix(format!("/cairn/{genesis}/meshsub"))
                    .validation_mode(gossipsub::ValidationMode::Anonymous)
                    .message_id_fn(|message| gossipsub::MessageId::from(message.data.clone()))
                    .max_transmit_size(8 << 20)
                    // It goes out however long that takes.
                    .connection_handler_queue_len(10_000)
                    .publish_queue_duration(PATIENCE)
                    .build()
                    .unwrap();
                let name = format!("/cairn/{genesis}/sync/{version}");
                let protocol = StreamProtocol::try_from_owned(name).unwrap();
                let stream = StreamProtocol::try_from_owned(format!("/cairn/{genesis}/meshsub/1.1.0")).unwrap();
                Tongues {
                    identify: identify::Behaviour::new(identify::Config::new(
                        format!("/cairn/{genesis}/{version}"),
                        key.public(),
                    )),
                    ping: ping::Behaviour::default(),
                    sync: request_response::Behaviour::with_codec(
                        raw,
                        [(protocol, request_response::ProtocolSupport::Full)],
                        // It is the victim's time that ends what takes too long.
                        request_response::Config::default().with_request_timeout(PATIENCE),
                    ),
                    gossip: gossipsub::Behaviour::new(gossipsub::MessageAuthenticity::Anonymous, config).unwrap(),
                    pour: request_response::Behaviour::with_codec(
                        Writer,
                        [(stream, request_response::ProtocolSupport::Outbound)],
                        request_response::Config::default().with_request_timeout(EVER),
                    ),
                }
            })
            .unwrap()
            .with_swarm_config(|config| config.with_idle_connection_timeout(EVER))
            .build();
        Self {
            swarm,
            genesis,
            victim: None,
            voice: Box::new(|_| None),
            asked,
        }
    }

    /// Has it answer requests with these bytes.
    pub fn says(mut self, voice: impl FnMut(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> Self {
        self.voice = Box::new(voice);
        self
    }

    /// Has it answer requests with messages.
    pub fn answers(self, mut voice: impl FnMut(&Request) -> Option<Response> + Send + 'static) -> Self {
        self.says(move |bytes| voice(&Request::from_bytes(bytes).unwrap()).map(|response| response.to_bytes()))
    }

    pub fn id(&self) -> String {
        self.swarm.local_peer_id().to_string()
    }

    /// Connects, and waits until the victim has said who it is.
    pub async fn connect(&mut self, address: &str) {
        for topic in ["blocks", "transfers"] {
            let topic = self.topic(topic);
            self.swarm.behaviour_mut().gossip.subscribe(&topic).unwrap();
        }
        if let Err(error) = self.call(address).await {
            panic!("{error}");
        }
    }

    /// The same without listening to news. It may be refused.
    pub async fn call(&mut self, address: &str) -> Result<(), DialError> {
        let dial = DialOpts::from(address.parse::<Multiaddr>().unwrap());
        let id = dial.connection_id();
        self.swarm.dial(dial)?;
        loop {
            match timeout(PATIENCE, self.swarm.select_next_some()).await.unwrap() {
                SwarmEvent::Behaviour(TonguesEvent::Identify(identify::Event::Received { peer_id, .. })) => {
                    self.victim = Some(peer_id);
                    return Ok(());
                }
                SwarmEvent::OutgoingConnectionError { error, .. } => return Err(error),
                SwarmEvent::ConnectionClosed { connection_id, .. } if connection_id == id => {
                    return Err(DialError::Aborted);
                }
                // The victim may ask before it has said who it is.
                event => self.respond(event),
            }
        }
    }

    /// Whether the victim lets it in and keeps it for a moment.
    pub async fn is_let_in(&mut self, address: &str) -> bool {
        self.swarm.dial(address.parse::<Multiaddr>().unwrap()).unwrap();
        loop {
            match timeout(PATIENCE, self.swarm.select_next_some()).await.unwrap() {
                SwarmEvent::Behaviour(TonguesEvent::Identify(identify::Event::Received { .. })) => return true,
                SwarmEvent::OutgoingConnectionError { .. } | SwarmEvent::ConnectionClosed { .. } => return false,
                _ => {}
            }
        }
    }

    /// Sends bytes as a request.
    pub fn ask(&mut self, bytes: Vec<u8>) {
        let victim = self.victim.unwrap();
        self.swarm.behaviour_mut().sync.send_request(&victim, bytes);
    }

    /// The next answer that it gets.
    pub async fn answered(&mut self) -> Vec<u8> {
        loop {
            match timeout(PATIENCE, self.swarm.select_next_some())
                .await
                .expect("an answer")
            {
                SwarmEvent::Behaviour(TonguesEvent::Sync(request_response::Event::Message {
                    message: request_response::Message::Response { response, .. },
                    ..
                })) => return response,
                event => self.respond(event),
            }
        }
    }

    /// Tells bytes as news of transfers. Waits until the victim listens.
    pub async fn tell(&mut self, bytes: Vec<u8>) {
        self.tell_on("transfers", bytes).await;
    }

    /// Tells bytes as news on a topic. Waits until the victim listens.
    pub async fn tell_on(&mut self, topic: &str, bytes: Vec<u8>) {
        let topic = self.topic(topic);
        let deadline = Instant::now() + PATIENCE;
        while self
            .swarm
            .behaviour_mut()
            .gossip
            .publish(topic.clone(), bytes.clone())
            .is_err()
        {
            assert!(Instant::now() < deadline, "the victim does not listen");
            if let Ok(event) = timeout(Duration::from_millis(50), self.swarm.select_next_some()).await {
                self.respond(event);
            }
        }
    }

    /// Tells as much news as the victim takes, and stops when it is cut off. Gives how much that was.
    pub async fn flood(&mut self, topic: &str, news: impl IntoIterator<Item = Vec<u8>>) -> usize {
        let mut news = news.into_iter();
        let Some(first) = news.next() else { return 0 };
        self.tell_on(topic, first).await;
        let (topic, mut told) = (self.topic(topic), 1);
        for bytes in news {
            let sent = self.swarm.behaviour_mut().gossip.publish(topic.clone(), bytes);
            told += usize::from(sent.is_ok());
            // What has not gone out is not heard.
            while let Some(event) = self.swarm.next().now_or_never().flatten() {
                self.respond(event);
            }
            if !self.swarm.is_connected(&self.victim.unwrap()) {
                break;
            }
            tokio::task::yield_now().await;
        }
        told
    }

    /// Writes news on a topic for as long as it is connected, whether the victim listens to it or not. For a peer that listens
    /// to nothing: what the library has to say of that would be a stream of its own, and the victim reads the newest alone.
    pub fn pour(&mut self, topic: &str, pieces: impl Iterator<Item = Vec<u8>> + Send + 'static) {
        let (victim, topic) = (self.victim.unwrap(), self.topic(topic).to_string());
        let pieces = Box::new(pieces);
        let pour = &mut self.swarm.behaviour_mut().pour;
        pour.send_request(&victim, News { topic, pieces });
    }

    /// Asks the same so many times at once, again and again, until it is cut off, which it tells, or this moment.
    pub async fn ask_on(&mut self, question: &[u8], at_once: usize, until: Instant) -> bool {
        for _ in 0..at_once {
            self.ask(question.to_vec());
        }
        loop {
            match timeout_at(until, self.swarm.select_next_some()).await {
                Err(_) => return false,
                Ok(SwarmEvent::ConnectionClosed { num_established: 0, .. }) => return true,
                Ok(SwarmEvent::Behaviour(TonguesEvent::Sync(
                    request_response::Event::Message {
                        message: request_response::Message::Response { .. },
                        ..
                    }
                    | request_response::Event::OutboundFailure { .. },
                ))) => self.ask(question.to_vec()),
                Ok(event) => self.respond(event),
            }
        }
    }

    /// How many questions have gone out, whole or by halves.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    fn topic(&self, name: &str) -> gossipsub::IdentTopic {
        gossipsub::IdentTopic::new(format!("cairn/{}/{name}", self.genesis))
    }

    /// Goes on by one event.
    pub async fn turn(&mut self) {
        let event = self.swarm.select_next_some().await;
        self.respond(event);
    }

    /// Goes on until so many questions have gone out, whole or by halves.
    pub async fn until_sent(&mut self, count: usize) {
        let asked = Arc::clone(&self.asked);
        let is_so = || asked.load(Ordering::Relaxed) >= count;
        self.until("its questions have gone out", is_so).await;
    }

    /// Answers for as long as it is connected, as a task of its own.
    pub fn go_on(mut self) -> JoinHandle<()> {
        tokio::spawn(async move {
            loop {
                let event = self.swarm.select_next_some().await;
                self.respond(event);
            }
        })
    }

    /// Goes on until the victim ends the connection.
    pub async fn until_cut_off(&mut self) {
        assert!(self.is_cut_off_within(PATIENCE).await, "it is cut off");
    }

    /// The same, but no longer than this. Whether it has come to it.
    pub async fn is_cut_off_within(&mut self, time: Duration) -> bool {
        let deadline = Instant::now() + time;
        loop {
            match timeout_at(deadline, self.swarm.select_next_some()).await {
                Ok(SwarmEvent::ConnectionClosed { num_established: 0, .. }) => return true,
                Ok(event) => self.respond(event),
                Err(_) => return false,
            }
        }
    }

    /// Goes on until something is so.
    pub async fn until(&mut self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < deadline, "it did not come about that {what}");
            if let Ok(event) = timeout(Duration::from_millis(20), self.swarm.select_next_some()).await {
                self.respond(event);
            }
        }
    }

    fn respond(&mut self, event: SwarmEvent<TonguesEvent>) {
        if let SwarmEvent::Behaviour(TonguesEvent::Sync(request_response::Event::Message {
            message: request_response::Message::Request { request, channel, .. },
            ..
        })) = event
            && let Some(answer) = (self.voice)(&request)
        {
            let _ = self.swarm.behaviour_mut().sync.send_response(channel, answer);
        }
    }
}
