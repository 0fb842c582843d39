//! The light client: what it takes, what it says became of its chain, and what it refuses.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod chains;

use std::{cell::OnceCell, collections::BTreeMap, convert::Infallible, sync::Arc};

use chains::{NOW, START, grow_at, key, network_with, order};
use proptest::prelude::*;
use ruint::aliases::U256;
use serde_json::Value;
use shared::{
    amount::Amount,
    api::{
        AccountJson, BlockJson, Decimal, HeaderJson, ParametersJson, PendingChange, RewardJson, Standing,
        TransactionJson, TransferJson, to_hex,
    },
    block::{Block, Header},
    chain_proof::{self, HeaderSource},
    hash::Hash,
    history::{HistoryNode, NodeSource, Position},
    light::{Adopted, BlockId, Contents, Lie, LightClient, MAX_BEHIND, MAX_KNOWN, Refusal, network_of},
    merkle,
    params::{Allocation, Network},
    rules::{Tip, leaf},
};

/// A whole chain in memory, and its node's answers.
#[derive(Clone)]
struct Chain {
    network: Arc<Network>,
    tips: Vec<Tip>,
    blocks: Vec<Block>,
    nodes: BTreeMap<Position, HistoryNode>,
}

impl NodeSource for Chain {
    type Error = Infallible;

    fn get(&self, position: Position) -> Result<HistoryNode, Infallible> {
        Ok(self.nodes[&position])
    }
}

impl HeaderSource for Chain {
    fn header(&self, height: u64) -> Result<Header, Infallible> {
        Ok(*self.tips[height as usize].headers().header())
    }
}

impl Chain {
    fn new() -> Self {
        let network = network();
        let tip = Tip::genesis(&network);
        let mut chain = Self {
            network,
            tips: vec![tip],
            blocks: Vec::new(),
            nodes: BTreeMap::new(),
        };
        chain.store(&[*chain.network.genesis()]);
        chain
    }

    fn of(count: u64) -> Self {
        let mut chain = Self::new();
        chain.mine(count, 1);
        chain
    }

    fn store(&mut self, headers: &[Header]) {
        let count = headers[0].height;
        let mut history =
            shared::history::History::at(&|position| Ok::<_, Infallible>(self.nodes[&position]), count).unwrap();
        for header in headers {
            let nodes = &mut self.nodes;
            history.append_with(leaf(header, header.hash()), |position, node| {
                nodes.insert(position, *node);
            });
        }
    }

    /// Blocks for a miner. Every fifth pays somebody.
    fn mine(&mut self, count: u64, miner: u8) {
        for _ in 0..count {
            let tip = self.tips.last().unwrap();
            let payer = tip.accounts().get(&key(1).0.0);
            let pays = tip.height() % 5 == 4 && payer.balance.units() >= 10;
            let orders = if pays {
                vec![order(1, 2, 7, 3, payer.nonce)]
            } else {
                Vec::new()
            };
            let time = tip.headers().header().timestamp + 1_000;
            let connected = grow_at(&self.network, tip, miner, orders, time);
            let header = *connected.tip.headers().header();
            self.blocks.push(connected.block.to_block());
            self.tips.push(connected.tip.clone());
            self.store(&[header]);
        }
    }

    /// The chain as it was at a height.
    fn back(&self, height: u64) -> Self {
        let mut chain = self.clone();
        chain.tips.truncate(height as usize + 1);
        chain.blocks.truncate(height as usize);
        chain
    }

    fn height(&self) -> u64 {
        self.tips.len() as u64 - 1
    }

    fn headers(&self, from: u64) -> Vec<Header> {
        self.tips[from as usize..]
            .iter()
            .map(|tip| *tip.headers().header())
            .collect()
    }

    fn proof(&self, also: &[u64]) -> Vec<u8> {
        let Ok(proof) = chain_proof::write(self, &self.network, self.height(), also);
        proof
    }

    fn client(&self) -> LightClient {
        let mut client = LightClient::new(Arc::clone(&self.network));
        client.adopt(&self.proof(&[]), NOW).unwrap();
        client
    }

    fn header_json(&self, height: u64) -> HeaderJson {
        let headers = self.tips[height as usize].headers();
        HeaderJson::new(headers.header(), headers.hash(), headers.work())
    }

    fn account(&self, number: u8, height: u64) -> AccountJson {
        let key = key(number).0;
        let accounts = self.tips[height as usize].accounts();
        let account = accounts.get(&key.0);
        AccountJson {
            address: self.network.address(&key),
            balance: account.balance,
            nonce: account.nonce,
            header: self.header_json(height),
            proof: to_hex(&accounts.prove(&key.0)),
            pending: PendingChange {
                incoming: Amount::ZERO,
                outgoing: Amount::ZERO,
                next_nonce: account.nonce,
            },
        }
    }

