//! What the node says of its peers.

use crate::json::object;

/// The peers that it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeList {
    /// One each.
    pub nodes: Vec<Peer>,
}

/// A peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Where it listens.
    pub address: String,
    /// How it stands with it.
    pub state: String,
}

/// What the node says after it was asked to do something about peers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// A sentence.
    pub message: String,
}

object! { NodeList { nodes } }
object! { Peer { address, default state } }
object! { Said { message } }

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn peers_are_read() {
        let read: NodeList = json::read(r#"{"nodes":[{"address":"a:1"},{"address":"b:2","state":"far"}]}"#).unwrap();
        let peer = |address: &str, state: &str| Peer {
            address: address.into(),
            state: state.into(),
        };
        assert_eq!(read.nodes, [peer("a:1", ""), peer("b:2", "far")]);
        assert_eq!(json::read::<Said>(r#"{"message":"done"}"#).unwrap().message, "done");
    }
}
