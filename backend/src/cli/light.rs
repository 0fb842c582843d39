//! `cairn light`: what a node says, once it is proved.

use std::{fs, io::ErrorKind, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;
use shared::{
    amount::Amount,
    api::{Decimal, RewardJson, TransferJson},
    hash::Hash,
    key::PublicKey,
    light::{Contents, VerifiedTransaction},
};

use super::{
    WrongUse,
    files::{self, Readers},
    output,
    wallet::NodeUrl,
};
use crate::{
    clock::SystemClock,
    light::{Chain, Failure, Kept, Light, Records, Since},
};

/// The greatest file of `--state`.
const MAX_STATE: u64 = 1 << 20;
const DAY_S: u64 = 86_400;

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 verified, 2 the node lied, 3 no answer from a node, 1 failed, 64 wrong use\n\n\
                  Examples:\n  cairn light tip\n  cairn light balance dev1… --state light.state\n  \
                  cairn light transaction 2c9a… --node https://192.168.1.5:5000 --tls-ca cert.pem --json"
)]
pub(super) struct LightArgs {
    #[command(subcommand)]
    question: Question,
    /// The network: dev, class, the path of a network file, or the hash of a genesis block
    #[arg(long, default_value = "dev", global = true)]
    network: String,
    #[command(flatten)]
    node: NodeUrl,
    /// Keeps the newest verified header in this file: a chain with less work is refused from then on
    #[arg(long, value_name = "FILE", global = true)]
    state: Option<PathBuf>,
    /// How many seconds the node may take to prove its chain, and then to answer
    #[arg(long, value_name = "SECONDS", default_value_t = 30, global = true,
          value_parser = clap::value_parser!(u64).range(1..=3_600))]
    timeout: u64,
    /// Prints one JSON object, also of a lie
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Question {
    /// The newest block of the chain with the most work
    Tip,
    /// What an account has after the newest block
    Balance {
        /// Whose
        address: String,
    },
    /// A transaction in the chain: what it does, and how many blocks confirm it
    Transaction {
        /// Its id: 64 hex digits
        id: String,
    },
}

/// What every verified answer rests on.
#[derive(Debug, Serialize)]
struct Ground {
    network: String,
    genesis_hash: Hash,
    height: u64,
    tip_hash: Hash,
    work: Decimal,
    timestamp: u64,
    /// Seconds.
    age: u64,
    /// Whether the header that was kept is in the chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<&'static str>,
    headers_shown: usize,
    bytes: u64,
    verify_ms: f64,
}

#[derive(Debug, Serialize)]
struct Told<T> {
    #[serde(flatten)]
    answer: T,
    #[serde(flatten)]
    ground: Ground,
}

#[derive(Debug, Serialize)]
struct Balance {
    address: String,
    balance: Amount,
    nonce: u64,
}

#[derive(Debug, Serialize)]
struct Transaction {
    id: Hash,
    state: &'static str,
    confirmations: u64,
    block_height: u64,
    block_hash: Hash,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer: Option<TransferJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reward: Option<RewardJson>,
}

/// What is asked, once it could be read.
enum Asked {
    Tip,
    Balance(PublicKey),
    Transaction(Hash),
}

/// Asks, verifies and tells.
///
/// # Errors
/// [`Failure`], or one sentence about what stands in the way.
pub(super) fn run(args: &LightArgs) -> Result<()> {
    let result = ask(args);
    if args.json
        && let Err(error) = &result
        && let Some(failure) = error.downcast_ref::<Failure>()
    {
        output::print_json(&match failure {
            Failure::Lie { untruth, .. } => json!({ "lie": untruth.told() }),
            Failure::Unreachable(message) => json!({ "unreachable": { "message": message } }),
            Failure::Unverified { kind, message } => json!({ "unverified": { "kind": kind, "message": message } }),
        })?;
    }
    result
}

fn ask(args: &LightArgs) -> Result<()> {
    let chain = Chain::parse(&args.network)?;
    // What is wrong without a node is said without one.
    let asked = match &chain {
        Chain::Network(network) => Some(args.question.read(|text| network.parse_address(text))?),
        Chain::Genesis(_) => None,
    };
    let kept = args.state.as_deref().map(read_state).transpose()?.unwrap_or_default();
    let timeout = Duration::from_secs(args.timeout);
    let mut light = args
        .node
        .connect(|url, ca| Light::open(url, ca, &chain, SystemClock, timeout, kept.of(&chain.genesis_hash())))?;
    keep(args, light.kept())?;
    let asked = match asked {
        Some(asked) => asked,
        None => args.question.read(|text| light.network().parse_address(text))?,
    };
    let told = tell(args, &mut light, &asked);
    // The answer may be a lie where the chain is proved nevertheless.
    keep(args, light.kept())?;
    told
}

impl Question {
    fn read<E: std::fmt::Display>(&self, parse: impl FnOnce(&str) -> Result<PublicKey, E>) -> Result<Asked, WrongUse> {
        match self {
            Self::Tip => Ok(Asked::Tip),
            Self::Balance { address } => parse(address)
                .map(Asked::Balance)
                .map_err(|error| WrongUse(format!("{address}: {error}"))),
            Self::Transaction { id } => id
                .parse()
                .map(Asked::Transaction)
                .map_err(|_| WrongUse(format!("{id}: a transaction's id is 64 lower-case hex digits"))),
        }
    }
}

