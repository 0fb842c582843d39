//! How long blocks are held back for peers that have not shown their chains yet: for a while, and not for ever.

/// How long blocks are held back without a pause, and how many times as long it takes until that may be so again.
const PATIENCE_MS: u64 = 20_000;
const RECOVERY: u64 = 3;
/// Where there is something to be fetched, it is asked for more often than that.
const GAP_MS: u64 = 1_000;

/// The patience with peers that may still show a heavier chain. Whoever wants can come under ever new names, so it is one for all
/// of them, and who comes later does not renew it.
pub(super) struct Hold {
    /// The tip's height when it began; none while nobody is waited for.
    since: Option<u64>,
    /// What is left of the patience: each millisecond takes [`RECOVERY`] of it, or gives one back.
    left: u64,
    /// There was nothing left, and it is not whole again.
    is_spent: bool,
    seen_ms: u64,
}

impl Hold {
    pub(super) const fn new() -> Self {
        Self {
            since: None,
            left: PATIENCE_MS * RECOVERY,
            is_spent: false,
            seen_ms: 0,
        }
    }

    /// The tip's height when the waiting began that goes on.
    pub(super) const fn since(&self) -> Option<u64> {
        self.since
    }

    /// Goes on waiting as long as there are peers to be waited for and patience is left. Whether that is so.
    pub(super) fn keep(&mut self, now_ms: u64, is_wanted: bool, tip: u64) -> bool {
        let passed = now_ms.saturating_sub(self.seen_ms);
        self.seen_ms = now_ms;
        self.since = self.since.filter(|_| passed <= GAP_MS);
        if self.since.is_some() {
            self.left = self.left.saturating_sub(passed.saturating_mul(RECOVERY));
            self.is_spent |= self.left == 0;
        } else {
            self.left = self.left.saturating_add(passed).min(PATIENCE_MS * RECOVERY);
            self.is_spent &= self.left < PATIENCE_MS * RECOVERY;
        }
        self.since = (is_wanted && !self.is_spent).then(|| self.since.unwrap_or(tip));
        self.since.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_as_long_as_it_is_wanted() {
        let mut hold = Hold::new();
        assert!(hold.keep(1_000, true, 7) && hold.keep(2_000, true, 9));
        assert_eq!(hold.since(), Some(7));
        assert!(!hold.keep(3_000, false, 9));
        assert_eq!(hold.since(), None);
        assert!(hold.keep(3_000, true, 9));
        assert_eq!(hold.since(), Some(9));
    }

    #[test]
    fn patience_ends_and_comes_back() {
        let mut hold = Hold::new();
        let whole = PATIENCE_MS * (1 + RECOVERY);
        for now_ms in (0..=whole).step_by(500) {
            let is_expected = now_ms < PATIENCE_MS || now_ms == whole;
            assert_eq!(hold.keep(now_ms, true, 0), is_expected, "{now_ms}");
        }
    }

    #[test]
    fn it_ends_when_there_is_nothing_to_be_fetched() {
        let mut hold = Hold::new();
        hold.keep(0, true, 7);
        assert!(hold.keep(GAP_MS + 1, true, 9));
        assert_eq!(hold.since(), Some(9));
    }

    #[test]
    fn who_goes_and_comes_again_does_not_renew_it() {
        let mut hold = Hold::new();
        let held = (0..400_000)
            .step_by(50)
            .filter(|now_ms| hold.keep(*now_ms, now_ms % 2_000 != 0, 0))
            .count();
        // For a quarter of the 400 s.
        assert!((95..=105).contains(&(held / 20)), "{held}");
    }
}
