//! The worker's part: from what nodes answer to a chain that was proved. It fetches nothing and knows no browser.

use std::sync::Arc;

use shared::api::{Decimal, ParametersJson};
use shared::block::Header;
use shared::chain_proof::{self, ChainProofError, ShownHeader};
use shared::codec::Decode;
use shared::hash::Hash;
use shared::light::{Adopted, Lie, LightClient, Refusal, network_of};

use super::message::Report;
use crate::json;
use crate::view::text::{grouped, grouped_decimal};

/// How many headers are asked for at once. A chain that is this far ahead is proved anew, which takes fewer bytes.
pub const MOST_HEADERS: u64 = 256;

/// Follows one chain.
#[derive(Debug, Clone)]
pub struct Follower {
    client: LightClient,
    /// What was proved on an earlier visit, until the chain of this one was held against it.
    kept: Option<ShownHeader>,
}

impl Follower {
    /// Begins with the parameters that a node gives for the chain with this genesis block.
    ///
    /// # Errors
    /// In words, when they cannot be read or make another chain.
    pub fn begin(parameters: &str, genesis: &Hash, kept: Option<ShownHeader>) -> Result<Self, String> {
        let parameters: ParametersJson = json::read(parameters).map_err(|error| error.to_string())?;
        let network = network_of(&parameters, genesis).map_err(|refusal| words(&refusal))?;
        Ok(Self {
            client: LightClient::new(Arc::new(network)),
            kept,
        })
    }

    /// The height that the headers asked for next begin with: the tip's, so that it is seen whether they follow it.
    #[must_use]
    pub fn tip_height(&self) -> u64 {
        self.client.tip().height()
    }

    /// The height that a proof is to show besides: with it is seen whether the chain goes on.
    #[must_use]
    pub fn wanted(&self) -> u64 {
        self.kept.map_or_else(|| self.client.tip().height(), |kept| kept.height)
    }

    /// Takes the tip's header, and those that follow it. None when a proof is needed instead: the node has another one
    /// there, or many more.
    ///
    /// # Errors
    /// The lie, in words.
    pub fn take_headers(&mut self, bytes: &[u8], now_ms: u64) -> Result<Option<Report>, String> {
        let headers = bytes.chunks(Header::LEN).map(Header::from_bytes);
        let Ok(headers) = headers.collect::<Result<Vec<_>, _>>() else {
            return Ok(None);
        };
        let Some((tip, headers)) = headers.split_first() else {
            return Ok(None);
        };
        // So many may not be all.
        if tip.hash() != self.client.tip().hash() || headers.len() as u64 + 1 >= MOST_HEADERS {
            return Ok(None);
        }
        let from = self.tip_height() + 1;
        match self.client.extend(headers, now_ms) {
            Ok(Adopted::Extended { .. } | Adopted::Unchanged) => Ok(Some(self.report(from, 0))),
            Ok(_) | Err(Refusal::Unknown { .. }) => Ok(None),
            Err(refusal) => Err(words(&refusal)),
        }
    }

    /// Takes a proof of the whole chain.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn take_proof(&mut self, bytes: &[u8], now_ms: u64) -> Result<Report, String> {
        let height = self.client.tip().height();
        let mut after = self.client.clone();
        let adopted = after.adopt(bytes, now_ms).map_err(|refusal| words(&refusal))?;
        let mut undone = match adopted {
            Adopted::Reorganised { depth } => depth.unwrap_or(1),
            Adopted::Unlinked if height > 0 => 1,
            _ => 0,
        };
        if let Some(kept) = self.kept {
            let offered = after.tip().work();
            if offered < kept.work {
                let held = kept.work;
                return Err(words(&Lie::LessWork { held, offered }.into()));
            }
            let stands = after.known(kept.height).is_some_and(|known| known.hash == kept.hash);
            undone = undone.max(u64::from(!stands));
        }
        self.kept = None;
        self.client = after;
        Ok(self.report(0, undone))
    }

    /// Holds the proof of a further node against the chain that is held. One with more work is taken: the report of it.
    /// What it showed, in words.
    pub fn compare(&mut self, bytes: &[u8], now_ms: u64) -> (Option<Report>, String) {
        let (held, height) = (self.client.tip().work(), self.client.tip().height());
        let proved = match chain_proof::verify(bytes, self.client.network(), now_ms) {
            Ok(proved) => proved,
            Err(error) => return (None, ["its proof was refused: ", &proof_words(&error)].concat()),
        };
        let tip = &proved.headers;
        let said = |what: &str| [what, &grouped(tip.height())].concat();
        if self
            .client
            .known(tip.height())
            .is_some_and(|known| known.hash == tip.hash())
        {
            return (None, said("proves the same chain, up to block "));
        }
        if tip.work() > held {
            let goes_on = proved.hash_at(height) == Some(self.client.tip().hash());
            let what = if goes_on {
                "proves that the chain goes on, up to block "
            } else {
                "proves a chain with more work, which is taken, up to block "
            };
            let said = said(what);
            return (self.take_proof(bytes, now_ms).ok(), said);
        }
        (None, said("shows a chain with no more work, up to block "))
    }

    fn report(&self, from: u64, undone: u64) -> Report {
        Report {
            from,
            places: self.client.known_from(from).to_vec(),
            tip_time: self.client.tip().header().timestamp,
            bytes: 0,
            millis: 0,
            undone,
            answers: None,
        }
    }
}

/// What is wrong, in words. Of all that a light client may refuse, the page meets these here; the words of the others, and
/// of every rule, would weigh kilobytes: `cairn light` has them.
fn words(refusal: &Refusal) -> String {
    let work = |work: &_| grouped_decimal(&Decimal(*work));
    match refusal {
        Refusal::Unreadable(error) | Refusal::Lie(Lie::Chain(error)) => proof_words(error),
        Refusal::Lie(Lie::Header { height, .. }) => header_words(*height),
        Refusal::Lie(Lie::LessWork { held, offered }) => [
            "its chain has the work ",
            &work(offered),
            ", and one with ",
            &work(held),
            " was proved before",
        ]
        .concat(),
        Refusal::Lie(Lie::OtherNetwork { expected, found }) => [
            "its rules make the genesis block ",
            &found.to_string(),
            ", and not ",
            &expected.to_string(),
        ]
        .concat(),
        _ => "its answer does not hold".to_owned(),
    }
}

fn proof_words(error: &ChainProofError) -> String {
    let what = match error {
        ChainProofError::Header { height, .. } => return header_words(*height),
        ChainProofError::MissingSample { .. } => "its proof of the chain leaves out a header that it has to show",
        ChainProofError::MissingPlace { .. } | ChainProofError::LightPast { .. } => {
            "its proof of the chain rests on a header that is harder than the ones before it"
        }
        ChainProofError::TooFewRecent { .. } => "its proof of the chain shows too few of the newest headers",
        ChainProofError::OtherGenesis { .. } => "its proof begins with the genesis block of another chain",
        _ => "its proof of the chain cannot be read",
    };
    what.to_owned()
}

fn header_words(height: u64) -> String {
    ["the header at height ", &grouped(height), " breaks a rule of headers"].concat()
}
