//! The consensus rules: every one is a variant of [`RuleError`], and each stage of a block is a type that only
//! verification makes: [`Block`] → [`FormedBlock`] → [`VerifiedBlock`] → [`ConnectedBlock`].

use alloc::vec::Vec;

use ruint::aliases::U256;

use crate::{
    amount::Amount,
    block::{Block, Header, transactions_root},
    codec::DecodeError,
    hash::Hash,
    history::{History, HistoryNode},
    key::{KeyError, PublicKey},
    params::Network,
    pow::{Midstate, Target},
    state::{Account, StateTree},
    transaction::{Note, Reward, SignedTransfer, Transfer, VerifiedTransfer},
};

/// A part that an account plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// Pays.
    Sender,
    /// Is paid.
    Recipient,
    /// Is paid for a block.
    Miner,
}

/// A rule that was broken, with the values that break it. The list of rules is this enum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The bytes are not a canonical encoding.
    #[error("the bytes are not canonical: {0}")]
    Encoding(#[from] DecodeError),
    /// A block is too long.
    #[error("the block has {bytes} bytes, and at most {limit} are allowed")]
    BlockTooLarge {
        /// Its length.
        bytes: usize,
        /// The network's limit.
        limit: u32,
    },
    /// A block has too many transfers.
    #[error("the block has {count} transfers, and at most {limit} are allowed")]
    TooManyTransfers {
        /// How many.
        count: usize,
        /// The network's limit.
        limit: u32,
    },
    /// A header is of a version that does not exist.
    #[error("the header has version {found}, and only {} exists", Header::VERSION)]
    UnknownVersion {
        /// What it says.
        found: u32,
    },
    /// A compact target that is not canonical.
    #[error("0x{bits:08x} is not the compact form of a target")]
    InvalidBits {
        /// What the header says.
        bits: u32,
    },
    /// The header's hash does not meet its own target.
    #[error("the hash {hash} does not meet the target 0x{bits:08x}")]
    InsufficientWork {
        /// The header's hash.
        hash: Hash,
        /// Its target.
        bits: u32,
    },
    /// The header does not commit to the block's transactions.
    #[error("the transactions have the root {expected}, and the header says {found}")]
    WrongTransactionsRoot {
        /// What follows from the block.
        expected: Hash,
        /// What the header says.
        found: Hash,
    },
    /// A transfer of nothing.
    #[error("a transfer moves at least one base unit")]
    AmountZero,
    /// Amount and fee together pass the greatest amount.
    #[error("amount {amount} and fee {fee} together are too large")]
    AmountOverflow {
        /// The amount.
        amount: Amount,
        /// The fee.
        fee: Amount,
    },
    /// A key that may not name an account.
    #[error("the {} {key} cannot be: {reason}", party_name(*.party))]
    InvalidKey {
        /// Whose key.
        party: Party,
        /// The key.
        key: PublicKey,
        /// What is wrong with it.
        #[source]
        reason: KeyError,
    },
    /// A signature does not verify for this chain.
    #[error("the signature of transaction {id} is not the sender's on this chain")]
    InvalidSignature {
        /// The transfer.
        id: Hash,
    },
    /// The block follows another one.
    #[error("the block follows {found}, not {expected}")]
    WrongParent {
        /// The parent at hand.
        expected: Hash,
        /// What the header says.
        found: Hash,
    },
    /// The height is not the parent's plus one.
    #[error("the block has height {found}, and {expected} is next")]
    WrongHeight {
        /// The parent's plus one.
        expected: u64,
        /// What the header says.
        found: u64,
    },
    /// The header does not commit to the headers before it.
    #[error("the headers before have the root {expected}, and the header says {found}")]
    WrongHistoryRoot {
        /// What follows from the headers.
        expected: Hash,
        /// What the header says.
        found: Hash,
    },
    /// The target is not what the network's difficulty asks for.
    #[error("the target is 0x{found:08x}, and must be 0x{expected:08x}")]
    WrongBits {
        /// What follows from the parent.
        expected: u32,
        /// What the header says.
        found: u32,
    },
    /// The timestamp is not after the median of the last 11.
    #[error("the time {timestamp} is not after {median}, the median of the last blocks")]
    TimeTooEarly {
        /// What the header says.
        timestamp: u64,
        /// The median.
        median: u64,
    },
    /// The timestamp is too far ahead of the verifier's clock.
    #[error("the time {timestamp} is after {latest}, the latest that is accepted now")]
    TimeTooLate {
        /// What the header says.
        timestamp: u64,
        /// The verifier's clock plus the network's limit.
        latest: u64,
    },
    /// The reward is not subsidy plus fees.
    #[error("the reward is {found}, and must be {expected}")]
    WrongReward {
        /// Subsidy plus fees.
        expected: Amount,
        /// What the block says.
        found: Amount,
    },
    /// The fees of a block do not fit.
    #[error("the fees of the block are too large")]
    FeesOverflow,
    /// A transfer is not the sender's next.
    #[error("the nonce is {found}, and the sender's next is {expected}")]
    WrongNonce {
        /// Who.
        sender: PublicKey,
        /// The number of the sender's mined transfers.
        expected: u64,
        /// What the transfer says.
        found: u64,
    },
    /// The sender has too little.
    #[error("the transfer takes {needed}, and the sender has {available}")]
    InsufficientBalance {
        /// Who.
        sender: PublicKey,
        /// Amount and fee.
        needed: Amount,
        /// The balance.
        available: Amount,
    },
    /// A transfer may no longer be mined.
    #[error("the transfer is valid until height {valid_until}, and {height} is next")]
    Expired {
        /// What the transfer says.
        valid_until: u64,
        /// The height at hand.
        height: u64,
    },
    /// A balance passes the greatest amount. Checked parameters rule this out, unless the reward claims fees that the
    /// senders do not have.
    #[error("the balance of {account} would be too large")]
    BalanceOverflow {
        /// Whose.
        account: PublicKey,
    },
    /// The header does not commit to the accounts after the block.
    #[error("the accounts have the root {expected}, and the header says {found}")]
    WrongStateRoot {
        /// What follows from the block.
        expected: Hash,
        /// What the header says.
        found: Hash,
    },
    /// A reorganisation would undo too many blocks.
    #[error("the other chain forks off {depth} blocks ago, and at most {limit} are undone")]
    ReorganisationTooDeep {
        /// How many blocks it would undo.
        depth: u64,
        /// The network's limit.
        limit: u32,
    },
}

