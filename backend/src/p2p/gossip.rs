//! News by gossipsub: its topics, its limits, and how it scores those who pass it on.

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use libp2p::gossipsub::{
    self, Behaviour, ConfigBuilder, DataTransform, IdentTopic, IdentityTransform, Message, MessageAuthenticity,
    MessageId, PeerScoreParams, PeerScoreThresholds, RawMessage, TopicHash, TopicScoreParams, ValidationMode,
};
use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent, THandlerOutEvent,
        ToSwarm,
    },
};
use shared::hash::{Hash, sha256};

use super::{
    Limits,
    behaviour::Names,
    inflow::{Inflow, Paced},
};
use crate::sync::{self, Gossip};

/// How long a frame may be, in pieces of news: one that is too long is to be seen, so that its sender can be named. Longer
/// frames end the stream, and after five streams the peer is not heard any more.
const FRAME: usize = 2;
/// How many pieces of news are taken of a frame, and how many of what is said of news. The library sends each in one of its
/// own; who sends many in one takes more than its turn.
const MAX_IN_FRAME: usize = 4;
/// How many ids are told or asked for in a frame: 34 bytes each, so that all of them fit into it. A frame that does not fit would
/// end the stream, and with it all that the peer is told.
const MAX_IDS_IN_FRAME: usize = 1_000;
/// How much waits for a peer that reads slowly; what is older than the times below is dropped.
const QUEUE: usize = 1_024;
const PUBLISH_WITHIN: Duration = Duration::from_secs(5);
const FORWARD_WITHIN: Duration = Duration::from_secs(2);
/// How often the library looks around, and for how many of these times it keeps news: what waits longer for its verdict could
/// not be passed on any more, so it is longer than the state machine lets news wait.
const HEARTBEAT: Duration = Duration::from_secs(1);
const HISTORY: usize = 2 + (sync::VERDICT_MS / 1_000) as usize;
/// For how long the library knows news again. What comes later is passed on once more at most.
const KNOWN_FOR: Duration = Duration::from_secs(30);
/// What a false piece of news costs, squared as they come.
const FALSE_NEWS: f64 = -4.0;
/// For how long a peer is not asked again to pass news on at once, after it was told not to. A node that was started again
/// has forgotten that, and is forgiven a few times.
const BACKOFF: Duration = Duration::from_secs(10);
const FORGIVEN: f64 = 6.0;
/// The scores below which a peer gets no gossip, gets nothing, and is not heard. Who does what the library alone minds may come
/// to the last before it is banned, and is sent away: nobody could find out what else it does.
const THRESHOLDS: PeerScoreThresholds = PeerScoreThresholds {
    gossip_threshold: -10.0,
    publish_threshold: -50.0,
    graylist_threshold: -1_000.0,
    accept_px_threshold: 10.0,
    opportunistic_graft_threshold: 1.0,
};

/// The topics of a chain.
#[derive(Clone)]
pub(super) struct Topics {
    blocks: IdentTopic,
    transfers: IdentTopic,
}

impl Topics {
    pub(super) fn new(genesis: &Hash) -> Self {
        Self {
            blocks: IdentTopic::new(format!("cairn/{genesis}/blocks")),
            transfers: IdentTopic::new(format!("cairn/{genesis}/transfers")),
        }
    }

    /// The topic of a piece of news.
    pub(super) const fn of(&self, news: &Gossip) -> &IdentTopic {
        match news {
            Gossip::Block(_) | Gossip::Header(_) => &self.blocks,
            Gossip::Transfer(_) => &self.transfers,
        }
    }
}

pub(super) type Library = Behaviour<OwnTopics>;

/// Drops news on any other topic, or with a signature, before the library keeps it, and counts it. No honest node sends any.
pub(super) struct OwnTopics {
    own: [TopicHash; 2],
    strays: Arc<AtomicU64>,
}

impl DataTransform for OwnTopics {
    fn inbound_transform(&self, message: RawMessage) -> io::Result<Message> {
        if self.own.contains(&message.topic) && message.signature.is_none() && message.key.is_none() {
            IdentityTransform.inbound_transform(message)
        } else {
            self.strays.fetch_add(1, Ordering::Relaxed);
            Err(io::Error::other("this is no news of the chain"))
        }
    }

    fn outbound_transform(&self, _: &TopicHash, data: Vec<u8>) -> io::Result<Vec<u8>> {
        Ok(data)
    }
}

/// What is heard of peers.
#[derive(Debug)]
pub(super) enum Heard {
    /// As the library has it.
    News(gossipsub::Event),
    /// A peer sent news on another topic, or with a signature.
    Stray(PeerId),
}

/// Gossipsub for a chain's topics, read no faster than [`Inflow`] allows.
pub(super) struct Gossipsub {
    library: Library,
    inflow: Arc<Inflow>,
    /// How much of that came, and of whom.
    strays: Arc<AtomicU64>,
    strayed: VecDeque<PeerId>,
}

impl Gossipsub {
    /// The library's part, for what is told and judged.
    pub(super) const fn library(&mut self) -> &mut Library {
        &mut self.library
    }

