//! The database: its spaces, its settings, and how it is opened.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, config::PartitioningPolicy};

use super::StoreError;

/// The kinds of records. Each stands in one of the database's keyspaces, and its keys begin with a byte of its own: a
/// keyspace takes a score of waits for the disk to make, so there are few. The numbers are part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    /// Height → summary.
    Headers = 0,
    /// Height → block without its header.
    Bodies = 1,
    /// Position → node of the tree over all headers.
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

/// The keyspaces: what grows at its end, what grows everywhere, what changes, and what comes and goes.
const KEYSPACES: [&str; 4] = ["chain", "index", "accounts", "rest"];

impl Space {
    const fn keyspace(self) -> usize {
        match self {
            Self::Headers | Self::Bodies | Self::Nodes | Self::Undo => 0,
            Self::Heights | Self::Transactions | Self::Activity => 1,
            Self::Accounts => 2,
            Self::Side | Self::Pending | Self::Meta => 3,
        }
    }

    /// The key in the keyspace.
    pub(super) fn key(self, key: &[u8]) -> Vec<u8> {
        let mut whole = Vec::with_capacity(1 + key.len());
        whole.push(self as u8);
        whole.extend_from_slice(key);
        whole
    }
}

/// How much of the data blocks read lately is kept in memory.
const CACHE_BYTES: u64 = 8 << 20;
/// How much of a space is gathered in memory before it is written as a table.
const MEMTABLE_BYTES: u64 = 2 << 20;
/// The longest that the log grows before memory is written as tables, so that it is read quickly after a crash.
const JOURNAL_BYTES: u64 = 64 << 20;
const OPEN_FILES: usize = 128;

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
            .worker_threads(2)
            .open()?;
        let options = || {
            // In one piece, what a read of a large table needs first would take more than a tenth of the cache.
            KeyspaceCreateOptions::default()
                .max_memtable_size(MEMTABLE_BYTES)
                .index_block_partitioning_policy(PartitioningPolicy::all(true))
                .filter_block_partitioning_policy(PartitioningPolicy::all(true))
        };
        let keyspaces = KEYSPACES
            .iter()
            .map(|name| database.keyspace(name, options))
            .collect::<Result<_, _>>()?;
        Ok((database, Self { keyspaces }))
    }

    pub(super) fn get(&self, space: Space) -> &Keyspace {
        &self.keyspaces[space.keyspace()]
    }
}
