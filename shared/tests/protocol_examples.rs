//! The worked examples of docs/protocol.md: every value is computed anew from the inputs that stand in the document.
//!
//! A block `example name` holds lines `key = value`; indented lines continue a value. A check reads some of the values
//! and computes all others. Where one differs, the test prints what the document should say.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    fs,
    path::Path,
};

use ruint::{Uint, aliases::U256};
use sha2::{Digest, Sha256};
use shared::{
    address,
    amount::Amount,
    api::TransferJson,
    block::{Block, Header},
    chain_proof,
    codec::{Decode, Encode},
    difficulty::Asert,
    hash::{Hash, Tag, sha256},
    history::{History, HistoryNode, HistoryProof, Position},
    key::{PublicKey, SecretKey, verify},
    merkle::{self, InclusionProof},
    message,
    params::{Difficulty, Network, Parameters},
    phrase::{Passphrase, Phrase},
    pow::Target,
    rules::{ConnectedBlock, HeaderChain, Tip, VerifiedBlock},
    slip10::{ExtendedKey, Path as KeyPath, account_key},
    state::{Account, AccountProof, StateTree},
    transaction::{Memo, Note, Reward, SignedTransfer, Transfer},
};

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

/// One block of the document.
struct Example {
    name: String,
    values: BTreeMap<String, String>,
    used: RefCell<BTreeSet<String>>,
    wrong: RefCell<Vec<String>>,
}

impl Example {
    fn all() -> Vec<Self> {
        let blocks = DOCUMENT.split("\n```example ").skip(1);
        blocks
            .map(|block| Self::parse(block.split_once("\n```").unwrap().0))
            .collect()
    }

    fn named(name: &str) -> Self {
        let found = Self::all().into_iter().find(|example| example.name == name);
        found.unwrap_or_else(|| panic!("docs/protocol.md has no example {name}"))
    }

    fn parse(block: &str) -> Self {
        let mut lines = block.lines();
        let name = lines.next().unwrap().to_owned();
        let mut values = BTreeMap::new();
        let mut last = String::new();
        for line in lines {
            if line.starts_with(' ') {
                let value: &mut String = values.get_mut(&last).unwrap();
                value.push_str(line.trim());
            } else {
                let (key, value) = line.split_once(" = ").unwrap_or_else(|| panic!("{name}: {line:?}"));
                last = key.to_owned();
                let earlier = values.insert(key.to_owned(), value.to_owned());
                assert_eq!(earlier, None, "{name}: {key} stands twice");
            }
        }
        Self {
            name,
            values,
            used: RefCell::default(),
            wrong: RefCell::default(),
        }
    }

    /// An input as text.
    fn text(&self, key: &str) -> &str {
        self.used.borrow_mut().insert(key.to_owned());
        let value = self.values.get(key);
        value.unwrap_or_else(|| panic!("example {} has no {key}", self.name))
    }

    fn number(&self, key: &str) -> u64 {
        self.text(key).parse().unwrap()
    }

    fn amount(&self, key: &str) -> Amount {
        Amount::from_units(self.number(key))
    }

    fn bytes(&self, key: &str) -> Vec<u8> {
        hex::decode(self.text(key)).unwrap_or_else(|error| panic!("{key}: {error}"))
    }

    fn array<const N: usize>(&self, key: &str) -> [u8; N] {
        self.bytes(key).try_into().unwrap()
    }

    fn hash(&self, key: &str) -> Hash {
        Hash(self.array(key))
    }

    fn secret(&self, key: &str) -> SecretKey {
        SecretKey::from_bytes(&self.array(key))
    }

    fn bits(&self, key: &str) -> u32 {
        u32::from_str_radix(self.text(key), 16).unwrap()
    }

    /// Compares an output.
    fn expect(&self, key: &str, right: impl Display) {
        let right = right.to_string();
        self.used.borrow_mut().insert(key.to_owned());
        if self.values.get(key) != Some(&right) {
            self.wrong.borrow_mut().push(format!("{key} = {right}"));
        }
    }

    fn expect_bytes(&self, key: &str, right: &[u8]) {
        self.expect(key, hex::encode(right));
    }