    fn transaction(&self, height: u64, index: usize) -> TransactionJson {
        let block = &self.blocks[height as usize - 1];
        let prefix = &self.network.parameters().prefix;
        let ids = block.transaction_ids();
        let transfer = index
            .checked_sub(1)
            .map(|place| TransferJson::new(prefix, &block.transfers[place]));
        TransactionJson {
            id: ids[index],
            reward: (index == 0).then(|| RewardJson::new(prefix, &block.reward, height)),
            transfer,
            standing: Standing::Mined {
                header: self.header_json(height),
                index: index as u64,
                confirmations: self.height() - height + 1,
                proof: to_hex(&merkle::inclusion_proof(&ids, index).unwrap()),
            },
        }
    }

    fn block(&self, height: u64) -> BlockJson {
        let headers = self.tips[height as usize].headers();
        match height.checked_sub(1) {
            None => BlockJson::genesis(headers.header(), headers.hash(), headers.work()),
            Some(place) => BlockJson::new(
                &self.network.parameters().prefix,
                &self.blocks[place as usize],
                headers.hash(),
                headers.work(),
            ),
        }
    }
}

fn network() -> Arc<Network> {
    network_with(|parameters| {
        let network = Network::new(parameters.clone()).unwrap();
        parameters.allocations = [3, 4]
            .map(|number| Allocation {
                address: network.address(&key(number).0),
                amount: Amount::from_units(u64::from(number)),
            })
            .into();
    })
    .into()
}

fn hash_of(chain: &Chain, height: u64) -> Option<Hash> {
    Some(chain.tips.get(height as usize)?.headers().hash())
}

/// Everything that the client knows is of this chain.
fn knows_only(client: &LightClient, chain: &Chain) {
    assert_eq!(client.tip().hash(), chain.tips.last().unwrap().headers().hash());
    let mut count = 0;
    for height in 0..chain.height() + 50 {
        if let Some(known) = client.known(height) {
            assert_eq!(Some(known.hash), hash_of(chain, height), "{height}");
            assert_eq!(known.work, chain.tips[height as usize].headers().work());
            count += 1;
        }
    }
    assert!(count >= 200.min(chain.height()), "{count} are known");
}

#[test]
fn a_proof_is_taken_and_what_became_of_the_chain_is_said() {
    let mut chain = Chain::of(300);
    let mut client = LightClient::new(Arc::clone(&chain.network));
    assert_eq!(client.tip().hash(), chain.network.genesis_hash());
    let adopted = client.adopt(&chain.proof(&[]), NOW).unwrap();
    assert_eq!(adopted, Adopted::Extended { blocks: 300 });
    assert_eq!(client.adopt(&chain.proof(&[]), NOW), Ok(Adopted::Unchanged));
    knows_only(&client, &chain);

    chain.mine(7, 1);
    assert_eq!(
        client.adopt(&chain.proof(&[]), NOW),
        Ok(Adopted::Extended { blocks: 7 })
    );
    knows_only(&client, &chain);

    // Two other blocks instead of the last one.
    let mut other = chain.back(306);
    other.mine(2, 2);
    let adopted = client.adopt(&other.proof(&[]), NOW).unwrap();
    assert_eq!(adopted, Adopted::Reorganised { depth: Some(1) });
    knows_only(&client, &other);

    // Back to a chain of the same work.
    chain.mine(1, 1);
    let adopted = client.adopt(&chain.proof(&[]), NOW).unwrap();
    assert_eq!(adopted, Adopted::Reorganised { depth: Some(2) });
    knows_only(&client, &chain);
}

#[test]
fn a_proof_that_leaves_the_old_tip_out_does_not_link_to_it() {
    let mut chain = Chain::of(40);
    let mut client = chain.client();
    let height = chain.height();
    // So far that the sample most likely leaves the old tip out.
    chain.mine(3_000, 1);
    let proof = chain.proof(&[]);
    let shows = chain_proof::verify(&proof, &chain.network, NOW * 2)
        .unwrap()
        .hash_at(height);
    let mut again = client.clone();
    let adopted = client.adopt(&proof, NOW * 2).unwrap();
    match shows {
        Some(_) => assert_eq!(adopted, Adopted::Extended { blocks: 3_000 }),
        None => assert_eq!(adopted, Adopted::Unlinked),
    }
    assert_eq!(client.tip().height(), 3_040);
    let adopted = again.adopt(&chain.proof(&[height]), NOW * 2).unwrap();
    assert_eq!(adopted, Adopted::Extended { blocks: 3_000 });
    // What was known of the same chain is kept.
    assert!((1..40).all(|height| again.known(height).map(|known| known.hash) == hash_of(&chain, height)));
}

