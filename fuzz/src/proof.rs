//! Proofs of the chain, and headers that go on from a tip: what a light client is given.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, LazyLock};

use shared::amount::Amount;
use shared::block::Header;
use shared::chain_proof::{self, HeaderSource, ProvedChain};
use shared::codec::{Decode, Encode};
use shared::hash::Hash;
use shared::history::{History, HistoryNode, NodeSource, Position};
use shared::light::{Adopted, Lie, LightClient, MAX_KNOWN, Refusal};
use shared::params::{Difficulty, Network, Parameters};
use shared::pow::{Midstate, Target};
use shared::rules::leaf;

use super::check_sentence;

const START: u64 = 1_000_000_000_000;
/// The verifier's clock.
const NOW: u64 = START + 86_400_000;

/// The fewest bytes that show a header: in full at the end, without what follows from the one before.
const LEAST_SHOWN: usize = 80;

/// Every other hash is work enough: random changes find headers that hold.
const EASY: u32 = 0x207f_ffff;
/// One hash of 4,096 is.
const WORKED: u32 = 0x1f0f_ffff;

/// A chain that stands in a proof in full, on a network whose target follows the clock.
static SHORT: LazyLock<Chain> = LazyLock::new(|| {
    let difficulty = Difficulty::Asert {
        bits: EASY,
        half_life_ms: 10_000,
    };
    Chain::of(difficulty, 20)
});

/// A chain most of which a proof shows by samples.
static LONG: LazyLock<Chain> = LazyLock::new(|| {
    let difficulty = Difficulty::Asert {
        bits: EASY,
        half_life_ms: 100_000,
    };
    Chain::of(difficulty, 600)
});

/// The same with work that no change of a proof does by chance.
static HONEST: LazyLock<Chain> = LazyLock::new(|| Chain::of(Difficulty::Fixed { bits: WORKED }, 600));

/// The last headers, which the client that holds a chain took one by one.
const EXTENDED: u64 = 4;

/// Reads an input as the proof of a chain of each network, and as headers that go on from one.
#[must_use]
pub fn run(data: &[u8]) -> bool {
    let headers = data.chunks(Header::LEN).map(Header::from_bytes);
    let headers: Option<Vec<Header>> = headers.collect::<Result<_, _>>().ok();
    let read = [&*SHORT, &*LONG].map(|chain| {
        let is_proof = proved(chain, data).is_some();
        let is_headers = headers
            .as_ref()
            .is_some_and(|headers| [&chain.fresh, &chain.holder].map(|client| extends(client, headers)) != [false; 2]);
        is_proof || is_headers
    });
    read != [false; 2]
}

/// Reads an input as the proof of a chain whose work cannot be forged: what holds proves that chain, or how it began.
#[must_use]
pub fn run_honest(data: &[u8]) -> bool {
    let chain = &*HONEST;
    let Some(proved) = proved(chain, data) else {
        return false;
    };
    for shown in &proved.shown {
        assert_eq!(
            Some(shown.hash),
            chain.hash_at(shown.height),
            "the header at height {} is invented",
            shown.height
        );
        let work = History::at(chain, shown.height + 1).map(|history| history.work());
        assert_eq!(Ok(shown.work), work);
    }
    true
}

/// What an input proves, and what clients make of it.
fn proved(chain: &Chain, data: &[u8]) -> Option<ProvedChain> {
    let network = chain.fresh.network();
    let proved = match chain_proof::verify(data, network, NOW) {
        Ok(proved) => proved,
        Err(error) => {
            check_sentence(error);
            return None;
        }
    };
    let shown = &proved.shown;
    assert!(data.len() <= chain_proof::MAX_LEN && (shown.len() - 1) * LEAST_SHOWN <= data.len());
    assert!(shown.is_sorted_by(|one, next| one.height < next.height && one.work < next.work));
    assert_eq!(proved.hash_at(0), Some(network.genesis_hash()));
    let end = shown.last().expect("the tip is shown");
    let tip = &proved.headers;
    assert_eq!((end.height, end.hash, end.work), (tip.height(), tip.hash(), tip.work()));

    let mut client = chain.fresh.clone();
    client.adopt(data, NOW).expect("nothing is held but the genesis block");
    check_client(&client, tip.hash());
    let mut client = chain.holder.clone();
    let held = client.tip().clone();
    match client.adopt(data, NOW) {
        Ok(adopted) => {
            assert!(tip.work() >= held.work());
            assert_eq!(adopted == Adopted::Unchanged, tip.hash() == held.hash());
            check_client(&client, tip.hash());
            assert_eq!(client.adopt(data, NOW), Ok(Adopted::Unchanged));
        }
        Err(Refusal::Lie(Lie::LessWork { .. })) => {
            assert!(tip.work() < held.work());
            check_client(&client, held.hash());
        }
        Err(other) => panic!("what is verified is refused: {other}"),
    }
    Some(proved)
}

