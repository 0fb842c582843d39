//! Mining on demand.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use shared::{
    api::{MineRequest, Mined, Problem as ProblemJson, TransferJson},
    key::PublicKey,
};
use utoipa::IntoParams;

use super::{
    accounts::parse_address,
    answer::json,
    config::MAX_MINE,
    context::Context,
    extract::{OptionalInput, Query},
    problem::{Problem, sentence},
};
use crate::node::MineError;

/// What to mine.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MineFields {
    /// Who is paid; the node's own address where it has one and none is named.
    recipient: Option<String>,
    /// How many blocks, 1 to 1000; 1 if not said.
    count: Option<u64>,
}

impl From<MineError> for Problem {
    fn from(error: MineError) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            MineError::Stopping => Self::unavailable("stopping", detail),
            refused => Self::unprocessable(refused.code(), detail),
        }
    }
}

/// Mines, as in the old system. No page of another site can ask for it.
#[utoipa::path(
    get, path = "/blockchain/mine", tag = "Mining", params(MineFields),
    responses((status = 200, body = Mined), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn mine_by_query(
    State(context): State<Arc<Context>>,
    Query(fields): Query<MineFields>,
) -> Result<Response, Problem> {
    mine(&context, fields).await
}

/// Mines, and answers when the blocks are durable. A client that goes away ends the search.
#[utoipa::path(
    post, path = "/blockchain/mine", tag = "Mining", request_body = Option<MineRequest>,
    responses((status = 200, body = Mined), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn mine_by_body(
    State(context): State<Arc<Context>>,
    Query(query): Query<MineFields>,
    OptionalInput(body): OptionalInput<MineFields>,
) -> Result<Response, Problem> {
    let fields = MineFields {
        recipient: body.recipient.or(query.recipient),
        count: body.count.or(query.count),
    };
    mine(&context, fields).await
}

async fn mine(context: &Context, fields: MineFields) -> Result<Response, Problem> {
    let network = context.node.network();
    let recipient = recipient(context, fields.recipient.as_deref())?;
    let count = fields.count.unwrap_or(1);
    if !(1..=MAX_MINE).contains(&count) {
        let detail = format!("The count is {count}, and one request mines 1 to {MAX_MINE} blocks.");
        return Err(Problem::unprocessable("count-out-of-range", detail));
    }
    let mined = tokio::time::timeout(context.config.mining_timeout, context.node.mine(recipient, count));
    let mined = mined.await.map_err(|_| {
        let seconds = context.config.mining_timeout.as_secs();
        let detail = format!("Mining took longer than {seconds} s and was ended; blocks found before that stand.");
        Problem::unavailable("mining-timeout", detail)
    })??;
    let prefix = &network.parameters().prefix;
    let block = &mined.block;
    json(
        StatusCode::OK,
        &Mined {
            message: "New Block Forged".to_owned(),
            block_number: block.header.height,
            transactions: block
                .transfers
                .iter()
                .map(|signed| TransferJson::new(prefix, signed))
                .collect(),
            nonce: block.header.nonce.into(),
            previous_hash: block.header.previous_hash,
            hash: mined.summary.hash,
            recipient: network.address(&block.reward.recipient),
            reward: block.reward.amount,
            count: mined.count,
        },
    )
}

fn recipient(context: &Context, asked: Option<&str>) -> Result<PublicKey, Problem> {
    if let Some(address) = asked {
        return parse_address(context.node.network(), address);
    }
    context.node.config().recipient.ok_or_else(|| {
        Problem::unprocessable(
            "recipient-missing",
            "Name who is paid: ?recipient=ADDRESS, or start the node with --recipient ADDRESS.",
        )
    })
}