#[test]
fn less_work_is_refused() {
    let chain = Chain::of(20);
    let mut client = chain.client();
    for lesser in [chain.back(19), Chain::new(), {
        let mut other = Chain::new();
        other.mine(19, 2);
        other
    }] {
        let refusal = client.adopt(&lesser.proof(&[]), NOW).unwrap_err();
        assert!(matches!(refusal, Refusal::Lie(Lie::LessWork { .. })), "{refusal}");
    }
    knows_only(&client, &chain);
    let mut branch = chain.back(17);
    branch.mine(2, 3);
    let refusal = client.extend(&branch.headers(18), NOW).unwrap_err();
    assert!(matches!(refusal, Refusal::Unknown { .. }), "{refusal}");
}

#[test]
fn headers_extend_and_reorganise() {
    let mut chain = Chain::of(10);
    let mut client = chain.client();
    assert_eq!(client.extend(&[], NOW), Ok(Adopted::Unchanged));
    chain.mine(12, 1);
    let adopted = client.extend(&chain.headers(11), NOW).unwrap();
    assert_eq!(adopted, Adopted::Extended { blocks: 12 });
    knows_only(&client, &chain);
    assert_eq!(client.extend(&chain.headers(15), NOW), Ok(Adopted::Unchanged));
    // Some that are known come again before new ones.
    chain.mine(2, 1);
    assert_eq!(
        client.extend(&chain.headers(20), NOW),
        Ok(Adopted::Extended { blocks: 2 })
    );

    let mut branch = chain.back(20);
    branch.mine(3, 2);
    let refusal = client.extend(&branch.headers(21), NOW).unwrap_err();
    assert!(matches!(refusal, Refusal::Lie(Lie::LessWork { .. })), "{refusal}");
    branch.mine(2, 2);
    // The first of these is common.
    let adopted = client.extend(&branch.headers(20), NOW).unwrap();
    assert_eq!(adopted, Adopted::Reorganised { depth: Some(4) });
    knows_only(&client, &branch);

    let unconnected = client.extend(&chain.headers(24), NOW).unwrap_err();
    assert_eq!(unconnected, Refusal::Unknown { height: 24 });
    branch.mine(2, 2);
    let mut broken = branch.headers(26);
    broken[1].timestamp = START;
    let refusal = client.extend(&broken, NOW).unwrap_err();
    assert!(
        matches!(refusal, Refusal::Lie(Lie::Header { height: 27, .. })),
        "{refusal}"
    );
    assert_eq!(client.tip().height(), 25);
}

#[test]
fn memory_is_bounded() {
    let mut chain = Chain::new();
    let mut client = chain.client();
    for _ in 0..5 {
        let from = chain.height() + 1;
        chain.mine(1_000, 1);
        client.extend(&chain.headers(from), NOW * 2).unwrap();
    }
    let known = (0..=5_000).filter(|height| client.known(*height).is_some()).count();
    assert_eq!(known, MAX_KNOWN);
    // A fork far below the tip needs a proof.
    let mut branch = chain.back(4_900);
    branch.mine(150, 2);
    assert_eq!(
        client.extend(&branch.headers(4_901), NOW * 2),
        Err(Refusal::Unknown { height: 4_901 })
    );
    let adopted = client.adopt(&branch.proof(&[]), NOW * 2).unwrap();
    assert_eq!(adopted, Adopted::Reorganised { depth: Some(100) });
}

