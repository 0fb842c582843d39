//! A pending transfer, and its place by fee rate.

use std::cmp::Ordering;

use shared::{
    amount::Amount,
    hash::Hash,
    key::PublicKey,
    transaction::{Transfer, VerifiedTransfer},
};

/// A pending transfer.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The transfer.
    pub transfer: VerifiedTransfer,
    /// Its encoded length, in bytes.
    pub size: usize,
    /// When it came, in milliseconds since 1970.
    pub since_ms: u64,
    /// Counts those that came.
    pub(super) arrival: u64,
}

impl Entry {
    pub(super) fn new(transfer: VerifiedTransfer, since_ms: u64, arrival: u64) -> Self {
        Self {
            size: transfer.signed().encoded_len(),
            transfer,
            since_ms,
            arrival,
        }
    }

    /// The id.
    #[must_use]
    pub const fn id(&self) -> Hash {
        self.transfer.id()
    }

    /// What is ordered.
    #[must_use]
    pub const fn order(&self) -> &Transfer {
        self.transfer.transfer()
    }

    pub(super) const fn sender(&self) -> PublicKey {
        self.order().sender
    }

    pub(super) const fn nonce(&self) -> u64 {
        self.order().nonce
    }

    /// Amount and fee. Verified transfers have a sum that fits.
    pub(super) fn cost(&self) -> u128 {
        u128::from(self.order().amount.units()) + u128::from(self.order().fee.units())
    }

    pub(super) const fn place(&self) -> Place {
        Place {
            fee: self.order().fee,
            size: self.size,
            arrival: self.arrival,
        }
    }
}

/// The order by fee rate, highest first; the same rate by arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    fee: Amount,
    size: usize,
    arrival: u64,
}

impl Place {
    /// Whether the rate is higher than another's, whenever they came.
    pub(super) fn pays_more(&self, other: &Self) -> bool {
        self.cmp_rate(other) == Ordering::Less
    }

    /// The least fee at which a transfer of `size` bytes pays more.
    pub(super) fn more_than(&self, size: usize) -> Amount {
        let units = u128::from(self.fee.units()) * size as u128 / self.size.max(1) as u128 + 1;
        Amount::from_units(u64::try_from(units).unwrap_or(u64::MAX))
    }

    fn cmp_rate(&self, other: &Self) -> Ordering {
        // fee / size, without division: no rounding.
        let mine = u128::from(self.fee.units()) * other.size as u128;
        let theirs = u128::from(other.fee.units()) * self.size as u128;
        theirs.cmp(&mine)
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.cmp_rate(other).then(self.arrival.cmp(&other.arrival))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
