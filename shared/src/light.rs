//! A light client: holds a chain that was proved to have the most work, and believes what is proved against it.
//!
//! Whoever drives it fetches the answers and tells the time. It keeps the tip, and heights and hashes of some thousand
//! headers, never a block. docs/protocol.md, "Proof of the chain", says what a proved chain rests on.

mod answers;
mod error;

use alloc::{sync::Arc, vec, vec::Vec};

use ruint::aliases::U256;

use crate::{
    api::ParametersJson,
    block::Header,
    chain_proof::{self, ShownHeader},
    hash::Hash,
    params::Network,
    rules::HeaderChain,
};

pub use answers::{BlockId, Contents, VerifiedAccount, VerifiedTransaction};
pub use error::{Lie, Refusal};

/// How many headers are known by height and hash at most; older ones are forgotten first.
pub const MAX_KNOWN: usize = 4_096;

/// How many blocks below the tip the header may be that an account is proved against.
pub const MAX_BEHIND: u64 = 16;

/// How many of the last tips are kept. A branch that forks off before them needs a proof.
const KEPT_TIPS: usize = 32;

/// What became of the chain that a client holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopted {
    /// It is the same.
    Unchanged,
    /// It goes on from the tip that was held.
    Extended {
        /// How many blocks further.
        blocks: u64,
    },
    /// The tip that was held is not in it any more.
    Reorganised {
        /// How many blocks were undone, if it can be told.
        depth: Option<u64>,
    },
    /// It has no less work, and the proof does not show whether the tip that was held is in it. A proof that shows that
    /// height tells.
    Unlinked,
}

/// A client that holds a proved chain.
#[derive(Debug, Clone)]
pub struct LightClient {
    network: Arc<Network>,
    /// The chain's end, and as it was at some headers before; the newest last. Never empty.
    tips: Vec<HeaderChain>,
    /// Headers of this chain, by height.
    known: Vec<ShownHeader>,
}

