//! Makes what tests need: networks, keys, transfers, blocks.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use backend::networks;
use shared::{
    amount::Amount,
    hash::Hash,
    key::{PublicKey, SecretKey},
    params::{Allocation, Network},
    rules::{ConnectedBlock, Tip},
    transaction::{Memo, Note, SignedTransfer, Transfer, VerifiedTransfer},
};

/// The time of all tests that do not care: a day after the genesis block.
pub fn now_ms(network: &Network) -> u64 {
    network.parameters().genesis_time_ms + 86_400_000
}

/// The secret key with this number.
pub fn secret(number: u8) -> SecretKey {
    SecretKey::from_bytes(&[number; 32])
}

/// Its public key.
pub fn public(number: u8) -> PublicKey {
    secret(number).public_key()
}

/// The development network, where the keys below `rich` have 1,000 coins each.
pub fn network(rich: u8) -> Network {
    network_with(rich, 1_000)
}

/// The same, with this depth of reorganisations.
pub fn network_with(rich: u8, max_reorg_depth: u32) -> Network {
    let dev = networks::load("dev").unwrap();
    let mut parameters = dev.parameters().clone();
    parameters.max_reorg_depth = max_reorg_depth;
    parameters.allocations = (0..rich)
        .map(|number| Allocation {
            address: dev.address(&public(number)),
            amount: Amount::from_units(1_000 * Amount::PER_COIN),
        })
        .collect();
    Network::new(parameters).unwrap()
}

/// What a transfer of a test consists of.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    pub from: u8,
    pub to: u8,
    pub amount: u64,
    pub fee: u64,
    pub nonce: u64,
    pub valid_until: u64,
}

impl Order {
    /// One unit without fee.
    pub const fn new(from: u8, to: u8, nonce: u64) -> Self {
        Self {
            from,
            to,
            amount: 1,
            fee: 0,
            nonce,
            valid_until: 0,
        }
    }

    pub const fn fee(self, fee: u64) -> Self {
        Self { fee, ..self }
    }

    pub const fn amount(self, amount: u64) -> Self {
        Self { amount, ..self }
    }

    pub const fn valid_until(self, valid_until: u64) -> Self {
        Self { valid_until, ..self }
    }

    pub fn sign(self, genesis: &Hash) -> SignedTransfer {
        Transfer {
            sender: public(self.from),
            recipient: public(self.to),
            amount: Amount::from_units(self.amount),
            fee: Amount::from_units(self.fee),
            nonce: self.nonce,
            valid_until: self.valid_until,
            memo: Memo::default(),
        }
        .sign(genesis, &secret(self.from))
    }

    pub fn verified(self, genesis: &Hash) -> VerifiedTransfer {
        self.sign(genesis).verify(genesis).unwrap()
    }
}

/// Mines a block on a tip, paying the key with this number. The note tells blocks apart.
pub fn mine(
    network: &Network,
    tip: &Tip,
    recipient: u8,
    note: u64,
    transfers: Vec<VerifiedTransfer>,
) -> ConnectedBlock {
    let now_ms = now_ms(network);
    let note = Note::new(&note.to_le_bytes()).unwrap();
    let candidate = tip
        .prepare(network, public(recipient), note, transfers, now_ms)
        .unwrap();
    let target = candidate.target().unwrap();
    let nonce = candidate.midstate().search(target, 0, u64::MAX).unwrap();
    candidate.seal(network, nonce, now_ms).unwrap()
}
