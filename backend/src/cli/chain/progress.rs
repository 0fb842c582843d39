//! How far a long task is, said on stderr once a second.

use std::time::{Duration, Instant};

use crate::cli::output;

const PERIOD: Duration = Duration::from_secs(1);

/// Counts blocks and transfers.
pub(super) struct Progress {
    start: Instant,
    told: Instant,
    is_quiet: bool,
    blocks: u64,
    transfers: u64,
}

impl Progress {
    pub(super) fn new(is_quiet: bool) -> Self {
        let start = Instant::now();
        Self {
            start,
            told: start,
            is_quiet,
            blocks: 0,
            transfers: 0,
        }
    }

    /// Counts one block at `height`.
    pub(super) fn block(&mut self, height: u64, transfers: usize) {
        self.blocks += 1;
        self.transfers += transfers as u64;
        if !self.is_quiet && self.told.elapsed() >= PERIOD {
            self.told = Instant::now();
            let (blocks, transfers) = self.rates();
            output::note(&format!("height {height}, {blocks} blocks/s, {transfers} transfers/s"));
        }
    }

    pub(super) const fn blocks(&self) -> u64 {
        self.blocks
    }

    pub(super) const fn transfers(&self) -> u64 {
        self.transfers
    }

    pub(super) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Blocks and transfers a second, so far.
    pub(super) fn rates(&self) -> (u64, u64) {
        let elapsed_ms = self.elapsed_ms().max(1);
        let rate = |count: u64| count.saturating_mul(1000) / elapsed_ms;
        (rate(self.blocks), rate(self.transfers))
    }
}
