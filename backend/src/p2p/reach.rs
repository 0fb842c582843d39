//! Why a node that was named is not connected.

use shared::hash::Hash;

/// Why a node cannot be made a peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// Nobody answers, or too late.
    #[error("no node answers there: {0}")]
    Unreachable(String),
    /// Somebody answers who is no node of Cairn.
    #[error("what answers there is no node of Cairn")]
    NotCairn,
    /// It follows another chain.
    #[error("{}", other_chain(*genesis))]
    OtherChain {
        /// Its genesis hash, where it is known.
        genesis: Option<Hash>,
    },
    /// It is of this chain, and speaks another version of the protocol.
    #[error("it speaks another version of the protocol between nodes: run the same version of cairn on both")]
    OtherVersion,
    /// It is this node itself.
    #[error("that is this node itself")]
    Itself,
    /// It is banned.
    #[error("it is banned")]
    Banned,
    /// The network is cut between this node and it.
    #[error("the network is cut between this node and it")]
    Cut,
    /// There is no room for more.
    #[error("this node has as many peers as it takes")]
    Full,
    /// The node is stopping.
    #[error("the node is stopping; try again later")]
    Stopping,
}

fn other_chain(genesis: Option<Hash>) -> String {
    let which = genesis.map_or(String::new(), |genesis| format!(" (genesis {genesis})"));
    format!("it follows another chain{which}: nodes need the same network file")
}

impl Unreached {
    /// The reason's stable name, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "node-unreachable",
            Self::NotCairn => "node-not-cairn",
            Self::OtherChain { .. } => "other-chain",
            Self::OtherVersion => "other-version",
            Self::Itself => "node-itself",
            Self::Banned => "node-banned",
            Self::Cut => "node-cut-off",
            Self::Full => "peers-full",
            Self::Stopping => "stopping",
        }
    }
}
