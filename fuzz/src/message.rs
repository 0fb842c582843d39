//! What nodes say to each other: requests, responses, and news.

use backend::sync::{
    CompactBlock, Gossip, Neighbour, PeerName, Request, Response, ShortId, Status, Surroundings, VERSION, short_id,
};
use shared::block::{Block, Header};
use shared::codec::{Decode as _, Encode as _};
use shared::hash::Hash;
use shared::transaction::SignedTransfer;

use super::GENESIS;
use super::block::reward;
use super::transaction::{same, transfer};

/// Reads an input as each of them.
#[must_use]
pub fn run(data: &[u8]) -> bool {
    let read = [
        same::<Request>(data).is_some(),
        same::<Response>(data).is_some(),
        same::<Gossip>(data).is_some(),
    ];
    read != [false; 3]
}

/// One of each kind.
#[must_use]
pub fn examples() -> Vec<Vec<u8>> {
    let header = Header::from_bytes(&[1; Header::LEN]).expect("any bytes are a header");
    let transfers: Vec<SignedTransfer> = ["", "for the stones"].map(transfer).into();
    let ids: Vec<Hash> = transfers.iter().map(SignedTransfer::id).collect();
    let short: Vec<ShortId> = ids.iter().map(short_id).collect();
    let block = Block {
        header,
        reward: reward(),
        transfers: transfers.clone(),
    };
    let compact = CompactBlock {
        header,
        reward: reward(),
        transfers: short,
    };
    let status = Status {
        version: VERSION,
        genesis: GENESIS,
        height: 7,
        tip: GENESIS,
        work: ruint::aliases::U256::from(9),
    };
    let name = [&[0, 8][..], b"somebody"].concat();
    let neighbour = Neighbour {
        name: PeerName::new(&name).expect("it is one"),
        height: 7,
        tip: GENESIS,
        latency_ms: Some(3),
    };
    let surroundings = Surroundings {
        peers: vec![neighbour],
        branches: ids.clone(),
    };
    let requests = [
        Request::Status,
        Request::Headers { locator: ids.clone() },
        Request::Blocks { hashes: ids.clone() },
        Request::BlockTransfers {
            hash: GENESIS,
            indexes: vec![0, 2],
        },
        Request::Mempool,
        Request::Transfers { ids: ids.clone() },
        Request::Neighbours,
        Request::Branch {
            locator: ids.clone(),
            tip: GENESIS,
        },
        Request::Proof { heights: vec![1, 5] },
    ];
    let responses = [
        Response::Status(status),
        Response::Headers(vec![header; 2]),
        Response::Blocks(vec![block]),
        Response::BlockTransfers(transfers.clone()),
        Response::Mempool(ids),
        Response::Transfers(transfers.clone()),
        Response::Neighbours(surroundings),
        Response::Branch(vec![header]),
        Response::Proof(vec![5; 40]),
    ];
    let news = [
        Gossip::Block(compact),
        Gossip::Header(header),
        Gossip::Transfer(transfers[0].clone()),
    ];
    let requests = requests.iter().map(|message| message.to_bytes());
    let responses = responses.iter().map(|message| message.to_bytes());
    requests
        .chain(responses)
        .chain(news.iter().map(|message| message.to_bytes()))
        .collect()
}
