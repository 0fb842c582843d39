//! Fork choice: the chain with the most work, its side branches, and the way between them.
//!
//! A plain state machine: the store is a trait, the time an argument. Each call makes at most one change, which the store
//! takes as a whole; what a block sets free is fetched with [`Chain::next_adopted`].

mod branches;
mod memory;
mod orphans;
mod storage;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use shared::{
    block::Block,
    hash::Hash,
    history::{History, Position},
    params::Network,
    rules::{AppliedBlock, ConnectedBlock, HeaderChain, MEDIAN_SPAN, RuleError, Tip, VerifiedBlock},
};

use branches::Branches;
use orphans::Orphans;

pub use memory::MemoryStorage;
pub use storage::{Change, SideBlock, Storage};

/// How many of the last tips are kept, for proofs against recent headers and short reorganisations.
pub const KEPT_TIPS: usize = 64;
/// How many blocks are one change at most, and about how many bytes of them.
const MAX_RUN: usize = 1_024;
const MAX_RUN_BYTES: usize = 4 << 20;
/// How many refused blocks are remembered.
const MAX_INVALID: usize = 1_024;

/// What became of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// It is the new tip.
    Connected,
    /// It is kept on a side branch.
    Side,
    /// Its parent is unknown; it is kept for a while.
    Orphan,
    /// It was known before.
    Known,
}

/// How the chain changed.
#[derive(Debug)]
pub struct Step {
    /// The height of the last block that the old and the new chain share.
    pub fork_height: u64,
    /// The tip before.
    pub old_tip: Hash,
    /// The blocks that were undone, lowest first.
    pub undone: Vec<Block>,
    /// The blocks that were added, lowest first.
    pub connected: Vec<AppliedBlock>,
}

/// Why a block is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ChainError<E> {
    /// It breaks a rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The store failed. Nothing more can be done with the chain.
    #[error(transparent)]
    Storage(E),
}

/// Makes verified blocks of parsed ones: on as many threads as the owner likes.
pub type Verify = Box<dyn Fn(Block, &Network) -> Result<VerifiedBlock, RuleError> + Send>;

/// The best chain and what is known besides.
pub struct Chain<S> {
    network: Arc<Network>,
    storage: S,
    verify: Verify,
    /// The newest last; never empty.
    tips: VecDeque<Tip>,
    branches: Branches,
    orphans: Orphans,
    /// Blocks with valid work that cannot be connected, and why. The oldest is forgotten first.
    invalid: BTreeMap<Hash, RuleError>,
    invalid_order: VecDeque<Hash>,
}

impl<S: Storage> Chain<S> {
    /// The chain in a store, whose tip was put together from it. Blocks aside whose parent is not known any more are of no
    /// use: that they go is staged.
    ///
    /// # Errors
    /// When the store fails.
    pub fn new(network: Arc<Network>, storage: S, tip: Tip, verify: Verify) -> Result<Self, S::Error> {
        let branches = Branches::new(network.parameters());
        let mut chain = Self {
            network,
            storage,
            verify,
            tips: VecDeque::from([tip]),
            branches,
            orphans: Orphans::default(),
            invalid: BTreeMap::new(),
            invalid_order: VecDeque::new(),
        };
        let mut side = chain.storage.side_blocks()?;
        side.sort_by_key(|(_, block)| block.header.height);
        let mut lost = Vec::new();
        for (hash, block) in side {
            // They were accepted before, so their time is no question.
            if let Some(parent) = chain.headers_of(&block.header.previous_hash)?
                && let Ok(headers) = parent.accept(&chain.network, &block.header, u64::MAX)
            {
                chain.branches.insert(hash, headers, block);
            } else {
                lost.push(hash);
            }
        }
        chain.storage.stage_dropped(&lost)?;
        Ok(chain)
    }

    /// The newest block, and the accounts after it.
    #[must_use]
    pub fn tip(&self) -> &Tip {
        self.tips.back().expect("never empty")
    }

    /// The last tips, the newest last.
    pub fn tips(&self) -> impl DoubleEndedIterator<Item = &Tip> {
        self.tips.iter()
    }

    /// The store.
    pub const fn storage(&self) -> &S {
        &self.storage
    }

    /// The store, for what the chain does not care about.
    pub const fn storage_mut(&mut self) -> &mut S {
        &mut self.storage
    }

