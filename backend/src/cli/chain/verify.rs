//! `cairn chain verify`: everything that the data folder says is computed again from its blocks.

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use serde::Serialize;
use shared::{
    block::Block,
    hash::Hash,
    key::PublicKey,
    params::Network,
    rules::{AppliedBlock, Tip, VerifiedBlock},
};

use super::{Folder, progress::Progress};
use crate::{
    cli::output,
    clock::{Clock as _, SystemClock},
    store::{Location, Reader},
    verify::verify_blocks,
};

/// How many blocks, and how many transfers, are read before all cores verify them.
const WINDOW_BLOCKS: usize = 512;
const WINDOW_TRANSFERS: usize = 16_384;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  cairn chain verify --data /srv/club --network club.toml\n\n\
                        It changes nothing. A folder of an older format is refused: starting `cairn node` on it, or on a copy,\n\
                        brings it into the present one for good."
)]
pub(in crate::cli) struct VerifyArgs {
    #[command(flatten)]
    folder: Folder,
}

#[derive(Debug, Serialize)]
struct Report {
    height: u64,
    tip_hash: Hash,
    state_root: Hash,
    accounts: usize,
    transfers: u64,
    elapsed_ms: u64,
}

/// Verifies a data folder.
///
/// # Errors
/// The first thing that does not hold, and where.
pub(super) fn run(args: &VerifyArgs) -> Result<()> {
    let network = args.folder.network()?;
    let (store, stored_tip) = args.folder.open(&network)?;
    let mut progress = Progress::new(args.folder.json);
    let mut replay = Replay {
        network: &network,
        reader: store.reader(),
        tip: Tip::genesis(&network),
        now_ms: SystemClock.now_ms(),
    };
    while replay.tip.height() < stored_tip.height() {
        let window = replay.read_window(stored_tip.height())?;
        for block in replay.verify_window(window)? {
            let (height, transfers) = (block.header().height, block.transfers().len());
            replay.connect(block).with_context(|| format!("block {height}"))?;
            progress.block(height, transfers);
        }
    }
    let tip = replay.tip;
    if tip.hash() != stored_tip.hash() {
        bail!(
            "the blocks lead to {}, and the folder's tip is {}",
            tip.hash(),
            stored_tip.hash()
        );
    }
    compare_accounts(store.reader(), &tip)?;
    let report = Report {
        height: tip.height(),
        tip_hash: tip.hash(),
        state_root: tip.accounts().root(),
        accounts: tip.accounts().len(),
        transfers: progress.transfers(),
        elapsed_ms: progress.elapsed_ms(),
    };
    if args.folder.json {
        return output::print_json(&report);
    }
    let (blocks, transfers) = progress.rates();
    output::print(&format!(
        "All {} blocks and {} accounts hold, up to {}.\n{blocks} blocks/s, {transfers} transfers/s",
        report.height, report.accounts, report.tip_hash
    ));
    Ok(())
}

struct Replay<'a> {
    network: &'a Network,
    reader: &'a Reader,
    tip: Tip,
    now_ms: u64,
}

impl Replay<'_> {
    fn read_window(&self, last: u64) -> Result<Vec<Block>> {
        let mut blocks = Vec::new();
        let mut transfers = 0;
        for height in self.tip.height() + 1..=last {
            let block = self
                .reader
                .block(height)?
                .ok_or_else(|| anyhow!("block {height} is missing"))?;
            transfers += block.transfers.len();
            blocks.push(block);
            if blocks.len() == WINDOW_BLOCKS || transfers >= WINDOW_TRANSFERS {
                break;
            }
        }
        Ok(blocks)
    }

    /// Verifies blocks by themselves. Their signatures are verified together, as one block may have few.
    fn verify_window(&self, blocks: Vec<Block>) -> Result<Vec<VerifiedBlock>> {
        let first = self.tip.height() + 1;
        let verdicts = verify_blocks(blocks, self.network, self.tip.accounts(), |_| None);
        (first..)
            .zip(verdicts)
            .map(|(height, verdict)| verdict.map_err(|error| anyhow!("block {height}: {error} ({})", error.code())))
            .collect()
    }

    /// Connects a block, and compares what the folder says of it.
    fn connect(&mut self, block: VerifiedBlock) -> Result<()> {
        let (height, size) = (block.header().height, block.encoded_len() as u64);
        let mut history = self.tip.headers().history().clone();
        let AppliedBlock { block, work, .. } = self
            .tip
            .advance(self.network, block, self.now_ms)
            .map_err(|error| anyhow!("{error} ({})", error.code()))?;
        let summary = self
            .reader
            .summary(height)?
            .ok_or_else(|| anyhow!("its summary is missing"))?;
        let is_same = summary.header == *block.header()
            && summary.hash == block.hash()
            && summary.work == work
            && summary.size == size
            && summary.transfers == block.transfers().len() as u64
            && summary.reward == Some((block.reward().recipient, block.reward().amount));
        if !is_same {
            bail!("its summary does not agree with it");
        }
        if self.reader.height_of(&block.hash())? != Some(height) {
            bail!("the index of hashes does not agree with it");
        }
        let mut nodes = Vec::new();
        history.append_with(shared::rules::leaf(block.header(), block.hash()), |position, node| {
            nodes.push((position, *node));
        });
        for (position, node) in nodes {
            if self.reader.history_node(position)? != node {
                bail!("the tree over headers does not agree with it");
            }
        }
        for (index, id) in (0_u32..).zip(block.ids()) {
            let location = Location { height, index };
            if self.reader.locate(id)? != Some(location) {
                bail!("the index of transactions does not agree with it");
            }
        }
        self.check_activity(&block)
    }

    fn check_activity(&self, block: &VerifiedBlock) -> Result<()> {
        let height = block.header().height;
        let rewarded = std::iter::once((0, block.reward().recipient));
        let moved = (1_u32..).zip(block.transfers()).flat_map(|(index, verified)| {
            let transfer = verified.transfer();
            [(index, transfer.sender), (index, transfer.recipient)]
        });
        for (index, key) in rewarded.chain(moved) {
            let behind = Location {
                height,
                index: index + 1,
            };
            if self.reader.activity(&key, Some(behind), 1)? != [Location { height, index }] {
                bail!("the history of account {key} does not agree with it");
            }
        }
        Ok(())
    }
}

fn compare_accounts(reader: &Reader, tip: &Tip) -> Result<()> {
    let mut computed = tip.accounts().iter();
    for stored in reader.accounts() {
        let (key, account) = stored?;
        if computed.next() != Some((key.0, account)) {
            bail!("account {key} is not what follows from the blocks");
        }
    }
    match computed.next() {
        Some((key, _)) => Err(anyhow!("account {} is missing", PublicKey(key))),
        None => Ok(()),
    }
}
