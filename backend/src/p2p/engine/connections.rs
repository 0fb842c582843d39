//! The engine's part in connections: who is connected, who is a peer, and who is sent away.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    time::{Duration, Instant},
};

use libp2p::{
    Multiaddr, PeerId,
    core::ConnectedPoint,
    identify,
    swarm::{ConnectionError, ConnectionId, DialError, ListenError},
};
use tokio::sync::{mpsc, oneshot};

use super::{Engine, Input};
use crate::{
    p2p::{
        Unreached,
        gate::{Refused, ip_of},
        target::is_reachable,
        view::Peer,
    },
    peers::{Ban, Met, Subject},
    sync::{PeerKey, PeerName, Status},
};

/// How long a connection may be silent about who it is.
const IDENTIFY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a node of another chain stays connected, so that it has time to learn the same of this one.
const STRANGER_TIME: Duration = Duration::from_millis(500);
/// For how long an address that floods the node with connections is banned.
const FLOOD_BAN_MS: u64 = 600_000;
/// After how long a connection is a lasting one, whose peer is not forgotten for others.
const LASTING: Duration = Duration::from_secs(60);
/// The most addresses of a peer that are noted; how often it may say that it has others, and in which time once more.
const MAX_ADDRESSES: usize = 8;
const FREE_MOVES: u64 = 16;
const MOVE_SECONDS: u64 = 10;

/// A node that is connected.
pub(super) struct Connected {
    pub(super) key: PeerKey,
    /// Its connections, with the address of each and whether the peer opened it.
    connections: HashMap<ConnectionId, (Multiaddr, bool)>,
    /// Whether it is known to follow the same chain, and the driver knows of it.
    pub(super) is_peer: bool,
    /// Since when it is known to be no peer, and why not.
    pub(super) stranger: Option<(Instant, Unreached)>,
    agent: String,
    since: Instant,
    since_ms: u64,
    pub(super) latency: Option<Duration>,
    /// The status that it last told handles, when that was, who waits for the next, and whether that is asked for.
    pub(super) status: Option<(Instant, Status)>,
    pub(super) status_for: Vec<mpsc::UnboundedSender<Status>>,
    pub(super) is_status_asked: bool,
    /// How much of its news there was no time for since the last tick.
    dropped: u64,
    /// Where it says it listens, and how often it said something else before.
    addresses: Vec<Multiaddr>,
    moves: u32,
}

impl Connected {
    /// Where it is.
    pub(super) fn ips(&self) -> BTreeSet<IpAddr> {
        let places = self.connections.values();
        places.filter_map(|(address, _)| ip_of(address)).collect()
    }

    /// What is shown of it.
    pub(super) fn view(&self, id: &PeerId) -> Peer {
        let connection = self.connections.values().next();
        Peer {
            peer: id.to_string(),
            address: connection.map(|(address, _)| address.to_string()).unwrap_or_default(),
            inbound: connection.is_some_and(|(_, is_inbound)| *is_inbound),
            agent: self.agent.clone(),
            connected_since: self.since_ms,
            latency_ms: self
                .latency
                .map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
            ..Peer::default()
        }
    }
}

/// Somebody waits for a connection.
pub(super) struct Waiting {
    pub(super) connection: ConnectionId,
    /// Who is there, once that is known.
    pub(super) peer: Option<PeerId>,
    pub(super) reply: Option<oneshot::Sender<Result<String, Unreached>>>,
}

