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

/// How many blocks, and about how many bytes of them, are verified and stored together.
const GROUP_BLOCKS: usize = 128;
const GROUP_BYTES: usize = 4 << 20;
/// How many groups are on their way into the chain at once: while one is stored, the next are verified.
const IN_FLIGHT: usize = 3;

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
        let (group, end) = next_group(archive);
        if !group.is_empty() {
            in_flight.push_back(add(node, group));
        }
        // What came before an error is whole, and is added.
        let most = if end.is_some() { 0 } else { IN_FLIGHT - 1 };
        while in_flight.len() > most
            && let Some(results) = in_flight.next().await
        {
            for result in results {
                added += count(result?, progress)?;
            }
        }
        if let Some(end) = end {
            return end.map(|()| added);
        }
    }
}

/// The blocks that come next; with the last of them, how the archive ends.
fn next_group(archive: &mut ArchiveReader<impl Read>) -> (Vec<Block>, Option<Result<()>>) {
    let (mut group, mut bytes) = (Vec::new(), 0);
    while group.len() < GROUP_BLOCKS && bytes < GROUP_BYTES {
        match archive.next_block() {
            Ok(Some(block)) => {
                bytes += block.encoded_len();
                group.push(block);
            }
            Ok(None) => return (group, Some(Ok(()))),
            Err(error) => return (group, Some(Err(error))),
        }
    }
    (group, None)
}

type Added = Result<(u64, usize, Placed)>;

fn add(node: &Node, group: Vec<Block>) -> impl Future<Output = Vec<Added>> + use<> {
    let known = |block: &Block| (block.header.height, block.transfers.len());
    let known: Vec<_> = group.iter().map(known).collect();
    let submitted = node.submit_blocks(group);
    async move {
        let placed = known.into_iter().zip(submitted.await);
        let added = placed.map(|((height, transfers), placed)| {
            let placed = placed.with_context(|| format!("block {height} is refused"))?;
            Ok((height, transfers, placed))
        });
        added.collect()
    }
}

fn count((height, transfers, placed): (u64, usize, Placed), progress: &mut Progress) -> Result<u64> {
    if placed == Placed::Orphan {
        bail!("block {height} does not follow any block that is known: the archive lacks some before it");
    }
    progress.block(height, transfers);
    Ok(u64::from(placed != Placed::Known))
}
