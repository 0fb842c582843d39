//! A light client of a node: asks, and believes what is proved. What verifies is `shared::light`; here is what asks.
//!
//! An answer may rest on a block that came or went after the chain was proved. Then a new proof decides: a node that
//! proves the same chain before and after such an answer has lied.

mod failure;
mod kept;
mod wire;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use shared::{
    api::{AccountJson, HeaderList, ParametersJson, Status, TransactionJson},
    block::Header,
    chain_proof,
    hash::Hash,
    key::PublicKey,
    light::{Adopted, Lie, LightClient, Refusal, VerifiedAccount, VerifiedTransaction, network_of},
    params::Network,
};

use crate::clock::Clock;
use wire::{Answer, Wire};

pub use failure::{Failure, Untruth};
pub use kept::{Kept, KeptError, Records};

/// How often an answer is asked for while the chain changes meanwhile.
const MAX_ROUNDS: u32 = 8;
/// The most bytes of an answer about one account, transaction or header.
const MAX_ANSWER: u64 = 64 << 10;
/// The most bytes of a network's parameters: room for 100,000 allocations.
const MAX_PARAMETERS: u64 = 32 << 20;

/// Which chain is meant.
#[derive(Debug, Clone)]
pub enum Chain {
    /// That of a network which is known.
    Network(Arc<Network>),
    /// That of the genesis block with this hash. A node is asked for the parameters, which have to make that block.
    Genesis(Hash),
}

/// What became of the header that was kept from last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// It is the tip still.
    Unchanged,
    /// It is in the chain.
    Extended,
    /// It is not in the chain: another one with no less work took its place.
    Reorganised,
}

/// What it took so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Bytes of all answers.
    pub bytes: u64,
    /// Time that verifying took.
    pub verifying: Duration,
    /// Headers that the proofs showed.
    pub headers_shown: usize,
}

/// A client of one node, once that has proved its chain.
pub struct Light<C> {
    client: LightClient,
    wire: Wire,
    clock: C,
    since: Option<Since>,
    verifying: Duration,
}

impl<C: Clock> Light<C> {
    /// Asks the node at `url` to prove its chain. By https it is trusted as `backend::client` says. Each question,
    /// this one and later ones, is answered within `timeout`, or fails. With `kept`, the chain has no less work than that.
    ///
    /// # Errors
    /// [`Failure`]; also when `url` is no address, or `ca` holds no certificate.
    pub fn open(
        url: &str,
        ca: Option<&[u8]>,
        chain: &Chain,
        clock: C,
        timeout: Duration,
        kept: Option<&Kept>,
    ) -> anyhow::Result<Self> {
        let mut wire = Wire::new(url, ca, timeout)?;
        let status: Status = wire.known("/blockchain/status", MAX_ANSWER)?;
        let genesis_hash = chain.genesis_hash();
        if status.genesis_hash != genesis_hash {
            let lie = Lie::OtherNetwork {
                expected: genesis_hash,
                found: status.genesis_hash,
            };
            return Err(wire.lie(lie).into());
        }
        let network = match chain {
            Chain::Network(network) => Arc::clone(network),
            Chain::Genesis(hash) => {
                let answer: ParametersJson = wire.known("/blockchain/parameters", MAX_PARAMETERS)?;
                network_of(&answer, hash)
                    .map(Arc::new)
                    .map_err(|refusal| wire.refused(refusal))?
            }
        };
        let mut light = Self {
            client: LightClient::new(network),
            wire,
            clock,
            since: None,
            verifying: Duration::ZERO,
        };
        light.prove(kept.map(|kept| kept.header.height).as_slice())?;
        if let Some(kept) = kept {
            light.since = Some(light.compare(kept)?);
        }
        // A chain only gets more work, and was proved after this was said.
        let tip = light.client.tip();
        if status.work.0 > tip.work() || (status.work.0 == tip.work() && status.tip_hash != tip.hash()) {
            return Err(light.wire.lie(Untruth::boast(&status, tip)).into());
        }
        Ok(light)
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        self.client.network()
    }

    /// The client that verifies.
    #[must_use]
    pub const fn client(&self) -> &LightClient {
        &self.client
    }

