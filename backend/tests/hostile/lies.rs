//! Peers that say what is not so: of themselves, of their chains, and in answer to what they were asked.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use backend::{
    clock::{Clock, ManualClock},
    node::Config,
    sync::{Request, Response, Status, VERSION},
};
use ruint::aliases::U256;
use serde_json::json;
use shared::{
    block::Header,
    codec::Encode as _,
    hash::Hash,
    params::{Difficulty, Network},
    rules::HeaderChain,
};
use tempfile::TempDir;
use tokio::time::{Instant, timeout};

use super::{
    are_served,
    forged::{Forged, next, work},
    neighbours::{Neighbour, PATIENCE, eventually, hostile::Hostile},
    offended_for, pair, pair_of, was_counted,
    workshop::{Order, network},
};

/// What is shown to the victim's question, when all else is as it is on the victim's own chain.
async fn is_banned(code: &str, change: impl FnOnce(&mut Forged)) {
    let (victim, honest) = pair().await;
    victim.mine(5, 3).await;
    eventually("both have the blocks", || honest.height() == 3).await;
    let mut forged = Forged::of(&victim);
    change(&mut forged);
    let mut hostile = forged.shown(victim.node.network());
    hostile.connect(&victim.address()).await;
    assert_eq!(offended_for(&victim, &mut hostile).await.code, code);
    end(victim, honest).await;
}

