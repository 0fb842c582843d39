//! The optional passphrase of BIP-39, and the normal form that texts typed into a wallet take.

use alloc::string::String;
use core::fmt;

#[cfg(feature = "unicode")]
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A BIP-39 passphrase in normal form NFKD. Wiped from memory when dropped; never printed.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct Passphrase(String);

/// The passphrase is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a passphrase has at most {} bytes in normal form", Passphrase::MAX_LEN)]
pub struct PassphraseError;

impl Passphrase {
    /// The most bytes of UTF-8, in normal form.
    pub const MAX_LEN: usize = 255;

    /// The passphrase as it was typed.
    ///
    /// # Errors
    /// [`PassphraseError`] when its normal form is too long.
    pub fn new(typed: &str) -> Result<Self, PassphraseError> {
        let mut normal = normalise(typed, Self::MAX_LEN).ok_or(PassphraseError)?;
        Ok(Self(core::mem::take(&mut *normal)))
    }

    /// The text in normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// The text in form NFKD.
#[cfg(feature = "unicode")]
fn normal_form(typed: &str) -> impl Iterator<Item = char> {
    typed.nfkd()
}

/// The text, which must be in form NFKD already.
#[cfg(not(feature = "unicode"))]
fn normal_form(typed: &str) -> impl Iterator<Item = char> {
    typed.chars()
}

/// The NFKD form of a text, so that every keyboard and system gives the same bytes; nothing when it is longer than `limit`.
pub(crate) fn normalise(typed: &str, limit: usize) -> Option<Zeroizing<String>> {
    // All of it is reserved at once: a text that grows would leave pieces of itself behind.
    let mut normal = Zeroizing::new(String::with_capacity(limit));
    for character in normal_form(typed) {
        if normal.len() + character.len_utf8() > limit {
            return None;
        }
        normal.push(character);
    }
    Some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_typed_in_two_ways_is_one_passphrase() {
        let composed = Passphrase::new("Gr\u{fc}\u{df}e \u{ff11}").unwrap();
        let decomposed = Passphrase::new("Gru\u{308}\u{df}e 1").unwrap();
        assert_eq!(composed.as_str(), decomposed.as_str());
    }

    #[test]
    fn the_limit_is_on_the_normal_form() {
        assert!(Passphrase::new(&"a".repeat(255)).is_ok());
        assert_eq!(Passphrase::new(&"a".repeat(256)).unwrap_err(), PassphraseError);
        // One character of three bytes whose normal form has 33 bytes.
        assert!(Passphrase::new(&"\u{fdfa}".repeat(8)).is_err());
    }
}