    /// Whether the library has ceased to hear a peer. What it does then would be seen by nobody.
    pub(super) fn is_deaf_to(&self, peer: &PeerId) -> bool {
        let score = self.library.peer_score(peer);
        score.is_some_and(|score| score < THRESHOLDS.graylist_threshold)
    }

    /// Whether no news is read for a moment, as there was too much.
    pub(super) fn is_pausing(&self) -> bool {
        self.inflow.pause(Instant::now()).is_some()
    }

    fn paced<H>(&self, handler: H) -> Paced<H> {
        Paced::new(handler, Arc::clone(&self.inflow))
    }
}

impl NetworkBehaviour for Gossipsub {
    type ConnectionHandler = Paced<THandler<Library>>;
    type ToSwarm = Heard;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let library = &mut self.library;
        let handler = library.handle_established_inbound_connection(id, peer, local, remote)?;
        Ok(self.paced(handler))
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let library = &mut self.library;
        let handler = library.handle_established_outbound_connection(id, peer, address, role, port)?;
        Ok(self.paced(handler))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.library.on_swarm_event(event);
    }

    fn on_connection_handler_event(&mut self, peer: PeerId, id: ConnectionId, event: THandlerOutEvent<Self>) {
        let before = self.strays.load(Ordering::Relaxed);
        self.library.on_connection_handler_event(peer, id, event);
        if self.strays.load(Ordering::Relaxed) > before {
            self.strayed.push_back(peer);
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Heard, THandlerInEvent<Self>>> {
        if let Some(peer) = self.strayed.pop_front() {
            return Poll::Ready(ToSwarm::GenerateEvent(Heard::Stray(peer)));
        }
        let inflow = &self.inflow;
        self.library.poll(cx).map(|event| {
            event.map_out(|event| {
                if let gossipsub::Event::Message { message, .. } = &event {
                    inflow.take(message.data.len(), Instant::now());
                }
                Heard::News(event)
            })
        })
    }
}

/// Gossipsub, subscribed to a chain's topics.
pub(super) fn behaviour(names: &Names, genesis: &Hash, messages: sync::Limits, limits: &Limits) -> Result<Gossipsub> {
    let topics = Topics::new(genesis);
    let config = ConfigBuilder::default()
        .protocol_id_prefix(names.gossip.clone())
        // Nobody signs news: who passes it on is known by the connection, and its maker is nobody's business.
        // The library would drop what is signed, and tell nobody who sent it.
        .validation_mode(ValidationMode::None)
        .message_id_fn(|message| id_of(&message.data))
        // Nothing is passed on before it was found to be good.
        .validate_messages()
        .max_transmit_size(FRAME * messages.gossip)
        .max_messages_per_rpc(Some(MAX_IN_FRAME))
        .max_ihave_length(MAX_IDS_IN_FRAME)
        .duplicate_cache_time(KNOWN_FOR)
        .heartbeat_interval(HEARTBEAT)
        .history_length(HISTORY)
        .prune_backoff(BACKOFF)
        .connection_handler_queue_len(QUEUE)
        .publish_queue_duration(PUBLISH_WITHIN)
        .forward_queue_duration(FORWARD_WITHIN)
        .build()?;
    let strays = Arc::new(AtomicU64::new(0));
    let own = OwnTopics {
        own: [topics.blocks.hash(), topics.transfers.hash()],
        strays: Arc::clone(&strays),
    };
    let mut behaviour =
        Behaviour::new_with_transform(MessageAuthenticity::Anonymous, config, own).map_err(|error| anyhow!(error))?;
    behaviour
        .with_peer_score(score(&topics, limits), THRESHOLDS)
        .map_err(|error| anyhow!(error))?;
    behaviour.subscribe(&topics.blocks)?;
    behaviour.subscribe(&topics.transfers)?;
    Ok(Gossipsub {
        library: behaviour,
        inflow: Arc::new(Inflow::new(Instant::now())),
        strays,
        strayed: VecDeque::new(),
    })
}

/// News is known by its bytes.
pub(super) fn id_of(bytes: &[u8]) -> MessageId {
    MessageId::from(sha256(&[bytes]).0.to_vec())
}

/// What peers are scored by: first hand news counts for them, false news against them. Silence counts for nothing, as a
/// quiet network has no news.
fn score(topics: &Topics, limits: &Limits) -> PeerScoreParams {
    let topic = TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: 0.0,
        first_message_deliveries_weight: 0.1,
        first_message_deliveries_decay: 0.9,
        first_message_deliveries_cap: 50.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: FALSE_NEWS,
        invalid_message_deliveries_decay: 0.97,
        ..TopicScoreParams::default()
    };
    PeerScoreParams {
        topics: HashMap::from([(topics.blocks.hash(), topic.clone()), (topics.transfers.hash(), topic)]),
        topic_score_cap: 10.0,
        behaviour_penalty_threshold: FORGIVEN,
        // The score that the rest of the node keeps of a peer's offences.
        app_specific_weight: 1.0,
        // A class room is behind one address. More than the gate lets in from one there cannot be.
        // Who reads slowly may wait for this node, which rests from news.
        slow_peer_weight: 0.0,
        ip_colocation_factor_weight: -1.0,
        ip_colocation_factor_threshold: f64::from(limits.max_per_address),
        ..PeerScoreParams::default()
    }
}