const fn party_name(party: Party) -> &'static str {
    match party {
        Party::Sender => "sender",
        Party::Recipient => "recipient",
        Party::Miner => "miner",
    }
}

impl RuleError {
    /// The rule's stable name, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Encoding(_) => "encoding-invalid",
            Self::BlockTooLarge { .. } => "block-too-large",
            Self::TooManyTransfers { .. } => "too-many-transfers",
            Self::UnknownVersion { .. } => "version-unknown",
            Self::InvalidBits { .. } => "bits-invalid",
            Self::InsufficientWork { .. } => "work-insufficient",
            Self::WrongTransactionsRoot { .. } => "transactions-root-wrong",
            Self::AmountZero => "amount-zero",
            Self::AmountOverflow { .. } => "amount-overflow",
            Self::InvalidKey {
                party: Party::Sender, ..
            } => "sender-invalid",
            Self::InvalidKey {
                party: Party::Recipient,
                ..
            } => "recipient-invalid",
            Self::InvalidKey {
                party: Party::Miner, ..
            } => "miner-invalid",
            Self::InvalidSignature { .. } => "signature-invalid",
            Self::WrongParent { .. } => "parent-wrong",
            Self::WrongHeight { .. } => "height-wrong",
            Self::WrongHistoryRoot { .. } => "history-root-wrong",
            Self::WrongBits { .. } => "bits-wrong",
            Self::TimeTooEarly { .. } => "time-too-early",
            Self::TimeTooLate { .. } => "time-too-late",
            Self::WrongReward { .. } => "reward-wrong",
            Self::FeesOverflow => "fees-overflow",
            Self::WrongNonce { expected, found, .. } if *found < *expected => "nonce-too-low",
            Self::WrongNonce { .. } => "nonce-too-high",
            Self::InsufficientBalance { .. } => "balance-insufficient",
            Self::Expired { .. } => "expired",
            Self::BalanceOverflow { .. } => "balance-overflow",
            Self::WrongStateRoot { .. } => "state-root-wrong",
            Self::ReorganisationTooDeep { .. } => "reorganisation-too-deep",
        }
    }
}

