//! `cairn wallet send`, and the transfer that `sign` makes offline.

use std::{
    io::{IsTerminal as _, stdin},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow, bail};
use clap::Args;
use serde::Serialize;
use shared::{
    amount::Amount,
    api::{Standing, TransferJson},
    hash::Hash,
    key::PublicKey,
    params::Network,
    transaction::{Memo, SignedTransfer, Transfer},
};

use super::{Common, NodeUrl, open, open::OpenAccount};
use crate::{
    cli::{WrongUse, output},
    client::Client,
};

/// How often the node is asked while waiting.
const POLL: Duration = Duration::from_millis(250);

/// What a transfer says.
#[derive(Debug, Args)]
pub(super) struct TransferArgs {
    /// Who is paid
    #[arg(long, value_name = "ADDRESS")]
    pub(super) to: Option<String>,
    /// How many coins
    #[arg(long, value_name = "COINS")]
    pub(super) amount: Option<String>,
    /// How many coins the miner gets [default: what the node advises; with `sign` 0]
    #[arg(long, value_name = "COINS")]
    fee: Option<String>,
    /// A public text of at most 64 bytes
    #[arg(long, value_name = "TEXT", default_value = "")]
    memo: String,
    /// The last height at which it may be mined; 0 for no limit
    #[arg(long, value_name = "HEIGHT", default_value_t = 0)]
    valid_until: u64,
    /// How many of the account's transfers come before it [default: the node is asked; `sign` asks nobody, and needs it]
    #[arg(long, value_name = "N")]
    pub(super) nonce: Option<u64>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cairn wallet send --to dev1… --amount 1.5\n  \
                        cairn wallet send --to dev1… --amount 1.5 --fee 0.0001 --memo lunch --wait\n  \
                        cairn wallet send --to dev1… --amount 1.5 --password-file P --json")]
pub(in crate::cli) struct SendArgs {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    node: NodeUrl,
    #[command(flatten)]
    transfer: TransferArgs,
    /// Waits until the transfer is in a block
    #[arg(long)]
    wait: bool,
    /// How many seconds to wait at most
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    timeout: u64,
    /// Does not ask before sending. Without a terminal, and with --json, nobody is asked either
    #[arg(long, short)]
    yes: bool,
}

/// The parts of a transfer that do not need a node.
struct Order {
    recipient: PublicKey,
    amount: Amount,
    fee: Option<Amount>,
    memo: Memo,
}

/// What is told of a transfer that was sent.
#[derive(Debug, Serialize)]
struct Sent {
    id: Hash,
    address: String,
    path: String,
    to: String,
    amount: Amount,
    fee: Amount,
    nonce: u64,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u64>,
}

impl TransferArgs {
    fn order(&self, network: &Network) -> Result<Order> {
        let wrong = |option: &str, reason: &dyn std::fmt::Display| WrongUse(format!("--{option}: {reason}"));
        let to = self
            .to
            .as_deref()
            .ok_or_else(|| wrong("to", &"who is paid? give an address"))?;
        let amount = self
            .amount
            .as_deref()
            .ok_or_else(|| wrong("amount", &"how many coins?"))?;
        let amount = Amount::from_coins(amount).map_err(|error| wrong("amount", &error))?;
        if amount == Amount::ZERO {
            return Err(wrong("amount", &"a transfer moves at least 0.00000001").into());
        }
        let fee = self.fee.as_deref().map(Amount::from_coins).transpose();
        Ok(Order {
            recipient: network.parse_address(to).map_err(|error| wrong("to", &error))?,
            amount,
            fee: fee.map_err(|error| wrong("fee", &error))?,
            memo: Memo::new(&self.memo).map_err(|error| wrong("memo", &error))?,
        })
    }

    /// Signs without a network.
    ///
    /// # Errors
    /// When a value is missing or out of range, or the wallet does not open.
    pub(super) fn sign_offline(&self, common: &Common) -> Result<TransferJson> {
        let network = common.network()?;
        let order = self.order(&network)?;
        let nonce = self.nonce.ok_or_else(|| {
            WrongUse(
                "--nonce: how many of the account's transfers come before it? `cairn wallet balance` tells".to_owned(),
            )
        })?;
        let account = open::open_account(common, &network)?;
        let fee = order.fee.unwrap_or(Amount::ZERO);
        let signed = self.sign(&network, &account, order, fee, nonce)?;
        Ok(TransferJson::new(&network.parameters().prefix, &signed))
    }

