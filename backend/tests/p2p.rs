//! Nodes that find each other and agree, on real sockets.

#![allow(clippy::unwrap_used)]

mod neighbours;
mod workshop;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use backend::{
    classroom::{Classroom, CutError, Member},
    p2p::State,
    sync::{Request, Response},
};
use neighbours::{Neighbour, eventually, hostile::Hostile};
use serde_json::{Value, json};
use shared::{
    chain_proof,
    codec::{Decode as _, Encode as _},
};
use workshop::{Order, network};

async fn stop(nodes: impl IntoIterator<Item = Neighbour>) {
    for node in nodes {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_agree() {
    let network = network(2);
    let first = Neighbour::start(&network, &[]).await;
    first.mine(1, 20).await;
    let second = Neighbour::start(&network, &[&first]).await;
    eventually("the second has the first's blocks", || second.tip() == first.tip()).await;
    assert_eq!(second.height(), 20);
    second.mine(2, 1).await;
    eventually("the first has the second's block", || {
        first.height() == 21 && first.tip() == second.tip()
    })
    .await;
    stop([first, second]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_nodes_find_each_other_and_one_tip() {
    let network = network(4);
    let mut nodes = vec![Neighbour::start(&network, &[]).await];
    for index in 1..5 {
        // Each knows the one before it alone.
        let next = Neighbour::start(&network, &[&nodes[index - 1]]).await;
        nodes.push(next);
    }
    eventually("all know all", || nodes.iter().all(|node| node.peers.count() == 4)).await;
    let sent = nodes[2].submit(Order::new(0, 1, 0)).await;
    eventually("all have the transfer", || {
        nodes.iter().all(|node| node.is_pending(&sent))
    })
    .await;
    nodes[0].mine(1, 3).await;
    let tip = nodes[0].tip();
    eventually("all have the tip", || nodes.iter().all(|node| node.tip() == tip)).await;
    assert!(nodes.iter().all(|node| !node.is_pending(&sent)));
    // Two at once: one of them wins everywhere, as soon as there is a block on it.
    tokio::join!(nodes[1].mine(1, 1), nodes[3].mine(2, 1));
    // One of the two may have found its block on the other's.
    let most = nodes[1].height().max(nodes[3].height());
    eventually("one of them arrived", || nodes[4].height() >= most).await;
    nodes[4].mine(3, 1).await;
    eventually("all have one tip", || {
        nodes
            .iter()
            .all(|node| node.height() > most && node.tip() == nodes[4].tip())
    })
    .await;
    stop(nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_late_or_comes_back_catches_up() {
    let network = network(2);
    let first = Neighbour::start(&network, &[]).await;
    for nonce in 0..50 {
        first.submit(Order::new(0, 1, nonce)).await;
        first.mine(1, 6).await;
    }
    let pending = first.submit(Order::new(0, 1, 50)).await;
    let second = Neighbour::start(&network, &[&first]).await;
    eventually("the late one has all", || {
        second.height() == 300 && second.tip() == first.tip() && second.is_pending(&pending)
    })
    .await;
    let port = second.port();
    let folder = second.stop().await;
    first.mine(1, 100).await;
    // It is told of nobody, and remembers.
    let second = Neighbour::start_in(folder, &network, &[], |_| ()).await;
    assert_eq!(second.port(), port);
    eventually("it has what it missed", || {
        second.height() == 400 && second.tip() == first.tip()
    })
    .await;
    stop([first, second]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_is_one_node_s() {
    let network = network(2);
    let first = Neighbour::start(&network, &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let config = backend::node::Config::new(folder.path().to_owned());
    let clock = std::sync::Arc::new(backend::clock::SystemClock);
    let (node, running) = backend::node::Node::start(network, config, clock).unwrap();
    let taken = backend::p2p::Config {
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], first.port())),
        ..backend::p2p::Config::default()
    };
    let refused = backend::p2p::start(node, taken, std::future::pending())
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("--p2p-listen"), "{refused}");
    running.stop().unwrap();
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quic_does_as_well() {
    let network = network(2);
    let first = Neighbour::start(&network, &[]).await;
    first.mine(1, 5).await;
    eventually("it listens by QUIC", || first.quic_address().is_some()).await;
    let target = first.quic_address().unwrap().parse().unwrap();
    let second = Neighbour::start_in(tempfile::tempdir().unwrap(), &network, &[], |config| {
        config.nodes = vec![target];
    })
    .await;
    eventually("it has the blocks", || second.height() == 5).await;
    let connected = second.peers.connected();
    assert!(connected[0].address.contains("/quic-v1"), "{connected:?}");
    stop([first, second]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_chain_never_mixes() {
    let (one, other) = (network(2), network(3));
    let first = Neighbour::start(&one, &[]).await;
    let stranger = Neighbour::start(&other, &[&first]).await;
    stranger.mine(1, 9).await;
    eventually("the stranger knows why", || {
        stranger.peers.listed()[0].state == State::OtherChain
    })
    .await;
    let page = stranger.page.to_string();
    for node in [page.as_str(), &format!("http://{page}"), &stranger.address()] {
        let (status, answer) = first.register_in_time(&[node]).await;
        assert_eq!(
            (status.as_u16(), &answer["code"]),
            (422, &json!("other-chain")),
            "{node}: {answer}"
        );
        let reason = answer["refused"][0]["reason"].as_str().unwrap();
        assert!(reason.contains(&other.genesis_hash().to_string()), "{reason}");
    }
    assert_eq!((first.peers.count(), stranger.peers.count()), (0, 0));
    assert_eq!(first.height(), 0);
    stop([first, stranger]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_registered_by_every_name_and_stay_so() {
    let network = network(2);
    let own = Neighbour::start(&network, &[]).await;
    let others = [
        Neighbour::start(&network, &[]).await,
        Neighbour::start(&network, &[]).await,
        Neighbour::start(&network, &[]).await,
    ];
    let names = [
        others[0].page.to_string(),
        format!("http://{}/", others[1].page),
        others[2].address(),
    ];
    let there = &[&names[0], "127.0.0.1:1", "not a node"];
    let (status, answer) = own.register_until(there, |status, _| status == 201).await;
    assert_eq!(
        (status.as_u16(), &answer["message"]),
        (201, &json!("New nodes have been added")),
        "{answer}"
    );
    assert_eq!(answer["total_nodes"], json!([names[0]]));
    let codes: Vec<_> = answer["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refused| &refused["code"])
        .collect();
    assert_eq!(codes, ["node-unreachable", "node-address-invalid"]);
    let both = format!("{}, {}", names[1], names[2]);
    own.register_by_form_until(&both, |status, answer| {
        status == 201 && answer["total_nodes"].as_array().is_some_and(|nodes| nodes.len() == 3)
    })
    .await;
    let own_page = own.page.to_string();
    let (status, answer) = own.register_in_time(&[&own_page]).await;
    assert_eq!(
        (status.as_u16(), &answer["code"]),
        (422, &json!("node-itself")),
        "{answer}"
    );
    // Where it listens for peers, without its id.
    let bare = format!("127.0.0.1:{}", others[2].port());
    assert_eq!(own.register_in_time(&[&bare]).await.0, 201);
    eventually("all are connected", || own.peers.count() == 3).await;
    let list = own.get("/blockchain/nodes/get").await;
    let nodes = list["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 3, "{list}");
    for node in nodes {
        assert_eq!(
            (&node["state"], &node["registered"]),
            (&json!("connected"), &json!(true)),
            "{node}"
        );
        assert_eq!(node["connection"]["score"], 0, "{node}");
    }
    assert_eq!(own.get("/blockchain/status").await["peers"], 3);

    let folder = own.stop().await;
    let own = Neighbour::start_in(folder, &network, &[], |_| ()).await;
    eventually("it connects to them again", || {
        let listed = own.peers.listed();
        listed.len() == 3 && listed.iter().all(|node| node.state == State::Connected)
    })
    .await;
    stop(others).await;
    own.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resolving_replaces_a_chain_with_less_work() {
    let network = network(2);
    let (short, long) = (
        Neighbour::start(&network, &[]).await,
        Neighbour::start(&network, &[]).await,
    );
    short.mine(1, 3).await;
    long.mine(2, 7).await;
    let (old, new) = (short.tip(), long.tip());
    let alone = short.get("/blockchain/nodes/resolve").await;
    assert_eq!(
        (&alone["message"], &alone["answered"]),
        (&json!("Our chain is authoritative"), &json!(0))
    );
    // What happens first, by the connection or by the question, is a race: either way the tip is the longer chain's.
    let page = long.page.to_string();
    assert_eq!(short.register_in_time(&[&page]).await.0, 201);
    // A peer has a second to say where it stands, and the blocks four to come: on a busy machine not the first time.
    let resolved = short
        .until("/blockchain/nodes/resolve", |resolved| {
            resolved["answered"] == 1 && resolved["complete"] == true
        })
        .await;
    assert_eq!(resolved["new_tip"], json!({ "height": 7, "hash": new }), "{resolved}");
    if resolved["old_tip"]["hash"] == json!(old) {
        assert_eq!(resolved["message"], "Our chain was replaced");
    }
    let again = short.get("/blockchain/nodes/resolve").await;
    assert_eq!(again["message"], "Our chain is authoritative");
    assert_eq!(again["old_tip"], again["new_tip"]);
    stop([short, long]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_and_silent_nodes_make_nothing_slow() {
    let network = network(2);
    let (own, dead) = (
        Neighbour::start(&network, &[]).await,
        Neighbour::start(&network, &[]).await,
    );
    let name = dead.page.to_string();
    assert_eq!(own.register_in_time(&[&name]).await.0, 201);
    dead.stop().await;
    eventually("it is known to be gone", || {
        own.peers.listed()[0].state == State::Unreachable
    })
    .await;
    // One that takes connections and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("http://{}", silent.local_addr().unwrap());
    let within = Duration::from_secs(5);
    let (status, answer) = tokio::time::timeout(within, own.register(&[&silent, &name, "192.0.2.1:5000"]))
        .await
        .expect("an answer in time");
    assert_eq!(
        (status.as_u16(), answer["refused"].as_array().unwrap().len()),
        (422, 3),
        "{answer}"
    );
    for path in [
        "/blockchain/nodes/resolve",
        "/blockchain/nodes/get",
        "/blockchain/status",
    ] {
        tokio::time::timeout(within, own.get(path))
            .await
            .expect("an answer in time");
    }
    let list = own.get("/blockchain/nodes/get").await;
    assert_eq!(list["nodes"][0]["address"], name, "it stays registered");
    assert!(list["nodes"][0]["reason"].is_string(), "{list}");
    own.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_calls_others_whoever_else_has_its_port() {
    let network = network(2);
    let first = Neighbour::start(&network, &[]).await;
    let second = Neighbour::start(&network, &[]).await;
    // At another address of this machine, as a program has it that was given the port by chance.
    let taken = std::net::TcpListener::bind(("127.0.9.9", second.port())).unwrap();
    let (status, answer) = second.register_in_time(&[&first.address()]).await;
    assert_eq!(status.as_u16(), 201, "{answer}");
    drop(taken);
    stop([first, second]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_counted_is_shown() {
    let network = network(2);
    let first = Neighbour::start(&network, &[]).await;
    let second = Neighbour::start(&network, &[&first]).await;
    eventually("they are connected", || first.peers.count() == 1).await;
    let text = first.text("/metrics").await;
    for name in [
        "libp2p_swarm_connections_incoming_total",
        "cairn_p2p_peers",
        "cairn_height",
        "libp2p_bandwidth",
    ] {
        assert!(text.contains(name), "{name} is missing in {text}");
    }
    assert_eq!(text.matches("# EOF").count(), 1);
    assert!(text.ends_with("# EOF\n"));
    stop([first, second]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_is_cut_and_joined() {
    let network = network(2);
    let first = Neighbour::start(&network, &[]).await;
    let second = Neighbour::start(&network, &[&first]).await;
    let third = Neighbour::start(&network, &[&first, &second]).await;
    let nodes = [first, second, third];
    eventually("all are connected", || nodes.iter().all(|node| node.peers.count() == 2)).await;
    let room = Classroom::default();
    for node in &nodes {
        room.add(Member {
            url: format!("http://{}", node.page),
            node: node.node.clone(),
            peers: node.peers.clone(),
        });
    }
    let parts = |parts: &[&[usize]]| -> Vec<BTreeSet<usize>> {
        parts.iter().map(|part| part.iter().copied().collect()).collect()
    };
    assert_eq!(
        room.cut(&parts(&[&[4]])).await,
        Err(CutError::Unknown { number: 4, count: 3 })
    );
    assert_eq!(room.parts(), parts(&[]));
    let begun = Instant::now();
    room.cut(&parts(&[&[1]])).await.unwrap();
    let counts = || -> Vec<usize> { nodes.iter().map(|node| node.peers.count()).collect() };
    // A cut that takes longer than that is answered before it is done.
    if begun.elapsed() < Duration::from_secs(3) {
        assert_eq!(counts(), [0, 1, 1], "they are cut apart by then");
    }
    assert_eq!(room.parts(), parts(&[&[1], &[2, 3]]));
    eventually("they are cut apart", || counts() == [0, 1, 1]).await;
    // Who is there turns out when it is called, and the reason is the cut.
    let bare = format!("127.0.0.1:{}", nodes[1].port());
    let (status, answer) = nodes[0].register_in_time(&[&bare]).await;
    assert_eq!(
        (status.as_u16(), &answer["code"]),
        (422, &json!("node-cut-off")),
        "{answer}"
    );
    nodes[0].mine(1, 2).await;
    let lost = nodes[0].submit(Order::new(0, 1, 0)).await;
    nodes[1].mine(2, 4).await;
    eventually("the parts agree", || nodes[2].tip() == nodes[1].tip()).await;
    assert_ne!(nodes[0].tip(), nodes[1].tip());
    room.join().await;
    eventually("all agree, and the transfer is not lost", || {
        nodes
            .iter()
            .all(|node| node.tip() == nodes[1].tip() && node.is_pending(&lost))
    })
    .await;
    drop(room);
    stop(nodes).await;
}

/// The hashes of the blocks of the tree that are in a state, lowest first.
fn in_state(forks: &Value, state: &str) -> Vec<Value> {
    let blocks = forks["blocks"].as_array().unwrap();
    let found = blocks.iter().filter(|block| block["state"] == state);
    found.map(|block| block["hash"].clone()).collect()
}

/// The hashes of a node's chain above a height.
fn chain_above(node: &Neighbour, height: u64) -> Vec<Value> {
    let view = node.node.view();
    let heights = height + 1..=view.tip().height();
    let hashes = heights.map(|height| json!(view.reader().summary(height).unwrap().unwrap().hash));
    hashes.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_see_the_network_and_the_forks() {
    let network = network(2);
    let first = Neighbour::start(&network, &[]).await;
    let second = Neighbour::start(&network, &[&first]).await;
    let third = Neighbour::start(&network, &[&first, &second]).await;
    let nodes = [first, second, third];
    eventually("all are connected", || nodes.iter().all(|node| node.peers.count() == 2)).await;
    nodes[0].mine(1, 3).await;
    eventually("all have the blocks", || nodes.iter().all(|node| node.height() == 3)).await;

    // The first is cut off from the third: of their line it hears from nobody, of the other from the second.
    let ids: Vec<String> = nodes.iter().map(|node| node.peers.id().to_owned()).collect();
    for (own, other) in [(0, 2), (2, 0)] {
        let cut = nodes[own].peers.cut(BTreeSet::from([ids[other].clone()]));
        cut.await.unwrap();
        assert_eq!(nodes[own].peers.count(), 1, "the line is cut");
    }
    let map = nodes[0]
        .until("/blockchain/nodes/map", |map| {
            let nodes = map["nodes"].as_array().unwrap();
            nodes.iter().any(|node| node["known"] == "told") && nodes.iter().all(|node| node["height"] == 3)
        })
        .await;
    let known: Vec<_> = map["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| &node["known"])
        .collect();
    assert_eq!(known, ["self", "connected", "told"], "{map}");
    let named: Vec<_> = map["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| &node["peer"])
        .collect();
    assert_eq!(named, [&json!(ids[0]), &json!(ids[1]), &json!(ids[2])], "{map}");
    assert_eq!(
        (&map["own"], &map["nodes"][2]["height"]),
        (&json!(0), &json!(3)),
        "{map}"
    );
    assert_eq!(map["nodes"][2]["tip_hash"], json!(nodes[2].tip()), "{map}");
    let links = map["links"].as_array().unwrap();
    let pairs: Vec<_> = links.iter().map(|link| (&link["a"], &link["b"])).collect();
    assert_eq!(pairs, [(&json!(0), &json!(1)), (&json!(1), &json!(2))], "{map}");
    assert!(
        links[0]["inbound"].is_boolean() && links[1]["inbound"].is_null(),
        "{map}"
    );
    assert_eq!(map["sync"]["height"], 3, "{map}");

    // Now it is alone, and the parts mine on.
    nodes[0].peers.cut(ids[1..].iter().cloned().collect()).await.unwrap();
    nodes[1].peers.cut(ids[..1].iter().cloned().collect()).await.unwrap();
    let counts = [nodes[0].peers.count(), nodes[1].peers.count()];
    assert_eq!(counts, [0, 1], "the parts are apart");
    nodes[0].mine(1, 2).await;
    nodes[1].mine(2, 4).await;
    eventually("the part agrees", || {
        nodes[2].tip() == nodes[1].tip() && nodes[2].height() == 7
    })
    .await;
    let (lost, won) = (chain_above(&nodes[0], 3), chain_above(&nodes[1], 3));
    for node in &nodes {
        node.peers.cut(BTreeSet::new()).await.unwrap();
    }
    eventually("all agree", || nodes.iter().all(|node| node.tip() == nodes[1].tip())).await;
    for (node, state) in [(0, "beside"), (1, "header"), (2, "header")] {
        let forks = nodes[node]
            .until("/blockchain/forks?depth=10", |forks| {
                in_state(forks, state) == lost && forks["tips"].as_array().unwrap().len() == 1
            })
            .await;
        assert_eq!(in_state(&forks, "chain")[4..], won, "{forks}");
        let told = forks["blocks"]
            .as_array()
            .unwrap()
            .iter()
            .find(|block| block["hash"] == lost[0]);
        let told = told.unwrap();
        assert_eq!(
            (&told["height"], &told["previous_hash"]),
            (&json!(4), &in_state(&forks, "chain")[3])
        );
        assert_eq!(told["miner"].is_string(), state == "beside", "{told}");
        let tip = &forks["tips"][0];
        assert_eq!(
            (&tip["hash"], &tip["known"]),
            (&json!(nodes[1].tip()), &json!(true)),
            "{forks}"
        );
        assert_eq!(
            (&tip["branch_height"], &forks["tip"]["height"]),
            (&json!(7), &json!(7)),
            "{forks}"
        );
        assert!(tip["nodes"].as_array().unwrap().contains(&json!(ids[node])), "{forks}");
        assert!(nodes[node].peers.bans().is_empty());
        assert!(nodes[node].peers.connected().iter().all(|peer| peer.score == 0));
    }
    stop(nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_proves_its_chain() {
    let network = network(2);
    let node = Neighbour::start(&network, &[]).await;
    node.mine(1, 300).await;
    let mut peer = Hostile::new(network.genesis_hash());
    peer.connect(&node.address()).await;
    peer.ask(Request::Proof { heights: vec![7] }.to_bytes());
    let answer = peer.answered().await;
    let Response::Proof(proof) = Response::from_bytes(&answer).unwrap() else {
        panic!("another answer")
    };
    let proved = chain_proof::verify(&proof, &network, u64::MAX).unwrap();
    let view = node.node.view();
    assert_eq!(proved.headers.work(), view.tip().headers().work());
    let shown = view.reader().summary(7).unwrap().unwrap().hash;
    assert_eq!(proved.hash_at(7), Some(shown));
    drop(view);
    node.stop().await;
}
