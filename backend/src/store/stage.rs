//! Writing the chain: what a change makes of the records.

use std::collections::HashMap;

use shared::{
    block::{Block, Header},
    codec::{Encode, encode_list},
    hash::Hash,
    history::{History, HistoryNode, Position},
    key::PublicKey,
    rules::{AppliedBlock, leaf},
    state::Account,
    transaction::{Reward, Transfer, VerifiedTransfer},
};

use super::{
    Location, Store, StoreError, Summary,
    reader::missing,
    records::{NodePlace, activity_key, node_key, undo_record},
    spaces::Space,
};
use crate::chain::{Change, SideBlock, Storage};

/// About the longest record of a header: with it stand the nodes of the tree that it completes.
const HEADER_RECORD: usize = 1_024;

impl Storage for Store {
    type Error = StoreError;

    fn height_of(&self, hash: &Hash) -> Result<Option<u64>, StoreError> {
        self.reader().height_of(hash)
    }

    fn header(&self, height: u64) -> Result<Header, StoreError> {
        let summary = self.reader().summary(height)?;
        Ok(summary.ok_or_else(|| missing("header", &height.to_be_bytes()))?.header)
    }

    fn block(&self, height: u64) -> Result<Block, StoreError> {
        let block = self.reader().block(height)?;
        block.ok_or_else(|| missing("block", &height.to_be_bytes()))
    }

    fn undo(&self, height: u64) -> Result<Vec<(PublicKey, Account)>, StoreError> {
        self.reader().undo(height)
    }

    fn history_node(&self, position: Position) -> Result<HistoryNode, StoreError> {
        self.reader().history_node(position)
    }

    fn side_block(&self, hash: &Hash) -> Result<Block, StoreError> {
        let block = self.reader().side_block(hash)?;
        block.ok_or_else(|| missing("side block", &hash.0))
    }

    fn side_blocks(&self) -> Result<Vec<(Hash, SideBlock)>, StoreError> {
        let known = |(hash, block): (Hash, Block)| (hash, SideBlock::of(&block));
        self.reader().side_blocks().map(|side| Ok(known(side?))).collect()
    }

    fn stage(&mut self, change: &Change<'_>) -> Result<(), StoreError> {
        for block in change.undone.iter().rev() {
            self.stage_undone(block)?;
        }
        let mut history = change.fork.headers().history().clone();
        for connected in change.connected {
            let summary = Summary::new(&connected.block, connected.work);
            self.stage_header(connected, &summary, &mut history);
            self.stage_connected(connected, &summary);
        }
        if let Some(last) = change.connected.last() {
            self.put(Space::Meta, super::TIP, &last.block.header().height.to_be_bytes());
        }
        // Of an account that changes often, the last counts.
        let changes = change.connected.iter().flat_map(|connected| &connected.changes);
        let accounts: HashMap<PublicKey, Account> = changes.map(|change| (change.key, change.after)).collect();
        for (key, account) in accounts {
            self.put_account(&key, account);
        }
        self.stage_undo(change);
        self.stage_dropped(change.dropped)
    }

    fn stage_side(&mut self, hash: &Hash, block: &Block, dropped: &[Hash]) -> Result<(), StoreError> {
        self.put(Space::Side, &hash.0, &block.to_bytes());
        self.stage_dropped(dropped)
    }

    fn stage_dropped(&mut self, dropped: &[Hash]) -> Result<(), StoreError> {
        for hash in dropped {
            self.delete(Space::Side, &hash.0);
        }
        Ok(())
    }
}

