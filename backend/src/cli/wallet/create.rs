//! `cairn wallet new`, `restore` and `export`.

use std::{
    io::{IsTerminal as _, Write as _, stdout},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use serde::Serialize;
use shared::{
    phrase::{Passphrase, Phrase},
    vault::{self, AccountName, Contents, KdfParams, NONCE_LEN, SALT_LEN},
};
use zeroize::Zeroizing;

use super::{Common, open, secrets};
use crate::{
    cli::{WrongUse, files, output},
    clock::{Clock as _, SystemClock},
};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cairn wallet new\n  cairn wallet new --file savings.cairn --words 24\n  \
                        cairn wallet new --password-file P --phrase-out phrase.txt --json"
)]
pub(in crate::cli) struct NewArgs {
    #[command(flatten)]
    common: Common,
    /// How many words the phrase has: 12 or 24
    #[arg(long, value_name = "N", default_value_t = 12)]
    words: u8,
    /// Writes the phrase into a new file that only you can read, instead of showing it
    #[arg(long, value_name = "FILE")]
    phrase_out: Option<PathBuf>,
    /// Reads a BIP-39 passphrase from a file; whoever restores the wallet needs it as well
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cairn wallet restore\n  \
                        cairn wallet restore --phrase-file phrase.txt --password-file P --json")]
pub(in crate::cli) struct RestoreArgs {
    #[command(flatten)]
    common: Common,
    /// Reads the phrase from a file instead of asking
    #[arg(long, value_name = "FILE")]
    phrase_file: Option<PathBuf>,
    /// Reads the phrase's BIP-39 passphrase from a file
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cairn wallet export --out backup.cairn\n  \
                        cairn wallet export --phrase-out phrase.txt")]
pub(in crate::cli) struct ExportArgs {
    #[command(flatten)]
    common: Common,
    /// Copies the encrypted wallet into this new file [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Writes the phrase, unencrypted, into a new file that only you can read
    #[arg(long, value_name = "FILE")]
    phrase_out: Option<PathBuf>,
}

/// What is told of a wallet that was written.
#[derive(Debug, Serialize)]
struct Written {
    address: String,
    path: String,
    account: u32,
    network: String,
    file: PathBuf,
    words: usize,
}

/// Makes a new wallet.
///
/// # Errors
/// When the file exists or cannot be written, or there is no way to hand over the phrase.
pub(super) fn new(args: &NewArgs) -> Result<()> {
    let entropy_len = match args.words {
        12 => 16,
        24 => 32,
        other => return Err(WrongUse(format!("--words {other}: a phrase has 12 or 24 words")).into()),
    };
    let file = args.common.file()?;
    refuse_existing(&file)?;
    let is_shown = !args.common.json && args.phrase_out.is_none();
    if is_shown && !stdout().is_terminal() {
        return Err(WrongUse(
            "the phrase is shown on a terminal alone, and this is none: use --phrase-out FILE, or --json to keep it in \
             the encrypted file only"
                .to_owned(),
        )
        .into());
    }
    let passphrase = secrets::passphrase(args.passphrase_file.as_deref())?;
    let password = secrets::new_password(args.common.password_file.as_deref())?;
    let mut entropy = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *entropy).map_err(no_randomness)?;
    let phrase = Phrase::from_entropy(&entropy[..entropy_len])?;
    if let Some(out) = &args.phrase_out {
        write_phrase(out, &phrase)?;
    }
    let written = write_wallet(&args.common, &phrase, passphrase, &password)?;
    if is_shown {
        output::print("Write these words down, in this order, and keep them where nobody else looks.");
        output::print("Whoever has them has the coins; without them and the password nobody has.\n");
        for (place, word) in phrase.words().enumerate() {
            output::print(&format!("  {:>2}. {word}", place + 1));
        }
        output::print("");
    }
    tell(&args.common, &written)
}

/// Makes the wallet of a phrase.
///
/// # Errors
/// When the phrase is none, or the file exists or cannot be written.
pub(super) fn restore(args: &RestoreArgs) -> Result<()> {
    refuse_existing(&args.common.file()?)?;
    let phrase = secrets::phrase(args.phrase_file.as_deref())?;
    let passphrase = secrets::passphrase(args.passphrase_file.as_deref())?;
    let password = secrets::new_password(args.common.password_file.as_deref())?;
    let written = write_wallet(&args.common, &phrase, passphrase, &password)?;
    tell(&args.common, &written)
}

/// Copies the encrypted wallet, or writes down its phrase.
///
/// # Errors
/// When the wallet does not open, or the copy exists or cannot be written.
pub(super) fn export(args: &ExportArgs) -> Result<()> {
    #[derive(Serialize)]
    struct Exported<'a> {
        file: Option<&'a Path>,
        phrase_file: Option<&'a Path>,
        bytes: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        vault: Option<String>,
    }
    let file = args.common.file()?;
    let sealed = open::read_sealed(&file)?;
    // A copy is worth what it opens: where the password is at hand, that is tried.
    if args.phrase_out.is_some() || args.common.password_file.is_some() {
        let password = secrets::password(args.common.password_file.as_deref())?;
        let contents = open::open(&file, &sealed, &password)?;
        if let Some(out) = &args.phrase_out {
            write_phrase(out, contents.phrase())?;
        }
    }
    if let Some(out) = &args.out {
        files::create(out, &sealed, files::Readers::Owner)?;
    }
    if args.common.json {
        let is_told = args.out.is_none() && args.phrase_out.is_none();
        return output::print_json(&Exported {
            file: args.out.as_deref(),
            phrase_file: args.phrase_out.as_deref(),
            bytes: sealed.len(),
            vault: is_told.then(|| hex::encode(&*sealed)),
        });
    }
    for out in args.out.iter().chain(&args.phrase_out) {
        output::print(&format!("{} is written.", out.display()));
    }
    if args.out.is_none() && args.phrase_out.is_none() {
        if stdout().is_terminal() {
            return Err(WrongUse("where to? name a file with --out or --phrase-out".to_owned()).into());
        }
        stdout()
            .write_all(&sealed)
            .context("the wallet could not be written to standard output")?;
    }
    Ok(())
}

