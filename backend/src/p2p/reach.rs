//! Why a node that was named is not connected.

use std::{fmt::Display, io};

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
    /// Nobody could be reached at a place, and what to do about it.
    pub(super) fn by_io(error: &io::Error, place: impl Display) -> Self {
        use io::ErrorKind;
        let why = match error.kind() {
            ErrorKind::ConnectionRefused => {
                format!("nothing listens at {place}; start the node there, or check host and port")
            }
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Self::late_at(place),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable => {
                format!("there is no way from here to {place}; check the address, and that both are on one network")
            }
            _ => format!("{place} cannot be reached ({error}); check that the node runs"),
        };
        Self::Unreachable(why)
    }

    /// Nobody answered in time.
    pub(super) fn late() -> Self {
        Self::Unreachable(Self::late_at("it"))
    }

    fn late_at(place: impl Display) -> String {
        format!("{place} does not answer in time; check that the node runs, and that no firewall is in between")
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_there_is_said_in_one_sentence_with_a_way_out() {
        for kind in [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::TimedOut,
            io::ErrorKind::NetworkUnreachable,
            io::ErrorKind::Other,
        ] {
            let text = Unreached::by_io(&kind.into(), "192.0.2.1:5000").to_string();
            assert!(text.starts_with("no node answers there: "), "{text}");
            assert_eq!(text.matches("answers there").count(), 1, "{text}");
            assert!(text.contains("192.0.2.1:5000") && text.contains("check"), "{text}");
        }
    }
}