/// How many timestamps the median is taken of.
pub const MEDIAN_SPAN: usize = 11;

/// The verified headers up to one of them: all that the next header is checked against.
#[derive(Debug, Clone)]
pub struct HeaderChain {
    header: Header,
    hash: Hash,
    /// Over all headers, this one included: the root that the next header carries.
    history: History,
    /// The timestamps of the last eleven headers or fewer, oldest first.
    times: Vec<u64>,
}

impl HeaderChain {
    /// The chain of the genesis header alone.
    #[must_use]
    pub fn genesis(network: &Network) -> Self {
        Self::from_parts(*network.genesis(), History::default(), Vec::new())
    }

    /// Puts together what was verified before: `history` and `times` are those before `header`, oldest first.
    ///
    /// For callers that kept verified headers in a store of their own; nothing is checked here.
    #[must_use]
    pub fn from_parts(header: Header, mut history: History, mut times: Vec<u64>) -> Self {
        let hash = header.hash();
        history.append(leaf(&header, hash));
        times.push(header.timestamp);
        let excess = times.len().saturating_sub(MEDIAN_SPAN);
        times.drain(..excess);
        Self {
            header,
            hash,
            history,
            times,
        }
    }

    /// The newest header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Its hash.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// Its height.
    #[must_use]
    pub const fn height(&self) -> u64 {
        self.header.height
    }

    /// The work of all headers, the newest included.
    #[must_use]
    pub fn work(&self) -> U256 {
        self.history.work()
    }

    /// The tree over all headers, the newest included.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// The median of the last timestamps: the next must be greater.
    #[must_use]
    pub fn median_time(&self) -> u64 {
        let mut sorted = [0; MEDIAN_SPAN];
        let times = &mut sorted[..self.times.len()];
        times.copy_from_slice(&self.times);
        times.sort_unstable();
        times[times.len() / 2]
    }

    /// The compact target that the next header must have.
    #[must_use]
    pub fn next_bits(&self, network: &Network) -> u32 {
        network.next_bits(self.header.height, self.header.timestamp)
    }

    /// Verifies that `header` may come next, and steps onto it. `now_ms` is the verifier's clock.
    ///
    /// # Errors
    /// The first of the header's rules that is broken.
    pub fn accept(&self, network: &Network, header: &Header, now_ms: u64) -> Result<Self, RuleError> {
        let mut next = self.clone();
        next.follow(network, header, now_ms)?;
        Ok(next)
    }

    /// The same in place.
    ///
    /// # Errors
    /// The first of the header's rules that is broken. The headers are as before.
    pub fn follow(&mut self, network: &Network, header: &Header, now_ms: u64) -> Result<AcceptedHeader, RuleError> {
        self.step(network, header, now_ms, true)?;
        Ok(AcceptedHeader(self.hash))
    }

    /// Verifies that `header` may come next, and steps onto it. Without `has_times` the last eleven timestamps are not all
    /// known, and the one rule that needs them is left out.
    pub(crate) fn step(
        &mut self,
        network: &Network,
        header: &Header,
        now_ms: u64,
        has_times: bool,
    ) -> Result<(), RuleError> {
        let hash = verify_work(header)?;
        self.check_next(network, header, now_ms, has_times)?;
        self.advance(*header, hash);
        Ok(())
    }

    fn check_parent(&self, header: &Header) -> Result<(), RuleError> {
        if header.previous_hash != self.hash {
            return Err(RuleError::WrongParent {
                expected: self.hash,
                found: header.previous_hash,
            });
        }
        Ok(())
    }

