//! Folders of format 1: what an older program wrote becomes what this one reads.
//!
//! There the nodes of the tree over all headers were records of their own, and the kinds of records stood in other
//! keyspaces. All is copied into a new database, which is opened and checked like any other. The file that says what the folder
//! is comes after that, and the old database goes last: whatever happens, one of the two is whole.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode, Slice};
use shared::{codec::Decode as _, history::Position};

use super::{
    COMMITS, StoreError,
    beacon::{Beacon, LogCopies},
    is_full,
    reader::missing,
    records::{NodePlace, SHORTEST_BODY, node_key},
    spaces::{Space, Spaces},
};

/// The old database in the folder, and its keyspaces.
const OLD: &str = "database";
const OLD_KEYSPACES: [&str; 4] = ["chain", "index", "accounts", "rest"];

/// How much is written together at most.
#[derive(Debug, Clone, Copy)]
struct Together {
    records: usize,
    /// Those of keys and values. A batch that reaches them is written.
    bytes: usize,
}

/// Some of it stands in memory several times.
const TOGETHER: Together = Together {
    records: 4_096,
    bytes: 4 << 20,
};

/// The old database of a folder.
pub(super) fn old(folder: &Path) -> PathBuf {
    folder.join(OLD)
}

/// Makes the database in `path` of the folder's old one, which stays. Whoever calls looks at what it holds before anything
/// relies on it.
///
/// # Errors
/// When the old one is damaged, or the new one cannot be written. Nothing is changed then.
pub(super) fn upgrade(folder: &Path, path: &Path) -> Result<(), StoreError> {
    tracing::info!("the data folder has an older format; it is brought into the new one");
    let damaged = |what: String| StoreError::Damaged { what };
    if !old(folder).join("version").exists() {
        return Err(damaged(format!("the folder \"{OLD}\" is missing or incomplete")));
    }
    let expected = Beacon::read(folder)?;
    let copies = LogCopies::make(&old(folder)).map_err(|error| explained(error.into()))?;
    let copied = catch_unwind(|| {
        if path.exists() {
            fs::remove_dir_all(path)?;
        }
        copy(&old(folder), path, expected, TOGETHER)
    });
    let error = match copied.unwrap_or_else(|_| Err(damaged("the database cannot read its files".to_owned()))) {
        Ok(()) => return Ok(copies.remove()?),
        Err(error) => explained(error),
    };
    let error = match error {
        // The old one could be read, so its logs are as they should be.
        StoreError::NotUpgraded { .. } => {
            copies.remove()?;
            error
        }
        StoreError::Database(error) => {
            copies.put_back()?;
            damaged(error.to_string())
        }
        error => {
            copies.put_back()?;
            error
        }
    };
    if path.exists() {
        fs::remove_dir_all(path)?;
    }
    Err(error)
}

/// Says of a full disk what it has to do with the upgrade.
pub(super) fn explained(error: StoreError) -> StoreError {
    if is_full(&error) { not_upgraded(error) } else { error }
}

fn not_upgraded(error: StoreError) -> StoreError {
    match error {
        StoreError::NotUpgraded { .. } => error,
        error => StoreError::NotUpgraded {
            reason: error.to_string(),
        },
    }
}

fn copy(from: &Path, to: &Path, expected: u64, together: Together) -> Result<(), StoreError> {
    let source = Database::builder(from).worker_threads(1).open()?;
    let keyspace = |name| source.keyspace(name, KeyspaceCreateOptions::default);
    let [chain, index, accounts, rest] = OLD_KEYSPACES.map(keyspace);
    let (chain, index, accounts, rest) = (chain?, index?, accounts?, rest?);
    let commits = rest.get(Space::Meta.key(COMMITS))?;
    let commits = commits.map_or(Some(0), |bytes| u64::from_bytes(&bytes).ok());
    if commits.is_none_or(|commits| commits < expected) {
        let what = format!("its log ends before commit {expected}, which was answered");
        return Err(StoreError::Damaged { what });
    }
    let mut target = writing(|| Target::make(to, together))?;
    for record in [&chain, &index, &accounts, &rest].into_iter().flat_map(Keyspace::iter) {
        let (key, value) = record.into_inner()?;
        let kind = *key.first().ok_or_else(|| missing("record", &key))?;
        let space = Space::of(kind).ok_or_else(|| missing("kind of record", &key))?;
        let mut value = value.to_vec();
        match space {
            Space::Headers => append_nodes(&chain, &key, &mut value)?,
            Space::Nodes if !is_own(&key) => continue,
            // The header's record tells all of it.
            Space::Bodies if value.len() == SHORTEST_BODY => continue,
            _ => {}
        }
        writing(|| target.insert(space, key, value))?;
    }
    writing(|| target.finish())
}

/// A step of making the new database: if it fails, nothing is wrong with the old one.
fn writing<T>(step: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let panicked = || StoreError::NotUpgraded {
        reason: "the new database cannot write its files".to_owned(),
    };
    let done = catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|_| Err(panicked()));
    done.map_err(not_upgraded)
}

/// The database that is being made.
struct Target {
    database: Database,
    spaces: Spaces,
    together: Together,
    batch: OwnedWriteBatch,
    bytes: usize,
}

impl Target {
    fn make(path: &Path, together: Together) -> Result<Self, StoreError> {
        let (database, spaces) = Spaces::open(path)?;
        Ok(Self {
            batch: database.batch(),
            database,
            spaces,
            together,
            bytes: 0,
        })
    }

    fn insert(&mut self, space: Space, key: Slice, value: Vec<u8>) -> Result<(), StoreError> {
        self.bytes += key.len() + value.len();
        self.batch.insert(self.spaces.get(space), key, value);
        if self.batch.len() >= self.together.records || self.bytes >= self.together.bytes {
            self.commit()?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.bytes = 0;
        let batch = std::mem::replace(&mut self.batch, self.database.batch());
        self.spaces.commit(&self.database, batch)
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        self.commit()?;
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }
}

/// Whether a node still has a record of its own.
fn is_own(key: &[u8]) -> bool {
    let level = key.get(1).copied().unwrap_or_default();
    matches!(NodePlace::of(Position { level, index: 0 }), Some(NodePlace::Own))
}

/// Appends the nodes that stand with a header now, the lowest first.
fn append_nodes(chain: &Keyspace, key: &[u8], record: &mut Vec<u8>) -> Result<(), StoreError> {
    let height = key
        .get(1..)
        .and_then(|bytes| bytes.try_into().ok())
        .map(u64::from_be_bytes);
    let height = height.ok_or_else(|| missing("header", key))?;
    let completed = (1..=height.trailing_ones() as u8).map(|level| Position {
        level,
        index: height >> level,
    });
    for position in completed {
        if matches!(NodePlace::of(position), Some(NodePlace::Header(..))) {
            let key = Space::Nodes.key(&node_key(position));
            let node = chain.get(&key)?.ok_or_else(|| missing("history node", &key))?;
            record.extend_from_slice(&node);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
