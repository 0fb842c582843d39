//! How much news the node reads of all peers together.
//!
//! The library remembers each piece of news for two minutes, whoever brought it and whatever became of it. A peer alone that
//! tells too much is cut off; but many who come together would each stay below that. So reading pauses when all of them tell
//! more than a network has to tell, and they wait for each other.

use std::time::{Duration, Instant};

/// How many pieces of news are read in a second; a longer one counts once for each so many bytes.
const PER_SECOND: u32 = 5_000;
const PIECE: usize = 256;
/// For how long nothing must have come, so that as much as comes in this time may come at once.
const BURST: Duration = Duration::from_secs(8);

/// News is counted in time: what has been read is worth all the time up to `paid`.
pub(super) struct Inflow {
    paid: Instant,
}

impl Inflow {
    pub(super) fn new(now: Instant) -> Self {
        Self { paid: oldest(now) }
    }

    /// Counts a piece of news. Until when nothing more is to be read, if it was too much.
    pub(super) fn take(&mut self, bytes: usize, now: Instant) -> Option<Instant> {
        let pieces = u32::try_from(bytes.div_ceil(PIECE).max(1)).unwrap_or(u32::MAX);
        self.paid = self.paid.max(oldest(now)) + pieces * Duration::from_secs(1) / PER_SECOND;
        (self.paid > now).then_some(self.paid)
    }
}

/// The time up to which nothing is saved up any more. A machine may have started later than that.
fn oldest(now: Instant) -> Instant {
    now.checked_sub(BURST).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pieces of so many bytes are read in some seconds by who waits whenever it must.
    fn read_in(inflow: &mut Inflow, from: Instant, seconds: u64, bytes: usize) -> u64 {
        let (mut now, mut count) = (from, 0);
        while now < from + Duration::from_secs(seconds) {
            count += 1;
            now = inflow.take(bytes, now).unwrap_or(now);
        }
        count
    }

    #[test]
    fn what_comes_at_once_and_later_is_bounded() {
        let start = Instant::now();
        let mut inflow = Inflow::new(start);
        let at_once = (1..).find(|_| inflow.take(200, start).is_some());
        assert_eq!(at_once, Some(8 * 5_000 + 1));
        assert_eq!(read_in(&mut inflow, start, 10, 200), 10 * 5_000 - 1);
        // After a rest there is as much at once again, and no more.
        let later = start + Duration::from_secs(100);
        assert_eq!(read_in(&mut inflow, later, 1, 200), 9 * 5_000);
    }

    #[test]
    fn long_news_counts_by_its_length() {
        let start = Instant::now();
        let mut inflow = Inflow::new(start);
        assert_eq!(read_in(&mut inflow, start, 2, 64 << 10), (10 * 5_000_u64).div_ceil(256));
        assert_eq!(read_in(&mut Inflow::new(start), start, 1, 0), 9 * 5_000);
    }
}