    fn check_next(&self, network: &Network, header: &Header, now_ms: u64, has_times: bool) -> Result<(), RuleError> {
        self.check_parent(header)?;
        let expected = self.header.height.saturating_add(1);
        if header.height != expected {
            return Err(RuleError::WrongHeight {
                expected,
                found: header.height,
            });
        }
        let expected = self.next_bits(network);
        if header.bits != expected {
            return Err(RuleError::WrongBits {
                expected,
                found: header.bits,
            });
        }
        let expected = self.history.root();
        if header.history_root != expected {
            return Err(RuleError::WrongHistoryRoot {
                expected,
                found: header.history_root,
            });
        }
        let (timestamp, median) = (header.timestamp, self.median_time());
        if has_times && timestamp <= median {
            return Err(RuleError::TimeTooEarly { timestamp, median });
        }
        let latest = now_ms.saturating_add(network.parameters().max_future_ms);
        if timestamp > latest {
            return Err(RuleError::TimeTooLate { timestamp, latest });
        }
        Ok(())
    }

    fn advance(&mut self, header: Header, hash: Hash) {
        self.history.append(leaf(&header, hash));
        self.times.push(header.timestamp);
        if self.times.len() > MEDIAN_SPAN {
            self.times.remove(0);
        }
        self.header = header;
        self.hash = hash;
    }
}

/// A header that was accepted after those before it: its hash stands for all of them, as surely as the chain that it follows was
/// accepted. Only [`HeaderChain::follow`] gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptedHeader(Hash);

impl AcceptedHeader {
    /// The header's hash.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.0
    }
}

/// A header's leaf in the tree over all headers.
#[must_use]
pub fn leaf(header: &Header, hash: Hash) -> HistoryNode {
    let work = Target::from_bits(header.bits).map_or(U256::ZERO, Target::work);
    HistoryNode::leaf(&hash, work, header.timestamp)
}

/// Verifies a header's version, compact target and proof of work, and gives its hash.
///
/// # Errors
/// [`RuleError::UnknownVersion`], [`RuleError::InvalidBits`] or [`RuleError::InsufficientWork`].
pub fn verify_work(header: &Header) -> Result<Hash, RuleError> {
    if header.version != Header::VERSION {
        return Err(RuleError::UnknownVersion { found: header.version });
    }
    let target = Target::from_bits(header.bits).ok_or(RuleError::InvalidBits { bits: header.bits })?;
    let hash = header.hash();
    if !target.is_met_by(&hash) {
        return Err(RuleError::InsufficientWork {
            hash,
            bits: header.bits,
        });
    }
    Ok(hash)
}

/// A block whose form, work and transaction root hold, and whose miner can be paid: the signatures are left. Only
/// [`FormedBlock::check`] makes it.
#[derive(Debug, Clone)]
pub struct FormedBlock {
    block: Block,
    hash: Hash,
    ids: Vec<Hash>,
}

impl FormedBlock {
    /// Verifies all that takes no signature and no state.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(block: Block, network: &Network) -> Result<Self, RuleError> {
        Self::check_knowing(block, network, |_| false)
    }

    /// The same, but for the miner's key when `is_checked` says that it was found to be good before: that of an account in
    /// any state was.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check_knowing(
        block: Block,
        network: &Network,
        is_checked: impl FnOnce(&PublicKey) -> bool,
    ) -> Result<Self, RuleError> {
        let parameters = network.parameters();
        check_size(&block, parameters.max_block_bytes, parameters.max_block_transfers)?;
        let hash = verify_work(&block.header)?;
        let ids = block.transaction_ids();
        let expected = transactions_root(&ids);
        let found = block.header.transactions_root;
        if found != expected {
            return Err(RuleError::WrongTransactionsRoot { expected, found });
        }
        if !is_checked(&block.reward.recipient) {
            check_miner(&block.reward)?;
        }
        Ok(Self { block, hash, ids })
    }

    /// The transfers, whose signatures are to be verified.
    #[must_use]
    pub fn transfers(&self) -> &[SignedTransfer] {
        &self.block.transfers
    }

    /// Their ids.
    #[must_use]
    pub fn transfer_ids(&self) -> &[Hash] {
        &self.ids[1..]
    }

    /// The block with its transfers verified, in their order: with [`VerifiedTransfer::verify_all`], those of many blocks
    /// together, or from a store of those verified before.
    ///
    /// # Panics
    /// When they are others than the block's.
    #[must_use]
    pub fn with_transfers(self, network: &Network, transfers: Vec<VerifiedTransfer>) -> VerifiedBlock {
        let same = transfers.len() == self.block.transfers.len()
            && transfers
                .iter()
                .zip(&self.ids[1..])
                .all(|(verified, id)| verified.id() == *id && verified.genesis() == network.genesis_hash());
        assert!(same, "the caller verifies the block's own transfers");
        VerifiedBlock {
            header: self.block.header,
            hash: self.hash,
            reward: self.block.reward,
            transfers,
            ids: self.ids,
            is_accepted: false,
        }
    }
}

