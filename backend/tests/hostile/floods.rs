//! Floods: of connections, of transfers good and bad, of blocks beside each other, of questions; and who reads or writes
//! slowly. The victim keeps what its limits say and no more, and serves honest peers all the while.

use std::{collections::BTreeMap, time::Duration};

use backend::{
    mempool,
    node::Config,
    sync::{CompactBlock, Gossip, Request, Response},
};
use shared::{codec::Encode as _, hash::Hash, transaction::SignedTransfer};
use tempfile::TempDir;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use super::{
    are_served, ban, call_from,
    forged::{Forged, next},
    is_closed,
    neighbours::{
        Neighbour, PATIENCE, eventually,
        hostile::{Hostile, Manners},
    },
    offended_for, pair, was_counted,
    workshop::{Order, network},
};

async fn end<const COUNT: usize>(nodes: [Neighbour; COUNT]) {
    for node in nodes {
        node.stop().await;
    }
}

/// What nodes count: news that came in and was not known, and requests by their kind.
const NEWS: &str = "libp2p_gossipsub_messages_total";
const BLOCKS_SENT: &str = "cairn_p2p_requests_sent_total{kind=\"blocks\"}";
const BLOCKS_SERVED: &str = "cairn_p2p_requests_served_total{kind=\"blocks\"}";

/// For how long a node lets an answer wait.
const HELD: Duration = Duration::from_secs(20);

/// Many connections from several addresses, none of which says a word.
#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_connections_from_several_addresses() {
    const ADDRESSES: u8 = 10;
    const EACH: usize = 500;
    // More need not be held for it to be a flood: they are counted when they come, and this program has so many files.
    const HELD_EACH: usize = 64;
    let (victim, honest) = pair().await;
    let port = victim.port();
    let mut callers = JoinSet::new();
    for number in 0..ADDRESSES {
        callers.spawn(async move {
            let mut held = Vec::new();
            for _ in 0..EACH {
                // Once nobody takes more, the system keeps callers waiting.
                let call = timeout(Duration::from_millis(500), call_from([127, 0, 1, number], port));
                if let Ok(Ok(stream)) = call.await
                    && held.len() < HELD_EACH
                {
                    held.push(stream);
                }
            }
            held
        });
    }
    let mut held = Vec::new();
    // While they come in, honest nodes do what they always do.
    let served = async {
        are_served(&victim, &honest).await;
        let late = Neighbour::start(victim.node.network(), &[&victim]).await;
        let begun = Instant::now();
        eventually("the late one is served", || late.tip() == victim.tip()).await;
        (late, begun.elapsed())
    };
    let ((late, waited), ()) = tokio::join!(served, async {
        while let Some(streams) = callers.join_next().await {
            held.extend(streams.unwrap());
        }
    });
    println!(
        "{} connections were held; the late node was served within {waited:?}",
        held.len()
    );
    let bans = || victim.peers.bans();
    eventually("the addresses are banned", || bans().len() == usize::from(ADDRESSES)).await;
    assert!(bans().iter().all(|ban| ban.code == "connection-flood"), "{:?}", bans());
    assert_eq!(victim.peers.count(), 2, "honest nodes alone are peers");
    for stream in held {
        is_closed(stream).await;
    }
    are_served(&victim, &late).await;
    end([victim, honest, late]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_invalid_transfers() {
    let (victim, honest) = pair().await;
    let genesis = victim.node.network().genesis_hash();
    let wrong = Order::new(0, 1, 0).sign(&genesis).signature;
    // A new key costs a connection, and gains nothing.
    for fee in 0..3 {
        let news = (0..3_000).map(|nonce| {
            let mut transfer = Order::new(0, 1, nonce).fee(1 + fee).sign(&genesis);
            transfer.signature = wrong;
            Gossip::Transfer(transfer).to_bytes()
        });
        let news: Vec<Vec<u8>> = news.collect();
        let mut hostile = Hostile::new(genesis);
        hostile.connect(&victim.address()).await;
        hostile.flood("transfers", news).await;
        let ban = offended_for(&victim, &mut hostile).await;
        assert_eq!(ban.code, "invalid-transfer");
        assert!(ban.reason.contains("signature-invalid"), "{}", ban.reason);
    }
    assert_eq!(victim.node.view().mempool().len(), 0);
    assert_eq!(honest.node.view().mempool().len(), 0, "none was passed on");
    assert!(honest.peers.bans().is_empty());
    are_served(&victim, &honest).await;
    end([victim, honest]).await;
}

/// Valid transfers that pay nothing are no offence. They fill the mempool up to its limit, and whoever pays gets in.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_valid_cheap_transfers() {
    const LIMIT: usize = 1_000;
    let network = network(3);
    let genesis = network.genesis_hash();
    let folder = TempDir::new().unwrap();
    let mut config = Config::new(folder.path().to_owned());
    config.mempool = mempool::Limits {
        count: LIMIT,
        ..mempool::Limits::default()
    };
    let clock = std::sync::Arc::new(backend::clock::SystemClock);
    let victim = Neighbour::start_as(folder, config, &network, clock, &[], |_| ()).await;
    let honest = Neighbour::start(&network, &[&victim]).await;
    eventually("they are connected", || victim.peers.count() == 1).await;
    let transfers: Vec<SignedTransfer> = (0..4_000).map(|nonce| Order::new(0, 1, nonce).sign(&genesis)).collect();
    let news = transfers
        .iter()
        .map(|signed| Gossip::Transfer(signed.clone()).to_bytes());
    let news: Vec<Vec<u8>> = news.collect();
    let ids: Vec<Hash> = transfers.iter().map(SignedTransfer::id).collect();
    let by_id: BTreeMap<Hash, SignedTransfer> = transfers.into_iter().map(|signed| (signed.id(), signed)).collect();
    let forged = Forged::of(&victim);
    let mut hostile = Hostile::new(genesis).answers(move |request| match request {
        // It offers them in this way too.
        Request::Mempool => Some(Response::Mempool(ids.clone())),
        Request::Transfers { ids } => {
            let found = ids.iter().filter_map(|id| by_id.get(id).cloned());
            Some(Response::Transfers(found.collect()))
        }
        request => forged.answer(request),
    });
    hostile.connect(&victim.address()).await;
    let told = hostile.flood("transfers", news).await;
    let pending = || victim.node.view().mempool().len();
    hostile.until("the mempool is full", || pending() == LIMIT).await;
    println!("{told} transfers were told; {LIMIT} are pending");
    let paid = honest.submit(Order::new(1, 2, 0).fee(100_000)).await;
    let going = hostile.go_on();
    eventually("who pays gets in", || victim.is_pending(&paid)).await;
    assert!(pending() <= LIMIT);
    victim.mine(5, 1).await;
    eventually("and is mined", || {
        honest.tip() == victim.tip() && !honest.is_pending(&paid)
    })
    .await;
    assert!(victim.peers.bans().is_empty(), "they broke no rule");
    are_served(&victim, &honest).await;
    going.abort();
    end([victim, honest]).await;
}

