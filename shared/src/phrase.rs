//! BIP-39 phrases of English words: entropy ↔ words, words → seed.
//!
//! Our own few lines over `pbkdf2`, because a wallet must say which word is wrong and what was probably meant, which the
//! common crates do not. The word list is the standard's own file (its SHA-256 is tested).

mod hints;
mod passphrase;
mod words;

use alloc::string::String;
use core::fmt;

use sha2::{Digest, Sha256, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

pub use hints::{Correction, corrections, suggestions};
pub(crate) use passphrase::normalise;
pub use passphrase::{Passphrase, PassphraseError};
pub use words::{WORD_COUNT, complete, word, word_index};

/// The most words of a phrase.
pub const MAX_WORDS: usize = 24;

/// The iterations of PBKDF2-HMAC-SHA512 between phrase and seed (BIP-39, "From mnemonic to seed").
const SEED_ITERATIONS: u32 = 2048;

/// A phrase that passed its checksum. Wiped from memory when dropped; never printed.
///
/// It holds the entropy; the words are made from it. New phrases have 12 or 24 words; 15, 18 and 21 are read as well,
/// for those who bring a phrase from elsewhere.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Phrase {
    entropy: [u8; 32],
    entropy_len: usize,
}

/// Why words are not a phrase.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhraseError {
    /// Not 12, 15, 18, 21 or 24 words.
    #[error("a phrase has 12 or 24 words, and these are {found}")]
    WordCount {
        /// How many words there are.
        found: usize,
    },
    /// A word that is not in the list.
    #[error("word {position}, “{word}”, is not in the list")]
    UnknownWord {
        /// Its place, counted from 1.
        position: usize,
        /// The word as it was typed. For the person who typed it alone: not for logs.
        word: String,
    },
    /// All words are in the list, but the checksum in the last one fails: a word is wrong or two have changed places.
    #[error("each word is in the list, but together they are no phrase: a word is wrong, or two have changed places")]
    Checksum,
    /// The entropy is not 16, 20, 24, 28 or 32 bytes.
    #[error("entropy has 16 or 32 bytes, and this has {found}")]
    EntropyLength {
        /// How many bytes there are.
        found: usize,
    },
}

// What was typed may be most of a secret word, so it is shown only where somebody asks for the sentence itself.
impl fmt::Debug for PhraseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WordCount { found } => write!(f, "WordCount({found})"),
            Self::UnknownWord { position, .. } => write!(f, "UnknownWord({position})"),
            Self::Checksum => f.write_str("Checksum"),
            Self::EntropyLength { found } => write!(f, "EntropyLength({found})"),
        }
    }
}

impl Phrase {
    /// The phrase of 16, 20, 24, 28 or 32 bytes of entropy: 12, 15, 18, 21 or 24 words.
    ///
    /// # Errors
    /// [`PhraseError::EntropyLength`] for any other length.
    pub fn from_entropy(entropy: &[u8]) -> Result<Self, PhraseError> {
        if !matches!(entropy.len(), 16 | 20 | 24 | 28 | 32) {
            return Err(PhraseError::EntropyLength { found: entropy.len() });
        }
        let mut phrase = Self {
            entropy: [0; 32],
            entropy_len: entropy.len(),
        };
        phrase.entropy[..entropy.len()].copy_from_slice(entropy);
        Ok(phrase)
    }

