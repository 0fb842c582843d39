//! Each rule is broken alone, by a block that is right in everything else.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod chains;

use chains::{NOW, START, key, network, network_with, order, quick, verify};
use shared::{
    amount::Amount,
    block::{Block, transactions_root},
    codec::{Decode as _, DecodeError, Encode as _},
    hash::Hash,
    key::{KeyError, PublicKey, Signature},
    params::Network,
    rules::{Ledger, Party, RuleError, Tip, verify_work},
    state::{Account, StateTree},
    transaction::{Note, SignedTransfer},
};

/// A point of order 1: anybody can sign for it.
const WEAK: PublicKey = {
    let mut bytes = [0; 32];
    bytes[0] = 1;
    PublicKey(bytes)
};

/// A chain, and a block that may come next.
struct Case {
    network: Network,
    tip: Tip,
    block: Block,
}

impl Case {
    /// A block with one transfer from key 1 to key 2, on a chain where key 1 has coins.
    fn new() -> Self {
        Self::on(network())
    }

    fn on(network: Network) -> Self {
        let tip = chains::grow(&network, &Tip::genesis(&network), 1, Vec::new()).tip;
        let block = chains::grow(&network, &tip, 3, vec![order(1, 2, 10, 1, 0)])
            .block
            .to_block();
        Self { network, tip, block }
    }

    /// The verdict on the block as it stands, after a new proof of work.
    fn verdict(mut self) -> RuleError {
        self.mine();
        self.judge()
    }

    /// As [`Case::verdict`], with the transactions root put right before.
    fn verdict_on_transactions(mut self) -> RuleError {
        self.block.header.transactions_root = transactions_root(&self.block.transaction_ids());
        self.verdict()
    }

    fn mine(&mut self) {
        while matches!(verify_work(&self.block.header), Err(RuleError::InsufficientWork { .. })) {
            self.block.header.nonce += 1;
        }
    }

    fn judge(self) -> RuleError {
        let Self { network, tip, block } = self;
        let verified = match verify(&network, block) {
            Ok(verified) => verified,
            Err(error) => return error,
        };
        tip.connect(&network, verified, NOW).unwrap_err()
    }

    fn resign(&mut self, transfer: SignedTransfer) {
        let (_, secret) = key(1);
        self.block.transfers[0] = transfer.transfer.sign(&self.network.genesis_hash(), &secret);
    }

    fn change(&mut self, change: impl FnOnce(&mut SignedTransfer)) {
        let mut transfer = self.block.transfers[0].clone();
        change(&mut transfer);
        self.resign(transfer);
    }
}

#[test]
fn the_block_of_the_cases_is_right() {
    let Case { network, tip, block } = Case::new();
    let connected = tip.connect(&network, verify(&network, block).unwrap(), NOW).unwrap();
    assert_eq!(connected.tip.height(), 2);
    assert_eq!(connected.tip.accounts().get(&key(2).0.0).balance.units(), 10);
}

#[test]
fn encoding() {
    let bytes = Case::new().block.to_bytes();
    let error = RuleError::from(Block::from_bytes(&bytes[..bytes.len() - 1]).unwrap_err());
    assert_eq!(error, RuleError::Encoding(DecodeError::UnexpectedEnd { missing: 1 }));
    assert_eq!(error.code(), "encoding-invalid");
}

#[test]
fn block_size() {
    let network = network_with(|parameters| parameters.max_block_bytes = 1_024);
    let tip = chains::grow(&network, &Tip::genesis(&network), 1, Vec::new()).tip;
    let large = chains::sign_all(&network, (0..6).map(|nonce| order(1, 2, 1, 0, nonce)));
    let error = tip
        .prepare(&network, key(3).0, Note::default(), large, NOW)
        .unwrap_err();
    assert_eq!(
        error,
        RuleError::BlockTooLarge {
            bytes: 1_171,
            limit: 1_024
        }
    );
    let mut case = Case::on(network);
    while case.block.encoded_len() <= 1_024 {
        let transfer = case.block.transfers[0].clone();
        case.block.transfers.push(transfer);
    }
    let bytes = case.block.encoded_len();
    assert_eq!(
        case.verdict_on_transactions(),
        RuleError::BlockTooLarge { bytes, limit: 1_024 }
    );
}

#[test]
fn transfer_count() {
    let mut case = Case::on(network_with(|parameters| parameters.max_block_transfers = 1));
    let transfer = case.block.transfers[0].clone();
    case.block.transfers.push(transfer);
    assert_eq!(
        case.verdict_on_transactions(),
        RuleError::TooManyTransfers { count: 2, limit: 1 }
    );
}

#[test]
fn version() {
    let mut case = Case::new();
    case.block.header.version = 2;
    assert_eq!(case.verdict(), RuleError::UnknownVersion { found: 2 });
}

