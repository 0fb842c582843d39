//! The Cairn node.

pub mod chain;
pub mod classroom;
pub mod cli;
pub mod client;
pub mod clock;
pub mod http;
pub mod light;
pub mod mempool;
pub mod miner;
pub mod networks;
pub mod node;
pub mod p2p;
pub mod peers;
pub mod simulate;
pub mod store;
pub mod sync;
pub mod tls;
pub mod verify;