/// Transfers that can never be mined soon are not even verified after the first few thousand.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_transfers_that_nobody_wants() {
    let (victim, honest) = pair().await;
    let genesis = victim.node.network().genesis_hash();
    let mut hostile = Hostile::new(genesis);
    hostile.connect(&victim.address()).await;
    let far = (0..4_000).map(|number| Gossip::Transfer(Order::new(0, 1, 1_000_000 + number).sign(&genesis)).to_bytes());
    let before = victim.counted(NEWS);
    let told = hostile.flood("transfers", far.collect::<Vec<_>>()).await;
    assert!(told > 1_000, "{told}");
    hostile
        .until("all have come in", || victim.counted(NEWS) - before >= told as u64)
        .await;
    let going = hostile.go_on();
    are_served(&victim, &honest).await;
    assert_eq!(victim.node.view().mempool().len(), 0);
    assert_eq!(honest.node.view().mempool().len(), 0);
    assert!(
        victim.peers.bans().is_empty(),
        "a mempool may not want what is no wrong"
    );
    going.abort();
    end([victim, honest]).await;
}

/// Several peers of whom none tells more than one may. News rests, and honest peers have their turn and come in all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_news_by_several_peers_at_once() {
    let (victim, honest) = pair().await;
    let genesis = victim.node.network().genesis_hash();
    let mut together = Vec::new();
    for _ in 0..4 {
        let mut hostile = Hostile::new(genesis);
        hostile.connect(&victim.address()).await;
        together.push(hostile);
    }
    let mut going = JoinSet::new();
    for (mut hostile, first) in together.into_iter().zip((1..).map(|peer| peer * 1_000_000)) {
        let far = (first..).map(move |nonce| Gossip::Transfer(Order::new(0, 1, nonce).sign(&genesis)).to_bytes());
        hostile.pour("transfers", far);
        going.spawn(async move {
            loop {
                hostile.turn().await;
            }
        });
    }
    was_counted(&victim, "cairn_p2p_pauses_total").await;
    are_served(&victim, &honest).await;
    let late = Neighbour::start(&network(3), &[&victim]).await;
    are_served(&victim, &late).await;
    let before = victim.counted("cairn_p2p_pauses_total");
    let pauses = || victim.counted("cairn_p2p_pauses_total");
    eventually("it still goes on", || pauses() > before).await;
    assert_eq!(victim.node.view().mempool().len(), 0);
    going.shutdown().await;
    end([victim, honest, late]).await;
}