fn refuse_existing(file: &Path) -> Result<()> {
    if file.symlink_metadata().is_ok() {
        return Err(anyhow!(
            "{} exists already, and is not overwritten: choose another with --file",
            file.display()
        ));
    }
    Ok(())
}

fn write_phrase(out: &Path, phrase: &Phrase) -> Result<()> {
    let mut text = phrase.to_text();
    // It has room for 24 words of nine letters.
    text.push('\n');
    files::create(out, text.as_bytes(), files::Readers::Owner)
}

fn write_wallet(common: &Common, phrase: &Phrase, passphrase: Passphrase, password: &str) -> Result<Written> {
    let network = common.network()?;
    let file = common.file()?;
    let name = AccountName::new("Account 1")?;
    let contents = Contents::new(phrase.clone(), passphrase, SystemClock.now_ms(), name);
    let account = open::account(&contents, &network, common.account)?;
    let (mut salt, mut nonce) = ([0; SALT_LEN], [0; NONCE_LEN]);
    getrandom::fill(&mut salt).map_err(no_randomness)?;
    getrandom::fill(&mut nonce).map_err(no_randomness)?;
    let sealed = vault::seal(password, KdfParams::DEFAULT, salt, nonce, &contents)?;
    files::create(&file, &sealed, files::Readers::Owner)?;
    Ok(Written {
        address: account.address,
        path: account.path.to_string(),
        account: common.account,
        network: network.name().to_owned(),
        file,
        words: phrase.word_count(),
    })
}

fn no_randomness(error: getrandom::Error) -> anyhow::Error {
    anyhow!("the system gives no randomness: {error}")
}

fn tell(common: &Common, written: &Written) -> Result<()> {
    if common.json {
        return output::print_json(written);
    }
    output::print(&format!("Address {}", written.address));
    output::print(&format!("Path    {}", written.path));
    output::print(&format!("Wallet  {} (encrypted)", written.file.display()));
    Ok(())
}
