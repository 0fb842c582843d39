//! Other nodes: the ones this node knows, registering more, and going after the chain with the most work.

use std::{collections::HashSet, sync::Arc};

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use shared::{api::Problem as ProblemJson, hash::Hash};
use utoipa::ToSchema;

use super::{
    answer::json,
    context::Context,
    extract::Input,
    problem::{Problem, sentence},
};
use crate::p2p::{InvalidTarget, Listed, MAX_TARGET_LEN, Peer, PeerBan, Peers, Resolution, State as NodeState, Target};

/// The most nodes that one request registers.
const MAX_NODES: usize = 32;
/// The most nodes whose refusal is told in a sentence; of all it is told in `refused`.
const MAX_TOLD: usize = 8;

/// The nodes to register: a list, or one text with commas.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Register {
    nodes: Nodes,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "nodes are a list, or one text with commas")]
enum Nodes {
    Text(String),
    List(Vec<String>),
}

/// A node that was not registered.
#[derive(Debug, Serialize, ToSchema)]
struct Refused {
    node: String,
    code: &'static str,
    reason: String,
}

/// What became of the nodes, if one was registered at least.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Registered {
    message: &'static str,
    /// All that are registered.
    total_nodes: Vec<String>,
    refused: Vec<Refused>,
}

/// What became of the nodes, if none was registered: a problem that also has the fields of the other answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoneRegistered {
    #[serde(flatten)]
    problem: ProblemJson,
    total_nodes: Vec<String>,
    refused: Vec<Refused>,
}

/// Registers other nodes: each is called first, and refused with the reason if it does not answer or follows another chain.
#[utoipa::path(
    post, path = "/blockchain/nodes/register", tag = "Nodes",
    request_body(content((Register = "application/json"), (Register = "application/x-www-form-urlencoded"))),
    responses(
        (status = 201, description = "At least one was registered", body = Registered),
        (status = 422, description = "None was registered", body = NoneRegistered),
        (status = "default", body = ProblemJson),
    ),
)]
pub(crate) async fn register(
    State(context): State<Arc<Context>>,
    Input(Register { nodes }): Input<Register>,
) -> Result<Response, Problem> {
    let nodes: Vec<String> = match nodes {
        Nodes::Text(text) => text.split(',').map(|node| node.trim().to_owned()).collect(),
        Nodes::List(list) => list.iter().map(|node| node.trim().to_owned()).collect(),
    };
    let mut nodes: Vec<String> = nodes.into_iter().filter(|node| !node.is_empty()).collect();
    let mut seen = HashSet::new();
    nodes.retain(|node| seen.insert(node.clone()));
    if nodes.is_empty() || nodes.len() > MAX_NODES {
        let detail = sentence(&format!("name 1 to {MAX_NODES} nodes in `nodes`"));
        return Err(
            Problem::unprocessable("nodes-count", detail).with_message("Error: Please supply a valid list of nodes")
        );
    }
    let count = nodes.len();
    let peers = context.config.peers.as_ref();
    let refused = join_all(nodes.into_iter().map(|node| register_one(peers, node))).await;
    let refused: Vec<Refused> = refused.into_iter().filter_map(Result::err).collect();
    let total_nodes = peers.map(total_nodes).unwrap_or_default();
    if refused.len() < count {
        let registered = Registered {
            message: "New nodes have been added",
            total_nodes,
            refused,
        };
        return json(StatusCode::CREATED, &registered);
    }
    none_registered(total_nodes, refused)
}

fn none_registered(total_nodes: Vec<String>, refused: Vec<Refused>) -> Result<Response, Problem> {
    let problem = match refused.first() {
        Some(first) => Problem::unprocessable(first.code, told(&refused)),
        None => Problem::internal("no node was refused, and none registered"),
    };
    let problem = problem.with_message("No new nodes have been added");
    let body = NoneRegistered {
        problem: problem.to_json(),
        total_nodes,
        refused,
    };
    let mut response = problem.into_response();
    *response.body_mut() = serde_json::to_vec(&body).map_err(Problem::internal)?.into();
    Ok(response)
}

/// Why each was refused.
fn told(refused: &[Refused]) -> String {
    let mut told = "No node was registered.".to_owned();
    for Refused { node, reason, .. } in refused.iter().take(MAX_TOLD) {
        told.push_str(&format!(" {node}: {reason}"));
    }
    if let more @ 1.. = refused.len().saturating_sub(MAX_TOLD) {
        told.push_str(&format!(" And {more} more."));
    }
    told
}

async fn register_one(peers: Option<&Peers>, node: String) -> Result<(), Refused> {
    let refuse = |code, reason: &str| Refused {
        node: node.chars().take(MAX_TARGET_LEN).collect(),
        code,
        reason: sentence(reason),
    };
    let target: Target = node
        .parse()
        .map_err(|error: InvalidTarget| refuse("node-address-invalid", &error.to_string()))?;
    let Some(peers) = peers else {
        return Err(refuse("peers-unsupported", ALONE));
    };
    let registered = peers.register(&target).await;
    registered.map_err(|error| refuse(error.code(), &error.to_string()))
}

