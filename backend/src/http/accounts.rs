//! Accounts: what they have, with the proof, and what they did.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;
use shared::{
    api::{
        AccountHistory, AccountJson, HistoryEntry, PendingChange, Problem as ProblemJson, RewardJson, TransferJson,
        to_hex,
    },
    block::Block,
    key::PublicKey,
    params::Network,
};
use utoipa::IntoParams;

use super::{
    answer::{Holds, tagged_json},
    context::Context,
    convert::header_json,
    extract::{Path, Query},
    page_of::checked_limit,
    problem::{Problem, sentence},
};
use crate::{mempool::Mempool, node::View, store::Location};

/// How many pending transfers stand above an account's history.
const MAX_PENDING: usize = 100;

pub(crate) fn parse_address(network: &Network, text: &str) -> Result<PublicKey, Problem> {
    network
        .parse_address(text)
        .map_err(|error| Problem::bad_request("address-invalid", sentence(&error.to_string())))
}

/// At which header.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountQuery {
    /// The height of the header; the newest if not said. The node keeps the accounts of the last blocks only.
    at: Option<u64>,
}

/// What an account has after one named block, with the proof against that block's state root.
#[utoipa::path(
    get, path = "/blockchain/accounts/{address}", tag = "Accounts",
    params(("address" = String, Path, description = "The address"), AccountQuery),
    responses((status = 200, body = AccountJson), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn account(
    State(context): State<Arc<Context>>,
    Path(address): Path,
    Query(query): Query<AccountQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = parse_address(context.node.network(), &address)?;
    let account = context
        .read(move |context, view| account_at(context.node.network(), view, &key, query.at))
        .await?;
    tagged_json(&headers, Holds::Now, &account)
}

fn account_at(network: &Network, view: &View, key: &PublicKey, at: Option<u64>) -> Result<AccountJson, Problem> {
    let tip = view.tip();
    let height = at.unwrap_or_else(|| tip.height());
    if height > tip.height() {
        let detail = format!("There is no block {height} yet; the newest is {}.", tip.height());
        return Err(Problem::not_found("block-not-found", detail));
    }
    let state = view.state_at(height).ok_or_else(|| {
        let detail = format!("The accounts after block {height} are no longer kept; ask for a newer block.");
        Problem::not_found("state-not-kept", detail)
    })?;
    let summary = view.reader().summary(height)?;
    let summary = summary.ok_or_else(|| Problem::internal(format!("block {height} is missing")))?;
    let account = state.get(&key.0);
    let change = view.mempool().pending_change(key, tip.accounts().get(&key.0));
    Ok(AccountJson {
        address: network.address(key),
        balance: account.balance,
        nonce: account.nonce,
        header: header_json(&summary),
        proof: to_hex(&state.prove(&key.0)),
        pending: PendingChange {
            incoming: change.incoming,
            outgoing: change.outgoing,
            next_nonce: change.next_nonce,
        },
    })
}

/// Which part of a history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// Where to go on: the `next` of the page before.
    before: Option<String>,
    /// How many, 1 to 100; 20 if not said.
    limit: Option<u64>,
}

/// What an account did and got, newest first. Pending transfers stand above the first page.
#[utoipa::path(
    get, path = "/blockchain/accounts/{address}/transactions", tag = "Accounts",
    params(("address" = String, Path, description = "The address"), HistoryQuery),
    responses((status = 200, body = AccountHistory), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn history(
    State(context): State<Arc<Context>>,
    Path(address): Path,
    Query(query): Query<HistoryQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let key = parse_address(context.node.network(), &address)?;
    let limit = usize::try_from(checked_limit(query.limit, 20, 100)?).map_err(Problem::internal)?;
    let before = query.before.as_deref().map(parse_cursor).transpose()?;
    let history = context
        .read(move |context, view| history_of(context.node.network(), view, &key, before, limit))
        .await?;
    tagged_json(&headers, Holds::Now, &history)
}

/// A place in the chain as `height-index`.
fn parse_cursor(text: &str) -> Result<Location, Problem> {
    let parse = || {
        let (height, index) = text.split_once('-')?;
        Some(Location {
            height: height.parse().ok()?,
            index: index.parse().ok()?,
        })
    };
    parse().ok_or_else(|| {
        Problem::bad_request(
            "cursor-invalid",
            "Where to go on is the `next` of the page before, such as 12-3.",
        )
    })
}

fn history_of(
    network: &Network,
    view: &View,
    key: &PublicKey,
    before: Option<Location>,
    limit: usize,
) -> Result<AccountHistory, Problem> {
    let mut transactions = match before {
        None => pending_of(network, view.mempool(), key),
        Some(_) => Vec::new(),
    };
    let mut locations = view.reader().activity(key, before, limit + 1)?;
    let more = locations.len() > limit;
    locations.truncate(limit);
    let next = locations
        .last()
        .filter(|_| more)
        .map(|last| format!("{}-{}", last.height, last.index));
    let mut open: Option<(u64, Block)> = None;
    for Location { height, index } in locations {
        if open.as_ref().is_none_or(|(at, _)| *at != height) {
            open = view.reader().block(height)?.map(|block| (height, block));
        }
        let line = open
            .as_ref()
            .and_then(|(_, block)| history_entry(network, block, height, index));
        transactions.push(line.ok_or_else(|| Problem::internal(format!("{height}-{index} is missing")))?);
    }
    Ok(AccountHistory { transactions, next })
}

fn history_entry(network: &Network, block: &Block, height: u64, index: u32) -> Option<HistoryEntry> {
    let prefix = &network.parameters().prefix;
    let (id, transfer, reward) = match (index as usize).checked_sub(1) {
        None => {
            let reward = RewardJson::new(prefix, &block.reward, height);
            (reward.id, None, Some(reward))
        }
        Some(place) => {
            let transfer = TransferJson::new(prefix, block.transfers.get(place)?);
            (transfer.id?, Some(transfer), None)
        }
    };
    Some(HistoryEntry {
        id,
        height: Some(height),
        index: Some(index.into()),
        timestamp: block.header.timestamp,
        transfer,
        reward,
    })
}

/// The pending transfers that touch an account, newest first.
fn pending_of(network: &Network, mempool: &Mempool, key: &PublicKey) -> Vec<HistoryEntry> {
    let mut entries: Vec<_> = mempool.of_account(key).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.since_ms, entry.transfer.transfer().nonce)));
    entries.truncate(MAX_PENDING);
    entries
        .into_iter()
        .map(|entry| {
            let id = entry.transfer.id();
            HistoryEntry {
                id,
                height: None,
                index: None,
                timestamp: entry.since_ms,
                transfer: Some(TransferJson::with_id(
                    &network.parameters().prefix,
                    entry.transfer.signed(),
                    id,
                )),
                reward: None,
            }
        })
        .collect()
}