fn tell(args: &LightArgs, light: &mut Light<SystemClock>, asked: &Asked) -> Result<()> {
    let symbol = light.network().parameters().symbol.clone();
    match asked {
        Asked::Tip => {
            light.tip()?;
            let work = Decimal(light.client().tip().work());
            answer(args, light, json!({}), &format!("{} of work", work.0))
        }
        Asked::Balance(key) => {
            let account = light.account(key)?.account;
            let told = Balance {
                address: light.network().address(key),
                balance: account.balance,
                nonce: account.nonce,
            };
            let text = format!("{} {symbol}\nnext nonce {}", told.balance, told.nonce);
            answer(args, light, told, &text)
        }
        Asked::Transaction(id) => {
            let verified = light.transaction(id)?;
            let told = transaction(light, id, &verified);
            let text = describe(&told, &symbol);
            answer(args, light, told, &text)
        }
    }
}

fn transaction(light: &Light<SystemClock>, id: &Hash, verified: &VerifiedTransaction) -> Transaction {
    let prefix = &light.network().parameters().prefix;
    let height = verified.header.height;
    let (transfer, reward) = match &verified.contents {
        Contents::Transfer(signed) => (Some(TransferJson::with_id(prefix, signed, *id)), None),
        Contents::Reward(reward) => (None, Some(RewardJson::new(prefix, reward, height))),
    };
    Transaction {
        id: *id,
        state: "mined",
        confirmations: verified.confirmations,
        block_height: height,
        block_hash: verified.block_hash,
        transfer,
        reward,
    }
}

fn describe(told: &Transaction, symbol: &str) -> String {
    let what = match (&told.transfer, &told.reward) {
        (Some(transfer), _) => format!(
            "{} {symbol} from {} to {}, fee {}{}",
            transfer.amount,
            transfer.sender_address,
            transfer.recipient_address,
            transfer.fee,
            if transfer.memo.as_str().is_empty() {
                String::new()
            } else {
                format!(", memo {:?}", transfer.memo.as_str())
            }
        ),
        (_, Some(reward)) => format!("{} {symbol} to the miner {}", reward.amount, reward.recipient_address),
        _ => String::new(),
    };
    format!(
        "{what}\nin block {} {}, {} confirmation{}",
        told.block_height,
        told.block_hash,
        told.confirmations,
        if told.confirmations == 1 { "" } else { "s" }
    )
}

/// Tells an answer, and what it rests on.
fn answer(args: &LightArgs, light: &Light<SystemClock>, told: impl Serialize, text: &str) -> Result<()> {
    let (tip, figures) = (light.client().tip(), light.figures());
    let ground = Ground {
        network: light.network().name().to_owned(),
        genesis_hash: light.network().genesis_hash(),
        height: tip.height(),
        tip_hash: tip.hash(),
        work: Decimal(tip.work()),
        timestamp: tip.header().timestamp,
        age: light.tip_age_s(),
        since: light.since().map(|since| match since {
            Since::Unchanged => "unchanged",
            Since::Extended => "extended",
            Since::Reorganised => "reorganised",
        }),
        headers_shown: figures.headers_shown,
        bytes: figures.bytes,
        // Milliseconds with three digits.
        verify_ms: figures.verifying.as_micros() as f64 / 1_000.0,
    };
    if args.json {
        return output::print_json(&Told { answer: told, ground });
    }
    output::print(text);
    output::print(&format!("at height {}, block {}", ground.height, ground.tip_hash));
    output::print(&format!("the newest block is {} old", duration(ground.age)));
    if light.since() == Some(Since::Reorganised) {
        output::print("the block that was the newest last time is not in this chain any more: another took its place");
    }
    output::print(&format!(
        "verified in {} ms: {} of {} headers shown, {} bytes fetched",
        ground.verify_ms,
        ground.headers_shown,
        ground.height.saturating_add(1),
        ground.bytes
    ));
    Ok(())
}

fn duration(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / DAY_S, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// What the file keeps; nothing if there is none yet.
fn read_state(path: &std::path::Path) -> Result<Records> {
    let exists = path
        .try_exists()
        .with_context(|| format!("{} cannot be read", path.display()))?;
    if !exists {
        return Ok(Records::default());
    }
    let bytes = files::read(path, MAX_STATE)?;
    Records::parse(&bytes).with_context(|| {
        format!(
            "{} cannot be used; delete it, and no chain that was verified before is remembered",
            path.display()
        )
    })
}

/// Keeps the header, unless meanwhile another command kept one with more work.
fn keep(args: &LightArgs, kept: Kept) -> Result<()> {
    let Some(path) = args.state.as_deref() else {
        return Ok(());
    };
    let mut lock = path.as_os_str().to_owned();
    lock.push(".lock");
    let named = || format!("{} cannot be written", path.display());
    let lock = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&lock)
        .with_context(named)?;
    match lock.lock() {
        // Some file systems have no locks; what is written is whole even so.
        Err(error) if error.kind() != ErrorKind::Unsupported => return Err(error).with_context(named),
        _ => {}
    }
    let mut records = read_state(path)?;
    if records.keep(kept).with_context(named)? {
        files::replace(path, records.to_text().as_bytes(), Readers::Owner)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_their_unit() {
        for (seconds, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7_200, "2 hours"),
            (172_799, "47 hours"),
            (172_800, "2 days"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