async fn end(victim: Neighbour, honest: Neighbour) {
    are_served(&victim, &honest).await;
    for node in [victim, honest] {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_of_another_chain() {
    is_banned("other-chain", |forged| forged.status.genesis = Hash::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_of_an_old_version() {
    is_banned("old-version", |forged| forged.status.version = VERSION - 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_height_that_nothing_bears_out() {
    is_banned("false-claim", |forged| {
        forged.status.height = 1_000_000_000;
        forged.status.tip = Hash([9; 32]);
        forged.status.work = U256::MAX;
    })
    .await;
}

/// A false height of a block that the victim knows: it is asked again every ten seconds, and of each time something is forgotten
/// by the next, so that the third is enough.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_height_of_a_known_block() {
    is_banned("false-claim", |forged| forged.status.height += 7).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_a_known_block_does_not_have() {
    is_banned("false-claim", |forged| forged.status.work *= U256::from(2)).await;
}

/// A peer of an old version of the protocol has no words in common with the node, and is sent away.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_version_of_the_protocol() {
    let (victim, honest) = pair().await;
    let mut hostile = Hostile::of_version(victim.node.network().genesis_hash(), VERSION - 1);
    hostile.connect(&victim.address()).await;
    hostile.until_cut_off().await;
    was_counted(&victim, "cairn_p2p_connections_refused_total{kind=\"other-version\"}").await;
    assert_eq!(victim.peers.count(), 1, "it was never a peer");
    end(victim, honest).await;
}

/// Answers a status with one block more than the victim has, and everything else as it is told.
async fn is_banned_for_answers(code: &str, voice: fn(&Forged, &Forged, &Request) -> Option<Response>) {
    let network = network(3);
    let (victim, honest) = pair_of(&network).await;
    victim.mine(5, 3).await;
    eventually("both have the blocks", || honest.height() == 3).await;
    let tip = victim.tip();
    let [good, other] = [1, 2].map(|note| Forged::of(&victim).with(next(&victim, note, Vec::new())));
    let mut hostile = Hostile::new(network.genesis_hash()).answers(move |request| voice(&good, &other, request));
    hostile.connect(&victim.address()).await;
    assert_eq!(offended_for(&victim, &mut hostile).await.code, code);
    assert_eq!(victim.tip(), tip);
    end(victim, honest).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_another_kind() {
    is_banned_for_answers("malformed", |good, _, request| match request {
        Request::Headers { .. } => Some(Response::Mempool(Vec::new())),
        request => good.answer(request),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_that_nobody_asked_for() {
    is_banned_for_answers("unrequested", |good, other, request| match request {
        Request::Blocks { .. } => Some(Response::Blocks(vec![other.blocks[3].clone()])),
        request => good.answer(request),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_that_nobody_asked_for() {
    is_banned_for_answers("unrequested", |good, _, request| {
        let genesis = good.status.genesis;
        let ids = || (0..2_000_u64).map(|number| Hash([u8::try_from(number % 251).unwrap(); 32]));
        match request {
            Request::Status => Some(Response::Status(Status {
                height: 3,
                tip: good.blocks[2].header.hash(),
                work: good.status.work / U256::from(5) * U256::from(4),
                ..good.status
            })),
            Request::Mempool => Some(Response::Mempool(ids().collect())),
            // Each of its answers to the four questions that follow is one offence.
            Request::Transfers { .. } => Some(Response::Transfers(vec![Order::new(0, 1, 0).sign(&genesis)])),
            request => good.answer(request),
        }
    })
    .await;
}

/// A peer shows the victim's own chain, and a block more from each time on that the victim is asked to resolve.
#[tokio::test(flavor = "multi_thread")]
async fn a_heavier_chain_replaces_the_own_when_the_node_resolves() {
    let network = network(3);
    let victim = Neighbour::start(&network, &[]).await;
    victim.mine(5, 3).await;
    let shown = Arc::new(Mutex::new(Forged::of(&victim)));
    let voice = Arc::clone(&shown);
    let mut hostile =
        Hostile::new(network.genesis_hash()).answers(move |request| voice.lock().unwrap().answer(request));
    hostile.connect(&victim.address()).await;
    let going = hostile.go_on();
    eventually("it is a peer", || victim.peers.count() == 1).await;
    let begun = Instant::now();
    for note in 0.. {
        let old = (victim.height(), victim.tip());
        let longer = Forged::of(&victim).with(next(&victim, note, Vec::new()));
        let new = longer.status;
        *shown.lock().unwrap() = longer;
        let resolved = victim.get("/blockchain/nodes/resolve").await;
        eventually("the block is taken", || victim.tip() == new.tip).await;
        // The node asks by itself as well. When that is just then, there is nothing left to replace.
        if resolved["message"] == "Our chain was replaced" {
            assert_eq!(
                resolved["old_tip"],
                json!({ "height": old.0, "hash": old.1 }),
                "{resolved}"
            );
            assert_eq!(
                resolved["new_tip"],
                json!({ "height": new.height, "hash": new.tip }),
                "{resolved}"
            );
            assert_eq!(resolved["complete"], true, "{resolved}");
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "it never replaces the chain: {resolved}");
    }
    going.abort();
    victim.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_claims_much_and_shows_nothing_makes_no_route_slow() {
    let (victim, honest) = pair().await;
    victim.mine(5, 3).await;
    let mut claimed = Forged::of(&victim).status;
    claimed.height += 100;
    claimed.tip = Hash([7; 32]);
    claimed.work *= U256::from(100);
    let mut hostile = Hostile::new(claimed.genesis).answers(move |request| match request {
        Request::Status => Some(Response::Status(claimed)),
        _ => None,
    });
    hostile.connect(&victim.address()).await;
    let going = hostile.go_on();
    victim
        .until("/blockchain/nodes/get", |list| {
            list.to_string().contains("\"height\":103")
        })
        .await;
    let within = Duration::from_secs(5);
    let in_time = async |path: &str| timeout(within, victim.get(path)).await.expect("an answer in time");
    let resolved = in_time("/blockchain/nodes/resolve").await;
    assert_eq!(
        (&resolved["message"], &resolved["complete"]),
        (&json!("Our chain is authoritative"), &json!(false)),
        "{resolved}"
    );
    for path in ["/blockchain/nodes/get", "/blockchain/nodes/map", "/blockchain/status"] {
        in_time(path).await;
    }
    let registered = timeout(within, victim.register(&[&honest.address()])).await;
    assert_eq!(registered.expect("an answer in time").0.as_u16(), 201);
    going.abort();
    end(victim, honest).await;
}

/// A peer has all headers, and blocks up to a height alone. What came of it is there after a restart, and the rest comes from another.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_stopped_on_the_way_goes_on_where_it_was() {
    const HALF: u64 = 150;
    let network = network(3);
    let honest = Neighbour::start(&network, &[]).await;
    honest.mine(5, 2 * HALF).await;
    let all = Forged::of(&honest);
    let mut hostile = Hostile::new(network.genesis_hash()).answers(move |request| {
        let mut answer = all.answer(request);
        if let Some(Response::Blocks(blocks)) = &mut answer {
            blocks.retain(|block| block.header.height <= HALF);
        }
        answer
    });
    let late = Neighbour::start(&network, &[]).await;
    hostile.connect(&late.address()).await;
    hostile.until("half of the way is done", || late.height() == HALF).await;
    let folder = late.stop().await;
    drop(hostile);
    let late = Neighbour::start_in(folder, &network, &[], |_| ()).await;
    assert_eq!(late.height(), HALF);
    let (status, answer) = late.register_in_time(&[&honest.address()]).await;
    assert_eq!(status.as_u16(), 201, "{answer}");
    eventually("the rest came", || late.tip() == honest.tip()).await;
    end(honest, late).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_longer_than_their_kind() {
    let (victim, honest) = pair().await;
    let status = Response::Status(Forged::of(&victim).status).to_bytes();
    let mut hostile = Hostile::new(victim.node.network().genesis_hash()).says(move |_| {
        let mut bytes = status.clone();
        bytes.resize(8 << 20, 0);
        Some(bytes)
    });
    hostile.connect(&victim.address()).await;
    assert_eq!(offended_for(&victim, &mut hostile).await.code, "oversized");
    end(victim, honest).await;
}

/// A network whose difficulty follows the clock: a chain that is ahead of its time is heavy, and one that keeps to it light.
fn patient() -> Network {
    let mut parameters = network(3).parameters().clone();
    parameters.interval_ms = 1_000;
    parameters.difficulty = Difficulty::Asert {
        bits: 0x2100_ffff,
        half_life_ms: 10_000,
    };
    Network::new(parameters).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_headers_with_little_work() {
    let network = patient();
    let genesis_ms = network.parameters().genesis_time_ms;
    let clock = Arc::new(ManualClock::new(genesis_ms + 1_000));
    let start = async |to: &[&Neighbour]| {
        let folder = TempDir::new().unwrap();
        let config = Config::new(folder.path().to_owned());
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
        Neighbour::start_as(folder, config, &network, clock, to, |_| ()).await
    };
    let victim = start(&[]).await;
    victim.mine(5, 170).await;
    let honest = start(&[&victim]).await;
    eventually("both have the chain", || honest.height() == 170).await;
    clock.set(genesis_ms + 100_000_000);

    // Headers that keep all rules, and cost next to nothing.
    let mut chain = HeaderChain::genesis(&network);
    let mut headers: Vec<Header> = Vec::new();
    while headers.len() < 12_000 {
        let header = work(Header {
            version: Header::VERSION,
            height: chain.height() + 1,
            previous_hash: chain.hash(),
            history_root: chain.history().root(),
            transactions_root: Hash::ZERO,
            state_root: Hash::ZERO,
            timestamp: chain.header().timestamp + 1_000,
            bits: chain.next_bits(&network),
            nonce: 0,
        });
        chain = chain.accept(&network, &header, u64::MAX).unwrap();
        headers.push(header);
    }
    let own = Forged::of(&victim).status;
    assert!(chain.work() < own.work, "the test's premise");
    let claimed = Status {
        height: 1_000_000,
        tip: Hash([9; 32]),
        work: own.work * U256::from(10),
        ..own
    };
    let tip = victim.tip();
    for _ in 0..2 {
        let headers = headers.clone();
        let mut hostile = Hostile::new(network.genesis_hash()).answers(move |request| match request {
            Request::Status => Some(Response::Status(claimed)),
            Request::Headers { locator } => {
                let known = headers.iter().position(|header| locator.contains(&header.hash()));
                // The newest that both know is the one to go on from.
                let next = known.map_or(0, |_| {
                    headers
                        .iter()
                        .rposition(|header| locator.contains(&header.hash()))
                        .unwrap()
                        + 1
                });
                Some(Response::Headers(headers[next..].iter().take(2_000).copied().collect()))
            }
            _ => None,
        });
        hostile.connect(&victim.address()).await;
        // The offence costs half of what there is; the same again, and it is banned.
        let ban = offended_for(&victim, &mut hostile).await;
        assert_eq!(ban.code, "low-work", "{}", ban.reason);
    }
    // A light branch may have 4,000 headers and four for each block that it would undo. Nobody stands for them any more.
    let most = 4_000 + 4 * 170 + 2_000;
    let kept = |text: &str| -> usize {
        let line = text.lines().find(|line| line.starts_with("cairn_p2p_headers "));
        line.unwrap().split(' ').nth(1).unwrap().parse().unwrap()
    };
    assert!(kept(&victim.text("/metrics").await) <= most);
    eventually("they are forgotten", || {
        kept(&victim.peers.metrics().unwrap()) <= 2 * 64
    })
    .await;
    assert_eq!(victim.tip(), tip);
    end(victim, honest).await;
}
