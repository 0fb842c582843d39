//! The map of the network: the nodes that this one knows, and who talks to whom.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use shared::{api::Problem as ProblemJson, hash::Hash};
use utoipa::ToSchema;

use super::{
    answer::{Holds, tagged_json},
    context::Context,
    problem::Problem,
};
use crate::{
    classroom::{Classroom, Member},
    p2p::{Listed, Peer, PeerBan, Peers, Told},
};

/// The most nodes on the map, how many of them by the word of one node alone, and the most links.
const MAX_NODES: usize = 256;
const MAX_TOLD: usize = 32;
const MAX_LINKS: usize = 2_048;
/// What a node of this program says that it is.
const AGENT: &str = concat!("cairn/", env!("CARGO_PKG_VERSION"));

/// From whom a node is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Known {
    /// It is this node.
    #[serde(rename = "self")]
    Own,
    /// It is connected.
    Connected,
    /// Another node tells of it, and all that is said of it is that node's word.
    Told,
}

/// A node on the map.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct MapNode {
    /// Its id among peers. Empty for a node that takes part in no network.
    pub(crate) peer: String,
    /// As it was registered; otherwise the address of its connection, if it is connected.
    address: Option<String>,
    /// Where its page is. In `cairn up` alone, as the two that follow.
    page: Option<String>,
    /// Its number.
    number: Option<usize>,
    /// The part of the network in which it is, while that is cut.
    part: Option<usize>,
    /// The program that it runs, in its own words.
    agent: Option<String>,
    /// The height of its tip, as it was last heard of.
    pub(crate) height: Option<u64>,
    /// The hash of its tip.
    #[schema(value_type = Option<String>)]
    pub(crate) tip_hash: Option<Hash>,
    known: Known,
}

/// Two nodes that are connected.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct MapLink {
    /// The place of the one among the nodes.
    a: usize,
    /// The place of the other, which is greater.
    b: usize,
    /// How long an answer takes, in milliseconds.
    latency_ms: Option<u64>,
    /// Whether the second opened the connection.
    inbound: Option<bool>,
}

/// How far this node has come in following the others.
#[derive(Debug, Serialize, ToSchema)]
struct Syncing {
    /// The height of its tip.
    height: u64,
    /// The height of the best chain that it knows of.
    target: u64,
    /// How many peers have told where they stand.
    peers: usize,
}

/// The nodes that this one knows, and who talks to whom.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NetworkMap {
    /// The place of this node among the nodes.
    own: usize,
    /// At most 256: this node first, then those that are connected, then those that others tell of, of which each adds 32
    /// at most.
    nodes: Vec<MapNode>,
    /// At most 2048, each pair once.
    links: Vec<MapLink>,
    sync: Option<Syncing>,
    /// Who is banned.
    bans: Vec<PeerBan>,
}

/// The network as this node sees it: the nodes that it knows, who is connected to whom, and how far it has come itself.
#[utoipa::path(
    get, path = "/blockchain/nodes/map", tag = "Nodes",
    responses((status = 200, body = NetworkMap), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn map(State(context): State<Arc<Context>>, headers: HeaderMap) -> Result<Response, Problem> {
    let Plan { nodes, links, .. } = Plan::of(&context);
    let peers = context.config.peers.as_ref();
    let sync = peers.and_then(Peers::progress).map(|progress| Syncing {
        height: progress.height,
        target: progress.target,
        peers: progress.peers,
    });
    let map = NetworkMap {
        own: 0,
        nodes,
        links: links.into_values().collect(),
        sync,
        bans: peers.map(Peers::bans).unwrap_or_default(),
    };
    tagged_json(&headers, Holds::Now, &map)
}

/// The map as it is drawn.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) nodes: Vec<MapNode>,
    places: HashMap<String, usize>,
    /// For each node, whether all its links are known at first hand.
    is_sure: Vec<bool>,
    links: BTreeMap<(usize, usize), MapLink>,
}

