//! The chain of which all is: its network, the blocks with which each victim begins, and what offenders show in place of it.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use backend::{
    chain::Chain,
    networks,
    store::Store,
    sync::{Status, VERSION},
    verify::verify_block,
};
use ruint::aliases::U256;
use shared::{
    amount::Amount,
    block::{Block, Header},
    hash::Hash,
    key::{PublicKey, SecretKey},
    params::Network,
    rules::HeaderChain,
    transaction::{Memo, Note, Reward, SignedTransfer, Transfer, VerifiedTransfer},
};
use tempfile::TempDir;

use crate::{
    forged::{Forged, work},
    workshop::{Order, public, secret},
};

/// Long enough ago for all headers, which are a second apart at most.
const GENESIS_TIME_MS: u64 = 1_735_689_600_000;
/// How many accounts can pay; and the one after them, which has paid.
pub(crate) const SENDERS: u64 = 100;
const PAID: u8 = 100;
/// How many blocks a victim begins with. They are far ahead of their time, which makes them heavy.
const BLOCKS: u64 = 110;
/// How many transfers the last of them has: some 300 KiB.
const TRANSFERS: u64 = 1_500;
/// How many headers there are with little work, and how many with more than a victim comes to.
const LIGHT: usize = 12_000;
const HEAVY: usize = 200;

pub(crate) struct World {
    /// The network's file.
    pub(crate) file: PathBuf,
    pub(crate) network: Network,
    /// The keys of those who can pay.
    keys: Vec<(SecretKey, PublicKey)>,
    /// The transfers of a victim's last block.
    paid: Vec<VerifiedTransfer>,
    /// The chain that a victim begins with.
    pub(crate) chain: HeaderChain,
    light: Vec<Header>,
    /// A chain that begins with the same headers.
    heavy: Vec<Header>,
    heaviest: U256,
    _folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("network.toml");
        fs::write(&file, network_file()).unwrap();
        let network = networks::load(file.to_str().unwrap()).unwrap();
        let genesis = network.genesis_hash();
        let paid = (0..TRANSFERS).map(|nonce| Order::new(PAID, 1, nonce).verified(&genesis));
        let paid: Vec<VerifiedTransfer> = paid.collect();
        let (mut heavy, chain) = make(&network, &paid, &folder.path().join("data"));
        let (light, least) = branch(&network, HeaderChain::genesis(&network), LIGHT);
        let (more, heaviest) = branch(&network, chain.clone(), HEAVY);
        heavy.extend(more);
        assert!(least < chain.work() && chain.work() < heaviest, "the premise");
        Self {
            file,
            network,
            keys: (0..PAID).map(|number| (secret(number), public(number))).collect(),
            paid,
            chain,
            light,
            heavy,
            heaviest,
            _folder: folder,
        }
    }

    /// Makes the blocks of a victim, always the same.
    pub(crate) fn make(&self, data: &Path) {
        make(&self.network, &self.paid, data);
    }

    /// A transfer of one unit from one of those who can pay to the next.
    pub(crate) fn transfer(&self, from: usize, nonce: u64) -> SignedTransfer {
        let (secret, sender) = &self.keys[from];
        let transfer = Transfer {
            sender: *sender,
            recipient: self.keys[(from + 1) % self.keys.len()].1,
            amount: Amount::from_units(1),
            fee: Amount::from_units(0),
            nonce,
            valid_until: 0,
            memo: Memo::default(),
        };
        transfer.sign(&self.network.genesis_hash(), secret)
    }

    /// What a peer shows that has nothing but what a victim begins with.
    pub(crate) fn honest(&self) -> Forged {
        Forged {
            blocks: Vec::new(),
            status: Status {
                version: VERSION,
                genesis: self.network.genesis_hash(),
                height: self.chain.height(),
                tip: self.chain.hash(),
                work: self.chain.work(),
            },
        }
    }

    /// What one shows that claims a chain which nothing bears out.
    pub(crate) fn claimed(&self) -> Forged {
        let mut forged = self.honest();
        forged.status.height = 1_000_000;
        forged.status.tip = Hash([9; 32]);
        forged.status.work *= U256::from(10);
        forged
    }

    /// The same with headers that keep all rules and cost next to nothing.
    pub(crate) fn light(&self) -> Forged {
        Forged {
            blocks: bare(&self.light),
            ..self.claimed()
        }
    }

    /// Headers that are heavier than the victim's chain, as is claimed. Their blocks are nowhere.
    pub(crate) fn heavy(&self) -> Forged {
        let mut forged = self.honest();
        forged.blocks = bare(&self.heavy);
        let last = self.heavy[self.heavy.len() - 1];
        forged.status.height = last.height;
        forged.status.tip = last.hash();
        forged.status.work = self.heaviest;
        forged
    }
}

