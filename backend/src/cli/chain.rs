//! `cairn chain`.
use anyhow::Result;
use clap::Subcommand;
#[derive(Debug, Subcommand)]
pub(super) enum ChainCommand {
    /// Verifies
    Verify,
}
pub(super) fn run(_command: ChainCommand) -> Result<()> {
    Ok(())
}