#[test]
fn what_is_so_is_verified() {
    let chain = Chain::of(400);
    let mut client = chain.client();
    let tip = chain.height();
    for number in [1, 2, 3, 9] {
        for height in [tip, tip - 1, tip - MAX_BEHIND] {
            let verified = client
                .verify_account(&chain.account(number, height), &key(number).0)
                .unwrap();
            assert_eq!(
                verified.account,
                chain.tips[height as usize].accounts().get(&key(number).0.0)
            );
            assert_eq!(
                (verified.height, Some(verified.block_hash)),
                (height, hash_of(&chain, height))
            );
        }
    }
    // An old block, which the proof shows when it is asked to.
    let hidden = (1..140).find(|height| height % 5 == 0 && client.known(*height).is_none());
    for height in [tip, 395, hidden.unwrap_or(5)] {
        let height = height - height % 5;
        client.adopt(&chain.proof(&[height]), NOW).unwrap();
        for index in 0..2 {
            let answer = chain.transaction(height, index);
            let verified = client.verify_transaction(&answer, &answer.id).unwrap();
            assert_eq!(verified.confirmations, tip - height + 1);
            assert_eq!(Some(verified.block_hash), hash_of(&chain, height));
            assert_eq!(matches!(verified.contents, Contents::Reward(_)), index == 0);
        }
        let hash = hash_of(&chain, height).unwrap();
        for asked in [BlockId::Height(height), BlockId::Hash(hash)] {
            assert_eq!(
                client.verify_block(&chain.block(height), &asked).unwrap().height,
                height
            );
        }
        assert!(client.verify_header(&chain.header_json(height)).is_ok());
    }
    assert_eq!(
        client
            .verify_block(&chain.block(0), &BlockId::Height(0))
            .unwrap()
            .height,
        0
    );
}

#[test]
fn what_is_old_unknown_or_pending_is_refused_by_name() {
    let mut chain = Chain::of(60);
    let client = chain.client();
    let tip = chain.height();
    let stale = chain.account(1, tip - MAX_BEHIND - 1);
    let refusal = client.verify_account(&stale, &key(1).0).unwrap_err();
    assert!(
        matches!(&refusal, Refusal::Lie(lie @ Lie::Behind { .. }) if lie.may_be_late()),
        "{refusal}"
    );

    let mut other = chain.back(58);
    other.mine(2, 2);
    let refusal = client.verify_account(&other.account(1, 60), &key(1).0).unwrap_err();
    assert!(
        matches!(&refusal, Refusal::Lie(lie @ Lie::OffChain { .. }) if lie.may_be_late()),
        "{refusal}"
    );

    chain.mine(1, 1);
    let refusal = client.verify_account(&chain.account(1, 61), &key(1).0).unwrap_err();
    assert_eq!(refusal, Refusal::Unknown { height: 61 });

    let mut pending = chain.transaction(60, 1);
    pending.standing = Standing::Pending { place: 1, since: NOW };
    let id = pending.id;
    assert_eq!(client.verify_transaction(&pending, &id), Err(Refusal::Pending { id }));
    // That it is another transfer is seen even so.
    pending.transfer.as_mut().unwrap().amount = Amount::from_units(8);
    assert!(matches!(
        client.verify_transaction(&pending, &id),
        Err(Refusal::Lie(Lie::Contents { .. }))
    ));
}

#[test]
fn parameters_are_those_of_the_genesis_hash() {
    let network = network();
    let answer = ParametersJson {
        genesis_hash: network.genesis_hash(),
        parameters_hash: network.parameters_hash(),
        parameters: network.parameters().clone(),
        bytes: hex::encode(network.parameters_bytes()),
    };
    let found = network_of(&answer, &network.genesis_hash()).unwrap();
    assert_eq!(found.parameters(), network.parameters());
    let other = network_with(|parameters| parameters.name = "other".into());
    let refusal = network_of(&answer, &other.genesis_hash()).unwrap_err();
    assert!(matches!(refusal, Refusal::Lie(Lie::OtherNetwork { .. })), "{refusal}");
    let mut more = answer.clone();
    more.parameters.allocations[0].amount = Amount::from_units(1_000_000);
    assert!(network_of(&more, &network.genesis_hash()).is_err());
    let mut none = answer.clone();
    none.parameters.interval_ms = 0;
    let refusal = network_of(&none, &network.genesis_hash()).unwrap_err();
    assert_eq!(refusal, Refusal::Malformed { what: "parameters" });
    for (field, change) in [("parameters_hash", "00"), ("bytes", "00")] {
        let mut json = serde_json::to_value(&answer).unwrap();
        let text = json[field].as_str().unwrap().to_owned();
        json[field] = Value::from(format!("{change}{}", &text[2..]).replacen("0000", "0001", 1));
        let changed: ParametersJson = serde_json::from_value(json).unwrap();
        if changed != answer {
            let refusal = network_of(&changed, &network.genesis_hash()).unwrap_err();
            assert!(
                matches!(refusal, Refusal::Lie(Lie::Parameters { .. })),
                "{field}: {refusal}"
            );
        }
    }
}

