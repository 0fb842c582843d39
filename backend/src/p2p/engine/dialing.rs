//! The engine's part in finding nodes: whom it calls, and when.

use libp2p::{
    Multiaddr, PeerId,
    multiaddr::Protocol,
    swarm::dial_opts::{DialOpts, PeerCondition},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinError,
};

use super::{Engine, Registered, Waiting};
use crate::p2p::{
    Peers, Target, Unreached,
    contacts::{Contact, ENOUGH_PEERS},
    probe::Found,
};

/// How many nodes are called at a time, of those that nobody named.
const CALLS: usize = 4;

impl Engine {
    /// Takes over what the book says: registered nodes, and peers of old.
    pub(super) fn recall(&mut self, nodes: Vec<Target>) {
        for node in self.book.registered() {
            if let Ok(target) = node.node.parse() {
                let peer = node.peer.as_ref().and_then(|peer| peer.parse().ok());
                self.contacts.push(Contact::new(target, peer));
            }
        }
        for target in nodes {
            if !self.contacts.iter().any(|contact| contact.target == target) {
                self.contacts.push(Contact::new(target, None));
            }
        }
        for met in self.book.met() {
            if let Ok(peer) = met.peer.parse() {
                let addresses = met.addresses.iter().filter_map(|text| text.parse().ok()).collect();
                self.candidates.met(peer, addresses);
            }
        }
        self.apply_bans();
    }

    /// Calls a node, and answers when it is known what came of it.
    pub(super) fn connect(&mut self, found: Found, reply: oneshot::Sender<Result<String, Unreached>>) {
        let Found { peer, addresses } = found;
        if peer.as_ref() == Some(self.swarm.local_peer_id()) {
            let _ = reply.send(Err(Unreached::Itself));
            return;
        }
        if let Some((peer, connected)) = peer.and_then(|peer| Some((peer, self.peers.get(&peer)?))) {
            let known = match &connected.stranger {
                Some((_, why)) => Some(Err(why.clone())),
                None => connected.is_peer.then(|| Ok(peer.to_string())),
            };
            if let Some(known) = known {
                let _ = reply.send(known);
                return;
            }
        }
        let cut = self.swarm.behaviour().door.cut.blocked_peers();
        if peer.is_some_and(|peer| cut.contains(&peer)) {
            let _ = reply.send(Err(Unreached::Cut));
            return;
        }
        // From any free port: to call from the one on which the node listens is of use to no peer here, and fails for as
        // long as another program has that port at any address of the machine.
        let options = match peer {
            Some(peer) => DialOpts::peer_id(peer)
                .addresses(addresses)
                .condition(PeerCondition::Always)
                .allocate_new_port()
                .build(),
            None => match addresses.into_iter().next() {
                Some(address) => DialOpts::unknown_peer_id().address(address).allocate_new_port().build(),
                None => return,
            },
        };
        self.waiting.push(Waiting {
            connection: options.connection_id(),
            peer: None,
            reply: Some(reply),
        });
        let connection = options.connection_id();
        if let Err(error) = self.swarm.dial(options) {
            self.on_dial_failed(connection, peer, &error);
        }
    }

    /// Registers a node that was reached.
    pub(super) fn register(&mut self, node: Registered) -> Result<(), Unreached> {
        let Ok(target) = node.node.parse::<Target>() else {
            return Err(Unreached::NotCairn);
        };
        let peer = node.peer.as_ref().and_then(|peer| peer.parse().ok());
        if !self.book.register(node) {
            return Err(Unreached::Full);
        }
        let is_same = |contact: &Contact| contact.target == target || (peer.is_some() && contact.peer == peer);
        match self.contacts.iter_mut().find(|contact| is_same(contact)) {
            Some(contact) => *contact = Contact::new(target, peer),
            None => self.contacts.push(Contact::new(target, peer)),
        }
        self.save();
        self.publish();
        Ok(())
    }

    /// Calls who is due: nodes that were named, and others while there are few peers.
    pub(super) fn look_for_peers(&mut self, peers: &Peers) {
        for index in 0..self.contacts.len() {
            if self.contacts[index].is_due() && !self.is_connected(index) {
                self.try_contact(index, peers, None);
            }
        }
        let has_enough = self.peer_count() >= ENOUGH_PEERS;
        let (connected, own) = (&self.peers, *self.swarm.local_peer_id());
        let due = self
            .candidates
            .due(CALLS, has_enough, |peer| *peer != own && !connected.contains_key(peer));
        for (peer, addresses) in due {
            self.call(peer, addresses);
        }
    }

    /// Tries all nodes that were named, whether they are due or not. `tried` is dropped when all were.
    pub(super) fn reconnect(&mut self, peers: &Peers, tried: &mpsc::Sender<()>) {
        for index in 0..self.contacts.len() {
            if !self.contacts[index].is_tried && !self.is_connected(index) {
                self.try_contact(index, peers, Some(tried.clone()));
            }
        }
    }

    fn call(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        let bare = |address: Multiaddr| -> Multiaddr {
            address
                .iter()
                .filter(|part| !matches!(part, Protocol::P2p(_)))
                .collect()
        };
        let options = DialOpts::peer_id(peer)
            .addresses(addresses.into_iter().map(bare).collect())
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .allocate_new_port()
            .build();
        if let Err(error) = self.swarm.dial(options) {
            tracing::debug!(%peer, %error, "a node cannot be called");
        }
    }

    fn is_connected(&self, contact: usize) -> bool {
        let peer = self.contacts[contact].peer;
        peer.is_some_and(|peer| self.peers.get(&peer).is_some_and(|connected| connected.is_peer))
    }

    fn try_contact(&mut self, index: usize, peers: &Peers, tried: Option<mpsc::Sender<()>>) {
        let contact = &mut self.contacts[index];
        contact.is_tried = true;
        let (target, peers) = (contact.target.clone(), peers.clone());
        self.attempts.spawn(async move {
            let reached = tokio::time::timeout(crate::p2p::REACH_TIMEOUT, peers.reach(&target)).await;
            let result = reached.map_err(|_| Unreached::late()).and_then(|reached| {
                let (_, peer) = reached?;
                peer.parse().map_err(|_| Unreached::NotCairn)
            });
            drop(tried);
            (target, result)
        });
    }

    /// What came of calling a node that was named.
    pub(super) fn on_tried(&mut self, tried: Result<(Target, Result<PeerId, Unreached>), JoinError>) {
        let Ok((target, result)) = tried else { return };
        if let Some(contact) = self.contacts.iter_mut().find(|contact| contact.target == target) {
            contact.tried(result);
        }
        self.publish();
    }
}
