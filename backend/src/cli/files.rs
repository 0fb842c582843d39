//! Folders and files of the command line: where things are by default, and writing them whole or not at all.

use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow};
use etcetera::BaseStrategy as _;
use zeroize::Zeroizing;

use super::WrongUse;

/// Cairn's folder among the user's data (`$XDG_DATA_HOME/cairn`, usually `~/.local/share/cairn`).
///
/// # Errors
/// When the user has no home folder.
pub(super) fn data_home() -> Result<PathBuf> {
    let base = etcetera::choose_base_strategy().map_err(|_| {
        WrongUse("there is no home folder to keep data in: name a place with --data or --file".to_owned())
    })?;
    Ok(base.data_dir().join("cairn"))
}

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Its owner alone.
    Owner,
    /// Whoever the system lets.
    Usual,
}

/// Writes a new file so that it is there whole and durably, or not at all. What exists is never overwritten.
///
/// # Errors
/// When the file exists, or cannot be written.
pub(super) fn create(path: &Path, bytes: &[u8], readers: Readers) -> Result<()> {
    let named = || format!("{} cannot be written", path.display());
    let exists = || {
        anyhow!(
            "{} exists already, and is not overwritten: choose another name",
            path.display()
        )
    };
    if path.symlink_metadata().is_ok() {
        return Err(exists());
    }
    let (folder, temporary) = beside(path)?;
    fs::create_dir_all(folder).with_context(named)?;
    let result = write_durably(&temporary, bytes, readers)
        // A link, unlike a renaming, fails when the name is taken meanwhile.
        .and_then(|()| fs::hard_link(&temporary, path))
        .and_then(|()| fs::File::open(folder)?.sync_all());
    let _ = fs::remove_file(&temporary);
    match result {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(exists()),
        other => other.with_context(named),
    }
}

/// Writes a file so that there is the old or the new one, whole and durably, whatever happens.
///
/// # Errors
/// When it cannot be written.
pub(super) fn replace(path: &Path, bytes: &[u8], readers: Readers) -> Result<()> {
    let named = || format!("{} cannot be written", path.display());
    let (folder, temporary) = beside(path)?;
    fs::create_dir_all(folder).with_context(named)?;
    // What a crash left behind may have this name: in a container every process has the same number.
    let _ = fs::remove_file(&temporary);
    let result = write_durably(&temporary, bytes, readers)
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| fs::File::open(folder)?.sync_all());
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    result.with_context(named)
}

/// The folder of a file, and a name in it for the file until it is whole.
fn beside(path: &Path) -> Result<(&Path, PathBuf)> {
    let name = path
        .file_name()
        .ok_or_else(|| anyhow!("{} names no file", path.display()))?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut temporary = name.to_owned();
    temporary.push(format!(".{}.part", std::process::id()));
    Ok((folder, folder.join(temporary)))
}

fn write_durably(path: &Path, bytes: &[u8], readers: Readers) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Reads a file of at most `limit` bytes, which may be secret.
///
/// # Errors
/// When it cannot be read or is longer.
pub(super) fn read(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>> {
    let named = || format!("{} cannot be read", path.display());
    let file = fs::File::open(path).with_context(named)?;
    let length = file.metadata().with_context(named)?.len();
    // Reserved at once, so that no copy is left behind when the buffer grows; a pipe has no length.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length.min(limit))? + 4096));
    file.take(limit + 1).read_to_end(&mut bytes).with_context(named)?;
    if bytes.len() as u64 > limit {
        return Err(anyhow!(
            "{} has more than {limit} bytes: it is not the file that is meant",
            path.display()
        ));
    }
    Ok(bytes)
}
