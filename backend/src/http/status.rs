//! Where the node stands: `status`, `/healthy`, `/ready`.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use ruint::aliases::U256;
use serde::Serialize;
use shared::api::{Decimal, Status};

use super::{
    answer::{Holds, json, tagged_json},
    context::{Context, Pace},
    problem::Problem,
};
use crate::{node::View, store::StoreError};

/// Over how many blocks the pace is taken.
const PACE_BLOCKS: u64 = 100;
/// How old the newest block of a node that mines all the time may be at most.
const READY_TIP_AGE_MS: u64 = 5 * 60_000;

/// Where the node stands.
#[utoipa::path(
    get, path = "/blockchain/status", tag = "Chain",
    responses((status = 200, body = Status), (status = "default", body = shared::api::Problem)),
)]
pub(crate) async fn status(State(context): State<Arc<Context>>, headers: HeaderMap) -> Result<Response, Problem> {
    let status = context.read(|context, view| Ok(status_of(context, view)?)).await?;
    tagged_json(&headers, Holds::Now, &status)
}

/// The status at one moment.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn status_of(context: &Context, view: &View) -> Result<Status, StoreError> {
    let network = context.node.network();
    let parameters = network.parameters();
    let headers = view.tip().headers();
    let tip = headers.header();
    let pace = context.pace(headers.hash(), || pace_of(view))?;
    Ok(Status {
        network: parameters.name.clone(),
        symbol: parameters.symbol.clone(),
        prefix: parameters.prefix.as_str().to_owned(),
        genesis_hash: network.genesis_hash(),
        height: tip.height,
        tip_hash: headers.hash(),
        tip_timestamp: tip.timestamp,
        work: Decimal(headers.work()),
        bits: tip.bits,
        interval_ms: parameters.interval_ms,
        mean_interval_ms: pace.mean_interval_ms,
        hash_rate: pace.hash_rate,
        pending: view.mempool().len() as u64,
        peers: context.config.peers.as_ref().map_or(0, |peers| peers.count() as u64),
        mining: context.node.config().mine,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// The pace of the last blocks. The genesis block does not count: nobody looked for it.
fn pace_of(view: &View) -> Result<Pace, StoreError> {
    let headers = view.tip().headers();
    let (tip, height) = (headers.header(), headers.height());
    let Some(blocks) = height.checked_sub(1).map(|blocks| blocks.min(PACE_BLOCKS)) else {
        return Ok(Pace::default());
    };
    if blocks == 0 {
        return Ok(Pace::default());
    }
    let Some(first) = view.reader().summary(height - blocks)? else {
        return Ok(Pace::default());
    };
    let elapsed_ms = tip.timestamp.saturating_sub(first.header.timestamp).max(1);
    let work = headers.work().saturating_sub(first.work);
    let rate = work.saturating_mul(U256::from(1_000)) / U256::from(elapsed_ms);
    Ok(Pace {
        mean_interval_ms: Some(elapsed_ms / blocks),
        hash_rate: Some(Decimal(rate)),
    })
}

/// How a node feels.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Condition {
    /// `healthy` or `ready`.
    status: &'static str,
    /// What that means.
    rule: &'static str,
}

/// Whether the node works at all: it answers, and is not stopping. (It needs no peers to work.)
#[utoipa::path(
    get, path = "/healthy", tag = "Running",
    responses((status = 200, body = Condition), (status = 503, body = shared::api::Problem)),
)]
pub(crate) async fn healthy(State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    if context.is_stopping() {
        return Err(Problem::unavailable("stopping", "The node is stopping."));
    }
    let rule = "The node answers and is not stopping. It needs no peers.";
    json(
        StatusCode::OK,
        &Condition {
            status: "healthy",
            rule,
        },
    )
}

/// Whether the node's answers are worth having: it is not stopping, and if it mines all the time, its newest block is at
/// most five minutes (or twenty intervals, if that is more) old.
#[utoipa::path(
    get, path = "/ready", tag = "Running",
    responses((status = 200, body = Condition), (status = 503, body = shared::api::Problem)),
)]
pub(crate) async fn ready(State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    if context.is_stopping() {
        return Err(Problem::unavailable("stopping", "The node is stopping."));
    }
    let view = context.node.view();
    let tip = view.tip().headers().header();
    let oldest_ms = READY_TIP_AGE_MS.max(context.node.network().parameters().interval_ms.saturating_mul(20));
    let age_ms = context.node.now_ms().saturating_sub(tip.timestamp);
    if context.node.config().mine && tip.height > 0 && age_ms > oldest_ms {
        let seconds = age_ms / 1_000;
        let detail = format!("The node mines all the time, and its newest block is {seconds} s old.");
        return Err(Problem::unavailable("tip-too-old", detail));
    }
    let rule = "The node is not stopping; if it mines all the time, its newest block is at most five minutes or \
                twenty intervals old. It needs no peers.";
    json(StatusCode::OK, &Condition { status: "ready", rule })
}