    /// How many blocks are kept on side branches, and how many wait for their parent.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.branches.len(), self.orphans.len())
    }

    /// A block that is kept on a side branch.
    #[must_use]
    pub fn side_block(&self, hash: &Hash) -> Option<&SideBlock> {
        self.branches.get(hash)
    }

    /// The blocks that are kept on side branches, from a height on, highest first.
    pub fn side_blocks(&self, lowest: u64) -> impl Iterator<Item = (Hash, &SideBlock)> {
        self.branches.above(lowest)
    }

    /// How often the side branches have changed.
    #[must_use]
    pub const fn side_changes(&self) -> u64 {
        self.branches.changes()
    }

    /// Takes a block that was verified by itself.
    ///
    /// # Errors
    /// The rule that it breaks. The chain is as before.
    pub fn submit(
        &mut self,
        block: VerifiedBlock,
        now_ms: u64,
    ) -> Result<(Placed, Option<Step>), ChainError<S::Error>> {
        let (hash, parent) = (block.hash(), block.header().previous_hash);
        if let Some(error) = self.invalid.get(&hash).or_else(|| self.invalid.get(&parent)) {
            return Err(error.clone().into());
        }
        let is_main = self.storage.height_of(&hash).map_err(ChainError::Storage)?.is_some();
        if is_main || self.branches.contains(&hash) || self.orphans.contains(&hash) {
            return Ok((Placed::Known, None));
        }
        if parent == self.tip().hash() {
            let connected = match self.tip().connect(&self.network, block, now_ms) {
                Ok(connected) => connected,
                Err(error) => return Err(self.refuse(hash, error).into()),
            };
            return Ok((Placed::Connected, Some(self.extend(connected)?)));
        }
        let Some(headers) = self.headers_of(&parent).map_err(ChainError::Storage)? else {
            self.orphans.insert(block);
            return Ok((Placed::Orphan, None));
        };
        let Some(fork_height) = self.fork_height(parent).map_err(ChainError::Storage)? else {
            // What led to its parent is forgotten, so it waits like any block whose ancestors are unknown.
            self.orphans.insert(block);
            return Ok((Placed::Orphan, None));
        };
        let depth = self.tip().height() - fork_height;
        let limit = self.network.parameters().max_reorg_depth;
        if depth > u64::from(limit) {
            return Err(RuleError::ReorganisationTooDeep { depth, limit }.into());
        }
        let headers = match headers.accept(&self.network, block.header(), now_ms) {
            Ok(headers) => headers,
            Err(error) => return Err(self.refuse(hash, error).into()),
        };
        if headers.work() > self.tip().headers().work() {
            let step = self.reorganise(block, fork_height)?;
            return Ok((Placed::Connected, Some(step)));
        }
        self.keep_aside(&block, headers)?;
        Ok((Placed::Side, None))
    }

    /// Takes the blocks at the beginning of `blocks` that follow the tip, one after another, as one change. If a rule is what
    /// ended it, the block that breaks it is taken out too. Otherwise the next one is for [`Chain::submit`] to judge, unless
    /// it follows the new tip and there was enough for one change.
    ///
    /// # Errors
    /// When the store fails.
    pub fn submit_run(
        &mut self,
        blocks: &mut VecDeque<VerifiedBlock>,
        now_ms: u64,
    ) -> Result<(Option<Step>, Option<RuleError>), S::Error> {
        let fork = self.tip().clone();
        let mut run = Run::new(&fork, blocks.len().min(MAX_RUN));
        let (mut bytes, mut refused) = (0, None);
        while run.blocks.len() < MAX_RUN
            && bytes < MAX_RUN_BYTES
            && blocks.front().is_some_and(|block| self.follows(&run.tip, block))
            && let Some(block) = blocks.pop_front()
        {
            let hash = block.hash();
            bytes += block.encoded_len();
            if let Err(error) = run.advance(&self.network, block, now_ms) {
                refused = Some(self.refuse(hash, error));
                break;
            }
        }
        if run.blocks.is_empty() {
            return Ok((None, refused));
        }
        match self.apply(&fork, Vec::new(), run) {
            Ok(step) => Ok((Some(step), refused)),
            Err(ChainError::Storage(error)) => Err(error),
            Err(ChainError::Rule(_)) => unreachable!("nothing is undone, so no rule is asked"),
        }
    }

    /// Whether a block comes next, and nothing is known of it yet.
    fn follows(&self, tip: &Tip, block: &VerifiedBlock) -> bool {
        let (hash, parent) = (block.hash(), block.header().previous_hash);
        parent == tip.hash()
            && !self.invalid.contains_key(&hash)
            && !self.branches.contains(&hash)
            && !self.orphans.contains(&hash)
    }

    /// Takes a block that this node made on its tip. None when the tip has moved on.
    ///
    /// # Errors
    /// When the store fails.
    pub fn submit_own(&mut self, connected: ConnectedBlock) -> Result<Option<Step>, ChainError<S::Error>> {
        if connected.block.header().previous_hash != self.tip().hash() {
            return Ok(None);
        }
        self.extend(connected).map(Some)
    }

    /// A block that waited for one that is known by now. It is to be submitted.
    pub fn next_adopted(&mut self) -> Option<VerifiedBlock> {
        self.orphans.next_adopted()
    }

    fn extend(&mut self, connected: ConnectedBlock) -> Result<Step, ChainError<S::Error>> {
        let parent = self.tip().clone();
        self.apply(&parent, Vec::new(), Run::of(connected))
    }

    /// Goes over to the branch that ends with `last`, which has more work than the tip and leaves the chain at `fork_height`.
    fn reorganise(&mut self, last: VerifiedBlock, fork_height: u64) -> Result<Step, ChainError<S::Error>> {
        let branch = self.branches.path_to(last.header().previous_hash);
        let fork = self.tip_at(fork_height).map_err(ChainError::Storage)?;
        let mut run = Run::new(&fork, branch.len() + 1);
        for hash in branch {
            let block = self.storage.side_block(&hash).map_err(ChainError::Storage)?;
            let verified = (self.verify)(block, &self.network);
            // The headers were accepted when the block came, so their time is no question.
            if let Err(error) = verified.and_then(|block| run.advance(&self.network, block, u64::MAX)) {
                self.drop_branch(hash)?;
                self.refuse(last.hash(), error.clone());
                return Err(self.refuse(hash, error).into());
            }
        }
        let hash = last.hash();
        if let Err(error) = run.advance(&self.network, last, u64::MAX) {
            return Err(self.refuse(hash, error).into());
        }
        let undone = (fork_height + 1..=self.tip().height())
            .map(|height| self.storage.block(height))
            .collect::<Result<_, _>>()
            .map_err(ChainError::Storage)?;
        self.apply(&fork, undone, run)
    }

    /// Makes the change that leads from the tip over `fork` to the end of a run from there.
    fn apply(&mut self, fork: &Tip, undone: Vec<Block>, run: Run) -> Result<Step, ChainError<S::Error>> {
        let Run {
            blocks: connected,
            tips,
            tip,
            ..
        } = run;
        let old_tip = self.tip().hash();
        let mut headers = fork.headers().clone();
        let mut aside = Vec::new();
        for block in &undone {
            // They were in the chain, so they are accepted.
            headers = headers.accept(&self.network, &block.header, u64::MAX)?;
            aside.push((headers.clone(), SideBlock::of(block)));
        }
        let new_height = fork.height() + connected.len() as u64;
        let mut dropped = self
            .branches
            .outdated(new_height, self.network.parameters().max_reorg_depth);
        let hashes = connected.iter().map(|block| block.block.hash());
        dropped.extend(hashes.filter(|hash| self.branches.contains(hash)));
        let change = Change {
            fork,
            undone: &undone,
            connected: &connected,
            dropped: &dropped,
            // A heavier branch may be shorter: then the tip falls, and what may be undone from there lies deeper.
            kept_undo: 2 * u64::from(self.network.parameters().max_reorg_depth),
        };
        self.storage.stage(&change).map_err(ChainError::Storage)?;
        for hash in &dropped {
            self.branches.remove(hash);
        }
        for (headers, block) in aside {
            self.branches.insert(headers.hash(), headers, block);
        }
        while self.tips.len() > 1 && self.tip().height() > fork.height() {
            self.tips.pop_back();
        }
        if self.tip().hash() != fork.hash() {
            self.tips = VecDeque::from([fork.clone()]);
        }
        for block in &connected {
            self.orphans.adopt(&block.block.hash());
        }
        if tips.len() + 1 < connected.len() {
            // None of those before them is kept: the tips follow each other. Where a rule ended the run early few are left, until
            // more blocks come.
            self.tips.clear();
        }
        self.tips.extend(tips);
        self.tips.push_back(tip);
        while self.tips.len() > KEPT_TIPS {
            self.tips.pop_front();
        }
        Ok(Step {
            fork_height: fork.height(),
            old_tip,
            undone,
            connected,
        })
    }

    fn keep_aside(&mut self, block: &VerifiedBlock, headers: HeaderChain) -> Result<(), ChainError<S::Error>> {
        let (hash, block) = (block.hash(), block.to_block());
        let dropped = self
            .branches
            .make_room(block.header.previous_hash, block.encoded_len(), headers.work());
        let Some(dropped) = dropped else {
            // All others have more work. Without room it is not kept.
            return Ok(());
        };
        self.storage
            .stage_side(&hash, &block, &dropped)
            .map_err(ChainError::Storage)?;
        for hash in &dropped {
            self.branches.remove(hash);
        }
        self.branches.insert(hash, headers, SideBlock::of(&block));
        self.orphans.adopt(&hash);
        Ok(())
    }

    /// Forgets a block on a side branch and all that follow it.
    fn drop_branch(&mut self, hash: Hash) -> Result<(), ChainError<S::Error>> {
        let dropped = self.branches.with_descendants(hash);
        self.storage.stage_dropped(&dropped).map_err(ChainError::Storage)?;
        for hash in &dropped {
            self.branches.remove(hash);
        }
        Ok(())
    }

    /// Remembers a block that breaks a rule for good, and gives the rule.
    fn refuse(&mut self, hash: Hash, error: RuleError) -> RuleError {
        // Later it may not be too late any more.
        if !matches!(error, RuleError::TimeTooLate { .. }) && self.invalid.insert(hash, error.clone()).is_none() {
            self.invalid_order.push_back(hash);
            if self.invalid_order.len() > MAX_INVALID
                && let Some(oldest) = self.invalid_order.pop_front()
            {
                self.invalid.remove(&oldest);
            }
        }
        error
    }

    /// The headers up to a block of the chain or of a branch.
    fn headers_of(&self, hash: &Hash) -> Result<Option<HeaderChain>, S::Error> {
        if let Some(headers) = self.branches.headers(hash) {
            return Ok(Some(headers.clone()));
        }
        self.storage
            .height_of(hash)?
            .map(|height| self.headers_at(height))
            .transpose()
    }

    /// The height of the last block of the chain from which a block branches off; its own if it is in the chain. None when
    /// a block between them is not known any more.
    fn fork_height(&self, hash: Hash) -> Result<Option<u64>, S::Error> {
        let path = self.branches.path_to(hash);
        let parent = path.first().map_or(hash, |first| self.branches.parent(first));
        self.storage.height_of(&parent)
    }

    /// The headers of the chain up to a height.
    fn headers_at(&self, height: u64) -> Result<HeaderChain, S::Error> {
        if let Some(tip) = self.kept_tip(height) {
            return Ok(tip.headers().clone());
        }
        load_headers(&self.storage, height)
    }

    /// The chain and the accounts as they were at a height. The deeper, the longer it takes.
    fn tip_at(&self, height: u64) -> Result<Tip, S::Error> {
        if let Some(tip) = self.kept_tip(height) {
            return Ok(tip.clone());
        }
        let oldest = self.tips.front().expect("never empty");
        let mut accounts = oldest.accounts().clone();
        for height in (height + 1..=oldest.height()).rev() {
            let before = self.storage.undo(height)?;
            accounts.update(before.into_iter().map(|(key, account)| (key.0, account)));
        }
        let headers = self.headers_at(height)?;
        Ok(Tip::from_parts(headers, accounts).expect("undo restores the accounts"))
    }

    fn kept_tip(&self, height: u64) -> Option<&Tip> {
        let oldest = self.tips.front()?.height();
        self.tips.get(usize::try_from(height.checked_sub(oldest)?).ok()?)
    }
}

