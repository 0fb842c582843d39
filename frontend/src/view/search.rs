//! What a person typed into the search field, and where it leads.

use shared::address::{self, Prefix};

/// Something that the explorer can show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// A block by its height.
    Height(u64),
    /// 32 bytes in hex: a block's hash or a transaction's id. Only the node can tell which.
    Hash(String),
    /// An account by its address.
    Address(String),
}

/// Why a text leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchError {
    /// Nothing was typed.
    Empty,
    /// Hex, but not 64 digits of it.
    HashLength(usize),
    /// Digits, but more than any height has.
    HeightTooLarge,
    /// It looks like an address, and is none: the reason.
    Address(String),
    /// None of the three.
    Unknown,
}

impl SearchError {
    /// What is wrong, and what would be right.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Empty => "Type a height, a hash or an address.".to_owned(),
            Self::HashLength(length) => format!("A hash has 64 hex digits; this has {length}. Copy it whole."),
            Self::HeightTooLarge => "No block is that high. A height is a whole number.".to_owned(),
            Self::Address(reason) => format!("That is not an address of this network: {reason}. Copy it whole."),
            Self::Unknown => "That is neither a height, a hash nor an address.".to_owned(),
        }
    }
}

/// Reads what was typed. Spaces around it and, in heights, grouping commas are forgiven.
///
/// # Errors
/// [`SearchError`] with the reason, in words for the person who typed.
pub fn classify(text: &str, prefix: Option<&Prefix>) -> Result<Query, SearchError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(SearchError::Empty);
    }
    let digits = text.trim_start_matches('#').replace(',', "");
    if text.len() < 64 && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits
            .parse()
            .map(Query::Height)
            .map_err(|_| SearchError::HeightTooLarge);
    }
    if let Some(found) = as_address(text, prefix) {
        return found;
    }
    if text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return if text.len() == 64 {
            Ok(Query::Hash(text.to_ascii_lowercase()))
        } else {
            Err(SearchError::HashLength(text.len()))
        };
    }
    Err(SearchError::Unknown)
}

/// `None` when the text does not look like an address at all.
fn as_address(text: &str, prefix: Option<&Prefix>) -> Option<Result<Query, SearchError>> {
    let lower = text.to_ascii_lowercase();
    let own = prefix
        .filter(|prefix| lower.starts_with(&format!("{prefix}1")))
        .cloned();
    // Without the node's word for it, whatever stands before the last 1 may be a prefix.
    let guessed = || {
        lower
            .rsplit_once('1')
            .filter(|(_, data)| data.len() >= 50)?
            .0
            .parse()
            .ok()
    };
    let expected = match (own, guessed()) {
        (Some(own), _) => own,
        (None, Some(guessed)) => prefix.cloned().unwrap_or(guessed),
        (None, None) => return None,
    };
    Some(match address::decode(&expected, text) {
        Ok(key) => Ok(Query::Address(address::encode(&expected, &key))),
        Err(error) => Err(SearchError::Address(error.to_string())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::key::PublicKey;

    fn prefix(text: &str) -> Prefix {
        text.parse().unwrap()
    }

    #[test]
    fn heights() {
        assert_eq!(classify(" 42 ", None), Ok(Query::Height(42)));
        assert_eq!(classify("#1,024", None), Ok(Query::Height(1024)));
        assert_eq!(classify("99999999999999999999", None), Err(SearchError::HeightTooLarge));
    }

    #[test]
    fn hashes() {
        let hash = "AB".repeat(32);
        assert_eq!(classify(&hash, None), Ok(Query::Hash("ab".repeat(32))));
        assert_eq!(classify(&"1".repeat(64), None), Ok(Query::Hash("1".repeat(64))));
        assert_eq!(classify("abcdef", None), Err(SearchError::HashLength(6)));
    }

    #[test]
    fn addresses() {
        let dev = prefix("dev");
        let text = address::encode(&dev, &PublicKey([7; 32]));
        assert_eq!(classify(&text, Some(&dev)), Ok(Query::Address(text.clone())));
        assert_eq!(classify(&text.to_uppercase(), None), Ok(Query::Address(text.clone())));
        assert!(matches!(
            classify(&text[..40], Some(&dev)),
            Err(SearchError::Address(_))
        ));
        assert!(matches!(
            classify(&text, Some(&prefix("class"))),
            Err(SearchError::Address(_))
        ));
    }

    #[test]
    fn anything_else_is_refused_with_words() {
        for text in ["", "-5", "1.5", "hello", "<script>", "ünïcode", "0x12"] {
            let error = classify(text, Some(&prefix("dev"))).unwrap_err();
            assert!(error.message().ends_with('.'), "{text}");
        }
    }
}
