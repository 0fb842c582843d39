//! Randomness of one seed. Whole numbers only, so a run is the same on every machine.

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough for anything but secrets.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `limit`, which is not 0.
    pub(super) const fn below(&mut self, limit: u64) -> u64 {
        (((self.next() as u128) * (limit as u128)) >> 64) as u64
    }

    /// A place in a list of this length.
    pub(super) const fn place(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// A number from `low` up to `high`, both included.
    pub(super) const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Whether something happens that happens so often in a thousand.
    pub(super) const fn happens(&mut self, permille: u64) -> bool {
        self.below(1_000) < permille
    }

    /// A waiting time with this mean, when what is waited for comes at any moment alike: von Neumann's way (1951), which
    /// only compares.
    pub(super) fn waiting(&mut self, mean: u64) -> u64 {
        let mut whole = 0_u64;
        loop {
            let first = self.next();
            let (mut last, mut count) = (first, 1);
            loop {
                let next = self.next();
                if next >= last {
                    break;
                }
                last = next;
                count += 1;
            }
            if count % 2 == 1 {
                let part = (u128::from(mean) * u128::from(first)) >> 64;
                return mean.saturating_mul(whole) + part as u64;
            }
            whole += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_times_have_their_mean_and_spread() {
        let mut random = Random::new(7);
        let count = 100_000;
        let times: Vec<u64> = (0..count).map(|_| random.waiting(1_000)).collect();
        let mean = times.iter().sum::<u64>() / count;
        assert!((980..1_020).contains(&mean), "{mean}");
        // 1 − 1/e of them are shorter than the mean.
        let short = times.iter().filter(|time| **time < 1_000).count();
        assert!((62_000..64_500).contains(&short), "{short}");
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut random = Random::new(1);
        for _ in 0..1_000 {
            assert!(random.below(3) < 3);
            assert!((5..=7).contains(&random.between(5, 7)));
        }
    }
}
