//! The store: the only module that names the database.
//!
//! All of a data folder: `cairn-data` says what it is, `lock` keeps a second process out, `database-2` holds the records,
//! `commits` counts the durable commits.

mod beacon;
mod marker;
mod reader;
mod records;
mod spaces;
mod stage;
mod upgrade;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use fjall::{Database, PersistMode, Slice};
use ruint::aliases::U256;
use shared::{
    amount::Amount,
    block::Header,
    codec::Encode,
    hash::Hash,
    key::PublicKey,
    params::Network,
    rules::{HeaderChain, RuleError, Tip},
    state::StateTree,
    transaction::SignedTransfer,
};

use beacon::{Beacon, LogCopies};
use marker::State;
use records::Pending;
use spaces::{Space, Spaces};

pub use reader::Reader;

/// The folder of the records.
const DATABASE: &str = "database-2";
/// The key of the tip's height among what else there is.
const TIP: &[u8] = b"tip";
/// The key of the count of durable commits.
const COMMITS: &[u8] = b"commits";

/// What went wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something that must be there is missing or cannot be read.
    #[error("the data folder is damaged: {what}. Nothing was changed; restore a copy, or start with an empty folder")]
    Damaged {
        /// What, and where.
        what: String,
    },
    /// Another process has the folder open.
    #[error("the data folder {folder} is in use by another process; stop that one, or name another folder with --data")]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder holds another chain.
    #[error("the data folder holds the network {found}, and {wanted} is asked for; name another folder with --data")]
    OtherNetwork {
        /// The network of the folder.
        found: String,
        /// The network that was asked for.
        wanted: String,
    },
    /// The folder was written by a newer program.
    #[error("the data folder has format {found}, and this program knows formats up to {known}; use a newer program")]
    NewerVersion {
        /// The folder's format.
        found: u32,
        /// The newest that is known.
        known: u32,
    },
    /// The folder holds something else.
    #[error("the folder {folder} is not empty and holds no data of Cairn; name another folder with --data")]
    Foreign {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder has an older format, and the database of the present one could not be made.
    #[error(
        "the data folder has an older format, and could not be brought into the present one: {reason}. Nothing was changed. \
         It takes about as much space again as the folder has: make room, or move the folder to a larger disk, and start again"
    )]
    NotUpgraded {
        /// What failed.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("the data folder cannot be used: {0}")]
    Io(#[from] io::Error),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] fjall::Error),
}

/// What is known of a block without reading its transfers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The header.
    pub header: Header,
    /// Its hash.
    pub hash: Hash,
    /// The work of the chain up to it.
    pub work: U256,
    /// The block's encoded length, in bytes.
    pub size: u64,
    /// The number of transfers.
    pub transfers: u64,
    /// Who was paid, and what; none in the genesis block.
    pub reward: Option<(PublicKey, Amount)>,
}

/// Where a transaction stands in the chain. The reward has index 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The block's height.
    pub height: u64,
    /// The place in the block.
    pub index: u32,
}

/// A record to be written, or deleted, with its key in the keyspace.
type Write = (Space, Slice, Option<Slice>);

/// The store of one data folder, open for writing. There is one writer; [`Store::reader`] is for everybody.
pub struct Store {
    database: Database,
    reader: Reader,
    staged: Vec<Write>,
    commits: u64,
    beacon: Beacon,
    _lock: File,
}

impl Store {
    /// Opens the store in a folder, or makes one in a folder that is empty or missing. Gives the chain's tip with it.
    ///
    /// # Errors
    /// When the folder is in use, damaged, of another network or a newer version, or holds something else. Nothing is
    /// changed then.
    pub fn open(folder: &Path, network: &Network) -> Result<(Self, Tip), StoreError> {
        if marker::read(folder, network)?.is_none() {
            check_empty(folder)?;
            fs::create_dir_all(folder)?;
        }
        let lock = lock(folder)?;
        // Once more, as another process may have been faster.
        let state = marker::read(folder, network)?;
        let path = folder.join(DATABASE);
        if state == Some(State::Old) {
            return open_old(folder, &path, network, lock);
        }
        let is_ready = state == Some(State::Ready);
        if !is_ready {
            marker::write(folder, network, State::New)?;
        }
        // What was cut short, or is not needed any more.
        for unused in [Some(upgrade::old(folder)), (!is_ready).then(|| path.clone())] {
            if let Some(unused) = unused.filter(|unused| unused.exists()) {
                fs::remove_dir_all(unused)?;
            }
        }
        if is_ready {
            return open_ready(folder, &path, network, lock);
        }
        let mut store = Self::assemble(folder, &path, lock)?;
        store.write_genesis(network)?;
        marker::write(folder, network, State::Ready)?;
        let tip = Tip::genesis(network);
        Ok((store, tip))
    }

