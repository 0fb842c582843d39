//! Passwords and phrases: from a prompt that does not show them, or from a file. Never from an argument.

use std::{
    io::{IsTerminal as _, stdin},
    path::Path,
};

use anyhow::{Context as _, Result, anyhow, bail};
use shared::{
    phrase::{Passphrase, Phrase, PhraseError},
    vault::MIN_PASSWORD_CHARS,
};
use zeroize::Zeroizing;

use crate::cli::{WrongUse, files};

/// The greatest length of a file with a secret.
const MAX_SECRET: u64 = 4096;

/// The password of a wallet that exists.
///
/// # Errors
/// When there is neither a file nor a terminal to ask on.
pub(super) fn password(file: Option<&Path>) -> Result<Zeroizing<String>> {
    match file {
        Some(file) => secret_file(file, "password"),
        None => ask("Password: ", "--password-file"),
    }
}

/// A password for a new wallet, asked for twice.
///
/// # Errors
/// When the two differ, it is too short, or there is nobody to ask.
pub(super) fn new_password(file: Option<&Path>) -> Result<Zeroizing<String>> {
    let password = password(file)?;
    if file.is_none() && *ask("Repeat password: ", "--password-file")? != *password {
        bail!("the two passwords differ: nothing was written");
    }
    let length = password.chars().count();
    if length < MIN_PASSWORD_CHARS {
        bail!(
            "the password has {length} characters, and a new one has at least {MIN_PASSWORD_CHARS}: nothing was written"
        );
    }
    Ok(password)
}

/// The phrase to restore.
///
/// # Errors
/// When it is not a phrase. What was typed is not repeated, for it may be most of a secret.
pub(super) fn phrase(file: Option<&Path>) -> Result<Phrase> {
    let text = match file {
        Some(file) => secret_file(file, "phrase")?,
        None => ask("Phrase (not shown): ", "--phrase-file")?,
    };
    Phrase::parse(&text).map_err(|error| match error {
        PhraseError::UnknownWord { position, .. } => {
            anyhow!("word {position} of the phrase is not in the list of BIP-39")
        }
        other => other.into(),
    })
}

/// The passphrase that goes with a phrase; empty unless a file is named.
///
/// # Errors
/// When the file cannot be read, or the passphrase is too long.
pub(super) fn passphrase(file: Option<&Path>) -> Result<Passphrase> {
    match file {
        Some(file) => Ok(Passphrase::new(&secret_file(file, "passphrase")?)?),
        None => Ok(Passphrase::default()),
    }
}

/// A file's text without the line end that editors put at its end.
fn secret_file(file: &Path, what: &str) -> Result<Zeroizing<String>> {
    let bytes = files::read(file, MAX_SECRET).with_context(|| format!("no {what}"))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| anyhow!("{} is not UTF-8 text", file.display()))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(Zeroizing::new(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

fn ask(question: &str, option: &str) -> Result<Zeroizing<String>> {
    if !stdin().is_terminal() {
        return Err(WrongUse(format!("there is no terminal to ask on: use {option} FILE")).into());
    }
    let answer = rpassword::prompt_password(question).context("the terminal cannot be read")?;
    Ok(Zeroizing::new(answer))
}
