//! Amounts as people read them: whole coins loud, the fraction quieter.

use shared::amount::Amount;

use super::text::grouped;

/// An amount in the two parts that are drawn in different sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// Whole coins, grouped by thousands.
    pub whole: String,
    /// The point and the decimals that are needed, or nothing.
    pub fraction: String,
}

/// Splits an amount at the point.
#[must_use]
pub fn parts(amount: Amount) -> Parts {
    let coins = amount.to_coins();
    let (whole, fraction) = coins.split_once('.').unwrap_or((&coins, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), grouped);
    let fraction = if fraction.is_empty() {
        String::new()
    } else {
        format!(".{fraction}")
    };
    Parts { whole, fraction }
}

/// The whole amount in one text, with its unit: `1,234.5 DEV`.
#[must_use]
pub fn plain(amount: Amount, symbol: &str) -> String {
    let Parts { whole, fraction } = parts(amount);
    format!("{whole}{fraction} {symbol}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_and_fraction_are_apart() {
        let split = |units| {
            let Parts { whole, fraction } = parts(Amount::from_units(units));
            (whole, fraction)
        };
        assert_eq!(split(0), ("0".into(), String::new()));
        assert_eq!(split(150_000_000), ("1".into(), ".5".into()));
        assert_eq!(split(123_456_700_000_001), ("1,234,567".into(), ".00000001".into()));
        assert_eq!(split(u64::MAX), ("184,467,440,737".into(), ".09551615".into()));
    }

    #[test]
    fn the_unit_follows() {
        assert_eq!(plain(Amount::from_units(250_000_000), "DEV"), "2.5 DEV");
        assert_eq!(plain(Amount::ZERO, ""), "0");
    }
}