impl Waiting {
    /// Whether nobody waits any more.
    pub(super) fn is_forgotten(&self) -> bool {
        self.reply.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    fn answer(&mut self, answer: Result<String, Unreached>) {
        if let Some(reply) = self.reply.take() {
            let _ = reply.send(answer);
        }
    }
}

impl Engine {
    pub(super) fn on_established(&mut self, peer: PeerId, connection: ConnectionId, endpoint: &ConnectedPoint) {
        let (key, since_ms) = (self.key_of(&peer), self.node.now_ms());
        let connected = self.peers.entry(peer).or_insert_with(|| Connected {
            key,
            connections: HashMap::new(),
            is_peer: false,
            stranger: None,
            agent: String::new(),
            since: Instant::now(),
            since_ms,
            latency: None,
            status: None,
            status_for: Vec::new(),
            is_status_asked: false,
            dropped: 0,
            addresses: Vec::new(),
            moves: 0,
        });
        let is_known = connected.is_peer;
        let place = (endpoint.get_remote_address().clone(), endpoint.is_listener());
        connected.connections.insert(connection, place);
        let mut was_waited_for = false;
        for waiting in self
            .waiting
            .iter_mut()
            .filter(|waiting| waiting.connection == connection)
        {
            waiting.peer = Some(peer);
            if is_known {
                waiting.answer(Ok(peer.to_string()));
                was_waited_for = true;
            }
        }
        if was_waited_for {
            // It was only to find out who is there, and there is a connection with them already.
            self.swarm.close_connection(connection);
        }
    }

    pub(super) fn on_closed(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        left: u32,
        cause: Option<ConnectionError>,
    ) {
        if let Some(connected) = self.peers.get_mut(&peer) {
            connected.connections.remove(&connection);
        }
        if matches!(&cause, Some(ConnectionError::IO(error)) if is_silent(error)) {
            self.metrics.refused("silent");
        }
        if left > 0 {
            return;
        }
        self.answer_waiting(
            &peer,
            &Err(Unreached::Unreachable("it ended the connection".to_owned())),
        );
        let Some(connected) = self.peers.remove(&peer) else {
            return;
        };
        if connected.is_peer {
            let cause = cause.map_or_else(|| "it was ended".to_owned(), |cause| cause.to_string());
            tracing::info!(%peer, cause, "a peer is gone");
            self.serving.forget(&peer);
            self.candidates.lost(&peer);
            self.driver.tell(Input::Disconnected(connected.key));
            self.publish();
        }
        self.end_cutting();
    }

    /// Tells whoever waits for a node what came of it.
    pub(super) fn answer_waiting(&mut self, peer: &PeerId, answer: &Result<String, Unreached>) {
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.peer == Some(*peer)) {
            waiting.answer(answer.clone());
        }
    }

    /// A call came to nothing. Who was there may be known even if it was not when the call began.
    pub(super) fn on_dial_failed(&mut self, connection: ConnectionId, peer: Option<PeerId>, error: &DialError) {
        let own = *self.swarm.local_peer_id();
        let cut = self.swarm.behaviour().door.cut.blocked_peers();
        let why = match peer.filter(|peer| cut.contains(peer)) {
            Some(_) => Unreached::Cut,
            None => reason(error, &own),
        };
        for waiting in self
            .waiting
            .iter_mut()
            .filter(|waiting| waiting.connection == connection)
        {
            waiting.answer(Err(why.clone()));
        }
    }

    /// A connection that was not let in, or that did not come about.
    pub(super) fn on_refused(&mut self, from: &Multiaddr, error: &ListenError) {
        let kind = match error {
            ListenError::Denied { cause } => match cause.downcast_ref::<Refused>() {
                Some(Refused::Banned(_)) => "banned-address",
                Some(Refused::Full(_)) => "full-address",
                Some(Refused::TooOften(_)) => "too-often",
                None if cause.downcast_ref::<libp2p::allow_block_list::Blocked>().is_some() => "banned-peer",
                None => "full",
            },
            ListenError::Transport(_) => "failed",
            _ => "aborted",
        };
        self.metrics.refused(kind);
        tracing::debug!(%from, %error, "a connection was not let in");
    }

    pub(super) fn on_flood(&mut self, ip: IpAddr) {
        tracing::warn!(%ip, "an address floods the node with connections and is banned for ten minutes");
        self.metrics.offence("connection-flood");
        self.ban_address(ip, "connection-flood", "it floods the node with connections");
        self.apply_bans();
        self.save();
        self.publish();
    }

    /// Takes no new connections from an address for a while. Those that stand go on.
    pub(super) fn ban_address(&mut self, ip: IpAddr, code: &str, reason: &str) {
        let now_ms = self.node.now_ms();
        let ban = Ban {
            code: code.to_owned(),
            reason: reason.to_owned(),
            until_ms: now_ms.saturating_add(FLOOD_BAN_MS),
        };
        self.book.ban(Subject::Address(ip), ban, now_ms);
    }