/// Who finds two blocks at one height tells each half of the network another one. Both are good: the next decides.
#[tokio::test(flavor = "multi_thread")]
async fn equivocation() {
    let (victim, honest) = pair().await;
    let network = victim.node.network().clone();
    let mut tellers = Vec::new();
    let mut blocks = Vec::new();
    // Both chains are made before either is shown: a node may have the other's block at once.
    let both = [(&victim, 1), (&honest, 2)].map(|(node, note)| {
        let block = next(node, note, Vec::new());
        (Forged::of(node).with(block.clone()), block, node)
    });
    for (forged, block, node) in both {
        let mut hostile = forged.shown(&network);
        hostile.connect(&node.address()).await;
        let news = Gossip::Block(CompactBlock::of(&block)).to_bytes();
        hostile.tell_on("blocks", news).await;
        let hash = block.header.hash();
        // The other half may have been faster.
        hostile.until("there is a block", || node.height() == 1).await;
        blocks.push(hash);
        tellers.push(hostile.go_on());
    }
    assert!(blocks.contains(&victim.tip()) && blocks.contains(&honest.tip()));
    are_served(&victim, &honest).await;
    assert!(victim.peers.bans().is_empty() && honest.peers.bans().is_empty());
    for teller in tellers {
        teller.abort();
    }
    end([victim, honest]).await;
}

