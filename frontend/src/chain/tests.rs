//! The worker's part and the page's, joined by their messages, over a chain that was really mined.

use std::collections::BTreeMap;
use std::convert::Infallible;

use shared::api::ParametersJson;
use shared::block::Header;
use shared::chain_proof::{self, HeaderSource, ShownHeader};
use shared::codec::{Decode, Encode};
use shared::hash::{Hash, sha256};
use shared::history::{History, HistoryNode, NodeSource, Position};
use shared::params::{Difficulty, Network, Parameters};
use shared::pow::{Midstate, Target};
use shared::rules::leaf;

use super::*;
use crate::view::verify::{Findings, Outcome};

const START: u64 = 1_700_000_000_000;

fn network() -> Network {
    Network::new(Parameters {
        name: "test".to_owned(),
        symbol: "TEST".to_owned(),
        prefix: "test".parse().unwrap(),
        subsidy: "50".parse().unwrap(),
        halving_interval: 0,
        interval_ms: 1_000,
        max_future_ms: 60_000,
        max_block_bytes: 1 << 20,
        max_block_transfers: 500,
        max_reorg_depth: 100,
        genesis_time_ms: START,
        difficulty: Difficulty::Fixed { bits: 0x2100_ffff },
        allocations: Vec::new(),
    })
    .unwrap()
}

fn parameters(network: &Network) -> String {
    serde_json::to_string(&ParametersJson {
        genesis_hash: network.genesis_hash(),
        parameters_hash: network.parameters_hash(),
        parameters: network.parameters().clone(),
        bytes: hex::encode(network.parameters_bytes()),
    })
    .unwrap()
}

#[derive(Clone)]
struct Chain {
    headers: Vec<Header>,
    nodes: BTreeMap<Position, HistoryNode>,
    history: History,
}

impl NodeSource for Chain {
    type Error = Infallible;

    fn get(&self, position: Position) -> Result<HistoryNode, Infallible> {
        Ok(self.nodes[&position])
    }
}

impl HeaderSource for Chain {
    fn header(&self, height: u64) -> Result<Header, Infallible> {
        Ok(self.headers[height as usize])
    }
}

impl Chain {
    fn new(network: &Network) -> Self {
        let mut chain = Self {
            headers: Vec::new(),
            nodes: BTreeMap::new(),
            history: History::new(),
        };
        chain.push(*network.genesis());
        chain
    }

    fn push(&mut self, header: Header) {
        let nodes = &mut self.nodes;
        self.history
            .append_with(leaf(&header, header.hash()), |position, node| {
                nodes.insert(position, *node);
            });
        self.headers.push(header);
    }

    /// Mines blocks that differ by `content`.
    fn mine(&mut self, count: u64, content: u8) {
        for _ in 0..count {
            let last = self.headers.last().unwrap();
            let mut header = Header {
                version: Header::VERSION,
                height: last.height + 1,
                previous_hash: last.hash(),
                history_root: self.history.root(),
                transactions_root: sha256(&[&[content]]),
                state_root: Hash([9; 32]),
                timestamp: last.timestamp + 1_000,
                bits: last.bits,
                nonce: 0,
            };
            let target = Target::from_bits(header.bits).unwrap();
            header.nonce = Midstate::new(&header).search(target, 0, 1 << 20).unwrap();
            self.push(header);
        }
    }

    /// The same up to a height, and nothing after it.
    fn up_to(&self, network: &Network, height: usize) -> Self {
        let mut chain = Self::new(network);
        for header in &self.headers[1..=height] {
            chain.push(*header);
        }
        chain
    }

    fn proof(&self, also: &[u64]) -> Vec<u8> {
        chain_proof::write(self, &network(), self.headers.len() as u64 - 1, also).unwrap()
    }

    fn bytes_from(&self, height: usize) -> Vec<u8> {
        self.headers[height..]
            .iter()
            .flat_map(|header| header.to_bytes())
            .collect()
    }

    /// What was found in an answer that rests on the header there.
    fn findings(&self, height: usize) -> Findings {
        Findings {
            outcome: Outcome::Proved,
            header: Some(ShownHeader {
                height: height as u64,
                hash: self.headers[height].hash(),
                work: History::at(self, height as u64).unwrap().work()
                    + leaf(&self.headers[height], Hash([0; 32])).work,
            }),
            is_present: false,
            steps: Vec::new(),
        }
    }
}

fn now() -> u64 {
    START + 3_600_000
}

fn begin(network: &Network, kept: Option<ShownHeader>) -> Follower {
    Follower::begin(&parameters(network), &network.genesis_hash(), kept).unwrap()
}

/// What the page knows after these words have crossed over.
fn hear(proved: &mut Proved, word: &Word) {
    let crossed = Word::from_bytes(&word.to_bytes()).unwrap();
    assert_eq!(crossed, *word);
    proved.take(crossed);
}

fn outcome(proved: &Proved, findings: Findings) -> Outcome {
    proved.judge(findings).outcome
}

