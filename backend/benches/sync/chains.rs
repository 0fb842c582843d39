//! The chains that are synced: their networks, and how they are made.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use backend::{
    chain::Chain,
    networks,
    store::Store,
    verify::{verify_block, verify_transfers},
};
use rayon::prelude::*;
use shared::{
    amount::Amount,
    key::{PublicKey, SecretKey},
    params::Network,
    transaction::{Memo, Note, SignedTransfer, Transfer, VerifiedTransfer},
};

/// How many accounts send and receive.
const ACCOUNTS: usize = 1_000;
/// Long enough ago for all chains, whose blocks are a second apart.
const GENESIS_TIME_MS: u64 = 1_735_689_600_000;
/// How many transfers are signed together, and how many blocks are durable together.
const SIGNED: u64 = 10_000;
const TOGETHER: u64 = 1_000;

/// A chain of blocks that are alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) blocks: u64,
    /// In each block.
    pub(crate) transfers: u64,
}

pub(crate) const KINDS: [Kind; 3] = [
    Kind {
        name: "rewards",
        blocks: 100_000,
        transfers: 0,
    },
    Kind {
        name: "single",
        blocks: 100_000,
        transfers: 1,
    },
    Kind {
        name: "full",
        blocks: 2_000,
        transfers: 500,
    },
];

impl Kind {
    /// A short one.
    pub(crate) const fn quick(self) -> Self {
        Self {
            blocks: self.blocks / 100,
            ..self
        }
    }

    /// The network `dev`, but that its accounts are rich from the start.
    pub(crate) fn network_file(self, folder: &Path) -> PathBuf {
        let dev = networks::load("dev").unwrap();
        let text = include_str!("../../networks/dev.toml");
        let text = text.lines().map(|line| match line.split_once(" = ") {
            Some(("genesis_time_ms", _)) => format!("genesis_time_ms = {GENESIS_TIME_MS}\n"),
            _ => format!("{line}\n"),
        });
        let mut text: String = text.collect();
        for key in accounts().iter().filter(|_| self.transfers > 0) {
            let address = dev.address(&key.public_key());
            write!(
                text,
                "[[allocations]]\naddress = \"{address}\"\namount = \"100000000000\"\n"
            )
            .unwrap();
        }
        fs::create_dir_all(folder).unwrap();
        let file = folder.join("network.toml");
        fs::write(&file, text).unwrap();
        file
    }

    /// Makes the chain, or what is missing of it.
    pub(crate) fn make(self, network: &Network, data: &Path) {
        let (store, tip) = Store::open(data, network).unwrap();
        let verify = Box::new(|block, network: &Network| verify_block(block, network, |_| None));
        let mut chain = Chain::new(network.clone().into(), store, tip, verify).unwrap();
        let accounts = accounts();
        let publics: Vec<PublicKey> = accounts.iter().map(SecretKey::public_key).collect();
        let together = SIGNED.checked_div(self.transfers).unwrap_or(TOGETHER);
        while chain.tip().height() < self.blocks {
            let first = chain.tip().height() * self.transfers;
            let count = together.min(self.blocks - chain.tip().height()) * self.transfers;
            let mut transfers = signed(network, first..first + count, &accounts, &publics).into_iter();
            for _ in 0..together.min(self.blocks - chain.tip().height()) {
                let some = transfers
                    .by_ref()
                    .take(usize::try_from(self.transfers).unwrap())
                    .collect();
                let tip = chain.tip();
                let time = tip.headers().header().timestamp + network.parameters().interval_ms;
                let miner = publics[usize::try_from(tip.height()).unwrap() % ACCOUNTS];
                let candidate = tip.prepare(network, miner, Note::default(), some, time).unwrap();
                let target = candidate.target().unwrap();
                let nonce = candidate.midstate().search(target, 0, u64::MAX).unwrap();
                let block = candidate.seal(network, nonce, time).unwrap();
                chain.submit_own(block).unwrap().unwrap();
            }
            chain.storage_mut().persist().unwrap();
        }
        assert_eq!(chain.tip().height(), self.blocks, "CAIRN_DATA holds another chain");
    }

    /// The canonical bytes of all blocks after genesis.
    pub(crate) fn blocks_of(self, network: &Network, data: &Path) -> Vec<Vec<u8>> {
        let (store, _) = Store::open(data, network).unwrap();
        let bytes = |height| store.reader().block_bytes(height).unwrap().unwrap().to_vec();
        (1..=self.blocks).map(bytes).collect()
    }
}

fn accounts() -> Vec<SecretKey> {
    let key = |number: usize| {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
        SecretKey::from_bytes(&bytes)
    };
    (0..ACCOUNTS).map(key).collect()
}

/// The transfers with these numbers, each of another account than the one before.
fn signed(
    network: &Network,
    numbers: std::ops::Range<u64>,
    accounts: &[SecretKey],
    publics: &[PublicKey],
) -> Vec<VerifiedTransfer> {
    let genesis = network.genesis_hash();
    let sign = |number: u64| {
        let count = ACCOUNTS as u64;
        let place = |number: u64| usize::try_from(number % count).unwrap();
        let (from, to) = (place(number), place(number * 7 + 3));
        let transfer = Transfer {
            sender: publics[from],
            recipient: publics[to],
            amount: Amount::from_units(1),
            fee: Amount::from_units(1),
            nonce: number / count,
            valid_until: 0,
            memo: Memo::default(),
        };
        transfer.sign(&genesis, &accounts[from])
    };
    let transfers: Vec<SignedTransfer> = numbers.into_par_iter().map(sign).collect();
    let verdicts = verify_transfers(&transfers, &genesis);
    verdicts.into_iter().map(|verdict| verdict.unwrap()).collect()
}