/// A block that holds by itself: form, work, transaction root, keys and signatures. Only [`FormedBlock::with_transfers`],
/// which [`VerifiedBlock::verify`] calls, and [`Candidate::seal`] make it.
#[derive(Debug, Clone)]
pub struct VerifiedBlock {
    header: Header,
    hash: Hash,
    reward: Reward,
    transfers: Vec<VerifiedTransfer>,
    ids: Vec<Hash>,
    /// Whether its header was accepted after those before it.
    is_accepted: bool,
}

impl VerifiedBlock {
    /// Verifies everything that can be known without the parent's state.
    ///
    /// `verify_transfers` makes verified transfers of the block's, in their order.
    ///
    /// # Errors
    /// The first rule that is broken.
    ///
    /// # Panics
    /// When `verify_transfers` gives other transfers than it was given.
    pub fn verify(
        block: Block,
        network: &Network,
        verify_transfers: impl FnOnce(&[SignedTransfer], &[Hash]) -> Result<Vec<VerifiedTransfer>, RuleError>,
    ) -> Result<Self, RuleError> {
        let formed = FormedBlock::check(block, network)?;
        let transfers = verify_transfers(formed.transfers(), formed.transfer_ids())?;
        Ok(formed.with_transfers(network, transfers))
    }

    /// Notes that its header was accepted before, which is not verified again then. Nothing changes if it is another.
    #[must_use]
    pub fn with_header(mut self, accepted: AcceptedHeader) -> Self {
        self.is_accepted |= accepted.0 == self.hash;
        self
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The header's hash.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The reward.
    #[must_use]
    pub const fn reward(&self) -> &Reward {
        &self.reward
    }

    /// The transfers.
    #[must_use]
    pub fn transfers(&self) -> &[VerifiedTransfer] {
        &self.transfers
    }

    /// The ids of the reward and the transfers.
    #[must_use]
    pub fn ids(&self) -> &[Hash] {
        &self.ids
    }

    /// The length of its encoding, in bytes.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        Block::encoded_len_of(&self.reward, self.transfers.iter().map(VerifiedTransfer::signed))
    }

    /// The block as it is stored and sent.
    #[must_use]
    pub fn to_block(&self) -> Block {
        Block {
            header: self.header,
            reward: self.reward.clone(),
            transfers: self
                .transfers
                .iter()
                .map(|verified| verified.signed().clone())
                .collect(),
        }
    }
}

fn check_size(block: &Block, byte_limit: u32, transfer_limit: u32) -> Result<(), RuleError> {
    let bytes = block.encoded_len();
    if bytes > byte_limit as usize {
        return Err(RuleError::BlockTooLarge {
            bytes,
            limit: byte_limit,
        });
    }
    let count = block.transfers.len();
    if count > transfer_limit as usize {
        return Err(RuleError::TooManyTransfers {
            count,
            limit: transfer_limit,
        });
    }
    Ok(())
}

fn check_miner(reward: &Reward) -> Result<(), RuleError> {
    let key = reward.recipient;
    key.check().map_err(|reason| RuleError::InvalidKey {
        party: Party::Miner,
        key,
        reason,
    })
}

/// An account before and after a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountChange {
    /// Whose account.
    pub key: PublicKey,
    /// As it was.
    pub before: Account,
    /// As it is.
    pub after: Account,
}

/// A block that holds in its place. [`Tip::advance`] and [`ConnectedBlock::into_parts`] give it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AppliedBlock {
    /// The block.
    pub block: VerifiedBlock,
    /// The accounts that it changed, in the order of their keys.
    pub changes: Vec<AccountChange>,
    /// The work of the chain up to it, its own included.
    pub work: U256,
}

