//! Answers to peers, from one moment of chain and mempool. Only what is in the chain is given out: it was verified.

use shared::{
    block::{Block, Header},
    hash::Hash,
    params::Network,
};

use super::{
    Ledger, Limits, Neighbour, Request, Response, Status, Surroundings, VERSION,
    message::{MAX_BRANCH, MAX_IDS, MAX_TOLD_BRANCHES},
};

/// How far below the tip branches begin that are told of.
pub(super) const BRANCH_DEPTH: u64 = 64;

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

/// The answer to a request of a node with these peers. Bounded by `limits`, whatever is asked.
#[must_use]
pub fn serve(
    network: &Network,
    limits: &Limits,
    request: &Request,
    ledger: &dyn Ledger,
    peers: impl FnOnce() -> Vec<Neighbour>,
) -> Response {
    match request {
        Request::Status => Response::Status(status(network, ledger)),
        Request::Headers { locator } => {
            let known = locator.iter().find_map(|hash| ledger.height_of(hash));
            let heights = known.map(|height| height + 1..=ledger.tip().height());
            let headers = heights.into_iter().flatten().map_while(|height| ledger.header(height));
            Response::Headers(headers.take(limits.headers).collect())
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
        Request::Neighbours => {
            let lowest = ledger.tip().height().saturating_sub(BRANCH_DEPTH);
            Response::Neighbours(Surroundings {
                peers: peers(),
                branches: ledger.side_tips(lowest, MAX_TOLD_BRANCHES),
            })
        }
        Request::Proof { heights } => Response::Proof(ledger.proof(network, heights).unwrap_or_default()),
        Request::Branch { locator, tip } => Response::Branch(branch(locator, *tip, ledger).unwrap_or_default()),
    }
}

/// The headers that lead to a block of the chain or beside it, after the first of `locator` that is in the chain. None when
/// they are too many, or one is not known.
fn branch(locator: &[Hash], tip: Hash, ledger: &dyn Ledger) -> Option<Vec<Header>> {
    let (mut headers, mut hash) = (Vec::new(), tip);
    let mut height = loop {
        if let Some(height) = ledger.height_of(&hash) {
            break height;
        }
        let header = ledger.side_header(&hash)?;
        hash = header.previous_hash;
        headers.push(header);
        if headers.len() > MAX_BRANCH {
            return None;
        }
    };
    let mut known = locator.iter().filter_map(|hash| ledger.height_of(hash));
    let known = known.find(|known| *known <= height)?;
    if height - known > (MAX_BRANCH - headers.len()) as u64 {
        return None;
    }
    while height > known {
        headers.push(ledger.header(height)?);
        height -= 1;
    }
    headers.reverse();
    Some(headers)
}

/// What it costs to answer: fixed for the looking up, and by what is asked for.
pub(super) fn cost(request: &Request) -> u64 {
    match request {
        Request::Status => 16,
        Request::Headers { .. } => 256,
        Request::Blocks { hashes } => 16 + hashes.len() as u64 / 16,
        Request::BlockTransfers { indexes, .. } => 32 + indexes.len() as u64 / 64,
        Request::Mempool => 1_024,
        Request::Transfers { ids } => 16 + ids.len() as u64 / 16,
        Request::Neighbours => 64,
        Request::Branch { .. } => 128,
        // It is long, and written from all over the chain.
        Request::Proof { .. } => 8_192,
    }
}

/// What an answer costs besides. Blocks differ too much in length for their number to tell it.
pub(super) fn weight(response: &Response) -> u64 {
    /// So many bytes count as one.
    const BYTES: usize = 8 << 10;
    let blocks = match response {
        Response::Blocks(blocks) => blocks.as_slice(),
        _ => &[],
    };
    let bytes: usize = blocks.iter().map(Block::encoded_len).sum();
    (bytes / BYTES) as u64
}
