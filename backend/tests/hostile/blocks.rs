//! Blocks with one wrong field each: every field of header, reward and transfer. The rule is named, and the sender banned.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use backend::sync::Request;
use shared::{
    amount::Amount,
    block::Block,
    hash::Hash,
    key::{KeyError, PublicKey},
    params::Network,
    transaction::{Memo, Note, SignedTransfer},
};

use super::{
    are_served,
    forged::{Forged, next, seal, work},
    neighbours::{Neighbour, eventually, hostile::Hostile},
    offended_for, pair_of,
    workshop::{Order, network, public, secret},
};

/// What is done to a block, and what is said of it.
struct Case {
    field: &'static str,
    code: &'static str,
    rule: &'static str,
    change: fn(&mut Block),
}

const fn case(field: &'static str, code: &'static str, rule: &'static str, change: fn(&mut Block)) -> Case {
    Case {
        field,
        code,
        rule,
        change,
    }
}

/// Bytes that are no point of the curve.
fn no_key() -> PublicKey {
    let mut keys = (2..=9).map(|byte| PublicKey([byte; 32]));
    keys.find(|key| key.check() == Err(KeyError::NotAPoint)).unwrap()
}

/// The first transfer of the block, signed anew after the change.
fn resign(block: &mut Block, change: impl FnOnce(&mut SignedTransfer)) {
    let genesis = network(3).genesis_hash();
    let signed = &mut block.transfers[0];
    change(signed);
    *signed = signed.transfer.clone().sign(&genesis, &secret(0));
}

const HEADERS: [Case; 7] = [
    case("version", "invalid-header", "version-unknown", |block| {
        block.header.version = 9
    }),
    case("height", "invalid-header", "height-wrong", |block| {
        block.header.height += 7
    }),
    case("history_root", "invalid-header", "history-root-wrong", |block| {
        block.header.history_root = Hash([7; 32])
    }),
    case("timestamp", "invalid-header", "time-too-early", |block| {
        block.header.timestamp = 1
    }),
    case("bits, easier", "invalid-header", "bits-wrong", |block| {
        block.header.bits = 0x2100_ffff
    }),
    case("bits, harder", "invalid-header", "bits-wrong", |block| {
        block.header.bits = 0x2000_8000
    }),
    case("bits, no target", "invalid-header", "bits-invalid", |block| {
        block.header.bits = 0xffff_ffff
    }),
];

/// The root of the transactions is put right after these.
const BODIES: [Case; 24] = [
    case("state_root", "invalid-block", "state-root-wrong", |block| {
        block.header.state_root = Hash([7; 32])
    }),
    case("reward.recipient", "invalid-block", "state-root-wrong", |block| {
        block.reward.recipient = public(9)
    }),
    case("reward.recipient, no key", "invalid-block", "miner-invalid", |block| {
        block.reward.recipient = no_key()
    }),
    case("reward.amount, more", "invalid-block", "reward-wrong", |block| {
        block.reward.amount = Amount::from_units(block.reward.amount.units() + 1);
    }),
    case("reward.amount, less", "invalid-block", "reward-wrong", |block| {
        block.reward.amount = Amount::from_units(block.reward.amount.units() - 1);
    }),
    case("sender", "invalid-block", "signature-invalid", |block| {
        block.transfers[0].transfer.sender = public(1)
    }),
    case("sender, no key", "invalid-block", "sender-invalid", |block| {
        block.transfers[0].transfer.sender = no_key()
    }),
    case("recipient", "invalid-block", "signature-invalid", |block| {
        block.transfers[0].transfer.recipient = public(8)
    }),
    case("recipient, no key", "invalid-block", "recipient-invalid", |block| {
        resign(block, |signed| signed.transfer.recipient = no_key());
    }),
    case("amount", "invalid-block", "signature-invalid", |block| {
        block.transfers[0].transfer.amount = Amount::from_units(9);
    }),
    case("amount, none", "invalid-block", "amount-zero", |block| {
        resign(block, |signed| signed.transfer.amount = Amount::from_units(0));
    }),
    case(
        "amount, more than there is",
        "invalid-block",
        "balance-insufficient",
        |block| {
            resign(block, |signed| {
                signed.transfer.amount = Amount::from_units(2_000 * Amount::PER_COIN)
            });
        },
    ),
    case(
        "amount and fee, more than can be",
        "invalid-block",
        "amount-overflow",
        |block| {
            resign(block, |signed| {
                signed.transfer.amount = Amount::from_units(u64::MAX);
                signed.transfer.fee = Amount::from_units(1);
            });
        },
    ),
    case("fee", "invalid-block", "signature-invalid", |block| {
        block.transfers[0].transfer.fee = Amount::from_units(9)
    }),
    case("fee, not in the reward", "invalid-block", "reward-wrong", |block| {
        resign(block, |signed| signed.transfer.fee = Amount::from_units(9));
    }),
    case("nonce", "invalid-block", "signature-invalid", |block| {
        block.transfers[0].transfer.nonce = 9
    }),
    case("nonce, too high", "invalid-block", "nonce-too-high", |block| {
        resign(block, |signed| signed.transfer.nonce = 9);
    }),
    case("nonce, used", "invalid-block", "nonce-too-low", |block| {
        let first = block.transfers[0].clone();
        block.transfers[1] = first;
    }),
    case("valid_until", "invalid-block", "signature-invalid", |block| {
        block.transfers[0].transfer.valid_until = 9;
    }),
    case("valid_until, over", "invalid-block", "expired", |block| {
        resign(block, |signed| signed.transfer.valid_until = 1);
    }),
    case("memo", "invalid-block", "signature-invalid", |block| {
        block.transfers[0].transfer.memo = Memo::new("more").unwrap();
    }),
    case("signature", "invalid-block", "signature-invalid", |block| {
        block.transfers[0].signature = block.transfers[1].signature;
    }),
    case(
        "transfers, one left out",
        "invalid-block",
        "state-root-wrong",
        |block| {
            block.transfers.pop();
        },
    ),
    case("transfers, exchanged", "invalid-block", "nonce-too-high", |block| {
        block.transfers.swap(0, 1)
    }),
];