/// A block that holds in its place, and the chain with it. Only [`Tip::connect`] and [`Candidate::seal`] make it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectedBlock {
    /// The block.
    pub block: VerifiedBlock,
    /// The accounts that it changed, in the order of their keys.
    pub changes: Vec<AccountChange>,
    /// The chain with the block on it.
    pub tip: Tip,
}

impl ConnectedBlock {
    /// The block without the chain, and the chain.
    #[must_use]
    pub fn into_parts(self) -> (AppliedBlock, Tip) {
        let applied = AppliedBlock {
            block: self.block,
            changes: self.changes,
            work: self.tip.headers.work(),
        };
        (applied, self.tip)
    }
}

/// A verified chain with the accounts after its last block: what the next block connects to. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tip {
    headers: HeaderChain,
    accounts: StateTree,
}

impl Tip {
    /// The chain of the genesis block alone.
    #[must_use]
    pub fn genesis(network: &Network) -> Self {
        Self {
            headers: HeaderChain::genesis(network),
            accounts: network.genesis_accounts().clone(),
        }
    }

    /// Puts together what was verified before.
    ///
    /// # Errors
    /// [`RuleError::WrongStateRoot`] when the accounts are not those to which the newest header commits.
    pub fn from_parts(headers: HeaderChain, accounts: StateTree) -> Result<Self, RuleError> {
        let (expected, found) = (accounts.root(), headers.header().state_root);
        if expected != found {
            return Err(RuleError::WrongStateRoot { expected, found });
        }
        Ok(Self { headers, accounts })
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderChain {
        &self.headers
    }

    /// The accounts.
    #[must_use]
    pub const fn accounts(&self) -> &StateTree {
        &self.accounts
    }

    /// The newest header's hash.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.headers.hash
    }

    /// The newest header's height.
    #[must_use]
    pub const fn height(&self) -> u64 {
        self.headers.header.height
    }

    /// Verifies that a block may come next, and gives the chain with it. `now_ms` is the verifier's clock.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn connect(&self, network: &Network, block: VerifiedBlock, now_ms: u64) -> Result<ConnectedBlock, RuleError> {
        let mut tip = self.clone();
        let AppliedBlock { block, changes, .. } = tip.advance(network, block, now_ms)?;
        Ok(ConnectedBlock { block, changes, tip })
    }

    /// Verifies that a block may come next, and steps onto it: far less work than [`Tip::connect`] where no clone is kept
    /// of the chain before. `now_ms` is the verifier's clock.
    ///
    /// # Errors
    /// The first rule that is broken. The chain is as before.
    pub fn advance(&mut self, network: &Network, block: VerifiedBlock, now_ms: u64) -> Result<AppliedBlock, RuleError> {
        if block.is_accepted {
            // It was accepted after its parent, and so with all that is before that.
            self.headers.check_parent(&block.header)?;
        } else {
            self.headers.check_next(network, &block.header, now_ms, true)?;
        }
        let changes = self.changes(network, &block.reward, &block.transfers)?;
        self.accounts
            .update(changes.iter().map(|change| (change.key.0, change.after)));
        let (expected, found) = (self.accounts.root(), block.header.state_root);
        if expected != found {
            self.accounts
                .update(changes.iter().map(|change| (change.key.0, change.before)));
            return Err(RuleError::WrongStateRoot { expected, found });
        }
        self.headers.advance(block.header, block.hash);
        let work = self.headers.work();
        Ok(AppliedBlock { block, changes, work })
    }

    /// Prepares a block of these transfers, complete but for its nonce. The timestamp is `now_ms`, or just after the
    /// median if that is later.
    ///
    /// # Errors
    /// The first rule that the block would break.
    pub fn prepare(
        &self,
        network: &Network,
        recipient: PublicKey,
        note: Note,
        transfers: Vec<VerifiedTransfer>,
        now_ms: u64,
    ) -> Result<Candidate, RuleError> {
        let height = self.height().saturating_add(1);
        let fees = Amount::checked_sum(transfers.iter().map(|verified| verified.transfer().fee));
        let amount = fees
            .and_then(|fees| fees.checked_add(network.parameters().subsidy_at(height)))
            .ok_or(RuleError::FeesOverflow)?;
        let reward = Reward {
            recipient,
            amount,
            note,
        };
        check_miner(&reward)?;
        let changes = self.changes(network, &reward, &transfers)?;
        let mut accounts = self.accounts.clone();
        accounts.update(changes.iter().map(|change| (change.key.0, change.after)));
        let ids: Vec<Hash> = core::iter::once(reward.id(height))
            .chain(transfers.iter().map(VerifiedTransfer::id))
            .collect();
        let header = Header {
            version: Header::VERSION,
            height,
            previous_hash: self.hash(),
            history_root: self.headers.history.root(),
            transactions_root: transactions_root(&ids),
            state_root: accounts.root(),
            timestamp: now_ms.max(self.headers.median_time().saturating_add(1)),
            bits: self.headers.next_bits(network),
            nonce: 0,
        };
        let block = VerifiedBlock {
            header,
            hash: Hash::ZERO,
            reward,
            transfers,
            ids,
            is_accepted: false,
        };
        check_size(
            &block.to_block(),
            network.parameters().max_block_bytes,
            network.parameters().max_block_transfers,
        )?;
        Ok(Candidate {
            parent: self.clone(),
            accounts,
            changes,
            block,
        })
    }

    /// What becomes of the accounts by reward and transfers, which are applied in this order.
    fn changes(
        &self,
        network: &Network,
        reward: &Reward,
        transfers: &[VerifiedTransfer],
    ) -> Result<Vec<AccountChange>, RuleError> {
        let height = self.height().saturating_add(1);
        let fees = Amount::checked_sum(transfers.iter().map(|verified| verified.transfer().fee));
        let fees = fees.ok_or(RuleError::FeesOverflow)?;
        let expected = network
            .parameters()
            .subsidy_at(height)
            .checked_add(fees)
            .ok_or(RuleError::FeesOverflow)?;
        if reward.amount != expected {
            return Err(RuleError::WrongReward {
                expected,
                found: reward.amount,
            });
        }
        let mut ledger = Ledger::new(&self.accounts);
        ledger.credit(reward.recipient, reward.amount)?;
        for verified in transfers {
            // Verified, but for another chain.
            if verified.genesis() != network.genesis_hash() {
                return Err(RuleError::InvalidSignature { id: verified.id() });
            }
            ledger.transfer(verified, height)?;
        }
        Ok(ledger.into_changes())
    }
}

