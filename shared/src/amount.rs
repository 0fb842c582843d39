//! Amounts of money: base units, always checked.

use alloc::{borrow::ToOwned, format, string::String, vec::Vec};
use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::codec::{Decode, DecodeError, Encode, Reader};

/// A number of base units. One coin is [`Amount::PER_COIN`] of them. JSON form: a decimal string of base units.
///
/// There is no unchecked arithmetic: every sum and difference says what happens when it does not fit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(u64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The greatest amount.
    pub const MAX: Self = Self(u64::MAX);
    /// Base units in a coin: 10^8.
    pub const PER_COIN: u64 = 100_000_000;
    /// Decimal places of a coin.
    pub const DECIMALS: usize = 8;

    /// An amount of `units` base units.
    #[must_use]
    pub const fn from_units(units: u64) -> Self {
        Self(units)
    }

    /// The number of base units.
    #[must_use]
    pub const fn units(self) -> u64 {
        self.0
    }

    /// The sum, if it fits.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// The difference, if it is not negative.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(units) => Some(Self(units)),
            None => None,
        }
    }

    /// The sum of all, if it fits.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// The text in coins, with as many decimals as are needed: `1.5`, `0.00000001`, `20`.
    #[must_use]
    pub fn to_coins(self) -> String {
        let (whole, fraction) = (self.0 / Self::PER_COIN, self.0 % Self::PER_COIN);
        if fraction == 0 {
            return format!("{whole}");
        }
        format!("{whole}.{fraction:08}").trim_end_matches('0').to_owned()
    }

    /// Reads coins as people write them: digits, and at most eight decimals after a point.
    ///
    /// # Errors
    /// [`ParseAmountError`] that names what is wrong: signs, exponents, separators and spaces are refused.
    pub fn from_coins(text: &str) -> Result<Self, ParseAmountError> {
        if text.is_empty() {
            return Err(ParseAmountError::Empty);
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return Err(ParseAmountError::NotANumber);
        }
        if fraction.len() > Self::DECIMALS {
            return Err(ParseAmountError::TooFine);
        }
        let mut units: u64 = 0;
        for digit in whole.bytes().chain(fraction.bytes()).map(|byte| u64::from(byte - b'0')) {
            units = units
                .checked_mul(10)
                .and_then(|units| units.checked_add(digit))
                .ok_or(ParseAmountError::TooLarge)?;
        }
        for _ in fraction.len()..Self::DECIMALS {
            units = units.checked_mul(10).ok_or(ParseAmountError::TooLarge)?;
        }
        Ok(Self(units))
    }
}

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseAmountError {
    /// There is no text.
    #[error("an amount is missing")]
    Empty,
    /// Something other than digits and one point.
    #[error("an amount is written with digits and at most one point, such as 1.5")]
    NotANumber,
    /// More decimals than a base unit.
    #[error("an amount has at most 8 decimals")]
    TooFine,
    /// Greater than [`Amount::MAX`].
    #[error("an amount is at most {} coins", Amount::MAX)]
    TooLarge,
}

/// In coins.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_coins())
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} units", self.0)
    }
}

/// Base units: canonical decimal digits.
impl FromStr for Amount {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, ParseAmountError> {
        if text.is_empty() {
            return Err(ParseAmountError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) || (text.len() > 1 && text.starts_with('0')) {
            return Err(ParseAmountError::NotANumber);
        }
        text.parse().map(Self).map_err(|_| ParseAmountError::TooLarge)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("base units as a decimal string, such as \"150000000\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_u64<E: de::Error>(self, units: u64) -> Result<Amount, E> {
                Ok(Amount(units))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl Encode for Amount {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
}

impl Decode for Amount {
    const MIN_LEN: usize = 8;

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        u64::decode(reader).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coins_are_read_exactly() {
        for (text, units) in [
            ("0", 0),
            ("1", 100_000_000),
            ("1.5", 150_000_000),
            ("0.00000001", 1),
            ("007.10", 710_000_000),
            ("184467440737.09551615", u64::MAX),
        ] {
            assert_eq!(Amount::from_coins(text), Ok(Amount(units)), "{text}");
        }
        for (text, error) in [
            ("", ParseAmountError::Empty),
            ("-5", ParseAmountError::NotANumber),
            ("abc", ParseAmountError::NotANumber),
            ("1e400", ParseAmountError::NotANumber),
            ("1.", ParseAmountError::NotANumber),
            (".5", ParseAmountError::NotANumber),
            ("1.2.3", ParseAmountError::NotANumber),
            (" 1", ParseAmountError::NotANumber),
            ("1,000", ParseAmountError::NotANumber),
            ("<script>", ParseAmountError::NotANumber),
            ("0.000000001", ParseAmountError::TooFine),
            ("184467440737.09551616", ParseAmountError::TooLarge),
            ("999999999999999999999999", ParseAmountError::TooLarge),
        ] {
            assert_eq!(Amount::from_coins(text), Err(error), "{text}");
        }
    }

    #[test]
    fn coins_round_trip() {
        for units in [0, 1, 10, 99_999_999, 100_000_000, 123_456_789_012, u64::MAX] {
            assert_eq!(Amount::from_coins(&Amount(units).to_coins()), Ok(Amount(units)));
        }
    }

    #[test]
    fn json_is_a_string_of_units() {
        assert_eq!(serde_json::to_string(&Amount::MAX).unwrap(), "\"18446744073709551615\"");
        assert_eq!(
            serde_json::from_str::<Amount>("\"18446744073709551615\"").unwrap(),
            Amount::MAX
        );
        assert_eq!(serde_json::from_str::<Amount>("7").unwrap(), Amount(7));
        for bad in [
            "-5",
            "1.5",
            "1e400",
            "\"01\"",
            "\"\"",
            "\"-5\"",
            "null",
            "[]",
            "\"1e3\"",
            "18446744073709551616",
        ] {
            assert!(serde_json::from_str::<Amount>(bad).is_err(), "{bad}");
        }
    }
}