#[test]
fn orders_cross_over() {
    let kept = ShownHeader {
        height: 7,
        hash: Hash([1; 32]),
        work: shared::pow::Target::from_bits(0x1d00_ffff).unwrap().work(),
    };
    for order in [
        Order::Begin {
            genesis: Hash([2; 32]),
            kept: None,
        },
        Order::Begin {
            genesis: Hash([2; 32]),
            kept: Some(kept),
        },
        Order::Follow,
        Order::Show(u64::MAX),
        Order::Compare("http://127.0.0.1:5001".to_owned()),
    ] {
        assert_eq!(Order::from_bytes(&order.to_bytes()).unwrap(), order);
    }
    assert_eq!(read_kept(&write_kept(&kept)), Some(kept));
    assert_eq!(read_kept(""), None);
    assert!(Order::from_bytes(&[9]).is_err());
    assert!(Word::from_bytes(&[9]).is_err());
}

#[test]
fn a_chain_is_proved_and_followed() {
    let network = network();
    let mut chain = Chain::new(&network);
    chain.mine(300, 1);
    let (mut follower, mut proved) = (begin(&network, None), Proved::default());
    assert_eq!(outcome(&proved, chain.findings(300)), Outcome::Claimed);
    hear(
        &mut proved,
        &Word::Proved(follower.take_proof(&chain.proof(&[0]), now()).unwrap()),
    );
    assert_eq!(proved.tip().unwrap().height, 300);
    assert_eq!(outcome(&proved, chain.findings(300)), Outcome::Proved);

    chain.mine(2, 1);
    assert_eq!(outcome(&proved, chain.findings(302)), Outcome::Claimed);
    let tip = follower.tip_height() as usize;
    let report = follower.take_headers(&chain.bytes_from(tip), now()).unwrap().unwrap();
    assert_eq!((report.from, report.places.len()), (301, 2));
    hear(&mut proved, &Word::Proved(report));
    assert_eq!(outcome(&proved, chain.findings(302)), Outcome::Proved);
    assert_eq!(outcome(&proved, chain.findings(300)), Outcome::Proved);
    let present = |height| Findings {
        is_present: true,
        ..chain.findings(height)
    };
    assert_eq!(outcome(&proved, present(286)), Outcome::Proved);
    assert_eq!(outcome(&proved, present(285)), Outcome::Claimed);
    let mut more_work = chain.findings(302);
    more_work.header.as_mut().unwrap().work += Target::from_bits(0x2000_ffff).unwrap().work();
    assert_eq!(outcome(&proved, more_work), Outcome::Refuted);
    // Nothing new needs nothing.
    let report = follower.take_headers(&chain.bytes_from(302), now()).unwrap().unwrap();
    assert_eq!((report.from, report.places.len()), (303, 0));
    hear(&mut proved, &Word::Proved(report));
    assert_eq!(proved.tip().unwrap().height, 302);
    // No header there, half of one, and another than the tip: all need a proof.
    assert_eq!(follower.take_headers(&[], now()), Ok(None));
    assert_eq!(follower.take_headers(&[1], now()), Ok(None));
    assert_eq!(follower.take_headers(&chain.bytes_from(10)[..160], now()), Ok(None));
}

#[test]
fn a_header_that_is_not_shown_is_asked_for_once() {
    let network = network();
    let mut chain = Chain::new(&network);
    chain.mine(2_000, 1);
    let (mut follower, mut proved) = (begin(&network, None), Proved::default());
    hear(
        &mut proved,
        &Word::Proved(follower.take_proof(&chain.proof(&[]), now()).unwrap()),
    );
    let hidden = (1..1_000)
        .find(|height| proved.places.iter().all(|place| place.height != *height))
        .unwrap();
    let findings = chain.findings(hidden as usize);
    assert_eq!(outcome(&proved, findings.clone()), Outcome::Claimed);
    assert_eq!(proved.to_ask(&findings), Some(hidden));
    assert_eq!(proved.to_ask(&findings), None);
    let mut report = follower.take_proof(&chain.proof(&[hidden]), now()).unwrap();
    report.answers = Some(hidden);
    hear(&mut proved, &Word::Proved(report));
    assert_eq!(outcome(&proved, findings), Outcome::Proved);
}

#[test]
fn a_header_of_another_chain_is_refuted_by_a_later_proof() {
    let network = network();
    let mut chain = Chain::new(&network);
    chain.mine(20, 1);
    let mut other = chain.up_to(&network, 10);
    other.mine(5, 2);
    let (mut follower, mut proved) = (begin(&network, None), Proved::default());
    hear(
        &mut proved,
        &Word::Proved(follower.take_proof(&chain.proof(&[]), now()).unwrap()),
    );
    let findings = other.findings(12);
    // It might be that the node has changed its chain since.
    assert_eq!(outcome(&proved, findings.clone()), Outcome::Claimed);
    assert_eq!(proved.to_ask(&findings), Some(12));
    let mut report = follower.take_proof(&chain.proof(&[12]), now()).unwrap();
    report.answers = Some(12);
    hear(&mut proved, &Word::Proved(report));
    assert_eq!(outcome(&proved, findings), Outcome::Refuted);
    assert_eq!(outcome(&proved, chain.findings(12)), Outcome::Proved);
}

