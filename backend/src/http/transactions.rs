//! Transfers: sent in, listed while they wait, and looked up with their proof of inclusion.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use shared::{
    address::AddressError,
    api::{
        Accepted, Batch, BatchVerdicts, PendingList, Problem as ProblemJson, RewardJson, Standing, TransactionJson,
        TransferJson, Verdict, to_hex,
    },
    hash::Hash,
    merkle,
    params::Network,
};
use utoipa::IntoParams;

use super::{
    answer::{Holds, json, tagged_json},
    config::MAX_BATCH,
    context::Context,
    convert::{header_json, pending_json},
    extract::{BatchInput, Input, Path, Query},
    page_of::checked_limit,
    problem::{Problem, sentence},
};
use crate::{
    node::{SubmitError, View},
    store::Location,
};

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Stopping => Self::unavailable("stopping", "The node is stopping."),
            refused => Self::refused_transfer(refused.code(), sentence(&refused.to_string())),
        }
    }
}

fn address_problem((field, error): (&'static str, AddressError)) -> Problem {
    let detail = sentence(&format!("{field}: {error}"));
    Problem::unprocessable("address-invalid", detail).with_message("Invalid Transaction!")
}

/// Takes a signed transfer, as JSON or as a form. Answers once it is durable.
#[utoipa::path(
    post, path = "/blockchain/transactions/new", tag = "Transactions",
    request_body(content((TransferJson = "application/json"), (TransferJson = "application/x-www-form-urlencoded"))),
    responses(
        (status = 201, body = Accepted),
        (status = 406, description = "A rule refuses the transfer; `code` names it", body = ProblemJson),
        (status = "default", body = ProblemJson),
    ),
)]
pub(crate) async fn new(
    State(context): State<Arc<Context>>,
    Input(transfer): Input<TransferJson>,
) -> Result<Response, Problem> {
    let network = context.node.network();
    let outcome = async {
        let signed = transfer
            .to_signed(&network.parameters().prefix)
            .map_err(address_problem)?;
        let verified = signed.verify(&network.genesis_hash())?;
        let verdict = context.node.submit(vec![verified]).await.pop();
        Ok(verdict.ok_or_else(|| Problem::internal("the node gave no verdict"))??)
    };
    match outcome.await {
        Ok(id) => {
            context.metrics.transfers_accepted.inc();
            let height = context.node.view().tip().height().saturating_add(1);
            let message = format!("Transaction will be added to Block {height}");
            json(StatusCode::CREATED, &Accepted { message, id })
        }
        Err(problem) => {
            context.metrics.transfers_refused.inc();
            Err(problem)
        }
    }
}

/// Takes up to 100 signed transfers, one after another, with a verdict on each. Answers once those accepted are durable.
#[utoipa::path(
    post, path = "/blockchain/transactions/batch", tag = "Transactions", request_body = Batch,
    responses((status = 200, body = BatchVerdicts), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn batch(
    State(context): State<Arc<Context>>,
    BatchInput {
        0: Batch { transactions },
    }: BatchInput<Batch>,
) -> Result<Response, Problem> {
    let count = transactions.len();
    if !(1..=MAX_BATCH).contains(&count) {
        let detail = format!("A batch has 1 to {MAX_BATCH} transfers, and this one has {count}.");
        return Err(Problem::unprocessable("batch-size", detail));
    }
    let prefix = &context.node.network().parameters().prefix;
    let mut verdicts: Vec<Option<Problem>> = Vec::with_capacity(count);
    let mut readable = Vec::with_capacity(count);
    for transfer in &transactions {
        match transfer.to_signed(prefix) {
            Ok(signed) => {
                verdicts.push(None);
                readable.push(signed);
            }
            Err(error) => verdicts.push(Some(address_problem(error))),
        }
    }
    // Each stage gives the verdicts on those that the stage before let through, in their order.
    let mut verified = Vec::with_capacity(readable.len());
    let mut outcomes = context.node.verify(readable).await.into_iter();
    for verdict in verdicts.iter_mut().filter(|verdict| verdict.is_none()) {
        match outcomes.next() {
            Some(Ok(transfer)) => verified.push(transfer),
            Some(Err(error)) => *verdict = Some(error.into()),
            None => return Err(Problem::internal("the node gave too few verdicts")),
        }
    }
    let mut outcomes = context.node.submit(verified).await.into_iter();
    let mut answers = Vec::with_capacity(count);
    for verdict in verdicts {
        let problem = match verdict {
            Some(problem) => problem,
            None => match outcomes.next() {
                Some(Ok(id)) => {
                    context.metrics.transfers_accepted.inc();
                    answers.push(Verdict::Accepted { id });
                    continue;
                }
                Some(Err(SubmitError::Stopping)) => return Err(SubmitError::Stopping.into()),
                Some(Err(error)) => error.into(),
                None => return Err(Problem::internal("the node gave too few verdicts")),
            },
        };
        context.metrics.transfers_refused.inc();
        answers.push(Verdict::Refused {
            code: problem.code.into_owned(),
            detail: problem.detail.into_owned(),
        });
    }
    json(StatusCode::OK, &BatchVerdicts { verdicts: answers })
}

/// Which pending transfers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PendingQuery {
    /// The id after which to go on: the `next` of the page before.
    #[param(value_type = Option<String>)]
    after: Option<Hash>,
    /// How many, 1 to 1000; 100 if not said.
    limit: Option<u64>,
}

