//! Texts that are pasted whole: signed messages, transfers from and to a page without a network, payment proofs.

use frontend::wallet::{offline, proof, signed_text};

use super::{GENESIS, blocks, check_sentence, prefix, text};

/// Reads a text as each of them.
#[must_use]
pub fn run(data: &[u8]) -> bool {
    let text = text(data);
    let read = [message(&text), unsigned(&text), signed(&text), payment(&text)];
    assert!(
        read.iter().filter(|is_read| **is_read).count() <= 1,
        "a text is of one kind"
    );
    read.contains(&true)
}

fn message(text: &str) -> bool {
    let signed = match signed_text::read(text) {
        Ok(signed) => signed,
        Err(said) => {
            check_sentence(said);
            return false;
        }
    };
    match signed.verify(&prefix(), &GENESIS) {
        Ok(_) => assert_eq!(signed_text::read(&signed_text::write(&signed)), Ok(signed)),
        Err(said) => check_sentence(said),
    }
    true
}

fn unsigned(text: &str) -> bool {
    match offline::read_unsigned(text) {
        Ok(unsigned) => {
            let written = offline::write_unsigned(&unsigned);
            assert!(written.eq_ignore_ascii_case(text.trim()) && written.len() <= offline::MAX_LEN);
            assert_eq!(offline::read_unsigned(&written), Ok(unsigned.clone()));
            if let Err(said) = unsigned.review() {
                check_sentence(said);
            }
            true
        }
        Err(said) => {
            check_sentence(said);
            false
        }
    }
}

fn signed(text: &str) -> bool {
    match offline::read_signed(text) {
        Ok(signed) => {
            let written = offline::write_signed(&signed.genesis, &signed.signed);
            assert!(written.eq_ignore_ascii_case(text.trim()) && written.len() <= offline::MAX_LEN);
            assert_eq!(offline::read_signed(&written), Ok(signed));
            true
        }
        Err(said) => {
            check_sentence(said);
            false
        }
    }
}

fn payment(text: &str) -> bool {
    match proof::read(text) {
        Ok(read) => {
            assert_eq!(proof::read(&proof::write(&read)), Ok(read.clone()));
            match read.verify() {
                Ok(paid) => {
                    assert!(paid.agrees(&read.header));
                    check_sentence(paid.attempts());
                }
                Err(said) => check_sentence(said),
            }
            true
        }
        Err(said) => {
            check_sentence(said);
            false
        }
    }
}

/// The examples of docs/signed-message.md, docs/offline.md and docs/payment-proof.md.
#[must_use]
pub fn examples() -> Vec<Vec<u8>> {
    [
        include_str!("../../docs/signed-message.md"),
        include_str!("../../docs/offline.md"),
        include_str!("../../docs/payment-proof.md"),
    ]
    .into_iter()
    .flat_map(blocks)
    .map(String::into_bytes)
    .collect()
}
