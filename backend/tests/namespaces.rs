//! Nodes as processes, each on a network of its own: they find each other, agree, and survive a network that is cut,
//! `kill -9`, and who comes late.
//!
//! The networks are namespaces, made without root. Where they are not permitted, the tests say so and are skipped; with
//! `CAIRN_NAMESPACES=required` they fail.

#![allow(clippy::unwrap_used, unreachable_pub, missing_docs, reason = "a test may fail")]
#![cfg(target_os = "linux")]

#[path = "namespaces/lab.rs"]
mod lab;
#[path = "namespaces/load.rs"]
mod load;
#[path = "namespaces/machine.rs"]
mod machine;
mod workshop;

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use backend::networks;
use futures_util::future::join_all;
use lab::Lab;
use load::Load;
use machine::{Machine, PATIENCE};
use shared::params::Network;
use tempfile::TempDir;
use tokio::{
    runtime::Runtime,
    time::{Instant, sleep},
};

/// The nodes that are there from the start. Each has a sender that sends to it.
const NODES: usize = 5;
/// Who mines: one on each side of the cut.
const MINERS: [usize; 2] = [1, 4];
/// One side of the cut. Nobody there was told of somebody on the other.
const SIDE: [usize; 2] = [1, 2];
/// How many blocks each side finds by itself while the network is cut.
const APART: u64 = 3;
/// Within which time all have one tip once the network is joined.
const AGREEMENT: Duration = Duration::from_secs(10);

#[test]
fn nodes_agree_whatever_becomes_of_the_network_and_of_them() {
    lab::run_inside("the_life_of_a_network");
}

#[test]
fn nodes_on_a_local_network_need_no_introduction() {
    lab::run_inside("two_strangers");
}

#[test]
#[ignore = "is run by the other test"]
fn the_life_of_a_network() {
    if lab::is_inside() {
        Runtime::new().unwrap().block_on(live());
    }
}

#[test]
#[ignore = "is run by the other test"]
fn two_strangers() {
    if lab::is_inside() {
        Runtime::new().unwrap().block_on(meet());
    }
}

/// A network whose blocks take a good second each, and not all the same time, as two miners otherwise keep step. Writes
/// its file.
fn network(folder: &Path) -> Network {
    let dev = include_str!("../networks/dev.toml");
    let mut text = dev.replace("interval_ms = 1000", "interval_ms = 500").replace(
        "bits = 0x2000ffff",
        "bits = 0x1e080000 # two million attempts on average",
    );
    let named = networks::load("dev").unwrap();
    for number in 1..=NODES {
        let address = named.address(&workshop::public(u8::try_from(number).unwrap()));
        text += &format!("[[allocations]]\naddress = \"{address}\"\namount = \"100000000000\"\n");
    }
    let file = folder.join("network.toml");
    fs::write(&file, text).unwrap();
    networks::load(file.to_str().unwrap()).unwrap()
}

async fn meet() {
    let folder = TempDir::new().unwrap();
    network(folder.path());
    let _lab = Lab::new(2);
    let mut machines = [1, 2].map(|number| Machine::new(number, folder.path(), &[]));
    for machine in &mut machines {
        machine.start().await;
    }
    have_peers(&machines, &[1, 1]).await;
}

async fn live() {
    let folder = TempDir::new().unwrap();
    let network = network(folder.path());
    let lab = Lab::new(NODES + 1);
    let mut machines: Vec<Machine> = (1..=NODES)
        .map(|number| machine(number, folder.path(), &network))
        .collect();
    join_all(machines.iter_mut().map(Machine::start)).await;
    let load = Load::start(&network, NODES);
    have_peers(&machines, &[4; NODES]).await;
    grow(&machines, 2).await;

    the_network_is_cut_and_joined(&lab, &machines).await;
    for number in 1..=NODES {
        is_killed_and_comes_back(&mut machines, number, &load).await;
    }
    let mut late = Machine::new(
        NODES + 1,
        folder.path(),
        &["--no-mdns", "--peer", &format!("{}:7331", Lab::address(3))],
    );
    let began = Instant::now();
    late.start().await;
    follows(&late, &machines[2]).await;
    machines.push(late);
    println!("the late one has the tip after {} ms", began.elapsed().as_millis());

    let acknowledged = load.stop().await;
    nothing_is_lost(&machines, &acknowledged).await;
    for machine in &machines {
        let again = machine.count_in_log("already been published");
        assert_eq!(again, 0, "a node told twice what others know: {}", machine.log());
    }
    join_all(machines.iter_mut().map(Machine::stop)).await;
}

/// One of the nodes: it is told of another on its own side of the cut.
fn machine(number: usize, folder: &Path, network: &Network) -> Machine {
    let other = [2, 1, 4, 5, 3][number - 1];
    let peer = format!("{}:7331", Lab::address(other));
    let recipient = network.address(&workshop::public(100 + u8::try_from(number).unwrap()));
    let mut options = vec!["--peer", &peer];
    if MINERS.contains(&number) {
        options.extend(["--mine", "--threads", "1", "--recipient", &recipient]);
    }
    Machine::new(number, folder, &options)
}

