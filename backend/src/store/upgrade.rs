//! Folders of format 1: what an older program wrote becomes what this one reads.
//!
//! There the nodes of the tree over all headers were records of their own, and the kinds of records stood in other
//! keyspaces. All is copied into a new database. The file that says what the folder is comes after it, and the old database
//! goes last: whatever happens, one of the two is whole.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use shared::{codec::Decode as _, history::Position, params::Network};

use super::{
    COMMITS, StoreError,
    beacon::{Beacon, LogCopies},
    marker::{self, State},
    reader::missing,
    records::{NodePlace, node_key},
    spaces::{Space, Spaces},
};

/// The old database in the folder, and its keyspaces.
const OLD: &str = "database";
const OLD_KEYSPACES: [&str; 4] = ["chain", "index", "accounts", "rest"];
/// How many records are written together.
const TOGETHER: usize = 4_096;

/// The old database of a folder.
pub(super) fn old(folder: &Path) -> PathBuf {
    folder.join(OLD)
}

/// Makes the database in `path` of the folder's old one.
///
/// # Errors
/// When the old one is damaged: it stays as it is then.
pub(super) fn upgrade(folder: &Path, path: &Path, network: &Network) -> Result<(), StoreError> {
    tracing::info!("the data folder has an older format; it is brought into the new one");
    let damaged = |what: String| StoreError::Damaged { what };
    if !old(folder).join("version").exists() {
        return Err(damaged(format!("the folder \"{OLD}\" is missing or incomplete")));
    }
    let expected = Beacon::read(folder)?;
    let copies = LogCopies::make(&old(folder))?;
    let copied = catch_unwind(AssertUnwindSafe(|| {
        if path.exists() {
            fs::remove_dir_all(path)?;
        }
        copy(&old(folder), path, expected)
    }));
    match copied.unwrap_or_else(|_| Err(damaged("the database cannot read its files".to_owned()))) {
        Ok(()) => {
            copies.remove()?;
            marker::write(folder, network, State::Ready)
        }
        Err(error) => {
            copies.put_back()?;
            if path.exists() {
                fs::remove_dir_all(path)?;
            }
            Err(match error {
                StoreError::Database(error) => damaged(error.to_string()),
                error => error,
            })
        }
    }
}

fn copy(from: &Path, to: &Path, expected: u64) -> Result<(), StoreError> {
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
    let (target, spaces) = Spaces::open(to)?;
    let mut batch = target.batch();
    for record in [&chain, &index, &accounts, &rest].into_iter().flat_map(Keyspace::iter) {
        let (key, value) = record.into_inner()?;
        let kind = *key.first().ok_or_else(|| missing("record", &key))?;
        let space = Space::of(kind).ok_or_else(|| missing("kind of record", &key))?;
        let mut value = value.to_vec();
        match space {
            Space::Headers => append_nodes(&chain, &key, &mut value)?,
            Space::Nodes if !is_own(&key) => continue,
            _ => {}
        }
        batch.insert(spaces.get(space), key, value);
        if batch.len() >= TOGETHER {
            std::mem::replace(&mut batch, target.batch()).commit()?;
        }
    }
    batch.commit()?;
    Ok(target.persist(PersistMode::SyncAll)?)
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
