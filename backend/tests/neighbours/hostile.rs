//! A peer that speaks the protocols of a chain, and says in them whatever a test wants.

use std::{io, time::Duration};

use async_trait::async_trait;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder,
    futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, StreamExt as _},
    gossipsub, identify, noise, request_response,
    swarm::{NetworkBehaviour, SwarmEvent},
    tcp, yamux,
};
use shared::hash::Hash;
use tokio::time::{Instant, timeout, timeout_at};

use super::PATIENCE;

/// Sends and takes bytes, whatever they are.
#[derive(Debug, Clone, Copy)]
pub struct Raw;

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
        io.read_to_end(&mut bytes).await.map(|_| bytes)
    }

    async fn read_response<T: AsyncRead + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
    ) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        io.read_to_end(&mut bytes).await.map(|_| bytes)
    }

    async fn write_request<T: AsyncWrite + Unpin + Send>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        bytes: Vec<u8>,
    ) -> io::Result<()> {
        io.write_all(&bytes).await
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
    sync: request_response::Behaviour<Raw>,
    gossip: gossipsub::Behaviour,
}

pub struct Hostile {
    pub swarm: Swarm<Tongues>,
    genesis: Hash,
    victim: Option<PeerId>,
    /// What it answers to each request; nothing at all when there is none.
    pub answer: Option<Vec<u8>>,
}

impl Hostile {
    /// A peer that says it is of this chain.
    pub fn new(genesis: Hash) -> Self {
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
                    .build()
                    .unwrap();
                let name = format!("/cairn/{genesis}/sync/1");
                let protocol = StreamProtocol::try_from_owned(name).unwrap();
                Tongues {
                    identify: identify::Behaviour::new(identify::Config::new(
                        format!("/cairn/{genesis}/1"),
                        key.public(),
                    )),
                    sync: request_response::Behaviour::with_codec(
                        Raw,
                        [(protocol, request_response::ProtocolSupport::Full)],
                        request_response::Config::default(),
                    ),
                    gossip: gossipsub::Behaviour::new(gossipsub::MessageAuthenticity::Anonymous, config).unwrap(),
                }
            })
            .unwrap()
            .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(3_600)))
            .build();
        Self {
            swarm,
            genesis,
            victim: None,
            answer: None,
        }
    }

    pub fn id(&self) -> String {
        self.swarm.local_peer_id().to_string()
    }

    /// Connects, and waits until the victim has said who it is.
    pub async fn connect(&mut self, address: &str) {
        self.swarm.dial(address.parse::<Multiaddr>().unwrap()).unwrap();
        let topic = gossipsub::IdentTopic::new(format!("cairn/{}/transfers", self.genesis));
        self.swarm.behaviour_mut().gossip.subscribe(&topic).unwrap();
        loop {
            match timeout(PATIENCE, self.swarm.select_next_some()).await.unwrap() {
                SwarmEvent::Behaviour(TonguesEvent::Identify(identify::Event::Received { peer_id, .. })) => {
                    self.victim = Some(peer_id);
                    return;
                }
                SwarmEvent::OutgoingConnectionError { error, .. } => panic!("{error}"),
                _ => {}
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

    /// Tells bytes as news. Waits until the victim listens.
    pub async fn tell(&mut self, bytes: Vec<u8>) {
        let topic = gossipsub::IdentTopic::new(format!("cairn/{}/transfers", self.genesis));
        let deadline = Instant::now() + PATIENCE;
        while self
            .swarm
            .behaviour_mut()
            .gossip
            .publish(topic.clone(), bytes.clone())
            .is_err()
        {
            assert!(Instant::now() < deadline, "the victim does not listen");
            let _ = timeout(Duration::from_millis(50), self.swarm.select_next_some()).await;
        }
    }

    /// Goes on until the victim ends the connection.
    pub async fn until_cut_off(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let event = timeout_at(deadline, self.swarm.select_next_some());
            match event.await.expect("it is cut off") {
                SwarmEvent::ConnectionClosed { num_established: 0, .. } => return,
                event => self.respond(event),
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
            message: request_response::Message::Request { channel, .. },
            ..
        })) = event
            && let Some(answer) = &self.answer
        {
            let _ = self.swarm.behaviour_mut().sync.send_response(channel, answer.clone());
        }
    }
}
