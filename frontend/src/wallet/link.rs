//! Payment links: `cairn:ADDRESS?amount=1.5&memo=Tea`, as docs/links.md specifies them. A signed one is a payment request.

use shared::address::{self, Prefix};
use shared::amount::Amount;
use shared::hash::Hash;
use shared::key::{PublicKey, Signature};
use shared::message;
use shared::transaction::Memo;

use super::send::{capital, read_amount};
use crate::view::cairn::key_of;

const SCHEME: &str = "cairn:";

/// The longest link that is read, in bytes.
const MAX_LEN: usize = 512;

/// The most digits of `expires`: enough for 30,000 years, and few enough to be told in milliseconds.
const MAX_EXPIRES: usize = 12;

/// What a link asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whom to pay, in small letters. Its prefix names the network.
    pub address: String,
    /// How much.
    pub amount: Option<Amount>,
    /// For what.
    pub memo: Option<String>,
    /// The last second at which it holds, counted from 1970.
    pub expires: Option<u64>,
}

/// Where and when a link is read.
#[derive(Debug, Clone, Copy)]
pub struct Here<'a> {
    /// What addresses of this network begin with.
    pub prefix: &'a Prefix,
    /// The chain for which requests are signed.
    pub genesis: &'a Hash,
    /// The time, counted from 1970.
    pub now_seconds: u64,
}

/// A link that holds here and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What it asks for.
    pub link: Link,
    /// The key of its address.
    pub key: PublicKey,
    /// Whether the owner of the address signed it. A link with a signature that does not hold is refused.
    pub is_signed: bool,
}

/// Why a text is no payment link, for the person who pasted it.
pub type Fault = &'static str;

/// A link as it is written: nothing is known of its network, its signature and the time.
struct Written {
    link: Link,
    /// The signature, and the text that it is over.
    sealed: Option<(Signature, String)>,
}

/// Whether a text wants to be a payment link.
#[must_use]
pub fn is_link(text: &str) -> bool {
    let start = text.trim().get(..SCHEME.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
}

/// Reads a link of this network, checks its signature if it has one, and whether it still holds.
///
/// # Errors
/// What is wrong with it.
pub fn read(text: &str, here: &Here<'_>) -> Result<Asked, String> {
    let Written { link, sealed } = written(text)?;
    let key = address::decode_checked(here.prefix, &link.address)
        .map_err(|error| capital(&error.to_string()) + ". Ask for the link again.")?;
    if let Some((signature, signed)) = &sealed {
        message::verify_message(here.genesis, signed, &key, signature).map_err(|_| {
            "This payment request is not what the owner of its address signed: somebody changed it, or it is of another \
             chain. Do not pay it, and ask for it again."
        })?;
    }
    if link.expires.is_some_and(|expires| here.now_seconds > expires) {
        return Err("This payment request has expired. Ask for a new one.".to_owned());
    }
    Ok(Asked {
        link,
        key,
        is_signed: sealed.is_some(),
    })
}

/// The address of a link, where nothing is paid. One with a signature or an end is refused: who takes the address alone
/// would take it unchecked.
///
/// # Errors
/// What is wrong with it.
pub fn address(text: &str) -> Result<String, Fault> {
    let Written { link, sealed } = written(text)?;
    if sealed.is_some() || link.expires.is_some() {
        return Err("This is a payment request. Paste it where you send, which checks it.");
    }
    Ok(link.address)
}

/// Whether a link, which may have expired, asks for what is typed: it may leave amount and memo to the payer.
#[must_use]
pub fn asks_for(text: &str, address: &str, amount: &str, memo: &str) -> bool {
    let Ok(Written { link, .. }) = written(text) else {
        return false;
    };
    let amount = read_amount(amount).ok();
    link.address == address
        && (link.amount.is_none() || link.amount == amount)
        && link.memo.is_none_or(|asked| asked == memo)
}

fn written(text: &str) -> Result<Written, Fault> {
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
    let address = address.to_ascii_lowercase();
    let (query, signature) = split_signature(query);
    let sealed = signature.map(|signature| {
        let mut signed = SCHEME.to_owned() + &address;
        if !query.is_empty() {
            signed.push('?');
            signed.push_str(query);
        }
        signature.parse().map(|signature| (signature, signed))
    });
    let sealed = sealed.transpose().map_err(|_| {
        "The signature of this payment request cannot be read: it stands last and has 128 digits. Ask for the link again."
    })?;
    let mut link = Link {
        address,
        amount: None,
        memo: None,
        expires: None,
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
            "expires" if link.expires.is_none() => {
                link.expires = Some(
                    seconds(value).ok_or("The end of this payment request cannot be read. Ask for the link again.")?,
                );
            }
            "amount" | "memo" | "expires" => {
                return Err("This payment link says one thing twice. Ask for the link again.");
            }
            name if name.starts_with("req-") => {
                return Err("This payment link asks for something that this Cairn does not know. Use a newer Cairn.");
            }
            _ => {}
        }
    }
    Ok(Written { link, sealed })
}

