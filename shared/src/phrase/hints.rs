//! What was probably meant when a phrase does not read: words that look alike, and what the checksum then says.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use super::{MAX_WORDS, Phrase, WORD_COUNT, word, word_index};

/// A change that makes a phrase's checksum pass.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// One word was another.
    Replace {
        /// The word's place, counted from 1.
        position: usize,
        /// What was probably meant.
        word: &'static str,
    },
    /// Two neighbours changed places.
    Swap {
        /// The place of the first of them, counted from 1.
        position: usize,
    },
}

/// The words of the list that look most like `typed`: one letter more, less or other, or two neighbours swapped; when
/// there are none, two such changes.
#[must_use]
pub fn suggestions(typed: &str) -> Vec<&'static str> {
    let typed = typed.to_ascii_lowercase();
    // Nothing longer can be within two letters of a word, and the comparison takes time by length.
    if typed.len() > 10 {
        return Vec::new();
    }
    let at = |distance| {
        (0..WORD_COUNT as u16)
            .map(word)
            .filter(|word| edit_distance(typed.as_bytes(), word.as_bytes()) == distance)
            .collect::<Vec<_>>()
    };
    let near = at(1);
    if near.is_empty() { at(2) } else { near }
}

/// The changes of one look-alike word, or one swap of neighbours, that make `text` a phrase; none when it is not made of
/// words of the list, or is a phrase already. The checksum lets one wrong guess in 16 (12 words) to 256 (24 words) pass.
#[must_use]
pub fn corrections(text: &str) -> Vec<Correction> {
    let mut indices = Zeroizing::new([0; MAX_WORDS]);
    let mut count = 0;
    for typed in text.split_whitespace() {
        let (Some(slot), Some(index)) = (indices.get_mut(count), word_index(typed)) else {
            return Vec::new();
        };
        *slot = index;
        count += 1;
    }
    let indices = &mut indices[..count];
    let mut found = Vec::new();
    if Phrase::from_indices(indices).is_ok() {
        return found;
    }
    for place in 1..count {
        indices.swap(place - 1, place);
        if Phrase::from_indices(indices).is_ok() {
            found.push(Correction::Swap { position: place });
        }
        indices.swap(place - 1, place);
    }
    for place in 0..count {
        let typed = indices[place];
        for meant in suggestions(word(typed)) {
            indices[place] = word_index(meant).expect("suggestions are words of the list");
            if Phrase::from_indices(indices).is_ok() {
                found.push(Correction::Replace {
                    position: place + 1,
                    word: meant,
                });
            }
        }
        indices[place] = typed;
    }
    found
}

/// The least number of letters put in, left out, changed, or swapped with their neighbour between two short texts.
fn edit_distance(left: &[u8], right: &[u8]) -> usize {
    let width = right.len() + 1;
    let mut rows = [[0; 16]; 3];
    for (column, cell) in rows[0][..width].iter_mut().enumerate() {
        *cell = column;
    }
    for row in 1..=left.len() {
        let (now, before, earlier) = (row % 3, (row + 2) % 3, (row + 1) % 3);
        rows[now][0] = row;
        for column in 1..width {
            let changed = usize::from(left[row - 1] != right[column - 1]);
            let mut least = (rows[before][column - 1] + changed)
                .min(rows[before][column] + 1)
                .min(rows[now][column - 1] + 1);
            let crossed =
                row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
            if crossed {
                least = least.min(rows[earlier][column - 2] + 1);
            }
            rows[now][column] = least;
        }
    }
    rows[left.len() % 3][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEGAL: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

    #[test]
    fn look_alikes_are_found() {
        assert_eq!(suggestions("abandom"), ["abandon"]);
        assert_eq!(suggestions("aobut"), ["about"]);
        assert_eq!(suggestions("saussage"), ["sausage"]);
        assert!(suggestions("qqqqqqqq").is_empty());
        assert!(suggestions(&"a".repeat(1000)).is_empty());
    }

    #[test]
    fn a_wrong_word_is_pointed_out_through_the_checksum() {
        assert!(corrections(LEGAL).is_empty());
        let wrong = LEGAL.replacen("winner", "winter", 1);
        let meant = Correction::Replace {
            position: 2,
            word: "winner",
        };
        assert!(corrections(&wrong).contains(&meant));
        let swapped = LEGAL.replacen("legal winner", "winner legal", 1);
        assert!(corrections(&swapped).contains(&Correction::Swap { position: 1 }));
    }

    #[test]
    fn distances_are_the_known_ones() {
        let distance = |left: &str, right: &str| edit_distance(left.as_bytes(), right.as_bytes());
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("wave", "waev"), 1);
        assert_eq!(distance("year", "yaer"), 1);
    }
}
