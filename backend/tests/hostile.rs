//! Hostile peers, on real sockets: each is cut off by name, and honest ones are served all the while.

#![allow(clippy::unwrap_used, unreachable_pub, missing_docs, reason = "a test may fail")]

#[path = "hostile/blocks.rs"]
mod blocks;
#[path = "hostile/floods.rs"]
mod floods;
#[path = "hostile/forged.rs"]
mod forged;
#[path = "hostile/lies.rs"]
mod lies;
mod neighbours;
mod workshop;

use std::net::SocketAddr;

use backend::p2p::PeerBan;
use neighbours::{Neighbour, PATIENCE, eventually, hostile::Hostile};
use shared::params::Network;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use workshop::network;

/// A victim with an honest peer.
async fn pair() -> (Neighbour, Neighbour) {
    pair_of(&network(3)).await
}

async fn pair_of(network: &Network) -> (Neighbour, Neighbour) {
    let victim = Neighbour::start(network, &[]).await;
    let honest = Neighbour::start(network, &[&victim]).await;
    eventually("they are connected", || victim.peers.count() == 1).await;
    (victim, honest)
}

/// The honest peer still gets what the victim finds, and the other way round.
async fn are_served(victim: &Neighbour, honest: &Neighbour) {
    for (from, to) in [(victim, honest), (honest, victim)] {
        from.mine(1, 1).await;
        eventually("a block arrives", || to.tip() == from.tip()).await;
    }
}

/// A connection from another address of this machine.
async fn call_from(from: [u8; 4], port: u16) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((from, 0)))?;
    socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).await
}

/// Reads until the other end closes.
async fn is_closed(mut stream: TcpStream) {
    let mut bytes = [0; 4_096];
    let closed = async { while matches!(stream.read(&mut bytes).await, Ok(1..)) {} };
    timeout(PATIENCE, closed).await.expect("it is closed");
}

fn ban(victim: &Neighbour, banned: &str) -> Option<String> {
    let bans = victim.peers.bans();
    bans.into_iter().find(|ban| ban.banned == banned).map(|ban| ban.code)
}

/// What a peer that is connected is banned for.
async fn offended_for(victim: &Neighbour, hostile: &mut Hostile) -> PeerBan {
    let id = hostile.id();
    let ban = || victim.peers.bans().into_iter().find(|ban| ban.banned == id);
    hostile.until("it is banned", || ban().is_some()).await;
    ban().unwrap()
}

/// Waits until the victim has counted something of this name.
async fn was_counted(victim: &Neighbour, name: &str) {
    eventually(name, || victim.counted(name) > 0).await;
}

/// Repeats an offence that costs half of what there is.
async fn offend_until_cut_off(hostile: &mut Hostile, mut offend: impl AsyncFnMut(&mut Hostile)) {
    for _ in 0..2 {
        offend(hostile).await;
    }
    // Where so much time lay between the two that something of the first was forgotten, the third is enough.
    if !hostile.is_cut_off_within(PATIENCE / 4).await {
        offend(hostile).await;
        hostile.until_cut_off().await;
    }
}

