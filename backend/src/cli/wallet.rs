//! `cairn wallet`: keys in an encrypted file, which is also the page's backup.

mod account;
mod create;
mod message;
mod open;
mod secrets;
mod transfer;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use shared::params::Network;

use super::{WrongUse, files};
use crate::{client::Client, networks};

#[derive(Debug, Subcommand)]
#[command(
    after_help = "Passwords and phrases are asked for, or read from the files that --password-file and --phrase-file name; \
                        they are never arguments."
)]
pub(super) enum WalletCommand {
    /// Makes a new wallet and shows its phrase once
    New(create::NewArgs),
    /// Makes the wallet of a phrase
    Restore(create::RestoreArgs),
    /// Shows an account's address
    Address(account::AddressArgs),
    /// Asks a node for an account's balance, and verifies the proof
    Balance(account::BalanceArgs),
    /// Pays
    Send(transfer::SendArgs),
    /// Signs a transfer without a network, or a message
    Sign(message::SignArgs),
    /// Verifies a signed message or a signed transfer
    Verify(message::VerifyArgs),
    /// Copies the encrypted wallet, or writes down its phrase
    Export(create::ExportArgs),
}

/// Runs a wallet command.
///
/// # Errors
/// One sentence about what stands in the way.
pub(super) fn run(command: WalletCommand) -> Result<()> {
    match command {
        WalletCommand::New(args) => create::new(&args),
        WalletCommand::Restore(args) => create::restore(&args),
        WalletCommand::Address(args) => account::address(&args),
        WalletCommand::Balance(args) => account::balance(&args),
        WalletCommand::Send(args) => transfer::send(&args),
        WalletCommand::Sign(args) => message::sign(&args),
        WalletCommand::Verify(args) => message::verify(&args),
        WalletCommand::Export(args) => create::export(&args),
    }
}

/// What most wallet commands take.
#[derive(Debug, Args)]
struct Common {
    /// The network: dev, class, or the path of a network file
    #[arg(long, default_value = "dev")]
    network: String,
    /// The encrypted wallet [default: wallet.cairn under ~/.local/share/cairn]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Reads the password from a file instead of asking
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The account: the last step of the path m/44'/7331'/N'
    #[arg(long, value_name = "N", default_value_t = 0)]
    account: u32,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Common {
    fn network(&self) -> Result<Network> {
        networks::load(&self.network)
    }

    fn file(&self) -> Result<PathBuf> {
        match &self.file {
            Some(file) => Ok(file.clone()),
            None => Ok(files::data_home()?.join("wallet.cairn")),
        }
    }
}

/// Where the node is.
#[derive(Debug, Args)]
pub(super) struct NodeUrl {
    /// The node
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:5000", global = true)]
    node: String,
    /// Trusts the certificates in this file (PEM) too, for a node on https: for a self-signed one its own tls/cert.pem
    #[arg(long, value_name = "FILE", global = true)]
    tls_ca: Option<PathBuf>,
}

impl NodeUrl {
    /// A client of the node.
    ///
    /// # Errors
    /// When the address is none, or the file holds no certificate.
    fn client(&self) -> Result<Client> {
        self.connect(Client::new)
    }

    /// What `connect` makes of the node's address, and of the text that --tls-ca names.
    ///
    /// # Errors
    /// As [`NodeUrl::client`].
    pub(super) fn connect<T>(&self, connect: impl FnOnce(&str, Option<&[u8]>) -> Result<T>) -> Result<T> {
        let Some(file) = &self.tls_ca else {
            return connect(&self.node, None);
        };
        if !self.node.starts_with("https://") {
            let reason = format!("--tls-ca is for a node on https://, and --node is {}", self.node);
            return Err(WrongUse(reason).into());
        }
        let pem = files::read(file, 1 << 20)?;
        connect(&self.node, Some(&pem)).with_context(|| format!("--tls-ca {}", file.display()))
    }
}
