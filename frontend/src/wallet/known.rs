//! What this browser remembers of chains, none of it secret: which have a wallet here, how the node's one is called, so that
//! the wallet opens without the node, and a block of it, so that another chain in its place is noticed and said.

use std::fmt;

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

/// How many of the newest blocks may be replaced without a word: chains do that by themselves.
pub const UNSETTLED: u64 = 6;

/// A block that was seen on a chain, with [`UNSETTLED`] blocks on it, or the genesis block of a chain with fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its height.
    pub height: u64,
    /// Its hash.
    pub hash: Hash,
    /// The height of the chain's newest block then.
    pub tip: u64,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.height, self.hash, self.tip)
    }
}

impl Seen {
    /// Reads what [`Display`](fmt::Display) wrote.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let mut next = || parts.next();
        Some(Self {
            height: next()?.parse().ok()?,
            hash: next()?.parse().ok()?,
            tip: next()?.parse().ok()?,
        })
    }

    /// What is said of a chain with its newest block at `tip` that has the block `found` at this height; nothing when this
    /// block is still in it.
    #[must_use]
    pub fn change_sentence(&self, tip: u64, found: Option<&Hash>) -> Option<String> {
        // A young chain has no settled block but its genesis: one that began anew is told by its length.
        let is_shortened = self.height == 0 && tip < self.tip;
        if found == Some(&self.hash) && !is_shortened {
            return None;
        }
        let mut said = "The node’s chain has changed: ".to_owned();
        if tip < self.tip {
            said.push_str(&format!(
                "it ended with block {} when this browser last saw it, and ends with block {tip} now. ",
                self.tip
            ));
        }
        if !is_shortened {
            let replaced = self.tip.saturating_sub(self.height) + 1;
            said.push_str(&format!(
                "Block {} is no longer the one that this browser saw, so at least {replaced} blocks were replaced. ",
                self.height
            ));
        }
        said.push_str(
            "Balances are those of the chain that it has now; payments that were in blocks which are gone may be undone. Ask \
             who runs the node whether it was started anew.",
        );
        Some(said)
    }
}

/// The node's chain in words, kept for the next visit without the node.
#[must_use]
pub fn write_network(genesis: &Hash, prefix: &str, symbol: &str, name: &str) -> String {
    format!("{genesis}\n{prefix}\n{symbol}\n{name}")
}

/// Genesis, prefix, symbol and name as [`write_network`] wrote them.
#[must_use]
pub fn read_network(text: &str) -> Option<(Hash, &str, &str, &str)> {
    let mut lines = text.splitn(4, '\n');
    let genesis = lines.next()?.parse().ok()?;
    Some((genesis, lines.next()?, lines.next()?, lines.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settled_block_that_is_gone_is_said() {
        let seen = Seen {
            height: 44,
            hash: Hash([1; 32]),
            tip: 50,
        };
        assert_eq!(Seen::read(&seen.to_string()), Some(seen));
        assert_eq!(Seen::read("44 50"), None);
        assert_eq!(seen.change_sentence(51, Some(&seen.hash)), None);
        // The newest blocks come and go.
        assert_eq!(seen.change_sentence(47, Some(&seen.hash)), None);
        let other = seen.change_sentence(60, Some(&Hash([2; 32]))).unwrap();
        assert!(
            other.contains("Block 44 is no longer") && other.contains("at least 7 blocks"),
            "{other}"
        );
        assert!(!other.contains("ends with"), "{other}");
        let short = seen.change_sentence(3, None).unwrap();
        assert!(
            short.contains("ended with block 50") && short.contains("block 3 now"),
            "{short}"
        );
    }

    #[test]
    fn a_young_chain_that_began_anew_is_said() {
        let seen = Seen {
            height: 0,
            hash: Hash([1; 32]),
            tip: 5,
        };
        assert_eq!(seen.change_sentence(5, Some(&seen.hash)), None);
        assert_eq!(seen.change_sentence(9, Some(&seen.hash)), None);
        let said = seen.change_sentence(0, Some(&seen.hash)).unwrap();
        assert!(
            said.contains("ended with block 5") && !said.contains("no longer"),
            "{said}"
        );
    }

    #[test]
    fn a_network_is_read_back() {
        let text = write_network(&Hash([3; 32]), "dev", "STONE", "dev\nof two lines");
        assert_eq!(
            read_network(&text),
            Some((Hash([3; 32]), "dev", "STONE", "dev\nof two lines"))
        );
        assert_eq!(read_network("dev\nSTONE"), None);
        assert_eq!(read_network(&text[..70]), None);
    }

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
