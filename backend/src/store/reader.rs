//! Reading the stored chain as it was at one moment.

use std::sync::Arc;

use bytes::Bytes;
use fjall::{Readable, Snapshot};
use shared::{
    block::{Block, Header},
    chain_proof::HeaderSource,
    codec::{self, Decode},
    hash::Hash,
    history::{HistoryNode, NodeSource, Position},
    key::PublicKey,
    rules::leaf,
    state::Account,
    transaction::SignedTransfer,
};

use super::{
    Location, StoreError, Summary,
    records::{Before, NodePlace, Pending, activity_key, node_key, summary_of},
    spaces::{Space, Spaces},
};

/// The chain as it was stored at one moment. Reading takes no lock, but may read from disk.
#[derive(Clone)]
pub struct Reader {
    pub(super) snapshot: Snapshot,
    pub(super) spaces: Arc<Spaces>,
}

/// For all methods: an error means that the store cannot be read or is damaged.
#[allow(clippy::missing_errors_doc)]
impl Reader {
    /// A block's header and figures, by height.
    pub fn summary(&self, height: u64) -> Result<Option<Summary>, StoreError> {
        let key = height.to_be_bytes();
        let record = self.get(Space::Headers, &key)?;
        let summary = record.map(|record| summary_of(&record));
        summary.transpose().map_err(|error| damaged("header", &key, &error))
    }

    /// The height of the block with this hash, if it is in the chain.
    pub fn height_of(&self, hash: &Hash) -> Result<Option<u64>, StoreError> {
        self.decoded(Space::Heights, &hash.0, "height")
    }

    /// A block by height; none for genesis, which has no body.
    pub fn block(&self, height: u64) -> Result<Option<Block>, StoreError> {
        if height == 0 {
            return Ok(None);
        }
        let bytes = self.block_bytes(height)?;
        bytes
            .map(|bytes| Block::from_bytes(&bytes).map_err(|error| damaged("block", &height.to_be_bytes(), &error)))
            .transpose()
    }

    /// The canonical bytes of a block by height; for genesis those of the header.
    pub fn block_bytes(&self, height: u64) -> Result<Option<Bytes>, StoreError> {
        let key = height.to_be_bytes();
        let Some(record) = self.get(Space::Headers, &key)? else {
            return Ok(None);
        };
        let header = record.get(..Header::LEN).ok_or_else(|| missing("header", &key))?;
        if height == 0 {
            return Ok(Some(Bytes::copy_from_slice(header)));
        }
        let summary = summary_of(&record).map_err(|error| damaged("header", &key, &error))?;
        let body = match summary.body() {
            Some(body) => body.into(),
            None => self.get(Space::Bodies, &key)?.ok_or_else(|| missing("body", &key))?,
        };
        Ok(Some([header, &body].concat().into()))
    }

    /// Where a transaction is, by its id.
    pub fn locate(&self, id: &Hash) -> Result<Option<Location>, StoreError> {
        let Some(bytes) = self.get(Space::Transactions, &id.0)? else {
            return Ok(None);
        };
        let location = Location::from_slice(&bytes).ok_or_else(|| missing("location", &id.0))?;
        Ok(Some(location))
    }

    /// Where the transactions are that touch an account: newest first, before `before`, at most `limit`.
    pub fn activity(
        &self,
        account: &PublicKey,
        before: Option<Location>,
        limit: usize,
    ) -> Result<Vec<Location>, StoreError> {
        let end = before.unwrap_or(Location {
            height: u64::MAX,
            index: u32::MAX,
        });
        let start = Location { height: 0, index: 0 };
        let key = |location| Space::Activity.key(&activity_key(account, location));
        let range = key(start)..key(end);
        self.snapshot
            .range(self.spaces.get(Space::Activity), range)
            .rev()
            .take(limit)
            .map(|guard| {
                let key = guard.key()?;
                Location::from_slice(&key[33..]).ok_or_else(|| missing("line of an account's history", &key))
            })
            .collect()
    }