impl Plan {
    /// What this node knows at the moment.
    pub(crate) fn of(context: &Context) -> Self {
        let mut plan = Self::default();
        let peers = context.config.peers.as_ref();
        let view = context.node.view();
        let own = peers.map_or("", Peers::id);
        if let Some(node) = plan.add(own, Known::Own) {
            node.address = peers.and_then(listens);
            node.agent = Some(AGENT.to_owned());
            stand(node, view.tip().height(), view.tip().hash());
        }
        plan.is_sure.resize(plan.nodes.len(), true);
        let connected = peers.map(Peers::connected).unwrap_or_default();
        plan.add_members(context, &connected);
        plan.add_connected(0, &connected, Known::Connected);
        for member in members(context).iter().filter(|member| member.peers.id() != own) {
            if let Some(place) = plan.places.get(member.peers.id()).copied() {
                plan.add_connected(place, &member.peers.connected(), Known::Told);
            }
        }
        for (teller, told) in peers.map(Peers::told).unwrap_or_default() {
            if let Some(place) = plan.places.get(&teller).copied() {
                plan.add_told(place, &told);
            }
        }
        for Listed { address, peer, .. } in peers.map(Peers::listed).unwrap_or_default() {
            let place = peer.and_then(|peer| plan.places.get(&peer).copied());
            if let Some(node) = place.and_then(|place| plan.nodes.get_mut(place)) {
                node.address = Some(address);
            }
        }
        plan
    }

    /// The nodes of the same process, cut off or not.
    fn add_members(&mut self, context: &Context, connected: &[Peer]) {
        let parts = context.config.classroom.as_ref().map(Classroom::parts);
        let parts = parts.unwrap_or_default();
        for (number, member) in (1..).zip(members(context)) {
            let is_connected = connected.iter().any(|peer| peer.peer == member.peers.id());
            let known = if is_connected { Known::Connected } else { Known::Told };
            let Some(node) = self.add(member.peers.id(), known) else {
                return;
            };
            let view = member.node.view();
            stand(node, view.tip().height(), view.tip().hash());
            node.page = Some(member.url);
            node.number = Some(number);
            node.part = parts.iter().position(|part| part.contains(&number));
            node.agent = Some(AGENT.to_owned());
            node.address = listens(&member.peers);
        }
        self.is_sure.resize(self.nodes.len(), true);
    }

    /// The nodes to which one is connected, as it knows itself.
    fn add_connected(&mut self, own: usize, connected: &[Peer], known: Known) {
        for peer in connected {
            let Some(node) = self.add(&peer.peer, known) else {
                continue;
            };
            if node.number.is_none() {
                node.address.get_or_insert_with(|| peer.address.clone());
                node.agent.get_or_insert_with(|| peer.agent.clone());
                if let (Some(height), Some(tip)) = (peer.height, peer.tip_hash) {
                    stand(node, height, tip);
                }
            }
            self.link(own, &peer.peer, peer.latency_ms, Some(peer.inbound));
        }
    }

    /// The nodes to which one says that it is connected.
    fn add_told(&mut self, teller: usize, told: &[Told]) {
        let is_sure = |plan: &Self, place: usize| plan.is_sure.get(place).copied().unwrap_or(false);
        let mut room = MAX_TOLD;
        for other in told {
            // What is known at first hand is not looked up in what others say.
            let place = self.places.get(&other.peer).copied();
            if is_sure(self, teller) || place.is_some_and(|place| is_sure(self, place)) {
                continue;
            }
            // Whoever invents nodes is not to leave others without room for theirs.
            if place.is_none() {
                let Some(left) = room.checked_sub(1) else { continue };
                room = left;
            }
            let Some(node) = self.add(&other.peer, Known::Told) else {
                continue;
            };
            if node.known == Known::Told && node.height.is_none_or(|height| height < other.height) {
                stand(node, other.height, other.tip_hash);
            }
            self.link(teller, &other.peer, other.latency_ms, None);
        }
    }

    /// A node, put in if it is not there. None when there is no room.
    fn add(&mut self, peer: &str, known: Known) -> Option<&mut MapNode> {
        let place = match self.places.get(peer) {
            Some(place) => *place,
            None if self.nodes.len() >= MAX_NODES => return None,
            None => {
                self.nodes.push(MapNode {
                    peer: peer.to_owned(),
                    address: None,
                    page: None,
                    number: None,
                    part: None,
                    agent: None,
                    height: None,
                    tip_hash: None,
                    known,
                });
                self.places.insert(peer.to_owned(), self.nodes.len() - 1);
                self.nodes.len() - 1
            }
        };
        self.nodes.get_mut(place)
    }

