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
            let mempool = ledger.mempool();
            let entries = mempool.by_rate(None).into_iter().flatten();
            let wanted = entries.filter(|entry| !mempool.is_unfunded(entry));
            let ids = wanted.map(|entry| entry.id());
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

/// What it costs to answer: for the looking up, and by what is asked for.
pub(super) fn cost(request: &Request) -> u64 {
    match request {
        Request::Status => 16,
        Request::Headers { locator } => 8 + locator.len() as u64 / 8,
        Request::Blocks { hashes } => 4 + hashes.len() as u64 / 32,
        Request::BlockTransfers { indexes, .. } => 32 + indexes.len() as u64 / 64,
        Request::Mempool => 1_024,
        Request::Transfers { ids } => 16 + ids.len() as u64 / 16,
        Request::Neighbours => 64,
        Request::Branch { .. } => 128,
        // It is long, and written from all over the chain.
        Request::Proof { .. } => 8_192,
    }
}

/// What an answer costs besides. Blocks differ too much in length for their number to tell it, and of headers it is not known
/// before how many there are.
pub(super) fn weight(response: &Response) -> u64 {
    /// So many bytes count as one.
    const BYTES: usize = 8 << 10;
    let bytes: usize = match response {
        Response::Blocks(blocks) => blocks.iter().map(Block::encoded_len).sum(),
        Response::Headers(headers) => headers.len() * Header::LEN,
        _ => 0,
    };
    (bytes / BYTES) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        simulate::node::{SimulatedNode, Verified, network},
        sync::{
            message::{MAX_BLOCKS, MAX_HEADERS, MAX_LOCATOR},
            peer::REQUESTS,
        },
    };

    #[test]
    fn who_syncs_as_fast_as_blocks_are_verified_asks_half_of_what_it_may() {
        /// In a second, of blocks with nothing but a reward.
        const BLOCKS: u64 = 35_000;
        let network = network(shared::params::Difficulty::Fixed { bits: 0x2100_ffff });
        let mut node = SimulatedNode::new(
            &std::sync::Arc::new(network),
            &Verified::default(),
            crate::mempool::Limits::default(),
        );
        let found = node
            .mine(crate::simulate::node::secret(1).public_key(), 0, 1_000)
            .unwrap();
        let block = found.block.to_block();
        let price = |request: &Request, response: &Response| cost(request) + weight(response);
        let hashes = vec![Hash::ZERO; MAX_BLOCKS];
        let blocks = vec![block.clone(); MAX_BLOCKS];
        let each = price(&Request::Blocks { hashes }, &Response::Blocks(blocks));
        let locator = vec![Hash::ZERO; MAX_LOCATOR];
        let headers = vec![block.header; MAX_HEADERS];
        let all = price(&Request::Headers { locator }, &Response::Headers(headers));
        let asked = each * BLOCKS.div_ceil(MAX_BLOCKS as u64) + all * BLOCKS.div_ceil(MAX_HEADERS as u64);
        assert!(asked * 2 <= REQUESTS.1, "{asked}");
    }
}
