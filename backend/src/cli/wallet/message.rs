//! `cairn wallet sign` and `verify`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use serde::Serialize;
use shared::{api::TransferJson, hash::Hash, key::Signature, message, params::Network};

use super::{Common, open, transfer::TransferArgs};
use crate::{
    cli::{WrongUse, files, output},
    networks,
};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cairn wallet sign --to dev1… --amount 1.5 --nonce 7 > transfer.json\n  \
                        curl -H 'content-type: application/json' -d @transfer.json http://127.0.0.1:5000/blockchain/transactions/new\n  \
                        cairn wallet sign --message 'It is I.'"
)]
pub(in crate::cli) struct SignArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    transfer: TransferArgs,
    /// Signs a text instead of a transfer
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["to", "amount", "nonce"])]
    message: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cairn wallet verify --message 'It is I.' --address dev1… --signature 5f0c…\n  \
                        cairn wallet verify --transfer transfer.json"
)]
pub(in crate::cli) struct VerifyArgs {
    /// The network: dev, class, or the path of a network file
    #[arg(long, default_value = "dev")]
    network: String,
    /// The text that was signed
    #[arg(long, value_name = "TEXT", requires_all = ["address", "signature"])]
    message: Option<String>,
    /// Who is said to have signed it
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
    /// The signature, in hex
    #[arg(long, value_name = "HEX")]
    signature: Option<String>,
    /// A file with the JSON of a signed transfer, instead of a text
    #[arg(long, value_name = "FILE", conflicts_with = "message")]
    transfer: Option<PathBuf>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

/// Signs a transfer or a text.
///
/// # Errors
/// When the wallet does not open, or a value is missing.
pub(super) fn sign(args: &SignArgs) -> Result<()> {
    #[derive(Serialize)]
    struct Signed<'a> {
        address: String,
        path: String,
        message: &'a str,
        signature: Signature,
    }
    let Some(text) = &args.message else {
        return output::print_json(&args.transfer.sign_offline(&args.common)?);
    };
    check_length(text)?;
    let network = args.common.network()?;
    let account = open::open_account(&args.common, &network)?;
    let signature = message::sign_message(&network.genesis_hash(), text, &account.secret);
    if args.common.json {
        return output::print_json(&Signed {
            address: account.address,
            path: account.path.to_string(),
            message: text,
            signature,
        });
    }
    output::print(&signature.to_string());
    Ok(())
}

/// Verifies a signed text or transfer. Exit code 1 says that it does not hold.
///
/// # Errors
/// When it does not hold, or a value is missing.
pub(super) fn verify(args: &VerifyArgs) -> Result<()> {
    #[derive(Serialize)]
    struct Verified {
        valid: bool,
        address: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<Hash>,
    }
    let network = networks::load(&args.network)?;
    let (address, id, verdict) = match (&args.message, &args.transfer) {
        (Some(text), _) => verify_message(args, &network, text)?,
        (None, Some(file)) => {
            let bytes = files::read(file, 64 * 1024)?;
            let transfer: TransferJson = serde_json::from_slice(&bytes)
                .with_context(|| format!("{} is not the JSON of a signed transfer", file.display()))?;
            let signed = transfer
                .to_signed(&network.parameters().prefix)
                .map_err(|(field, error)| anyhow!("{field}: {error}"))?;
            let id = signed.id();
            let verdict = signed.verify(&network.genesis_hash()).map(drop).map_err(Into::into);
            (transfer.sender_address, Some(id), verdict)
        }
        (None, None) => return Err(WrongUse("what is to be verified? give --message or --transfer".to_owned()).into()),
    };
    if args.json {
        output::print_json(&Verified {
            valid: verdict.is_ok(),
            address: address.clone(),
            id,
        })?;
    } else if verdict.is_ok() {
        output::print(&format!("Valid: signed by {address}"));
    }
    verdict
}

fn verify_message(args: &VerifyArgs, network: &Network, text: &str) -> Result<(String, Option<Hash>, Result<()>)> {
    check_length(text)?;
    let address = args.address.clone().unwrap_or_default();
    let key = network
        .parse_address(&address)
        .map_err(|error| WrongUse(format!("--address {address}: {error}")))?;
    let signature: Signature = args
        .signature
        .as_deref()
        .unwrap_or_default()
        .parse()
        .map_err(|error| WrongUse(format!("--signature: {error}")))?;
    let verdict = message::verify_message(&network.genesis_hash(), text, &key, &signature).map_err(|_| {
        anyhow!(
            "the signature is not one of {address} over this message on {}",
            network.name()
        )
    });
    Ok((address, None, verdict))
}

fn check_length(text: &str) -> Result<()> {
    if text.len() > message::MAX_LEN {
        let reason = format!(
            "--message: a message has at most {} bytes, and this one has {}",
            message::MAX_LEN,
            text.len()
        );
        return Err(WrongUse(reason).into());
    }
    Ok(())
}