    /// A node of the tree over all headers.
    pub fn history_node(&self, position: Position) -> Result<HistoryNode, StoreError> {
        let name = node_key(position);
        let missing = || missing("history node", &name);
        let (record, from_end) = match NodePlace::of(position).ok_or_else(missing)? {
            NodePlace::Leaf(height) => {
                let summary = self.summary(height)?.ok_or_else(missing)?;
                return Ok(leaf(&summary.header, summary.hash));
            }
            NodePlace::Header(height, from_end) => (self.get(Space::Headers, &height.to_be_bytes())?, from_end),
            NodePlace::Own => (self.get(Space::Nodes, &name)?, HistoryNode::LEN),
        };
        let record = record.ok_or_else(missing)?;
        let node = record.len().checked_sub(from_end).and_then(|start| record.get(start..));
        let node = node
            .and_then(|bytes| bytes.get(..HistoryNode::LEN))
            .ok_or_else(missing)?;
        HistoryNode::from_bytes(node).map_err(|error| damaged("history node", &name, &error))
    }

    /// All accounts in the order of their keys.
    pub fn accounts(&self) -> impl Iterator<Item = Result<(PublicKey, Account), StoreError>> {
        self.all(Space::Accounts).map(|record| {
            let (key, value) = record?;
            let public = PublicKey::from_bytes(&key).map_err(|error| damaged("account", &key, &error))?;
            let account = Account::from_bytes(&value).map_err(|error| damaged("account", &key, &error))?;
            Ok((public, account))
        })
    }

    /// The accounts that the block at `height` changed, as they were before it.
    pub(super) fn undo(&self, height: u64) -> Result<Vec<(PublicKey, Account)>, StoreError> {
        let key = height.to_be_bytes();
        let bytes = self
            .get(Space::Undo, &key)?
            .ok_or_else(|| missing("undo record", &key))?;
        let mut reader = codec::Reader::new(&bytes);
        let list = reader
            .list::<Before>("accounts", u32::MAX)
            .map_err(|error| damaged("undo record", &key, &error))?;
        Ok(list.into_iter().map(|Before(key, account)| (key, account)).collect())
    }

    /// A block that is not in the chain.
    pub(super) fn side_block(&self, hash: &Hash) -> Result<Option<Block>, StoreError> {
        self.decoded(Space::Side, &hash.0, "side block")
    }

    /// All blocks that are not in the chain.
    pub(super) fn side_blocks(&self) -> impl Iterator<Item = Result<(Hash, Block), StoreError>> {
        self.all(Space::Side).map(|record| {
            let (key, value) = record?;
            let hash = Hash::from_bytes(&key).map_err(|error| damaged("side block", &key, &error))?;
            let block = Block::from_bytes(&value).map_err(|error| damaged("side block", &key, &error))?;
            Ok((hash, block))
        })
    }

    /// The stored pending transfers, and when they came.
    pub fn pending(&self) -> impl Iterator<Item = Result<(SignedTransfer, u64), StoreError>> {
        self.all(Space::Pending).map(|record| {
            let (key, value) = record?;
            let pending = Pending::from_bytes(&value).map_err(|error| damaged("pending transfer", &key, &error))?;
            Ok((pending.transfer, pending.since_ms))
        })
    }

    pub(super) fn get(&self, space: Space, key: &[u8]) -> Result<Option<fjall::Slice>, StoreError> {
        Ok(self.snapshot.get(self.spaces.get(space), space.key(key))?)
    }

    /// All records of a space in the order of their keys.
    fn all(&self, space: Space) -> impl Iterator<Item = Result<(Vec<u8>, fjall::Slice), StoreError>> {
        let records = self.snapshot.prefix(self.spaces.get(space), space.key(&[]));
        records.map(|guard| {
            let (key, value) = guard.into_inner()?;
            Ok((key[1..].to_vec(), value))
        })
    }

    pub(super) fn decoded<T: Decode>(&self, space: Space, key: &[u8], what: &str) -> Result<Option<T>, StoreError> {
        self.get(space, key)?
            .map(|bytes| T::from_bytes(&bytes).map_err(|error| damaged(what, key, &error)))
            .transpose()
    }
}

impl NodeSource for Reader {
    type Error = StoreError;

    fn get(&self, position: Position) -> Result<HistoryNode, StoreError> {
        self.history_node(position)
    }
}

impl HeaderSource for Reader {
    fn header(&self, height: u64) -> Result<Header, StoreError> {
        let summary = self.summary(height)?;
        Ok(summary.ok_or_else(|| missing("header", &height.to_be_bytes()))?.header)
    }
}

pub(super) fn missing(what: &str, key: &[u8]) -> StoreError {
    StoreError::Damaged {
        what: format!("the {what} of {} is missing or too short", hex::encode(key)),
    }
}

fn damaged(what: &str, key: &[u8], error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Damaged {
        what: format!("the {what} of {} cannot be read: {error}", hex::encode(key)),
    }
}
