//! What a text that somebody pasted, or a file that they opened, is.

use shared::vault::MAGIC;

use super::{offline, proof, signed_text};

/// Something that the page opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`super::link`]
    PaymentLink,
    /// [`proof`]
    PaymentProof,
    /// [`signed_text`]
    SignedMessage,
    /// [`offline`], to be signed
    UnsignedTransfer,
    /// [`offline`], to be sent
    SignedTransfer,
    /// [`super::contacts`]
    Contacts,
    /// [`super::notes`]
    Notes,
    /// A wallet's backup, as bytes.
    Vault,
}

/// Tells by its beginning what something is, spaces before it left out; nothing when it is none of these. Whether it
/// can be read is found out by reading it.
#[must_use]
pub fn recognise(content: &[u8]) -> Option<Kind> {
    let begins = |start: &[u8]| {
        let found = content.trim_ascii_start().get(..start.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(start))
    };
    // The version is left to the reader, which says more of another one.
    let kinds: [(&[u8], Kind); 7] = [
        (b"cairn:", Kind::PaymentLink),
        (proof::START.as_bytes(), Kind::PaymentProof),
        (signed_text::BEGIN.as_bytes(), Kind::SignedMessage),
        (unversioned(offline::UNSIGNED), Kind::UnsignedTransfer),
        (unversioned(offline::SIGNED), Kind::SignedTransfer),
        (b"cairn-contacts ", Kind::Contacts),
        (b"cairn-notes ", Kind::Notes),
    ];
    if content.starts_with(&MAGIC) {
        return Some(Kind::Vault);
    }
    kinds.into_iter().find(|(start, _)| begins(start)).map(|(_, kind)| kind)
}

/// A beginning without `1:` at its end.
fn unversioned(start: &str) -> &[u8] {
    &start.as_bytes()[..start.len() - 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_known_by_its_beginning() {
        let kinds = [
            ("cairn:dev1qq", Kind::PaymentLink),
            (" CAIRN:DEV1QQ", Kind::PaymentLink),
            ("cairn-payment 1\ngenesis", Kind::PaymentProof),
            ("cairn-payment 2\n", Kind::PaymentProof),
            ("\n-----BEGIN CAIRN SIGNED MESSAGE-----\n", Kind::SignedMessage),
            ("CAIRN-UNSIGNED:1:AB", Kind::UnsignedTransfer),
            ("cairn-unsigned:2:", Kind::UnsignedTransfer),
            ("CAIRN-SIGNED:1:AB", Kind::SignedTransfer),
            ("cairn-contacts 1\n", Kind::Contacts),
            ("cairn-notes 1\n", Kind::Notes),
            ("CAIRNVLT\u{1}\0", Kind::Vault),
        ];
        for (text, kind) in kinds {
            assert_eq!(recognise(text.as_bytes()), Some(kind), "{text}");
        }
        assert!(
            crate::wallet::link::is_link("cairn:dev1qq"),
            "both know a link by the same letters"
        );
    }

    #[test]
    fn what_is_something_else_is_not_guessed() {
        for text in [
            "",
            "cairn",
            "cairn-",
            "cairn-paymentx",
            "dev1qq",
            "-----BEGIN PGP",
            "cairnvlt",
            " CAIRNVLT",
        ] {
            assert_eq!(recognise(text.as_bytes()), None, "{text}");
        }
        assert_eq!(recognise(&[0xff, 0xfe, 0]), None);
    }
}
