//! What is done with random input, for each kind of bytes that come from somebody else.
//!
//! A target panics when something promised does not hold: what is read is written back the same, and what is said about
//! the rest is short. `tests/mutated.rs` runs every target on changed examples, with every `cargo test`; libFuzzer, which
//! sees what the code makes of an input, runs them for as long as one likes (`cargo xtask fuzz`).

#![forbid(unsafe_code)]

pub mod block;
pub mod lines;
pub mod link;
pub mod message;
pub mod papers;
pub mod proof;
pub mod transaction;
pub mod vault;

use std::borrow::Cow;

use shared::address::Prefix;
use shared::hash::Hash;
use shared::key::SecretKey;

/// A kind of input.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of the module, the binary and the corpus.
    pub name: &'static str,
    /// Reads an input, and says whether it was one of its kind.
    pub run: fn(&[u8]) -> bool,
    /// Inputs of the kind.
    pub examples: fn() -> Vec<Vec<u8>>,
}

/// All of them.
pub const TARGETS: [Target; 8] = [
    target("block", block::run, block::examples),
    target("lines", lines::run, lines::examples),
    target("link", link::run, link::examples),
    target("message", message::run, message::examples),
    target("papers", papers::run, papers::examples),
    target("proof", proof::run, proof::examples),
    target("transaction", transaction::run, transaction::examples),
    target("vault", vault::run, vault::examples),
];

const fn target(name: &'static str, run: fn(&[u8]) -> bool, examples: fn() -> Vec<Vec<u8>>) -> Target {
    Target { name, run, examples }
}

/// The most bytes of a sentence for a person.
const MAX_SENTENCE: usize = 600;

/// The chain of docs/links.md, docs/offline.md, docs/payment-proof.md and docs/signed-message.md.
const GENESIS: Hash = Hash([1; 32]);

fn prefix() -> Prefix {
    "dev".parse().expect("it is one")
}

/// The key `00 01 … 1f` of the documents.
fn key() -> SecretKey {
    SecretKey::from_bytes(&core::array::from_fn(|index| index as u8))
}

/// An input as the page gets it, which sees texts only.
fn text(data: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(data)
}

/// Panics when a sentence is too long to be shown: input would be echoed in it.
fn check_sentence(said: impl ToString) {
    let said = said.to_string();
    assert!(
        !said.is_empty() && said.len() <= MAX_SENTENCE,
        "{} bytes are said: {}…",
        said.len(),
        said.chars().take(200).collect::<String>()
    );
}

/// The blocks of a document that are set off by four spaces, without these.
fn blocks(document: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in document.lines() {
        match line.strip_prefix("    ") {
            Some(line) => blocks.last_mut().expect("there is one").extend([line, "\n"]),
            // A blank line may be part of a block.
            None if line.is_empty() => {
                if let Some(block) = blocks.last_mut().filter(|block| !block.is_empty()) {
                    block.push('\n');
                }
            }
            None => blocks.push(String::new()),
        }
    }
    blocks.retain_mut(|block| {
        block.truncate(block.trim_end().len());
        !block.is_empty()
    });
    blocks
}
