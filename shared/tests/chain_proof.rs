//! Proofs of the chain with the most work: honest ones hold, and all others do not.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod chains;

use std::collections::BTreeMap;
use std::convert::Infallible;

use chains::{NOW, START, network, network_with};
use proptest::prelude::*;
use ruint::aliases::U256;
use shared::block::Header;
use shared::chain_proof::{self, ChainProofError, HeaderSource, RECENT};
use shared::codec::{Decode, Encode};
use shared::hash::{Hash, sha256};
use shared::history::{History, HistoryNode, NodeSource, Position};
use shared::params::{Difficulty, Network};
use shared::pow::{Midstate, Target};
use shared::rules::{HeaderChain, RuleError, leaf};

const HALF_LIFE: u64 = 60_000;

/// Headers with their tree, in memory.
#[derive(Clone, Default)]
struct Chain {
    network: Option<Network>,
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
    fn genesis(network: &Network) -> Self {
        let mut chain = Self {
            network: Some(network.clone()),
            ..Self::default()
        };
        chain.push(*network.genesis());
        chain
    }

    /// A chain of `count` headers after genesis.
    fn of(network: &Network, count: u64) -> Self {
        let mut chain = Self::genesis(network);
        for _ in 0..count {
            chain.mine(network, 1_000, 0);
        }
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

    fn tip(&self) -> u64 {
        self.headers.len() as u64 - 1
    }

    fn last(&self) -> &Header {
        self.headers.last().unwrap()
    }

    /// The next header, without its work.
    fn next(&self, network: &Network, after_ms: u64, content: u64) -> Header {
        let last = self.last();
        Header {
            version: Header::VERSION,
            height: last.height + 1,
            previous_hash: last.hash(),
            history_root: self.history.root(),
            transactions_root: sha256(&[&last.height.to_le_bytes(), &content.to_le_bytes()]),
            state_root: Hash([9; 32]),
            timestamp: last.timestamp + after_ms,
            bits: network.next_bits(last.height, last.timestamp),
            nonce: 0,
        }
    }

    fn mine(&mut self, network: &Network, after_ms: u64, content: u64) {
        let mut header = self.next(network, after_ms, content);
        work(&mut header);
        self.push(header);
    }

    /// As many headers that have done no work as would be `count` honest ones.
    fn invent(&mut self, network: &Network, count: u64) {
        for _ in 0..count {
            let mut header = self.next(network, 1_000, 1);
            while Target::from_bits(header.bits).unwrap().is_met_by(&header.hash()) {
                header.nonce += 1;
            }
            self.push(header);
        }
    }

    fn proof(&self) -> Vec<u8> {
        let network = self.network.as_ref().unwrap();
        let Ok(proof) = chain_proof::write(self, network, self.tip(), &[]);
        proof
    }

    fn work(&self) -> U256 {
        self.history.work()
    }
}

fn work(header: &mut Header) {
    let target = Target::from_bits(header.bits).unwrap();
    header.nonce = Midstate::new(header).search(target, 0, u64::MAX).unwrap();
}

/// A chain whose targets change with every header.
fn asert() -> Network {
    network_with(|parameters| {
        parameters.difficulty = Difficulty::Asert {
            bits: 0x207f_ffff,
            half_life_ms: HALF_LIFE,
        };
    })
}

fn holds(network: &Network, chain: &Chain) {
    let proved = chain_proof::verify(&chain.proof(), network, NOW * 2).unwrap();
    assert_eq!(proved.headers.header(), chain.last());
    assert_eq!(proved.headers.work(), chain.work());
    assert!(proved.shown.is_sorted_by_key(|shown| shown.height));
    let mut work = U256::ZERO;
    let works: Vec<U256> = chain
        .headers
        .iter()
        .map(|header| {
            work += Target::from_bits(header.bits).unwrap().work();
            work
        })
        .collect();
    for shown in &proved.shown {
        let place = shown.height as usize;
        assert_eq!((shown.hash, shown.work), (chain.headers[place].hash(), works[place]));
        assert_eq!(proved.hash_at(shown.height), Some(shown.hash));
    }
}

#[test]
fn honest_chains_of_all_lengths_are_proved() {
    for network in [network(), asert()] {
        let mut chain = Chain::genesis(&network);
        holds(&network, &chain);
        for height in 1..=1_100_u64 {
            chain.mine(&network, 700 + height % 7 * 100, 0);
            if height < 4 || height % 97 == 0 || (RECENT - 3..RECENT + 6).contains(&height) || height % 256 < 2 {
                holds(&network, &chain);
            }
        }
    }
}

#[test]
fn what_follows_is_checked_against_the_proved_headers() {
    let network = asert();
    let mut chain = Chain::of(&network, 700);
    let proved = chain_proof::verify(&chain.proof(), &network, NOW).unwrap().headers;
    chain.mine(&network, 1_000, 0);
    let next = proved.accept(&network, chain.last(), NOW).unwrap();
    assert_eq!(next.history().root(), chain.history.root());
    assert_eq!(next.work(), chain.work());
}

#[test]
fn a_known_header_is_shown_when_asked_for() {
    let network = network();
    let chain = Chain::of(&network, 5_000);
    let Ok(without) = chain_proof::write(&chain, &network, 5_000, &[]);
    let seen = chain_proof::verify(&without, &network, NOW * 2).unwrap();
    let hidden = (1..4_000).find(|height| seen.hash_at(*height).is_none()).unwrap();
    let Ok(with) = chain_proof::write(&chain, &network, 5_000, &[hidden, 9_999]);
    let seen = chain_proof::verify(&with, &network, NOW * 2).unwrap();
    assert_eq!(seen.hash_at(hidden), Some(chain.headers[hidden as usize].hash()));
}

#[test]
fn another_chains_genesis_is_refused() {
    let chain = Chain::of(&network(), 300);
    let other = network_with(|parameters| parameters.name = "other".into());
    assert!(chain_proof::verify(&chain.proof(), &other, NOW * 2).is_err());
    let short = Chain::of(&network(), 3);
    assert!(chain_proof::verify(&short.proof(), &other, NOW * 2).is_err());
}

#[test]
fn headers_from_the_future_are_refused() {
    let network = network();
    let chain = Chain::of(&network, 20);
    let now = chain.last().timestamp - network.parameters().max_future_ms - 1;
    let error = chain_proof::verify(&chain.proof(), &network, now).unwrap_err();
    assert!(matches!(
        error,
        ChainProofError::Header {
            height: 20,
            rule: RuleError::TimeTooLate { .. }
        }
    ));
}

#[test]
fn times_out_of_order_are_refused_where_the_times_are_known() {
    let network = network();
    let mut chain = Chain::of(&network, 2_000);
    let mut header = chain.next(&network, 0, 0);
    header.timestamp = START;
    work(&mut header);
    chain.push(header);
    let error = chain_proof::verify(&chain.proof(), &network, NOW * 2).unwrap_err();
    assert!(matches!(
        error,
        ChainProofError::Header {
            height: 2_001,
            rule: RuleError::TimeTooEarly { .. }
        }
    ));
}

#[test]
fn targets_easier_than_the_rule_are_refused() {
    let network = asert();
    // A miner who pretends that the target is still the easiest: each later header follows from that.
    let lazy = network_with(|parameters| parameters.difficulty = Difficulty::Fixed { bits: 0x207f_ffff });
    let mut chain = Chain::genesis(&network);
    for _ in 0..900 {
        chain.mine(&lazy, 100, 0);
    }
    let error = chain_proof::verify(&chain.proof(), &network, NOW).unwrap_err();
    assert!(matches!(error, ChainProofError::Header { .. }), "{error}");
}

/// A forger with a share of the work since a fork invents the rest, wherever it is seen least.
#[test]
fn forgers_with_less_than_half_of_the_work_are_caught() {
    let network = network();
    let honest = Chain::of(&network, 3_000);
    for (fork, invented, mined) in [
        (500, 1_300, 1_250),
        (1_500, 800, 750),
        (2_000, 2_000, 300),
        (2_600, 260, 256),
    ] {
        let mut forged = Chain::of(&network, 0);
        for header in &honest.headers[1..=fork] {
            forged.push(*header);
        }
        forged.invent(&network, invented);
        for _ in 0..mined {
            forged.mine(&network, 1_000, 2);
        }
        let error = chain_proof::verify(&forged.proof(), &network, NOW * 2).unwrap_err();
        assert!(
            matches!(
                error,
                ChainProofError::Header {
                    rule: RuleError::InsufficientWork { .. },
                    ..
                }
            ),
            "fork at {fork}: {error}"
        );
    }
}

/// The honest headers are free for a forger: they must not count behind an invented past.
#[test]
fn honest_headers_behind_an_invented_past_are_refused() {
    let network = network();
    let honest = Chain::of(&network, 3_000);
    let mut forged = Chain::genesis(&network);
    for header in &honest.headers[1..=100] {
        forged.push(*header);
    }
    // Four invented headers, and the honest ones moved behind them.
    forged.invent(&network, 4);
    for header in &honest.headers[105..] {
        forged.push(*header);
    }
    for _ in 0..300 {
        forged.mine(&network, 1_000, 3);
    }
    assert!(forged.work() > honest.work());
    let error = chain_proof::verify(&forged.proof(), &network, NOW * 2).unwrap_err();
    assert!(
        matches!(
            error,
            ChainProofError::Header {
                rule: RuleError::WrongHistoryRoot { .. },
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn work_that_a_closed_node_invents_is_looked_into() {
    let network = network();
    let mut chain = Chain::of(&network, 1_000);
    // The subtree of the first 256 headers claims a hundred times its work, and all above it agrees.
    let honest = chain.nodes[&Position { level: 8, index: 0 }];
    let boasting = HistoryNode {
        work: honest.work * U256::from(100),
        ..honest
    };
    let mut history = History::new();
    let mut nodes = chain.nodes.clone();
    nodes.insert(Position { level: 8, index: 0 }, boasting);
    for header in &chain.headers[..256] {
        history.append(leaf(header, header.hash()));
    }
    let mut later = Chain {
        network: Some(network.clone()),
        headers: chain.headers[..256].to_vec(),
        nodes,
        history: History::from_bytes(&[256_u64.to_bytes(), boasting.to_bytes()].concat()).unwrap(),
    };
    for _ in 0..700 {
        later.mine(&network, 1_000, 4);
    }
    assert!(later.work() > chain.work());
    chain.push(*later.last());
    assert!(chain_proof::verify(&later.proof(), &network, NOW * 2).is_err());
}

/// A fork whose first header is invented and claims an early time, so that the one after it is `doublings` times twice as
/// hard and counts for as many; all from there on are mined.
fn with_one_hard_header(network: &Network, honest: &Chain, fork: usize, doublings: u64) -> Chain {
    let mut forged = Chain::genesis(network);
    for header in &honest.headers[1..=fork] {
        forged.push(*header);
    }
    let mut early = forged.next(network, 0, 3);
    early.timestamp -= doublings * HALF_LIFE;
    while Target::from_bits(early.bits).unwrap().is_met_by(&early.hash()) {
        early.nonce += 1;
    }
    forged.push(early);
    forged.mine(network, doublings * HALF_LIFE + 2_000, 3);
    for _ in 0..300 {
        forged.mine(network, 1_000, 3);
    }
    forged
}

#[test]
fn a_header_that_is_too_hard_for_its_past_is_refused() {
    let network = asert();
    let honest = Chain::of(&network, 1_500);
    for (fork, doublings) in [(1_100, 10), (1_100, 8), (1_024, 11)] {
        let forged = with_one_hard_header(&network, &honest, fork, doublings);
        assert!(forged.work() > honest.work(), "it would win");
        let hard = fork as u64 + 2;
        let error = chain_proof::verify(&forged.proof(), &network, NOW * 2).unwrap_err();
        assert!(
            matches!(error, ChainProofError::LightPast { height } if height == hard),
            "{error}"
        );
        // Nor does it help not to tell what lies before.
        let blind = network_with(|_| {});
        let Ok(proof) = chain_proof::write(&forged, &blind, forged.tip(), &[]);
        let error = chain_proof::verify(&proof, &network, NOW * 2).unwrap_err();
        assert!(
            matches!(error, ChainProofError::MissingPlace { height, .. } | ChainProofError::LightPast { height } if height == hard),
            "{error}"
        );
    }
    // A time before genesis is early enough for any target.
    let forged = with_one_hard_header(&network, &honest, 5, 13);
    let error = chain_proof::verify(&forged.proof(), &network, NOW * 2).unwrap_err();
    assert!(matches!(error, ChainProofError::LightPast { height: 7 }), "{error}");
}

#[test]
fn every_changed_byte_and_every_cut_is_refused() {
    let network = network();
    let chain = Chain::of(&network, 420);
    let proof = chain.proof();
    let honest = chain_proof::verify(&proof, &network, NOW * 2).unwrap();
    for place in (0..proof.len()).step_by(7).chain(0..300) {
        let mut changed = proof.clone();
        changed[place] ^= 1 << (place % 8);
        if let Ok(proved) = chain_proof::verify(&changed, &network, NOW * 2) {
            // A nonce may be another that works as well, with another tip.
            assert_ne!(proved.headers.hash(), honest.headers.hash(), "byte {place}");
        }
        assert!(chain_proof::verify(&proof[..place], &network, NOW * 2).is_err());
    }
    let mut longer = proof;
    longer.push(0);
    assert!(chain_proof::verify(&longer, &network, NOW * 2).is_err());
    let error = chain_proof::verify(&vec![0; chain_proof::MAX_LEN + 1], &network, NOW).unwrap_err();
    assert_eq!(
        error,
        ChainProofError::TooLong {
            length: chain_proof::MAX_LEN + 1
        }
    );
}

#[test]
fn fewer_headers_in_full_than_there_must_be_are_refused() {
    let network = network();
    let chain = Chain::of(&network, 700);
    // As the proof of a shorter chain would end, but for the tip of this one.
    let mut proof = chain.proof();
    let start = 701 - RECENT;
    assert_eq!(proof[..8], start.to_le_bytes());
    let recent_len = (RECENT as usize - 1) * 80 + 4;
    let end = proof.len() - recent_len;
    proof.truncate(end);
    proof.extend(0_u32.to_le_bytes());
    let error = chain_proof::verify(&proof, &network, NOW * 2).unwrap_err();
    assert_eq!(
        error,
        ChainProofError::TooFewRecent {
            found: 1,
            expected: RECENT
        }
    );
}

/// A proof that `start` headers lie before one that has done its work, with all but genesis closed.
fn of_a_great_height(network: &Network, start: u64) -> Vec<u8> {
    let closed = |level: u32| HistoryNode {
        hash: Hash([7; 32]),
        work: U256::from(1_u64 << level),
        last_time: START + 1,
    };
    let write_closed = |out: &mut Vec<u8>, node: &HistoryNode| {
        out.push(0);
        out.extend(node.hash.0);
        let digits = node.work.to_le_bytes_trimmed_vec();
        out.push(digits.len() as u8);
        out.extend(digits);
        out.extend(node.last_time.to_le_bytes());
    };
    let mut proof = start.to_bytes();
    let top = start.ilog2();
    proof.extend(vec![1; top as usize]);
    proof.push(2);
    network.genesis().encode(&mut proof);
    let mut first = leaf(network.genesis(), network.genesis_hash());
    let mut peaks = Vec::new();
    for level in 0..top {
        write_closed(&mut proof, &closed(level));
        first = HistoryNode::checked_parent(&first, &closed(level)).unwrap();
    }
    peaks.push(first);
    for level in (0..top).rev().filter(|level| start >> level & 1 == 1) {
        write_closed(&mut proof, &closed(level));
        peaks.push(closed(level));
    }
    let history: Vec<u8> = start
        .to_bytes()
        .into_iter()
        .chain(peaks.iter().flat_map(Encode::to_bytes))
        .collect();
    let mut header = Header {
        version: Header::VERSION,
        height: start,
        previous_hash: Hash([1; 32]),
        history_root: History::from_bytes(&history).unwrap().root(),
        transactions_root: Hash([8; 32]),
        state_root: Hash([9; 32]),
        timestamp: START + 2,
        bits: network.next_bits(start - 1, START + 1),
        nonce: 0,
    };
    work(&mut header);
    header.encode(&mut proof);
    proof.extend(0_u32.to_le_bytes());
    proof
}

#[test]
fn more_headers_than_can_be_counted_are_refused() {
    let network = network();
    let refusal = |start| chain_proof::verify(&of_a_great_height(&network, start), &network, NOW).unwrap_err();
    for start in [300, 1 << 20, 1 << 62, (1 << 63) - 1, 1 << 63] {
        let (found, expected) = (1, RECENT);
        assert_eq!(refusal(start), ChainProofError::TooFewRecent { found, expected });
    }
    for start in [(1 << 63) + 1, u64::MAX - 1, u64::MAX] {
        assert!(matches!(refusal(start), ChainProofError::Decode(_)), "{start}");
    }
}

/// How the times of some headers go.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// A header each so many milliseconds.
    Steady(u64),
    /// As early as the median lets it be.
    Early,
    /// Now early and now far ahead, as of miners with other clocks.
    Torn(u64),
}

fn pace() -> impl Strategy<Value = Pace> {
    prop_oneof![
        (1_u64..4_000).prop_map(Pace::Steady),
        Just(Pace::Early),
        (1_u64..40_000).prop_map(Pace::Torn),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the clocks do within the rules, and however fast the target follows them, no honest proof is refused.
    #[test]
    fn no_chain_that_keeps_the_rules_is_called_too_hard(
        paces in proptest::collection::vec((pace(), 1_u64..250), 3..9),
        half_life_ms in prop_oneof![1_000_u64..60_000, 60_000_u64..400_000],
        also in proptest::collection::vec(1_u64..2_000, 0..4),
    ) {
        let network = network_with(|parameters| {
            parameters.difficulty = Difficulty::Asert { bits: 0x207f_ffff, half_life_ms };
        });
        let mut chain = Chain::genesis(&network);
        let mut headers = HeaderChain::genesis(&network);
        for (pace, count) in paces {
            for turn in 0..count {
                let (last, least) = (chain.last().timestamp, headers.median_time() + 1);
                // Beyond some thousand attempts the clock goes on, so that the test ends.
                let is_hard = network.next_bits(chain.tip(), last) < 0x1f0f_ffff;
                let timestamp = match pace {
                    _ if is_hard => last + half_life_ms,
                    Pace::Steady(after) => last + after,
                    Pace::Early => least,
                    Pace::Torn(ahead) if turn % 3 == 0 => least + ahead,
                    Pace::Torn(_) => least,
                };
                let mut header = chain.next(&network, 0, turn);
                header.timestamp = timestamp.max(least);
                work(&mut header);
                headers = headers.accept(&network, &header, u64::MAX / 2).unwrap();
                chain.push(header);
            }
        }
        let Ok(proof) = chain_proof::write(&chain, &network, chain.tip(), &also);
        let proved = chain_proof::verify(&proof, &network, u64::MAX / 2);
        prop_assert!(proved.is_ok(), "{:?}", proved);
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_verifier_panic(bytes in proptest::collection::vec(any::<u8>(), 0..4_000), start in 0_u64..70) {
        let network = network();
        let _ = chain_proof::verify(&bytes, &network, NOW);
        let mut begun = start.to_bytes();
        begun.extend(&bytes);
        let _ = chain_proof::verify(&begun, &network, NOW);
    }
}
