//! `cairn wallet address` and `balance`.

use anyhow::Result;
use clap::Args;
use serde::Serialize;
use shared::{amount::Amount, api::PendingChange, hash::Hash, key::PublicKey, params::Network};

use super::{Common, NodeUrl, open};
use crate::cli::{WrongUse, output};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cairn wallet address --account 1")]
pub(in crate::cli) struct AddressArgs {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cairn wallet balance\n  cairn wallet balance --address dev1… --json\n  \
                  cairn wallet balance --node https://192.168.1.5:5000 --tls-ca cert.pem"
)]
pub(in crate::cli) struct BalanceArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    node: NodeUrl,
    /// Anybody's address, instead of the wallet's own: then no password is needed
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
}

/// Shows an address.
///
/// # Errors
/// When the wallet does not open.
pub(super) fn address(args: &AddressArgs) -> Result<()> {
    #[derive(Serialize)]
    struct Told {
        address: String,
        path: String,
        account: u32,
        public_key: PublicKey,
        network: String,
    }
    let network = args.common.network()?;
    let account = open::open_account(&args.common, &network)?;
    if args.common.json {
        return output::print_json(&Told {
            address: account.address,
            path: account.path.to_string(),
            account: args.common.account,
            public_key: account.key,
            network: network.name().to_owned(),
        });
    }
    output::print(&account.address);
    Ok(())
}

/// Asks for a balance.
///
/// # Errors
/// When the wallet does not open, the node cannot be reached, or its proof does not hold.
pub(super) fn balance(args: &BalanceArgs) -> Result<()> {
    #[derive(Serialize)]
    struct Told {
        address: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        balance: Amount,
        nonce: u64,
        height: u64,
        tip_hash: Hash,
        pending: PendingChange,
    }
    let network = args.common.network()?;
    let client = args.node.client()?;
    let (key, path) = account_of(args, &network)?;
    client.status(&network)?;
    let proved = client.account(&network, &key)?;
    let told = Told {
        address: network.address(&key),
        path,
        balance: proved.account.balance,
        nonce: proved.account.nonce,
        height: proved.answer.header.height,
        tip_hash: proved.answer.header.hash,
        pending: proved.answer.pending,
    };
    if args.common.json {
        return output::print_json(&told);
    }
    let symbol = &network.parameters().symbol;
    output::print(&format!("{} {symbol} at height {}", told.balance, told.height));
    output::print(&format!("next nonce {}", told.pending.next_nonce));
    if told.pending.incoming != Amount::ZERO {
        output::print(&format!("+ {} {symbol} pending", told.pending.incoming));
    }
    if told.pending.outgoing != Amount::ZERO {
        output::print(&format!("- {} {symbol} pending", told.pending.outgoing));
    }
    Ok(())
}

fn account_of(args: &BalanceArgs, network: &Network) -> Result<(PublicKey, Option<String>)> {
    match &args.address {
        Some(text) => {
            let key = network
                .parse_address(text)
                .map_err(|error| WrongUse(format!("--address {text}: {error}")))?;
            Ok((key, None))
        }
        None => {
            let account = open::open_account(&args.common, network)?;
            Ok((account.key, Some(account.path.to_string())))
        }
    }
}