/// The network `dev`, but that its difficulty follows the clock, and some are rich from the start.
fn network_file() -> String {
    let dev = networks::load("dev").unwrap();
    let text = include_str!("../../networks/dev.toml").lines();
    let text = text.map(|line| match line.split_once(" = ") {
        Some(("genesis_time_ms", _)) => format!("genesis_time_ms = {GENESIS_TIME_MS}\n"),
        Some(("kind", _)) => "kind = \"asert\"\nhalf_life_ms = 10000\n".to_owned(),
        Some(("bits", _)) => "bits = 0x2100ffff\n".to_owned(),
        _ => format!("{line}\n"),
    });
    let mut text: String = text.collect();
    for number in 0..=PAID {
        let address = dev.address(&public(number));
        write!(
            text,
            "[[allocations]]\naddress = \"{address}\"\namount = \"100000000000\"\n"
        )
        .unwrap();
    }
    text
}

fn make(network: &Network, paid: &[VerifiedTransfer], data: &Path) -> (Vec<Header>, HeaderChain) {
    let (store, tip) = Store::open(data, network).unwrap();
    let verify = Box::new(|block, network: &Network| verify_block(block, network, |_| None));
    let mut chain = Chain::new(network.clone().into(), store, tip, verify).unwrap();
    let mut headers = Vec::new();
    for height in 1..=BLOCKS {
        let now_ms = GENESIS_TIME_MS + height;
        let transfers = if height == BLOCKS { paid.to_vec() } else { Vec::new() };
        let tip = chain.tip();
        let candidate = tip.prepare(network, public(5), Note::default(), transfers, now_ms);
        let candidate = candidate.unwrap();
        let target = candidate.target().unwrap();
        let nonce = candidate.midstate().search(target, 0, u64::MAX).unwrap();
        let block = candidate.seal(network, nonce, now_ms).unwrap();
        chain.submit_own(block).unwrap().unwrap();
        headers.push(*chain.tip().headers().header());
    }
    chain.storage_mut().persist().unwrap();
    (headers, chain.tip().headers().clone())
}

/// Headers that may follow, a second apart; and the work of the chain with them.
fn branch(network: &Network, mut chain: HeaderChain, count: usize) -> (Vec<Header>, U256) {
    let mut headers = Vec::new();
    while headers.len() < count {
        let header = work(Header {
            version: Header::VERSION,
            height: chain.height() + 1,
            previous_hash: chain.hash(),
            history_root: chain.history().root(),
            transactions_root: Hash::ZERO,
            state_root: Hash::ZERO,
            timestamp: chain.header().timestamp + 1_000,
            bits: chain.next_bits(network),
            nonce: 0,
        });
        chain = chain.accept(network, &header, u64::MAX).unwrap();
        headers.push(header);
    }
    (headers, chain.work())
}

/// Blocks of headers alone.
fn bare(headers: &[Header]) -> Vec<Block> {
    let block = |header: &Header| Block {
        header: *header,
        reward: reward(),
        transfers: Vec::new(),
    };
    headers.iter().map(block).collect()
}

/// What a block pays that is nowhere.
pub(crate) fn reward() -> Reward {
    Reward {
        recipient: public(6),
        amount: Amount::from_units(1),
        note: Note::default(),
    }
}
