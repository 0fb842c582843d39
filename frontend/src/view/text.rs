//! Numbers and long texts in a form that eyes can take in.

use shared::api::Decimal;

/// A number with its thousands grouped: `1,024`.
#[must_use]
pub fn grouped(number: u64) -> String {
    group(&number.to_string())
}

/// A number of any size with its thousands grouped.
#[must_use]
pub fn grouped_decimal(number: &Decimal) -> String {
    group(&number.0.to_string())
}

fn group(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number and what it counts: `1 transfer`, `2 transfers`.
#[must_use]
pub fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A long text shortened in the middle to its first `head` and last `tail` characters.
#[must_use]
pub fn shorten(text: &str, head: usize, tail: usize) -> String {
    let length = text.chars().count();
    if length <= head + tail + 1 {
        return text.to_owned();
    }
    let first: String = text.chars().take(head).collect();
    let last: String = text.chars().skip(length - tail).collect();
    format!("{first}…{last}")
}

/// The last four characters of a hash, by which two blocks of one height are told apart.
#[must_use]
pub fn hash_end(hash: &str) -> Option<&str> {
    hash.get(hash.len().checked_sub(4)?..)
}

/// An address shortened so that its prefix stays whole: `dev1qqzs…9k4l`.
#[must_use]
pub fn shorten_address(address: &str) -> String {
    let prefix = address.rfind('1').map_or(0, |separator| separator + 1);
    shorten(address, prefix + 6, 6)
}

/// A size: `812 bytes`, `12.3 kB`.
#[must_use]
pub fn bytes(size: u64) -> String {
    if size < 1000 {
        return count(size, "byte", "bytes");
    }
    let (number, unit) = scaled(size as f64, &["B", "kB", "MB", "GB"]);
    format!("{number} {unit}")
}

/// Attempts a second: `950 H/s`, `1.2 MH/s`.
#[must_use]
pub fn hash_rate(attempts: &Decimal) -> String {
    let (number, unit) = scaled(to_f64(attempts), &["H/s", "kH/s", "MH/s", "GH/s", "TH/s", "PH/s"]);
    format!("{number} {unit}")
}

/// A large number in short: `1.2 M`, for axes and glances.
#[must_use]
pub fn short_number(number: f64) -> String {
    let (number, unit) = scaled(number, &["", "k", "M", "G", "T", "P", "E"]);
    format!("{number} {unit}").trim_end().to_owned()
}

/// The nearest floating number: good enough to draw, never to reckon.
#[must_use]
pub fn to_f64(number: &Decimal) -> f64 {
    number
        .0
        .as_limbs()
        .iter()
        .rev()
        .fold(0.0, |sum, &limb| sum * 18_446_744_073_709_551_616.0 + limb as f64)
}

fn scaled<'a>(number: f64, units: &[&'a str]) -> (String, &'a str) {
    let mut number = number;
    let mut unit = 0;
    while number >= 999.5 && unit + 1 < units.len() {
        number /= 1000.0;
        unit += 1;
    }
    (significant(number), units[unit])
}

/// Three digits that matter: `0.05`, `1.25`, `12.5`, `125`.
#[must_use]
pub fn significant(number: f64) -> String {
    let decimals = match number.abs() {
        size if size >= 99.95 => 0,
        size if size >= 9.995 => 1,
        _ => 2,
    };
    decimal(number, decimals)
}

/// A number with at most so many decimals, and none that say nothing: `0.5`, `12`, `-3.25`. What is not finite is 0.
///
/// By way of whole numbers: the general code for floating ones would weigh on the page.
#[must_use]
pub fn decimal(number: f64, decimals: u32) -> String {
    let unit = 10_u64.pow(decimals);
    let scaled = (number.abs() * unit as f64).round() as u64;
    let (whole, mut fraction) = (scaled / unit, scaled % unit);
    let sign = if number < 0.0 && scaled > 0 { "-" } else { "" };
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let mut width = decimals as usize;
    while fraction.is_multiple_of(10) {
        fraction /= 10;
        width -= 1;
    }
    format!("{sign}{whole}.{fraction:0width$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(count(1, "transfer", "transfers"), "1 transfer");
        assert_eq!(count(0, "transfer", "transfers"), "0 transfers");
    }

    #[test]
    fn the_middle_goes() {
        assert_eq!(shorten("0123456789abcdef", 4, 4), "0123…cdef");
        assert_eq!(shorten("short", 4, 4), "short");
        assert_eq!(shorten("äöüäöüäöü", 2, 2), "äö…öü");
        assert_eq!(shorten_address("dev1qqzsabcdefghijk9k4l00"), "dev1qqzsab…9k4l00");
    }

    #[test]
    fn decimals_are_rounded_and_end_where_they_say_nothing() {
        assert_eq!(decimal(0.0, 2), "0");
        assert_eq!(decimal(1.005, 1), "1");
        assert_eq!(decimal(0.05, 2), "0.05");
        assert_eq!(decimal(-3.25, 2), "-3.25");
        assert_eq!(decimal(-0.001, 2), "0");
        assert_eq!(decimal(9.996, 2), "10");
        assert_eq!(decimal(12.5, 1), "12.5");
        assert_eq!(decimal(f64::NAN, 2), "0");
    }

    #[test]
    fn sizes_and_rates_have_units() {
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(12_345), "12.3 kB");
        assert_eq!(hash_rate(&Decimal::from(950)), "950 H/s");
        assert_eq!(hash_rate(&Decimal::from(1_250_000)), "1.25 MH/s");
        assert_eq!(short_number(42.0), "42");
        assert_eq!(short_number(0.05), "0.05");
        assert_eq!(short_number(1_000_000.0), "1 M");
    }
}
