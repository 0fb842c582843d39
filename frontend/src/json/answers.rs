//! The node's answers. What they mean stands at the types, in `shared::api`.

use shared::address::Prefix;
use shared::amount::Amount;
use shared::api::{
    Accepted, AccountHistory, AccountJson, BlockJson, BlockList, BlockSummary, Decimal, FeeEstimate, Fees, HeaderJson,
    HistoryEntry, Mined, ParametersJson, PendingChange, PendingJson, PendingList, Problem, RewardJson, Standing,
    Status, TransactionJson, TransferJson,
};
use shared::hash::Hash;
use shared::key::Signature;
use shared::params::{Allocation, Difficulty, Parameters};
use shared::transaction::Memo;

use super::{FromFields, FromJson, Object, Unreadable, Value, expected, from_string, object};

macro_rules! strings {
    ($($type:ident)*) => {$(
        impl FromJson for $type {
            fn from_json(value: Value) -> Result<Self, Unreadable> {
                from_string(value)
            }
        }
    )*};
}

strings! { Amount Decimal Hash Memo Prefix Signature }

object! { HeaderJson {
    height, hash, version, previous_hash, history_root, transactions_root, state_root, timestamp, bits, nonce, work,
} }
object! { RewardJson { id, recipient_address, amount, note } }
object! { BlockJson { flat header, size, reward, transactions } }
object! { BlockSummary { flat header, size, transaction_count, miner_address, reward } }
object! { BlockList { blocks, next } }
object! { Status {
    network, symbol, prefix, genesis_hash, height, tip_hash, tip_timestamp, work, bits, interval_ms, mean_interval_ms,
    hash_rate, pending, peers, mining, version,
} }
object! { AccountJson { address, balance, nonce, header, proof, pending } }
object! { PendingChange { incoming, outgoing, next_nonce } }
object! { TransactionJson { id, transfer, reward, flat standing } }
object! { HistoryEntry { id, height, index, timestamp, transfer, reward } }
object! { AccountHistory { transactions, next } }
object! { PendingJson { flat transfer, since, size, waiting, next_block } }
object! { PendingList { transactions, total, next } }
object! { Fees { minimum, estimates } }
object! { FeeEstimate { blocks, fee, expected_ms } }
object! { Accepted { message, id } }
object! { Mined { message, block_number, transactions, nonce, previous_hash, hash, recipient, reward, count } }

object! { ParametersJson { genesis_hash, parameters_hash, parameters, bytes } }
object! { Parameters {
    name, symbol, prefix, subsidy, halving_interval, interval_ms, max_future_ms, max_block_bytes, max_block_transfers,
    max_reorg_depth, genesis_time_ms, difficulty, default allocations,
} }
object! { Allocation { address, amount } }

impl FromFields for Difficulty {
    fn from_fields(fields: &mut Object) -> Result<Self, Unreadable> {
        let kind: String = fields.take("kind")?;
        let bits = fields.take("bits")?;
        match kind.as_str() {
            "fixed" => Ok(Self::Fixed { bits }),
            "asert" => Ok(Self::Asert {
                bits,
                half_life_ms: fields.take("half_life_ms")?,
            }),
            _ => expected("fixed or asert"),
        }
    }
}

impl FromJson for Difficulty {
    fn from_json(value: Value) -> Result<Self, Unreadable> {
        Self::from_fields(&mut Object::of(value)?)
    }
}

impl FromFields for TransferJson {
    fn from_fields(fields: &mut Object) -> Result<Self, Unreadable> {
        Ok(Self {
            // It follows from the rest.
            id: None,
            sender_address: fields.take("sender_address")?,
            recipient_address: fields.take("recipient_address")?,
            amount: fields.take("amount")?,
            fee: fields.take_or_default("fee")?,
            nonce: fields.take("nonce")?,
            valid_until: fields.take_or_default("valid_until")?,
            memo: fields.take_or_default("memo")?,
            signature: fields.take("signature")?,
        })
    }
}

impl FromFields for Standing {
    fn from_fields(fields: &mut Object) -> Result<Self, Unreadable> {
        match fields.take::<String>("state")?.as_str() {
            "pending" => Ok(Self::Pending {
                place: fields.take("place")?,
                since: fields.take("since")?,
            }),
            "mined" => Ok(Self::Mined {
                header: fields.take("header")?,
                index: fields.take("index")?,
                confirmations: fields.take("confirmations")?,
                proof: fields.take("proof")?,
            }),
            _ => expected("pending or mined"),
        }
    }
}

impl FromFields for Problem {
    fn from_fields(fields: &mut Object) -> Result<Self, Unreadable> {
        Ok(Self {
            kind: fields.take("type")?,
            title: fields.take("title")?,
            status: fields.take("status")?,
            code: fields.take("code")?,
            detail: fields.take("detail")?,
            message: fields.take("message")?,
        })
    }
}

macro_rules! objects_by_hand {
    ($($type:ident)*) => {$(
        impl FromJson for $type {
            fn from_json(value: Value) -> Result<Self, Unreadable> {
                Self::from_fields(&mut Object::of(value)?)
            }
        }
    )*};
}

