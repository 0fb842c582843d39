//! `cairn chain import`.

use std::{
    fs::File,
    io::{BufReader, Read, stdin},
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use futures_util::{StreamExt as _, stream::FuturesOrdered};
use serde::Serialize;
use shared::{block::Block, hash::Hash};

use super::{Folder, archive::ArchiveReader, progress::Progress};
use crate::{
    cli::output,
    clock::SystemClock,
    node::{Config, Node, Placed},
};

/// How many blocks are on their way into the chain at once: they share durable commits.
const IN_FLIGHT: usize = 128;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cairn chain import --from dev.chain --data /srv/copy\n  \
                        cairn chain export | ssh elsewhere cairn chain import\n\n\
                        It may be ended and begun again: blocks that are there already are passed over.")]
pub(in crate::cli) struct ImportArgs {
    #[command(flatten)]
    folder: Folder,
    /// The file that `cairn chain export` wrote [default: standard input]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Imported {
    blocks: u64,
    added: u64,
    height: u64,
    tip_hash: Hash,
}

/// Adds the blocks of an archive.
///
/// # Errors
/// When the archive is damaged or breaks a rule. What was added before stays.
pub(super) fn run(args: &ImportArgs) -> Result<()> {
    let network = args.folder.network()?;
    let folder = args.folder.path(&network)?;
    let source: Box<dyn Read> = match &args.from {
        Some(path) => Box::new(File::open(path).with_context(|| format!("{} cannot be read", path.display()))?),
        None => Box::new(stdin().lock()),
    };
    let mut archive = ArchiveReader::new(BufReader::new(source), &network)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (node, running) = Node::start(network, Config::new(folder), Arc::new(SystemClock))?;
    let mut progress = Progress::new(args.folder.json);
    let result = runtime.block_on(add_all(&node, &mut archive, &mut progress));
    let imported = result.as_ref().ok().map(|added| Imported {
        blocks: progress.blocks(),
        added: *added,
        height: node.view().tip().height(),
        tip_hash: node.view().tip().hash(),
    });
    drop(node);
    let stopped = running.stop();
    result?;
    stopped?;
    let Some(imported) = imported else { return Ok(()) };
    if args.folder.json {
        return output::print_json(&imported);
    }
    output::print(&format!(
        "{} blocks read, {} of them new; the chain is at height {}, {}.",
        imported.blocks, imported.added, imported.height, imported.tip_hash
    ));
    Ok(())
}

/// Adds blocks in their order, and gives how many were new.
async fn add_all(node: &Node, archive: &mut ArchiveReader<impl Read>, progress: &mut Progress) -> Result<u64> {
    let mut in_flight = FuturesOrdered::new();
    let mut added = 0;
    loop {
        let block = archive.next_block();
        if let Ok(Some(block)) = block {
            in_flight.push_back(add(node, block));
            if in_flight.len() < IN_FLIGHT {
                continue;
            }
        } else {
            // What came before an error is whole, and is added.
            while let Some(result) = in_flight.next().await {
                added += count(result?, progress)?;
            }
            return block.map(|_| added);
        }
        if let Some(result) = in_flight.next().await {
            added += count(result?, progress)?;
        }
    }
}

fn add(node: &Node, block: Block) -> impl Future<Output = Result<(u64, usize, Placed)>> + use<> {
    let (height, transfers) = (block.header.height, block.transfers.len());
    let submitted = node.submit_block(block);
    async move {
        let placed = submitted.await.with_context(|| format!("block {height} is refused"))?;
        Ok((height, transfers, placed))
    }
}

fn count((height, transfers, placed): (u64, usize, Placed), progress: &mut Progress) -> Result<u64> {
    if placed == Placed::Orphan {
        bail!("block {height} does not follow any block that is known: the archive lacks some before it");
    }
    progress.block(height, transfers);
    Ok(u64::from(placed != Placed::Known))
}
