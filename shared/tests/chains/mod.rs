//! Small chains for tests: keys by number, blocks that take two attempts.

#![allow(dead_code, reason = "each test file uses its part")]

use shared::{
    amount::Amount,
    block::Block,
    key::{PublicKey, SecretKey},
    params::{Difficulty, Network, Parameters},
    rules::{ConnectedBlock, RuleError, Tip, VerifiedBlock},
    transaction::{Memo, Note, Transfer, VerifiedTransfer},
};

/// The genesis time of the test networks.
pub(crate) const START: u64 = 1_000_000_000_000;
/// The verifier's clock.
pub(crate) const NOW: u64 = START + 1_000_000_000;

/// Parameters with almost no work.
pub(crate) fn quick() -> Parameters {
    Parameters {
        name: "test".into(),
        symbol: "TEST".into(),
        prefix: "test".parse().unwrap(),
        subsidy: Amount::from_units(5_000_000_000),
        halving_interval: 10,
        interval_ms: 1_000,
        max_future_ms: 10_000,
        max_block_bytes: 1 << 20,
        max_block_transfers: 1_000,
        max_reorg_depth: 100,
        genesis_time_ms: START,
        difficulty: Difficulty::Fixed { bits: 0x207f_ffff },
        allocations: Vec::new(),
    }
}

pub(crate) fn network() -> Network {
    network_with(|_| {})
}

pub(crate) fn network_with(change: impl FnOnce(&mut Parameters)) -> Network {
    let mut parameters = quick();
    change(&mut parameters);
    Network::new(parameters).unwrap()
}

/// The key with a number.
pub(crate) fn key(number: u8) -> (PublicKey, SecretKey) {
    let secret = SecretKey::from_bytes(&[number; 32]);
    (secret.public_key(), secret)
}

/// An order between keys by their numbers.
pub(crate) fn order(from: u8, to: u8, amount: u64, fee: u64, nonce: u64) -> Transfer {
    Transfer {
        sender: key(from).0,
        recipient: key(to).0,
        amount: Amount::from_units(amount),
        fee: Amount::from_units(fee),
        nonce,
        valid_until: 0,
        memo: Memo::default(),
    }
}

/// Signs orders of keys 1 to 8.
pub(crate) fn sign_all(network: &Network, orders: impl IntoIterator<Item = Transfer>) -> Vec<VerifiedTransfer> {
    let genesis = network.genesis_hash();
    let sign = |order: Transfer| {
        let (_, secret) = (1..=8).map(key).find(|(public, _)| *public == order.sender).unwrap();
        order.sign(&genesis, &secret).verify(&genesis).unwrap()
    };
    orders.into_iter().map(sign).collect()
}

/// A block on `tip`, paid to the key `miner`.
pub(crate) fn grow(network: &Network, tip: &Tip, miner: u8, orders: Vec<Transfer>) -> ConnectedBlock {
    grow_at(network, tip, miner, orders, tip.headers().header().timestamp + 1_000)
}

/// A block with a timestamp.
pub(crate) fn grow_at(network: &Network, tip: &Tip, miner: u8, orders: Vec<Transfer>, time: u64) -> ConnectedBlock {
    let transfers = sign_all(network, orders);
    let candidate = tip
        .prepare(network, key(miner).0, Note::default(), transfers, time)
        .unwrap();
    let target = candidate.target().unwrap();
    let nonce = candidate.midstate().search(target, 0, u64::MAX).unwrap();
    candidate.seal(network, nonce, NOW).unwrap()
}

/// A block as it arrives, verified by itself.
pub(crate) fn verify(network: &Network, block: Block) -> Result<VerifiedBlock, RuleError> {
    VerifiedBlock::verify(block, network, |transfers, _| {
        let genesis = network.genesis_hash();
        VerifiedTransfer::verify_all(transfers, &genesis, &mut Counter(0)).map_err(|(_, error)| error)
    })
}

/// A generator for tests, where predictability is wanted.
pub(crate) struct Counter(pub(crate) u64);

impl rand_core::TryRng for Counter {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|word| (word >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 += 1;
        Ok(self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counter {}