    fn sign(
        &self,
        network: &Network,
        account: &OpenAccount,
        order: Order,
        fee: Amount,
        nonce: u64,
    ) -> Result<SignedTransfer> {
        let transfer = Transfer {
            sender: account.key,
            recipient: order.recipient,
            amount: order.amount,
            fee,
            nonce,
            valid_until: self.valid_until,
            memo: order.memo,
        };
        if transfer.total().is_none() {
            return Err(WrongUse("--amount and --fee together are too large".to_owned()).into());
        }
        Ok(transfer.sign(&network.genesis_hash(), &account.secret))
    }
}

/// Sends coins.
///
/// # Errors
/// When the wallet does not open, the node is on another chain, or refuses the transfer.
pub(super) fn send(args: &SendArgs) -> Result<()> {
    let network = args.common.network()?;
    let order = args.transfer.order(&network)?;
    let client = args.node.client()?;
    // Before the password is asked for, so that nothing is signed for another chain.
    client.status(&network)?;
    let account = open::open_account(&args.common, &network)?;
    let fee = match order.fee {
        Some(fee) => fee,
        None => {
            let fees = client.fees()?;
            let advised = fees.estimates.first().map_or(fees.minimum, |estimate| estimate.fee);
            // Estimates are for a transfer without memo, and fees are by length.
            let length = (Transfer::MIN_LEN + 64) as u64;
            let units = advised
                .units()
                .saturating_mul(length + order.memo.as_str().len() as u64)
                .div_ceil(length);
            Amount::from_units(units)
        }
    };
    let nonce = match args.transfer.nonce {
        Some(nonce) => nonce,
        None => client.account(&network, &account.key)?.answer.pending.next_nonce,
    };
    let signed = args.transfer.sign(&network, &account, order, fee, nonce)?;
    if !args.yes && !args.common.json && stdin().is_terminal() && !is_confirmed(&network, &signed.transfer)? {
        bail!("nothing was sent");
    }
    let transfer = TransferJson::new(&network.parameters().prefix, &signed);
    let id = signed.id();
    let accepted = client.submit(&transfer)?;
    if accepted.id != id {
        bail!(
            "the node took a transfer {} for the one sent, which is {id}",
            accepted.id
        );
    }
    let mut sent = Sent {
        id,
        address: account.address,
        path: account.path.to_string(),
        to: transfer.recipient_address,
        amount: transfer.amount,
        fee,
        nonce,
        state: "pending",
        height: None,
    };
    if !args.common.json {
        output::print(&format!("Sent {id}\n{}", accepted.message));
    }
    if args.wait {
        let height = wait(&client, &id, Duration::from_secs(args.timeout))?;
        (sent.state, sent.height) = ("mined", Some(height));
        if !args.common.json {
            output::print(&format!("In block {height}"));
        }
    }
    if args.common.json {
        output::print_json(&sent)?;
    }
    Ok(())
}

/// Shows what the signed bytes say, and asks.
fn is_confirmed(network: &Network, transfer: &Transfer) -> Result<bool> {
    let symbol = &network.parameters().symbol;
    output::note(&format!("To      {}", network.address(&transfer.recipient)));
    output::note(&format!("Amount  {} {symbol}", transfer.amount));
    output::note(&format!("Fee     {} {symbol}", transfer.fee));
    output::note(&format!("Nonce   {}", transfer.nonce));
    if !transfer.memo.as_str().is_empty() {
        // Quoted, so that no control character reaches the terminal.
        output::note(&format!("Memo    {:?} (public)", transfer.memo));
    }
    if transfer.valid_until != 0 {
        output::note(&format!("Until   block {}", transfer.valid_until));
    }
    output::note(&format!("Network {}. Send it? [y/N]", network.name()));
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes"))
}

fn wait(client: &Client, id: &Hash, timeout: Duration) -> Result<u64> {
    let start = Instant::now();
    loop {
        match client.transaction(id)?.map(|transaction| transaction.standing) {
            Some(Standing::Mined { header, .. }) => return Ok(header.height),
            Some(Standing::Pending { .. }) if start.elapsed() < timeout => thread::sleep(POLL),
            Some(Standing::Pending { .. }) => {
                return Err(anyhow!(
                    "{id} is still pending after {} seconds: it was sent, and may yet be mined",
                    timeout.as_secs()
                ));
            }
            None => {
                return Err(anyhow!(
                    "the node no longer knows {id}: it was replaced, evicted, or has expired"
                ));
            }
        }
    }
}