    /// Nothing was wrong, and nothing stands in the document that was not looked at.
    fn finish(self) {
        let wrong = self.wrong.into_inner();
        assert!(wrong.is_empty(), "in example {}:\n{}\n", self.name, wrong.join("\n"));
        let used = self.used.into_inner();
        let unknown: Vec<_> = self.values.keys().filter(|key| !used.contains(*key)).collect();
        assert!(
            unknown.is_empty(),
            "example {} has {unknown:?}, which nothing checks",
            self.name
        );
    }
}

/// A test for each example, and their names.
macro_rules! examples {
    ($($name:literal $check:ident)*) => {
        const NAMES: &[&str] = &[$($name),*];
        $(
            #[test]
            fn $check() {
                let example = Example::named($name);
                check::$check(&example);
                example.finish();
            }
        )*
    };
}

examples! {
    "tags" tags
    "key" key
    "address" address
    "transfer" transfer
    "message" message
    "reward" reward
    "transaction-tree" transaction_tree
    "header" header
    "block" block
    "accounts" accounts
    "history" history
    "chain-proof" chain_proof
    "targets" targets
    "asert-late" asert_late
    "asert-early" asert_early
    "median" median
    "subsidy" subsidy
    "parameters-dev" parameters_dev
    "parameters-class" parameters_class
    "wallet" wallet
    "transfer-json" transfer_json
}

#[test]
fn no_example_is_missing_or_unknown() {
    let in_document: Vec<_> = Example::all().into_iter().map(|example| example.name).collect();
    let mut sorted = in_document.clone();
    sorted.sort_unstable();
    let mut names = NAMES.to_vec();
    names.sort_unstable();
    assert_eq!(sorted, names);
    // Each fence of an example was found.
    assert_eq!(DOCUMENT.matches("```example").count(), NAMES.len());
}

/// Code quotes sections as `docs/protocol.md, "Section"`.
#[test]
fn every_quoted_section_exists() {
    let headings: BTreeSet<_> = DOCUMENT.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let mut quotes = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let text: Vec<_> = text
                .lines()
                .map(|line| line.trim().trim_start_matches(['/', '!']).trim())
                .collect();
            for quote in text.join(" ").split("docs/protocol.md, \"").skip(1) {
                let (section, _) = quote.split_once('"').unwrap();
                assert!(headings.contains(section), "{} quotes {section:?}", path.display());
                quotes += 1;
            }
        }
    }
    assert!(quotes > 10, "only {quotes} quotes were found");
}

/// A network that ships with Cairn.
fn network(name: &str) -> Network {
    Network::new(parameters(name)).unwrap()
}

