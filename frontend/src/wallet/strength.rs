//! A hint on how long a password would hold, rough on purpose: length and variety count, repetition and sequences do not.

use shared::vault::MIN_PASSWORD_CHARS;

/// How good a password is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Under [`MIN_PASSWORD_CHARS`] characters.
    TooShort,
    /// A patient thief of the computer finds it.
    Weak,
    /// It holds against all but great effort.
    Fair,
    /// It holds.
    Strong,
}

impl Strength {
    /// What is said beside the bar.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::TooShort => "At least 8 characters",
            Self::Weak => "Weak: add more words or characters",
            Self::Fair => "Fair: a few more words make it strong",
            Self::Strong => "Strong",
        }
    }

    /// How much of the bar is filled, of 3.
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::TooShort => 0,
            Self::Weak => 1,
            Self::Fair => 2,
            Self::Strong => 3,
        }
    }
}

/// Judges a password.
#[must_use]
pub fn strength(password: &str) -> Strength {
    let letters: Vec<char> = password.chars().collect();
    if letters.len() < MIN_PASSWORD_CHARS {
        return Strength::TooShort;
    }
    // A letter that repeats or continues its neighbour is guessed with it.
    let surprises = 1 + letters
        .windows(2)
        .filter(|pair| (pair[0] as i64 - pair[1] as i64).abs() > 1)
        .count();
    let kinds: [fn(&char) -> bool; 4] = [
        char::is_ascii_lowercase,
        char::is_ascii_uppercase,
        char::is_ascii_digit,
        |letter| !letter.is_ascii_alphanumeric(),
    ];
    let variety = kinds.iter().filter(|kind| letters.iter().any(kind)).count();
    match surprises * 3 + variety * 4 {
        0..34 => Strength::Weak,
        34..50 => Strength::Fair,
        _ => Strength::Strong,
    }
}

/// What is wrong with a new password and its repetition.
///
/// # Errors
/// A sentence for the person.
pub fn check_new(password: &str, repeated: &str) -> Result<(), &'static str> {
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Err("The password needs at least 8 characters.");
    }
    if password != repeated {
        return Err("The two passwords are not the same. Type them again.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_variety_count_and_sequences_do_not() {
        assert_eq!(strength("short"), Strength::TooShort);
        assert_eq!(strength("aaaaaaaaaaaaaaaaaaaaaaaa"), Strength::Weak);
        assert_eq!(strength("abcdefghijklmnop"), Strength::Weak);
        assert_eq!(strength("password"), Strength::Weak);
        assert_eq!(strength("Wren7 mossy"), Strength::Fair);
        assert_eq!(strength("seven quiet stones by the water"), Strength::Strong);
    }

    #[test]
    fn a_new_password_is_long_enough_and_typed_twice() {
        assert!(check_new("1234567", "1234567").is_err());
        assert!(check_new("12345678", "12345679").is_err());
        assert!(check_new("12345678", "12345678").is_ok());
    }
}
