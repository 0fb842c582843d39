//! Where a sent transfer stands, as one state that the node's answers move.

use shared::api::Standing;

/// The blocks after which a payment counts as settled among people who do not trust each other.
pub const SETTLED: u64 = 6;

/// Where a signed transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The node accepted it, and it waits for a block.
    Pending,
    /// The node answered, but the answer does not hold: nothing follows from it.
    Doubted,
    /// In a block.
    Confirmed {
        /// The height of its block.
        height: u64,
        /// How many blocks there are from it to the tip, both counted.
        confirmations: u64,
    },
    /// It left the mempool without being mined.
    Gone(Gone),
}

/// Why a transfer is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// Another transfer with its number was mined.
    Replaced,
    /// The node let it go: it had no room, or it became too old.
    Dropped,
}

impl Progress {
    /// What an answer about the transaction makes of it. `None` is a node that does not know the transaction; then the
    /// sender's account tells why: `next_nonce` is the number of the next transfer to be mined, `nonce` the transfer's own.
    #[must_use]
    pub const fn after(standing: Option<&Standing>, nonce: u64, next_nonce: u64) -> Self {
        match standing {
            Some(Standing::Pending { .. }) => Self::Pending,
            Some(Standing::Mined {
                header, confirmations, ..
            }) => Self::Confirmed {
                height: header.height,
                confirmations: *confirmations,
            },
            None if next_nonce > nonce => Self::Gone(Gone::Replaced),
            None => Self::Gone(Gone::Dropped),
        }
    }

    /// How many of the three stages are reached: signed, pending, confirmed.
    #[must_use]
    pub const fn stage(self) -> usize {
        match self {
            Self::Pending | Self::Doubted | Self::Gone(_) => 1,
            Self::Confirmed { .. } => 2,
        }
    }

    /// What is said of the last stage.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Self::Pending => "The node has it. It waits for the next block.".to_owned(),
            Self::Doubted => {
                "The node’s answer about this transfer does not hold, so nothing is confirmed. Press the sign below \
                for the reason, and ask another node."
                    .to_owned()
            }
            Self::Confirmed { confirmations: 1, .. } => "1 confirmation".to_owned(),
            Self::Confirmed { confirmations, .. } if confirmations < SETTLED => {
                format!("{confirmations} confirmations")
            }
            Self::Confirmed { confirmations, .. } => format!("{confirmations} confirmations: settled"),
            Self::Gone(Gone::Replaced) => {
                "Another transfer of yours with the same number was mined in its place. This one will \
                never be paid. Look at your activity, and send again if need be."
                    .to_owned()
            }
            Self::Gone(Gone::Dropped) => {
                "The node let it go before it was mined: it had no room, or it waited too long. No money \
                moved. Send it again, perhaps with a higher fee."
                    .to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_move_it() {
        let pending = Standing::Pending { place: 1, since: 0 };
        assert_eq!(Progress::after(Some(&pending), 3, 3), Progress::Pending);
        assert_eq!(Progress::after(None, 3, 3), Progress::Gone(Gone::Dropped));
        assert_eq!(Progress::after(None, 3, 4), Progress::Gone(Gone::Replaced));
    }

    #[test]
    fn each_stage_has_its_sentence() {
        let confirmed = |confirmations| Progress::Confirmed {
            height: 5,
            confirmations,
        };
        assert_eq!(confirmed(1).sentence(), "1 confirmation");
        assert_eq!(confirmed(2).sentence(), "2 confirmations");
        assert!(confirmed(6).sentence().ends_with("settled"));
        assert!(Progress::Gone(Gone::Dropped).sentence().contains("No money moved"));
        assert_eq!((Progress::Pending.stage(), confirmed(1).stage()), (1, 2));
        assert_eq!(Progress::Doubted.stage(), 1);
        assert!(Progress::Doubted.sentence().contains("nothing is confirmed"));
    }
}
