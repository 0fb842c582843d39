//! Payment links: `cairn:ADDRESS?amount=1.5&memo=Tea`, as docs/links.md specifies them.

use shared::amount::Amount;
use shared::transaction::Memo;

use crate::view::cairn::key_of;

const SCHEME: &str = "cairn:";

/// The longest link that is read, in bytes.
const MAX_LEN: usize = 512;

/// What a link asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whom to pay, in small letters. Its prefix names the network.
    pub address: String,
    /// How much.
    pub amount: Option<Amount>,
    /// For what.
    pub memo: Option<String>,
}

/// Why a text is no payment link, for the person who pasted it.
pub type Fault = &'static str;

/// Whether a text wants to be a payment link.
#[must_use]
pub fn is_link(text: &str) -> bool {
    let start = text.trim().get(..SCHEME.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
}

/// Reads a link.
///
/// # Errors
/// What is wrong with it.
pub fn read(text: &str) -> Result<Link, Fault> {
    let text = text.trim();
    if text.len() > MAX_LEN {
        return Err("This payment link is longer than 512 characters. Ask for a shorter one.");
    }
    let rest = is_link(text)
        .then(|| &text[SCHEME.len()..])
        .ok_or("This is not a payment link: it begins with cairn:")?;
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    if key_of(address).is_none() {
        return Err("The address in this payment link is mistyped. Ask for the link again.");
    }
    let mut link = Link {
        address: address.to_ascii_lowercase(),
        amount: None,
        memo: None,
    };
    for field in query.split('&').filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        match name {
            "amount" if link.amount.is_none() => {
                let amount = Amount::from_coins(value).ok().filter(|amount| *amount != Amount::ZERO);
                link.amount =
                    Some(amount.ok_or("The amount in this payment link is not one. Ask for the link again.")?);
            }
            "memo" if link.memo.is_none() => {
                let memo = decoded(value).filter(|memo| Memo::new(memo).is_ok());
                link.memo = Some(memo.ok_or("The memo in this payment link cannot be read. Ask for the link again.")?);
            }
            "amount" | "memo" => return Err("This payment link says one thing twice. Ask for the link again."),
            name if name.starts_with("req-") => {
                return Err("This payment link asks for something that this Cairn does not know. Use a newer Cairn.");
            }
            _ => {}
        }
    }
    Ok(link)
}

/// Writes a link.
#[must_use]
pub fn write(link: &Link) -> String {
    let mut text = format!("{SCHEME}{}", link.address);
    let mut sign = '?';
    if let Some(amount) = link.amount {
        text.push_str(&format!("{sign}amount={}", amount.to_coins()));
        sign = '&';
    }
    if let Some(memo) = link.memo.as_deref().filter(|memo| !memo.is_empty()) {
        text.push_str(&format!("{sign}memo={}", encoded(memo)));
    }
    text
}

/// Percent-encodes what is not unreserved (RFC 3986, 2.3).
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        bytes.push(match first {
            b'%' => {
                let (digits, tail) = rest.split_at_checked(2)?;
                rest = tail;
                *hex::decode(digits).ok()?.first()?
            }
            byte => *byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "dev1qwss00lnecgtu8tsm5vwwj7qn9n7f43snwjs6hcamjrxgyj4xxuq5d9hx2";

    fn link(amount: Option<&str>, memo: Option<&str>) -> Link {
        Link {
            address: ADDRESS.to_owned(),
            amount: amount.map(|amount| Amount::from_coins(amount).unwrap()),
            memo: memo.map(str::to_owned),
        }
    }

    #[test]
    fn links_are_written_and_read_back() {
        for link in [
            link(None, None),
            link(Some("1.5"), None),
            link(None, Some("Tee & Kuchen, 50% für dich? 🪨")),
            link(Some("0.00000001"), Some("a=b&c#d")),
        ] {
            let text = write(&link);
            assert!(text.is_ascii(), "{text}");
            assert_eq!(read(&text), Ok(link.clone()), "{text}");
            assert_eq!(read(&format!("  {text}\n")), Ok(link));
        }
        assert_eq!(
            write(&link(Some("1.5"), Some("Tea"))),
            format!("cairn:{ADDRESS}?amount=1.5&memo=Tea")
        );
    }

    #[test]
    fn capital_letters_and_what_is_unknown_are_read_over() {
        let capital = format!("CAIRN:{}?amount=2&label=shop", ADDRESS.to_ascii_uppercase());
        assert_eq!(read(&capital), Ok(link(Some("2"), None)));
        assert!(is_link(" Cairn:x") && !is_link("cairn") && !is_link(ADDRESS) && !is_link("ca€rn:"));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        for wrong in [
            ADDRESS.to_owned(),
            "cairn:".to_owned(),
            format!("cairn:{}", &ADDRESS[..60]),
            format!("cairn:{}q", &ADDRESS[..60]),
            format!("cairn:{ADDRESS}?amount="),
            format!("cairn:{ADDRESS}?amount=0"),
            format!("cairn:{ADDRESS}?amount=-1"),
            format!("cairn:{ADDRESS}?amount=1&amount=2"),
            format!("cairn:{ADDRESS}?memo=%"),
            format!("cairn:{ADDRESS}?memo=%4"),
            format!("cairn:{ADDRESS}?memo=%zz"),
            format!("cairn:{ADDRESS}?memo=%FF"),
            format!("cairn:{ADDRESS}?memo={}", "a".repeat(65)),
            format!("cairn:{ADDRESS}?req-signature=1"),
            format!("cairn:{ADDRESS}?memo={}", "a".repeat(600)),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        let text = include_str!("../../../docs/links.md");
        let examples: Vec<&str> = text.lines().filter(|line| line.starts_with("    cairn:")).collect();
        assert_eq!(examples.len(), 3);
        for example in examples {
            assert_eq!(write(&read(example).unwrap()), example.trim());
        }
    }
}