    /// There was no time for a peer's news.
    pub(super) fn count_dropped(&mut self, peer: &PeerId) {
        if let Some(connected) = self.peers.get_mut(peer) {
            connected.dropped += 1;
        }
    }

    /// Tells the driver for how much news there was no time.
    pub(super) fn tell_dropped(&mut self) {
        for connected in self.peers.values_mut().filter(|connected| connected.dropped > 0) {
            let (peer, count) = (connected.key, std::mem::take(&mut connected.dropped));
            self.driver.tell(Input::Dropped { peer, count });
        }
    }

    /// A node said what it is.
    pub(super) fn on_identified(&mut self, peer: PeerId, info: identify::Info) {
        if info.protocol_version != self.identity {
            let own_chain = self.identity.rsplit_once('/').map_or("", |(chain, _)| chain);
            let is_own_chain = info
                .protocol_version
                .rsplit_once('/')
                .is_some_and(|(chain, _)| chain == own_chain);
            let why = match genesis_of(&info.protocol_version) {
                _ if is_own_chain => Unreached::OtherVersion,
                None => Unreached::NotCairn,
                genesis => Unreached::OtherChain { genesis },
            };
            tracing::info!(%peer, "a node is sent away: {why}");
            self.metrics.refused(why.code());
            self.candidates.is_stranger(&peer);
            if let Some(connected) = self.peers.get_mut(&peer) {
                connected.stranger.get_or_insert_with(|| (Instant::now(), why.clone()));
            }
            self.answer_waiting(&peer, &Err(why));
            return;
        }
        let Some(connected) = self.peers.get_mut(&peer) else {
            return;
        };
        connected.agent = info
            .agent_version
            .chars()
            .filter(|letter| !letter.is_control())
            .take(64)
            .collect();
        let from = connected
            .connections
            .values()
            .next()
            .and_then(|(address, _)| ip_of(address));
        let usable = info.listen_addrs.into_iter().filter(|address| is_usable(address, from));
        let addresses: Vec<Multiaddr> = usable.take(MAX_ADDRESSES).collect();
        // Who moves on and on is where it was.
        let may_move = connected.since.elapsed().as_secs() / MOVE_SECONDS + FREE_MOVES >= u64::from(connected.moves);
        let is_new = !addresses.is_empty() && addresses != connected.addresses && may_move;
        if is_new {
            connected.moves += 1;
            let kad = &mut self.swarm.behaviour_mut().kad;
            for address in &addresses {
                kad.add_address(&peer, address.clone());
            }
            for old in std::mem::replace(&mut connected.addresses, addresses.clone()) {
                if !addresses.contains(&old) {
                    kad.remove_address(&peer, &old);
                }
            }
        }
        self.welcome(peer);
        if is_new {
            let met = Met {
                peer: peer.to_string(),
                addresses: addresses.iter().map(ToString::to_string).collect(),
            };
            let peers = &self.peers;
            self.book.meet(met, |known| {
                let connected = known.parse().ok().and_then(|known: PeerId| peers.get(&known));
                connected.is_some_and(|connected| connected.since.elapsed() > LASTING)
            });
            self.candidates.met(peer, addresses);
        }
    }

    /// Makes a connected node a peer, as it is known to follow the same chain. Gives its key; none if it is gone.
    pub(super) fn welcome(&mut self, peer: PeerId) -> Option<PeerKey> {
        let connected = self.peers.get_mut(&peer)?;
        if connected.stranger.is_some() {
            return None;
        }
        let key = connected.key;
        if !connected.is_peer {
            connected.is_peer = true;
            tracing::info!(%peer, "a peer is connected");
            self.remember(key, peer);
            self.candidates.connected(&peer);
            let score = self.book.score(&peer.to_string());
            self.driver.tell(Input::Connected { peer: key, score });
            self.tell_name(&peer);
            self.answer_waiting(&peer, &Ok(peer.to_string()));
            self.publish();
        }
        Some(key)
    }

