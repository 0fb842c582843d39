//! What happens in a node, numbered, with a memory of the last events.

use std::sync::Arc;

use shared::hash::Hash;

use crate::{mempool::Entry, store::Summary};

/// Something that happened. Readers hear of it when it is durable.
#[derive(Debug, Clone)]
pub enum Event {
    /// A block was added at the tip.
    Block(Arc<Summary>),
    /// Blocks were taken back; events of those in their place follow.
    Reorganisation {
        /// The last block that both chains have.
        fork_height: u64,
        /// The tip before.
        old_tip: Hash,
        /// The tip now.
        new_tip: Hash,
    },
    /// A transfer came into the mempool.
    Pending {
        /// The transfer.
        entry: Arc<Entry>,
        /// Whether earlier transfers of its sender are missing.
        waiting: bool,
    },
    /// A transfer left the mempool without being mined.
    Dropped {
        /// Its id.
        id: Hash,
        /// `expired`, `replaced`, `evicted`, `aged` or `invalid`.
        reason: &'static str,
        /// What replaced it.
        replaced_by: Option<Hash>,
    },
    /// Events were missed that the node no longer has.
    Reset,
}

/// An event with its number, which only grows.
#[derive(Debug, Clone)]
pub struct Numbered {
    /// The number.
    pub id: u64,
    /// What happened.
    pub event: Event,
}

/// Receives events.
pub struct Subscription {}

impl Subscription {
    /// The next event; none when the node has stopped. May be dropped and called again without losing an event.
    pub async fn next(&mut self) -> Option<Numbered> {
        unimplemented!()
    }
}