const ALONE: &str = "this node was started without a network of peers";

fn total_nodes(peers: &Peers) -> Vec<String> {
    peers.listed().into_iter().map(|node| node.address).collect()
}

/// A block, named.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Named {
    height: u64,
    #[schema(value_type = String)]
    hash: Hash,
}

impl From<(u64, Hash)> for Named {
    fn from((height, hash): (u64, Hash)) -> Self {
        Self { height, hash }
    }
}

/// What became of the chain.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Resolved {
    message: &'static str,
    old_tip: Named,
    new_tip: Named,
    /// How many peers said what their tip is.
    answered: usize,
    /// False while a peer claims a chain with more work, which the node still fetches or verifies.
    complete: bool,
}

/// Goes after the chain with the most work among the peers, for at most 4 s. Each of its blocks is verified.
#[utoipa::path(
    get, path = "/blockchain/nodes/resolve", tag = "Nodes",
    responses((status = 200, body = Resolved), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn resolve(State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    let resolution = match &context.config.peers {
        Some(peers) => peers.resolve(&context.node).await,
        None => {
            let view = context.node.view();
            let tip = (view.tip().height(), view.tip().hash());
            Resolution {
                old_tip: tip,
                new_tip: tip,
                is_replaced: false,
                answered: 0,
                is_complete: true,
            }
        }
    };
    let message = if resolution.is_replaced {
        "Our chain was replaced"
    } else {
        "Our chain is authoritative"
    };
    let resolved = Resolved {
        message,
        old_tip: resolution.old_tip.into(),
        new_tip: resolution.new_tip.into(),
        answered: resolution.answered,
        complete: resolution.is_complete,
    };
    json(StatusCode::OK, &resolved)
}

/// A node that this one knows.
#[derive(Debug, Serialize, ToSchema)]
struct Known {
    /// As it was registered; where it is connected, if it was not.
    address: String,
    state: NodeState,
    /// Whether it was registered, or named with `--peer`.
    registered: bool,
    /// Why it is not connected.
    reason: Option<String>,
    /// What is known of it while it is connected.
    connection: Option<Peer>,
}

/// The nodes that this one knows.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct NodeList {
    /// Those that were registered first, then the other peers.
    nodes: Vec<Known>,
    /// Who is banned.
    bans: Vec<PeerBan>,
}

/// The nodes that this one knows, how it stands with each, and who is banned and why.
#[utoipa::path(
    get, path = "/blockchain/nodes/get", tag = "Nodes",
    responses((status = 200, body = NodeList), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn known(State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    let list = context.config.peers.as_ref().map(list).unwrap_or_default();
    json(StatusCode::OK, &list)
}

fn list(peers: &Peers) -> NodeList {
    let mut connected = peers.connected();
    let mut nodes: Vec<Known> = Vec::new();
    for Listed {
        address,
        state,
        peer,
        reason,
    } in peers.listed()
    {
        let index = connected.iter().position(|other| Some(&other.peer) == peer.as_ref());
        nodes.push(Known {
            address,
            state,
            registered: true,
            reason,
            connection: index.map(|index| connected.swap_remove(index)),
        });
    }
    connected.sort_by(|a, b| a.peer.cmp(&b.peer));
    nodes.extend(connected.into_iter().map(|peer| Known {
        address: peer.address.clone(),
        state: NodeState::Connected,
        registered: false,
        reason: None,
        connection: Some(peer),
    }));
    let bans = peers.bans();
    NodeList { nodes, bans }
}

/// What this node is to others.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Own {
    network: String,
    #[schema(value_type = String)]
    genesis_hash: Hash,
    /// The node's id among peers.
    peer: String,
    /// Where it listens for peers, as multiaddresses.
    addresses: Vec<String>,
}

/// Where this node listens for peers, and of which chain. By this, nodes that are named by their page are found.
#[utoipa::path(
    get, path = "/blockchain/nodes/own", tag = "Nodes",
    responses((status = 200, body = Own), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn own(State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    let Some(peers) = &context.config.peers else {
        return Err(Problem::not_found("peers-unsupported", sentence(ALONE)));
    };
    let network = context.node.network();
    let own = Own {
        network: network.name().to_owned(),
        genesis_hash: network.genesis_hash(),
        peer: peers.id().to_owned(),
        addresses: peers.addresses(),
    };
    json(StatusCode::OK, &own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refused_node_is_told_with_its_reason() {
        let refused = |count: usize| -> Vec<Refused> {
            let one = |number| Refused {
                node: format!("n{number}"),
                code: "node-unreachable",
                reason: "It is down.".to_owned(),
            };
            (1..=count).map(one).collect()
        };
        let both = "No node was registered. n1: It is down. n2: It is down.";
        assert_eq!(told(&refused(2)), both);
        assert!(told(&refused(MAX_TOLD)).ends_with(" n8: It is down."));
        assert!(told(&refused(MAX_NODES)).ends_with(" n8: It is down. And 24 more."));
    }
}