    /// What became of the header that was kept; none if there was none.
    #[must_use]
    pub const fn since(&self) -> Option<Since> {
        self.since
    }

    /// What it took so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures {
            bytes: self.wire.bytes(),
            verifying: self.verifying,
            headers_shown: self.client.known_from(0).len(),
        }
    }

    /// The seconds since the time of the newest header, by this machine's clock; 0 if that lies ahead.
    #[must_use]
    pub fn tip_age_s(&self) -> u64 {
        self.clock.now_ms().saturating_sub(self.client.tip().header().timestamp) / 1_000
    }

    /// What to keep, so that the chain never goes back to less work.
    #[must_use]
    pub fn kept(&self) -> Kept {
        let tip = self.client.tip();
        Kept {
            genesis_hash: self.network().genesis_hash(),
            header: *tip.header(),
            work: tip.work(),
        }
    }

    /// The newest header, which the node's own words on it agree with.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn tip(&mut self) -> Result<Header, Failure> {
        self.settle(
            |wire, height| wire.get(&format!("/blockchain/headers?from={height}&limit=1"), MAX_ANSWER),
            |client, answer: &HeaderList| {
                let Some(header) = answer.headers.first() else {
                    return Err(Untruth::Denied {
                        height: client.tip().height(),
                    }
                    .into());
                };
                check_height(client, header.height)?;
                Ok(client.verify_header(header)?)
            },
        )?;
        self.settle(
            |wire, _| wire.known("/blockchain/status", MAX_ANSWER).map(Answer::Found),
            |client, status| failure::check_status(status, client.tip()),
        )?;
        Ok(*self.client.tip().header())
    }

    /// What an account has after the newest block.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn account(&mut self, key: &PublicKey) -> Result<VerifiedAccount, Failure> {
        let address = self.network().address(key);
        self.settle(
            |wire, height| wire.get(&format!("/blockchain/accounts/{address}?at={height}"), MAX_ANSWER),
            |client, answer: &AccountJson| {
                let verified = client.verify_account(answer, key)?;
                check_height(client, verified.height)?;
                Ok(verified)
            },
        )
    }

    /// A transaction that is in the chain.
    ///
    /// # Errors
    /// [`Failure`]; [`Failure::Unverified`] when the node says that it waits, or knows none: neither can be proved.
    pub fn transaction(&mut self, id: &Hash) -> Result<VerifiedTransaction, Failure> {
        self.settle(
            |wire, _| match wire.get(&format!("/blockchain/transactions/{id}"), MAX_ANSWER)? {
                Answer::Denied => Err(Failure::absent(id)),
                found @ Answer::Found(_) => Ok(found),
            },
            |client, answer: &TransactionJson| Ok(client.verify_transaction(answer, id)?),
        )
    }

    /// Asks until the answer holds, the node has lied, or the chain has changed too often. `ask` is told the tip's height.
    fn settle<A, T>(
        &mut self,
        ask: impl Fn(&mut Wire, u64) -> Result<Answer<A>, Failure>,
        check: impl Fn(&LightClient, &A) -> Result<T, Doubt>,
    ) -> Result<T, Failure> {
        self.wire.begin();
        let work = self.client.tip().work();
        let mut last = None;
        for _ in 0..MAX_ROUNDS {
            let height = self.client.tip().height();
            let answer = ask(&mut self.wire, height)?;
            let doubt = match self.checked(&answer, &check) {
                Ok(verified) => return Ok(verified),
                Err(doubt) => doubt,
            };
            let Some(height) = doubt.may_pass(height) else {
                return Err(self.wire.doubted(doubt));
            };
            let adopted = self.prove(&[height])?;
            // The answer may rest on a block that the first proof did not have, or not show.
            match self.checked(&answer, &check) {
                Ok(verified) => return Ok(verified),
                Err(doubt) if adopted == Adopted::Unchanged => {
                    return Err(self.wire.doubted(doubt.decided(&self.client)));
                }
                Err(_) => last = Some(doubt),
            }
        }
        match last {
            // An honest node leaves a chain for one with more work alone.
            Some(doubt) if self.client.tip().work() == work => Err(self.wire.doubted(doubt.decided(&self.client))),
            _ => Err(self.wire.undecided(MAX_ROUNDS)),
        }
    }

    fn checked<A, T>(
        &mut self,
        answer: &Answer<A>,
        check: impl Fn(&LightClient, &A) -> Result<T, Doubt>,
    ) -> Result<T, Doubt> {
        let begin = Instant::now();
        let checked = match answer {
            Answer::Found(answer) => check(&self.client, answer),
            Answer::Denied => Err(Untruth::Denied {
                height: self.client.tip().height(),
            }
            .into()),
        };
        self.verifying += begin.elapsed();
        checked
    }

    /// Fetches and takes a proof that shows these headers too.
    fn prove(&mut self, known: &[u64]) -> Result<Adopted, Failure> {
        let known: Vec<String> = known.iter().map(u64::to_string).collect();
        let query = if known.is_empty() {
            String::new()
        } else {
            format!("?known={}", known.join(","))
        };
        let proof = self
            .wire
            .octets(&format!("/blockchain/proof{query}"), chain_proof::MAX_LEN as u64)?;
        let now_ms = self.clock.now_ms();
        let begin = Instant::now();
        let adopted = self.client.adopt(&proof, now_ms);
        self.verifying += begin.elapsed();
        adopted.map_err(|refusal| self.wire.refused(refusal))
    }

    /// How the proved chain relates to the kept header, which it was asked to show.
    fn compare(&self, kept: &Kept) -> Result<Since, Failure> {
        let tip = self.client.tip();
        if tip.work() < kept.work {
            let lie = Lie::LessWork {
                held: kept.work,
                offered: tip.work(),
            };
            return Err(self.wire.lie(lie));
        }
        let (height, hash) = (kept.header.height, kept.header.hash());
        if tip.hash() == hash {
            return Ok(Since::Unchanged);
        }
        match self.client.known(height) {
            Some(known) if known.hash == hash => Ok(Since::Extended),
            None if height <= tip.height() => Err(self.wire.lie(Untruth::Withheld { height })),
            _ => Ok(Since::Reorganised),
        }
    }
}