fn parameters(name: &str) -> Parameters {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../backend/networks")
        .join(name);
    toml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The transfer of the example of that name.
fn signed_transfer() -> SignedTransfer {
    let example = Example::named("transfer");
    let key = example.secret("secret");
    transfer_of(&example, &key, example.number("nonce"), example.number("valid_until"))
        .sign(&example.hash("genesis_hash"), &key)
}

fn transfer_of(example: &Example, key: &SecretKey, nonce: u64, valid_until: u64) -> Transfer {
    Transfer {
        sender: key.public_key(),
        recipient: PublicKey(example.array("recipient")),
        amount: example.amount("amount"),
        fee: example.amount("fee"),
        nonce,
        valid_until,
        memo: Memo::new(example.text("memo")).unwrap(),
    }
}

/// The block of the example of that name, found again.
fn mined_block(example: &Example) -> (Network, ConnectedBlock) {
    let network = network(&format!("{}.toml", example.text("network")));
    let genesis = network.genesis_hash();
    let miner = example.secret("miner_secret");
    let transfer = transfer_of(example, &miner, 0, 0)
        .sign(&genesis, &miner)
        .verify(&genesis)
        .unwrap();
    let now = example.number("timestamp");
    let note = Note::new(&example.bytes("note")).unwrap();
    let tip = Tip::genesis(&network);
    let candidate = tip
        .prepare(&network, miner.public_key(), note, vec![transfer], now)
        .unwrap();
    assert_eq!(candidate.header().timestamp, now);
    let nonce = candidate
        .midstate()
        .search(candidate.target().unwrap(), 0, 1 << 20)
        .unwrap();
    let connected = candidate.seal(&network, nonce, now).unwrap();
    (network, connected)
}

mod check {
    use super::{Example, *};

    pub(super) fn tags(example: &Example) {
        for tag in Tag::ALL {
            let digest = Sha256::digest(tag.text());
            example.expect_bytes(tag.text(), &digest);
            let data = Sha256::digest([&digest[..], &digest, b"data"].concat());
            assert_eq!(tag.hash(&[b"da", b"ta"]).0, data[..]);
        }
    }

    pub(super) fn key(example: &Example) {
        let public = example.secret("secret").public_key();
        assert_eq!(public.check(), Ok(()));
        example.expect("public", public);
    }

    pub(super) fn address(example: &Example) {
        let public = PublicKey(example.array("public"));
        for name in ["dev", "class"] {
            let prefix = name.parse().unwrap();
            let text = address::encode(&prefix, &public);
            assert_eq!(address::decode_checked(&prefix, &text), Ok(public));
            example.expect(name, text);
        }
    }

    pub(super) fn transfer(example: &Example) {
        let genesis = example.hash("genesis_hash");
        for key in ["secret", "recipient", "amount", "fee", "nonce", "valid_until", "memo"] {
            example.text(key);
        }
        let signed = signed_transfer();
        assert!(signed.clone().verify(&genesis).is_ok());
        let bytes = signed.transfer.to_bytes();
        example.expect_bytes("transfer", &bytes);
        let hash = Tag::Transfer.hash(&[&genesis.0, &bytes]);
        assert_eq!(signed.transfer.signing_hash(&genesis), hash);
        example.expect("signing_hash", hash);
        example.expect("signature", signed.signature);
        let id = Tag::Transaction.hash(&[&bytes, &signed.signature.0]);
        assert_eq!(signed.id(), id);
        example.expect("id", id);
    }

    pub(super) fn message(example: &Example) {
        let (genesis, text) = (example.hash("genesis_hash"), example.text("text"));
        let key = example.secret("secret");
        let hash = Tag::Message.hash(&[&genesis.0, text.as_bytes()]);
        let signature = message::sign_message(&genesis, text, &key);
        assert_eq!(verify(&key.public_key(), &hash.0, &signature), Ok(()));
        assert_eq!(
            message::verify_message(&genesis, text, &key.public_key(), &signature),
            Ok(())
        );
        example.expect("signing_hash", hash);
        example.expect("signature", signature);
    }

    pub(super) fn reward(example: &Example) {
        let reward = Reward {
            recipient: PublicKey(example.array("recipient")),
            amount: example.amount("amount"),
            note: Note::new(&example.bytes("note")).unwrap(),
        };
        let height = example.number("height");
        example.expect_bytes("reward", &reward.to_bytes());
        let id = Tag::Reward.hash(&[&height.to_le_bytes(), &reward.to_bytes()]);
        assert_eq!(reward.id(height), id);
        example.expect("id", id);
    }

    pub(super) fn transaction_tree(example: &Example) {
        let ids = [0, 1, 2].map(|place| example.hash(&format!("id_{place}")));
        for count in 0..=3 {
            example.expect(&format!("root_of_{count}"), merkle::root(&ids[..count]));
        }
        for place in [1, 2] {
            let proof = merkle::inclusion_proof(&ids, place).unwrap().to_bytes();
            example.expect_bytes(&format!("proof_of_{place}_in_3"), &proof);
            let proof = InclusionProof::from_bytes(&proof).unwrap();
            assert_eq!(proof.verify(&ids[place], &merkle::root(&ids)), Ok(()));
        }
    }

    pub(super) fn header(example: &Example) {
        let (_, connected) = mined_block(&Example::named("block"));
        let header = *connected.block.header();
        example.expect("version", header.version);
        example.expect("height", header.height);
        example.expect("previous_hash", header.previous_hash);
        example.expect("history_root", header.history_root);
        example.expect("transactions_root", header.transactions_root);
        example.expect("state_root", header.state_root);
        example.expect("timestamp", header.timestamp);
        example.expect("bits", format!("{:08x}", header.bits));
        example.expect("nonce", header.nonce);
        example.expect_bytes("header", &header.to_bytes());
        example.expect("hash", Tag::Header.hash(&[&header.to_bytes()]));
    }

    pub(super) fn block(example: &Example) {
        let (network, connected) = mined_block(example);
        let genesis = network.genesis_hash();
        let block = connected.block.to_block();
        example.expect_bytes("block", &block.to_bytes());
        example.expect("hash", block.header.hash());
        example.expect("reward_id", connected.block.ids()[0]);
        example.expect("transfer_id", connected.block.ids()[1]);
        let account = |key: &PublicKey| connected.tip.accounts().get(key.as_bytes());
        let miner = account(&block.reward.recipient);
        example.expect("miner_balance", miner.balance.units());
        example.expect("miner_nonce", miner.nonce);
        let recipient = account(&block.transfers[0].transfer.recipient);
        example.expect("recipient_balance", recipient.balance.units());
        // What another node does with the bytes.
        let block = Block::from_bytes(&block.to_bytes()).unwrap();
        let now = block.header.timestamp;
        let verified = VerifiedBlock::verify(block, &network, |transfers, _| {
            transfers.iter().map(|signed| signed.clone().verify(&genesis)).collect()
        });
        let tip = Tip::genesis(&network)
            .connect(&network, verified.unwrap(), now)
            .unwrap()
            .tip;
        assert_eq!(tip.hash(), connected.tip.hash());
    }

    pub(super) fn accounts(example: &Example) {
        let accounts = [0, 1, 2].map(|place| {
            let account = Account {
                balance: example.amount(&format!("balance_{place}")),
                nonce: example.number(&format!("nonce_{place}")),
            };
            (example.array::<32>(&format!("key_{place}")), account)
        });
        let leaves = accounts.map(|(key, account)| sha256(&[&[0], &key, &account.to_bytes()]));
        for (place, leaf) in leaves.iter().enumerate() {
            example.expect(&format!("leaf_{place}"), leaf);
        }
        let branch = sha256(&[&[1, 3], &leaves[1].0, &leaves[2].0]);
        example.expect("branch_at_3", branch);
        let root = sha256(&[&[1, 0], &leaves[0].0, &branch.0]);
        example.expect("root", root);
        let tree = StateTree::from_sorted(accounts).unwrap();
        assert_eq!(tree.root(), root);
        let absent = example.array("absent");
        for (name, key, has) in [
            ("proof_of_key_1", accounts[1].0, accounts[1].1),
            ("proof_of_absent", absent, Account::EMPTY),
        ] {
            let proof = tree.prove(&key).to_bytes();
            example.expect_bytes(name, &proof);
            let proof = AccountProof::from_bytes(&proof).unwrap();
            assert_eq!(proof.verify(&root, &key), Ok(has));
        }
        let empty = StateTree::new().prove(&absent);
        assert_eq!(empty.verify(&Hash::ZERO, &absent), Ok(Account::EMPTY));
        example.expect_bytes("proof_in_empty_tree", &empty.to_bytes());
    }

    pub(super) fn history(example: &Example) {
        let leaves = [0, 1, 2, 3].map(|place| {
            let work = U256::from(example.number(&format!("work_{place}")));
            let hash = example.hash(&format!("hash_{place}"));
            HistoryNode::leaf(&hash, work, example.number(&format!("time_{place}")))
        });
        example.expect_bytes("leaf_0", &leaves[0].to_bytes());
        let mut history = History::new();
        let mut nodes = BTreeMap::new();
        example.expect("root_of_0", history.root());
        for (count, leaf) in leaves.iter().enumerate() {
            history.append_with(*leaf, |position, node| {
                nodes.insert(position, *node);
            });
            example.expect(&format!("root_of_{}", count + 1), history.root());
        }
        let source = |position: Position| nodes.get(&position).copied().ok_or(());
        let proof = HistoryProof::new(&source, 2, 4).unwrap().unwrap().to_bytes();
        example.expect_bytes("proof_of_2_in_4", &proof);
        let proof = HistoryProof::from_bytes(&proof).unwrap();
        let verified = proof.verify(&leaves[2], &history.root()).unwrap();
        example.expect("work_before_2", verified.work_before);
        example.expect("parent_time_of_2", verified.parent_time.unwrap());
        example.expect("total_work", verified.total_work);
    }

    pub(super) fn chain_proof(example: &Example) {
        let tip = example.hash("tip");
        let total = U256::from(example.number("total_work"));
        let older = U256::from(example.number("work_before_start"));
        let draw = Tag::ChainProof.hash(&[&tip.0, &[0, 0]]);
        example.expect("draw_0_0", u64::from_le_bytes(draw.0[..8].try_into().unwrap()));
        let places = chain_proof::positions(&tip, total, older);
        example.expect("number_of_places", places.len());
        let first: Vec<_> = places.iter().take(4).map(ToString::to_string).collect();
        example.expect("first_places", first.join(" "));
    }

    pub(super) fn targets(example: &Example) {
        for key in example.values.keys() {
            let (is_work, bits) = match key.strip_prefix("work_of_") {
                Some(bits) => (true, bits),
                None => (false, &key[..]),
            };
            let target = Target::from_bits(u32::from_str_radix(bits, 16).unwrap());
            match target {
                Some(target) if is_work => example.expect(key, target.work()),
                Some(target) => example.expect(key, format!("{:064x}", target.number())),
                None => example.expect(key, "refused"),
            }
        }
    }

    pub(super) fn asert_late(example: &Example) {
        let [truncated, floored] = asert(example);
        assert_eq!(truncated, floored, "this division comes out even");
    }

    pub(super) fn asert_early(example: &Example) {
        let [truncated, floored] = asert(example);
        assert_ne!(truncated, floored);
        example.expect("wrong_bits_by_floor", format!("{floored:08x}"));
    }

    /// The document's formula beside the implementation; gives the bits that follow from it, and those by a floor.
    fn asert(example: &Example) -> [u32; 2] {
        let anchor_target = Target::from_bits(example.bits("anchor_bits")).unwrap();
        let (interval, half_life) = (example.number("interval_ms"), example.number("half_life_ms"));
        let (height, timestamp) = (example.number("height"), example.number("timestamp"));
        let parent_time = i128::from(example.number("genesis_time_ms")) - i128::from(interval);
        let lateness = i128::from(timestamp) - parent_time - i128::from(interval * (height + 1));
        let exponent = lateness * 65_536 / i128::from(half_life);
        let factor = |exponent: i128| {
            let f = exponent - (exponent >> 16) * 65_536;
            65_536 + ((195_766_423_245_049 * f + 971_821_376 * f * f + 5_127 * f * f * f + (1 << 47)) >> 48)
        };
        let bits = |exponent: i128| {
            let shift = (exponent >> 16) - 16;
            let wide = Uint::<512, 8>::from(anchor_target.number()) * Uint::from(factor(exponent));
            let distance = usize::try_from(shift.abs()).unwrap();
            let wide = if shift < 0 { wide >> distance } else { wide << distance };
            Target::new(U256::from(wide)).unwrap().to_bits()
        };
        example.expect("lateness", lateness);
        example.expect("exponent", exponent);
        example.expect("factor", factor(exponent));
        example.expect("bits_before_limit", format!("{:08x}", bits(exponent)));
        let code = |limit| {
            Asert {
                anchor_target,
                anchor_parent_time: parent_time,
                anchor_height: 0,
                interval,
                half_life,
                limit,
            }
            .next_bits(height, timestamp)
        };
        assert_eq!(code(Target::new(U256::MAX).unwrap()), bits(exponent));
        example.expect("bits", format!("{:08x}", code(anchor_target)));
        let floored = (lateness * 65_536).div_euclid(half_life.into());
        [bits(exponent), bits(floored)]
    }

    pub(super) fn median(example: &Example) {
        let mut times: Vec<u64> = example
            .text("times")
            .split(' ')
            .map(|time| time.parse().unwrap())
            .collect();
        let header = Header {
            timestamp: times.pop().unwrap(),
            ..*network("dev.toml").genesis()
        };
        let chain = HeaderChain::from_parts(header, History::new(), times);
        example.expect("median", chain.median_time());
    }

    pub(super) fn subsidy(example: &Example) {
        let parameters = Parameters {
            subsidy: example.amount("subsidy"),
            halving_interval: example.number("halving_interval"),
            ..parameters("dev.toml")
        };
        for key in example.values.keys() {
            if let Some(height) = key.strip_prefix("height_") {
                example.expect(key, parameters.subsidy_at(height.parse().unwrap()).units());
            }
        }
    }

    pub(super) fn parameters_dev(example: &Example) {
        network_example(example);
    }

    pub(super) fn parameters_class(example: &Example) {
        network_example(example);
    }

    fn network_example(example: &Example) {
        let parameters = parameters(example.text("file"));
        let network = Network::new(parameters.clone()).unwrap();
        let bytes = parameter_bytes(&parameters);
        example.expect_bytes("bytes", &bytes);
        assert_eq!(Tag::Parameters.hash(&[&bytes]), network.parameters_hash());
        example.expect("parameters_hash", network.parameters_hash());
        example.expect_bytes("genesis", &network.genesis().to_bytes());
        example.expect("genesis_hash", network.genesis_hash());
    }

    /// The bytes as the document's table says, beside the implementation, which shows only their hash.
    fn parameter_bytes(parameters: &Parameters) -> Vec<u8> {
        let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let (kind, bits, half_life_ms) = match parameters.difficulty {
            Difficulty::Fixed { bits } => (0_u8, bits, 0),
            Difficulty::Asert { bits, half_life_ms } => (1, bits, half_life_ms),
        };
        let mut allocations: Vec<[u8; 40]> = parameters
            .allocations
            .iter()
            .map(|allocation| {
                let key = address::decode(&parameters.prefix, &allocation.address).unwrap();
                [&key.0[..], &allocation.amount.units().to_le_bytes()]
                    .concat()
                    .try_into()
                    .unwrap()
            })
            .collect();
        allocations.sort_unstable();
        [
            &1_u32.to_le_bytes()[..],
            &text(&parameters.name),
            &text(&parameters.symbol),
            &text(parameters.prefix.as_str()),
            &parameters.subsidy.units().to_le_bytes(),
            &parameters.halving_interval.to_le_bytes(),
            &parameters.interval_ms.to_le_bytes(),
            &parameters.max_future_ms.to_le_bytes(),
            &parameters.max_block_bytes.to_le_bytes(),
            &parameters.max_block_transfers.to_le_bytes(),
            &parameters.max_reorg_depth.to_le_bytes(),
            &parameters.genesis_time_ms.to_le_bytes(),
            &[kind],
            &bits.to_le_bytes(),
            &half_life_ms.to_le_bytes(),
            &u32::try_from(allocations.len()).unwrap().to_le_bytes(),
            allocations.as_flattened(),
        ]
        .concat()
    }

    pub(super) fn wallet(example: &Example) {
        let phrase = Phrase::parse(example.text("phrase")).unwrap();
        let seed = phrase.seed(&Passphrase::new(example.text("passphrase")).unwrap());
        example.expect_bytes("seed", seed.as_bytes());
        let path: KeyPath = "m/44'/7331'/0'".parse().unwrap();
        let extended = ExtendedKey::master(seed.as_bytes()).derive(&path);
        example.expect_bytes("secret_0", extended.secret_bytes());
        let [first, second] = [0, 1].map(|index| account_key(&seed, index).unwrap().public_key());
        assert_eq!(extended.secret_key().public_key(), first);
        example.expect("public_0", first);
        example.expect("address_0", address::encode(&"dev".parse().unwrap(), &first));
        example.expect("public_1", second);
    }

    pub(super) fn transfer_json(example: &Example) {
        let prefix = example.text("network").parse().unwrap();
        let signed = signed_transfer();
        example.expect_bytes("signed_transfer", &signed.to_bytes());
        let json = serde_json::to_string(&TransferJson::new(&prefix, &signed)).unwrap();
        example.expect("json", &json);
        let read: TransferJson = serde_json::from_str(&json).unwrap();
        assert_eq!(read.to_signed(&prefix), Ok(signed));
    }
}
