//! The Cairn node.

pub mod cli;
pub mod client;
pub mod clock;
pub mod mempool;
pub mod networks;
pub mod node;
pub mod store;
