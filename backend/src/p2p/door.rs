//! All that looks at connections and carries nothing on them, as one behaviour: the gate, the library's limits and block
//! lists, and mDNS. Each behaviour by itself would make the type of a connection, and the time to compile it, larger.

use std::{
    convert::Infallible,
    net::IpAddr,
    task::{Context, Poll},
    time::Instant,
};

use libp2p::{
    Multiaddr, PeerId,
    allow_block_list::{self as block_list, BlockedPeers},
    connection_limits,
    core::{Endpoint, transport::PortUse},
    mdns,
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, ListenError, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm, dummy,
    },
};

use super::gate::{Gate, ip_of};

/// What is seen at the door.
#[derive(Debug)]
pub(super) enum Seen {
    /// An address connects on and on although it is refused.
    Flood(IpAddr),
    /// Nodes on the local network.
    Nodes(Vec<(PeerId, Multiaddr)>),
}

/// The door.
pub(super) struct Door {
    pub(super) gate: Gate,
    pub(super) banned: block_list::Behaviour<BlockedPeers>,
    /// From whom the node is cut off, for teaching.
    pub(super) cut: block_list::Behaviour<BlockedPeers>,
    pub(super) limits: connection_limits::Behaviour,
    pub(super) mdns: Option<mdns::tokio::Behaviour>,
}

impl NetworkBehaviour for Door {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Seen;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        // The transports in use all have an IP address.
        if let Some(ip) = ip_of(remote) {
            let admitted = self.gate.knock(id, ip, Instant::now());
            admitted.map_err(ConnectionDenied::new)?;
        }
        self.limits.handle_pending_inbound_connection(id, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        // All have the same handler, which handles nothing.
        self.limits
            .handle_established_inbound_connection(id, peer, local, remote)?;
        self.banned
            .handle_established_inbound_connection(id, peer, local, remote)?;
        self.cut
            .handle_established_inbound_connection(id, peer, local, remote)?;
        self.gate.enter(id);
        Ok(dummy::ConnectionHandler)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        let limits = &mut self.limits;
        limits.handle_pending_outbound_connection(id, peer, addresses, role)?;
        let banned = &mut self.banned;
        banned.handle_pending_outbound_connection(id, peer, addresses, role)?;
        self.cut.handle_pending_outbound_connection(id, peer, addresses, role)?;
        match &mut self.mdns {
            Some(mdns) => mdns.handle_pending_outbound_connection(id, peer, addresses, role),
            None => Ok(Vec::new()),
        }
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let limits = &mut self.limits;
        limits.handle_established_outbound_connection(id, peer, address, role, port)?;
        let banned = &mut self.banned;
        banned.handle_established_outbound_connection(id, peer, address, role, port)?;
        let cut = &mut self.cut;
        cut.handle_established_outbound_connection(id, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionClosed(closed) => self.gate.leave(closed.connection_id),
            // Who was let in, and found no place, is not to blame.
            FromSwarm::ListenFailure(failed) if matches!(failed.error, ListenError::Denied { .. }) => {
                self.gate.leave(failed.connection_id);
            }
            FromSwarm::ListenFailure(failed) => self.gate.fail(failed.connection_id),
            _ => {}
        }
        self.limits.on_swarm_event(event);
        self.banned.on_swarm_event(event);
        self.cut.on_swarm_event(event);
        if let Some(mdns) = &mut self.mdns {
            mdns.on_swarm_event(event);
        }
    }

    fn on_connection_handler_event(&mut self, _: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        match event {}
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Seen, THandlerInEvent<Self>>> {
        // What is queued there comes of connections, which have it polled.
        if let Some(ip) = self.gate.next_flood() {
            return Poll::Ready(ToSwarm::GenerateEvent(Seen::Flood(ip)));
        }
        if let Poll::Ready(event) = self.limits.poll(cx) {
            return Poll::Ready(silent(event));
        }
        if let Poll::Ready(event) = self.banned.poll(cx) {
            return Poll::Ready(silent(event));
        }
        if let Poll::Ready(event) = self.cut.poll(cx) {
            return Poll::Ready(silent(event));
        }
        let Some(mdns) = &mut self.mdns else {
            return Poll::Pending;
        };
        mdns.poll(cx).map(|event| {
            event.map_out(|event| match event {
                mdns::Event::Discovered(nodes) => Seen::Nodes(nodes),
                mdns::Event::Expired(_) => Seen::Nodes(Vec::new()),
            })
        })
    }
}

/// An event of a behaviour that says nothing.
fn silent(event: ToSwarm<Infallible, Infallible>) -> ToSwarm<Seen, Infallible> {
    event.map_out(|never| match never {})
}