/// What a transfer in a block at `height` makes of the sender's account and the recipient's, in this order. Who pays
/// themselves has one account: both that come out are it, and the `recipient` that goes in is not looked at.
///
/// Form, keys and signature are not checked: [`VerifiedTransfer`] stands for those.
///
/// # Errors
/// [`RuleError::Expired`], [`RuleError::WrongNonce`], [`RuleError::AmountOverflow`], [`RuleError::InsufficientBalance`] or
/// [`RuleError::BalanceOverflow`].
pub fn apply_transfer(
    transfer: &Transfer,
    height: u64,
    sender: Account,
    recipient: Account,
) -> Result<(Account, Account), RuleError> {
    let &Transfer {
        amount,
        fee,
        nonce,
        valid_until,
        ..
    } = transfer;
    if valid_until != 0 && valid_until < height {
        return Err(RuleError::Expired { valid_until, height });
    }
    let wrong_nonce = RuleError::WrongNonce {
        sender: transfer.sender,
        expected: sender.nonce,
        found: nonce,
    };
    if nonce != sender.nonce {
        return Err(wrong_nonce);
    }
    let needed = transfer.total().ok_or(RuleError::AmountOverflow { amount, fee })?;
    let balance = sender
        .balance
        .checked_sub(needed)
        .ok_or(RuleError::InsufficientBalance {
            sender: transfer.sender,
            needed,
            available: sender.balance,
        })?;
    let nonce = nonce.checked_add(1).ok_or(wrong_nonce)?;
    let sender = Account { balance, nonce };
    let is_to_self = transfer.recipient == transfer.sender;
    let credited = if is_to_self { sender } else { recipient };
    let balance = credited.balance.checked_add(amount).ok_or(RuleError::BalanceOverflow {
        account: transfer.recipient,
    })?;
    let recipient = Account { balance, ..credited };
    Ok((if is_to_self { recipient } else { sender }, recipient))
}