/// Hundreds of blocks beside each other, each with its work: as they are no heavier than the tip, nothing of them is fetched
/// or passed on. What came whole is kept beside the chain, until the chain has left it behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_blocks_at_one_height() {
    let (victim, honest) = pair().await;
    let network = victim.node.network().clone();
    let news = (0..=u8::MAX).map(|note| {
        let block = next(&victim, note, Vec::new());
        Gossip::Block(CompactBlock::of(&block)).to_bytes()
    });
    let news: Vec<Vec<u8>> = news.collect();
    victim.mine(5, 1).await;
    eventually("both have a block", || honest.tip() == victim.tip()).await;
    let own = victim.tip();
    let mut hostile = Forged::of(&victim).shown(&network);
    hostile.connect(&victim.address()).await;
    let (before, fetched) = (victim.counted(NEWS), victim.counted(BLOCKS_SENT));
    let told = hostile.flood("blocks", news).await;
    assert_eq!(told, 256, "it goes on to the end");
    hostile
        .until("all have come in", || victim.counted(NEWS) - before >= told as u64)
        .await;
    // Answered in its turn: by then the victim has looked at all of them.
    hostile.ask(Request::Status.to_bytes());
    hostile.answered().await;
    assert_eq!(victim.counted(BLOCKS_SENT), fetched, "none is fetched");
    assert!(honest.counted(NEWS) < 64, "none is passed on");
    assert_eq!(victim.tip(), own);
    let going = hostile.go_on();
    eventually("they are kept", || victim.counted("cairn_p2p_headers") >= 256).await;
    eventually("the writer has them", || victim.counted("cairn_p2p_block_bytes") == 0).await;
    are_served(&victim, &honest).await;
    victim.mine(5, 70).await;
    eventually("they are forgotten", || victim.counted("cairn_p2p_headers") <= 64).await;
    going.abort();
    end([victim, honest]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_questions() {
    let (victim, honest) = pair().await;
    let genesis = victim.node.network().genesis_hash();
    let mut hostile = Hostile::new(genesis);
    hostile.connect(&victim.address()).await;
    let id = hostile.id();
    let flood = tokio::spawn(async move {
        let question = Request::Mempool.to_bytes();
        loop {
            for _ in 0..32 {
                hostile.ask(question.clone());
            }
            for _ in 0..64 {
                let _ = timeout(Duration::from_millis(1), hostile.turn()).await;
            }
        }
    });
    let begun = Instant::now();
    while ban(&victim, &id).is_none() {
        are_served(&victim, &honest).await;
        assert!(begun.elapsed() < PATIENCE, "it is not banned");
    }
    assert_eq!(ban(&victim, &id).as_deref(), Some("too-many-requests"));
    flood.abort();
    are_served(&victim, &honest).await;
    end([victim, honest]).await;
}

/// Connections of which each begins its handshake and does not end it: each has its time, and an address so many at once.
#[tokio::test(flavor = "multi_thread")]
async fn who_shakes_hands_slowly() {
    let (victim, honest) = pair().await;
    let mut slow = Vec::new();
    for _ in 0..40 {
        use tokio::io::AsyncWriteExt as _;
        let mut stream = call_from([127, 0, 2, 1], victim.port()).await.unwrap();
        let _ = stream.write_all(b"\x13/multistream").await;
        slow.push(stream);
    }
    are_served(&victim, &honest).await;
    for stream in slow {
        is_closed(stream).await;
    }
    was_counted(&victim, "cairn_p2p_connections_refused_total{kind=\"failed\"}").await;
    end([victim, honest]).await;
}

/// Many questions at once on a connection that is alive, each of which begins and does not end.
#[tokio::test(flavor = "multi_thread")]
async fn who_asks_slowly() {
    const QUESTIONS: usize = 60;
    let (victim, honest) = pair().await;
    let mut slow = Hostile::with_manners(victim.node.network().genesis_hash(), Manners::AsksByHalves);
    slow.connect(&victim.address()).await;
    let id = slow.id();
    let question = Request::Blocks {
        hashes: vec![victim.tip(); 8],
    };
    for _ in 0..QUESTIONS {
        slow.ask(question.to_bytes());
    }
    slow.until_sent(QUESTIONS).await;
    let going = slow.go_on();
    are_served(&victim, &honest).await;
    let late = Neighbour::start(victim.node.network(), &[&victim]).await;
    eventually("the late one is served", || late.tip() == victim.tip()).await;
    assert!(victim.peers.connected().iter().any(|peer| peer.peer == id));
    assert!(victim.peers.bans().is_empty(), "slow lines break no rule");
    going.abort();
    end([victim, honest, late]).await;
}

/// A block of some 300 KiB, more than goes out before anything of it is taken.
async fn long_block(victim: &Neighbour) -> Hash {
    for nonce in 0..1_500 {
        victim.submit(Order::new(0, 1, nonce)).await;
    }
    victim.mine(5, 1).await;
    victim.tip()
}

/// Who asks for much and then reads nothing is cut off: not one more byte waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn who_reads_nothing() {
    let (victim, honest) = pair().await;
    let genesis = victim.node.network().genesis_hash();
    let hash = long_block(&victim).await;
    eventually("both have the block", || victim.tip() == honest.tip()).await;
    let mut hostile = Hostile::new(genesis);
    hostile.connect(&victim.address()).await;
    eventually("it is a peer", || victim.peers.count() == 2).await;
    let question = Request::Blocks { hashes: vec![hash] }.to_bytes();
    for _ in 0..32 {
        hostile.ask(question.clone());
    }
    // The questions go out, and from then on it does not so much as look.
    hostile
        .until("it is asked", || victim.counted(BLOCKS_SERVED) >= 8)
        .await;
    eventually("it is cut off", || victim.peers.count() == 1).await;
    was_counted(&victim, "cairn_p2p_connections_refused_total{kind=\"silent\"}").await;
    are_served(&victim, &honest).await;
    assert!(victim.peers.bans().is_empty(), "lines break, so that silence is no ban");
    drop(hostile);
    end([victim, honest]).await;
}

/// Three ask for as much as they may, and let the answers wait while all else goes on: whoever comes is served meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn who_takes_no_answers() {
    const EACH: usize = 16;
    let network = network(3);
    let victim = Neighbour::start(&network, &[]).await;
    let hash = long_block(&victim).await;
    let question = Request::Blocks { hashes: vec![hash; 2] }.to_bytes();
    let late = Neighbour::start(&network, &[]).await;
    let mut lazy = Vec::new();
    for _ in 0..3 {
        let mut hostile = Hostile::with_manners(network.genesis_hash(), Manners::TakesNothing);
        hostile.connect(&victim.address()).await;
        lazy.push(hostile);
    }
    // From here on their places are taken, for as long as an answer may wait.
    let begun = Instant::now();
    let mut going = Vec::new();
    for mut hostile in lazy {
        for _ in 0..EACH {
            hostile.ask(question.clone());
        }
        hostile.until_sent(EACH).await;
        going.push(hostile.go_on());
    }
    eventually("half of the places are taken", || victim.counted(BLOCKS_SERVED) >= 24).await;
    let (status, answer) = late.register_in_time(&[&victim.address()]).await;
    assert_eq!(status.as_u16(), 201, "{answer}");
    eventually("the late one is served", || late.tip() == victim.tip()).await;
    let waited = begun.elapsed();
    assert!(waited < HELD, "it had to wait until their time was over: {waited:?}");
    assert!(victim.peers.bans().is_empty(), "slow lines break no rule");
    for hostile in going {
        hostile.abort();
    }
    end([victim, late]).await;
}