async fn the_network_is_cut_and_joined(lab: &Lab, machines: &[Machine]) {
    lab.cut(&SIDE);
    let cut = Instant::now();
    // What both sides have is no higher than that.
    let tips = join_all(machines.iter().map(Machine::tip)).await;
    let height = tips.iter().map(|(height, _)| *height).max().unwrap();
    // As long as that takes: each has noticed, and each side has found blocks that the other does not have.
    have_peers(machines, &[1, 1, 2, 2, 2]).await;
    println!("all have noticed the cut after {} ms", cut.elapsed().as_millis());
    reach(machines, height + APART).await;
    let (one, two) = (
        machines[0].block(height + APART).await,
        machines[3].block(height + APART).await,
    );
    assert_ne!(one, two, "the sides go apart");
    // Mining goes on, as it does in a network that nobody watches: to agree, they have to be faster than new blocks.
    lab.join();
    let joined = Instant::now();
    let height = one_tip(machines, AGREEMENT).await;
    println!(
        "one tip, at height {height}, {} ms after the network was joined",
        joined.elapsed().as_millis()
    );
}

async fn is_killed_and_comes_back(machines: &mut [Machine], number: usize, load: &Load) {
    let acknowledged = load.acknowledged_by(number);
    machines[number - 1].kill();
    let (before, after) = machines.split_at(number - 1);
    let others = before.iter().chain(&after[1..]);
    // Of two miners one is left at least, so that there is work to be caught up with.
    join_all(others.map(|machine| grow(std::slice::from_ref(machine), 1))).await;
    let began = Instant::now();
    machines[number - 1].start().await;
    let killed = &machines[number - 1];
    let has = killed.transfers().await;
    let lost: Vec<&String> = acknowledged.iter().filter(|id| !has.contains(*id)).collect();
    assert!(lost.is_empty(), "node {number} came back without {lost:?}");
    follows(killed, &machines[number % NODES]).await;
    println!(
        "node {number} came back with the {} transfers it had acknowledged, and had the tip after {} ms",
        acknowledged.len(),
        began.elapsed().as_millis()
    );
}

/// Waits until every node has so many blocks more than the first has now.
async fn grow(machines: &[Machine], more: u64) {
    let (height, _) = machines[0].tip().await;
    reach(machines, height + more).await;
}

/// Waits until every node has come to a height.
async fn reach(machines: &[Machine], height: u64) {
    let deadline = Instant::now() + PATIENCE;
    for machine in machines {
        while machine.tip().await.0 < height {
            assert!(Instant::now() < deadline, "blocks do not come: {}", machine.log());
            sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn have_peers(machines: &[Machine], counts: &[u64]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = join_all(machines.iter().map(Machine::peers)).await;
        if found == counts {
            return;
        }
        assert!(Instant::now() < deadline, "they have {found:?} peers, not {counts:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until all have one tip, and gives its height.
async fn one_tip(machines: &[Machine], within: Duration) -> u64 {
    let deadline = Instant::now() + within;
    loop {
        let tips = join_all(machines.iter().map(Machine::tip)).await;
        if tips.iter().all(|tip| *tip == tips[0]) {
            return tips[0].0;
        }
        assert!(
            Instant::now() < deadline,
            "no one tip within {within:?}: {tips:?}\n{}",
            machines.iter().map(Machine::log).collect::<Vec<_>>().join("\n--\n")
        );
        sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until a node has the chain of another, up to the tip that that has by then.
async fn follows(machine: &Machine, other: &Machine) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (height, hash) = other.tip().await;
        if machine.tip().await.0 >= height && machine.block(height).await == hash {
            return;
        }
        assert!(Instant::now() < deadline, "it does not follow: {}", machine.log());
        sleep(Duration::from_millis(20)).await;
    }
}

/// Each transfer that a node has acknowledged is mined or pending on every node. None of them expires or is replaced.
async fn nothing_is_lost(machines: &[Machine], acknowledged: &BTreeSet<String>) {
    assert!(
        acknowledged.len() > 100,
        "there was hardly any work: {}",
        acknowledged.len()
    );
    let deadline = Instant::now() + PATIENCE;
    for (index, machine) in machines.iter().enumerate() {
        loop {
            let has = machine.transfers().await;
            let missing = acknowledged.iter().filter(|id| !has.contains(*id)).count();
            if missing == 0 {
                break;
            }
            assert!(
                Instant::now() < deadline,
                "node {} lacks {missing} transfers: {}",
                index + 1,
                machine.log()
            );
            sleep(Duration::from_millis(100)).await;
        }
    }
    println!(
        "all {} acknowledged transfers are mined or pending on every node",
        acknowledged.len()
    );
}
