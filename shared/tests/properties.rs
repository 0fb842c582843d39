//! Properties: encodings are canonical and never panic, blocks can be undone, and no coin appears or vanishes.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod chains;

use std::fmt::Debug;

use chains::{NOW, grow, key, network, network_with, order};
use proptest::{collection::vec, prelude::*};
use ruint::aliases::U256;
use shared::{
    address::{self, Prefix},
    amount::Amount,
    api::{BlockJson, HeaderJson, TransferJson},
    block::{Block, Header},
    codec::{Decode, Encode, Reader},
    hash::Hash,
    history::{History, HistoryNode, HistoryProof},
    key::{PublicKey, Signature},
    merkle::InclusionProof,
    params::Network,
    phrase::Phrase,
    pow::Target,
    rules::{ConnectedBlock, HeaderChain, Tip},
    slip10::Path,
    state::{Account, AccountProof},
    transaction::{Memo, Note, Reward, SignedTransfer, Transfer},
    vault,
};

fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn public_key() -> impl Strategy<Value = PublicKey> {
    any::<[u8; 32]>().prop_map(PublicKey)
}

fn amount() -> impl Strategy<Value = Amount> {
    any::<u64>().prop_map(Amount::from_units)
}

fn memo() -> impl Strategy<Value = Memo> {
    any::<String>().prop_map(|text| {
        let end = (0..=64).rev().find(|end| text.is_char_boundary(*end)).unwrap();
        Memo::new(&text[..end.min(text.len())]).unwrap()
    })
}

prop_compose! {
    fn transfer()(
        sender in public_key(), recipient in public_key(), amount in amount(), fee in amount(),
        nonce: u64, valid_until: u64, memo in memo(),
    ) -> Transfer {
        Transfer { sender, recipient, amount, fee, nonce, valid_until, memo }
    }
}

fn signed() -> impl Strategy<Value = SignedTransfer> {
    (transfer(), any::<[u8; 64]>()).prop_map(|(transfer, signature)| SignedTransfer {
        transfer,
        signature: Signature(signature),
    })
}

fn reward() -> impl Strategy<Value = Reward> {
    (public_key(), amount(), vec(any::<u8>(), 0..=32)).prop_map(|(recipient, amount, note)| Reward {
        recipient,
        amount,
        note: Note::new(&note).unwrap(),
    })
}

prop_compose! {
    fn header()(
        version: u32, height: u64, previous_hash in hash(), history_root in hash(), transactions_root in hash(),
        state_root in hash(), timestamp: u64, bits: u32, nonce: u64,
    ) -> Header {
        Header {
            version, height, previous_hash, history_root, transactions_root, state_root, timestamp, bits, nonce,
        }
    }
}

fn block() -> impl Strategy<Value = Block> {
    (header(), reward(), vec(signed(), 0..4)).prop_map(|(header, reward, transfers)| Block {
        header,
        reward,
        transfers,
    })
}