    /// Tells the driver a peer's id, and how long it takes to answer.
    pub(super) fn tell_name(&self, peer: &PeerId) {
        if let Some(connected) = self.peers.get(peer).filter(|connected| connected.is_peer)
            && let Some(name) = PeerName::new(&peer.to_bytes())
        {
            self.driver.tell(Input::Known {
                peer: connected.key,
                name,
                latency_ms: connected
                    .latency
                    .map(|latency| u32::try_from(latency.as_millis()).unwrap_or(u32::MAX - 1)),
            });
        }
    }

    /// Notes whose key it is, also for a while after the peer is gone.
    fn remember(&mut self, key: PeerKey, peer: PeerId) {
        const MANY: usize = 4_096;
        if self.ids.len() >= MANY {
            let peers = &self.peers;
            self.ids.retain(|_, peer| peers.contains_key(peer));
        }
        self.ids.insert(key, peer);
    }

    /// Sends away who follows another chain, and who was silent for too long about what it is.
    pub(super) fn send_away(&mut self, now: Instant) {
        let is_due = |connected: &Connected| match &connected.stranger {
            Some((since, _)) => now - *since > STRANGER_TIME,
            None => !connected.is_peer && now - connected.since > IDENTIFY_TIMEOUT,
        };
        let due = self.peers.iter().filter(|(_, connected)| is_due(connected));
        let due: Vec<PeerId> = due.map(|(peer, _)| *peer).collect();
        for peer in due {
            tracing::debug!(%peer, "a node that is no peer is sent away");
            self.metrics.refused("no-peer");
            // It may be gone already.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
    }
}

/// The genesis hash in what a node says of itself.
fn genesis_of(identity: &str) -> Option<shared::hash::Hash> {
    let rest = identity.strip_prefix("/cairn/")?;
    let genesis = rest.split('/').next()?;
    genesis.parse().ok()
}

/// Whether an address that a peer says it listens on is worth a try, where the peer is at `from`.
fn is_usable(address: &Multiaddr, from: Option<IpAddr>) -> bool {
    let Some(ip) = ip_of(address) else {
        return false;
    };
    let is_own_machine = from.is_some_and(|from| from.is_loopback());
    is_reachable(address) && !ip.is_unspecified() && !ip.is_multicast() && (is_own_machine || !ip.is_loopback())
}

/// Why a connection did not come about.
fn reason(error: &DialError, own: &PeerId) -> Unreached {
    match error {
        DialError::LocalPeerId { .. } => Unreached::Itself,
        DialError::WrongPeerId { obtained, .. } if obtained == own => Unreached::Itself,
        DialError::WrongPeerId { .. } => Unreached::Unreachable("another node is there now".to_owned()),
        DialError::Denied { cause } => {
            if cause.downcast_ref::<libp2p::allow_block_list::Blocked>().is_some() {
                Unreached::Banned
            } else {
                Unreached::Full
            }
        }
        DialError::Transport(failures) => {
            let first = failures.first();
            first.map_or_else(Unreached::late, |(address, error)| why(address, error))
        }
        error => Unreached::Unreachable(error.to_string()),
    }
}

/// Whether a connection ended because the other end gave no sign of life.
fn is_silent(error: &std::io::Error) -> bool {
    let mut chain = Some(error as &(dyn std::error::Error + 'static));
    while let Some(cause) = chain {
        let io = cause.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut) {
            return true;
        }
        chain = cause.source();
    }
    // QUIC has words for it alone.
    error.to_string().ends_with("timed out")
}

/// Why nobody was reached at an address: the cause at the end of the chain, which is the one that people understand.
fn why(address: &Multiaddr, error: &(dyn std::error::Error + 'static)) -> Unreached {
    let mut error = error;
    let mut io = None;
    loop {
        io = error.downcast_ref::<std::io::Error>().or(io);
        match error.source() {
            Some(source) => error = source,
            None => break,
        }
    }
    match io {
        Some(io) => Unreached::by_io(io, address),
        None => Unreached::Unreachable(format!(
            "{address} cannot be reached ({error}); check that the node runs"
        )),
    }
}
