//! Times as people read them: relative, with the exact one beside.

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// How long before `now_ms` something was: `just now`, `12 s ago`, `3 min ago`.
#[must_use]
pub fn ago(now_ms: u64, then_ms: u64) -> String {
    match now_ms.checked_sub(then_ms) {
        // Clocks differ a little; a block may be stamped ahead of this machine's.
        None if then_ms - now_ms > MINUTE => format!("in {}", duration(then_ms - now_ms)),
        None | Some(0..SECOND) => "just now".to_owned(),
        Some(passed) => format!("{} ago", whole(passed)),
    }
}

/// A length of time with two or three digits that matter: `850 ms`, `4.2 s`, `12 min`.
#[must_use]
pub fn duration(length_ms: u64) -> String {
    match length_ms {
        0..SECOND => format!("{length_ms} ms"),
        SECOND..MINUTE if length_ms < 10 * SECOND => {
            format!("{} s", super::text::significant(length_ms as f64 / 1000.0))
        }
        _ => whole(length_ms),
    }
}

/// A length of time in whole units of one kind.
fn whole(length_ms: u64) -> String {
    match length_ms {
        0..MINUTE => format!("{} s", length_ms / SECOND),
        MINUTE..HOUR => format!("{} min", length_ms / MINUTE),
        HOUR..DAY => format!("{} h", length_ms / HOUR),
        _ => super::text::count(length_ms / DAY, "day", "days"),
    }
}

/// The exact time: `2026-11-23 02:04:05 UTC`.
#[must_use]
pub fn exact(time_ms: u64) -> String {
    let (year, month, day) = civil(time_ms / DAY);
    let of_day = time_ms % DAY;
    let (hour, minute, second) = (of_day / HOUR, of_day % HOUR / MINUTE, of_day % MINUTE / SECOND);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// The form of `<time datetime>`: `2026-11-23T02:04:05.678Z`.
#[must_use]
pub fn machine(time_ms: u64) -> String {
    let text = exact(time_ms);
    format!(
        "{}T{}.{:03}Z",
        &text[..text.len() - 13],
        &text[text.len() - 12..text.len() - 4],
        time_ms % SECOND
    )
}

/// The Gregorian date of a day counted from 1970-01-01: years begin in March, so that leap days come last
/// (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_is_told_in_one_unit() {
        let now = 10 * DAY;
        assert_eq!(ago(now, now), "just now");
        assert_eq!(ago(now, now - 999), "just now");
        assert_eq!(ago(now, now - 12_900), "12 s ago");
        assert_eq!(ago(now, now - 59 * MINUTE), "59 min ago");
        assert_eq!(ago(now, now - 26 * HOUR), "1 day ago");
        assert_eq!(ago(now, now - 3 * DAY), "3 days ago");
    }

    #[test]
    fn a_clock_that_is_ahead_is_not_a_lie() {
        assert_eq!(ago(1000, 31_000), "just now");
        assert_eq!(ago(0, 2 * HOUR), "in 2 h");
    }

    #[test]
    fn durations_keep_what_matters() {
        assert_eq!(duration(0), "0 ms");
        assert_eq!(duration(4250), "4.25 s");
        assert_eq!(duration(42_500), "42 s");
        assert_eq!(duration(12 * MINUTE + 1), "12 min");
    }

    #[test]
    fn dates_are_gregorian() {
        assert_eq!(exact(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(exact(951_782_400_000), "2000-02-29 00:00:00 UTC");
        assert_eq!(exact(1_795_399_445_678), "2026-11-23 02:04:05 UTC");
        assert_eq!(machine(1_795_399_445_678), "2026-11-23T02:04:05.678Z");
    }

    #[test]
    fn no_time_panics() {
        for time in [u64::MAX, u64::MAX / 2, 1 << 62] {
            assert!(exact(time).ends_with("UTC"));
            assert!(machine(time).ends_with('Z'));
            assert!(!ago(0, time).is_empty() && !ago(time, 0).is_empty());
        }
    }
}
