//! Numbers kept within bounds.
//!
//! `f64::clamp` panics with the numbers in its message, and the code that prints them is large.

/// A number, or the bound that it passes. No number (NaN) becomes the lower one.
#[must_use]
pub fn within(value: f64, least: f64, most: f64) -> f64 {
    value.max(least).min(most)
}

/// A share from 0 to 1.
#[must_use]
pub fn unit(value: f64) -> f64 {
    within(value, 0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_within_their_bounds() {
        assert_eq!([unit(-1.0), unit(0.25), unit(3.0)], [0.0, 0.25, 1.0]);
        assert_eq!(within(9.0, 2.0, 5.0), 5.0);
        assert_eq!(unit(f64::NAN), 0.0);
    }
}
