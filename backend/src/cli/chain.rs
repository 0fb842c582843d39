//! `cairn chain`: checks a data folder, or moves its chain to another.

mod archive;
mod export;
mod import;
mod progress;
mod verify;

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use shared::{params::Network, rules::Tip};

use super::files;
use crate::{networks, store::Store};

#[derive(Debug, Subcommand)]
pub(super) enum ChainCommand {
    /// Verifies every block again from genesis, and compares accounts and indexes with what follows
    Verify(verify::VerifyArgs),
    /// Writes all blocks into a file, or to standard output
    Export(export::ExportArgs),
    /// Verifies the blocks of a file and adds them
    Import(import::ImportArgs),
}

/// Runs a chain command.
///
/// # Errors
/// One sentence about what stands in the way.
pub(super) fn run(command: ChainCommand) -> Result<()> {
    match command {
        ChainCommand::Verify(args) => verify::run(&args),
        ChainCommand::Export(args) => export::run(&args),
        ChainCommand::Import(args) => import::run(&args),
    }
}

/// Which data folder is meant.
#[derive(Debug, Args)]
struct Folder {
    /// The network: dev, class, or the path of a network file
    #[arg(long, default_value = "dev")]
    network: String,
    /// The data folder [default: a folder of the network's name under ~/.local/share/cairn]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Folder {
    fn network(&self) -> Result<Network> {
        networks::load(&self.network)
    }

    fn path(&self, network: &Network) -> Result<PathBuf> {
        match &self.data {
            Some(folder) => Ok(folder.clone()),
            None => Ok(files::data_home()?.join(network.name())),
        }
    }

    /// Opens a folder that holds a chain. No node may run on it meanwhile. One of an older format is left alone: who wants to
    /// look at it does not expect that the older program cannot any more.
    fn open(&self, network: &Network) -> Result<(Store, Tip)> {
        let folder = self.path(network)?;
        if is_empty(&folder) {
            return Err(anyhow!(
                "there is no chain in {}: name its folder with --data",
                folder.display()
            ));
        }
        if Store::is_outdated(&folder, network)? {
            return Err(anyhow!(
                "the data folder {} has an older format, and this command would have to change it for good: use the program that \
                 wrote it, or let `cairn node` bring it into the present format, or a copy of it, by starting once",
                folder.display()
            ));
        }
        Ok(Store::open(&folder, network)?)
    }
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}
