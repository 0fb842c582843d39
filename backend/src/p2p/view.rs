//! What others see of the network: peers, registered nodes, bans.

use libp2p::PeerId;
use serde::Serialize;
use shared::hash::Hash;
use utoipa::ToSchema;

use crate::sync::Neighbour;

/// A connected peer on the same chain.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Peer {
    /// Its id.
    pub peer: String,
    /// The address of its connection.
    pub address: String,
    /// Whether it opened the connection.
    pub inbound: bool,
    /// The program that it runs, in its own words.
    pub agent: String,
    /// Since when it is connected, in milliseconds since 1970.
    pub connected_since: u64,
    /// How long it took to answer lately, in milliseconds.
    pub latency_ms: Option<u64>,
    /// The height of its tip, as it last said.
    pub height: Option<u64>,
    /// The hash of its tip.
    #[schema(value_type = Option<String>)]
    pub tip_hash: Option<Hash>,
    /// The sum of its offences, which time makes smaller; at 100 it is banned.
    pub score: u32,
    /// Its last offence.
    pub offence: Option<String>,
}

/// A node that a peer says it is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub peer: String,
    /// The height of its tip.
    pub height: u64,
    /// The hash of its tip.
    pub tip_hash: Hash,
    /// How long it took to answer the one who tells, in milliseconds.
    pub latency_ms: Option<u64>,
}

impl Told {
    /// The same with its id as text.
    pub(super) fn of(neighbour: &Neighbour) -> Option<Self> {
        let id = PeerId::from_bytes(neighbour.name.as_bytes()).ok()?;
        Some(Self {
            peer: id.to_string(),
            height: neighbour.height,
            tip_hash: neighbour.tip,
            latency_ms: neighbour.latency_ms.map(u64::from),
        })
    }
}

/// What became of a node that the operator named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is connected.
    Connected,
    /// It is being looked for.
    Connecting,
    /// It did not answer.
    Unreachable,
    /// It follows another chain.
    OtherChain,
    /// It is banned.
    Banned,
}

/// A node that the operator named, by registering it or with `--peer`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Listed {
    /// As it was written.
    pub address: String,
    /// What became of it.
    pub state: State,
    /// Its id, once it is known.
    pub peer: Option<String>,
    /// Why it is not connected.
    pub reason: Option<String>,
}

/// Somebody is banned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PeerBan {
    /// The peer's id, or the address from which no new connections are taken.
    pub banned: String,
    /// The offence's stable name.
    pub code: String,
    /// The offence.
    pub reason: String,
    /// When the ban ends, in milliseconds since 1970.
    pub until: u64,
}

#[cfg(test)]
mod tests {
    use libp2p::identity::Keypair;

    use super::*;
    use crate::sync::PeerName;

    #[test]
    fn ids_are_the_same_to_both_sides() {
        let long = |code: u8, len: u8| [vec![code, len], vec![7; len.into()]].concat();
        let own = Keypair::generate_ed25519().public().to_peer_id();
        for bytes in [own.to_bytes(), long(0, 0), long(0, 42), long(0x12, 32)] {
            let told = Told::of(&Neighbour {
                name: PeerName::new(&bytes).unwrap(),
                height: 1,
                tip: Hash::ZERO,
                latency_ms: None,
            });
            assert_eq!(told.unwrap().peer, PeerId::from_bytes(&bytes).unwrap().to_string());
        }
        for bytes in [long(0, 43), long(0x13, 32), vec![], vec![0], vec![0, 2, 7]] {
            assert!(
                PeerName::new(&bytes).is_none() && PeerId::from_bytes(&bytes).is_err(),
                "{bytes:?}"
            );
        }
    }
}
