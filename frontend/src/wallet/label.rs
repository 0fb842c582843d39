//! Short texts that people write for themselves: names and notes.

/// Reads a text of at most `most` characters: without space at its ends, and with one space for each gap.
///
/// # Errors
/// What is wrong with it. `what` is what the text is, as in "The name".
pub(super) fn read(text: &str, what: &str, most: usize) -> Result<String, String> {
    let text = text.trim();
    if let Some(hidden) = text.chars().find(|&char| is_hidden(char)) {
        let code = u32::from(hidden);
        return Err(format!(
            "{what} has a character that cannot be seen (U+{code:04X}). Type it anew instead of pasting it."
        ));
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = text.chars().count();
    if length > most {
        return Err(format!(
            "{what} has {length} characters, and at most {most} have room. Shorten it."
        ));
    }
    Ok(text)
}

/// Whether a character controls its neighbours or takes no room: with it two texts could look the same, or one be
/// read in another order (Unicode, UAX #9 and the property Default_Ignorable_Code_Point). Joiners stay, as scripts and
/// emoji need them.
fn is_hidden(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether `text` begins with `start`, capital or small letters (of ASCII) being the same.
pub(super) fn begins_with(text: &str, start: &str) -> bool {
    let head = text.as_bytes().get(..start.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

/// Whether `part` stands in `text`, capital or small letters (of ASCII) being the same.
pub(super) fn contains(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    part.is_empty() || text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_one_space() {
        assert_eq!(
            read("  Anna \u{a0} Smith ", "The name", 10),
            Ok("Anna Smith".to_owned())
        );
        assert_eq!(read(" ", "The name", 10), Ok(String::new()));
        assert_eq!(read("👩\u{200d}🚀é", "The name", 4), Ok("👩\u{200d}🚀é".to_owned()));
        let said = read("Anna Smiths", "The name", 10).unwrap_err();
        assert!(
            said.starts_with("The name has 11 characters") && said.contains("at most 10"),
            "{said}"
        );
    }

    #[test]
    fn what_cannot_be_seen_is_refused() {
        for hidden in [
            "\u{7}",
            "\u{85}",
            "\t",
            "\n",
            "\u{202e}",
            "\u{2066}",
            "\u{200b}",
            "\u{2029}",
            "\u{e0041}",
        ] {
            let said = read(&format!("a{hidden}b"), "The note", 10).unwrap_err();
            assert!(said.contains(&format!("U+{:04X}", u32::from(hidden.chars().next().unwrap()))));
        }
    }

    #[test]
    fn capital_letters_do_not_matter_in_a_search() {
        assert!(begins_with("Änne", "Än") && begins_with("ANNA", "an") && begins_with("a", ""));
        assert!(!begins_with("a", "ab") && !begins_with("Ä", "a"));
        assert!(contains("for Tea", "tEA") && contains("", "") && !contains("tea", "team") && contains("Über", "ber"));
    }
}
