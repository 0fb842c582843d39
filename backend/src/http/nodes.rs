//! Other nodes. This node has none yet and says so: nothing is probed, nothing is registered.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{api::Problem as ProblemJson, hash::Hash};
use utoipa::ToSchema;

use super::{
    answer::json,
    context::Context,
    extract::Input,
    problem::{Problem, sentence},
};

/// The most nodes that one request registers.
const MAX_NODES: usize = 32;
/// The longest text that can be a node's address.
const MAX_NODE_LEN: usize = 256;

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
    reason: &'static str,
}

/// What became of the nodes: a problem that also has the fields of the old system's answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Registered {
    #[serde(flatten)]
    problem: ProblemJson,
    total_nodes: Vec<String>,
    refused: Vec<Refused>,
}

/// Registers other nodes. This version of the node has no peers, and refuses each with the reason.
#[utoipa::path(
    post, path = "/blockchain/nodes/register", tag = "Nodes",
    request_body(content((Register = "application/json"), (Register = "application/x-www-form-urlencoded"))),
    responses((status = 422, description = "None was registered", body = Registered), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn register(Input(Register { nodes }): Input<Register>) -> Result<Response, Problem> {
    let nodes: Vec<String> = match nodes {
        Nodes::Text(text) => text.split(',').map(|node| node.trim().to_owned()).collect(),
        Nodes::List(list) => list.iter().map(|node| node.trim().to_owned()).collect(),
    };
    let nodes: Vec<String> = nodes.into_iter().filter(|node| !node.is_empty()).collect();
    if nodes.is_empty() || nodes.len() > MAX_NODES {
        let detail = sentence(&format!("name 1 to {MAX_NODES} nodes in `nodes`"));
        return Err(
            Problem::unprocessable("nodes-count", detail).with_message("Error: Please supply a valid list of nodes")
        );
    }
    let refused: Vec<Refused> = nodes.into_iter().map(refuse).collect();
    let problem = Problem::unprocessable(
        "peers-unsupported",
        "No node was registered: this version of Cairn has no peers.",
    )
    .with_message("No new nodes have been added");
    let body = Registered {
        problem: problem.to_json(),
        total_nodes: Vec::new(),
        refused,
    };
    let mut response = problem.into_response();
    *response.body_mut() = serde_json::to_vec(&body).map_err(Problem::internal)?.into();
    Ok(response)
}

fn refuse(node: String) -> Refused {
    let (code, reason) = if is_node_address(&node) {
        ("peers-unsupported", "This version of Cairn has no peers.")
    } else {
        (
            "node-address-invalid",
            "A node is host:port, http://host:port or a multiaddr such as /ip4/192.0.2.1/tcp/7331.",
        )
    };
    let node = node.chars().take(MAX_NODE_LEN).collect();
    Refused { node, code, reason }
}

/// Whether a text has a form in which people write nodes.
fn is_node_address(text: &str) -> bool {
    if text.len() > MAX_NODE_LEN || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return false;
    }
    if text.starts_with('/') {
        return text.split('/').count() >= 5;
    }
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"))
        .unwrap_or(text);
    let authority = rest.trim_end_matches('/').parse::<axum::http::uri::Authority>();
    authority.is_ok_and(|authority| authority.port_u16().is_some_and(|port| port > 0) && !authority.host().is_empty())
}

/// A block, named.
#[derive(Debug, Serialize, ToSchema)]
struct Named {
    height: u64,
    #[schema(value_type = String)]
    hash: Hash,
}

/// What became of the chain.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Resolved {
    message: &'static str,
    old_tip: Named,
    new_tip: Named,
}

/// Asks the other nodes for a chain with more work. Without peers, this one's stands.
#[utoipa::path(
    get, path = "/blockchain/nodes/resolve", tag = "Nodes",
    responses((status = 200, body = Resolved), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn resolve(State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    let view = context.node.view();
    let tip = || Named {
        height: view.tip().height(),
        hash: view.tip().hash(),
    };
    json(
        StatusCode::OK,
        &Resolved {
            message: "Our chain is authoritative",
            old_tip: tip(),
            new_tip: tip(),
        },
    )
}

/// The nodes that this one knows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeList {
    nodes: [String; 0],
}

/// The nodes that this one knows: none in this version.
#[utoipa::path(
    get, path = "/blockchain/nodes/get", tag = "Nodes",
    responses((status = 200, body = NodeList), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn known() -> Result<Response, Problem> {
    json(StatusCode::OK, &NodeList { nodes: [] })
}
