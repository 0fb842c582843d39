//! An account's history as rows that people read: what came, what went, and where it stands.

use shared::amount::Amount;
use shared::api::{HistoryEntry, PendingChange, RewardJson, TransferJson};
use shared::hash::Hash;

/// What a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Somebody paid this account.
    Received,
    /// This account paid somebody.
    Sent,
    /// This account paid itself: only the fee went.
    ToSelf,
    /// The reward of a block.
    Mined,
}

impl Kind {
    /// The word in the row.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Received => "Received",
            Self::Sent => "Sent",
            Self::ToSelf => "Sent to yourself",
            Self::Mined => "Mined",
        }
    }

    /// The sign before the amount.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Received | Self::Mined => "+",
            Self::Sent | Self::ToSelf => "−",
        }
    }
}

/// A line of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The transaction.
    pub id: Hash,
    /// What it is about.
    pub kind: Kind,
    /// What came, or went with the fee.
    pub amount: Amount,
    /// What of that is the fee, where this account paid it.
    pub fee: Amount,
    /// The other party, if there is one.
    pub other: Option<String>,
    /// The memo; empty when there is none.
    pub memo: String,
    /// The height of its block; none while it is pending.
    pub height: Option<u64>,
    /// The block's timestamp, or when it came.
    pub timestamp: u64,
}

impl Row {
    /// How many blocks confirm it when the tip is at `tip`; none while it is pending.
    #[must_use]
    pub fn confirmations(&self, tip: u64) -> Option<u64> {
        self.height.map(|height| tip.saturating_sub(height) + 1)
    }
}

/// The rows of an account's history, pending ones first, otherwise in the order of the answer.
#[must_use]
pub fn rows(entries: &[HistoryEntry], own: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = entries.iter().filter_map(|entry| row(entry, own)).collect();
    rows.sort_by_key(|row| row.height.is_some());
    rows
}

/// Nothing for an entry that does not concern the account: a node's slip, not the person's matter.
fn row(entry: &HistoryEntry, own: &str) -> Option<Row> {
    let blank = |kind, amount, fee, other, memo| Row {
        id: entry.id,
        kind,
        amount,
        fee,
        other,
        memo,
        height: entry.height,
        timestamp: entry.timestamp,
    };
    match (&entry.transfer, &entry.reward) {
        (Some(transfer), _) => transfer_row(transfer, own, blank),
        (
            None,
            Some(RewardJson {
                recipient_address,
                amount,
                ..
            }),
        ) if recipient_address == own => Some(blank(Kind::Mined, *amount, Amount::ZERO, None, String::new())),
        _ => None,
    }
}

fn transfer_row(
    transfer: &TransferJson,
    own: &str,
    blank: impl FnOnce(Kind, Amount, Amount, Option<String>, String) -> Row,
) -> Option<Row> {
    let TransferJson {
        sender_address: sender,
        recipient_address: recipient,
        amount,
        fee,
        memo,
        ..
    } = transfer;
    let memo = memo.as_str().to_owned();
    match (sender == own, recipient == own) {
        (true, true) => Some(blank(Kind::ToSelf, *fee, *fee, None, memo)),
        (true, false) => Some(blank(
            Kind::Sent,
            amount.checked_add(*fee)?,
            *fee,
            Some(recipient.clone()),
            memo,
        )),
        (false, true) => Some(blank(Kind::Received, *amount, Amount::ZERO, Some(sender.clone()), memo)),
        (false, false) => None,
    }
}

/// Older lines with those before them that new blocks pushed off the first page, so that none is missing between.
#[must_use]
pub fn pushed_off(first_before: &[Row], first_now: &[Row], older: &[Row]) -> Vec<Row> {
    let is_in = |rows: &[Row], row: &Row| rows.iter().any(|other| other.id == row.id);
    let pushed = first_before
        .iter()
        .filter(|row| row.height.is_some() && !is_in(first_now, row) && !is_in(older, row));
    let kept = older.iter().filter(|row| !is_in(first_now, row));
    pushed.chain(kept).cloned().collect()
}