#[test]
fn what_a_reorganisation_replaced_is_no_lie() {
    let network = network();
    let mut chain = Chain::new(&network);
    chain.mine(20, 1);
    let mut other = chain.up_to(&network, 15);
    other.mine(8, 2);
    let (mut follower, mut proved) = (begin(&network, None), Proved::default());
    hear(
        &mut proved,
        &Word::Proved(follower.take_proof(&chain.proof(&[]), now()).unwrap()),
    );
    let report = follower.take_proof(&other.proof(&[follower.wanted()]), now()).unwrap();
    assert_eq!(report.undone, 5);
    hear(&mut proved, &Word::Proved(report));
    assert_eq!(outcome(&proved, chain.findings(18)), Outcome::Claimed);
    assert_eq!(proved.to_ask(&chain.findings(18)), None);
    assert_eq!(outcome(&proved, chain.findings(15)), Outcome::Proved);
    assert_eq!(outcome(&proved, other.findings(18)), Outcome::Proved);
}

#[test]
fn less_work_than_was_seen_is_a_lie_in_this_visit_and_the_next() {
    let network = network();
    let mut chain = Chain::new(&network);
    chain.mine(20, 1);
    let shorter = chain.up_to(&network, 12);
    let (mut follower, mut proved) = (begin(&network, None), Proved::default());
    hear(
        &mut proved,
        &Word::Proved(follower.take_proof(&chain.proof(&[]), now()).unwrap()),
    );
    let kept = *proved.tip().unwrap();
    let lie = follower.take_proof(&shorter.proof(&[]), now()).unwrap_err();
    assert!(lie.contains("was proved before"), "{lie}");
    hear(&mut proved, &Word::Lie(lie));
    assert_eq!(outcome(&proved, chain.findings(20)), Outcome::Refuted);
    // A proof that holds ends it.
    hear(
        &mut proved,
        &Word::Proved(follower.take_proof(&chain.proof(&[]), now()).unwrap()),
    );
    assert_eq!(outcome(&proved, chain.findings(20)), Outcome::Proved);

    let mut next_visit = begin(&network, Some(kept));
    assert_eq!(next_visit.wanted(), 20);
    let lie = next_visit.take_proof(&shorter.proof(&[20]), now()).unwrap_err();
    assert!(lie.contains("was proved before"), "{lie}");
    // Another chain with more work is taken, and said.
    let mut other = chain.up_to(&network, 12);
    other.mine(10, 2);
    let report = next_visit.take_proof(&other.proof(&[20]), now()).unwrap();
    assert_eq!(report.undone, 1);
}

#[test]
fn other_parameters_and_forged_proofs_are_named() {
    let network = network();
    let text = parameters(&network);
    let error = Follower::begin(&text, &Hash([3; 32]), None).unwrap_err();
    assert!(error.contains("genesis block"), "{error}");
    let changed = text.replace("\"interval_ms\":1000", "\"interval_ms\":1001");
    assert_ne!(changed, text);
    assert!(Follower::begin(&changed, &network.genesis_hash(), None).is_err());
    assert!(Follower::begin("{}", &network.genesis_hash(), None).is_err());
    let mut chain = Chain::new(&network);
    chain.mine(5, 1);
    let mut follower = begin(&network, None);
    let proof = chain.proof(&[]);
    for place in 0..proof.len() {
        let mut forged = proof.clone();
        forged[place] ^= 1;
        if let Ok(report) = follower.clone().take_proof(&forged, now()) {
            // At a work of 1 in 1 many headers have done theirs: it is another chain, and no lie that bytes can show.
            assert_ne!(report.places.last().unwrap().hash, chain.headers[5].hash());
        }
    }
    let clock = START - 3_600_000;
    assert!(follower.take_proof(&proof, clock).unwrap_err().contains("height 1"));
}

#[test]
fn further_nodes_are_held_against_the_chain() {
    let network = network();
    let mut chain = Chain::new(&network);
    chain.mine(20, 1);
    let mut follower = begin(&network, None);
    follower.take_proof(&chain.proof(&[]), now()).unwrap();
    let said = |follower: &mut Follower, other: &Chain, also: &[u64]| {
        let (report, said) = follower.compare(&other.proof(also), now());
        (report.is_some(), said)
    };
    let (taken, text) = said(&mut follower, &chain, &[]);
    assert!(!taken && text.contains("same chain"), "{text}");
    let (taken, text) = said(&mut follower, &chain.up_to(&network, 15), &[]);
    assert!(!taken && text.contains("same chain"), "{text}");
    let mut fork = chain.up_to(&network, 15);
    fork.mine(5, 2);
    let (taken, text) = said(&mut follower, &fork, &[]);
    assert!(!taken && text.contains("no more work"), "{text}");
    fork.mine(1, 2);
    let (taken, text) = said(&mut follower, &fork, &[]);
    assert!(taken && text.contains("more work"), "{text}");
    assert!(follower.take_proof(&chain.proof(&[]), now()).is_err());
    let (report, text) = follower.compare(&[0; 9], now());
    assert!(report.is_none() && text.contains("refused"), "{text}");
}
