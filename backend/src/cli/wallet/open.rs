//! Opening the encrypted file.

use std::path::Path;

use anyhow::{Context as _, Result};
use shared::{
    key::{PublicKey, SecretKey},
    params::Network,
    slip10::{Path as KeyPath, account_key},
    vault::{self, Contents},
};
use zeroize::Zeroizing;

use super::{Common, secrets};
use crate::cli::{WrongUse, files};

/// An account of an opened wallet.
pub(super) struct OpenAccount {
    /// The key to sign with.
    pub(super) secret: SecretKey,
    /// Its public key.
    pub(super) key: PublicKey,
    /// Its address on the network.
    pub(super) address: String,
    /// Where it lies: `m/44'/7331'/0'`.
    pub(super) path: KeyPath,
}

/// Opens the wallet and derives the account that the arguments name.
///
/// # Errors
/// When the file cannot be read, the password is wrong, or the account cannot be.
pub(super) fn open_account(common: &Common, network: &Network) -> Result<OpenAccount> {
    let file = common.file()?;
    let sealed = read_sealed(&file)?;
    let password = secrets::password(common.password_file.as_deref())?;
    let contents = open(&file, &sealed, &password)?;
    account(&contents, network, common.account)
}

/// The bytes of an encrypted wallet.
///
/// # Errors
/// When the file cannot be read, or is no wallet.
pub(super) fn read_sealed(file: &Path) -> Result<Zeroizing<Vec<u8>>> {
    if !file.exists() {
        return Err(WrongUse(format!(
            "there is no wallet at {}: make one with `cairn wallet new`, or name another with --file",
            file.display()
        ))
        .into());
    }
    let sealed = files::read(file, vault::MAX_LEN as u64)?;
    // Before the password is asked for: it does not matter for a file that is damaged.
    vault::SealedVault::parse(&sealed).with_context(|| file.display().to_string())?;
    Ok(sealed)
}

/// The contents of an encrypted wallet.
///
/// # Errors
/// When the password is wrong or the wallet damaged.
pub(super) fn open(file: &Path, sealed: &[u8], password: &str) -> Result<Contents> {
    vault::open(sealed, password).with_context(|| file.display().to_string())
}

/// One account of a wallet's contents.
///
/// # Errors
/// When the index is out of range.
pub(super) fn account(contents: &Contents, network: &Network, index: u32) -> Result<OpenAccount> {
    let wrong = |error: shared::slip10::PathError| WrongUse(format!("--account {index}: {error}"));
    let path = KeyPath::account(index).map_err(wrong)?;
    let secret = account_key(&contents.phrase().seed(contents.passphrase()), index).map_err(wrong)?;
    let key = secret.public_key();
    Ok(OpenAccount {
        secret,
        key,
        address: network.address(&key),
        path,
    })
}
