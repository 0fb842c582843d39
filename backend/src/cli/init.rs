//! `cairn init`: a network file of one's own.

use std::{fmt::Write as _, path::PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use serde::Serialize;
use shared::{amount::Amount, hash::Hash};

use super::{WrongUse, files, output};
use crate::{
    clock::{Clock as _, SystemClock},
    networks,
};

/// How the target of a block is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DifficultyKind {
    /// Always the same: for development.
    Fixed,
    /// Follows the clock: for a network that several mine.
    Asert,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cairn init --name club --out club.toml\n  \
                        cairn init --name lesson --prefix les --symbol PEBBLE --interval 3 --out lesson.toml\n  \
                        cairn node --network club.toml")]
pub(super) struct InitArgs {
    /// The network's name: a-z, 0-9 and -
    #[arg(long)]
    name: String,
    /// What a coin is called: A-Z and 0-9
    #[arg(long, default_value = "STONE")]
    symbol: String,
    /// What addresses begin with: a-z and 0-9 [default: the name's letters and digits, from the first letter on]
    #[arg(long)]
    prefix: Option<String>,
    /// Coins in each block of the first era
    #[arg(long, value_name = "COINS", default_value = "50")]
    subsidy: String,
    /// After how many blocks the subsidy halves; 0: never
    #[arg(long, value_name = "BLOCKS", default_value_t = 6_307_200)]
    halving: u64,
    /// Seconds that a block should take
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    interval: u64,
    /// How the target of a block is found
    #[arg(long, value_name = "KIND", default_value = "asert")]
    difficulty: DifficultyKind,
    /// The first and easiest target, in compact form
    #[arg(long, value_name = "BITS", default_value = "0x1e00ffff")]
    bits: String,
    /// Seconds behind schedule that double the target
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    half_life: u64,
    /// The genesis block's time, in milliseconds since 1970 [default: now]
    #[arg(long, value_name = "MS")]
    genesis_time: Option<u64>,
    /// Coins that exist from the start (repeatable)
    #[arg(long = "allocate", value_name = "ADDRESS=COINS")]
    allocations: Vec<String>,
    /// The file to write; an existing one is never overwritten [default: NAME.toml]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Written {
    file: PathBuf,
    name: String,
    genesis_hash: Hash,
}

/// Writes the file.
///
/// # Errors
/// When a value is out of range, or the file exists.
pub(super) fn run(args: &InitArgs) -> Result<()> {
    let text = file_text(args)?;
    let network = networks::parse("the network", &text).map_err(|error| WrongUse(format!("{error:#}")))?;
    let file = args.out.clone().unwrap_or_else(|| format!("{}.toml", args.name).into());
    files::create(&file, text.as_bytes(), files::Readers::Usual)?;
    let written = Written {
        file,
        name: args.name.clone(),
        genesis_hash: network.genesis_hash(),
    };
    if args.json {
        return output::print_json(&written);
    }
    let file = written.file.display();
    output::print(&format!(
        "{file} holds the network {}.\nGenesis {}\nRun it with: cairn node --network {file}",
        written.name, written.genesis_hash
    ));
    Ok(())
}

fn file_text(args: &InitArgs) -> Result<String> {
    let wrong = |option: &str, reason: &dyn std::fmt::Display| WrongUse(format!("--{option}: {reason}"));
    let subsidy = Amount::from_coins(&args.subsidy).map_err(|error| wrong("subsidy", &error))?;
    let bits = match args.bits.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => args.bits.parse(),
    };
    let bits = bits.map_err(|_| wrong("bits", &"a compact target is written such as 0x1e00ffff"))?;
    let milliseconds = |option: &str, seconds: u64| {
        seconds
            .checked_mul(1000)
            .ok_or_else(|| wrong(option, &format!("{seconds} seconds are too many")))
    };
    let prefix = args.prefix.clone().unwrap_or_else(|| {
        let plain = args.name.to_ascii_lowercase();
        let letters = plain.chars().filter(char::is_ascii_alphanumeric);
        letters.skip_while(char::is_ascii_digit).take(16).collect()
    });
    let time = args.genesis_time.unwrap_or_else(|| SystemClock.now_ms());
    let difficulty = match args.difficulty {
        DifficultyKind::Fixed => format!("kind = \"fixed\"\nbits = 0x{bits:08x}\n"),
        DifficultyKind::Asert => format!(
            "kind = \"asert\"\nbits = 0x{bits:08x}\nhalf_life_ms = {}\n",
            milliseconds("half-life", args.half_life)?
        ),
    };
    let mut text = format!(
        "# A network of Cairn. Every value is part of its identity: whoever changes one is on another chain.\n\n\
         name = {:?}\nsymbol = {:?}\nprefix = {prefix:?}\n\n\
         # New base units in each block (10^8 to the coin), and after how many blocks they halve (0: never).\n\
         subsidy = \"{}\"\nhalving_interval = {}\n\n\
         # Milliseconds.\n\
         interval_ms = {}\nmax_future_ms = 60000\ngenesis_time_ms = {time}\n\n\
         max_block_bytes = 1048576\nmax_block_transfers = 4096\nmax_reorg_depth = 1000\n\n\
         [difficulty]\n{difficulty}",
        args.name,
        args.symbol,
        subsidy.units(),
        args.halving,
        milliseconds("interval", args.interval)?,
    );
    for allocation in &args.allocations {
        let (address, coins) = allocation
            .split_once('=')
            .ok_or_else(|| wrong("allocate", &format!("{allocation} is not ADDRESS=COINS")))?;
        let amount = Amount::from_coins(coins).map_err(|error| wrong("allocate", &error))?;
        write!(
            text,
            "\n[[allocations]]\naddress = {address:?}\namount = \"{}\"\n",
            amount.units()
        )
        .context("memory is at an end")?;
    }
    Ok(text)
}
