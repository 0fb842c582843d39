//! What is simulated: how many nodes, for how long, and what goes wrong.

use serde::Serialize;

use super::random::Random;

/// A rule that is broken on purpose, so that it can be seen that breaks are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sabotage {
    /// The first partition never heals.
    NeverHeals,
    /// The transfers of undone blocks are forgotten.
    ForgetsUndone,
    /// The transfers of undone blocks are given up, and their senders told that they expired.
    GivesUpUndone,
    /// The last node follows no other chain.
    Stubborn,
}

/// A run. All that happens in it follows from these values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scenario {
    /// Where all chance comes from.
    pub seed: u64,
    /// How many nodes there are.
    pub nodes: usize,
    /// For how long things go wrong, in milliseconds. After that everything heals, and agreement is waited for.
    pub duration_ms: u64,
    /// The mean time between blocks of all nodes together, in milliseconds.
    pub block_ms: u64,
    /// The mean time between transfers, in milliseconds.
    pub transfer_ms: u64,
    /// How many of a thousand transfers take all that their sender has.
    pub all_permille: u64,
    /// The range of the time that a message takes, in milliseconds.
    pub latency_ms: (u64, u64),
    /// How many of a thousand messages are lost.
    pub loss_permille: u64,
    /// The mean time between lost connections, in milliseconds; 0: none is lost.
    pub break_ms: u64,
    /// The mean time between partitions, in milliseconds; 0: there are none.
    pub partition_ms: u64,
    /// The mean time between restarts of a node, in milliseconds; 0: none restarts.
    pub restart_ms: u64,
    /// How far clocks are off at most, in milliseconds.
    pub skew_ms: u64,
    /// How many of the nodes keep blocks to themselves to get ahead.
    pub selfish: usize,
    /// How many transfers a mempool holds.
    pub mempool: usize,
    /// What is broken on purpose.
    pub sabotage: Option<Sabotage>,
}

impl Scenario {
    /// A run of so many nodes and minutes, in which everything goes wrong that can.
    #[must_use]
    pub fn new(seed: u64, nodes: usize, minutes: u64) -> Self {
        Self {
            seed,
            nodes,
            duration_ms: minutes * 60_000,
            block_ms: 5_000,
            transfer_ms: 2_000,
            all_permille: 200,
            latency_ms: (20, 300),
            loss_permille: 10,
            break_ms: 30_000,
            partition_ms: 60_000,
            restart_ms: 60_000,
            skew_ms: 5_000,
            selfish: nodes / 5,
            mempool: 1_000,
            sabotage: None,
        }
    }

    /// A small run, of which the seed chooses the kind as well.
    #[must_use]
    pub fn small(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x5eed);
        let nodes = usize::try_from(random.between(2, 6)).unwrap_or(2);
        let latency = random.between(1, 200);
        let mut pick = |from: &[u64]| from.get(random.place(from.len())).copied().unwrap_or(0);
        Self {
            duration_ms: pick(&[60_000, 90_000, 120_000]),
            block_ms: pick(&[2_000, 5_000, 8_000]),
            transfer_ms: pick(&[1_000, 2_000, 5_000]),
            latency_ms: (latency, latency * pick(&[1, 2, 5])),
            loss_permille: pick(&[0, 10, 100]),
            break_ms: pick(&[0, 10_000, 30_000]),
            partition_ms: pick(&[0, 30_000, 60_000]),
            restart_ms: pick(&[0, 30_000]),
            skew_ms: pick(&[0, 3_000, 8_000]),
            selfish: usize::try_from(pick(&[0, 0, 1])).unwrap_or(0),
            mempool: usize::try_from(pick(&[8, 1_000])).unwrap_or(0),
            all_permille: pick(&[0, 500]),
            ..Self::new(seed, nodes, 1)
        }
    }
}
