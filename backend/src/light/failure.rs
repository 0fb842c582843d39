//! Why there is no verified answer.

use std::process::ExitCode;

use ruint::aliases::U256;
use serde::Serialize;
use shared::{api::Status, chain_proof::ChainProofError, hash::Hash, light::Lie, rules::HeaderChain};

use super::Doubt;

/// The exit code of a lie.
const LIED: u8 = 2;
/// The exit code of no answer.
const UNREACHABLE: u8 = 3;

/// Why there is no verified answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The node claims one thing, and proves another or nothing.
    #[error("the node at {url} lies: {untruth}")]
    Lie {
        /// Where the node is.
        url: String,
        /// What it claims, and what is so.
        untruth: Box<Untruth>,
    },
    /// Nobody answers in time, or somebody does who is no node that can prove its chain.
    #[error("{0}")]
    Unreachable(String),
    /// Whether it is so cannot be proved.
    #[error("{message}")]
    Unverified {
        /// A stable name.
        kind: &'static str,
        /// What is said.
        message: String,
    },
}

/// What a node claims that is not so, or that it does not prove though it could.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untruth {
    /// It says one thing, and the proof another.
    #[error("{}{}", .0, hint(.0))]
    Lie(#[from] Lie),
    /// It calls bytes a proof or an answer that are none.
    #[error("{what} cannot be read ({reason}), so it proves nothing")]
    Unreadable {
        /// Which answer.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It rests an answer on a header that it does not show, though it was asked to.
    #[error("it was asked to show the header at height {height} of its chain, and does not")]
    Withheld {
        /// The header's.
        height: u64,
    },
    /// It rests an answer on a header above the tip of the chain that it proves.
    #[error("its answer rests on a header at height {height}, and the chain that it proves ends at {tip}")]
    AboveTip {
        /// The header's.
        height: u64,
        /// The tip's.
        tip: u64,
    },
    /// It says that it has nothing at the height that it has just proved.
    #[error("it proves a chain up to height {height}, and says that it has no such block")]
    Denied {
        /// The tip's.
        height: u64,
    },
    /// Its status says another thing about the tip than its proof.
    #[error("its status says that the {what} is {claimed}, and the proof of its chain shows {proved}")]
    Status {
        /// Which thing.
        what: &'static str,
        /// What the status says.
        claimed: String,
        /// What the proof shows.
        proved: String,
    },
}

/// A lie, for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// A stable name.
    pub kind: String,
    /// For people.
    pub message: String,
    /// What the node claimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed: Option<String>,
    /// What the proof says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proved: Option<String>,
}

impl Failure {
    /// 2 for a lie, 3 for no answer, 1 for what nobody can prove.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Lie { .. } => ExitCode::from(LIED),
            Self::Unreachable(_) => ExitCode::from(UNREACHABLE),
            Self::Unverified { .. } => ExitCode::FAILURE,
        }
    }

    /// A node says that it knows no such transaction.
    pub(super) fn absent(id: &Hash) -> Self {
        Self::Unverified {
            kind: "absent",
            message: format!(
                "the node says that it knows no transaction {id}: that there is none in the chain cannot be proved; ask \
                 another node"
            ),
        }
    }
}

impl Untruth {
    /// The status names more work than is proved, or with the same work another tip.
    pub(super) fn boast(status: &Status, tip: &HeaderChain) -> Self {
        let difference = |what, claimed: String, proved: String| {
            (claimed != proved).then_some(Self::Status { what, claimed, proved })
        };
        difference("work", status.work.0.to_string(), tip.work().to_string()).unwrap_or_else(|| Self::Status {
            what: "tip",
            claimed: status.tip_hash.to_string(),
            proved: tip.hash().to_string(),
        })
    }

    /// As [`Lie::may_be_late`].
    pub(super) const fn may_be_late(&self) -> bool {
        matches!(self, Self::Denied { .. } | Self::Status { .. })
    }

    /// What is told of it.
    #[must_use]
    pub fn told(&self) -> Told {
        let (kind, values) = match self {
            Self::Lie(lie) => return told(lie, self.to_string()),
            Self::Unreadable { .. } => ("unreadable", None),
            Self::Withheld { .. } => ("header-withheld", None),
            Self::AboveTip { height, tip } => ("above-tip", Some((height.to_string(), tip.to_string()))),
            Self::Denied { .. } => ("block-denied", None),
            Self::Status { claimed, proved, .. } => ("status", Some((claimed.clone(), proved.clone()))),
        };
        let (claimed, proved) = values.unzip();
        Told {
            kind: kind.to_owned(),
            message: self.to_string(),
            claimed,
            proved,
        }
    }
}

