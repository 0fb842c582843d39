//! The nodes of `cairn up`, and the switch that cuts the network between them.

use std::{collections::BTreeSet, sync::Arc};

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use shared::{api::Problem as ProblemJson, hash::Hash};
use utoipa::ToSchema;

use super::{
    answer::json,
    context::Context,
    extract::Input,
    problem::{Problem, sentence},
};
use crate::classroom::Classroom;

/// The parts into which the network is to be cut.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cut {
    /// The numbers of the nodes of each part. Nodes that are not named are the last part, and so is one that comes later.
    parts: Vec<BTreeSet<usize>>,
}

/// One of the nodes.
#[derive(Debug, Serialize, ToSchema)]
struct Member {
    /// From 1.
    number: usize,
    /// Where its page is.
    url: String,
    /// Its id among peers.
    peer: String,
    /// How many peers it has.
    peers: usize,
    height: u64,
    #[schema(value_type = String)]
    tip_hash: Hash,
}

/// The nodes, and how they are cut apart.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Room {
    nodes: Vec<Member>,
    /// None when the network is whole.
    parts: Vec<BTreeSet<usize>>,
}

fn room(context: &Context) -> Result<&Classroom, Problem> {
    context.config.classroom.as_ref().ok_or_else(|| {
        Problem::not_found(
            "not-a-classroom",
            "This node runs by itself: `cairn up` runs a network that can be cut and joined.",
        )
    })
}

fn describe(room: &Classroom) -> Result<Response, Problem> {
    let nodes = (1..).zip(room.members()).map(|(number, member)| {
        let view = member.node.view();
        Member {
            number,
            url: member.url,
            peer: member.peers.id().to_owned(),
            peers: member.peers.count(),
            height: view.tip().height(),
            tip_hash: view.tip().hash(),
        }
    });
    let nodes = nodes.collect();
    json(
        StatusCode::OK,
        &Room {
            nodes,
            parts: room.parts(),
        },
    )
}

/// The nodes of `cairn up`, and how they are cut apart.
#[utoipa::path(
    get, path = "/blockchain/network", tag = "Nodes",
    responses((status = 200, body = Room), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn network(State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    describe(room(&context)?)
}

/// Cuts the network of `cairn up` in two parts or more, to show what happens when each mines alone. The answer comes once
/// no node is connected to one of another part, but within three seconds.
#[utoipa::path(
    post, path = "/blockchain/network/cut", tag = "Nodes", request_body = Cut,
    responses((status = 200, body = Room), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn cut(State(context): State<Arc<Context>>, Input(cut): Input<Cut>) -> Result<Response, Problem> {
    let room = room(&context)?;
    room.cut(&cut.parts)
        .await
        .map_err(|error| Problem::unprocessable("parts-invalid", sentence(&error.to_string())))?;
    describe(room)
}

/// Makes the network of `cairn up` whole again.
#[utoipa::path(
    post, path = "/blockchain/network/join", tag = "Nodes",
    responses((status = 200, body = Room), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn join(State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    let room = room(&context)?;
    room.join().await;
    describe(room)
}
