//! `cairn health`: whether a node works, for what watches over it.

use anyhow::Result;
use clap::Args;

use super::{output, wallet::NodeUrl};
use crate::client::Client;

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 the node answers and is not stopping, 1 it does not, 64 wrong use\n\n\
                        Examples:\n  cairn health\n  cairn health --node http://127.0.0.1:5001\n  \
                        cairn health --node https://127.0.0.1:5000 --tls-ca /srv/club/tls/cert.pem"
)]
pub(super) struct HealthArgs {
    #[command(flatten)]
    node: NodeUrl,
}

/// Asks the node, and says that it works.
///
/// # Errors
/// One sentence about why it does not, or not as a node of Cairn.
pub(super) fn run(args: &HealthArgs) -> Result<()> {
    let client = args.node.connect(Client::new)?;
    client.healthy()?;
    output::print("healthy");
    Ok(())
}
