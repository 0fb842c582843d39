//! A node with a chain of 320 blocks, another on a fork of it, and what they said at earlier times.

use std::{net::SocketAddr, sync::Arc};

use backend::{clock::SystemClock, light::Light};
use shared::{block::Header, hash::Hash, key::PublicKey, params::Network, transaction::SignedTransfer};
use tokio::runtime::Runtime;

use crate::{
    lies::Ask,
    proxy::{Reply, fetch},
    served::{self, Served, person},
};

/// Where the fork leaves the chain.
pub(crate) const FORK: u64 = 315;
/// The block of the first transfer.
const FIRST: u64 = 41;
/// When what is replayed was said.
const EARLIER: u64 = 310;
const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";

pub(crate) struct World {
    runtime: Runtime,
    served: Served,
    pub(crate) network: Arc<Network>,
    pub(crate) address: SocketAddr,
    pub(crate) url: String,
    pub(crate) height: u64,
    pub(crate) tip_hash: Hash,
    /// In base units.
    pub(crate) balance: String,
    pub(crate) headers: Vec<Header>,
    pub(crate) proof: Vec<u8>,
    pub(crate) transfer: Hash,
    pub(crate) other_transfer: Hash,
    pub(crate) reward: Hash,
    /// As long as the chain.
    _fork: Served,
    pub(crate) fork_url: String,
    pub(crate) fork_address: SocketAddr,
    /// Only the fork has it.
    pub(crate) fork_transfer: Hash,
    /// When it had two blocks less.
    pub(crate) lighter_proof: Vec<u8>,
    pub(crate) earlier_proof: Vec<u8>,
    pub(crate) earlier_account: Reply,
    pub(crate) earlier_transfer: Reply,
}

pub(crate) fn payer() -> PublicKey {
    person(1).public_key()
}

pub(crate) fn payee() -> PublicKey {
    person(2).public_key()
}

pub(crate) fn stranger() -> PublicKey {
    person(9).public_key()
}

fn id(transfer: &SignedTransfer) -> Hash {
    transfer.id()
}

impl World {
    pub(crate) fn new() -> Self {
        // Which headers a proof shows is drawn from its tip. Here the first transfer's block is not to be among them, so
        // that whoever asks for it needs a second proof.
        loop {
            let world = Self::mined();
            let proved = shared::chain_proof::verify(&world.proof, &world.network, u64::MAX / 2).unwrap();
            if proved.hash_at(FIRST).is_none() {
                return world;
            }
        }
    }

    fn mined() -> Self {
        let runtime = Runtime::new().unwrap();
        let (served, fork) = runtime.block_on(async { (Served::start().await, Served::start().await) });
        let (address, fork_address) = (served.address, fork.address);
        let network = Arc::new(served.node.network().clone());
        let account = format!("/blockchain/accounts/{}", network.address(&payer()));
        let said = |address, path: &str, accept| fetch(&agent(), address, path, accept);

        let first = served::transfer(&person(1), &person(2), 150, 0);
        let second = served::transfer(&person(1), &person(2), 170, 1);
        let aside = served::transfer(&person(1), &person(2), 999, 2);
        runtime.block_on(async {
            served.mine(&payer(), FIRST - 1).await;
            assert_eq!(served.submit(&first).await.status, 201);
            served.mine(&payer(), 1).await;
            served.mine(&payer(), 300 - FIRST).await;
            assert_eq!(served.submit(&second).await.status, 201);
            served.mine(&payer(), 1).await;
            served.mine(&payer(), EARLIER - 301).await;
        });
        let earlier_proof = said(address, "/blockchain/proof", OCTETS).body;
        let earlier_account = said(address, &account, JSON);
        let earlier_transfer = said(address, &format!("/blockchain/transactions/{}", id(&first)), JSON);
        let lighter_proof = runtime.block_on(async {
            served.mine(&payer(), FORK - EARLIER).await;
            follow(&served, &fork).await;
            assert_eq!(fork.submit(&aside).await.status, 201);
            fork.mine(&payer(), 3).await;
            let proof =
                tokio::task::spawn_blocking(move || fetch(&agent(), fork_address, "/blockchain/proof", OCTETS).body);
            let proof = proof.await.unwrap();
            fork.mine(&payer(), 2).await;
            served.mine(&payer(), 5).await;
            proof
        });
        let view = served.node.view();
        let headers: Vec<Header> = (0..=view.tip().height())
            .map(|height| view.reader().summary(height).unwrap().unwrap().header)
            .collect();
        let reward = view.reader().block(300).unwrap().unwrap().transaction_ids()[0];
        Self {
            network,
            address,
            url: format!("http://{address}"),
            height: view.tip().height(),
            tip_hash: view.tip().hash(),
            balance: view.tip().accounts().get(&payer().0).balance.units().to_string(),
            headers,
            proof: said(address, "/blockchain/proof", OCTETS).body,
            transfer: id(&first),
            other_transfer: id(&second),
            reward,
            fork_url: format!("http://{fork_address}"),
            fork_address,
            _fork: fork,
            fork_transfer: id(&aside),
            lighter_proof,
            earlier_proof,
            earlier_account,
            earlier_transfer,
            served,
            runtime,
        }
    }

    pub(crate) fn mine(&self, count: u64) {
        self.runtime.block_on(self.served.mine(&payer(), count));
    }

    /// The words of a question.
    pub(crate) fn question(&self, ask: Ask) -> Vec<&'static str> {
        let word = |text: String| -> &'static str { text.leak() };
        let address = |key: &PublicKey| word(self.network.address(key));
        match ask {
            Ask::Tip => vec!["tip"],
            Ask::Balance => vec!["balance", address(&payer())],
            Ask::Absent => vec!["balance", address(&stranger())],
            Ask::Transfer => vec!["transaction", word(self.transfer.to_string())],
            Ask::ForkTransfer => vec!["transaction", word(self.fork_transfer.to_string())],
            Ask::Reward => vec!["transaction", word(self.reward.to_string())],
        }
    }

    /// Where the answer comes from.
    pub(crate) fn route(&self, ask: Ask) -> String {
        let height = self.height;
        match ask {
            Ask::Tip => format!("/blockchain/headers?from={height}&limit=1"),
            Ask::Balance | Ask::Absent => format!("/blockchain/accounts/{}?at={height}", self.question(ask)[1]),
            Ask::Transfer | Ask::ForkTransfer | Ask::Reward => {
                format!("/blockchain/transactions/{}", self.question(ask)[1])
            }
        }
    }

    /// Asks as the command does.
    pub(crate) fn ask(&self, light: &mut Light<SystemClock>, ask: Ask) -> anyhow::Result<()> {
        match ask {
            Ask::Tip => light.tip().map(drop)?,
            Ask::Balance => light.account(&payer()).map(drop)?,
            Ask::Absent => light.account(&stranger()).map(drop)?,
            Ask::Transfer => light.transaction(&self.transfer).map(drop)?,
            Ask::ForkTransfer => light.transaction(&self.fork_transfer).map(drop)?,
            Ask::Reward => light.transaction(&self.reward).map(drop)?,
        }
        Ok(())
    }

    /// What the node says itself.
    pub(crate) fn fetch(&self, path: &str) -> Reply {
        fetch(&agent(), self.address, path, JSON)
    }
}

/// Gives all blocks of one node to another.
async fn follow(from: &Served, to: &Served) {
    let view = from.node.view();
    for height in 1..=view.tip().height() {
        let block = view.reader().block(height).unwrap().unwrap();
        to.node.submit_block(block).await.unwrap();
    }
    assert_eq!(to.node.view().tip().hash(), view.tip().hash());
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}
