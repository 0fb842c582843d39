//! What a transfer should pay.

use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use shared::{
    amount::Amount,
    api::{FeeEstimate, Fees, Problem as ProblemJson},
    transaction::{SignedTransfer, Transfer},
};

use super::{
    answer::{Holds, tagged_json},
    context::Context,
    problem::Problem,
};
use crate::mempool::Mempool;

/// The encoded length of a transfer without memo.
const SIZE: usize = Transfer::MIN_LEN + 64;
const _: () = assert!(SIZE < SignedTransfer::MAX_LEN);

/// For how many blocks there are estimates.
const SPANS: [u64; 3] = [1, 3, 10];

/// What a transfer should pay to be mined within so many blocks. Reckoned from what is pending now.
#[utoipa::path(
    get, path = "/blockchain/fees", tag = "Transactions",
    responses((status = 200, body = Fees), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn fees(State(context): State<Arc<Context>>, headers: HeaderMap) -> Result<Response, Problem> {
    let fees = context
        .read(|context, view| {
            let parameters = context.node.network().parameters();
            let minimum = view.mempool().minimum_fee(SIZE);
            let per_block = (
                parameters.max_block_transfers as usize,
                parameters.max_block_bytes as usize,
            );
            let estimates = SPANS.map(|blocks| FeeEstimate {
                blocks,
                fee: fee_within(view.mempool(), blocks, per_block).max(minimum),
                expected_ms: parameters.interval_ms.saturating_mul(blocks),
            });
            Ok(Fees {
                minimum,
                estimates: estimates.into(),
            })
        })
        .await?;
    tagged_json(&headers, Holds::Now, &fees)
}

/// The fee that outbids whatever fills the last of so many blocks; nothing when they do not fill.
fn fee_within(mempool: &Mempool, blocks: u64, (block_transfers, block_bytes): (usize, usize)) -> Amount {
    let blocks = usize::try_from(blocks).unwrap_or(usize::MAX);
    let (mut transfers, mut bytes) = (
        block_transfers.saturating_mul(blocks),
        block_bytes.saturating_mul(blocks),
    );
    for entry in mempool.by_rate(None).into_iter().flatten() {
        if transfers <= 1 || bytes < entry.size + SIZE {
            let fee = u128::from(entry.transfer.transfer().fee.units());
            let matching = (fee * SIZE as u128).div_ceil(entry.size.max(1) as u128) + 1;
            return Amount::from_units(u64::try_from(matching).unwrap_or(u64::MAX));
        }
        transfers -= 1;
        bytes -= entry.size;
    }
    Amount::ZERO
}
