//! The library's parts put together: which protocols are spoken, under which names, and within which limits.

use std::{error::Error, num::NonZeroUsize, time::Duration};

use anyhow::{Context as _, Result, anyhow};
use libp2p::{
    PeerId, StreamProtocol, Swarm, SwarmBuilder, Transport as _, allow_block_list as block_list, connection_limits,
    core::{muxing::StreamMuxerBox, transport::Boxed, upgrade::Version},
    identify,
    identity::Keypair,
    kad, mdns,
    metrics::Registry,
    noise, ping, request_response,
    swarm::NetworkBehaviour,
    tcp, yamux,
};
use shared::hash::Hash;

use super::{
    Limits,
    alive::{Alive, Closing},
    codec::Codec,
    door::Door,
    gate::Gate,
    gossip,
};
use crate::sync;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// How long a request may take, from its sending to the last byte of its answer; and an answer to be taken.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// How often a peer is asked for a sign of life, and how long it may take to give one.
const PING_INTERVAL: Duration = Duration::from_secs(3);
const PING_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may be silent, although both ends ask for signs of life.
const SILENCE: Duration = Duration::from_secs(8);
/// How long a connection may take to be closed in good order.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a connection may be without use. Who is of no use is sent away sooner.
const IDLE_TIMEOUT: Duration = Duration::from_secs(86_400);
/// How often the node asks peers for peers.
const BOOTSTRAP_INTERVAL: Duration = Duration::from_secs(60);
/// How many requests a connection carries at once, in both directions.
const STREAMS: usize = 64;
/// How much may be under way on a connection of QUIC, in bytes: on a stream, and in all.
const QUIC_STREAM_BYTES: u32 = 2 << 20;
const QUIC_BYTES: u32 = 4 << 20;

/// All that a connection of ours is used for.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    pub(super) door: Door,
    pub(super) identify: identify::Behaviour,
    pub(super) ping: ping::Behaviour,
    pub(super) kad: kad::Behaviour<kad::store::MemoryStore>,
    pub(super) gossip: gossip::Gossipsub,
    pub(super) sync: request_response::Behaviour<Codec>,
}

/// The names of the protocols, each with the chain that is spoken of: nodes of other chains have none in common.
pub(super) struct Names {
    /// What a node says of itself.
    pub(super) identity: String,
    /// Requests and responses.
    pub(super) sync: StreamProtocol,
    pub(super) kad: StreamProtocol,
    /// The beginning of gossipsub's names.
    pub(super) gossip: String,
}

impl Names {
    pub(super) fn new(genesis: &Hash) -> Result<Self> {
        let owned =
            |name: String| StreamProtocol::try_from_owned(name).context("a protocol's name begins with a slash");
        Ok(Self {
            identity: format!("/cairn/{genesis}/{}", sync::VERSION),
            sync: owned(format!("/cairn/{genesis}/sync/{}", sync::VERSION))?,
            kad: owned(format!("/cairn/{genesis}/kad/1"))?,
            gossip: format!("/cairn/{genesis}/meshsub"),
        })
    }
}

