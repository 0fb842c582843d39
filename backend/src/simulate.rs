//! A network of nodes in one thread and in virtual time: the real chain, mempool and sync, driven by one seed.
//!
//! Messages take time and get lost, lines break, networks fall apart and heal, clocks differ, nodes restart, miners keep
//! blocks to themselves. The same scenario gives the same run, event by event. After every event the invariants hold:
//! no coin is made or lost, no accepted transfer is forgotten or given up for a reason that is not so, no honest node is
//! blamed; and once all has healed, there is one tip.

mod network;
pub(crate) mod node;
mod random;
mod scenario;
mod world;

use serde::Serialize;
use shared::hash::Hash;

pub use scenario::{Sabotage, Scenario};

/// What happened in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Where all chance came from.
    pub seed: u64,
    /// How many nodes there were.
    pub nodes: usize,
    /// How long it took in virtual time, in milliseconds.
    pub virtual_ms: u64,
    /// How many events there were.
    pub events: u64,
    /// The SHA-256 over all events: equal for equal runs.
    pub log: Hash,
    /// How many blocks were found.
    pub blocks: u64,
    /// The height of the chain at the end.
    pub height: u64,
    /// The tip at the end.
    pub tip: Hash,
    /// How often nodes went over to another branch.
    pub reorganisations: u64,
    /// The most blocks that were undone at once.
    pub deepest: u64,
    /// How often the network fell apart.
    pub partitions: u64,
    /// How often a line broke or a node restarted.
    pub breaks: u64,
    /// How many transfers were accepted.
    pub accepted: u64,
    /// How many of them are in the chain.
    pub mined: u64,
    /// How many of them wait.
    pub pending: u64,
    /// How many of them were given up, and their senders told.
    pub told: u64,
    /// How many requests and news were delivered.
    pub messages: u64,
    /// The invariants that did not hold, each with time and node. None in a good run.
    pub violations: Vec<String>,
}

/// Runs a scenario to its end, or to the first invariant that does not hold.
#[must_use]
pub fn run(scenario: &Scenario) -> Report {
    world::World::new(scenario).run()
}