impl LightClient {
    /// A client that knows nothing but the genesis block.
    #[must_use]
    pub fn new(network: Arc<Network>) -> Self {
        let tip = HeaderChain::genesis(&network);
        Self {
            known: vec![shown(&tip)],
            tips: vec![tip],
            network,
        }
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The newest header that is held.
    #[must_use]
    pub fn tip(&self) -> &HeaderChain {
        self.tips.last().expect("never empty")
    }

    /// The header at a height, if it is known.
    #[must_use]
    pub fn known(&self, height: u64) -> Option<&ShownHeader> {
        at(&self.known, height)
    }

    /// The headers that are known from a height on.
    #[must_use]
    pub fn known_from(&self, height: u64) -> &[ShownHeader] {
        let first = self.known.partition_point(|known| known.height < height);
        self.known.get(first..).unwrap_or_default()
    }

    /// Takes the proof of a chain, if that has no less work than the one that is held. Of two with the same work it takes
    /// the one offered: which of them a node has seen first is the node's to know.
    ///
    /// # Errors
    /// [`Refusal::Unreadable`], or [`Refusal::Lie`]: the proof does not hold, or is of less work.
    pub fn adopt(&mut self, proof: &[u8], now_ms: u64) -> Result<Adopted, Refusal> {
        let proved = chain_proof::verify(proof, &self.network, now_ms)?;
        let tip = self.tip();
        check_work(tip.work(), proved.headers.work())?;
        let adopted = self.compare(&proved.headers, &proved.shown);
        // Up to where what is known holds for the new chain too.
        let common = match adopted {
            Adopted::Unchanged | Adopted::Extended { .. } => Some(tip.height()),
            Adopted::Reorganised { .. } => self.last_common(&proved.shown).map(|common| common.height),
            Adopted::Unlinked => None,
        };
        if adopted != Adopted::Unchanged {
            self.tips.retain(|tip| Some(tip.height()) <= common);
            self.tips.push(proved.headers);
        }
        self.known.retain(|known| Some(known.height) <= common);
        // What the proof shows was asked for: all of it is kept.
        let room = MAX_KNOWN.saturating_sub(proved.shown.len());
        self.known.drain(..self.known.len().saturating_sub(room));
        self.known.extend(proved.shown);
        // Where both know a height, they agree.
        self.known.sort_unstable_by_key(|known| known.height);
        self.known.dedup_by_key(|known| known.height);
        self.tips.drain(..self.tips.len().saturating_sub(KEPT_TIPS));
        Ok(adopted)
    }

    /// Takes headers that follow one of the last tips, each by all rules of headers: the next ones, or a branch with no
    /// less work. The first one's parent decides where they begin.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] when the parent is none of the last tips, so that a proof is needed; [`Refusal::Lie`] when a
    /// header breaks a rule, or the branch has less work. Nothing is taken then.
    pub fn extend(&mut self, headers: &[Header], now_ms: u64) -> Result<Adopted, Refusal> {
        let Some(first) = headers.first() else {
            return Ok(Adopted::Unchanged);
        };
        let parent = self.tips.iter().rposition(|tip| tip.hash() == first.previous_hash);
        let Some(parent) = parent else {
            return Err(Refusal::Unknown { height: first.height });
        };
        let fork = &self.tips[parent];
        let mut tips: Vec<HeaderChain> = Vec::new();
        let mut shown_headers = Vec::with_capacity(headers.len());
        for header in headers {
            let last = tips.last().unwrap_or(fork);
            let next = last.accept(&self.network, header, now_ms).map_err(|rule| Lie::Header {
                height: header.height,
                rule,
            })?;
            shown_headers.push(shown(&next));
            if tips.len() == KEPT_TIPS {
                tips.remove(0);
            }
            tips.push(next);
        }
        let end = tips.last().unwrap_or(fork);
        if self.known(end.height()).is_some_and(|known| known.hash == end.hash()) {
            return Ok(Adopted::Unchanged);
        }
        check_work(self.tip().work(), end.work())?;
        let tip = self.tip();
        // Headers that were held may come again before the new ones.
        let goes_on =
            tip.hash() == fork.hash() || at(&shown_headers, tip.height()).is_some_and(|at| at.hash == tip.hash());
        let adopted = if goes_on {
            Adopted::Extended {
                blocks: end.height() - tip.height(),
            }
        } else {
            let is_held =
                |header: &&ShownHeader| self.known(header.height).is_some_and(|known| known.hash == header.hash);
            let common = shown_headers.iter().take_while(is_held).last();
            let common = common.map_or(fork.height(), |common| common.height);
            Adopted::Reorganised {
                depth: Some(tip.height() - common),
            }
        };
        let fork_height = fork.height();
        self.tips.truncate(parent + 1);
        self.tips.append(&mut tips);
        self.known.retain(|known| known.height <= fork_height);
        self.known.append(&mut shown_headers);
        self.forget();
        Ok(adopted)
    }

    /// How a proved chain relates to the one that is held.
    fn compare(&self, headers: &HeaderChain, shown: &[ShownHeader]) -> Adopted {
        let tip = self.tip();
        if headers.hash() == tip.hash() {
            return Adopted::Unchanged;
        }
        match at(shown, tip.height()) {
            Some(there) if there.hash == tip.hash() => Adopted::Extended {
                blocks: headers.height() - tip.height(),
            },
            None if headers.height() > tip.height() => Adopted::Unlinked,
            _ => {
                let fork = self.last_common(shown).map(|common| common.height);
                // It is the fork only if both are known to differ at the next height.
                let fork = fork.filter(|fork| self.known(fork + 1).is_some() && at(shown, fork + 1).is_some());
                Adopted::Reorganised {
                    depth: fork.map(|fork| tip.height() - fork),
                }
            }
        }
    }

    /// The highest header that is known and shown.
    fn last_common(&self, shown: &[ShownHeader]) -> Option<&ShownHeader> {
        let is_shown = |known: &&ShownHeader| at(shown, known.height).is_some_and(|there| there.hash == known.hash);
        self.known.iter().rev().find(is_shown)
    }

    fn forget(&mut self) {
        self.tips.drain(..self.tips.len().saturating_sub(KEPT_TIPS));
        self.known.drain(..self.known.len().saturating_sub(MAX_KNOWN));
    }
}

/// The network that a node's parameters make, if its genesis block is the one that is known.
///
/// # Errors
/// [`Refusal::Malformed`] when they make no network; [`Refusal::Lie`] when they make another.
pub fn network_of(answer: &ParametersJson, genesis_hash: &Hash) -> Result<Network, Refusal> {
    let network = Network::new(answer.parameters.clone()).map_err(|_| Refusal::Malformed { what: "parameters" })?;
    let found = network.genesis_hash();
    if found != *genesis_hash || answer.genesis_hash != *genesis_hash {
        return Err(Lie::OtherNetwork {
            expected: *genesis_hash,
            found: if found == *genesis_hash {
                answer.genesis_hash
            } else {
                found
            },
        }
        .into());
    }
    if answer.parameters_hash != network.parameters_hash() {
        return Err(Lie::Parameters { what: "hash" }.into());
    }
    if answer.bytes != hex::encode(network.parameters_bytes()) {
        return Err(Lie::Parameters { what: "canonical form" }.into());
    }
    Ok(network)
}

fn shown(chain: &HeaderChain) -> ShownHeader {
    ShownHeader {
        height: chain.height(),
        hash: chain.hash(),
        work: chain.work(),
    }
}

fn at(headers: &[ShownHeader], height: u64) -> Option<&ShownHeader> {
    let place = headers.binary_search_by_key(&height, |header| header.height).ok()?;
    headers.get(place)
}

fn check_work(held: U256, offered: U256) -> Result<(), Lie> {
    if offered < held {
        return Err(Lie::LessWork { held, offered });
    }
    Ok(())
}