/// The swarm of a node, which listens nowhere yet.
pub(super) fn swarm(
    key: Keypair,
    genesis: &Hash,
    messages: sync::Limits,
    limits: &Limits,
    has_mdns: bool,
    registry: &mut Registry,
) -> Result<Swarm<Behaviour>> {
    let names = Names::new(genesis)?;
    let (id, public) = (key.public().to_peer_id(), key.public());
    let gossip = gossip::behaviour(&names, genesis, messages, limits)?;
    let behaviour = Behaviour {
        door: Door {
            gate: Gate::new(limits.clone()),
            banned: block_list::Behaviour::default(),
            cut: block_list::Behaviour::default(),
            limits: connection_limits::Behaviour::new(connection_limits(limits)),
            mdns: mdns(id, has_mdns),
        },
        identify: identify::Behaviour::new(
            identify::Config::new(names.identity.clone(), public)
                .with_agent_version(concat!("cairn/", env!("CARGO_PKG_VERSION")).to_owned())
                .with_push_listen_addr_updates(true)
                // Addresses go into Kademlia alone, where they are looked at first.
                .with_cache_size(0),
        ),
        ping: ping::Behaviour::new(
            ping::Config::new()
                .with_interval(PING_INTERVAL)
                .with_timeout(PING_TIMEOUT),
        ),
        kad: kademlia(id, &names),
        gossip,
        sync: request_response::Behaviour::with_codec(
            Codec { limits: messages },
            [(names.sync, request_response::ProtocolSupport::Full)],
            request_response::Config::default()
                .with_request_timeout(REQUEST_TIMEOUT)
                .with_max_concurrent_streams(STREAMS),
        ),
    };
    let swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_quic_config(|mut config| {
            config.handshake_timeout = CONNECT_TIMEOUT;
            config.keep_alive_interval = PING_INTERVAL;
            config.max_idle_timeout = u32::try_from(SILENCE.as_millis()).unwrap_or(u32::MAX);
            config.max_concurrent_stream_limit = 2 * u32::try_from(STREAMS).unwrap_or(u32::MAX);
            config.max_stream_data = QUIC_STREAM_BYTES;
            config.max_connection_data = QUIC_BYTES;
            config
        })
        .with_other_transport(tcp)
        .map_err(|error| anyhow!("{error}"))?
        .with_bandwidth_metrics(registry)
        .with_behaviour(|_| behaviour)
        .map_err(|error| anyhow!("{error}"))?
        .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE_TIMEOUT))
        .with_connection_timeout(CONNECT_TIMEOUT)
        .build();
    Ok(swarm)
}

/// Connections by TCP: encrypted, with many streams on each, and none that outlives the other end.
fn tcp(key: &Keypair) -> std::result::Result<Boxed<(PeerId, StreamMuxerBox)>, Box<dyn Error + Send + Sync>> {
    let transport = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true))
        .map(|stream, _| Alive::new(stream, SILENCE))
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(key)?)
        .multiplex(yamux::Config::default())
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(Closing::new(muxer, CLOSE_TIMEOUT))));
    Ok(transport.boxed())
}

fn connection_limits(limits: &Limits) -> connection_limits::ConnectionLimits {
    connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(limits.max_pending))
        .with_max_pending_outgoing(Some(limits.max_outbound))
        .with_max_established_incoming(Some(limits.max_inbound))
        .with_max_established_outgoing(Some(limits.max_outbound))
        .with_max_established_per_peer(Some(limits.max_per_peer))
}

/// Kademlia, by which peers are found. It keeps no records.
fn kademlia(id: PeerId, names: &Names) -> kad::Behaviour<kad::store::MemoryStore> {
    let mut config = kad::Config::new(names.kad.clone());
    config
        .set_periodic_bootstrap_interval(Some(BOOTSTRAP_INTERVAL))
        .set_record_filtering(kad::StoreInserts::FilterBoth)
        .set_parallelism(NonZeroUsize::MIN.saturating_add(1))
        .set_query_timeout(Duration::from_secs(10));
    let store = kad::store::MemoryStoreConfig {
        max_records: 0,
        max_provided_keys: 0,
        ..kad::store::MemoryStoreConfig::default()
    };
    let mut kad = kad::Behaviour::with_config(id, kad::store::MemoryStore::with_config(id, store), config);
    // Otherwise only nodes that are known to be reached from anywhere would answer, and a local network has none.
    kad.set_mode(Some(kad::Mode::Server));
    kad
}

fn mdns(id: PeerId, has_mdns: bool) -> Option<mdns::tokio::Behaviour> {
    if !has_mdns {
        return None;
    }
    let config = mdns::Config {
        query_interval: Duration::from_secs(30),
        ..mdns::Config::default()
    };
    mdns::tokio::Behaviour::new(config, id)
        .map_err(|error| tracing::warn!(%error, "nodes on the local network are not looked for"))
        .ok()
}
