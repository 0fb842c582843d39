//! Files of lines: contacts, notes and the outbox. docs/files.md specifies them.

use frontend::wallet::contacts::Book;
use frontend::wallet::notes::Notes;
use frontend::wallet::outbox::Outbox;
use shared::hash::Hash;

use super::{blocks, check_sentence, prefix, text};

/// The chain of docs/files.md.
const GENESIS: Hash = Hash([5; 32]);

/// Reads a text as each of them.
#[must_use]
pub fn run(data: &[u8]) -> bool {
    let text = text(data);
    let read = [contacts(&text), notes(&text), outbox(&text)];
    assert!(
        read.iter().filter(|is_read| **is_read).count() <= 1,
        "a file is of one kind"
    );
    read.contains(&true)
}

fn contacts(text: &str) -> bool {
    let read = |text: &str| Book::read(text, GENESIS, prefix());
    // A file is taken in record by record, so a book stays whole whatever the others are.
    let mut merged = Book::new(GENESIS, prefix());
    match merged.merge(text) {
        Ok(what) => what.refused.iter().for_each(check_sentence),
        Err(fault) => check_sentence(fault),
    }
    assert_eq!(read(&merged.write()), Ok(merged.clone()));
    match read(text) {
        Ok(book) => {
            assert_eq!(book, merged);
            true
        }
        Err(fault) => {
            check_sentence(fault);
            false
        }
    }
}

fn notes(text: &str) -> bool {
    match Notes::read(text, GENESIS) {
        Ok(notes) => {
            assert_eq!(Notes::read(&notes.write(), GENESIS), Ok(notes));
            true
        }
        Err(fault) => {
            check_sentence(fault);
            false
        }
    }
}

fn outbox(text: &str) -> bool {
    match Outbox::read(text, GENESIS) {
        Ok(outbox) => {
            assert_eq!(Outbox::read(&outbox.write(), GENESIS), Ok(outbox));
            true
        }
        Err(fault) => {
            check_sentence(fault);
            false
        }
    }
}

/// The files of docs/files.md.
#[must_use]
pub fn examples() -> Vec<Vec<u8>> {
    let mut files = blocks(include_str!("../../docs/files.md"));
    files.retain(|file| file.starts_with("cairn-"));
    files.into_iter().map(String::into_bytes).collect()
}
