//! Why an answer is not believed.

use alloc::string::String;

use ruint::aliases::U256;

use crate::{amount::Amount, chain_proof::ChainProofError, hash::Hash, rules::RuleError, state};

/// Why an answer is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error("the {what} of the answer cannot be read")]
    Malformed {
        /// Which part.
        what: &'static str,
    },
    /// The bytes are no proof of a chain.
    #[error(transparent)]
    Unreadable(ChainProofError),
    /// It rests on a header that the client does not hold: a proof that shows this height decides.
    #[error("the answer rests on the header at height {height}, which the proof of the chain does not show")]
    Unknown {
        /// The header's.
        height: u64,
    },
    /// It says that a transaction waits for a block, of which there is no proof.
    #[error("the transaction {id} is said to wait for a block, which cannot be verified: ask again when it is mined")]
    Pending {
        /// The transaction.
        id: Hash,
    },
    /// It says one thing, and the proof another.
    #[error(transparent)]
    Lie(#[from] Lie),
}

impl From<ChainProofError> for Refusal {
    fn from(error: ChainProofError) -> Self {
        match error {
            ChainProofError::Decode(_) | ChainProofError::TooLong { .. } => Self::Unreadable(error),
            error => Self::Lie(Lie::Chain(error)),
        }
    }
}

/// What was claimed, and what is so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lie {
    /// The proof of the chain does not hold.
    #[error(transparent)]
    Chain(ChainProofError),
    /// A header that is offered as the next one breaks a rule.
    #[error("the header at height {height}: {rule}")]
    Header {
        /// Where it is said to stand.
        height: u64,
        /// The rule.
        rule: RuleError,
    },
    /// A chain with less work than one that was proved before.
    #[error("the chain offered has the work {offered}, and one with {held} was proved before")]
    LessWork {
        /// The work of the chain that was proved before.
        held: U256,
        /// That of the chain offered.
        offered: U256,
    },
    /// Parameters that make another chain.
    #[error("the parameters make the genesis block {found}, and not {expected}")]
    OtherNetwork {
        /// The genesis hash that names the chain.
        expected: Hash,
        /// What the parameters make.
        found: Hash,
    },
    /// Bytes or hash of the parameters that are not theirs.
    #[error("the {what} of the parameters is not what follows from them")]
    Parameters {
        /// Which of them.
        what: &'static str,
    },
    /// A header with a hash that is not its own.
    #[error("the header at height {height} is said to have the hash {claimed}, and has {found}")]
    HeaderHash {
        /// Where it is said to stand.
        height: u64,
        /// What is claimed.
        claimed: Hash,
        /// What its bytes hash to.
        found: Hash,
    },
    /// A header that is not in the proved chain.
    #[error("the header {claimed} is said to stand at height {height}, where the proved chain has {proved}")]
    OffChain {
        /// Where it is said to stand.
        height: u64,
        /// Its hash.
        claimed: Hash,
        /// The proved one's.
        proved: Hash,
    },
    /// Another work of the chain up to a header.
    #[error("the chain up to height {height} is said to have the work {claimed}, and has {proved}")]
    Work {
        /// The header's.
        height: u64,
        /// What is claimed.
        claimed: U256,
        /// What is proved.
        proved: U256,
    },
    /// An answer about a time that has passed.
    #[error("the answer is about height {height}, and the proved chain ends at {tip}")]
    Behind {
        /// The answer's.
        height: u64,
        /// The tip's.
        tip: u64,
    },
    /// An answer about another height than was asked for.
    #[error("height {asked} was asked for, and the answer is about {answered}")]
    OtherHeight {
        /// What was asked for.
        asked: u64,
        /// The answer's.
        answered: u64,
    },
    /// An answer about another block than was asked for.
    #[error("another block was asked for than {answered}, which the answer is about")]
    OtherBlock {
        /// The answer's.
        answered: Hash,
    },
    /// An answer about another account than was asked for.
    #[error("account {asked} was asked for, and the answer is about {answered}")]
    OtherAccount {
        /// The address that was asked for.
        asked: String,
        /// The answer's.
        answered: String,
    },
    /// The proof of an account does not hold.
    #[error("the proof of the account: {0}")]
    Account(state::ProofError),
    /// Another balance than the proof shows.
    #[error("the balance is said to be {claimed} coins, and the proof shows {proved}")]
    Balance {
        /// What is claimed.
        claimed: Amount,
        /// What is proved.
        proved: Amount,
    },
    /// Another nonce than the proof shows.
    #[error("the nonce is said to be {claimed}, and the proof shows {proved}")]
    Nonce {
        /// What is claimed.
        claimed: u64,
        /// What is proved.
        proved: u64,
    },
    /// An answer about another transaction than was asked for.
    #[error("transaction {asked} was asked for, and the answer is about {answered}")]
    OtherTransaction {
        /// What was asked for.
        asked: Hash,
        /// The answer's.
        answered: Hash,
    },
    /// Contents that hash to another id.
    #[error("the contents shown for transaction {claimed} hash to {found}")]
    Contents {
        /// The id that is claimed.
        claimed: Hash,
        /// What they hash to.
        found: Hash,
    },
    /// A transfer that its sender did not sign.
    #[error("the transfer {id} may not be: {rule}")]
    Transfer {
        /// The transfer.
        id: Hash,
        /// The rule.
        rule: RuleError,
    },
    /// A transaction that is not in the block that is named.
    #[error("the proof does not lead from transaction {id} into the block at height {height}")]
    Inclusion {
        /// The transaction.
        id: Hash,
        /// The block's.
        height: u64,
    },
    /// Another place in the block than the proof is for.
    #[error("the transaction is said to stand at index {claimed}, and the proof is for {proved}")]
    Index {
        /// What is claimed.
        claimed: u64,
        /// What the proof is for.
        proved: u64,
    },
    /// Another number of blocks up to the tip.
    #[error("{claimed} confirmations are claimed, and the proved chain gives {counted}")]
    Confirmations {
        /// What is claimed.
        claimed: u64,
        /// What the proved chain gives.
        counted: u64,
    },
    /// Transactions that are not those of the header.
    #[error("the transactions shown have the root {found}, and the header at height {height} another")]
    Transactions {
        /// The block's.
        height: u64,
        /// What they hash to.
        found: Hash,
    },
    /// Another length of a block than it has.
    #[error("the block is said to have {claimed} bytes, and has {found}")]
    Size {
        /// What is claimed.
        claimed: u64,
        /// What it has.
        found: u64,
    },
}

impl Lie {
    /// Whether an honest node answers so when its chain has changed since it was proved. Whoever then asks for a new
    /// proof, and gets the same chain, was lied to.
    #[must_use]
    pub const fn may_be_late(&self) -> bool {
        matches!(
            self,
            Self::OffChain { .. } | Self::Behind { .. } | Self::Confirmations { .. }
        )
    }
}