/// Accounts while a block is applied: the tree, and on top of it what changed.
#[derive(Debug, Clone)]
pub struct Ledger<'a> {
    accounts: &'a StateTree,
    changed: alloc::collections::BTreeMap<PublicKey, (Account, Account)>,
}

impl<'a> Ledger<'a> {
    /// Nothing changed yet.
    #[must_use]
    pub const fn new(accounts: &'a StateTree) -> Self {
        Self {
            accounts,
            changed: alloc::collections::BTreeMap::new(),
        }
    }

    /// An account as it is now.
    #[must_use]
    pub fn account(&self, key: &PublicKey) -> Account {
        self.changed
            .get(key)
            .map_or_else(|| self.accounts.get(key.as_bytes()), |(_, after)| *after)
    }

    /// Applies a transfer in a block at `height`. On an error nothing is changed.
    ///
    /// # Errors
    /// [`RuleError::Expired`], [`RuleError::WrongNonce`], [`RuleError::InsufficientBalance`] or
    /// [`RuleError::BalanceOverflow`].
    pub fn transfer(&mut self, verified: &VerifiedTransfer, height: u64) -> Result<(), RuleError> {
        let transfer = verified.transfer();
        let (sender, recipient) = (self.account(&transfer.sender), self.account(&transfer.recipient));
        let (sender, recipient) = apply_transfer(transfer, height, sender, recipient)?;
        self.set(transfer.sender, sender);
        self.set(transfer.recipient, recipient);
        Ok(())
    }

    fn credit(&mut self, key: PublicKey, amount: Amount) -> Result<(), RuleError> {
        let account = self.account(&key);
        let balance = account
            .balance
            .checked_add(amount)
            .ok_or(RuleError::BalanceOverflow { account: key })?;
        self.set(key, Account { balance, ..account });
        Ok(())
    }

    fn set(&mut self, key: PublicKey, after: Account) {
        let accounts = self.accounts;
        self.changed
            .entry(key)
            .or_insert_with(|| (accounts.get(key.as_bytes()), after))
            .1 = after;
    }

    fn into_changes(self) -> Vec<AccountChange> {
        self.changed
            .into_iter()
            .filter(|(_, (before, after))| before != after)
            .map(|(key, (before, after))| AccountChange { key, before, after })
            .collect()
    }
}

/// A block that lacks only its proof of work.
#[derive(Debug, Clone)]
pub struct Candidate {
    parent: Tip,
    accounts: StateTree,
    changes: Vec<AccountChange>,
    block: VerifiedBlock,
}

impl Candidate {
    /// The header, whose nonce is still to be found.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.block.header
    }

    /// The reward.
    #[must_use]
    pub const fn reward(&self) -> &Reward {
        &self.block.reward
    }

    /// The transfers.
    #[must_use]
    pub fn transfers(&self) -> &[VerifiedTransfer] {
        &self.block.transfers
    }

    /// The target.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        Target::from_bits(self.block.header.bits)
    }

    /// Prepares the attempts.
    #[must_use]
    pub fn midstate(&self) -> Midstate {
        Midstate::new(&self.block.header)
    }

    /// Replaces the timestamp, which the search does when it has used up all nonces or much time.
    pub const fn set_timestamp(&mut self, timestamp: u64) {
        self.block.header.timestamp = timestamp;
    }

    /// Puts in the nonce, and verifies the header with it. The accounts are those computed when the block was prepared.
    ///
    /// # Errors
    /// The rule that the header breaks, such as [`RuleError::InsufficientWork`].
    pub fn seal(mut self, network: &Network, nonce: u64, now_ms: u64) -> Result<ConnectedBlock, RuleError> {
        self.block.header.nonce = nonce;
        self.block.hash = verify_work(&self.block.header)?;
        self.parent
            .headers
            .check_next(network, &self.block.header, now_ms, true)?;
        let mut headers = self.parent.headers;
        headers.advance(self.block.header, self.block.hash);
        let tip = Tip {
            headers,
            accounts: self.accounts,
        };
        Ok(ConnectedBlock {
            block: self.block,
            changes: self.changes,
            tip,
        })
    }
}
