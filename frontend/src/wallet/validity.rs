//! Until when a transfer may be mined: what is chosen on the form, and what that means in words.
//!
//! docs/protocol.md: a transfer is mined up to height `valid_until`, that height included; 0 is no limit.

use crate::view::text::grouped;
use crate::view::time::duration;

/// What is chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Until {
    /// As long as it takes.
    #[default]
    Open,
    /// Within so many blocks from now.
    Blocks(u64),
    /// Up to the height that is typed.
    Height(String),
}

/// The numbers of blocks that are offered.
pub const CHOICES: [u64; 2] = [10, 100];

impl Until {
    /// The choice in words.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Open => "As long as it takes".to_owned(),
            Self::Blocks(count) => crate::view::text::count(*count, "block", "blocks"),
            Self::Height(_) => "Until a height".to_owned(),
        }
    }
}

/// The `valid_until` of a transfer when the newest block is at `tip`.
///
/// # Errors
/// What is wrong with the typed height.
pub fn read(until: &Until, tip: u64) -> Result<u64, String> {
    match until {
        Until::Open => Ok(0),
        Until::Blocks(count) => Ok(tip.saturating_add(*count)),
        Until::Height(text) => {
            let text = text.trim();
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let height: u64 = is_number
                .then(|| text.parse().ok())
                .flatten()
                .ok_or("A height is a whole number, written with digits alone.")?;
            if height <= tip {
                let mut said = "The chain is at height ".to_owned();
                said.push_str(&grouped(tip));
                said.push_str(" already. Give a later one, or choose “As long as it takes”.");
                return Err(said);
            }
            Ok(height)
        }
    }
}

/// `valid_until` in words, when the newest block is at `tip` and a block should take `interval_ms`; of the time nothing
/// is said when that is 0.
#[must_use]
pub fn words(valid_until: u64, tip: u64, interval_ms: u64) -> String {
    if valid_until == 0 {
        return "As long as it takes".to_owned();
    }
    let mut said = "Up to block ".to_owned();
    said.push_str(&grouped(valid_until));
    match valid_until.checked_sub(tip) {
        None | Some(0) => said.push_str(", which is past"),
        Some(blocks) if interval_ms > 0 => {
            said.push_str(", in about ");
            said.push_str(&duration(blocks.saturating_mul(interval_ms)));
        }
        Some(_) => {}
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_count_from_the_tip() {
        assert_eq!(read(&Until::Open, 70), Ok(0));
        assert_eq!(read(&Until::Blocks(10), 70), Ok(80));
        assert_eq!(read(&Until::Blocks(10), u64::MAX - 1), Ok(u64::MAX));
        assert_eq!(read(&Until::Height(" 71 ".into()), 70), Ok(71), "the next block");
        assert_eq!(Until::default().label(), "As long as it takes");
        assert_eq!(Until::Blocks(100).label(), "100 blocks");
    }

    #[test]
    fn a_height_that_is_none_or_past_is_refused() {
        for wrong in ["", "-1", "+80", "8e1", "80.0", "1,000", "99999999999999999999"] {
            let said = read(&Until::Height(wrong.into()), 70).unwrap_err();
            assert!(said.contains("digits"), "{wrong}: {said}");
        }
        for past in ["0", "70", "3"] {
            let said = read(&Until::Height(past.into()), 70).unwrap_err();
            assert!(said.contains("height 70 already"), "{past}: {said}");
        }
    }

    #[test]
    fn words_say_height_and_time() {
        assert_eq!(words(0, 70, 60_000), "As long as it takes");
        assert_eq!(words(1_080, 1_070, 60_000), "Up to block 1,080, in about 10 min");
        assert_eq!(words(80, 70, 0), "Up to block 80");
        assert_eq!(words(70, 70, 60_000), "Up to block 70, which is past");
        assert!(words(u64::MAX, 0, u64::MAX).contains("days"));
    }
}
