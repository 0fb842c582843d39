//! What is remembered of a peer's offences, and how much it may ask.

use super::{BAN_SCORE, Offence, peer::Stalls};

/// How long it takes to forget one point.
const FORGET_MS: u64 = 6_000;
/// How long it is remembered that a peer had not answered when it went.
const STALLED_MS: u64 = 600_000;
/// How long a ban lasts.
pub(super) const BAN_MS: u64 = 3_600_000;

/// The sum of a peer's offences. Falls with time.
#[derive(Debug, Clone, Default)]
pub(super) struct Score {
    points: u32,
    /// Up to when points were forgotten.
    since_ms: u64,
    pub(super) last: Option<Offence>,
    /// How many requests in a row it had not answered when it went, and when that was.
    stalls: Stalls,
    gone_ms: u64,
}

impl Score {
    /// What is known of it from before: the points that it had at a time.
    pub(super) fn of(points: u32, since_ms: u64) -> Self {
        Self {
            points,
            since_ms,
            ..Self::default()
        }
    }

    /// The points now.
    pub(super) fn at(&self, now_ms: u64) -> u32 {
        let forgotten = now_ms.saturating_sub(self.since_ms) / FORGET_MS;
        self.points.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX))
    }

    /// Notes what a peer had not answered when it went.
    pub(super) const fn leave(&mut self, stalls: Stalls, now_ms: u64) {
        (self.stalls, self.gone_ms) = (stalls, now_ms);
    }

    /// What it had not answered when it went, for as long as that is remembered.
    pub(super) fn stalls(&self, now_ms: u64) -> Stalls {
        if now_ms < self.gone_ms.saturating_add(STALLED_MS) {
            self.stalls
        } else {
            Stalls::default()
        }
    }

    /// Whether there is anything to be remembered.
    pub(super) fn counts(&self, now_ms: u64) -> bool {
        self.stalls(now_ms).count() > 0 || self.at(now_ms) > 0
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
    use super::{super::peer::Asked, *};

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
    fn silence_is_remembered_for_a_while_without_points() {
        let (mut score, mut stalls) = (Score::default(), Stalls::default());
        stalls.add(&Asked::Status);
        score.leave(stalls, 1_000);
        assert_eq!((score.at(1_000), score.stalls(1_000).count()), (0, 1));
        assert!(score.counts(1_000 + STALLED_MS - 1));
        assert!(!score.counts(1_000 + STALLED_MS));
        assert_eq!(score.stalls(1_000 + STALLED_MS).count(), 0);
        assert!(!Score::default().counts(0));
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
