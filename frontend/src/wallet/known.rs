//! Which chains have a wallet in this browser: no secret, so that a node of another chain is noticed and said.

use serde::Serialize;
use shared::hash::Hash;

use crate::json::{self, object};

/// A chain that has a wallet here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// The hash of its genesis block.
    pub genesis: Hash,
    /// What its node called it.
    pub network: String,
}

object! { Chain { genesis, network } }

/// The chains as they lie in the browser's storage; none when they cannot be read.
#[must_use]
pub fn read(text: &str) -> Vec<Chain> {
    json::read(text).unwrap_or_default()
}

/// The chains with one more.
#[must_use]
pub fn with(mut chains: Vec<Chain>, chain: Chain) -> Vec<Chain> {
    chains.retain(|other| other.genesis != chain.genesis);
    chains.push(chain);
    chains
}

/// The chains without one.
#[must_use]
pub fn without(mut chains: Vec<Chain>, genesis: &Hash) -> Vec<Chain> {
    chains.retain(|other| other.genesis != *genesis);
    chains
}

/// What is said when this chain has no wallet here, but others have.
#[must_use]
pub fn other_chain_sentence(chains: &[Chain], genesis: &Hash, network: &str) -> Option<String> {
    let other = chains.iter().rev().find(|chain| chain.genesis != *genesis)?;
    let short = |hash: &Hash| hash.to_string()[..8].to_owned();
    if chains.iter().any(|chain| chain.genesis == *genesis) {
        return None;
    }
    let relation = if other.network == network {
        "This node runs another chain of the same name: it was started anew, or belongs to somebody else."
    } else {
        "This node runs another chain."
    };
    Some(format!(
        "{relation} Your wallet is one of “{}” (genesis {}…), and this is “{network}” (genesis {}…). Your wallet and its coins \
         are untouched and wait for a node of their own chain; nothing of them appears here.",
        other.network,
        short(&other.genesis),
        short(genesis),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(byte: u8, network: &str) -> Chain {
        Chain {
            genesis: Hash([byte; 32]),
            network: network.into(),
        }
    }

    #[test]
    fn chains_are_kept_once_and_read_back() {
        let chains = with(
            with(with(Vec::new(), chain(1, "dev")), chain(2, "class")),
            chain(1, "dev"),
        );
        assert_eq!(chains.len(), 2);
        let text = serde_json::to_string(&chains).unwrap();
        assert_eq!(read(&text), chains);
        assert_eq!(without(chains, &Hash([1; 32])), [chain(2, "class")]);
        assert!(read("{").is_empty());
    }

    #[test]
    fn another_chain_is_said_plainly() {
        let chains = [chain(1, "dev")];
        assert_eq!(other_chain_sentence(&chains, &Hash([1; 32]), "dev"), None);
        assert_eq!(other_chain_sentence(&[], &Hash([1; 32]), "dev"), None);
        let same = other_chain_sentence(&chains, &Hash([2; 32]), "dev").unwrap();
        assert!(same.contains("same name") && same.contains("01010101…") && same.contains("untouched"));
        assert!(
            !other_chain_sentence(&chains, &Hash([2; 32]), "class")
                .unwrap()
                .contains("same name")
        );
    }
}