    /// Whether a folder has an older format, which [`Store::open`] would bring into the present one for good.
    ///
    /// # Errors
    /// When the folder is of another network or a newer version, or is damaged.
    pub fn is_outdated(folder: &Path, network: &Network) -> Result<bool, StoreError> {
        Ok(marker::read(folder, network)? == Some(State::Old))
    }

    /// The chain as it is stored now.
    #[must_use]
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Keeps a pending transfer.
    pub fn put_pending(&mut self, id: &Hash, transfer: &SignedTransfer, since_ms: u64) {
        let pending = Pending {
            since_ms,
            transfer: transfer.clone(),
        };
        self.put(Space::Pending, &id.0, &pending.to_bytes());
    }

    /// Forgets a pending transfer.
    pub fn delete_pending(&mut self, id: &Hash) {
        self.delete(Space::Pending, &id.0);
    }

    /// Writes all that was staged, as a whole. It is durable after the next [`Store::persist`].
    ///
    /// # Errors
    /// When the database fails: the store must not be used any more.
    pub fn write(&mut self) -> Result<(), StoreError> {
        if self.staged.is_empty() {
            return Ok(());
        }
        let mut staged = std::mem::take(&mut self.staged);
        // Of several for one key the last counts; the database does not promise that.
        staged.sort_by(|(a, x, _), (b, y, _)| (a, x).cmp(&(b, y)));
        let mut batch = self.database.batch();
        let mut staged = staged.into_iter().peekable();
        while let Some((space, key, value)) = staged.next() {
            if staged
                .peek()
                .is_some_and(|(next, other, _)| (*next, other) == (space, &key))
            {
                continue;
            }
            let keyspace = self.reader.spaces.get(space);
            match value {
                Some(value) => batch.insert(keyspace, key, value),
                None => batch.remove(keyspace, key),
            }
        }
        self.reader.spaces.commit(&self.database, batch)?;
        self.reader.snapshot = self.database.snapshot();
        Ok(())
    }

    /// Makes durable all that was written.
    ///
    /// # Errors
    /// When the database fails: the store must not be used any more.
    pub fn persist(&mut self) -> Result<(), StoreError> {
        self.commits += 1;
        self.put(Space::Meta, COMMITS, &self.commits.to_bytes());
        self.write()?;
        self.database.persist(PersistMode::SyncData)?;
        self.beacon.write(self.commits)?;
        Ok(())
    }

    fn assemble(folder: &Path, path: &Path, lock: File) -> Result<Self, StoreError> {
        let (database, spaces) = Spaces::open(path).map_err(|error| match error {
            StoreError::Database(fjall::Error::Locked) => StoreError::InUse {
                folder: folder.to_owned(),
            },
            error => error,
        })?;
        let reader = Reader {
            snapshot: database.snapshot(),
            spaces: Arc::new(spaces),
        };
        Ok(Self {
            commits: reader.decoded(Space::Meta, COMMITS, "count of commits")?.unwrap_or(0),
            database,
            reader,
            staged: Vec::new(),
            beacon: Beacon::open(folder)?,
            _lock: lock,
        })
    }

    fn write_genesis(&mut self, network: &Network) -> Result<(), StoreError> {
        let chain = HeaderChain::genesis(network);
        let (header, hash) = (*chain.header(), chain.hash());
        let key = 0_u64.to_be_bytes().to_vec();
        let summary = Summary::genesis(header, hash, chain.work());
        self.put(Space::Headers, &key, &summary.to_bytes());
        self.put(Space::Heights, &hash.0, &0_u64.to_bytes());
        for (account, state) in network.genesis_accounts() {
            self.put(Space::Accounts, &account, &state.to_bytes());
        }
        self.put(Space::Meta, TIP, &key);
        self.persist()
    }

