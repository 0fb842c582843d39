//! An honest node whose chain grows and is reorganised while it is asked: no answer is called a lie.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use backend::{
    clock::SystemClock,
    light::{Chain, Kept, Light, Since},
    node::Node,
};
use shared::{hash::Hash, params::Network, rules::Tip};
use tokio::runtime::Runtime;

use crate::{
    served::Served,
    workshop::{self, Order, public},
};

const READS: usize = 10_000;
const READERS: usize = 2;
/// How many reads there are to each change of the chain.
const READS_PER_CHANGE: usize = 20;
/// How many blocks there are at first.
const BEGINNING: u64 = 300;
/// The deepest reorganisation.
const MAX_DEPTH: usize = 5;

/// All tips that ever were, by hash, and the ids that no reorganisation reaches.
#[derive(Default)]
struct Truth {
    tips: BTreeMap<Hash, Tip>,
    settled: Vec<Hash>,
}

#[test]
fn ten_thousand_honest_reads_raise_no_alarm_in_the_light_client() {
    let runtime = Runtime::new().unwrap();
    let served = runtime.block_on(Served::start());
    let network = Arc::new(served.node.network().clone());
    let url = format!("http://{}", served.address);
    let truth = Mutex::new(Truth::default());
    let mut chain = vec![Tip::genesis(&network)];
    for _ in 0..BEGINNING {
        grow(&runtime, &served.node, &network, &mut chain, &truth, 1);
    }

    let (done, reads) = mpsc::sync_channel::<()>(READS);
    let counts: Vec<Counts> = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|reader| {
                let (done, url, network, truth) = (done.clone(), &url, &network, &truth);
                scope.spawn(move || read(reader, url, network, truth, &done))
            })
            .collect();
        drop(done);
        // Every third change is a reorganisation, of another depth than the last.
        let mut change = 0_usize;
        while reads.iter().take(READS_PER_CHANGE).count() == READS_PER_CHANGE {
            change += 1;
            let mut mined = 1;
            if change.is_multiple_of(3) {
                let depth = 1 + change % MAX_DEPTH;
                chain.truncate(chain.len() - depth);
                mined += depth;
            }
            for _ in 0..mined {
                grow(&runtime, &served.node, &network, &mut chain, &truth, change as u64 + 1);
            }
            assert_eq!(served.node.view().tip().hash(), chain.last().unwrap().hash());
        }
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    let sum = |of: fn(&Counts) -> usize| counts.iter().map(of).sum::<usize>();
    assert_eq!(sum(|counts| counts.reads), READS);
    assert!(
        sum(|counts| counts.moved) > 100,
        "the chain moved under {}",
        sum(|counts| counts.moved)
    );
    assert!(
        sum(|counts| counts.reorganised) > 10,
        "{} reorganised",
        sum(|counts| counts.reorganised)
    );
}

/// Mines a block on the last of these tips, which pays and is paid, and gives it to the node.
fn grow(runtime: &Runtime, node: &Node, network: &Network, chain: &mut Vec<Tip>, truth: &Mutex<Truth>, note: u64) {
    let tip = chain.last().unwrap();
    let payer = tip.accounts().get(&public(1).0);
    let transfers = if payer.balance.units() > 10 {
        let order = Order::new(1, 2, payer.nonce).amount(1 + note % 7);
        vec![order.verified(&network.genesis_hash())]
    } else {
        Vec::new()
    };
    let connected = workshop::mine(network, tip, 1, note, transfers);
    let block = connected.block.to_block();
    let ids = block.transaction_ids();
    let mut known = truth.lock().unwrap();
    known.tips.insert(connected.tip.hash(), connected.tip.clone());
    // Blocks of the beginning are beneath every reorganisation.
    if connected.tip.height() + MAX_DEPTH as u64 <= BEGINNING {
        known.settled.extend(ids);
    }
    drop(known);
    runtime.block_on(node.submit_block(block)).unwrap();
    chain.push(connected.tip);
}

#[derive(Default)]
struct Counts {
    reads: usize,
    moved: usize,
    reorganised: usize,
}

fn read(reader: usize, url: &str, network: &Arc<Network>, truth: &Mutex<Truth>, done: &mpsc::SyncSender<()>) -> Counts {
    let chain = Chain::Network(Arc::clone(network));
    let open =
        |kept: Option<&Kept>| Light::open(url, None, &chain, SystemClock, Duration::from_secs(20), kept).unwrap();
    let mut light = open(None);
    let mut counts = Counts::default();
    let turns = READS / READERS;
    for turn in 0..turns {
        let before = light.client().tip().hash();
        match turn % 10 {
            // As a new command, which knows what the last one kept.
            0 => {
                light = open(Some(&light.kept()));
                if light.since() == Some(Since::Reorganised) {
                    counts.reorganised += 1;
                }
            }
            1 => drop(light.tip().unwrap()),
            2 | 3 => {
                let settled = truth.lock().unwrap().settled.clone();
                let id = &settled[(turn * 31 + reader) % settled.len()];
                let verified = light.transaction(id).unwrap();
                let depth = light.client().tip().height() - verified.header.height;
                assert_eq!(verified.confirmations, depth + 1);
            }
            _ => {
                let number = [1, 2, 9][turn % 3];
                let verified = light.account(&public(number)).unwrap();
                let truth = truth.lock().unwrap();
                let tip = &truth.tips[&verified.block_hash];
                assert_eq!(verified.account, tip.accounts().get(&public(number).0));
            }
        }
        if light.client().tip().hash() != before {
            counts.moved += 1;
        }
        counts.reads += 1;
        done.send(()).unwrap();
    }
    counts
}