/// An offence that is repeated until the offender is cut off.
async fn is_banned_for(code: &str, mut offend: impl AsyncFnMut(&mut Hostile)) {
    let (victim, honest) = pair().await;
    let mut hostile = Hostile::new(victim.node.network().genesis_hash());
    hostile.connect(&victim.address()).await;
    let id = hostile.id();
    offend_until_cut_off(&mut hostile, &mut offend).await;
    eventually("it is banned", || ban(&victim, &id).is_some()).await;
    assert_eq!(ban(&victim, &id).as_deref(), Some(code));
    assert!(!hostile.is_let_in(&victim.address()).await, "it stays outside");
    are_served(&victim, &honest).await;
    let list = victim.get("/blockchain/nodes/get").await;
    assert_eq!(
        (&list["bans"][0]["banned"], &list["bans"][0]["code"]),
        (&id.into(), &code.into()),
        "{list}"
    );
    for node in [victim, honest] {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_no_messages() {
    is_banned_for("malformed", async |hostile| hostile.ask(vec![255; 40])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_end() {
    is_banned_for("oversized", async |hostile| hostile.ask(vec![1; 4 << 20])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn news_that_is_no_message() {
    let mut number = 0_u8;
    is_banned_for("malformed", async |hostile| {
        number += 1;
        hostile.tell(vec![250, number]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn news_on_a_topic_to_which_nobody_listens() {
    let (victim, honest) = pair().await;
    let mut hostile = Hostile::new(victim.node.network().genesis_hash());
    hostile.connect(&victim.address()).await;
    hostile.pour("weather", (0_u64..).map(|number| number.to_le_bytes().to_vec()));
    hostile.until_cut_off().await;
    let id = hostile.id();
    eventually("it is banned", || ban(&victim, &id).is_some()).await;
    assert_eq!(ban(&victim, &id).as_deref(), Some("malformed"));
    are_served(&victim, &honest).await;
    for node in [victim, honest] {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn news_longer_than_any_may_be() {
    let mut number = 0_u8;
    is_banned_for("oversized", async |hostile| {
        number += 1;
        hostile.tell(vec![number; 65_537]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_no_messages() {
    let (victim, honest) = pair().await;
    let mut hostile = Hostile::new(victim.node.network().genesis_hash()).says(|_| Some(vec![254; 9]));
    hostile.connect(&victim.address()).await;
    assert_eq!(offended_for(&victim, &mut hostile).await.code, "malformed");
    are_served(&victim, &honest).await;
    for node in [victim, honest] {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_outlasts_a_restart() {
    let (victim, honest) = pair().await;
    let mut hostile = Hostile::new(victim.node.network().genesis_hash());
    hostile.connect(&victim.address()).await;
    let id = hostile.id();
    offend_until_cut_off(&mut hostile, async |hostile| hostile.ask(vec![255; 40])).await;
    eventually("it is banned", || ban(&victim, &id).is_some()).await;
    let network = victim.node.network().clone();
    let folder = victim.stop().await;
    let victim = Neighbour::start_in(folder, &network, &[], |_| ()).await;
    assert_eq!(ban(&victim, &id).as_deref(), Some("malformed"));
    assert!(!hostile.is_let_in(&victim.address()).await, "it stays outside");
    eventually("the honest peer is there again", || victim.peers.count() == 1).await;
    are_served(&victim, &honest).await;
    for node in [victim, honest] {
        node.stop().await;
    }
}

/// The points of a peer that is connected.
fn score_of(victim: &Neighbour, id: &str) -> u32 {
    let peers = victim.peers.connected();
    peers.iter().find(|peer| peer.peer == id).map_or(0, |peer| peer.score)
}

#[tokio::test(flavor = "multi_thread")]
async fn points_outlast_a_restart() {
    let (victim, honest) = pair().await;
    let mut hostile = Hostile::new(victim.node.network().genesis_hash());
    hostile.connect(&victim.address()).await;
    let id = hostile.id();
    hostile.ask(vec![255; 40]);
    hostile.until("it has points", || score_of(&victim, &id) > 40).await;
    let network = victim.node.network().clone();
    let folder = victim.stop().await;
    let victim = Neighbour::start_in(folder, &network, &[], |_| ()).await;
    hostile.connect(&victim.address()).await;
    // A point is forgotten in six seconds.
    hostile.until("it has them still", || score_of(&victim, &id) > 20).await;
    are_served(&victim, &honest).await;
    for node in [victim, honest] {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_in_place_of_a_handshake() {
    let (victim, honest) = pair().await;
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0; 64],
        &[255; 4_096],
        b"\x13/multistream/1.0.0\n",
    ] {
        let mut stream = call_from([127, 0, 0, 7], victim.port()).await.unwrap();
        // It may be closed before all is written.
        let _ = stream.write_all(bytes).await;
        is_closed(stream).await;
    }
    are_served(&victim, &honest).await;
    for node in [victim, honest] {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_connections() {
    let network = network(2);
    let victim = Neighbour::start_in(tempfile::tempdir().unwrap(), &network, &[], |config| {
        config.limits.flood = 40;
    })
    .await;
    let honest = Neighbour::start(&network, &[&victim]).await;
    eventually("they are connected", || victim.peers.count() == 1).await;
    // Each is held open and says nothing: 24 may do so, and of the others 40 are enough.
    let mut held = Vec::new();
    for _ in 0..100 {
        let call = call_from([127, 0, 0, 66], victim.port());
        held.extend(timeout(PATIENCE, call).await.unwrap());
    }
    eventually("the flood is noticed", || ban(&victim, "127.0.0.66").is_some()).await;
    assert_eq!(ban(&victim, "127.0.0.66").as_deref(), Some("connection-flood"));
    are_served(&victim, &honest).await;
    // Another neighbour of the honest one's address comes in all the same.
    let late = Neighbour::start(&network, &[&victim]).await;
    eventually("the late one is served", || late.tip() == victim.tip()).await;
    for stream in held {
        is_closed(stream).await;
    }
    for node in [victim, honest, late] {
        node.stop().await;
    }
}