#[test]
fn bits_form() {
    let mut case = Case::new();
    case.block.header.bits = 0x0400_1234;
    assert_eq!(case.verdict(), RuleError::InvalidBits { bits: 0x0400_1234 });
}

#[test]
fn work() {
    let mut case = Case::new();
    while verify_work(&case.block.header).is_ok() {
        case.block.header.nonce += 1;
    }
    let (hash, bits) = (case.block.header.hash(), case.block.header.bits);
    assert_eq!(case.judge(), RuleError::InsufficientWork { hash, bits });
}

#[test]
fn transactions_are_committed_to() {
    let mut case = Case::new();
    let expected = case.block.header.transactions_root;
    case.block.header.transactions_root.0[0] ^= 1;
    let found = case.block.header.transactions_root;
    assert_eq!(case.verdict(), RuleError::WrongTransactionsRoot { expected, found });
}

#[test]
fn amounts() {
    let mut case = Case::new();
    case.change(|signed| signed.transfer.amount = Amount::ZERO);
    assert_eq!(case.verdict_on_transactions(), RuleError::AmountZero);
    let mut case = Case::new();
    case.change(|signed| signed.transfer.amount = Amount::MAX);
    assert_eq!(
        case.verdict_on_transactions(),
        RuleError::AmountOverflow {
            amount: Amount::MAX,
            fee: Amount::from_units(1)
        }
    );
}

#[test]
fn keys() {
    let first =
        |reason: KeyError, keys: Vec<PublicKey>| keys.into_iter().find(|key| key.check() == Err(reason)).unwrap();
    let at_or_above_p = |low| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (low, 0x7f);
        PublicKey(bytes)
    };
    let not_canonical = first(KeyError::NotCanonical, (0xed..=0xff).map(at_or_above_p).collect());
    let not_a_point = first(KeyError::NotAPoint, (2..=9).map(|byte| PublicKey([byte; 32])).collect());
    let found = [WEAK, not_canonical, not_a_point];
    for key in found {
        let reason = key.check().unwrap_err();
        let invalid = |party| RuleError::InvalidKey { party, key, reason };
        let mut case = Case::new();
        case.change(|signed| signed.transfer.sender = key);
        assert_eq!(case.verdict_on_transactions(), invalid(Party::Sender));
        let mut case = Case::new();
        case.change(|signed| signed.transfer.recipient = key);
        assert_eq!(case.verdict_on_transactions(), invalid(Party::Recipient));
        let mut case = Case::new();
        case.block.reward.recipient = key;
        assert_eq!(case.verdict_on_transactions(), invalid(Party::Miner));
    }
}

#[test]
fn signatures() {
    let mut case = Case::new();
    case.block.transfers[0].signature.0[3] ^= 1;
    let id = case.block.transfers[0].id();
    assert_eq!(case.verdict_on_transactions(), RuleError::InvalidSignature { id });
    // Signed for another chain.
    let mut case = Case::new();
    let transfer = case.block.transfers[0].transfer.clone();
    case.block.transfers[0] = transfer.sign(&Hash([9; 32]), &key(1).1);
    let id = case.block.transfers[0].id();
    assert_eq!(case.verdict_on_transactions(), RuleError::InvalidSignature { id });
    let mut case = Case::new();
    case.block.transfers[0].signature = Signature([0; 64]);
    assert_eq!(case.verdict_on_transactions().code(), "signature-invalid");
}

#[test]
fn transfers_verified_for_another_chain() {
    let other = network_with(|parameters| parameters.name = "other".into());
    let Case {
        network,
        tip,
        mut block,
    } = Case::new();
    let foreign = chains::sign_all(&other, [order(1, 2, 10, 1, 0)]);
    let id = foreign[0].id();
    let error = tip.prepare(&network, key(3).0, Note::default(), foreign.clone(), NOW);
    assert_eq!(error.unwrap_err(), RuleError::InvalidSignature { id });
    // A block that was verified by the other network's rules does not connect here.
    block.transfers = vec![foreign[0].signed().clone()];
    block.header.transactions_root = transactions_root(&block.transaction_ids());
    let mut case = Case { network, tip, block };
    case.mine();
    let verified = verify(&other, case.block).unwrap();
    let error = case.tip.connect(&case.network, verified, NOW).unwrap_err();
    assert_eq!(error, RuleError::InvalidSignature { id });
}

#[test]
fn parent() {
    let mut case = Case::new();
    let expected = case.tip.hash();
    case.block.header.previous_hash = Hash([7; 32]);
    assert_eq!(
        case.verdict(),
        RuleError::WrongParent {
            expected,
            found: Hash([7; 32])
        }
    );
}

#[test]
fn height() {
    let mut case = Case::new();
    case.block.header.height = 3;
    assert_eq!(
        case.verdict_on_transactions(),
        RuleError::WrongHeight { expected: 2, found: 3 }
    );
}

