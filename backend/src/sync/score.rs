//! What is remembered of a peer's offences, and how much it may ask.

use super::{BAN_SCORE, Offence};

/// How long it takes to forget one point.
const FORGET_MS: u64 = 6_000;
/// How long a ban lasts.
pub(super) const BAN_MS: u64 = 3_600_000;

/// The sum of a peer's offences. Falls with time.
#[derive(Debug, Clone, Default)]
pub(super) struct Score {
    points: u32,
    /// Up to when points were forgotten.
    since_ms: u64,
    pub(super) last: Option<Offence>,
    /// How many requests in a row it had not answered when it went.
    pub(super) stalls: u32,
}

impl Score {
    /// The points now.
    pub(super) fn at(&self, now_ms: u64) -> u32 {
        let forgotten = now_ms.saturating_sub(self.since_ms) / FORGET_MS;
        self.points.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX))
    }

    /// Adds an offence, and gives the points with it.
    pub(super) fn add(&mut self, offence: &Offence, now_ms: u64) -> u32 {
        let forgotten = now_ms.saturating_sub(self.since_ms) / FORGET_MS;
        self.points = self.at(now_ms);
        // The part of a point that is forgotten already stays so.
        self.since_ms = match self.points {
            0 => now_ms,
            _ => self.since_ms + forgotten * FORGET_MS,
        };
        self.points = self.points.saturating_add(offence.weight());
        self.last = Some(offence.clone());
        self.points
    }

    /// Whether the peer is to be banned.
    pub(super) fn is_enough(&self) -> bool {
        self.points >= BAN_SCORE
    }
}

/// Something that is used up and comes back with time.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    left: u64,
    most: u64,
    per_second: u64,
    since_ms: u64,
}

impl Budget {
    /// A full one.
    pub(super) const fn new(most: u64, per_second: u64, now_ms: u64) -> Self {
        Self {
            left: most,
            most,
            per_second,
            since_ms: now_ms,
        }
    }

    /// Takes `cost`, if there is as much.
    pub(super) fn take(&mut self, cost: u64, now_ms: u64) -> bool {
        self.refill(now_ms);
        let enough = self.left >= cost;
        if enough {
            self.left -= cost;
        }
        enough
    }

    /// Takes `cost`, or what is left.
    pub(super) fn spend(&mut self, cost: u64, now_ms: u64) {
        self.refill(now_ms);
        self.left = self.left.saturating_sub(cost);
    }

    /// Whether there is anything left.
    pub(super) fn has_any(&mut self, now_ms: u64) -> bool {
        self.refill(now_ms);
        self.left > 0
    }

    fn refill(&mut self, now_ms: u64) {
        let elapsed = now_ms.saturating_sub(self.since_ms);
        let more = elapsed.saturating_mul(self.per_second) / 1_000;
        // What is too short for one unit is not lost.
        if more > 0 {
            self.since_ms = now_ms;
            self.left = self.most.min(self.left.saturating_add(more));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_add_up_and_are_forgotten() {
        let mut score = Score::default();
        assert_eq!(score.add(&Offence::LowWork, 1_000), 50);
        assert_eq!(score.at(1_000 + 10 * FORGET_MS), 40);
        assert_eq!(score.add(&Offence::LowWork, 1_000 + 10 * FORGET_MS), 90);
        assert!(!score.is_enough());
        assert_eq!(score.add(&Offence::TooManyRequests, 1_000 + 10 * FORGET_MS), 110);
        assert!(score.is_enough());
        assert_eq!(score.at(u64::MAX), 0);
    }

    #[test]
    fn a_budget_comes_back_but_never_beyond_its_size() {
        let mut budget = Budget::new(10, 5, 0);
        assert!(budget.take(10, 0));
        assert!(!budget.take(1, 100));
        assert!(!budget.has_any(199));
        assert!(budget.take(1, 200));
        assert!(budget.take(10, 1_000_000));
        budget.spend(1, 1_000_000);
        assert!(!budget.take(1, 1_000_000));
    }
}