/// The pending transfers, by fee rate, highest first.
#[utoipa::path(
    get, path = "/blockchain/transactions/get", tag = "Transactions", params(PendingQuery),
    responses((status = 200, body = PendingList), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn pending(
    State(context): State<Arc<Context>>,
    Query(query): Query<PendingQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = usize::try_from(checked_limit(query.limit, 100, 1_000)?).map_err(Problem::internal)?;
    let list = context
        .read(move |context, view| pending_list(context.node.network(), view, query.after, limit))
        .await?;
    tagged_json(&headers, Holds::Now, &list)
}

fn pending_list(network: &Network, view: &View, after: Option<Hash>, limit: usize) -> Result<PendingList, Problem> {
    let mempool = view.mempool();
    let mut entries = mempool.by_rate(after.as_ref()).ok_or_else(|| {
        Problem::bad_request(
            "cursor-unknown",
            "The transfer after which to go on is no longer pending; start from the first page.",
        )
    })?;
    let parameters = network.parameters();
    let next_block: BTreeSet<Hash> = mempool
        .select(
            parameters.max_block_transfers as usize,
            parameters.max_block_bytes as usize,
        )
        .iter()
        .map(|entry| entry.transfer.id())
        .collect();
    let transactions: Vec<_> = entries
        .by_ref()
        .take(limit)
        .map(|entry| {
            let is_next = next_block.contains(&entry.transfer.id());
            pending_json(network, entry, mempool.is_waiting(entry), is_next)
        })
        .collect();
    let last = transactions.last().and_then(|pending| pending.transfer.id);
    let next = entries.next().and(last).map(|id| id.to_string());
    Ok(PendingList {
        transactions,
        total: mempool.len() as u64,
        next,
    })
}

/// Where a transaction stands: pending, or mined with the proof that its block contains it.
#[utoipa::path(
    get, path = "/blockchain/transactions/{id}", tag = "Transactions",
    params(("id" = String, Path, description = "The id: 64 lower-case hex digits")),
    responses((status = 200, body = TransactionJson), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn transaction(
    State(context): State<Arc<Context>>,
    Path(id): Path,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id: Hash = id.parse().map_err(|_| {
        Problem::bad_request(
            "transaction-id-invalid",
            "A transaction's id is 64 lower-case hex digits.",
        )
    })?;
    let found = context
        .read(move |context, view| find(context.node.network(), view, id))
        .await?;
    tagged_json(&headers, Holds::Now, &found)
}

fn find(network: &Network, view: &View, id: Hash) -> Result<TransactionJson, Problem> {
    let mempool = view.mempool();
    let prefix = &network.parameters().prefix;
    if let Some(entry) = mempool.get(&id) {
        return Ok(TransactionJson {
            id,
            transfer: Some(TransferJson::with_id(prefix, entry.transfer.signed(), id)),
            reward: None,
            standing: Standing::Pending {
                place: mempool.place(&id).unwrap_or_default() as u64,
                since: entry.since_ms,
            },
        });
    }
    let Some(Location { height, index }) = view.reader().locate(&id)? else {
        return Err(Problem::not_found(
            "transaction-not-found",
            "There is no such transaction in the chain, and none is pending.",
        ));
    };
    let missing = || Problem::internal(format!("transaction {id} is missing in block {height}"));
    let summary = view.reader().summary(height)?.ok_or_else(missing)?;
    let block = view.reader().block(height)?.ok_or_else(missing)?;
    let ids = block.transaction_ids();
    let proof = merkle::inclusion_proof(&ids, index as usize).ok_or_else(missing)?;
    let (transfer, reward) = match (index as usize).checked_sub(1) {
        None => (None, Some(RewardJson::new(prefix, &block.reward, height))),
        Some(place) => {
            let signed = block.transfers.get(place).ok_or_else(missing)?;
            (Some(TransferJson::with_id(prefix, signed, id)), None)
        }
    };
    Ok(TransactionJson {
        id,
        transfer,
        reward,
        standing: Standing::Mined {
            header: header_json(&summary),
            index: index.into(),
            confirmations: view.tip().height().saturating_sub(height).saturating_add(1),
            proof: to_hex(&proof),
        },
    })
}