/// What pending transfers change, as a sentence; none when they change nothing. Where some come and some go, what remains:
/// a transfer to oneself does both, and costs its fee alone.
#[must_use]
pub fn pending_sentence(pending: &PendingChange, symbol: &str) -> Option<String> {
    let PendingChange { incoming, outgoing, .. } = pending;
    let (sign, change) = match incoming.checked_sub(*outgoing) {
        Some(change) => ("+", change),
        None => ("−", outgoing.checked_sub(*incoming)?),
    };
    let way = match (*incoming, *outgoing) {
        _ if change == Amount::ZERO => return None,
        (_, Amount::ZERO) => " is on its way to you",
        (Amount::ZERO, _) => " is on its way out",
        _ => " in all is on its way",
    };
    Some([sign, &change.to_coins(), " ", symbol, way].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::key::Signature;
    use shared::transaction::Memo;

    fn entry(sender: &str, recipient: &str, height: Option<u64>) -> HistoryEntry {
        HistoryEntry {
            id: Hash([height.unwrap_or(99) as u8; 32]),
            height,
            index: height.map(|_| 1),
            timestamp: 5,
            transfer: Some(TransferJson {
                id: None,
                sender_address: sender.into(),
                recipient_address: recipient.into(),
                amount: Amount::from_units(10),
                fee: Amount::from_units(1),
                nonce: 0,
                valid_until: 0,
                memo: Memo::new("tea").unwrap(),
                signature: Signature([0; 64]),
            }),
            reward: None,
        }
    }

    #[test]
    fn rows_say_what_came_and_went() {
        let entries = [
            entry("me", "you", Some(3)),
            entry("you", "me", None),
            entry("me", "me", Some(2)),
            entry("you", "them", Some(1)),
        ];
        let rows = rows(&entries, "me");
        let seen: Vec<_> = rows
            .iter()
            .map(|row| (row.kind, row.amount.units(), row.fee.units()))
            .collect();
        assert_eq!(
            seen,
            [(Kind::Received, 10, 0), (Kind::Sent, 11, 1), (Kind::ToSelf, 1, 1)]
        );
        assert_eq!(rows[0].height, None, "pending ones stand first");
        assert_eq!(rows[0].other.as_deref(), Some("you"));
        assert_eq!((rows[0].confirmations(9), rows[1].confirmations(9)), (None, Some(7)));
    }

    #[test]
    fn a_reward_is_mined() {
        let mut mined = entry("a", "b", Some(4));
        mined.transfer = None;
        mined.reward = Some(RewardJson {
            id: Hash([0; 32]),
            recipient_address: "me".into(),
            amount: Amount::from_units(50),
            note: String::new(),
        });
        assert_eq!(rows(&[mined.clone()], "me")[0].kind, Kind::Mined);
        assert!(rows(&[mined], "you").is_empty());
    }

    #[test]
    fn no_line_is_lost_between_pages() {
        let page = |heights: &[u64]| -> Vec<Row> {
            let entries: Vec<_> = heights.iter().map(|height| entry("me", "you", Some(*height))).collect();
            rows(&entries, "me")
        };
        let older = pushed_off(&page(&[5, 4]), &page(&[6, 5]), &page(&[3, 2]));
        assert_eq!(older, page(&[4, 3, 2]));
        assert_eq!(
            pushed_off(&page(&[5, 4]), &page(&[6, 5]), &page(&[4, 3])),
            page(&[4, 3])
        );
    }

    #[test]
    fn pending_change_is_a_sentence() {
        let change = |incoming, outgoing| {
            let pending = PendingChange {
                incoming: Amount::from_units(incoming),
                outgoing: Amount::from_units(outgoing),
                next_nonce: 0,
            };
            pending_sentence(&pending, "DEV")
        };
        assert_eq!(change(0, 0), None);
        assert_eq!(change(100_000_000, 0).unwrap(), "+1 DEV is on its way to you");
        assert_eq!(change(0, 1).unwrap(), "−0.00000001 DEV is on its way out");
        // One unit to oneself, with a fee of 1210.
        assert_eq!(change(1, 1211).unwrap(), "−0.0000121 DEV in all is on its way");
        assert_eq!(change(3, 1).unwrap(), "+0.00000002 DEV in all is on its way");
        assert_eq!(change(1, 1), None);
    }
}
