//! Notices when the log has lost its end.
//!
//! The database takes a log that breaks off for one whose last write was cut short, and drops what follows. That is right
//! after a crash, but not when an answered write was lost to a damaged disk. So each durable commit is counted, in the
//! database and, just after, in a file of its own. The file may be behind, never ahead.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use shared::hash::{Hash, sha256};

const FILE: &str = "commits";

/// The file with the count of durable commits.
pub(super) struct Beacon {
    file: File,
}

impl Beacon {
    /// Opens the file, or makes it.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        Ok(Self { file })
    }

    /// The count in the file. 0 when there is none that can be read, as after a loss of power.
    pub(super) fn read(folder: &Path) -> io::Result<u64> {
        let bytes = match fs::read(folder.join(FILE)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        let Some((count, check)) = bytes.split_first_chunk::<8>() else {
            return Ok(0);
        };
        let known = check == checksum(*count);
        Ok(if known { u64::from_le_bytes(*count) } else { 0 })
    }

    /// Writes the count. It need not be durable itself.
    pub(super) fn write(&mut self, count: u64) -> io::Result<()> {
        let count = count.to_le_bytes();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&[count, checksum(count)].concat())
    }
}

fn checksum(count: [u8; 8]) -> [u8; 8] {
    let Hash(bytes) = sha256(&[&count]);
    *bytes.first_chunk().expect("a hash has 32 bytes")
}

/// Copies of the database's logs while it is opened, as opening cuts off what it cannot read.
pub(super) struct LogCopies {
    database: PathBuf,
    /// Log, copy, and the log's length.
    copies: Vec<(PathBuf, PathBuf, u64)>,
}

impl LogCopies {
    /// Copies the logs in the database's folder. If that fails, as on a full disk, no copies stay.
    pub(super) fn make(database: &Path) -> io::Result<Self> {
        let mut logs = Self {
            database: database.to_owned(),
            copies: Vec::new(),
        };
        match logs.copy_all() {
            Ok(()) => Ok(logs),
            Err(error) => {
                for (_, copy, _) in &logs.copies {
                    // The first failure is the one to tell of.
                    let _ = fs::remove_file(copy);
                }
                Err(error)
            }
        }
    }

    fn copy_all(&mut self) -> io::Result<()> {
        for file in fs::read_dir(&self.database)? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "jnl") {
                let copy = path.with_extension("jnl-copy");
                let length = path.metadata()?.len();
                self.copies.push((path.clone(), copy.clone(), length));
                copy_used(&path, &copy)?;
            }
        }
        Ok(())
    }

    /// Puts the logs back as they were, durably.
    pub(super) fn put_back(self) -> io::Result<()> {
        for (path, copy, length) in &self.copies {
            let file = OpenOptions::new().write(true).open(copy)?;
            file.set_len(*length)?;
            // Before it takes the log's place: a loss of power must not leave an empty one there.
            file.sync_all()?;
            fs::rename(copy, path)?;
        }
        File::open(&self.database)?.sync_all()
    }

    /// Removes the copies.
    pub(super) fn remove(self) -> io::Result<()> {
        self.copies.iter().try_for_each(|(_, copy, _)| fs::remove_file(copy))
    }
}

/// Copies a file without its zeros.
fn copy_used(from: &Path, to: &Path) -> io::Result<()> {
    const CHUNK: usize = 1 << 20;
    let (mut source, mut target) = (File::open(from)?, File::create(to)?);
    let mut chunk = vec![0; CHUNK];
    let mut position = 0;
    loop {
        let count = source.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        if chunk[..count].iter().any(|byte| *byte != 0) {
            target.seek(SeekFrom::Start(position))?;
            target.write_all(&chunk[..count])?;
        }
        position += count as u64;
    }
}
