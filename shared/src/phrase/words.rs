//! The 2,048 English words of BIP-39, in their order.

/// The words, one a line (BIP-39, "Wordlist": english.txt).
const LIST: &str = include_str!("english.txt");

/// How many words there are.
pub const WORD_COUNT: usize = 2048;

/// The words of a bunch: the beginning of every word would be half as long as the list itself, and nobody is in a hurry.
const BUNCH: usize = 128;

/// Where each bunch begins in [`LIST`].
const STARTS: [u16; WORD_COUNT / BUNCH] = starts();

/// The most letters of a word.
const MAX_LETTERS: usize = 8;

const fn starts() -> [u16; WORD_COUNT / BUNCH] {
    let list = LIST.as_bytes();
    let mut starts = [0; WORD_COUNT / BUNCH];
    let mut count = 1;
    let mut at = 0;
    while at < list.len() {
        if list[at] == b'\n' {
            if count % BUNCH == 0 && count < WORD_COUNT {
                starts[count / BUNCH] = at as u16 + 1;
            }
            count += 1;
        }
        at += 1;
    }
    starts
}

/// The word at a place from 0 to 2,047; higher places start again from 0.
#[must_use]
pub fn word(index: u16) -> &'static str {
    let place = usize::from(index) % WORD_COUNT;
    let bunch = &LIST[usize::from(STARTS[place / BUNCH])..];
    bunch.split('\n').nth(place % BUNCH).unwrap_or_default()
}

/// The place of a word, in small or capital letters.
#[must_use]
pub fn word_index(typed: &str) -> Option<u16> {
    let mut small = [0; MAX_LETTERS];
    let small = lower(typed, &mut small)?;
    let place = lower_bound(small);
    (word_at(place)? == small).then_some(place as u16)
}

/// All words that begin with `typed`, in order. Four letters decide a word.
pub fn complete(typed: &str) -> impl Iterator<Item = &'static str> {
    let mut small = [0; MAX_LETTERS];
    let len = lower(typed, &mut small).map(<[u8]>::len);
    let first = len.map_or(WORD_COUNT, |len| lower_bound(&small[..len]));
    let len = len.unwrap_or(0);
    (first..WORD_COUNT)
        .map(|place| word(place as u16))
        .take_while(move |word| word.as_bytes().starts_with(&small[..len]))
}

/// `typed` in small letters, or nothing when no word can begin so.
fn lower<'a>(typed: &str, small: &'a mut [u8; MAX_LETTERS]) -> Option<&'a [u8]> {
    let small = small.get_mut(..typed.len())?;
    small.copy_from_slice(typed.as_bytes());
    small.make_ascii_lowercase();
    Some(small)
}

fn word_at(place: usize) -> Option<&'static [u8]> {
    (place < WORD_COUNT).then(|| word(place as u16).as_bytes())
}

/// The place of the first word that is not before `text`.
fn lower_bound(text: &[u8]) -> usize {
    let (mut low, mut high) = (0, WORD_COUNT);
    while low < high {
        let middle = low.midpoint(high);
        if word(middle as u16).as_bytes() < text {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn the_list_is_the_standard_one() {
        let digest = crate::hash::sha256(&[LIST.as_bytes()]);
        let known = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda";
        assert_eq!(digest.to_string(), known);
    }

    #[test]
    fn every_word_is_found_at_its_place() {
        for index in 0..WORD_COUNT as u16 {
            assert_eq!(word_index(word(index)), Some(index));
        }
        assert_eq!(word_index("Zoo"), Some(2047));
        for text in ["", "aa", "zzz", "abandoned", "abando", "zoé"] {
            assert_eq!(word_index(text), None, "{text}");
        }
    }

    #[test]
    fn completion_follows_the_letters() {
        assert_eq!(complete("Aba").collect::<Vec<_>>(), ["abandon"]);
        assert_eq!(
            complete("act").collect::<Vec<_>>(),
            ["act", "action", "actor", "actress", "actual"]
        );
        assert_eq!(complete("").count(), WORD_COUNT);
        assert_eq!(complete("zz").count(), 0);
        assert_eq!(complete("abandonment").count(), 0);
    }
}