/// Whether a client takes the headers.
fn extends(client: &LightClient, headers: &[Header]) -> bool {
    let mut extended = client.clone();
    let held = client.tip();
    match extended.extend(headers, NOW) {
        Ok(Adopted::Unchanged) => {
            check_client(&extended, held.hash());
            !headers.is_empty()
        }
        Ok(adopted) => {
            assert_ne!(adopted, Adopted::Unlinked);
            assert!(extended.tip().work() >= held.work());
            check_client(&extended, headers.last().expect("there are some").hash());
            true
        }
        Err(refusal) => {
            check_sentence(refusal);
            check_client(&extended, held.hash());
            assert_eq!(extended.known_from(0), client.known_from(0));
            false
        }
    }
}

fn check_client(client: &LightClient, tip: Hash) {
    assert_eq!(client.tip().hash(), tip);
    let known = client.known_from(0);
    assert!(known.len() <= MAX_KNOWN && known.is_sorted_by(|one, next| one.height < next.height));
    assert_eq!(known.last().map(|known| known.hash), Some(tip));
}

/// Headers with their tree, and clients of their network.
struct Chain {
    headers: Vec<Header>,
    nodes: BTreeMap<Position, HistoryNode>,
    history: History,
    /// Holds the genesis block.
    fresh: LightClient,
    /// Holds the chain.
    holder: LightClient,
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
    /// The chain up to a height.
    fn of(difficulty: Difficulty, tip: u64) -> Self {
        let network = Arc::new(network(difficulty));
        let client = LightClient::new(Arc::clone(&network));
        let mut chain = Self {
            headers: Vec::new(),
            nodes: BTreeMap::new(),
            history: History::new(),
            fresh: client.clone(),
            holder: client,
        };
        chain.push(*network.genesis());
        for _ in 0..tip {
            let last = chain.headers.last().expect("genesis is there");
            let header = next(&network, last, chain.history.root(), 0);
            chain.push(header);
        }
        let adopted = chain.holder.adopt(&proof(&chain, tip - EXTENDED, &[]), NOW);
        adopted.expect("the chain is honest");
        let last = &chain.headers[(tip - EXTENDED + 1) as usize..];
        chain.holder.extend(last, NOW).expect("the chain is honest");
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

    fn hash_at(&self, height: u64) -> Option<Hash> {
        Some(self.headers.get(usize::try_from(height).ok()?)?.hash())
    }

    /// So many headers that go on from a height, another branch for each content.
    fn branch(&self, height: u64, count: u64, content: u8) -> Vec<u8> {
        let mut last = self.headers[height as usize];
        let Ok(mut history) = History::at(self, height + 1);
        let mut out = Vec::new();
        for _ in 0..count {
            last = next(self.fresh.network(), &last, history.root(), content);
            history.append(leaf(&last, last.hash()));
            last.encode(&mut out);
        }
        out
    }
}

fn network(difficulty: Difficulty) -> Network {
    let parameters = Parameters {
        name: "fuzz".into(),
        symbol: "F".into(),
        prefix: "fuzz".parse().expect("it is one"),
        subsidy: Amount::from_units(1),
        halving_interval: 0,
        interval_ms: 1_000,
        max_future_ms: 10_000,
        max_block_bytes: 1 << 20,
        max_block_transfers: 1_000,
        max_reorg_depth: 100,
        genesis_time_ms: START,
        difficulty,
        allocations: Vec::new(),
    };
    Network::new(parameters).expect("in range")
}

/// The header after another, with its work.
fn next(network: &Network, last: &Header, history_root: Hash, content: u8) -> Header {
    let mut header = Header {
        version: Header::VERSION,
        height: last.height + 1,
        previous_hash: last.hash(),
        history_root,
        transactions_root: Hash([content; 32]),
        state_root: Hash([9; 32]),
        // Now early, now late: where the target follows the clock, it moves.
        timestamp: last.timestamp + [1_400, 600, 200][(last.height % 3) as usize],
        bits: network.next_bits(last.height, last.timestamp),
        nonce: 0,
    };
    let target = Target::from_bits(header.bits).expect("the network's own");
    let nonce = Midstate::new(&header).search(target, 0, u64::MAX);
    header.nonce = nonce.expect("some thousand attempts");
    header
}

fn proof(chain: &Chain, tip: u64, also: &[u64]) -> Vec<u8> {
    let Ok(proof) = chain_proof::write(chain, chain.holder.network(), tip, also);
    proof
}

/// Proofs of both chains, their headers after genesis, those that the client holds, and branches that it goes over to.
#[must_use]
pub fn examples() -> Vec<Vec<u8>> {
    let (short, long) = (&*SHORT, &*LONG);
    vec![
        proof(short, 20, &[]),
        proof(short, 2, &[]),
        proof(long, 600, &[]),
        proof(long, 597, &[100, 101]),
        short.branch(0, 3, 0),
        short.branch(20, 1, 0),
        short.branch(17, 4, 1),
        long.branch(600, 2, 0),
        long.branch(596, 4, 0),
        long.branch(598, 2, 1),
    ]
}

/// Proofs of the chain with work: at its end and before, with other headers besides, and where all of it stands in full.
#[must_use]
pub fn honest_examples() -> Vec<Vec<u8>> {
    let chain = &*HONEST;
    vec![
        proof(chain, 600, &[]),
        proof(chain, 600, &[7, 200]),
        proof(chain, 580, &[]),
        proof(chain, 257, &[]),
        proof(chain, 12, &[]),
        proof(chain, 1, &[]),
    ]
}