/// A victim with two blocks, and the third that would be right.
async fn scene() -> (Neighbour, Neighbour, Block) {
    let network = network(3);
    let (victim, honest) = pair_of(&network).await;
    victim.mine(5, 2).await;
    eventually("both have them", || honest.height() == 2).await;
    let genesis = network.genesis_hash();
    let orders = [Order::new(0, 1, 0), Order::new(0, 1, 1)].map(|order| order.verified(&genesis));
    let right = next(&victim, 1, orders.to_vec());
    (victim, honest, right)
}

/// A peer that shows the victim's chain and this block on it is banned, and the rule is named.
async fn is_refused(victim: &Neighbour, block: Block, field: &str, code: &str, rule: &str) {
    let (network, tip) = (victim.node.network().clone(), victim.tip());
    let mut hostile = Forged::of(victim).with(block).shown(&network);
    hostile.connect(&victim.address()).await;
    let ban = offended_for(victim, &mut hostile).await;
    assert_eq!(ban.code, code, "{field}: {}", ban.reason);
    assert!(ban.reason.contains(rule), "{field}: {}", ban.reason);
    assert_eq!(victim.tip(), tip, "{field}");
}

async fn is_unharmed(victim: Neighbour, honest: Neighbour) {
    are_served(&victim, &honest).await;
    assert!(!victim.peers.bans().iter().any(|ban| ban.banned == honest.peers.id()));
    for node in [victim, honest] {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_with_one_wrong_field() {
    let (victim, honest, right) = scene().await;
    for Case {
        field,
        code,
        rule,
        change,
    } in HEADERS
    {
        let mut block = right.clone();
        change(&mut block);
        // What has no target, or is of no known version, has no work either.
        if !["bits-invalid", "version-unknown"].contains(&rule) {
            block.header = work(block.header);
        }
        is_refused(&victim, block, field, code, rule).await;
    }
    let mut idle = right.clone();
    while shared::rules::verify_work(&idle.header).is_ok() {
        idle.header.nonce += 1;
    }
    is_refused(&victim, idle, "nonce", "invalid-header", "work-insufficient").await;
    // It does not follow what was asked for, which is no answer.
    let mut stray = right.clone();
    stray.header.previous_hash = Hash([7; 32]);
    stray.header = work(stray.header);
    is_refused(&victim, stray, "previous_hash", "malformed", "do not follow").await;
    is_unharmed(victim, honest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_with_one_wrong_field() {
    let (victim, honest, right) = scene().await;
    for Case {
        field,
        code,
        rule,
        change,
    } in BODIES
    {
        let mut block = right.clone();
        change(&mut block);
        is_refused(&victim, seal(block), field, code, rule).await;
    }
    is_unharmed(victim, honest).await;
}

type Change = fn(&mut Block);

/// What the header names is not what comes with it. The header may be good, so the block is wanted from others.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_not_those_of_their_headers() {
    let (victim, honest, right) = scene().await;
    let others: [(&str, Change); 5] = [
        ("transactions_root", |block| {
            block.header.transactions_root = Hash([7; 32]);
            block.header = work(block.header);
        }),
        ("reward.note", |block| block.reward.note = Note::new(b"mine").unwrap()),
        ("reward.recipient", |block| block.reward.recipient = public(9)),
        ("a transfer more", |block| {
            block.transfers.push(block.transfers[0].clone())
        }),
        ("signature", |block| {
            block.transfers[0].signature = block.transfers[1].signature
        }),
    ];
    for (field, change) in others {
        let mut block = right.clone();
        change(&mut block);
        is_refused(&victim, block, field, "invalid-block", "transactions-root-wrong").await;
    }
    // The header itself was good.
    let mut hostile = Forged::of(&victim).with(right.clone()).shown(victim.node.network());
    hostile.connect(&victim.address()).await;
    let tip = right.header.hash();
    hostile.until("the right block is taken", || victim.tip() == tip).await;
    is_unharmed(victim, honest).await;
}

/// Clocks differ, so that this is nobody's fault; but the block is not taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_from_the_future() {
    let (victim, honest, mut right) = scene().await;
    let network: Network = victim.node.network().clone();
    right.header.timestamp = victim.node.now_ms() + network.parameters().max_future_ms + 3_600_000;
    let forged = Forged::of(&victim).with(seal(right));
    let shown = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&shown);
    let mut hostile = Hostile::new(network.genesis_hash()).answers(move |request| {
        counter.fetch_add(
            usize::from(matches!(request, Request::Headers { .. })),
            Ordering::Relaxed,
        );
        forged.answer(request)
    });
    hostile.connect(&victim.address()).await;
    // As it may be taken later, it is asked for again some time after it was refused.
    hostile
        .until("its header was refused", || shown.load(Ordering::Relaxed) >= 2)
        .await;
    assert_eq!(victim.height(), 2);
    let going = hostile.go_on();
    are_served(&victim, &honest).await;
    assert!(victim.peers.bans().is_empty());
    assert_eq!(victim.height(), 4, "only what honest nodes found");
    going.abort();
    for node in [victim, honest] {
        node.stop().await;
    }
}
