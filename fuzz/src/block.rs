//! Blocks and headers as bytes, and the proofs that a node gives with them.

use shared::amount::Amount;
use shared::block::{Block, Header, transactions_root};
use shared::codec::{Decode, Encode};
use shared::hash::Hash;
use shared::history::{HistoryNode, HistoryProof};
use shared::merkle::{self, InclusionProof};
use shared::rules::verify_work;
use shared::state::{Account, AccountProof, StateTree};
use shared::transaction::{Note, Reward};

use super::transaction::{same, transfer};
use super::{GENESIS, check_sentence, key};

/// Reads an input as each of them.
#[must_use]
pub fn run(data: &[u8]) -> bool {
    let is_block = same::<Block>(data).is_some_and(|block| {
        assert_eq!(block.encoded_len(), data.len());
        let ids = block.transaction_ids();
        assert_eq!(ids.len(), block.transfers.len() + 1);
        let _ = transactions_root(&ids);
        true
    });
    let is_header = same::<Header>(data).is_some_and(|header| {
        assert_eq!(header.to_array(), data);
        let _ = verify_work(&header).map_err(check_sentence);
        true
    });
    let is_inclusion = same::<InclusionProof>(data).is_some_and(|proof| {
        assert!(proof.index() < proof.count());
        proof.verify(&GENESIS, &GENESIS).map_err(check_sentence).ok();
        true
    });
    let is_account = same::<AccountProof>(data).is_some_and(|proof| {
        proof
            .verify(&GENESIS, &key().public_key().0)
            .map_err(check_sentence)
            .ok();
        true
    });
    let is_history = same::<HistoryProof>(data).is_some_and(|proof| {
        let leaf = HistoryNode::from_bytes(&NODE).expect("every node can be read");
        proof.verify(&leaf, &GENESIS).map_err(check_sentence).ok();
        true
    });
    is_block || is_header || is_inclusion || is_account || is_history
}

pub(super) fn reward() -> Reward {
    Reward {
        recipient: key().public_key(),
        amount: Amount::from_units(5_000_000_000),
        note: Note::new(b"cairn").expect("it is short"),
    }
}

/// A node of the history: hash, work and time.
const NODE: [u8; 72] = [1; 72];

/// A block with two transfers, its header, and a proof of each kind.
#[must_use]
pub fn examples() -> Vec<Vec<u8>> {
    let transfers = vec![transfer(""), transfer("for the stones")];
    let header = Header {
        version: Header::VERSION,
        height: 2,
        previous_hash: Hash([2; 32]),
        history_root: Hash([3; 32]),
        transactions_root: Hash([4; 32]),
        state_root: Hash([5; 32]),
        timestamp: 1_795_399_445_678,
        bits: 0x207f_ffff,
        nonce: 7,
    };
    let block = Block {
        header,
        reward: reward(),
        transfers,
    };
    let ids = block.transaction_ids();
    let inclusion = merkle::inclusion_proof(&ids, 1).expect("it is one of three");
    // The first of two headers, proved by the second.
    let history = [[0; 8].as_slice(), &[2, 0, 0, 0, 0, 0, 0, 0], &NODE].concat();
    let keys = [[1; 32], [2; 32], [0x80; 32]];
    let account = Account {
        balance: Amount::from_units(5),
        nonce: 1,
    };
    let accounts = StateTree::from_sorted(keys.map(|key| (key, account))).expect("they are sorted");
    let proofs = [keys[0], [3; 32]].map(|key| accounts.prove(&key).to_bytes());
    [block.to_bytes(), header.to_bytes(), inclusion.to_bytes(), history]
        .into_iter()
        .chain(proofs)
        .collect()
}