#[test]
fn bits_of_the_schedule() {
    let mut case = Case::new();
    let expected = case.block.header.bits;
    case.block.header.bits = expected - 1;
    let found = expected - 1;
    assert_eq!(case.verdict(), RuleError::WrongBits { expected, found });
}

#[test]
fn history() {
    let mut case = Case::new();
    let expected = case.block.header.history_root;
    case.block.header.history_root = Hash([7; 32]);
    let found = Hash([7; 32]);
    assert_eq!(case.verdict(), RuleError::WrongHistoryRoot { expected, found });
}

#[test]
fn time() {
    let mut case = Case::new();
    let median = case.tip.headers().median_time();
    case.block.header.timestamp = median;
    let timestamp = median;
    assert_eq!(case.verdict(), RuleError::TimeTooEarly { timestamp, median });
    let mut case = Case::new();
    let latest = NOW + case.network.parameters().max_future_ms;
    case.block.header.timestamp = latest + 1;
    let timestamp = latest + 1;
    assert_eq!(case.verdict(), RuleError::TimeTooLate { timestamp, latest });
}

#[test]
fn the_median_is_of_eleven() {
    let network = network();
    let mut tip = Tip::genesis(&network);
    let mut times = vec![START];
    for step in 0..30_u64 {
        // Out of order, as clocks are.
        let timestamp = tip.headers().median_time() + 1 + (step * 7) % 5 * 100;
        tip = chains::grow_at(&network, &tip, 1, Vec::new(), timestamp).tip;
        times.push(timestamp);
        let last = &times[times.len().saturating_sub(11)..];
        let mut sorted = last.to_vec();
        sorted.sort_unstable();
        assert_eq!(tip.headers().median_time(), sorted[sorted.len() / 2]);
    }
}

#[test]
fn reward() {
    let mut case = Case::new();
    let expected = case.block.reward.amount;
    let found = expected.checked_add(Amount::from_units(1)).unwrap();
    case.block.reward.amount = found;
    assert_eq!(
        case.verdict_on_transactions(),
        RuleError::WrongReward { expected, found }
    );
    let mut case = Case::new();
    let found = case.block.reward.amount.checked_sub(Amount::from_units(1)).unwrap();
    case.block.reward.amount = found;
    assert_eq!(
        case.verdict_on_transactions(),
        RuleError::WrongReward { expected, found }
    );
}

#[test]
fn fees() {
    let mut case = Case::new();
    case.change(|signed| signed.transfer.fee = Amount::from_units(u64::MAX / 2 + 1));
    let transfer = case.block.transfers[0].clone();
    case.block.transfers.push(transfer);
    assert_eq!(case.verdict_on_transactions(), RuleError::FeesOverflow);
}

#[test]
fn nonces() {
    let sender = key(1).0;
    let mut case = Case::new();
    case.change(|signed| signed.transfer.nonce = 1);
    let error = case.verdict_on_transactions();
    assert_eq!(
        error,
        RuleError::WrongNonce {
            sender,
            expected: 0,
            found: 1
        }
    );
    assert_eq!(error.code(), "nonce-too-high");
    // The same transfer a second time: a replay.
    let mut case = Case::new();
    let transfer = case.block.transfers[0].clone();
    case.block.transfers.push(transfer);
    case.block.reward.amount = case.block.reward.amount.checked_add(Amount::from_units(1)).unwrap();
    let error = case.verdict_on_transactions();
    assert_eq!(
        error,
        RuleError::WrongNonce {
            sender,
            expected: 1,
            found: 0
        }
    );
    assert_eq!(error.code(), "nonce-too-low");
}

#[test]
fn balance() {
    let mut case = Case::new();
    let available = case.tip.accounts().get(&key(1).0.0).balance;
    case.change(|signed| signed.transfer.amount = available);
    let needed = available.checked_add(Amount::from_units(1)).unwrap();
    let sender = key(1).0;
    assert_eq!(
        case.verdict_on_transactions(),
        RuleError::InsufficientBalance {
            sender,
            needed,
            available
        }
    );
}

#[test]
fn validity() {
    let mut case = Case::new();
    case.change(|signed| signed.transfer.valid_until = 1);
    assert_eq!(
        case.verdict_on_transactions(),
        RuleError::Expired {
            valid_until: 1,
            height: 2
        }
    );
    // The last height at which it may be mined is within.
    let Case { network, tip, .. } = Case::new();
    let mut transfer = order(1, 2, 10, 1, 0);
    transfer.valid_until = 2;
    assert_eq!(chains::grow(&network, &tip, 3, vec![transfer]).tip.height(), 2);
}