    /// Reads words with any white space between them, in small or capital letters.
    ///
    /// # Errors
    /// Any [`PhraseError`] but [`PhraseError::EntropyLength`]. An unknown word is told before a wrong count, since pasting
    /// two words as one gives both.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let mut indices = Zeroizing::new([0; MAX_WORDS]);
        let mut count = 0;
        for typed in text.split_whitespace() {
            let Some(index) = word_index(typed) else {
                return Err(PhraseError::UnknownWord {
                    position: count + 1,
                    word: typed.into(),
                });
            };
            if let Some(slot) = indices.get_mut(count) {
                *slot = index;
            }
            count += 1;
        }
        Self::from_indices(indices.get(..count).ok_or(PhraseError::WordCount { found: count })?)
    }

    /// The phrase of words given by their places in the list.
    fn from_indices(indices: &[u16]) -> Result<Self, PhraseError> {
        if !matches!(indices.len(), 12 | 15 | 18 | 21 | 24) {
            return Err(PhraseError::WordCount { found: indices.len() });
        }
        // 11 bits a word: 32 bits of entropy and one bit of checksum for each three words.
        let mut bits = Zeroizing::new([0u8; 33]);
        for (place, index) in indices.iter().enumerate() {
            for bit in 0..11 {
                let at = place * 11 + bit;
                let value = (index >> (10 - bit) & 1) as u8;
                bits[at / 8] |= value << (7 - at % 8);
            }
        }
        let phrase = Self::from_entropy(&bits[..indices.len() / 3 * 4])?;
        if phrase.checksum() == bits[phrase.entropy_len] {
            Ok(phrase)
        } else {
            Err(PhraseError::Checksum)
        }
    }

    /// The checksum bits at the top of a byte, as they follow the entropy.
    fn checksum(&self) -> u8 {
        let digest = Sha256::digest(self.entropy());
        let bits = self.entropy_len / 4;
        digest[0] & (0xff << (8 - bits))
    }

    /// The entropy: 16, 20, 24, 28 or 32 secret bytes.
    #[must_use]
    pub fn entropy(&self) -> &[u8] {
        &self.entropy[..self.entropy_len]
    }

    /// How many words the phrase has.
    #[must_use]
    pub const fn word_count(&self) -> usize {
        self.entropy_len / 4 * 3
    }

    /// The words, in order.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        let mut bits = Zeroizing::new([0u8; 33]);
        bits[..self.entropy_len].copy_from_slice(self.entropy());
        bits[self.entropy_len] = self.checksum();
        (0..self.word_count()).map(move |place| {
            let index = (place * 11..place * 11 + 11)
                .fold(0, |index, at| index << 1 | u16::from(bits[at / 8] >> (7 - at % 8) & 1));
            word(index)
        })
    }

    /// The words with one space between them.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        // No word has more than 8 letters, so the text never moves and leaves no copy behind.
        let mut text = Zeroizing::new(String::with_capacity(MAX_WORDS * 9));
        for word in self.words() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
        text
    }

    /// The seed of this phrase and a passphrase (empty when there is none).
    #[must_use]
    pub fn seed(&self, passphrase: &Passphrase) -> Seed {
        let text = self.to_text();
        let mut salt = Zeroizing::new(String::with_capacity(8 + Passphrase::MAX_LEN));
        salt.push_str("mnemonic");
        salt.push_str(passphrase.as_str());
        let mut seed = Seed([0; 64]);
        pbkdf2::pbkdf2_hmac::<Sha512>(text.as_bytes(), salt.as_bytes(), SEED_ITERATIONS, &mut seed.0);
        seed
    }
}

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phrase({} words …)", self.word_count())
    }
}

/// The 64 bytes that all keys of a wallet come from. Wiped from memory when dropped; never printed.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 64]);

impl Seed {
    /// The secret bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABANDON: &str =
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

    #[test]
    fn capitals_and_line_breaks_are_read() {
        let text = ABANDON.to_uppercase().replace(' ', "\n  ");
        assert_eq!(Phrase::parse(&text).unwrap().to_text().as_str(), ABANDON);
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let error = Phrase::parse(&ABANDON.replacen("abandon abandon", "abandon abandom", 1)).unwrap_err();
        assert_eq!(error.to_string(), "word 2, “abandom”, is not in the list");
        assert_eq!(alloc::format!("{error:?}"), "UnknownWord(2)");
        let wrong = ABANDON.replace("about", "zoo");
        assert_eq!(Phrase::parse(&wrong).unwrap_err(), PhraseError::Checksum);
        assert_eq!(
            Phrase::parse("abandon").unwrap_err(),
            PhraseError::WordCount { found: 1 }
        );
        assert_eq!(
            Phrase::parse(&"zoo ".repeat(4000)).unwrap_err(),
            PhraseError::WordCount { found: 4000 }
        );
        assert_eq!(
            Phrase::from_entropy(&[0; 17]).unwrap_err(),
            PhraseError::EntropyLength { found: 17 }
        );
    }

    #[test]
    fn every_length_reads_back() {
        for len in [16, 20, 24, 28, 32] {
            let entropy: alloc::vec::Vec<u8> = (0..len).map(|byte: u8| byte.wrapping_mul(37) ^ 11).collect();
            let phrase = Phrase::from_entropy(&entropy).unwrap();
            assert_eq!(phrase.words().count(), phrase.word_count());
            assert_eq!(Phrase::parse(&phrase.to_text()).unwrap().entropy(), entropy);
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let phrase = Phrase::parse(ABANDON).unwrap();
        assert_eq!(alloc::format!("{phrase:?}"), "Phrase(12 words …)");
        assert_eq!(alloc::format!("{:?}", phrase.seed(&Passphrase::default())), "Seed(…)");
    }
}
