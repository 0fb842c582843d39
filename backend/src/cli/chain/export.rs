//! `cairn chain export`.

use std::{
    fs,
    io::{BufWriter, IsTerminal as _, Write, stdout},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use serde::Serialize;
use shared::{hash::Hash, params::Network, rules::Tip};

use super::{Folder, archive::ArchiveWriter, progress::Progress};
use crate::{
    cli::{WrongUse, output},
    store::Reader,
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cairn chain export --out dev.chain\n  \
                        cairn chain export | ssh elsewhere cairn chain import\n\n\
                        It does not change the folder. One of an older format is refused: starting `cairn node` on it, or on a\n\
                        copy, brings it into the present one for good.")]
pub(in crate::cli) struct ExportArgs {
    #[command(flatten)]
    folder: Folder,
    /// The file to write; an existing one is never overwritten [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Exported<'a> {
    file: &'a Path,
    height: u64,
    tip_hash: Hash,
    bytes: u64,
}

/// Writes the archive.
///
/// # Errors
/// When the folder cannot be read, or the file cannot be written.
pub(super) fn run(args: &ExportArgs) -> Result<()> {
    let network = args.folder.network()?;
    if args.out.is_none() && (args.folder.json || stdout().is_terminal()) {
        return Err(WrongUse("where to? name a file with --out, or send standard output elsewhere".to_owned()).into());
    }
    let (store, tip) = args.folder.open(&network)?;
    let Some(out) = &args.out else {
        return write(store.reader(), &tip, &network, BufWriter::new(stdout().lock()), true).map(drop);
    };
    // Under another name until it is whole.
    let mut part = out.clone().into_os_string();
    part.push(".part");
    if out.symlink_metadata().is_ok() {
        return Err(anyhow!(
            "{} exists already, and is not overwritten: choose another name",
            out.display()
        ));
    }
    let named = || format!("{} cannot be written", out.display());
    let written = fs::File::create(&part).with_context(named).and_then(|file| {
        let file = write(store.reader(), &tip, &network, BufWriter::new(file), args.folder.json)?;
        let file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    });
    let bytes = written.inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })?;
    fs::rename(&part, out).with_context(named)?;
    let exported = Exported {
        file: out,
        height: tip.height(),
        tip_hash: tip.hash(),
        bytes,
    };
    if args.folder.json {
        return output::print_json(&exported);
    }
    output::print(&format!(
        "{} holds {} blocks, up to {}.",
        out.display(),
        tip.height(),
        tip.hash()
    ));
    Ok(())
}

fn write<W: Write>(reader: &Reader, tip: &Tip, network: &Network, out: W, is_quiet: bool) -> Result<W> {
    let failed = "the archive could not be written to its end";
    let mut archive = ArchiveWriter::new(out, network).context(failed)?;
    let mut progress = Progress::new(is_quiet);
    for height in 1..=tip.height() {
        let bytes = reader
            .block_bytes(height)?
            .ok_or_else(|| anyhow!("block {height} is missing in the data folder"))?;
        archive.block(&bytes).context(failed)?;
        progress.block(height, 0);
    }
    archive.finish().context(failed)
}
