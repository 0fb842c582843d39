//! What a peer does wrong, and what that costs it.
//!
//! Only what an honest node never does costs anything: not a lost race, not a transfer that the mempool does not want.

use std::fmt;

/// Something that an honest node does not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offence {
    /// Bytes that are no message.
    Malformed {
        /// What is wrong with them.
        reason: String,
    },
    /// A message longer than its kind may be.
    Oversized {
        /// Its length, as far as it was read.
        bytes: usize,
        /// The most that is read.
        limit: usize,
    },
    /// A status that names another genesis block.
    OtherChain,
    /// Messages of a version that is not spoken any more.
    OldVersion {
        /// The version.
        found: u16,
    },
    /// A header that breaks a rule.
    InvalidHeader {
        /// The rule's code.
        rule: &'static str,
    },
    /// A block that breaks a rule.
    InvalidBlock {
        /// The rule's code.
        rule: &'static str,
    },
    /// A transfer that breaks a rule, whatever the accounts are.
    InvalidTransfer {
        /// The rule's code.
        rule: &'static str,
    },
    /// Many headers with little work.
    LowWork,
    /// A height or work that its headers do not bear out.
    FalseClaim,
    /// A proof of its chain that does not hold.
    InvalidProof {
        /// What is wrong with it.
        reason: String,
    },
    /// Something that was not asked for.
    Unrequested {
        /// What it is.
        what: &'static str,
    },
    /// More requests than a node that syncs makes.
    TooManyRequests,
    /// More news that is of no use than an honest node passes on.
    TooMuchNews,
    /// No answer in time. It never leads to a ban: lines break, and honest nodes are slow.
    Stalled,
}

impl Offence {
    /// The stable name, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed",
            Self::Oversized { .. } => "oversized",
            Self::OtherChain => "other-chain",
            Self::OldVersion { .. } => "old-version",
            Self::InvalidHeader { .. } => "invalid-header",
            Self::InvalidBlock { .. } => "invalid-block",
            Self::InvalidTransfer { .. } => "invalid-transfer",
            Self::LowWork => "low-work",
            Self::FalseClaim => "false-claim",
            Self::InvalidProof { .. } => "invalid-proof",
            Self::Unrequested { .. } => "unrequested",
            Self::TooManyRequests => "too-many-requests",
            Self::TooMuchNews => "too-much-news",
            Self::Stalled => "stalled",
        }
    }

    /// What it adds to the peer's score.
    #[must_use]
    pub const fn weight(&self) -> u32 {
        match self {
            Self::OtherChain | Self::OldVersion { .. } | Self::InvalidHeader { .. } | Self::InvalidBlock { .. } => 100,
            Self::Malformed { .. }
            | Self::Oversized { .. }
            | Self::LowWork
            | Self::FalseClaim
            | Self::InvalidProof { .. } => 50,
            Self::InvalidTransfer { .. } | Self::Unrequested { .. } => 25,
            Self::TooManyRequests | Self::TooMuchNews => 20,
            Self::Stalled => 0,
        }
    }
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { reason } => write!(f, "it sent bytes that are no message: {reason}"),
            Self::Oversized { bytes, limit } => {
                write!(
                    f,
                    "it sent a message of {bytes} bytes or more, where {limit} are allowed"
                )
            }
            Self::OtherChain => f.write_str("it follows another chain"),
            Self::OldVersion { found } => write!(f, "it speaks version {found}, which is too old"),
            Self::InvalidHeader { rule } => write!(f, "it sent a header that breaks a rule: {rule}"),
            Self::InvalidBlock { rule } => write!(f, "it sent a block that breaks a rule: {rule}"),
            Self::InvalidTransfer { rule } => write!(f, "it sent a transfer that breaks a rule: {rule}"),
            Self::LowWork => f.write_str("it sent many headers with little work"),
            Self::FalseClaim => {
                f.write_str("its headers or its proof do not bear out the height or work that it claims")
            }
            Self::InvalidProof { reason } => write!(f, "it sent a proof of its chain that does not hold: {reason}"),
            Self::Unrequested { what } => write!(f, "it sent {what} that nobody asked for"),
            Self::TooManyRequests => f.write_str("it asks more than a node that syncs would"),
            Self::TooMuchNews => f.write_str("it passes on more useless news than an honest node would"),
            Self::Stalled => f.write_str("it does not answer in time"),
        }
    }
}
