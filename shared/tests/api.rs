//! The JSON of docs/protocol.md, "JSON": what is written is read again as the same, and numbers have one text.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fmt::Debug;

use proptest::{collection::vec, option, prelude::*};
use ruint::aliases::U256;
use serde::{Serialize, de::DeserializeOwned};
use shared::{
    address::{AddressError, Prefix},
    amount::Amount,
    api::{
        Accepted, AccountHistory, AccountJson, Batch, BatchVerdicts, BlockJson, BlockList, BlockSummary, Chain,
        Decimal, Event, FeeEstimate, Fees, HeaderJson, HeaderList, HistoryEntry, MineRequest, Mined, PendingChange,
        PendingJson, PendingList, Problem, RewardJson, Standing, Status, TransactionJson, TransferJson, Verdict,
    },
    block::Header,
    hash::Hash,
    key::{PublicKey, Signature},
    transaction::{Memo, Note, Reward, SignedTransfer, Transfer},
};

fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> Result<(), TestCaseError> {
    let text = serde_json::to_string(value).unwrap();
    let read: T = serde_json::from_str(&text).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
    prop_assert_eq!(&read, value, "{}", text);
    let tree = serde_json::to_value(value).unwrap();
    prop_assert_eq!(&serde_json::from_value::<T>(tree).unwrap(), value);
    Ok(())
}

/// As a reader has it: the id of a transfer follows from the rest.
fn without_id(transfer: &TransferJson) -> TransferJson {
    TransferJson {
        id: None,
        ..transfer.clone()
    }
}

/// Values of all sizes, of which the answers are put together.
#[derive(Debug)]
struct Parts {
    transfer: TransferJson,
    reward: RewardJson,
    header: HeaderJson,
    number: u64,
    maybe: Option<u64>,
    amount: Amount,
    hash: Hash,
    text: String,
    flag: bool,
}

fn prefix() -> Prefix {
    "dev".parse().unwrap()
}

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

prop_compose! {
    fn signed()(
        sender: [u8; 32], recipient: [u8; 32], amount: u64, fee: u64, nonce: u64, valid_until: u64,
        memo in "\\PC{0,16}", signature: [u8; 64],
    ) -> SignedTransfer {
        SignedTransfer {
            transfer: Transfer {
                sender: PublicKey(sender),
                recipient: PublicKey(recipient),
                amount: Amount::from_units(amount),
                fee: Amount::from_units(fee),
                nonce,
                valid_until,
                memo: Memo::new(&memo).unwrap(),
            },
            signature: Signature(signature),
        }
    }
}

prop_compose! {
    fn header()(
        height: u64, hashes in (hash(), hash(), hash(), hash()), timestamp: u64, bits: u32, nonce: u64,
    ) -> Header {
        let (previous_hash, history_root, transactions_root, state_root) = hashes;
        Header {
            version: 1, height, previous_hash, history_root, transactions_root, state_root, timestamp, bits, nonce,
        }
    }
}

prop_compose! {
    fn parts()(
        signed in signed(), header in header(), work: [u64; 4], note in vec(any::<u8>(), 0..=32), number: u64,
        maybe in option::of(any::<u64>()), amount: u64, text: String, flag: bool,
    ) -> Parts {
        let amount = Amount::from_units(amount);
        let reward = Reward { recipient: signed.transfer.recipient, amount, note: Note::new(&note).unwrap() };
        let transfer = TransferJson::new(&prefix(), &signed);
        let hash = header.hash();
        Parts {
            transfer: without_id(&transfer),
            reward: RewardJson::new(&prefix(), &reward, header.height),
            header: HeaderJson::new(&header, hash, U256::from_limbs(work)),
            number, maybe, amount, hash, text, flag,
        }
    }
}

impl Parts {
    fn summary(&self) -> BlockSummary {
        BlockSummary {
            header: self.header.clone(),
            size: self.number,
            transaction_count: self.number,
            miner_address: self.maybe.map(|_| self.reward.recipient_address.clone()),
            reward: self.amount,
        }
    }

    fn block(&self) -> BlockJson {
        BlockJson {
            header: self.header.clone(),
            size: self.number,
            reward: self.maybe.map(|_| self.reward.clone()),
            transactions: vec![self.transfer.clone(); usize::from(self.flag)],
        }
    }

    fn pending(&self) -> PendingJson {
        PendingJson {
            transfer: self.transfer.clone(),
            since: self.number,
            size: self.number,
            waiting: self.flag,
            next_block: !self.flag,
        }
    }

    fn status(&self) -> Status {
        Status {
            network: self.text.clone(),
            symbol: self.text.clone(),
            prefix: self.text.clone(),
            genesis_hash: self.hash,
            height: self.number,
            tip_hash: self.hash,
            tip_timestamp: self.number,
            work: self.header.work,
            bits: self.header.bits,
            interval_ms: self.number,
            mean_interval_ms: self.maybe,
            hash_rate: self.maybe.map(Decimal::from),
            pending: self.number,
            peers: self.number,
            mining: self.flag,
            version: self.text.clone(),
        }
    }

    fn standings(&self) -> [Standing; 2] {
        [
            Standing::Pending {
                place: self.number,
                since: self.number,
            },
            Standing::Mined {
                header: self.header.clone(),
                index: self.number,
                confirmations: self.number,
                proof: self.text.clone(),
            },
        ]
    }
}