/// Changes one place of one leaf of the JSON, and says where.
fn change(json: &mut Value, choice: usize, bit: u8) -> String {
    let mut paths = Vec::new();
    leaves(json, String::new(), &mut paths);
    let path = paths[choice % paths.len()].clone();
    let leaf = json.pointer_mut(&path).unwrap();
    *leaf = match leaf {
        Value::String(text) => {
            let mut bytes = text.clone().into_bytes();
            let place = (choice / 7) % bytes.len().max(1);
            match bytes.get_mut(place) {
                Some(digit @ (b'0'..=b'9' | b'a'..=b'f')) => {
                    let digits = b"0123456789abcdef";
                    let value = digits.iter().position(|known| known == digit).unwrap();
                    *digit = digits[(value ^ (1 << (bit % 3))) % 10];
                }
                Some(other) => *other = if *other == b'q' { b'p' } else { b'q' },
                None => bytes.push(b'1'),
            }
            Value::from(String::from_utf8(bytes).unwrap())
        }
        Value::Number(number) => Value::from(number.as_u64().unwrap() ^ (1 << (bit % 50))),
        _ => Value::from(7),
    };
    path
}

fn leaves(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                leaves(field, format!("{path}/{name}"), paths);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                leaves(item, format!("{path}/{place}"), paths);
            }
        }
        _ => paths.push(path),
    }
}

thread_local! {
    static CHAIN: OnceCell<Chain> = const { OnceCell::new() };
}

fn with_chain(test: impl FnOnce(&Chain)) {
    CHAIN.with(|chain| test(chain.get_or_init(|| Chain::of(30))));
}

proptest! {
    #[test]
    fn no_changed_answer_is_verified(choice in any::<usize>(), bit in any::<u8>(), kind in 0..4) {
        with_chain(|chain| {
            let client = chain.client();
            let (account, transfer, block) = (chain.account(1, 30), chain.transaction(25, 1), chain.block(25));
            let reward = chain.transaction(25, 0);
            let honest = match kind {
                0 => serde_json::to_value(&account),
                1 => serde_json::to_value(&transfer),
                2 => serde_json::to_value(&reward),
                _ => serde_json::to_value(&block),
            }.unwrap();
            let mut changed = honest.clone();
            let path = change(&mut changed, choice, bit);
            assert_ne!(changed, honest, "{path} was left as it was");
            let is_verified = match kind {
                0 => serde_json::from_value::<AccountJson>(changed)
                    .is_ok_and(|answer| client.verify_account(&answer, &key(1).0).is_ok()),
                1 => serde_json::from_value::<TransactionJson>(changed)
                    .is_ok_and(|answer| client.verify_transaction(&answer, &transfer.id).is_ok()),
                2 => serde_json::from_value::<TransactionJson>(changed)
                    .is_ok_and(|answer| client.verify_transaction(&answer, &reward.id).is_ok()),
                _ => serde_json::from_value::<BlockJson>(changed)
                    .is_ok_and(|answer| client.verify_block(&answer, &BlockId::Height(25)).is_ok()),
            };
            // The pending change is the node's word, and ids of transfers are not read.
            let is_word = path.starts_with("/pending") || path.ends_with("/id") && path.starts_with("/trans");
            assert!(!is_verified || is_word, "{path}");
        });
    }

    #[test]
    fn a_client_follows_the_heaviest_chain_it_was_shown(
        steps in proptest::collection::vec((1_u64..6, 0_u64..8, any::<bool>()), 1..12),
    ) {
        let mut chain = Chain::of(3);
        let mut client = chain.client();
        for (step, (mined, undone, by_proof)) in steps.into_iter().enumerate() {
            let held = client.tip().work();
            let mut other = chain.back(chain.height().saturating_sub(undone));
            let from = other.height() + 1;
            other.mine(mined, 10 + step as u8);
            let offered = other.tips.last().unwrap().headers().work();
            let taken = if by_proof {
                client.adopt(&other.proof(&[]), NOW)
            } else {
                client.extend(&other.headers(from), NOW)
            };
            if matches!(taken, Err(Refusal::Unknown { .. })) {
                // Its parent was not kept: a proof decides.
                let again = client.adopt(&other.proof(&[]), NOW);
                prop_assert_eq!(again.is_ok(), offered >= held);
            } else {
                prop_assert_eq!(taken.is_ok(), offered >= held, "{:?}", taken);
            }
            if offered >= held {
                chain = other;
            }
            knows_only(&client, &chain);
        }
    }
}

#[test]
fn work_is_told_as_it_is() {
    let chain = Chain::of(12);
    let client = chain.client();
    let mut header = chain.header_json(12);
    header.work = Decimal(header.work.0 + U256::from(1));
    let refusal = client.verify_header(&header).unwrap_err();
    assert!(
        matches!(refusal, Refusal::Lie(Lie::Work { height: 12, .. })),
        "{refusal}"
    );
}