/// The value comes back; whatever is cut off, added or changed is refused, or is itself the encoding of what it says.
fn check_codec<T: Encode + Decode + PartialEq + Debug>(value: &T, flip: usize) -> Result<(), TestCaseError> {
    let bytes = value.to_bytes();
    prop_assert!(bytes.len() >= T::MIN_LEN);
    let read = T::from_bytes(&bytes);
    prop_assert_eq!(read.as_ref(), Ok(value));
    for length in 0..bytes.len() {
        prop_assert!(T::from_bytes(&bytes[..length]).is_err(), "cut to {}", length);
    }
    prop_assert!(T::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    let mut mutated = bytes;
    let bit = flip % (mutated.len() * 8);
    mutated[bit / 8] ^= 1 << (bit % 8);
    check_canonical::<T>(&mutated)
}

/// Bytes that decode are those that are written.
fn check_canonical<T: Encode + Decode>(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(value) = T::from_bytes(bytes) {
        prop_assert_eq!(value.to_bytes(), bytes);
    }
    Ok(())
}

proptest! {
    #[test]
    fn transfers_and_rewards_are_canonical(signed in signed(), reward in reward(), flip: usize) {
        check_codec(&signed.transfer, flip)?;
        check_codec(&signed, flip)?;
        check_codec(&reward, flip)?;
        prop_assert_eq!(signed.to_bytes().len(), signed.encoded_len());
    }

    #[test]
    fn headers_and_blocks_are_canonical(block in block(), flip: usize) {
        check_codec(&block.header, flip)?;
        check_codec(&block, flip)?;
        prop_assert_eq!(block.to_bytes().len(), block.encoded_len());
    }

    #[test]
    fn small_types_are_canonical(number: u64, bytes: [u8; 32], signature: [u8; 64], memo in memo(), flip: usize) {
        check_codec(&number, flip)?;
        check_codec(&(number as u32), flip)?;
        check_codec(&(number as u16), flip)?;
        check_codec(&Amount::from_units(number), flip)?;
        check_codec(&Account { balance: Amount::from_units(number), nonce: !number }, flip)?;
        check_codec(&Hash(bytes), flip)?;
        check_codec(&PublicKey(bytes), flip)?;
        check_codec(&Signature(signature), flip)?;
        check_codec(&memo, flip)?;
    }

    #[test]
    fn histories_are_canonical(work in vec(any::<u32>(), 0..40), flip: usize) {
        let mut history = History::new();
        for (time, work) in work.into_iter().enumerate() {
            let leaf = HistoryNode::leaf(&Hash([time as u8; 32]), U256::from(work), time as u64);
            check_codec(&leaf, flip)?;
            history.append(leaf);
        }
        check_codec(&history, flip)?;
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in vec(any::<u8>(), 0..400)) {
        check_canonical::<Block>(&bytes)?;
        check_canonical::<Header>(&bytes)?;
        check_canonical::<Transfer>(&bytes)?;
        check_canonical::<SignedTransfer>(&bytes)?;
        check_canonical::<Reward>(&bytes)?;
        check_canonical::<Memo>(&bytes)?;
        check_canonical::<Account>(&bytes)?;
        check_canonical::<History>(&bytes)?;
        check_canonical::<HistoryProof>(&bytes)?;
        check_canonical::<InclusionProof>(&bytes)?;
        check_canonical::<AccountProof>(&bytes)?;
        let _ = Reader::new(&bytes).list::<SignedTransfer>("transfers", u32::MAX);
        let _ = vault::SealedVault::parse(&bytes);
    }

    /// Bytes that begin as an encoding does, so that reading gets further.
    #[test]
    fn damaged_blocks_are_read_without_panic(block in block(), changes in vec((any::<usize>(), any::<u8>()), 1..8)) {
        let mut bytes = block.to_bytes();
        for (place, byte) in changes {
            let place = place % bytes.len();
            bytes[place] = byte;
        }
        check_canonical::<Block>(&bytes)?;
    }

    #[test]
    fn any_text_is_read_without_panic(text: String) {
        let prefix: Prefix = "dev".parse().unwrap();
        let _ = address::decode_checked(&prefix, &text);
        let _ = Amount::from_coins(&text);
        let _ = text.parse::<Amount>();
        let _ = text.parse::<Hash>();
        let _ = text.parse::<Path>();
        let _ = text.parse::<Prefix>();
        let _ = Phrase::parse(&text);
        let _ = serde_json::from_str::<TransferJson>(&text);
    }

    #[test]
    fn a_key_has_one_address(key in public_key(), prefix in "[a-z][a-z0-9]{0,15}", place: usize, letter in "[ac-hj-np-z02-9]") {
        let prefix: Prefix = prefix.parse().unwrap();
        let text = address::encode(&prefix, &key);
        prop_assert_eq!(address::decode(&prefix, &text), Ok(key));
        let mut changed = text.clone();
        let place = place % text.len();
        changed.replace_range(place..=place, &letter);
        if changed != text {
            prop_assert!(address::decode(&prefix, &changed).is_err());
        }
    }

    #[test]
    fn coins_are_exact(units: u64) {
        let amount = Amount::from_units(units);
        prop_assert_eq!(Amount::from_coins(&amount.to_coins()), Ok(amount));
    }

    #[test]
    fn json_says_the_same(block in block(), work: [u64; 4]) {
        let prefix: Prefix = "dev".parse().unwrap();
        let work = U256::from_limbs(work);
        let json = serde_json::to_string(&BlockJson::new(&prefix, &block, block.header.hash(), work)).unwrap();
        let read: BlockJson = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(read.header.to_header(), Some(block.header));
        prop_assert_eq!(&read.header, &HeaderJson::new(&block.header, block.header.hash(), work));
        prop_assert_eq!(read.reward.unwrap().to_reward(&prefix), Some(block.reward));
        let transfers: Vec<_> = read.transactions.iter().map(|json| json.to_signed(&prefix).unwrap()).collect();
        prop_assert_eq!(transfers, block.transfers);
    }

    #[test]
    fn targets_and_work_are_ordered(a: u32, b: u32) {
        if let (Some(a), Some(b)) = (Target::from_bits(a), Target::from_bits(b)) {
            prop_assert_eq!(a <= b, a.work() >= b.work() && (a <= b || a.work() != b.work()));
        }
    }
}

/// What one block of a random chain holds: a miner, and orders that are made to fit.
type Plan = Vec<(u8, Vec<(u8, u8, u16, u8)>)>;

fn plan() -> impl Strategy<Value = Plan> {
    vec(
        (1..=8_u8, vec((1..=8_u8, 1..=8_u8, any::<u16>(), any::<u8>()), 0..6)),
        1..12,
    )
}

/// Blocks by a plan: whoever cannot pay does not.
fn build(network: &Network, from: &Tip, plan: &Plan) -> Vec<ConnectedBlock> {
    let mut tip = from.clone();
    let mut blocks = Vec::new();
    for (miner, orders) in plan {
        let mut ledger: std::collections::BTreeMap<u8, Account> = (1..=8)
            .map(|number| (number, tip.accounts().get(key(number).0.as_bytes())))
            .collect();
        let mut accepted = Vec::new();
        for &(sender, recipient, share, fee) in orders {
            let account = ledger[&sender];
            let units = account.balance.units() / 65_536 * u64::from(share);
            let Some(rest) = account.balance.units().checked_sub(units + u64::from(fee)) else {
                continue;
            };
            if units == 0 {
                continue;
            }
            accepted.push(order(sender, recipient, units, fee.into(), account.nonce));
            let (balance, nonce) = (Amount::from_units(rest), account.nonce + 1);
            ledger.insert(sender, Account { balance, nonce });
            // What comes in is not counted on: the plan stays right whatever the order.
        }
        let block = grow(network, &tip, *miner, accepted);
        tip = block.tip.clone();
        blocks.push(block);
    }
    blocks
}

fn total(tip: &Tip) -> Amount {
    Amount::checked_sum(tip.accounts().iter().map(|(_, account)| account.balance)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_supply_is_conserved_and_blocks_can_be_undone(plan in plan(), other in plan(), fork in any::<prop::sample::Index>()) {
        let given = Amount::from_units(7_000);
        let network = network_with(|parameters| {
            let address = address::encode(&parameters.prefix, &key(5).0);
            parameters.allocations.push(shared::params::Allocation { address, amount: given });
        });
        let genesis = Tip::genesis(&network);
        prop_assert_eq!(total(&genesis), given);
        let blocks = build(&network, &genesis, &plan);
        let mut tip = genesis.clone();
        for connected in &blocks {
            // The block as it would arrive gives the same state as the miner's.
            let bytes = connected.block.to_block().to_bytes();
            let block = chains::verify(&network, Block::from_bytes(&bytes).unwrap()).unwrap();
            let arrived = tip.connect(&network, block, NOW).unwrap();
            prop_assert_eq!(arrived.tip.accounts(), connected.tip.accounts());
            prop_assert_eq!(&arrived.changes, &connected.changes);
            tip = arrived.tip;
            prop_assert_eq!(Some(total(&tip)), network.supply_at(tip.height()));
        }
        // Undone from the last on, the state comes back at every height.
        let mut accounts = tip.accounts().clone();
        for (place, connected) in blocks.iter().enumerate().rev() {
            accounts.update(connected.changes.iter().map(|change| (change.key.0, change.before)));
            let before = if place == 0 { &genesis } else { &blocks[place - 1].tip };
            prop_assert_eq!(accounts.root(), before.accounts().root());
            prop_assert_eq!(accounts.root(), before.headers().header().state_root);
        }
        // A branch from any block conserves it as well.
        let from = &blocks[fork.index(blocks.len())].tip;
        for connected in build(&network, from, &other) {
            prop_assert_eq!(Some(total(&connected.tip)), network.supply_at(connected.tip.height()));
        }
    }

    #[test]
    fn headers_alone_lead_to_the_same_chain(plan in plan()) {
        let network = network();
        let blocks = build(&network, &Tip::genesis(&network), &plan);
        let mut headers = HeaderChain::genesis(&network);
        for connected in &blocks {
            headers = headers.accept(&network, connected.block.header(), NOW).unwrap();
        }
        let tip = &blocks.last().unwrap().tip;
        prop_assert_eq!(headers.hash(), tip.hash());
        prop_assert_eq!(headers.work(), tip.headers().work());
        prop_assert_eq!(headers.history().root(), tip.headers().history().root());
    }
}