proptest! {
    #[test]
    fn chains_and_blocks(parts in parts()) {
        check(&parts.transfer)?;
        check(&parts.reward)?;
        check(&parts.header)?;
        check(&parts.block())?;
        check(&parts.summary())?;
        check(&BlockList { blocks: vec![parts.summary(); 2], next: parts.maybe })?;
        check(&HeaderList { headers: vec![parts.header.clone(); 2], next: parts.maybe })?;
        check(&Chain { chain: vec![parts.block(); 2], length: parts.number })?;
        check(&parts.status())?;
    }

    #[test]
    fn accounts_and_transactions(parts in parts()) {
        let pending = PendingChange { incoming: parts.amount, outgoing: parts.amount, next_nonce: parts.number };
        check(&AccountJson {
            address: parts.text.clone(),
            balance: parts.amount,
            nonce: parts.number,
            header: parts.header.clone(),
            proof: parts.text.clone(),
            pending,
        })?;
        for standing in parts.standings() {
            check(&standing)?;
            check(&TransactionJson {
                id: parts.hash,
                transfer: parts.maybe.map(|_| parts.transfer.clone()),
                reward: parts.flag.then(|| parts.reward.clone()),
                standing,
            })?;
        }
        let entry = HistoryEntry {
            id: parts.hash,
            height: parts.maybe,
            index: parts.maybe,
            timestamp: parts.number,
            transfer: parts.flag.then(|| parts.transfer.clone()),
            reward: parts.maybe.map(|_| parts.reward.clone()),
        };
        check(&AccountHistory { transactions: vec![entry], next: parts.maybe.map(|_| parts.text.clone()) })?;
        check(&PendingList {
            transactions: vec![parts.pending()],
            total: parts.number,
            next: parts.maybe.map(|_| parts.text.clone()),
        })?;
        check(&Fees {
            minimum: parts.amount,
            estimates: vec![FeeEstimate { blocks: parts.number, fee: parts.amount, expected_ms: parts.number }],
        })?;
    }

    #[test]
    fn orders_and_answers(parts in parts()) {
        check(&Accepted { message: parts.text.clone(), id: parts.hash })?;
        check(&Batch { transactions: vec![parts.transfer.clone(); 2] })?;
        check(&BatchVerdicts {
            verdicts: vec![
                Verdict::Accepted { id: parts.hash },
                Verdict::Refused { code: parts.text.clone(), detail: parts.text.clone() },
            ],
        })?;
        check(&MineRequest { recipient: parts.maybe.map(|_| parts.text.clone()), count: parts.number })?;
        check(&Mined {
            message: parts.text.clone(),
            block_number: parts.number,
            transactions: vec![parts.transfer.clone()],
            nonce: parts.number.into(),
            previous_hash: parts.hash,
            hash: parts.hash,
            recipient: parts.text.clone(),
            reward: parts.amount,
            count: parts.number,
        })?;
        check(&Problem {
            kind: "about:blank".into(),
            title: parts.text.clone(),
            status: 422,
            code: parts.text.clone(),
            detail: parts.text.clone(),
            message: parts.maybe.map(|_| parts.text.clone()),
        })?;
    }

    #[test]
    fn events(parts in parts()) {
        check(&Event::Status(parts.status()))?;
        check(&Event::Block(parts.summary()))?;
        check(&Event::Reorganisation { fork_height: parts.number, old_tip: parts.hash, new_tip: parts.hash })?;
        check(&Event::Pending(parts.pending()))?;
        check(&Event::Dropped {
            id: parts.hash,
            reason: parts.text.clone(),
            replaced_by: parts.maybe.map(|_| parts.hash),
        })?;
        check(&Event::Reset {})?;
    }

    /// The protocol's own types go through JSON unharmed.
    #[test]
    fn transfers_and_headers_come_back(signed in signed(), header in header()) {
        let json = TransferJson::new(&prefix(), &signed);
        prop_assert_eq!(json.id, Some(signed.id()));
        let read: TransferJson = serde_json::from_str(&serde_json::to_string(&json).unwrap()).unwrap();
        prop_assert_eq!(read.to_signed(&prefix()), Ok(signed.clone()));
        let other: Prefix = "class".parse().unwrap();
        let (field, reason) = read.to_signed(&other).unwrap_err();
        let found = "dev".to_owned();
        prop_assert_eq!(field, "sender_address");
        prop_assert_eq!(reason, AddressError::Prefix { expected: other, found });
        let json = HeaderJson::new(&header, header.hash(), U256::ZERO);
        prop_assert_eq!(json.to_header(), Some(header));
    }
}

#[test]
fn a_number_has_one_text() {
    for good in [
        "\"0\"",
        "\"7\"",
        "\"18446744073709551616\"",
        &format!("\"{}\"", U256::MAX),
    ] {
        let read: Decimal = serde_json::from_str(good).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), *good);
    }
    let too_large = format!("\"{}0\"", U256::MAX);
    for bad in [
        "\"\"",
        "\"07\"",
        "\"00\"",
        "\"1_000\"",
        "\"+1\"",
        "\"-1\"",
        "\"0x10\"",
        "\" 1\"",
        "\"1e3\"",
        "7",
        &too_large,
    ] {
        assert!(serde_json::from_str::<Decimal>(bad).is_err(), "{bad}");
    }
}
