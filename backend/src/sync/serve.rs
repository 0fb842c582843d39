//! Answers to peers, from one moment of chain and mempool. Only what is in the chain is given out: it was verified.

use shared::params::Network;

use super::{
    CompactBlock, Ledger, Limits, Request, Response, Status, VERSION,
    message::{MAX_HEADERS, MAX_IDS},
};

/// What a node says of itself.
pub(super) fn status(network: &Network, ledger: &dyn Ledger) -> Status {
    let tip = ledger.tip();
    Status {
        version: VERSION,
        genesis: network.genesis_hash(),
        height: tip.height(),
        tip: tip.hash(),
        work: tip.work(),
    }
}

/// The answer to a request. Bounded by `limits`, whatever is asked.
#[must_use]
pub fn serve(network: &Network, limits: &Limits, request: &Request, ledger: &dyn Ledger) -> Response {
    match request {
        Request::Status => Response::Status(status(network, ledger)),
        Request::Headers { locator } => {
            let known = locator.iter().find_map(|hash| ledger.height_of(hash));
            let heights = known.map(|height| height + 1..=ledger.tip().height());
            let headers = heights.into_iter().flatten().map_while(|height| ledger.header(height));
            Response::Headers(headers.take(MAX_HEADERS).collect())
        }
        Request::Blocks { hashes } => {
            let mut blocks = Vec::new();
            let mut bytes = 1 + 4;
            for hash in hashes {
                let Some(block) = ledger.height_of(hash).and_then(|height| ledger.block(height)) else {
                    break;
                };
                bytes += block.encoded_len();
                if bytes > limits.blocks {
                    break;
                }
                blocks.push(block);
            }
            Response::Blocks(blocks)
        }
        Request::Compact { hash } => {
            let block = ledger.height_of(hash).and_then(|height| ledger.block(height));
            Response::Compact(block.as_ref().map(CompactBlock::of))
        }
        Request::BlockTransfers { hash, indexes } => {
            let block = ledger.height_of(hash).and_then(|height| ledger.block(height));
            let transfers = block.map(|block| block.transfers).unwrap_or_default();
            let place = |index: &u32| transfers.get(*index as usize).cloned();
            Response::BlockTransfers(indexes.iter().map_while(place).collect())
        }
        Request::Mempool => {
            let entries = ledger.mempool().by_rate(None);
            let ids = entries.into_iter().flatten().map(|entry| entry.id());
            Response::Mempool(ids.take(MAX_IDS).collect())
        }
        Request::Transfers { ids } => {
            let mempool = ledger.mempool();
            let found = ids.iter().filter_map(|id| mempool.get(id));
            Response::Transfers(found.map(|entry| entry.transfer.signed().clone()).collect())
        }
    }
}

/// What it costs to answer: fixed for the looking up, and by what is sent.
pub(super) fn cost(request: &Request) -> u64 {
    match request {
        Request::Status => 16,
        Request::Headers { .. } => 256,
        Request::Blocks { hashes } => 16 + hashes.len() as u64,
        Request::Compact { .. } => 32,
        Request::BlockTransfers { indexes, .. } => 32 + indexes.len() as u64 / 64,
        Request::Mempool => 1_024,
        Request::Transfers { ids } => 16 + ids.len() as u64 / 16,
    }
}