/// The fields before the signature, and its value: all that follows its name, so that nothing unsigned can stand behind.
fn split_signature(query: &str) -> (&str, Option<&str>) {
    const NAME: &str = "&signature=";
    match (query.strip_prefix(&NAME[1..]), query.split_once(NAME)) {
        (Some(value), _) => ("", Some(value)),
        (_, Some((fields, value))) => (fields, Some(value)),
        _ => (query, None),
    }
}

/// Seconds since 1970 in canonical digits.
fn seconds(text: &str) -> Option<u64> {
    let is_canonical = text.len() <= MAX_EXPIRES && !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| is_canonical)
}

/// Writes a link, unsigned: for a request, this is the text to sign.
#[must_use]
pub fn write(link: &Link) -> String {
    let mut text = SCHEME.to_owned() + &link.address;
    let mut field = |name: &str, value: &str| {
        text.push(if text.contains('?') { '&' } else { '?' });
        text.push_str(name);
        text.push_str(value);
    };
    if let Some(amount) = link.amount {
        field("amount=", &amount.to_coins());
    }
    if let Some(memo) = link.memo.as_deref().filter(|memo| !memo.is_empty()) {
        field("memo=", &encoded(memo));
    }
    if let Some(expires) = link.expires {
        field("expires=", &expires.to_string());
    }
    text
}

/// Puts a signature behind a text of [`write()`], which it is over.
#[must_use]
pub fn with_signature(mut text: String, signature: &Signature) -> String {
    text.push_str(if text.contains('?') {
        "&signature="
    } else {
        "?signature="
    });
    text.push_str(&hex::encode(signature.0));
    text
}

