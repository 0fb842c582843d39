//! The database: its spaces, its settings, and how it is opened.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions};

use super::StoreError;

/// The spaces of the database. The names are part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Space {
    /// Height → summary.
    Headers,
    /// Height → block without its header.
    Bodies,
    /// Hash → height.
    Heights,
    /// Position → node of the tree over all headers.
    Nodes,
    /// Height → accounts before the block, for as many blocks as may be undone.
    Undo,
    /// Public key → account.
    Accounts,
    /// Transaction id → location.
    Transactions,
    /// Public key ‖ location → nothing.
    Activity,
    /// Hash → block that is not in the chain.
    Side,
    /// Transaction id → pending transfer.
    Pending,
    /// What else there is.
    Meta,
}

impl Space {
    const ALL: [(Self, &str); 11] = [
        (Self::Headers, "headers"),
        (Self::Bodies, "bodies"),
        (Self::Heights, "heights"),
        (Self::Nodes, "nodes"),
        (Self::Undo, "undo"),
        (Self::Accounts, "accounts"),
        (Self::Transactions, "transactions"),
        (Self::Activity, "activity"),
        (Self::Side, "side"),
        (Self::Pending, "pending"),
        (Self::Meta, "meta"),
    ];
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
        let options = || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES);
        let keyspaces = Space::ALL
            .iter()
            .map(|(_, name)| database.keyspace(name, options))
            .collect::<Result<_, _>>()?;
        Ok((database, Self { keyspaces }))
    }

    pub(super) fn get(&self, space: Space) -> &Keyspace {
        &self.keyspaces[space as usize]
    }
}
