//! Transfers in place of others with the same number: with a higher fee, or none at all to anybody.

use shared::amount::Amount;
use shared::api::Fees;
use shared::transaction::{Memo, SignedTransfer, Transfer};

/// The length for which a node gives fees: a signed transfer without memo.
const SIZE: u64 = Transfer::MIN_LEN as u64 + 64;

/// What a replacement has to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replacement {
    /// The least that the node takes.
    pub least: Amount,
    /// More than that, and enough to be mined soon.
    pub suggested: Amount,
}

/// The fee of a transfer of `size` bytes that replaces one which pays `old_fee`.
///
/// A node takes it when it pays a tenth more, and at least one unit or the node's least fee for the length more
/// (backend/src/mempool.rs, `check_replacement`). The node's least fee is taken from `fees`, where it is higher while the
/// mempool is full, so `least` is enough in any case.
#[must_use]
pub fn replacement_fee(old_fee: Amount, size: usize, fees: &Fees) -> Replacement {
    let old = old_fee.units();
    let size = size as u64;
    let step = old.div_ceil(10).max(scaled(fees.minimum.units(), size)).max(1);
    let least = old.saturating_add(step);
    let soonest = fees
        .estimates
        .first()
        .map_or(0, |estimate| scaled(estimate.fee.units(), size));
    let suggested = soonest.max(least.saturating_add(least.div_ceil(10)));
    Replacement {
        least: Amount::from_units(least),
        suggested: Amount::from_units(suggested),
    }
}

/// A fee for [`SIZE`] bytes as one for `size` bytes, rounded up.
const fn scaled(fee: u64, size: u64) -> u64 {
    let (whole, rest) = (fee / SIZE, fee % SIZE);
    whole.saturating_mul(size).saturating_add((rest * size).div_ceil(SIZE))
}

/// The same payment with another fee.
#[must_use]
pub fn speed_up(signed: &SignedTransfer, fee: Amount) -> Transfer {
    Transfer {
        fee,
        ..signed.transfer.clone()
    }
}

/// A payment of one unit, the least there may be, to the sender: it uses up the number, and only its fee is gone. It is
/// valid as long as what it stops.
#[must_use]
pub fn cancel(signed: &SignedTransfer, fee: Amount) -> Transfer {
    let Transfer {
        sender,
        nonce,
        valid_until,
        ..
    } = signed.transfer;
    Transfer {
        sender,
        recipient: sender,
        amount: Amount::from_units(1),
        fee,
        nonce,
        valid_until,
        memo: Memo::default(),
    }
}

/// Whether a transfer looks like one of [`cancel`]: nothing in its bytes says what it is for.
#[must_use]
pub fn is_cancellation(transfer: &Transfer) -> bool {
    transfer.amount == Amount::from_units(1) && transfer.sender == transfer.recipient
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::api::FeeEstimate;
    use shared::hash::Hash;
    use shared::key::SecretKey;

    fn fees(minimum: u64, soonest: u64) -> Fees {
        Fees {
            minimum: Amount::from_units(minimum),
            estimates: vec![FeeEstimate {
                blocks: 1,
                fee: Amount::from_units(soonest),
                expected_ms: 1,
            }],
        }
    }

    fn fee(old: u64, size: usize, fees: &Fees) -> (u64, u64) {
        let Replacement { least, suggested } = replacement_fee(Amount::from_units(old), size, fees);
        (least.units(), suggested.units())
    }

    #[test]
    fn the_least_is_what_the_rule_says() {
        // A tenth more, rounded up.
        assert_eq!(fee(1_000, 161, &fees(0, 0)).0, 1_100);
        assert_eq!(fee(1_001, 161, &fees(0, 0)).0, 1_102);
        // One unit at least.
        assert_eq!(fee(0, 161, &fees(0, 0)).0, 1);
        assert_eq!(fee(9, 161, &fees(0, 0)).0, 10);
        // The least fee for the length at least.
        assert_eq!(fee(1_000, 161, &fees(161, 0)).0, 1_161);
        assert_eq!(fee(1_000, 225, &fees(161, 0)).0, 1_225);
        assert_eq!(fee(u64::MAX, 225, &fees(u64::MAX, u64::MAX)), (u64::MAX, u64::MAX));
    }

    #[test]
    fn it_is_never_less_than_the_node_asks_for() {
        for rate in [0, 1, 7, 999, 1_000, 123_457] {
            let relay = |size: u64| (rate * size).div_ceil(1_000);
            for size in 161..=225 {
                for old in [0u64, 1, 10, 99, 12_345] {
                    let asked = old + old.div_ceil(10).max(relay(size)).max(1);
                    let least = fee(old, size as usize, &fees(relay(161), 0)).0;
                    // Rounding twice costs two units at most.
                    assert!((asked..=asked + 2).contains(&least), "{rate} {size} {old}");
                }
            }
        }
    }

    #[test]
    fn more_than_the_least_is_suggested() {
        assert_eq!(fee(0, 161, &fees(0, 0)), (1, 2));
        assert_eq!(fee(1_000, 161, &fees(0, 0)), (1_100, 1_210));
        assert_eq!(fee(1_000, 161, &fees(0, 5_000)), (1_100, 5_000));
        assert_eq!(fee(1_000, 322, &fees(0, 5_000)), (1_100, 10_000));
    }

    #[test]
    fn replacements_hold_under_the_rules() {
        let (genesis, key) = (Hash([5; 32]), SecretKey::from_bytes(&[1; 32]));
        let transfer = Transfer {
            sender: key.public_key(),
            recipient: SecretKey::from_bytes(&[2; 32]).public_key(),
            amount: Amount::from_units(150),
            fee: Amount::from_units(7),
            nonce: 3,
            valid_until: 100,
            memo: Memo::new("tea").unwrap(),
        };
        let signed = transfer.clone().sign(&genesis, &key);
        let faster = speed_up(&signed, Amount::from_units(9));
        assert_eq!(
            faster,
            Transfer {
                fee: Amount::from_units(9),
                ..transfer.clone()
            }
        );
        let none = cancel(&signed, Amount::from_units(9));
        assert_eq!((none.sender, none.recipient), (transfer.sender, transfer.sender));
        assert_eq!((none.nonce, none.valid_until, none.fee.units()), (3, 100, 9));
        assert!(is_cancellation(&none) && !is_cancellation(&faster));
        for replacement in [faster, none] {
            assert!(replacement.sign(&genesis, &key).verify(&genesis).is_ok());
        }
    }
}
