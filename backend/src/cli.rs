//! The command line: one binary for node, wallet and tools.
//!
//! Results go to stdout, errors to stderr as one sentence. Exit codes: 0 done, 1 refused or failed, 64 wrong use;
//! of `cairn light` also 2 the node lied, 3 no node answers.

mod chain;
mod files;
mod health;
mod init;
mod light;
mod logging;
mod node;
mod output;
mod simulate;
mod up;
mod wallet;

use std::{ffi::OsString, process::ExitCode};

use clap::{Parser, Subcommand, error::ErrorKind};

use crate::light::Failure;

/// The exit code of wrong use (`EX_USAGE` of sysexits.h).
const WRONG_USE: u8 = 64;

#[derive(Debug, Parser)]
#[command(
    name = "cairn",
    version,
    about = "A ledger that you run yourself, with a wallet that cannot be lied to",
    after_help = "Examples:\n  cairn node                                    a node with the wallet page on http://127.0.0.1:5000\n  \
                  cairn up --nodes 3                            a network of three nodes in one program\n  \
                  cairn wallet new                              a new wallet, its phrase shown once\n  \
                  cairn wallet send --to dev1… --amount 1.5     a payment\n  \
                  cairn init --name club --out club.toml        a network of one's own"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a node with the wallet page.
    Node(node::NodeArgs),
    /// Runs a whole network on this machine, for teaching and trying
    Up(up::UpArgs),
    /// Writes the file of a new network.
    Init(init::InitArgs),
    /// A wallet on the command line, on the same encrypted file as the page's backup.
    #[command(subcommand)]
    Wallet(wallet::WalletCommand),
    /// Asks a node, and answers only what it proves.
    Light(light::LightArgs),
    /// Asks a node whether it works.
    Health(health::HealthArgs),
    /// Checks or moves a data folder.
    #[command(subcommand)]
    Chain(chain::ChainCommand),
    /// Runs a network of many nodes in virtual time, from one seed.
    Simulate(simulate::SimulateArgs),
}

/// The command was used wrongly: exit code 64.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WrongUse(String);

/// Runs the command that `arguments` spell, the program's name being the first of them.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return report_usage(&error),
    };
    let result = match cli.command {
        Command::Node(args) => node::run(args),
        Command::Up(args) => up::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Wallet(command) => wallet::run(command),
        Command::Light(args) => light::run(&args),
        Command::Health(args) => health::run(&args),
        Command::Chain(command) => chain::run(command),
        Command::Simulate(args) => simulate::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::error(&one_line(&format!("{error:#}")));
            if let Some(failure) = error.downcast_ref::<Failure>() {
                return failure.exit_code();
            }
            match error.downcast_ref::<WrongUse>() {
                Some(_) => ExitCode::from(WRONG_USE),
                None => ExitCode::FAILURE,
            }
        }
    }
}

/// Help and version go to stdout; anything else is wrong use, said in one sentence.
fn report_usage(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            output::print(&error.render().to_string());
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            output::error("a command is missing: see `cairn --help`, or `cairn COMMAND --help`");
            ExitCode::from(WRONG_USE)
        }
        _ => {
            let text = error.render().to_string();
            let sentence: Vec<&str> = text
                .lines()
                .map(str::trim)
                .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
                .filter(|line| !line.is_empty())
                .collect();
            let sentence = sentence.join(" ");
            output::error(sentence.strip_prefix("error: ").unwrap_or(&sentence));
            ExitCode::from(WRONG_USE)
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }
}