/// Blocks that follow each other from a place of the chain.
struct Run {
    blocks: Vec<AppliedBlock>,
    /// The chain after the last of them.
    tip: Tip,
    /// The chain after the last of those before it, of which a tip is to be kept: none is missing between them.
    tips: Vec<Tip>,
    /// How many blocks are expected at most.
    expected: usize,
}

impl Run {
    fn new(fork: &Tip, expected: usize) -> Self {
        Self {
            blocks: Vec::with_capacity(expected),
            tip: fork.clone(),
            tips: Vec::new(),
            expected,
        }
    }

    fn of(connected: ConnectedBlock) -> Self {
        let (block, tip) = connected.into_parts();
        Self {
            blocks: vec![block],
            tip,
            tips: Vec::new(),
            expected: 1,
        }
    }

    /// Takes the next block.
    fn advance(&mut self, network: &Network, block: VerifiedBlock, now_ms: u64) -> Result<(), RuleError> {
        // A clone makes what follows more work, so none is taken of what will be too far below the end.
        let is_kept = !self.blocks.is_empty() && self.blocks.len() + KEPT_TIPS > self.expected;
        let before = is_kept.then(|| self.tip.clone());
        self.blocks.push(self.tip.advance(network, block, now_ms)?);
        self.tips.extend(before);
        Ok(())
    }
}

/// Puts the headers up to a height of the stored chain together.
///
/// # Errors
/// When the store fails.
pub fn load_headers<S: Storage + ?Sized>(storage: &S, height: u64) -> Result<HeaderChain, S::Error> {
    let header = storage.header(height)?;
    let history = History::at(&|position: Position| storage.history_node(position), height)?;
    let times = (height.saturating_sub(MEDIAN_SPAN as u64 - 1)..height)
        .map(|height| Ok(storage.header(height)?.timestamp))
        .collect::<Result<_, _>>()?;
    Ok(HeaderChain::from_parts(header, history, times))
}
