//! Payment links and requests: docs/links.md.

use frontend::wallet::link::{self, Here, Link};
use shared::address;

use super::{GENESIS, blocks, check_sentence, prefix, text};

/// Reads a text as a link.
#[must_use]
pub fn run(data: &[u8]) -> bool {
    let text = text(data);
    let prefix = prefix();
    let here = Here {
        prefix: &prefix,
        genesis: &GENESIS,
        now_seconds: 1_795_399_445,
    };
    let address = link::address(&text);
    if let Err(said) = &address {
        check_sentence(said);
    }
    match link::read(&text, &here) {
        Ok(asked) => {
            assert!(link::is_link(&text));
            let written = link::write(&asked.link);
            let again = link::read(&written, &here).expect("what is written can be read");
            // An empty memo is none.
            let memo = asked.link.memo.clone().filter(|memo| !memo.is_empty());
            assert_eq!(
                again.link,
                Link {
                    memo,
                    ..asked.link.clone()
                }
            );
            assert_eq!(address::encode(&prefix, &asked.key), asked.link.address);
            assert_eq!(again.key, asked.key);
            assert!(!again.is_signed);
            assert_eq!(link::write(&again.link), written);
            let holds_nothing_else = !asked.is_signed && asked.link.expires.is_none();
            assert_eq!(address.is_ok(), holds_nothing_else);
            true
        }
        Err(said) => {
            check_sentence(said);
            false
        }
    }
}

/// The links of docs/links.md.
#[must_use]
pub fn examples() -> Vec<Vec<u8>> {
    let blocks = blocks(include_str!("../../docs/links.md"));
    let lines = blocks.iter().flat_map(|block| block.lines());
    lines
        .filter(|line| link::is_link(line))
        .map(|line| line.as_bytes().to_vec())
        .collect()
}
