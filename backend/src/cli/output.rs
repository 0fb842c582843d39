//! Writing to stdout and stderr. A reader that has gone away is no reason to panic.

use std::io::{Write, stderr, stdout};

use serde::Serialize;

/// Writes text to stdout, and a line end if it has none.
pub(super) fn print(text: &str) {
    let mut out = stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    // Nobody is left to tell when it fails.
    let _ = write!(out, "{text}{end}").and_then(|()| out.flush());
}

/// Writes one JSON object to stdout.
///
/// # Errors
/// When the value has no JSON form.
pub(super) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&serde_json::to_string(value)?);
    Ok(())
}

/// Writes a line for people to stderr: progress, questions.
pub(super) fn note(text: &str) {
    let _ = writeln!(stderr().lock(), "{text}");
}

/// Writes an error to stderr.
pub(super) fn error(sentence: &str) {
    note(&format!("error: {sentence}"));
}
