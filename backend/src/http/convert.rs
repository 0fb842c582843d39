//! From the node's data to the interface's JSON.

use std::sync::Arc;

use shared::{
    api::{BlockJson, BlockSummary, HeaderJson, PendingJson, TransferJson},
    params::Network,
};

use crate::{
    mempool::Entry,
    store::{Reader, StoreError, Summary},
};

pub(crate) fn header_json(summary: &Summary) -> HeaderJson {
    HeaderJson::new(&summary.header, summary.hash, summary.work)
}

pub(crate) fn block_summary(network: &Network, summary: &Summary) -> BlockSummary {
    let (miner_address, reward) = match summary.reward {
        Some((key, amount)) => (Some(network.address(&key)), amount),
        None => (None, shared::amount::Amount::ZERO),
    };
    BlockSummary {
        header: header_json(summary),
        size: summary.size,
        transaction_count: summary.transfers,
        miner_address,
        reward,
    }
}

/// A whole block, if there is one at this height.
pub(crate) fn block_json(network: &Network, reader: &Reader, height: u64) -> Result<Option<BlockJson>, StoreError> {
    let Some(summary) = reader.summary(height)? else {
        return Ok(None);
    };
    let json = match reader.block(height)? {
        Some(block) => BlockJson::new(&network.parameters().prefix, &block, summary.hash, summary.work),
        None => BlockJson::genesis(&summary.header, summary.hash, summary.work),
    };
    Ok(Some(json))
}

pub(crate) fn pending_json(network: &Network, entry: &Arc<Entry>, waiting: bool, next_block: bool) -> PendingJson {
    let transfer = &entry.transfer;
    PendingJson {
        transfer: TransferJson::with_id(&network.parameters().prefix, transfer.signed(), transfer.id()),
        since: entry.since_ms,
        size: entry.size as u64,
        waiting,
        next_block,
    }
}