impl Store {
    /// Takes a block out of the chain and keeps it aside.
    fn stage_undone(&mut self, block: &Block) -> Result<(), StoreError> {
        let hash = block.header.hash();
        let key = block.header.height.to_be_bytes();
        for (account, before) in self.reader().undo(block.header.height)? {
            self.put_account(&account, before);
        }
        for space in [Space::Headers, Space::Bodies, Space::Undo] {
            self.delete(space, &key);
        }
        self.delete(Space::Heights, &hash.0);
        let orders = block.transfers.iter().map(|signed| &signed.transfer);
        let ids = block.transaction_ids();
        for (id, location, accounts) in transactions(block.header.height, &block.reward, orders, &ids) {
            self.delete(Space::Transactions, &id.0);
            for account in accounts {
                self.delete(Space::Activity, &activity_key(&account, location));
            }
        }
        self.put(Space::Side, &hash.0, &block.to_bytes());
        Ok(())
    }

    /// Keeps what it takes to undo the last blocks, and forgets that of those before.
    fn stage_undo(&mut self, change: &Change<'_>) {
        let Some(last) = change.connected.last() else { return };
        // From here on it is kept, of the chain before the change and after it.
        let before = (change.fork.height() + 1).saturating_sub(change.kept_undo);
        let after = (last.block.header().height + 1).saturating_sub(change.kept_undo);
        for height in before..after.min(change.fork.height() + 1) {
            self.delete(Space::Undo, &height.to_be_bytes());
        }
        for connected in change.connected {
            let height = connected.block.header().height;
            if height >= after {
                self.put(Space::Undo, &height.to_be_bytes(), &undo_record(&connected.changes));
            }
        }
    }

    /// Stores a header with the nodes of the tree over all headers that it completes.
    fn stage_header(&mut self, connected: &AppliedBlock, summary: &Summary, history: &mut History) {
        let block = &connected.block;
        let mut record = Vec::with_capacity(HEADER_RECORD);
        summary.encode(&mut record);
        history.append_with(
            leaf(block.header(), block.hash()),
            |position, node| match NodePlace::of(position) {
                Some(NodePlace::Header(..)) => node.encode(&mut record),
                Some(NodePlace::Own) => self.put(Space::Nodes, &node_key(position), &node.to_bytes()),
                Some(NodePlace::Leaf(_)) | None => {}
            },
        );
        self.put(Space::Headers, &block.header().height.to_be_bytes(), &record);
    }

    fn stage_connected(&mut self, connected: &AppliedBlock, summary: &Summary) {
        let block = &connected.block;
        let (height, hash) = (block.header().height, block.hash());
        let key = height.to_be_bytes();
        if !summary.is_whole() {
            let mut body = Vec::with_capacity(block.encoded_len());
            block.reward().encode(&mut body);
            encode_list(block.transfers(), &mut body);
            self.put(Space::Bodies, &key, &body);
        }
        self.put(Space::Heights, &hash.0, &height.to_bytes());
        let orders = block.transfers().iter().map(VerifiedTransfer::transfer);
        for (id, location, accounts) in transactions(height, block.reward(), orders, block.ids()) {
            self.put(Space::Transactions, &id.0, &location.to_array());
            for account in accounts {
                self.put(Space::Activity, &activity_key(&account, location), &[]);
            }
        }
    }

    fn put_account(&mut self, key: &PublicKey, account: Account) {
        if account.is_empty() {
            self.delete(Space::Accounts, &key.0);
        } else {
            self.put(Space::Accounts, &key.0, &account.to_bytes());
        }
    }
}

/// The transactions of a block with their places and the accounts that they touch.
fn transactions<'a>(
    height: u64,
    reward: &Reward,
    orders: impl Iterator<Item = &'a Transfer>,
    ids: &'a [Hash],
) -> impl Iterator<Item = (Hash, Location, impl Iterator<Item = PublicKey>)> {
    let reward = (reward.recipient, None);
    let transfers = orders.map(|order| {
        (
            order.sender,
            Some(order.recipient).filter(|other| *other != order.sender),
        )
    });
    let accounts = std::iter::once(reward).chain(transfers);
    ids.iter()
        .zip(accounts)
        .zip(0..)
        .map(move |((id, (first, second)), index)| {
            let location = Location { height, index };
            (*id, location, std::iter::once(first).chain(second))
        })
}
