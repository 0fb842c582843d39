//! The Cairn node.

pub mod clock;
pub mod mempool;
pub mod networks;
pub mod node;
pub mod store;
