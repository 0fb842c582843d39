//! Writing the chain: what a change makes of the records.

use shared::{
    block::{Block, Header},
    codec::{Encode, encode_list},
    hash::Hash,
    history::{HistoryNode, Position},
    key::PublicKey,
    rules::{ConnectedBlock, leaf},
    state::Account,
};

use super::{
    Location, Store, StoreError, Summary,
    reader::{missing, number},
    records::{activity_key, node_key, undo_record},
    spaces::Space,
};
use crate::chain::{Change, Storage};

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

    fn side_headers(&self) -> Result<Vec<(Hash, Header, usize)>, StoreError> {
        let header = |(hash, block): (Hash, Block)| (hash, block.header, block.encoded_len());
        self.reader().side_blocks().map(|side| Ok(header(side?))).collect()
    }

    fn stage(&mut self, change: &Change<'_>) -> Result<(), StoreError> {
        for block in change.undone.iter().rev() {
            self.stage_undone(block)?;
        }
        let mut history = change.fork.headers().history().clone();
        for connected in change.connected {
            let (header, hash) = (connected.block.header(), connected.block.hash());
            history.append_with(leaf(header, hash), |position, node| {
                self.put(Space::Nodes, node_key(position), node.to_bytes());
            });
            self.stage_connected(connected);
            if let Some(height) = header.height.checked_sub(change.kept_undo) {
                self.delete(Space::Undo, height.to_be_bytes().to_vec());
            }
        }
        self.stage_dropped(change.dropped)
    }

    fn stage_side(&mut self, hash: &Hash, block: &Block, dropped: &[Hash]) -> Result<(), StoreError> {
        self.put(Space::Side, hash.0.to_vec(), block.to_bytes());
        self.stage_dropped(dropped)
    }

    fn stage_dropped(&mut self, dropped: &[Hash]) -> Result<(), StoreError> {
        for hash in dropped {
            self.delete(Space::Side, hash.0.to_vec());
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
            self.delete(space, key.to_vec());
        }
        self.delete(Space::Heights, hash.0.to_vec());
        for (id, location, accounts) in transactions(block, &block.transaction_ids()) {
            self.delete(Space::Transactions, id.0.to_vec());
            for account in accounts {
                self.delete(Space::Activity, activity_key(&account, location));
            }
        }
        self.put(Space::Side, hash.0.to_vec(), block.to_bytes());
        Ok(())
    }

    fn stage_connected(&mut self, connected: &ConnectedBlock) {
        let (verified, hash) = (&connected.block, connected.block.hash());
        let block = verified.to_block();
        let key = block.header.height.to_be_bytes();
        let summary = Summary::new(&block, hash, connected.tip.headers().work());
        self.put(Space::Headers, key.to_vec(), summary.to_bytes());
        let mut body = Vec::with_capacity(block.encoded_len());
        block.reward.encode(&mut body);
        encode_list(&block.transfers, &mut body);
        self.put(Space::Bodies, key.to_vec(), body);
        self.put(Space::Heights, hash.0.to_vec(), number(block.header.height));
        self.put(Space::Undo, key.to_vec(), undo_record(&connected.changes));
        for change in &connected.changes {
            self.put_account(&change.key, change.after);
        }
        for (id, location, accounts) in transactions(&block, verified.ids()) {
            self.put(Space::Transactions, id.0.to_vec(), location.to_array().to_vec());
            for account in accounts {
                self.put(Space::Activity, activity_key(&account, location), Vec::new());
            }
        }
        self.delete(Space::Side, hash.0.to_vec());
        self.put(Space::Meta, super::TIP.to_vec(), key.to_vec());
    }

    fn put_account(&mut self, key: &PublicKey, account: Account) {
        if account.is_empty() {
            self.delete(Space::Accounts, key.0.to_vec());
        } else {
            self.put(Space::Accounts, key.0.to_vec(), account.to_bytes());
        }
    }
}

/// The transactions of a block with their places and the accounts that they touch.
fn transactions<'a>(
    block: &'a Block,
    ids: &'a [Hash],
) -> impl Iterator<Item = (Hash, Location, impl Iterator<Item = PublicKey>)> + 'a {
    let reward = (block.reward.recipient, None);
    let transfers = block.transfers.iter().map(|signed| {
        let order = &signed.transfer;
        (
            order.sender,
            Some(order.recipient).filter(|other| *other != order.sender),
        )
    });
    let accounts = std::iter::once(reward).chain(transfers);
    ids.iter().zip(accounts).zip(0..).map(|((id, (first, second)), index)| {
        let location = Location {
            height: block.header.height,
            index,
        };
        (*id, location, std::iter::once(first).chain(second))
    })
}