    /// Reads the tip, and checks that header, history and accounts agree.
    fn load_tip(&self) -> Result<Tip, StoreError> {
        let damaged = |what: &str| StoreError::Damaged { what: what.to_owned() };
        let bytes = self.reader.get(Space::Meta, TIP)?;
        let height = bytes.and_then(|bytes| Some(u64::from_be_bytes(bytes.as_ref().try_into().ok()?)));
        let height = height.ok_or_else(|| damaged("the tip is missing"))?;
        let headers = crate::chain::load_headers(self, height)?;
        let summary = self.reader.summary(height)?;
        let summary = summary.ok_or_else(|| damaged("the tip's header is missing"))?;
        if headers.hash() != summary.hash
            || self.reader.height_of(&summary.hash)? != Some(height)
            || headers.work() != summary.work
        {
            return Err(damaged("the tip's header does not agree with the indexes"));
        }
        if self.reader.block_bytes(height)?.is_none() {
            return Err(damaged("the tip's block is missing"));
        }
        let mut failure = None;
        let accounts = self.reader.accounts().map_while(|account| {
            let account = account.map_err(|error| failure = Some(error)).ok();
            account.map(|(key, account)| (key.0, account))
        });
        let accounts = StateTree::from_sorted(accounts).map_err(|error| damaged(&error.to_string()))?;
        if let Some(error) = failure {
            return Err(error);
        }
        Tip::from_parts(headers, accounts).map_err(|error: RuleError| damaged(&error.to_string()))
    }

    fn put(&mut self, space: Space, key: &[u8], value: &[u8]) {
        self.staged.push((space, space.key(key), Some(value.into())));
    }

    fn delete(&mut self, space: Space, key: &[u8]) {
        self.staged.push((space, space.key(key), None));
    }
}

/// Opens a database that was made before. If anything is wrong with it, its logs are put back as they were.
fn open_ready(folder: &Path, path: &Path, network: &Network, lock: File) -> Result<(Store, Tip), StoreError> {
    let damaged = |what: String| StoreError::Damaged { what };
    // Nobody else comes in before the logs are back.
    let _held = lock.try_clone()?;
    if !path.join("version").exists() {
        return Err(damaged(format!("the folder \"{DATABASE}\" is missing or incomplete")));
    }
    let expected = Beacon::read(folder)?;
    let copies = LogCopies::make(path)?;
    let opened = std::panic::catch_unwind(|| {
        let store = Store::assemble(folder, path, lock)?;
        if store.commits < expected {
            let what = format!(
                "its log ends after commit {}, and {expected} were answered",
                store.commits
            );
            return Err(damaged(what));
        }
        let tip = store.load_tip()?;
        if store.reader.summary(0)?.map(|genesis| genesis.hash) != Some(network.genesis_hash()) {
            return Err(damaged("the genesis block is another".to_owned()));
        }
        Ok((store, tip))
    });
    let opened = opened.unwrap_or_else(|_| Err(damaged("the database cannot read its files".to_owned())));
    match opened {
        Ok(opened) => {
            copies.remove()?;
            Ok(opened)
        }
        Err(error) => {
            copies.put_back()?;
            Err(match error {
                StoreError::Database(error) if !is_full(&error) => damaged(error.to_string()),
                error => error,
            })
        }
    }
}

/// Brings a folder of an older format into this one. The old database goes when the new one was opened and checked.
fn open_old(folder: &Path, path: &Path, network: &Network, lock: File) -> Result<(Store, Tip), StoreError> {
    // Nobody else comes in before what was made in vain is gone.
    let _held = lock.try_clone()?;
    upgrade::upgrade(folder, path)?;
    let opened = match open_ready(folder, path, network, lock) {
        Ok(opened) => opened,
        Err(error) => {
            fs::remove_dir_all(path)?;
            return Err(upgrade::explained(error));
        }
    };
    marker::write(folder, network, State::Ready).map_err(upgrade::explained)?;
    fs::remove_dir_all(upgrade::old(folder))?;
    Ok(opened)
}

/// Whether an error comes of a full disk.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| {
        let cause = error.downcast_ref::<io::Error>().map(io::Error::kind);
        matches!(cause, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    })
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(folder.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(StoreError::InUse {
            folder: folder.to_owned(),
        }),
        Err(fs::TryLockError::Error(error)) => Err(error.into()),
    }
}

/// A new store is only made where nothing of anybody else's is.
fn check_empty(folder: &Path) -> Result<(), StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        // What an attempt that was cut short leaves behind.
        if !["lock", "cairn-data.next"]
            .iter()
            .any(|name| entry.as_ref().is_ok_and(|entry| entry.file_name() == *name))
        {
            return Err(StoreError::Foreign {
                folder: folder.to_owned(),
            });
        }
    }
    Ok(())
}
