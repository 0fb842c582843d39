//! The database: its spaces, its settings, and how it is opened.

use std::{path::Path, thread, time::Duration};

use fjall::{
    AbstractTree as _, Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode, Slice,
    config::{FilterPolicy, PartitioningPolicy},
};

use super::StoreError;

/// The kinds of records. Each stands in one of the database's keyspaces, and its keys begin with a byte of its own: a
/// keyspace takes a score of waits for the disk to make, so there are few. The numbers are part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    /// Height → summary, and the lower nodes of the tree over all headers that the header completes.
    Headers = 0,
    /// Height → block without its header, unless it holds its reward alone and that has no note: the summary tells it then.
    Bodies = 1,
    /// Position → higher node of the tree over all headers.
    Nodes = 2,
    /// Height → accounts before the block, for as many blocks as may be undone.
    Undo = 3,
    /// Hash → height.
    Heights = 4,
    /// Transaction id → location.
    Transactions = 5,
    /// Public key ‖ location → nothing.
    Activity = 6,
    /// Public key → account.
    Accounts = 7,
    /// Hash → block that is not in the chain.
    Side = 8,
    /// Transaction id → pending transfer.
    Pending = 9,
    /// What else there is.
    Meta = 10,
}

/// The keyspaces: two that grow at their ends only, so that their tables are never merged; what grows everywhere; what
/// changes, comes and goes.
const KEYSPACES: [&str; 4] = ["headers", "bodies", "index", "rest"];

impl Space {
    const fn keyspace(self) -> usize {
        match self {
            Self::Headers => 0,
            Self::Bodies => 1,
            Self::Heights | Self::Transactions | Self::Activity => 2,
            Self::Nodes | Self::Undo | Self::Accounts | Self::Side | Self::Pending | Self::Meta => 3,
        }
    }

    /// The kind that a key's first byte names.
    pub(super) const fn of(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Headers,
            1 => Self::Bodies,
            2 => Self::Nodes,
            3 => Self::Undo,
            4 => Self::Heights,
            5 => Self::Transactions,
            6 => Self::Activity,
            7 => Self::Accounts,
            8 => Self::Side,
            9 => Self::Pending,
            10 => Self::Meta,
            _ => return None,
        })
    }

    /// The key in the keyspace.
    pub(super) fn key(self, key: &[u8]) -> Slice {
        // Built in place, as a block takes some ten of them.
        let mut whole = [0; 1 + LONGEST_KEY];
        whole[0] = self as u8;
        whole[1..=key.len()].copy_from_slice(key);
        whole[..=key.len()].into()
    }
}

/// That of a line of an account's history.
const LONGEST_KEY: usize = 32 + 12;

/// How much of the data blocks read lately is kept in memory.
const CACHE_BYTES: u64 = 8 << 20;
/// How much of a keyspace is gathered in memory before it is written as a table. The tables of those that grow at their
/// ends are never merged, and there should not be too many.
const MEMTABLE_BYTES: [u64; 4] = [4 << 20, 4 << 20, 4 << 20, 2 << 20];
/// The longest that the log grows before memory is written as tables, so that it is read quickly after a crash.
const JOURNAL_BYTES: u64 = 64 << 20;
const OPEN_FILES: usize = 128;
/// How much may be full of one keyspace and not yet be a table; the database itself would wait at four, even for a worker
/// that has ended.
const MAX_FULL: usize = 3;
const FULL_PAUSE: Duration = Duration::from_millis(1);

/// The handles of all spaces.
pub(super) struct Spaces {
    keyspaces: Vec<Keyspace>,
}

impl Spaces {
    /// Opens the database in `path`, or makes it there.
    pub(super) fn open(path: &Path) -> Result<(Database, Self), StoreError> {
        let database = Database::builder(path)
            .cache_size(CACHE_BYTES)
            .max_journaling_size(JOURNAL_BYTES)
            .max_cached_files(Some(OPEN_FILES))
            // Of several, one turns in circles for as long as another compacts: it puts back what it is not to do. One alone
            // must never find its queue full (`Spaces::commit`).
            .worker_threads(1)
            .open()?;
        let options = |number: usize| {
            // In one piece, what a read of a large table needs first would take more than a tenth of the cache.
            let options = KeyspaceCreateOptions::default()
                .max_memtable_size(MEMTABLE_BYTES[number])
                .index_block_partitioning_policy(PartitioningPolicy::all(true))
                .filter_block_partitioning_policy(PartitioningPolicy::all(true));
            if number <= Space::Bodies.keyspace() {
                // The tables do not overlap, so that one at most can hold a key.
                options.filter_policy(FilterPolicy::disabled())
            } else {
                options
            }
        };
        let keyspaces = KEYSPACES
            .iter()
            .enumerate()
            .map(|(number, name)| database.keyspace(name, || options(number)))
            .collect::<Result<_, _>>()?;
        Ok((database, Self { keyspaces }))
    }

    /// Writes a batch, and hands what is full by then to the worker.
    ///
    /// The database does the second by itself, but leaves it to the worker, and tells it anew with every batch until it is
    /// done. While the worker compacts, small batches fill its queue of 1,000 messages; the next one that it takes out makes it
    /// put one in, and it waits for ever, as nobody else takes any out.
    pub(super) fn commit(&self, database: &Database, batch: OwnedWriteBatch) -> Result<(), StoreError> {
        batch.commit()?;
        for (keyspace, limit) in self.keyspaces.iter().zip(MEMTABLE_BYTES) {
            if keyspace.tree.active_memtable().size() <= limit {
                continue;
            }
            while keyspace.sealed_memtable_count() >= MAX_FULL {
                // Fails if the worker did, as on a full disk: then nobody makes room.
                database.persist(PersistMode::Buffer)?;
                thread::sleep(FULL_PAUSE);
            }
            keyspace.rotate_memtable()?;
        }
        Ok(())
    }

    pub(super) fn get(&self, space: Space) -> &Keyspace {
        &self.keyspaces[space.keyspace()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_full_is_left_to_the_worker() {
        let folder = tempfile::tempdir().expect("there is room for temporary files");
        let (database, spaces) = Spaces::open(folder.path()).expect("it is made");
        let value = [7; 32 << 10];
        for number in 0_u64..500 {
            let mut batch = database.batch();
            for space in [Space::Headers, Space::Meta] {
                batch.insert(spaces.get(space), space.key(&number.to_be_bytes()), value);
            }
            spaces.commit(&database, batch).expect("it is written");
            for (keyspace, limit) in spaces.keyspaces.iter().zip(MEMTABLE_BYTES) {
                assert!(keyspace.tree.active_memtable().size() <= limit, "after {number}");
                assert!(keyspace.sealed_memtable_count() <= MAX_FULL, "after {number}");
            }
        }
        assert_eq!(spaces.get(Space::Meta).len().expect("it is read"), 500);
    }
}
