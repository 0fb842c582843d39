//! What a transfer would do to its two accounts in the next block, by the function that the node applies blocks with.

use shared::amount::Amount;
use shared::api::PendingChange;
use shared::rules::{RuleError, apply_transfer};
use shared::state::Account;
use shared::transaction::Transfer;

/// A balance before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// As it is.
    pub before: Amount,
    /// As it would be.
    pub after: Amount,
}

/// What would become of the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What the sender can spend, before and after: the balance without what their other pending transfers take.
    pub sender: Change,
    /// The recipient's balance. None when it is not known, and when the sender pays themselves.
    pub recipient: Option<Change>,
    /// The number of the sender's next transfer afterwards.
    pub next_nonce: u64,
}

/// The sender's pending transfers, as the node tells of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// What they take together, fees included.
    pub outgoing: Amount,
    /// The number after the last of them.
    pub next_nonce: u64,
    /// What the one takes that the transfer is to replace; zero when it replaces none.
    pub replaced: Amount,
}

impl Queue {
    /// What the node says of an account, when the transfer replaces one that takes `replaced`.
    #[must_use]
    pub const fn new(pending: &PendingChange, replaced: Amount) -> Self {
        Self {
            outgoing: pending.outgoing,
            next_nonce: pending.next_nonce,
            replaced,
        }
    }

    /// The sender's account as the transfer meets it: what stays when the others are paid, and the number that it has if
    /// it is the next or replaces one of them. Any other number is left for the rule to judge.
    fn met_by(&self, transfer: &Transfer, mined: Account) -> Account {
        let taken = self.outgoing.checked_sub(self.replaced).unwrap_or_default();
        let balance = mined.balance.checked_sub(taken).unwrap_or_default();
        let next_nonce = self.next_nonce.max(mined.nonce);
        let nonce = if (mined.nonce..next_nonce).contains(&transfer.nonce) {
            transfer.nonce
        } else if transfer.nonce < mined.nonce {
            mined.nonce
        } else {
            next_nonce
        };
        Account { balance, nonce }
    }
}

/// Applies a transfer, unsigned as it may be, to the accounts as they are mined, in a block after the one at `tip`.
/// `recipient` is none when it is not known; an address that was never paid has [`Account::EMPTY`]. Without a `queue`
/// the sender has nothing else pending.
///
/// # Errors
/// The rule by which it would be refused.
pub fn simulate(
    transfer: &Transfer,
    tip: u64,
    sender: Account,
    recipient: Option<Account>,
    queue: Option<Queue>,
) -> Result<Outcome, RuleError> {
    transfer.check_form()?;
    let met = queue.map_or(sender, |queue| queue.met_by(transfer, sender));
    let to = recipient.unwrap_or(Account::EMPTY);
    let (after, paid) = apply_transfer(transfer, tip.saturating_add(1), met, to)?;
    let next_nonce = queue.map_or(after.nonce, |queue| queue.next_nonce.max(after.nonce));
    let is_to_self = transfer.recipient == transfer.sender;
    Ok(Outcome {
        sender: Change {
            before: met.balance,
            after: after.balance,
        },
        recipient: recipient.filter(|_| !is_to_self).map(|before| Change {
            before: before.balance,
            after: paid.balance,
        }),
        next_nonce,
    })
}

