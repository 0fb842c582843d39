//! What others see of the network: peers, registered nodes, bans.

use serde::Serialize;
use shared::hash::Hash;
use utoipa::ToSchema;

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