impl Chain {
    /// The hash of the genesis block.
    #[must_use]
    pub fn genesis_hash(&self) -> Hash {
        match self {
            Self::Network(network) => network.genesis_hash(),
            Self::Genesis(hash) => *hash,
        }
    }

    /// The chain of the network with this name, of the file at this path, or of the genesis block with this hash.
    ///
    /// # Errors
    /// As [`crate::networks::load`].
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        if let Ok(hash) = text.parse() {
            return Ok(Self::Genesis(hash));
        }
        let network = crate::networks::load(text).context("--network")?;
        Ok(Self::Network(Arc::new(network)))
    }
}

/// Why an answer is not believed yet.
enum Doubt {
    Refusal(Refusal),
    Untruth(Untruth),
}

impl From<Refusal> for Doubt {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<Untruth> for Doubt {
    fn from(untruth: Untruth) -> Self {
        Self::Untruth(untruth)
    }
}

impl Doubt {
    /// The header that a new proof is to show, if one may end the doubt.
    fn may_pass(&self, tip: u64) -> Option<u64> {
        match self {
            Self::Refusal(Refusal::Unknown { height } | Refusal::Lie(Lie::OffChain { height, .. })) => Some(*height),
            Self::Refusal(Refusal::Lie(lie)) if lie.may_be_late() => Some(tip),
            Self::Untruth(untruth) if untruth.may_be_late() => Some(tip),
            _ => None,
        }
    }

    /// What it was, now that the chain is proved again and the same.
    fn decided(self, client: &LightClient) -> Self {
        let tip = client.tip().height();
        match self {
            Self::Refusal(Refusal::Unknown { height }) if height > tip => Untruth::AboveTip { height, tip }.into(),
            Self::Refusal(Refusal::Unknown { height }) => Untruth::Withheld { height }.into(),
            other => other,
        }
    }
}

/// The answer is about the newest block, which was asked for.
fn check_height(client: &LightClient, answered: u64) -> Result<(), Refusal> {
    let asked = client.tip().height();
    if answered != asked {
        return Err(Lie::OtherHeight { asked, answered }.into());
    }
    Ok(())
}
