//! A chain that a hostile peer shows: blocks of its own on those of its victim, told the way an honest node does.

use std::collections::BTreeMap;

use backend::sync::{Request, Response, Status, Surroundings, VERSION};
use ruint::aliases::U256;
use shared::{
    block::{Block, Header, transactions_root},
    hash::Hash,
    params::Network,
    rules::verify_work,
    transaction::{Note, VerifiedTransfer},
};

use crate::{
    neighbours::{Neighbour, hostile::Hostile},
    workshop::public,
};

/// The chain after genesis, lowest first.
#[derive(Clone)]
pub struct Forged {
    pub blocks: Vec<Block>,
    pub status: Status,
}

impl Forged {
    /// A victim's chain.
    pub fn of(victim: &Neighbour) -> Self {
        let view = victim.node.view();
        let tip = view.tip();
        let blocks = (1..=tip.height()).map(|height| view.reader().block(height).unwrap().unwrap());
        Self {
            blocks: blocks.collect(),
            status: Status {
                version: VERSION,
                genesis: victim.node.network().genesis_hash(),
                height: tip.height(),
                tip: tip.hash(),
                work: tip.headers().work(),
            },
        }
    }

    /// The same with a block more, which may break any rule. It claims the work of one more like the last.
    pub fn with(mut self, block: Block) -> Self {
        let height = self.status.height;
        self.status.work += self.status.work / U256::from(height + 1);
        self.status.height += 1;
        self.status.tip = block.header.hash();
        self.blocks.push(block);
        self
    }

    /// What is answered to a request.
    pub fn answer(&self, request: &Request) -> Option<Response> {
        let by_hash: BTreeMap<Hash, &Block> = self.blocks.iter().map(|block| (block.header.hash(), block)).collect();
        Some(match request {
            Request::Status => Response::Status(self.status),
            Request::Headers { locator } => {
                let known = locator.iter().find_map(|hash| {
                    let place = self.blocks.iter().position(|block| block.header.hash() == *hash);
                    place.map(|place| place + 1)
                });
                let headers = self.blocks[known.unwrap_or(0)..].iter().map(|block| block.header);
                Response::Headers(headers.take(2_000).collect())
            }
            Request::Blocks { hashes } => {
                let found = hashes.iter().map_while(|hash| by_hash.get(hash).copied().cloned());
                Response::Blocks(found.collect())
            }
            Request::BlockTransfers { hash, indexes } => {
                let transfers = by_hash.get(hash).map(|block| block.transfers.clone())?;
                let place = |index: &u32| transfers.get(*index as usize).cloned();
                Response::BlockTransfers(indexes.iter().map_while(place).collect())
            }
            Request::Mempool => Response::Mempool(Vec::new()),
            Request::Transfers { .. } => Response::Transfers(Vec::new()),
            Request::Branch { .. } => Response::Branch(Vec::new()),
            Request::Neighbours => Response::Neighbours(Surroundings::default()),
            Request::Proof { .. } => return None,
        })
    }

    /// A peer that shows it.
    pub fn shown(self, network: &Network) -> Hostile {
        Hostile::new(network.genesis_hash()).answers(move |request| self.answer(request))
    }
}

/// A block on the victim's tip that keeps all rules. The note tells blocks apart.
pub fn next(victim: &Neighbour, note: u8, transfers: Vec<VerifiedTransfer>) -> Block {
    let (network, view, now_ms) = (victim.node.network(), victim.node.view(), victim.node.now_ms());
    let note = Note::new(&[note]).unwrap();
    let candidate = view.tip().prepare(network, public(5), note, transfers, now_ms).unwrap();
    let nonce = candidate.midstate().search(candidate.target().unwrap(), 0, u64::MAX);
    let sealed = candidate.seal(network, nonce.unwrap(), now_ms).unwrap();
    sealed.block.to_block()
}

/// The block with the root of its transactions put right, and the work done.
pub fn seal(mut block: Block) -> Block {
    block.header.transactions_root = transactions_root(&block.transaction_ids());
    block.header = work(block.header);
    block
}

/// The header with a nonce that does its work.
pub fn work(header: Header) -> Header {
    let mut nonces = (0..1 << 20).map(|nonce| Header { nonce, ..header });
    nonces.find(|header| verify_work(header).is_ok()).unwrap()
}