    /// Links two nodes, unless they are linked.
    fn link(&mut self, from: usize, to: &str, latency_ms: Option<u64>, inbound: Option<bool>) {
        let Some(to) = self.places.get(to).copied().filter(|to| *to != from) else {
            return;
        };
        let (a, b) = (from.min(to), from.max(to));
        if self.links.len() >= MAX_LINKS && !self.links.contains_key(&(a, b)) {
            return;
        }
        let inbound = inbound.map(|inbound| inbound == (a == from));
        let link = self.links.entry((a, b)).or_insert(MapLink {
            a,
            b,
            latency_ms,
            inbound,
        });
        link.latency_ms = link.latency_ms.or(latency_ms);
    }
}

fn members(context: &Context) -> Vec<Member> {
    let room = context.config.classroom.as_ref();
    room.map(Classroom::members).unwrap_or_default()
}

/// Where a node of this process listens, by TCP if it does.
fn listens(peers: &Peers) -> Option<String> {
    let addresses = peers.addresses();
    let by_tcp = addresses.iter().find(|address| address.contains("/tcp/"));
    by_tcp.or(addresses.first()).cloned()
}

fn stand(node: &mut MapNode, height: u64, tip: Hash) {
    node.height = Some(height);
    node.tip_hash = Some(tip);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(peer: &str, height: u64) -> Told {
        Told {
            peer: peer.to_owned(),
            height,
            tip_hash: Hash([height as u8; 32]),
            latency_ms: Some(7),
        }
    }

    fn connected(peer: &str, inbound: bool) -> Peer {
        Peer {
            peer: peer.to_owned(),
            inbound,
            ..Peer::default()
        }
    }

    fn plan() -> Plan {
        let mut plan = Plan::default();
        plan.add("own", Known::Own).unwrap();
        plan.is_sure.push(true);
        plan.add_connected(0, &[connected("b", true), connected("c", false)], Known::Connected);
        plan
    }

    fn pairs(plan: &Plan) -> Vec<(usize, usize, Option<bool>)> {
        plan.links.values().map(|link| (link.a, link.b, link.inbound)).collect()
    }

    #[test]
    fn each_pair_is_linked_once() {
        let mut plan = plan();
        plan.add_told(2, &[told("b", 3), told("d", 4)]);
        plan.add_told(1, &[told("c", 9), told("d", 5)]);
        assert_eq!(
            pairs(&plan),
            [
                (0, 1, Some(true)),
                (0, 2, Some(false)),
                (1, 2, None),
                (1, 3, None),
                (2, 3, None)
            ]
        );
        let heights: Vec<_> = plan.nodes.iter().map(|node| node.height).collect();
        assert_eq!(
            heights,
            [None, None, None, Some(5)],
            "the word of a peer counts for strangers alone"
        );
        assert!(plan.links.values().all(|link| link.a < link.b));
    }

    #[test]
    fn nobody_invents_links_of_this_node() {
        let mut plan = plan();
        plan.add("d", Known::Told).unwrap();
        plan.add_told(3, &[told("own", 3)]);
        assert_eq!(pairs(&plan).len(), 2);
        // Who opened a connection is told from the side of the first.
        plan.link(2, "b", None, Some(true));
        assert_eq!(pairs(&plan)[2], (1, 2, Some(false)));
    }

    #[test]
    fn nobody_crowds_the_map() {
        let mut plan = plan();
        let mut names: Vec<Told> = (0..400).map(|number| told(&format!("n{number}"), 1)).collect();
        names.push(told("c", 1));
        plan.add_told(1, &names);
        assert_eq!(plan.nodes.len(), 3 + MAX_TOLD);
        assert!(plan.links.contains_key(&(1, 2)), "what is there is linked all the same");
        plan.add_told(2, &[told("d", 4)]);
        assert!(plan.places.contains_key("d"), "others have room");
    }

    #[test]
    fn the_map_has_an_end() {
        let mut plan = plan();
        let names: Vec<Told> = (0..400).map(|number| told(&format!("n{number}"), 1)).collect();
        for teller in 1..200 {
            plan.add_told(teller, &names);
        }
        assert_eq!(plan.nodes.len(), MAX_NODES);
        assert!(plan.links.len() <= MAX_LINKS);
    }
}