/// Whether the status says of the tip what is proved.
pub(super) fn check_status(status: &Status, tip: &HeaderChain) -> Result<(), Doubt> {
    let header = tip.header();
    let pairs = [
        ("work", status.work.0.to_string(), tip.work().to_string()),
        ("height", status.height.to_string(), header.height.to_string()),
        ("tip", status.tip_hash.to_string(), tip.hash().to_string()),
        (
            "tip's time",
            status.tip_timestamp.to_string(),
            header.timestamp.to_string(),
        ),
        (
            "target",
            format!("0x{:08x}", status.bits),
            format!("0x{:08x}", header.bits),
        ),
    ];
    for (what, claimed, proved) in pairs {
        if claimed != proved {
            return Err(Untruth::Status { what, claimed, proved }.into());
        }
    }
    Ok(())
}

/// What else may be behind a lie, and the way out.
fn hint(lie: &Lie) -> &'static str {
    match lie {
        Lie::OtherNetwork { .. } | Lie::Chain(ChainProofError::OtherGenesis { .. }) => {
            " (if the node is honest, --network names another chain than the node's)"
        }
        Lie::LessWork { .. } => {
            " (an honest node that is behind catches up; if its chain was begun anew, delete the file of --state)"
        }
        Lie::Chain(ChainProofError::Header {
            rule: shared::rules::RuleError::TimeTooLate { .. },
            ..
        }) => " (or the clock of this machine is slow)",
        _ => "",
    }
}

fn told(lie: &Lie, message: String) -> Told {
    let work = |work: &U256| work.to_string();
    let header_rule = |rule: &shared::rules::RuleError| format!("header-{}", rule.code());
    let (kind, values): (&str, Option<(String, String)>) = match lie {
        Lie::Chain(ChainProofError::Header { rule, .. }) | Lie::Header { rule, .. } => {
            return Told {
                kind: header_rule(rule),
                message,
                claimed: None,
                proved: None,
            };
        }
        Lie::Chain(ChainProofError::OtherGenesis { .. }) | Lie::OtherNetwork { .. } => {
            ("other-network", other_network(lie))
        }
        Lie::Chain(ChainProofError::MissingGenesis) => ("genesis-missing", None),
        Lie::Chain(ChainProofError::WorkOverflow) => ("work-overflow", None),
        Lie::Chain(ChainProofError::MissingSample { .. }) => ("sample-missing", None),
        Lie::Chain(ChainProofError::MissingPlace { .. }) => ("place-missing", None),
        Lie::Chain(ChainProofError::LightPast { .. }) => ("past-too-light", None),
        Lie::Chain(ChainProofError::TooFewRecent { found, expected }) => {
            ("recent-missing", Some((found.to_string(), expected.to_string())))
        }
        Lie::Chain(_) => ("unreadable", None),
        Lie::LessWork { held, offered } => ("less-work", Some((work(offered), work(held)))),
        Lie::Parameters { .. } => ("parameters", None),
        Lie::HeaderHash { claimed, found, .. } => ("header-hash", Some((claimed.to_string(), found.to_string()))),
        Lie::OffChain { claimed, proved, .. } => ("off-chain", Some((claimed.to_string(), proved.to_string()))),
        Lie::Work { claimed, proved, .. } => ("work", Some((work(claimed), work(proved)))),
        Lie::Behind { height, tip } => ("behind", Some((height.to_string(), tip.to_string()))),
        Lie::OtherHeight { asked, answered } => ("other-height", Some((answered.to_string(), asked.to_string()))),
        Lie::OtherBlock { .. } => ("other-block", None),
        Lie::OtherAccount { asked, answered } => ("other-account", Some((answered.clone(), asked.clone()))),
        Lie::Account(_) => ("account-proof", None),
        Lie::Balance { claimed, proved } => ("balance", Some((claimed.to_string(), proved.to_string()))),
        Lie::Nonce { claimed, proved } => ("nonce", Some((claimed.to_string(), proved.to_string()))),
        Lie::OtherTransaction { asked, answered } => {
            ("other-transaction", Some((answered.to_string(), asked.to_string())))
        }
        Lie::Contents { claimed, found } => ("contents", Some((claimed.to_string(), found.to_string()))),
        Lie::Transfer { .. } => ("transfer", None),
        Lie::Inclusion { .. } => ("inclusion", None),
        Lie::Index { claimed, proved } => ("index", Some((claimed.to_string(), proved.to_string()))),
        Lie::Confirmations { claimed, counted } => ("confirmations", Some((claimed.to_string(), counted.to_string()))),
        Lie::Transactions { .. } => ("transactions", None),
        Lie::Size { claimed, found } => ("size", Some((claimed.to_string(), found.to_string()))),
    };
    let (claimed, proved) = values.unzip();
    Told {
        kind: kind.to_owned(),
        message,
        claimed,
        proved,
    }
}

fn other_network(lie: &Lie) -> Option<(String, String)> {
    match lie {
        Lie::OtherNetwork { expected, found } => Some((found.to_string(), expected.to_string())),
        _ => None,
    }
}
