//! What the chain has taken.

use std::collections::HashMap;

use shared::{
    hash::Hash,
    key::PublicKey,
    rules::AppliedBlock,
    transaction::{Transfer, VerifiedTransfer},
};

/// The transfers of blocks that were added, by sender and nonce.
#[derive(Debug, Clone, Default)]
pub struct Taken(HashMap<(PublicKey, u64), Hash>);

impl Taken {
    /// Those of blocks.
    #[must_use]
    pub fn of(blocks: &[AppliedBlock]) -> Self {
        blocks.iter().flat_map(|applied| applied.block.transfers()).collect()
    }

    /// The id of the one that took the nonce of a transfer: its own, when it was mined itself.
    #[must_use]
    pub fn by(&self, transfer: &Transfer) -> Option<Hash> {
        self.0.get(&(transfer.sender, transfer.nonce)).copied()
    }

    /// The ids of all.
    pub fn ids(&self) -> impl Iterator<Item = &Hash> {
        self.0.values()
    }
}

impl<'a> FromIterator<&'a VerifiedTransfer> for Taken {
    fn from_iter<I: IntoIterator<Item = &'a VerifiedTransfer>>(transfers: I) -> Self {
        let key = |transfer: &Transfer| (transfer.sender, transfer.nonce);
        let entries = transfers.into_iter().map(|one| (key(one.transfer()), one.id()));
        Self(entries.collect())
    }
}
