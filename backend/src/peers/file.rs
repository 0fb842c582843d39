//! Small files of the node in its data folder: read whole, and replaced whole or not at all.

use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    path::Path,
};

use anyhow::{Context as _, bail};
use serde::de::DeserializeOwned;

/// The greatest file that is read, in bytes. A full book has about half of it.
const MAX_BYTES: u64 = 1 << 20;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone.
    Owner,
    /// Whoever the system lets.
    Usual,
}

/// Reads a JSON file; none if it does not exist.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    let named = || format!("{} cannot be read; remove it to begin anew", path.display());
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(named),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(named)?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!(
            "{} has more than {MAX_BYTES} bytes; remove it to begin anew",
            path.display()
        );
    }
    serde_json::from_slice(&bytes).map(Some).with_context(named)
}

/// Writes a file so that there is the old or the new one, whole, whatever happens.
///
/// # Errors
/// When it cannot be written.
pub fn replace(path: &Path, bytes: &[u8], readers: Readers) -> anyhow::Result<()> {
    let next = path.with_extension("next");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        // What a crash left behind may be open to others.
        let _ = fs::remove_file(&next);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    let write = || -> std::io::Result<()> {
        let mut file = options.open(&next)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&next, path)
    };
    write().with_context(|| format!("{} cannot be written", path.display()))
}
