//! When an open wallet locks by itself.

/// A page that nobody sees locks after so many minutes, or earlier.
pub const HIDDEN_MINUTES: u32 = 3;

/// Whether a wallet that nobody used since `last_use_ms`, in any tab, locks at `now_ms`. With 0 minutes it never does. A last
/// use as far in the future counts like one in the past: the clock was set back, and nobody knows for how long it was idle.
#[must_use]
pub fn is_due(last_use_ms: f64, now_ms: f64, minutes: u32, is_hidden: bool) -> bool {
    let limit = if is_hidden {
        minutes.min(HIDDEN_MINUTES)
    } else {
        minutes
    };
    minutes > 0 && (now_ms - last_use_ms).abs() >= f64::from(limit) * 60_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: f64 = 60_000.0;

    #[test]
    fn a_wallet_locks_after_its_minutes_and_a_hidden_one_earlier() {
        assert!(!is_due(0.0, 5.0 * MINUTE - 1.0, 5, false));
        assert!(is_due(0.0, 5.0 * MINUTE, 5, false));
        assert!(!is_due(0.0, 3.0 * MINUTE - 1.0, 5, true));
        assert!(is_due(0.0, 3.0 * MINUTE, 5, true));
        assert!(is_due(0.0, MINUTE, 1, true));
        assert!(!is_due(0.0, 1e12, 0, true));
        // A clock that was set back keeps it open no longer than twice its minutes.
        assert!(!is_due(MINUTE, 0.0, 5, false));
        assert!(is_due(5.0 * MINUTE, 0.0, 5, false));
    }
}