/// Percent-encodes what is not unreserved (RFC 3986, 2.3).
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// The text that was percent-encoded; none when it is no UTF-8, or a `%` has no two hex digits after it.
pub(super) fn decoded(text: &str) -> Option<String> {
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
    use shared::key::SecretKey;

    const ADDRESS: &str = "dev1qwss00lnecgtu8tsm5vwwj7qn9n7f43snwjs6hcamjrxgyj4xxuq5d9hx2";
    const GENESIS: Hash = Hash([1; 32]);
    const NOW: u64 = 1_795_399_445;

    /// The secret key of [`ADDRESS`], as in docs/protocol.md.
    fn key() -> SecretKey {
        SecretKey::from_bytes(&core::array::from_fn(|index| index as u8))
    }

    fn read_at(text: &str, now_seconds: u64, genesis: &Hash) -> Result<Asked, String> {
        let prefix = "dev".parse().unwrap();
        let here = Here {
            prefix: &prefix,
            genesis,
            now_seconds,
        };
        read(text, &here)
    }

    fn read_link(text: &str) -> Result<Link, String> {
        read_at(text, NOW, &GENESIS).map(|asked| asked.link)
    }

    fn link(amount: Option<&str>, memo: Option<&str>) -> Link {
        Link {
            address: ADDRESS.to_owned(),
            amount: amount.map(|amount| Amount::from_coins(amount).unwrap()),
            memo: memo.map(str::to_owned),
            expires: None,
        }
    }

    fn signed(link: &Link) -> String {
        let text = write(link);
        let signature = message::sign_message(&GENESIS, &text, &key());
        with_signature(text, &signature)
    }

    #[test]
    fn links_are_written_and_read_back() {
        for link in [
            link(None, None),
            link(Some("1.5"), None),
            link(None, Some("Tee & Kuchen, 50% für dich? 🪨")),
            link(Some("0.00000001"), Some("a=b&c#d")),
            link(None, Some("&signature=?signature=")),
            Link {
                expires: Some(NOW),
                ..link(Some("2"), None)
            },
        ] {
            let text = write(&link);
            assert!(text.is_ascii(), "{text}");
            assert_eq!(read_link(&text), Ok(link.clone()), "{text}");
            assert_eq!(read_link(&format!("  {text}\n")), Ok(link.clone()));
            let request = signed(&link);
            let asked = read_at(&request, NOW, &GENESIS).unwrap();
            assert_eq!((asked.link, asked.is_signed), (link, true), "{request}");
            assert_eq!(asked.key, key().public_key());
        }
        assert_eq!(
            write(&link(Some("1.5"), Some("Tea"))),
            format!("cairn:{ADDRESS}?amount=1.5&memo=Tea")
        );
        assert!(!read_at(&write(&link(None, None)), NOW, &GENESIS).unwrap().is_signed);
    }

    #[test]
    fn the_longest_request_fits() {
        let longest = Link {
            address: address::encode(&"abcdefghijklmnop".parse().unwrap(), &key().public_key()),
            amount: Some(Amount::MAX),
            memo: Some("ü".repeat(32)),
            expires: Some(999_999_999_999),
        };
        assert!(written(&signed(&longest)).is_ok_and(|written| written.link == longest));
    }

    #[test]
    fn capital_letters_and_what_is_unknown_are_read_over() {
        let capital = format!("CAIRN:{}?amount=2&label=shop", ADDRESS.to_ascii_uppercase());
        assert_eq!(read_link(&capital), Ok(link(Some("2"), None)));
        assert!(is_link(" Cairn:x") && !is_link("cairn") && !is_link(ADDRESS) && !is_link("ca€rn:"));
        // The signature is over scheme and address in small letters, and everything else as it stands.
        let text = format!("cairn:{ADDRESS}?label=Shop&amount=2.0&&memo=%C3%BC%c3%bc");
        let signature = message::sign_message(&GENESIS, &text, &key());
        let request = with_signature(text, &signature);
        let shouted = request.replace(
            &format!("cairn:{ADDRESS}"),
            &format!("CAIRN:{}", ADDRESS.to_ascii_uppercase()),
        );
        for request in [request, shouted] {
            let asked = read_at(&request, NOW, &GENESIS).unwrap();
            assert_eq!((asked.link, asked.is_signed), (link(Some("2"), Some("üü")), true));
        }
    }

    #[test]
    fn no_byte_of_a_request_can_be_changed() {
        let asks = Link {
            expires: Some(NOW),
            ..link(Some("1.5"), Some("Tea & cake"))
        };
        let request = signed(&asks);
        for position in 0..request.len() {
            for byte in (0x20..0x7f).chain([b'\n']) {
                let mut changed = request.clone().into_bytes();
                changed[position] = byte;
                let changed = String::from_utf8(changed).unwrap();
                // Nothing else is shown as signed: what is left is the request itself, in capitals here and there.
                if let Ok(asked) = read_at(&changed, NOW, &GENESIS)
                    && asked.is_signed
                {
                    assert_eq!(asked.link, asks, "{changed}");
                }
            }
        }
        for changed in [
            request.replace("amount=1.5", "amount=15"),
            request.clone() + "&amount=15",
            request.clone() + "&",
            request[..request.len() - 1].to_owned(),
            request.replace("memo=Tea", "memo=tea"),
            request.replace("%26", "&"),
            with_signature(request.clone(), &Signature([0; 64])),
            request.replace("&signature=", "&signature=&signature="),
            with_signature(write(&asks), &Signature([0; 64])),
        ] {
            assert!(read_link(&changed).is_err(), "{changed}");
        }
        let elsewhere = read_at(&request, NOW, &Hash([2; 32])).unwrap_err();
        assert!(elsewhere.contains("another chain"), "{elsewhere}");
    }

    #[test]
    fn a_link_asks_for_what_it_says() {
        let asks = signed(&link(Some("1.5"), Some("Tea")));
        assert!(asks_for(&asks, ADDRESS, " 1.50", "Tea"));
        for (address, amount, memo) in [
            ("", "1.5", "Tea"),
            (ADDRESS, "15", "Tea"),
            (ADDRESS, "", "Tea"),
            (ADDRESS, "1.5", "Tea "),
        ] {
            assert!(!asks_for(&asks, address, amount, memo), "{address} {amount} {memo}");
        }
        assert!(asks_for(&signed(&link(None, None)), ADDRESS, "", "Tea"));
        assert!(!asks_for("", "", "", ""));
    }

    #[test]
    fn a_request_ends() {
        let asks = Link {
            expires: Some(NOW),
            ..link(None, None)
        };
        for text in [write(&asks), signed(&asks)] {
            assert!(read_at(&text, NOW, &GENESIS).is_ok());
            assert!(read_at(&text, NOW + 1, &GENESIS).unwrap_err().contains("expired"));
            assert!(address(&text).is_err(), "its address alone would be taken unchecked");
        }
        assert_eq!(address(&write(&link(Some("1"), None))), Ok(ADDRESS.to_owned()));
        assert!(address(&signed(&link(None, None))).is_err());
    }

    #[test]
    fn another_network_is_named() {
        let other = address::encode(&"class".parse().unwrap(), &key().public_key());
        let said = read_link(&format!("cairn:{other}")).unwrap_err();
        assert!(said.contains("class") && said.contains("dev"), "{said}");
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
            format!("cairn:{ADDRESS}?expires="),
            format!("cairn:{ADDRESS}?expires=0"),
            format!("cairn:{ADDRESS}?expires=+1795399446"),
            format!("cairn:{ADDRESS}?expires=01795399446"),
            format!("cairn:{ADDRESS}?expires=1795399446.5"),
            format!("cairn:{ADDRESS}?expires=1000000000000"),
            format!("cairn:{ADDRESS}?expires=1795399446&expires=1795399446"),
            format!("cairn:{ADDRESS}?signature="),
            format!("cairn:{ADDRESS}?signature=00"),
            format!("cairn:{ADDRESS}?label={}", "a".repeat(600)),
        ] {
            assert!(read_link(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_examples_of_the_specification_are_read() {
        let text = include_str!("../../../docs/links.md");
        let examples: Vec<&str> = text.lines().filter(|line| line.starts_with("    cairn:")).collect();
        assert_eq!(examples.len(), 4);
        for example in &examples[..3] {
            assert_eq!(write(&read_link(example).unwrap()), example.trim());
        }
        let asked = read_at(examples[3], NOW, &GENESIS).unwrap();
        assert!(asked.is_signed);
        assert_eq!(signed(&asked.link), examples[3].trim());
    }
}
