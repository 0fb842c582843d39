//! Wrong passwords in a row, which slow the next try down.

use shared::codec::{Decode, Encode};

use super::stored;

/// So many wrong passwords in a row cost nothing.
const FREE: u32 = 3;

/// The longest wait in milliseconds.
const LONGEST_MS: u64 = 60_000;

/// How often the password was wrong since it was last right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tries {
    count: u32,
    last_wrong_ms: u64,
}

impl Tries {
    /// Reads the record; without one, or with a damaged one, there were no tries.
    #[must_use]
    pub fn read(record: Option<&[u8]>) -> Self {
        read(record).unwrap_or_default()
    }

    /// The record.
    #[must_use]
    pub fn to_record(self) -> Vec<u8> {
        stored::record(|out| {
            self.count.encode(out);
            self.last_wrong_ms.encode(out);
        })
    }

    /// These and one more, at `now_ms` since 1970.
    #[must_use]
    pub const fn and_one(self, now_ms: u64) -> Self {
        Self {
            count: self.count.saturating_add(1),
            last_wrong_ms: now_ms,
        }
    }

    /// These, when the clock shows a time before the last of them: it was set back, and the wait begins anew now.
    #[must_use]
    pub const fn set_back(self, now_ms: u64) -> Option<Self> {
        if now_ms >= self.last_wrong_ms {
            return None;
        }
        Some(Self {
            last_wrong_ms: now_ms,
            ..self
        })
    }

    /// How long the next try has to wait at `now_ms`, in milliseconds.
    #[must_use]
    pub const fn wait_ms(self, now_ms: u64) -> u64 {
        if self.count <= FREE {
            return 0;
        }
        let doublings = self.count - FREE - 1;
        let whole_ms = if doublings < 6 { 1_000 << doublings } else { LONGEST_MS };
        whole_ms.saturating_sub(now_ms.saturating_sub(self.last_wrong_ms))
    }
}

fn read(record: Option<&[u8]>) -> Option<Tries> {
    let mut fields = stored::read(record)?;
    let tries = Tries {
        count: u32::decode(&mut fields).ok()?,
        last_wrong_ms: u64::decode(&mut fields).ok()?,
    };
    fields.finish().ok()?;
    Some(tries)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_795_399_445_678;

    fn wrong(count: u32) -> Tries {
        (0..count).fold(Tries::default(), |tries, _| tries.and_one(NOW_MS))
    }

    #[test]
    fn the_wait_doubles_from_the_fourth_wrong_password_on() {
        for (count, seconds) in [
            (0, 0),
            (1, 0),
            (3, 0),
            (4, 1),
            (5, 2),
            (6, 4),
            (7, 8),
            (8, 16),
            (9, 32),
            (10, 60),
            (11, 60),
            (1_000, 60),
        ] {
            assert_eq!(wrong(count).wait_ms(NOW_MS), seconds * 1_000, "{count}");
        }
        let countless = Tries {
            count: u32::MAX,
            last_wrong_ms: NOW_MS,
        };
        assert_eq!(countless.and_one(NOW_MS).wait_ms(NOW_MS), 60_000);
    }

    #[test]
    fn the_wait_passes_with_the_clock_and_is_never_longer_than_a_minute() {
        let tries = wrong(6);
        assert_eq!(tries.wait_ms(NOW_MS + 1), 3_999);
        assert_eq!(tries.wait_ms(NOW_MS + 3_999), 1);
        assert_eq!(tries.wait_ms(NOW_MS + 4_000), 0);
        assert_eq!(tries.wait_ms(u64::MAX), 0);
        assert_eq!(wrong(50).wait_ms(0), 60_000);
        assert_eq!(tries.set_back(NOW_MS), None);
        let back = tries.set_back(5).unwrap();
        assert_eq!((back.wait_ms(5), back.wait_ms(4_005)), (4_000, 0));
    }

    #[test]
    fn a_record_reads_back_and_a_damaged_one_counts_as_none() {
        let tries = wrong(7);
        let record = tries.to_record();
        assert_eq!(record.len(), 22);
        assert_eq!(Tries::read(Some(&record)), tries);
        assert_eq!(Tries::read(None), Tries::default());
        for place in 0..record.len() {
            let mut damaged = record.clone();
            damaged[place] ^= 0x20;
            assert_eq!(Tries::read(Some(&damaged)), Tries::default(), "byte {place}");
            assert_eq!(Tries::read(Some(&record[..place])), Tries::default(), "cut at {place}");
        }
        let longer = stored::record(|out| out.resize(13, 7));
        assert_eq!(Tries::read(Some(&longer)), Tries::default());
    }
}