/// The rule that refuses a transfer, as a sentence with the way out.
#[must_use]
pub fn refusal(error: &RuleError) -> String {
    let mut said = String::new();
    let end = match error {
        RuleError::AmountZero => "The amount is zero. Send at least 0.00000001.",
        RuleError::InsufficientBalance { needed, available, .. } => {
            said.push_str("It takes ");
            said.push_str(&needed.to_coins());
            said.push_str(" with the fee, and you have ");
            said.push_str(&available.to_coins());
            said.push_str(" to spend");
            ". Send less, or wait until you are paid."
        }
        RuleError::WrongNonce { expected, found, .. } if found < expected => {
            "Another transfer with its number was mined already. Make it anew."
        }
        RuleError::WrongNonce { .. } => "Transfers before this one are missing. Make it anew.",
        RuleError::Expired { .. } => "The height until which it may be mined is past. Choose a later one.",
        RuleError::InvalidKey { .. } => "One of its addresses cannot be: nobody has such a key. Ask for it again.",
        _ => "Its amounts are too large. Send less.",
    };
    said.push_str(end);
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::key::SecretKey;
    use shared::transaction::Memo;

    fn transfer(nonce: u64) -> Transfer {
        Transfer {
            sender: SecretKey::from_bytes(&[1; 32]).public_key(),
            recipient: SecretKey::from_bytes(&[2; 32]).public_key(),
            amount: Amount::from_units(100),
            fee: Amount::from_units(7),
            nonce,
            valid_until: 0,
            memo: Memo::default(),
        }
    }

    const fn account(balance: u64, nonce: u64) -> Account {
        Account {
            balance: Amount::from_units(balance),
            nonce,
        }
    }

    const fn queue(outgoing: u64, next_nonce: u64, replaced: u64) -> Queue {
        Queue {
            outgoing: Amount::from_units(outgoing),
            next_nonce,
            replaced: Amount::from_units(replaced),
        }
    }

    const fn change(before: u64, after: u64) -> Change {
        Change {
            before: Amount::from_units(before),
            after: Amount::from_units(after),
        }
    }

    #[test]
    fn both_balances_are_told() {
        let outcome = simulate(&transfer(3), 9, account(200, 3), Some(account(50, 0)), None).unwrap();
        assert_eq!(outcome.sender, change(200, 93));
        assert_eq!(outcome.recipient, Some(change(50, 150)));
        assert_eq!(outcome.next_nonce, 4);
        let new = simulate(&transfer(3), 9, account(200, 3), Some(Account::EMPTY), None).unwrap();
        assert_eq!(new.recipient, Some(change(0, 100)));
        let unknown = simulate(&transfer(3), 9, account(200, 3), None, None).unwrap();
        assert_eq!((unknown.recipient, unknown.sender), (None, outcome.sender));
    }

    #[test]
    fn paying_oneself_costs_the_fee_alone() {
        let own = Transfer {
            recipient: transfer(3).sender,
            ..transfer(3)
        };
        let outcome = simulate(&own, 9, account(107, 3), Some(account(107, 3)), None).unwrap();
        assert_eq!((outcome.sender, outcome.recipient), (change(107, 100), None));
        // The whole amount must be there all the same.
        assert!(simulate(&own, 9, account(106, 3), None, None).is_err());
    }

    #[test]
    fn what_is_pending_is_taken_first() {
        let outcome = simulate(&transfer(5), 9, account(200, 3), None, Some(queue(93, 5, 0))).unwrap();
        assert_eq!((outcome.sender, outcome.next_nonce), (change(107, 0), 6));
        let short = simulate(&transfer(5), 9, account(200, 3), None, Some(queue(94, 5, 0)));
        assert!(matches!(short, Err(RuleError::InsufficientBalance { .. })), "{short:?}");
    }

    #[test]
    fn a_replacement_gives_back_what_it_replaces() {
        let outcome = simulate(&transfer(3), 9, account(200, 3), None, Some(queue(150, 5, 100))).unwrap();
        assert_eq!((outcome.sender, outcome.next_nonce), (change(150, 43), 5));
        assert!(simulate(&transfer(3), 9, account(200, 3), None, Some(queue(150, 5, 0))).is_err());
    }

    #[test]
    fn the_rule_that_refuses_is_told() {
        let refused = |transfer: &Transfer, queue| {
            let error = simulate(transfer, 9, account(200, 3), Some(account(1, 0)), queue).unwrap_err();
            (error.code(), refusal(&error))
        };
        let low = refused(&transfer(2), Some(queue(0, 5, 0)));
        assert!(low.0 == "nonce-too-low" && low.1.contains("mined already"), "{low:?}");
        let gap = refused(&transfer(6), Some(queue(0, 5, 0)));
        assert!(gap.0 == "nonce-too-high" && gap.1.contains("missing"), "{gap:?}");
        let mut wrong = transfer(3);
        wrong.valid_until = 9;
        assert_eq!(refused(&wrong, None).0, "expired");
        wrong.valid_until = 10;
        assert!(simulate(&wrong, 9, account(200, 3), None, None).is_ok());
        wrong.amount = Amount::ZERO;
        assert_eq!(refused(&wrong, None).0, "amount-zero");
        wrong.amount = Amount::MAX;
        assert!(refused(&wrong, None).1.contains("too large"));
        wrong.amount = Amount::from_units(194);
        let (code, said) = refused(&wrong, None);
        assert_eq!(code, "balance-insufficient");
        assert!(
            said.contains("takes 0.00000201") && said.contains("have 0.000002 to"),
            "{said}"
        );
        wrong = transfer(3);
        wrong.recipient.0 = [0; 32];
        assert_eq!(refused(&wrong, None).0, "recipient-invalid");
        let full = simulate(&transfer(3), 9, account(200, 3), Some(account(u64::MAX, 0)), None).unwrap_err();
        assert_eq!(full.code(), "balance-overflow");
    }
}