objects_by_hand! { TransferJson Problem }

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    use super::*;
    use crate::json;

    const HASH: &str = "0707070707070707070707070707070707070707070707070707070707070707";

    /// Reads a text as serde reads it, with each field missing or of another type in turn.
    fn reads_as_serde<T: FromJson + Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
        let text = serde_json::to_string(value).unwrap();
        let whole: Value = serde_json::from_str(&text).unwrap();
        let same = |value: Value| {
            let text = value.to_string();
            let by_serde = serde_json::from_str::<T>(&text).ok();
            assert_eq!(json::read::<T>(&text).ok(), by_serde, "{text}");
            by_serde.is_some()
        };
        assert!(same(whole.clone()));
        let mut refused = 0;
        for name in whole.as_object().unwrap().keys() {
            let mut changed = whole.clone();
            changed.as_object_mut().unwrap().remove(name);
            refused += usize::from(!same(changed));
            for other in [
                serde_json::json!([]),
                serde_json::json!(-1),
                serde_json::json!("x"),
                Value::Null,
            ] {
                let mut changed = whole.clone();
                // An empty text for a text, or null for what may be absent, is none of this test's business.
                changed[name] = other;
                let text = changed.to_string();
                let read = json::read::<T>(&text);
                if read.is_ok() {
                    assert!(
                        serde_json::from_str::<T>(&text).is_ok() || changed[name].is_null(),
                        "{text}"
                    );
                } else {
                    refused += 1;
                }
            }
        }
        assert!(refused > 0);
    }

    fn header() -> HeaderJson {
        let hash: Hash = HASH.parse().unwrap();
        HeaderJson {
            height: 3,
            hash,
            version: 1,
            previous_hash: hash,
            history_root: hash,
            transactions_root: hash,
            state_root: hash,
            timestamp: 6,
            bits: 7,
            nonce: Decimal::from(u64::MAX),
            work: Decimal::from(9),
        }
    }

    fn transfer() -> TransferJson {
        TransferJson {
            id: None,
            sender_address: "one".into(),
            recipient_address: "other".into(),
            amount: Amount::from_units(5),
            fee: Amount::from_units(1),
            nonce: 2,
            valid_until: 9,
            memo: Memo::new("tea").unwrap(),
            signature: Signature([3; 64]),
        }
    }

    fn reward() -> RewardJson {
        RewardJson {
            id: HASH.parse().unwrap(),
            recipient_address: "one".into(),
            amount: Amount::from_units(7),
            note: "hello".into(),
        }
    }

    #[test]
    fn answers_are_read_as_serde_reads_them() {
        let hash: Hash = HASH.parse().unwrap();
        reads_as_serde(&header());
        reads_as_serde(&transfer());
        reads_as_serde(&reward());
        reads_as_serde(&BlockJson {
            header: header(),
            size: 1,
            reward: Some(reward()),
            transactions: vec![transfer()],
        });
        let summary = BlockSummary {
            header: header(),
            size: 1,
            transaction_count: 2,
            miner_address: None,
            reward: Amount::from_units(4),
        };
        reads_as_serde(&summary);
        reads_as_serde(&BlockList {
            blocks: vec![summary],
            next: Some(3),
        });
        reads_as_serde(&Status {
            network: "dev".into(),
            symbol: "DEV".into(),
            prefix: "dev".into(),
            genesis_hash: hash,
            height: 1,
            tip_hash: hash,
            tip_timestamp: 2,
            work: Decimal::from(3),
            bits: 4,
            interval_ms: 5,
            mean_interval_ms: None,
            hash_rate: Some(Decimal::from(6)),
            pending: 7,
            peers: 8,
            mining: true,
            version: "1".into(),
        });
        let pending = PendingChange {
            incoming: Amount::from_units(1),
            outgoing: Amount::from_units(2),
            next_nonce: 3,
        };
        reads_as_serde(&pending);
        reads_as_serde(&AccountJson {
            address: "one".into(),
            balance: Amount::from_units(1),
            nonce: 2,
            header: header(),
            proof: "00".into(),
            pending,
        });
        for standing in [
            Standing::Pending { place: 1, since: 2 },
            Standing::Mined {
                header: header(),
                index: 1,
                confirmations: 2,
                proof: "00".into(),
            },
        ] {
            reads_as_serde(&TransactionJson {
                id: hash,
                transfer: Some(transfer()),
                reward: None,
                standing,
            });
        }
        let entry = HistoryEntry {
            id: hash,
            height: Some(1),
            index: None,
            timestamp: 3,
            transfer: None,
            reward: Some(reward()),
        };
        reads_as_serde(&entry);
        reads_as_serde(&AccountHistory {
            transactions: vec![entry],
            next: Some("3".into()),
        });
        let waiting = PendingJson {
            transfer: transfer(),
            since: 1,
            size: 2,
            waiting: false,
            next_block: true,
        };
        reads_as_serde(&waiting);
        reads_as_serde(&PendingList {
            transactions: vec![waiting],
            total: 1,
            next: None,
        });
        let estimate = FeeEstimate {
            blocks: 1,
            fee: Amount::from_units(2),
            expected_ms: 3,
        };
        reads_as_serde(&estimate);
        reads_as_serde(&Fees {
            minimum: Amount::from_units(1),
            estimates: vec![estimate],
        });
        reads_as_serde(&Accepted {
            message: "taken".into(),
            id: hash,
        });
        reads_as_serde(&Mined {
            message: "found".into(),
            block_number: 1,
            transactions: vec![transfer()],
            nonce: Decimal::from(2),
            previous_hash: hash,
            hash,
            recipient: "one".into(),
            reward: Amount::from_units(3),
            count: 4,
        });
        reads_as_serde(&Problem {
            kind: "about:blank".into(),
            title: "Bad Request".into(),
            status: 400,
            code: "memo-too-long".into(),
            detail: "shorter".into(),
            message: None,
        });
    }
}
