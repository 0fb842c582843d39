//! Typing a phrase: one place for each word, completion from the list, paste of the whole, and what is wrong where.

use shared::phrase::{self, Correction, Phrase, PhraseError};

use super::secret::Secret;

/// How many words may be typed.
pub const LENGTHS: [usize; 2] = [12, 24];

/// The letters after which a word of the list is decided.
const DECISIVE: usize = 4;

/// Splits what was pasted into words, in small letters; numbers such as `3.` before them are left out.
#[must_use]
pub fn split(pasted: &str) -> Vec<Secret> {
    pasted
        .split(|letter: char| letter.is_whitespace() || letter.is_ascii_digit() || ".,;:)".contains(letter))
        .filter(|part| !part.is_empty())
        .map(|part| Secret::new(part.to_ascii_lowercase()))
        .collect()
}

/// The number of places that so many words need.
#[must_use]
pub fn places_for(words: usize) -> usize {
    if words > LENGTHS[0] { LENGTHS[1] } else { LENGTHS[0] }
}

/// Up to four words of the list that begin with what was typed; none for nothing, and none for a finished word.
#[must_use]
pub fn completions(typed: &str) -> Vec<&'static str> {
    let typed = typed.trim();
    if typed.is_empty() || phrase::word_index(typed).is_some() && phrase::complete(typed).count() == 1 {
        return Vec::new();
    }
    phrase::complete(typed).take(4).collect()
}

/// The one word that was surely meant: typed whole, or the only one that begins so.
#[must_use]
pub fn decided(typed: &str) -> Option<&'static str> {
    let typed = typed.trim();
    if let Some(index) = phrase::word_index(typed) {
        return Some(phrase::word(index));
    }
    let mut candidates = phrase::complete(typed);
    let first = candidates.next().filter(|_| !typed.is_empty())?;
    candidates.next().is_none().then_some(first)
}

/// What is said under a place while it is not being typed in: one short line, which has its room there.
#[must_use]
pub fn word_problem(typed: &str) -> Option<String> {
    let typed = typed.trim();
    if typed.is_empty() || phrase::word_index(typed).is_some() {
        return None;
    }
    let meant = phrase::suggestions(typed);
    Some(match meant.as_slice() {
        [] => "Not in the list".to_owned(),
        [one] => format!("Perhaps {one}?"),
        [one, other, ..] => format!("Perhaps {one}, {other}?"),
    })
}

/// Whether a word can be completed no more and is in the list.
#[must_use]
pub fn is_decisive(typed: &str) -> bool {
    typed.trim().len() >= DECISIVE && decided(typed).is_some()
}

/// What is wrong with all the words together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The sentence.
    pub said: String,
    /// The place to look at, counted from 1.
    pub place: Option<usize>,
}

/// Checks words as they stand in their places.
///
/// # Errors
/// The first [`Problem`], with a guess at what was meant where the checksum gives one.
pub fn check(words: &[Secret]) -> Result<Secret, Problem> {
    let typed = words.iter().map(|word| word.expose().trim());
    if let Some(place) = typed.clone().position(str::is_empty) {
        return Err(Problem {
            said: format!("Word {} is missing. All {} words are needed.", place + 1, words.len()),
            place: Some(place + 1),
        });
    }
    let text = Secret::new(typed.collect::<Vec<_>>().join(" "));
    match Phrase::parse(text.expose()) {
        Ok(_) => Ok(text),
        Err(PhraseError::UnknownWord { position, word }) => Err(Problem {
            said: format!("Word {position}, “{word}”, is not in the list of 2,048 words. Look at what you wrote down."),
            place: Some(position),
        }),
        Err(PhraseError::Checksum) => Err(checksum_problem(text.expose())),
        Err(error) => Err(Problem {
            said: format!("{error}."),
            place: None,
        }),
    }
}

fn checksum_problem(text: &str) -> Problem {
    let general = "Each word is in the list, but together they fail the phrase’s checksum: one is wrong, or two have changed places.";
    match phrase::corrections(text).as_slice() {
        [Correction::Replace { position, word }] => Problem {
            said: format!("{general} Perhaps word {position} is “{word}”."),
            place: Some(*position),
        },
        [Correction::Swap { position }] => Problem {
            said: format!(
                "{general} Perhaps words {position} and {} are the wrong way round.",
                position + 1
            ),
            place: Some(*position),
        },
        _ => Problem {
            said: general.to_owned(),
            place: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEGAL: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

    fn words(text: &str) -> Vec<Secret> {
        text.split(' ').map(Secret::from).collect()
    }

    #[test]
    fn a_phrase_is_pasted_in_any_form() {
        let pasted = LEGAL
            .split(' ')
            .enumerate()
            .map(|(place, word)| format!("{}. {}\n", place + 1, word.to_uppercase()))
            .collect::<String>();
        assert_eq!(split(&pasted), words(LEGAL));
        assert_eq!((places_for(1), places_for(12), places_for(13)), (12, 12, 24));
    }

    #[test]
    fn words_complete_themselves() {
        assert_eq!(completions("aban"), ["abandon"]);
        assert_eq!(completions("act"), ["act", "action", "actor", "actress"]);
        assert!(completions("").is_empty() && completions("zoo").is_empty());
        assert_eq!(decided(" Aban "), Some("abandon"));
        assert_eq!(decided("act"), Some("act"));
        assert_eq!((decided("ac"), decided(""), decided("qq")), (None, None, None));
        assert!(is_decisive("aban") && !is_decisive("aba"));
    }

    #[test]
    fn a_wrong_word_is_named() {
        assert_eq!(word_problem("winner"), None);
        assert_eq!(word_problem("abandom").unwrap(), "Perhaps abandon?");
        let problem = check(&words(&LEGAL.replace("year", "yeer"))).unwrap_err();
        assert_eq!(problem.place, Some(4));
        assert!(problem.said.contains("“yeer”"));
    }

    #[test]
    fn a_missing_word_is_named() {
        let mut typed = words(LEGAL);
        typed[6] = Secret::default();
        assert_eq!(check(&typed).unwrap_err().place, Some(7));
    }

    #[test]
    fn the_checksum_is_named_with_a_guess() {
        let problem = check(&words(&LEGAL.replacen("legal winner", "winner legal", 1))).unwrap_err();
        assert!(problem.said.contains("checksum"), "{problem:?}");
        let phrase = check(&words(LEGAL)).unwrap();
        assert_eq!(phrase.expose(), LEGAL);
    }
}
