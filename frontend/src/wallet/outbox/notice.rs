//! What is said of a transfer in the outbox: what happened, what it means for the money, and what to do.

use super::{Item, Rival, State};
use crate::view::text::grouped;
use crate::wallet::replacement::is_cancellation;

/// What is said of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// One to three words.
    pub title: &'static str,
    /// What happened, as a sentence.
    pub what: String,
    /// What it means for the money.
    pub money: &'static str,
    /// What to do.
    pub advice: &'static str,
    /// The button for that, where there is one.
    pub action: Option<Action>,
}

/// What a notice offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Posts the same bytes.
    SendAgain,
    /// Fills in the form for a new transfer with the same recipient, amount and memo.
    PayAnew,
    /// Shows the account's activity.
    ShowActivity,
}

impl Action {
    /// The button's text.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::SendAgain => "Send again",
            Self::PayAnew => "Pay anew",
            Self::ShowActivity => "Show activity",
        }
    }
}

const NOTHING: &str = "There is nothing to do.";
const ONCE: &str = "Send it again: it is the same signed transfer, so it cannot be paid twice.";

impl Item {
    /// What is said of it.
    #[must_use]
    pub fn notice(&self) -> Notice {
        let (title, what, money, advice, action) = match self.state {
            State::Unanswered => (
                "Not answered",
                "The node has not said that it took this transfer.",
                "Nothing has been seen to move, but the node may have it all the same.",
                ONCE,
                Some(Action::SendAgain),
            ),
            State::Pending => (
                "Pending",
                "The node has it, and it waits for a block.",
                "The money is set aside, and not paid yet.",
                "There is nothing to do. If it takes too long, speed it up or cancel it.",
                None,
            ),
            State::Outbid { .. } => (
                "Another waits",
                "Another transfer of yours with the same number waits in its place.",
                "Only one of the two can be mined, so nothing is paid twice.",
                NOTHING,
                None,
            ),
            State::Mined { .. } if is_cancellation(&self.signed.transfer) => (
                "Mined",
                "Your cancellation is in block ",
                "The transfer that it replaced will not happen.",
                NOTHING,
                None,
            ),
            State::Mined { .. } => (
                "Mined",
                "It is in block ",
                "The recipient has been paid. After 6 confirmations the payment counts as settled.",
                NOTHING,
                None,
            ),
            State::Undone { waits: true } => (
                "Undone",
                "The chain took back the block that it was in, and it waits for a block again.",
                "The payment does not count until it is mined again.",
                "There is nothing to do: it is usually mined again soon.",
                None,
            ),
            State::Undone { waits: false } => (
                "Undone",
                "The chain took back the block that it was in, and the node no longer has it.",
                "The money is yours again, and the recipient has not been paid.",
                ONCE,
                Some(Action::SendAgain),
            ),
            State::Expired => (
                "Expired",
                "It was not mined up to the last block in which it was valid: ",
                "No money has moved, and none will by this transfer.",
                "If you still want to pay, pay anew.",
                Some(Action::PayAnew),
            ),
            State::Dropped => (
                "Dropped",
                "The node let it go before it was mined: it had no room, or it waited too long.",
                "No money has moved. It is still valid, so a node that has it can still mine it.",
                ONCE,
                Some(Action::SendAgain),
            ),
            State::Replaced { how, .. } => replaced(how),
        };
        let mut what = what.to_owned();
        match self.state {
            State::Mined { height } => what.push_str(&grouped(height)),
            State::Expired => what.push_str(&grouped(self.signed.transfer.valid_until)),
            _ => {}
        }
        if !what.ends_with('.') {
            what.push('.');
        }
        Notice {
            title,
            what,
            money,
            advice,
            action,
        }
    }
}

type Parts = (&'static str, &'static str, &'static str, &'static str, Option<Action>);

const fn replaced(how: Rival) -> Parts {
    match how {
        Rival::SpeedUp => (
            "Sped up",
            "The same payment with a higher fee was mined in its place.",
            "The recipient has been paid, and only once.",
            NOTHING,
            None,
        ),
        Rival::Cancellation => (
            "Cancelled",
            "Your cancellation was mined in its place.",
            "The amount stays with you. Only the cancellation’s fee is gone.",
            NOTHING,
            None,
        ),
        Rival::Original => (
            "Too late",
            "The transfer that this one was to replace was mined first.",
            "That one counts: its recipient has been paid, and only once.",
            NOTHING,
            None,
        ),
        Rival::Own => (
            "Replaced",
            "Another transfer of yours with the same number was mined in its place.",
            "No money has moved by this transfer, and none will.",
            "If you still want to pay this one too, pay anew.",
            Some(Action::PayAnew),
        ),
        Rival::Unknown => (
            "Replaced",
            "A transfer of your account with the same number was mined in its place, and this browser did not send it.",
            "No money has moved by this transfer, and none will. The other one has moved money of yours.",
            "Look at your activity. If you did not send the other one from another device, somebody has your phrase: move \
             what is left to a new wallet.",
            Some(Action::ShowActivity),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{every_state, item};
    use super::*;
    use crate::wallet::replacement;

    #[test]
    fn every_state_says_what_it_means_for_the_money() {
        for state in every_state() {
            let mut item = item(1, 100);
            item.state = state;
            let notice = item.notice();
            for sentence in [notice.what.as_str(), notice.money, notice.advice] {
                assert!(sentence.ends_with('.') && !sentence.contains("  "), "{sentence}");
            }
            assert_eq!(
                notice.action == Some(Action::SendAgain),
                item.can_be_sent_again(),
                "{state:?}"
            );
            assert!(notice.title.len() < 15);
        }
    }

    #[test]
    fn a_cancellation_pays_nobody() {
        let mut item = item(1, 100);
        item.signed.transfer = replacement::cancel(&item.signed, item.signed.transfer.fee);
        item.state = State::Mined { height: 1234 };
        let Notice { what, money, .. } = item.notice();
        assert_eq!(what, "Your cancellation is in block 1,234.");
        assert_eq!(money, "The transfer that it replaced will not happen.");
    }

    #[test]
    fn heights_are_said() {
        let mut item = item(1, 1234);
        item.state = State::Expired;
        assert!(item.notice().what.ends_with(": 1,234."));
        item.state = State::Mined { height: 5 };
        assert_eq!(item.notice().what, "It is in block 5.");
        assert!(item.notice().money.contains("has been paid"));
    }
}
