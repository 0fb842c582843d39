//! Every rule has a code of its own, and the table in docs/protocol.md, "Rules", lists exactly the rules that there are.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::collections::BTreeSet;

use shared::{
    amount::Amount,
    codec::DecodeError,
    hash::Hash,
    key::{KeyError, PublicKey},
    rules::{Party, RuleError},
};

/// One sample for each code, by variant. The match has no other arm, so a new variant does not compile before it is
/// listed here, and then fails until the document has its row.
macro_rules! rules {
    ($($variant:ident: $($sample:expr),+;)*) => {
        fn name(error: &RuleError) -> &'static str {
            match error {
                $(RuleError::$variant { .. } => stringify!($variant),)*
            }
        }

        fn samples() -> Vec<RuleError> {
            vec![$($($sample),+),*]
        }
    };
}

const HASH: Hash = Hash([7; 32]);
const KEY: PublicKey = PublicKey([7; 32]);

rules! {
    Encoding: DecodeError::TrailingBytes { count: 1 }.into();
    BlockTooLarge: RuleError::BlockTooLarge { bytes: 2_000, limit: 1_024 };
    TooManyTransfers: RuleError::TooManyTransfers { count: 3, limit: 2 };
    UnknownVersion: RuleError::UnknownVersion { found: 2 };
    InvalidBits: RuleError::InvalidBits { bits: 0 };
    InsufficientWork: RuleError::InsufficientWork { hash: HASH, bits: 0x0101_0000 };
    WrongTransactionsRoot: RuleError::WrongTransactionsRoot { expected: HASH, found: Hash::ZERO };
    AmountZero: RuleError::AmountZero;
    AmountOverflow: RuleError::AmountOverflow { amount: Amount::MAX, fee: Amount::MAX };
    InvalidKey: invalid_key(Party::Sender), invalid_key(Party::Recipient), invalid_key(Party::Miner);
    InvalidSignature: RuleError::InvalidSignature { id: HASH };
    WrongParent: RuleError::WrongParent { expected: HASH, found: Hash::ZERO };
    WrongHeight: RuleError::WrongHeight { expected: 2, found: 3 };
    WrongHistoryRoot: RuleError::WrongHistoryRoot { expected: HASH, found: Hash::ZERO };
    WrongBits: RuleError::WrongBits { expected: 0x2000_ffff, found: 0x1e00_ffff };
    TimeTooEarly: RuleError::TimeTooEarly { timestamp: 1, median: 2 };
    TimeTooLate: RuleError::TimeTooLate { timestamp: 3, latest: 2 };
    WrongReward: RuleError::WrongReward { expected: Amount::ZERO, found: Amount::MAX };
    FeesOverflow: RuleError::FeesOverflow;
    WrongNonce: wrong_nonce(1), wrong_nonce(3);
    InsufficientBalance: RuleError::InsufficientBalance {
        sender: KEY,
        needed: Amount::MAX,
        available: Amount::ZERO,
    };
    Expired: RuleError::Expired { valid_until: 1, height: 2 };
    BalanceOverflow: RuleError::BalanceOverflow { account: KEY };
    WrongStateRoot: RuleError::WrongStateRoot { expected: HASH, found: Hash::ZERO };
    ReorganisationTooDeep: RuleError::ReorganisationTooDeep { depth: 11, limit: 10 };
}

const fn invalid_key(party: Party) -> RuleError {
    RuleError::InvalidKey {
        party,
        key: KEY,
        reason: KeyError::Weak,
    }
}

/// The sender's next is 2.
const fn wrong_nonce(found: u64) -> RuleError {
    RuleError::WrongNonce {
        sender: KEY,
        expected: 2,
        found,
    }
}

#[test]
fn every_code_is_distinct_and_kebab_case() {
    let codes: Vec<_> = samples().iter().map(RuleError::code).collect();
    let distinct: BTreeSet<_> = codes.iter().collect();
    assert_eq!(distinct.len(), codes.len(), "{codes:?}");
    for code in codes {
        assert!(
            code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            "{code}"
        );
    }
}

#[test]
fn every_rule_is_said_in_a_sentence() {
    let sentences: BTreeSet<_> = samples().iter().map(ToString::to_string).collect();
    assert_eq!(sentences.len(), samples().len(), "{sentences:#?}");
}

#[test]
fn the_document_lists_the_rules() {
    let document = include_str!("../../docs/protocol.md");
    let (_, section) = document.split_once("\n## Rules\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows: Vec<(String, String)> = section
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            // Empty before the first bar and after the last one.
            matches!(cells.len(), 6).then(|| (cells[3].to_owned(), cells[4].to_owned()))
        })
        .skip(2)
        .collect();
    let listed: BTreeSet<_> = rows.iter().cloned().collect();
    assert_eq!(listed.len(), rows.len(), "a row stands twice");
    let rules: BTreeSet<_> = samples()
        .iter()
        .map(|error| (name(error).to_owned(), error.code().to_owned()))
        .collect();
    assert_eq!(listed, rules);
}