#[test]
fn balances_fit() {
    let full = Account {
        balance: Amount::MAX,
        nonce: 0,
    };
    let (sender, recipient) = (key(1).0, key(2).0);
    let mut accounts = [(sender.0, full), (recipient.0, full)];
    accounts.sort_by_key(|(key, _)| *key);
    let tree = StateTree::from_sorted(accounts).unwrap();
    let mut ledger = Ledger::new(&tree);
    let transfer = chains::sign_all(&network(), [order(1, 2, 1, 0, 0)]).remove(0);
    assert_eq!(
        ledger.transfer(&transfer, 1),
        Err(RuleError::BalanceOverflow { account: recipient })
    );
    assert_eq!(ledger.account(&sender), full, "an error changes nothing");
}

/// The reward comes first, so it may claim fees that nobody has: as far as a balance reaches.
#[test]
fn fees_that_do_not_exist_yet() {
    let mut case = Case::new();
    let account = key(1).0;
    let fee = u64::MAX - case.network.parameters().subsidy_at(2).units();
    case.change(|signed| signed.transfer.fee = Amount::from_units(fee));
    case.block.reward.amount = Amount::MAX;
    case.block.reward.recipient = account;
    assert_eq!(case.verdict_on_transactions(), RuleError::BalanceOverflow { account });
}

#[test]
fn accounts_are_committed_to() {
    let mut case = Case::new();
    let expected = case.block.header.state_root;
    case.block.header.state_root = Hash([7; 32]);
    let found = Hash([7; 32]);
    assert_eq!(case.verdict(), RuleError::WrongStateRoot { expected, found });
}

#[test]
fn a_refused_block_leaves_the_chain_as_it_was() {
    let mut case = Case::new();
    let right = verify(&case.network, case.block.clone()).unwrap();
    case.block.header.state_root = Hash([7; 32]);
    case.mine();
    let wrong = verify(&case.network, case.block).unwrap();
    let (mut tip, before) = (case.tip.clone(), case.tip.accounts().iter().collect::<Vec<_>>());
    let error = tip.advance(&case.network, wrong, NOW).unwrap_err();
    assert_eq!(error.code(), "state-root-wrong");
    assert_eq!(tip.hash(), case.tip.hash());
    assert_eq!(tip.accounts().iter().collect::<Vec<_>>(), before);
    assert_eq!(tip.accounts().root(), case.tip.accounts().root());
    let applied = tip.advance(&case.network, right, NOW).unwrap();
    assert_eq!(tip.height(), 2);
    assert_eq!(applied.work, tip.headers().work());
}

#[test]
fn an_accepted_header_is_not_verified_again_and_stands_for_no_other() {
    let Case { network, tip, block } = Case::new();
    let mut headers = tip.headers().clone();
    let accepted = headers.follow(&network, &block.header, NOW).unwrap();
    assert_eq!(accepted.hash(), block.header.hash());
    let mut other = Case::new();
    other.block.header.history_root = Hash([7; 32]);
    other.mine();
    let wrong = verify(&network, other.block).unwrap().with_header(accepted);
    let error = tip.connect(&network, wrong, NOW).unwrap_err();
    assert_eq!(error.code(), "history-root-wrong");
    // Without looking at the clock, as its time was right when it was accepted.
    let right = verify(&network, block).unwrap().with_header(accepted);
    let after = tip.connect(&network, right.clone(), 0).unwrap().tip;
    assert_eq!(after.height(), 2);
    let error = after.connect(&network, right, NOW).unwrap_err();
    assert_eq!(error.code(), "parent-wrong");
}

#[test]
fn the_state_must_be_that_of_the_header() {
    let Case { tip, .. } = Case::new();
    let error = Tip::from_parts(tip.headers().clone(), StateTree::new()).unwrap_err();
    assert_eq!(error.code(), "state-root-wrong");
}

#[test]
fn a_transfer_to_oneself_costs_its_fee() {
    let Case { network, tip, .. } = Case::new();
    let before = tip.accounts().get(&key(1).0.0).balance;
    let after = chains::grow(&network, &tip, 3, vec![order(1, 1, before.units() - 1, 1, 0)]).tip;
    let account = after.accounts().get(&key(1).0.0);
    assert_eq!((account.balance.units(), account.nonce), (before.units() - 1, 1));
}

#[test]
fn the_miner_may_spend_the_reward_at_once() {
    let network = network();
    let tip = Tip::genesis(&network);
    let reward = network.parameters().subsidy_at(1).units();
    let connected = chains::grow(&network, &tip, 1, vec![order(1, 2, reward, 0, 0)]);
    assert_eq!(connected.tip.accounts().get(&key(2).0.0).balance.units(), reward);
}

#[test]
fn quick_work_is_quick() {
    // The tests mine many blocks: about two attempts each.
    assert!(quick().difficulty.bits() == 0x207f_ffff);
}
