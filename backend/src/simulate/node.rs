//! A simulated node: the real chain, mempool and sync, with what the writer does between them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use shared::{
    amount::Amount,
    block::{Block, Header},
    chain_proof,
    hash::Hash,
    key::{PublicKey, SecretKey},
    params::{Allocation, Difficulty, Network},
    rules::{AppliedBlock, ConnectedBlock, HeaderChain, RuleError, Tip},
    state::Account,
    transaction::{Note, SignedTransfer, Transfer, VerifiedTransfer},
};

use super::Sabotage;
use crate::{
    chain::{Chain, ChainError, MemoryStorage, Placed, Step, Storage as _, load_headers},
    mempool::{DropReason, Dropped, Limits, Mempool, Taken},
    networks,
    sync::{Ledger, Sync, TransferOutcome, last_of},
    verify::verify_block,
};

/// Transfers that were verified once, for all nodes of a run.
pub(crate) type Verified = Arc<Mutex<BTreeMap<Hash, VerifiedTransfer>>>;

/// How many people send transfers, and what each has at first.
pub(crate) const PEOPLE: u8 = 8;
const COINS: u64 = 1_000;
/// How many transfers a block takes.
const BLOCK_TRANSFERS: usize = 50;

/// What the state machine sees.
pub(crate) struct Books {
    pub(crate) chain: Chain<MemoryStorage>,
    pub(crate) mempool: Mempool,
}

impl Ledger for Books {
    fn tip(&self) -> &HeaderChain {
        self.chain.tip().headers()
    }

    fn height_of(&self, hash: &Hash) -> Option<u64> {
        let Ok(height) = self.chain.storage().height_of(hash);
        height
    }

    fn header(&self, height: u64) -> Option<Header> {
        if height > self.chain.tip().height() {
            return None;
        }
        let Ok(header) = self.chain.storage().header(height);
        Some(header)
    }

    fn headers_at(&self, height: u64) -> Option<HeaderChain> {
        if height > self.chain.tip().height() {
            return None;
        }
        let Ok(headers) = load_headers(self.chain.storage(), height);
        Some(headers)
    }

    fn block(&self, height: u64) -> Option<Block> {
        if height == 0 || height > self.chain.tip().height() {
            return None;
        }
        let Ok(block) = self.chain.storage().block(height);
        Some(block)
    }

    fn mempool(&self) -> &Mempool {
        &self.mempool
    }

    fn side_header(&self, hash: &Hash) -> Option<Header> {
        self.chain.side_block(hash).map(|block| block.header)
    }

    fn proof(&self, network: &Network, heights: &[u64]) -> Option<Vec<u8>> {
        let Ok(proof) = chain_proof::write(self.chain.storage(), network, self.chain.tip().height(), heights);
        Some(proof)
    }

    fn side_tips(&self, lowest: u64, limit: usize) -> Vec<Hash> {
        last_of(self.chain.side_blocks(lowest), limit)
    }
}

/// What became of a transfer that this node accepted from its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// The user may count on it.
    Nothing,
    /// It is given up, and the user was told why.
    Dropped(DropReason),
}

/// Why transfers are given up.
enum Cause {
    /// Another came, and there was no room.
    Full,
    /// A block, and nothing was undone. It has transfers of these senders that were not known before.
    Block(BTreeSet<PublicKey>),
    Other,
}

pub(crate) struct SimulatedNode {
    pub(crate) books: Books,
    pub(crate) sync: Sync,
    network: Arc<Network>,
    verified: Verified,
    pub(crate) skew_ms: i64,
    pub(crate) is_selfish: bool,
    /// How it treats the transfers of undone blocks.
    pub(crate) sabotage: Option<Sabotage>,
    /// How many transfers its mempool holds.
    room: usize,
    /// Blocks that it keeps to itself, the highest last.
    pub(crate) private: VecDeque<ConnectedBlock>,
    /// What it accepted from its users.
    pub(crate) accepted: BTreeMap<Hash, Told>,
    /// What it told its users that is not so.
    pub(crate) false_words: Vec<String>,
    /// The transfers in its chain.
    pub(crate) mined: BTreeSet<Hash>,
    pub(crate) reorganisations: u64,
    pub(crate) deepest: u64,
    /// Became pending, and nobody was told of it yet.
    pub(crate) news: Vec<SignedTransfer>,
}

impl SimulatedNode {
    pub(crate) fn new(network: &Arc<Network>, verified: &Verified, limits: Limits) -> Self {
        let known = Arc::clone(verified);
        let verify = Box::new(move |block, network: &Network| verify_block(block, network, |id| find(&known, id)));
        let storage = MemoryStorage::new(network);
        let Ok(chain) = Chain::new(Arc::clone(network), storage, Tip::genesis(network), verify);
        Self {
            books: Books {
                chain,
                mempool: Mempool::new(limits, 0),
            },
            sync: Sync::new(Arc::clone(network)),
            network: Arc::clone(network),
            verified: Arc::clone(verified),
            skew_ms: 0,
            is_selfish: false,
            sabotage: None,
            room: limits.count,
            private: VecDeque::new(),
            accepted: BTreeMap::new(),
            false_words: Vec::new(),
            mined: BTreeSet::new(),
            reorganisations: 0,
            deepest: 0,
            news: Vec::new(),
        }
    }

    /// The node's clock.
    pub(crate) fn clock_ms(&self, now_ms: u64) -> u64 {
        let base = self.network.parameters().genesis_time_ms + 60_000;
        (base + now_ms).saturating_add_signed(self.skew_ms)
    }

    /// Takes a block, and those that waited for it.
    pub(crate) fn submit(&mut self, block: Block, now_ms: u64) -> Result<Placed, RuleError> {
        let verified = verify_block(block, &self.network, |id| find(&self.verified, id))?;
        let mut next = Some(verified);
        let mut placed = None;
        while let Some(block) = next {
            let submitted = self.books.chain.submit(block, self.clock_ms(now_ms));
            match submitted {
                Ok((this, step)) => {
                    placed.get_or_insert(Ok(this));
                    if let Some(step) = step {
                        self.follow(&step, now_ms);
                    }
                }
                Err(ChainError::Rule(error)) => {
                    placed.get_or_insert(Err(error));
                }
            }
            next = self.books.chain.next_adopted();
        }
        placed.unwrap_or(Ok(Placed::Known))
    }

    /// Takes a transfer into the mempool. Its rules on form and signature are checked.
    pub(crate) fn take(&mut self, transfer: SignedTransfer, now_ms: u64) -> Result<Hash, TransferOutcome> {
        let id = transfer.id();
        let known = find(&self.verified, &id);
        let verified = match known {
            Some(verified) => verified,
            None => transfer
                .verify(&self.network.genesis_hash())
                .map_err(TransferOutcome::Invalid)?,
        };
        lock(&self.verified).insert(id, verified.clone());
        let account = self.books.chain.tip().accounts().get(&verified.transfer().sender.0);
        let clock_ms = self.clock_ms(now_ms);
        let is_full = self.books.mempool.len() >= self.room;
        let added = self.books.mempool.add(verified, account, clock_ms);
        let added = added.map_err(|error| TransferOutcome::from(&error))?;
        self.news.push(added.entry.transfer.signed().clone());
        let cause = if is_full { Cause::Full } else { Cause::Other };
        self.tell(&added.dropped, &cause);
        Ok(id)
    }

    /// Follows the chain, as the writer does.
    fn follow(&mut self, step: &Step, now_ms: u64) {
        let tip = self.books.chain.tip().clone();
        if !step.undone.is_empty() {
            self.reorganisations += 1;
            self.deepest = self.deepest.max(step.undone.len() as u64);
        }
        let taken = Taken::of(&step.connected);
        let spenders = self.spenders(&step.connected);
        let mut changed: BTreeMap<PublicKey, Account> = BTreeMap::new();
        for connected in &step.connected {
            changed.extend(connected.changes.iter().map(|change| (change.key, change.after)));
        }
        let undone = || step.undone.iter().flat_map(|block| &block.transfers);
        for id in undone().map(SignedTransfer::id) {
            self.mined.remove(&id);
        }
        self.mined.extend(taken.ids());
        for block in &step.undone {
            let keys = block
                .transfers
                .iter()
                .flat_map(|signed| [signed.transfer.sender, signed.transfer.recipient]);
            changed.extend(
                keys.chain([block.reward.recipient])
                    .map(|key| (key, tip.accounts().get(&key.0))),
            );
        }
        for id in undone()
            .map(SignedTransfer::id)
            .filter(|id| !self.mined.contains(id))
            .collect::<Vec<_>>()
        {
            self.give_back(&id, &tip, &taken, now_ms);
        }
        let (mempool, height) = (&mut self.books.mempool, tip.height());
        let (dropped, cause) = if step.undone.is_empty() {
            (mempool.advance(height, changed, &taken), Cause::Block(spenders))
        } else {
            (mempool.return_to(height, changed, &taken), Cause::Other)
        };
        self.tell(&dropped, &cause);
    }

    /// Whose transfers are in blocks, and had not been pending here.
    fn spenders(&self, blocks: &[AppliedBlock]) -> BTreeSet<PublicKey> {
        let transfers = blocks.iter().flat_map(|applied| applied.block.transfers());
        let unknown = transfers.filter(|transfer| self.books.mempool.get(&transfer.id()).is_none());
        unknown.map(|transfer| transfer.transfer().sender).collect()
    }

    fn give_back(&mut self, id: &Hash, tip: &Tip, taken: &Taken, now_ms: u64) {
        let Some(transfer) = find(&self.verified, id) else {
            return;
        };
        match self.sabotage {
            Some(Sabotage::ForgetsUndone) => return,
            Some(Sabotage::GivesUpUndone) => {
                let reason = DropReason::Expired;
                return self.tell(&[Dropped { id: *id, reason }], &Cause::Other);
            }
            _ => {}
        }
        let account = tip.accounts().get(&transfer.transfer().sender.0);
        let clock_ms = self.clock_ms(now_ms);
        match self.books.mempool.restore(transfer, account, clock_ms, taken) {
            Ok(entry) => self.news.push(entry.transfer.signed().clone()),
            Err(reason) => self.tell(&[Dropped { id: *id, reason }], &Cause::Other),
        }
    }

    /// Tells users what was given up.
    fn tell(&mut self, dropped: &[Dropped], cause: &Cause) {
        for Dropped { id, reason } in dropped {
            if !self.accepted.contains_key(id) {
                continue;
            }
            if !self.is_so(id, *reason, cause) {
                let word = format!("transfer {id} was given up as {}, and that is not so", reason.code());
                self.false_words.push(word);
            }
            self.accepted.insert(*id, Told::Dropped(*reason));
        }
    }

    /// Whether what is told of a transfer that is given up is true.
    fn is_so(&self, id: &Hash, reason: DropReason, cause: &Cause) -> bool {
        let Some(verified) = find(&self.verified, id) else {
            return false;
        };
        let transfer = verified.transfer();
        match reason {
            DropReason::Expired => (1..=self.books.chain.tip().height()).contains(&transfer.valid_until),
            DropReason::Replaced { by } => {
                let place = |transfer: &Transfer| (transfer.sender, transfer.nonce);
                let other = find(&self.verified, &by);
                let is_here = self.mined.contains(&by) || self.books.mempool.get(&by).is_some();
                by != *id && is_here && other.is_some_and(|other| place(other.transfer()) == place(transfer))
            }
            DropReason::Evicted => matches!(cause, Cause::Full),
            // Its sender has signed others, and sent them elsewhere.
            DropReason::Invalid => matches!(cause, Cause::Block(spenders) if spenders.contains(&transfer.sender)),
            // No run takes as long.
            DropReason::Aged => false,
        }
    }

    /// Finds a block on the tip, or on what it keeps to itself.
    pub(crate) fn mine(&mut self, recipient: PublicKey, note: u64, now_ms: u64) -> Option<ConnectedBlock> {
        let tip = match self.private.back() {
            Some(last) => last.tip.clone(),
            None => self.books.chain.tip().clone(),
        };
        let is_public = self.private.is_empty();
        let limit = BLOCK_TRANSFERS * usize::from(is_public);
        let bytes = self.network.parameters().max_block_bytes as usize / 2;
        let transfers = self.books.mempool.select(limit, bytes);
        let transfers = transfers.iter().map(|entry| entry.transfer.clone()).collect();
        let note = Note::new(&note.to_le_bytes())?;
        let clock_ms = self.clock_ms(now_ms);
        let candidate = tip.prepare(&self.network, recipient, note, transfers, clock_ms).ok()?;
        let nonce = candidate.midstate().search(candidate.target()?, 0, u64::MAX)?;
        candidate.seal(&self.network, nonce, clock_ms).ok()
    }

    /// Takes a block of its own.
    pub(crate) fn submit_own(&mut self, block: ConnectedBlock, now_ms: u64) {
        let step = match self.books.chain.submit_own(block) {
            Ok(step) => step,
            Err(ChainError::Rule(_)) => None,
            Err(ChainError::Storage(never)) => match never {},
        };
        if let Some(step) = step {
            self.follow(&step, now_ms);
        }
    }

    /// All coins there are.
    pub(crate) fn supply(&self) -> Option<Amount> {
        let accounts = self.books.chain.tip().accounts();
        Amount::checked_sum(accounts.iter().map(|(_, account)| account.balance))
    }

    /// A transfer that this node accepted, and that is neither mined, nor pending, nor told of.
    pub(crate) fn lost(&self) -> Option<Hash> {
        let is_lost = |(id, told): &(&Hash, &Told)| {
            **told == Told::Nothing && !self.mined.contains(*id) && self.books.mempool.get(id).is_none()
        };
        self.accepted.iter().find(is_lost).map(|(id, _)| *id)
    }
}

fn lock(verified: &Verified) -> std::sync::MutexGuard<'_, BTreeMap<Hash, VerifiedTransfer>> {
    verified.lock().unwrap_or_else(PoisonError::into_inner)
}

fn find(verified: &Verified, id: &Hash) -> Option<VerifiedTransfer> {
    lock(verified).get(id).cloned()
}

/// The secret key of a person.
pub(crate) fn secret(person: u8) -> SecretKey {
    SecretKey::from_bytes(&[person + 1; 32])
}

/// A network for simulations, on which people have coins.
pub(crate) fn network(difficulty: Difficulty) -> Network {
    let dev = networks::load("dev").expect("it is built in");
    let mut parameters = dev.parameters().clone();
    parameters.name = "simulated".to_owned();
    parameters.difficulty = difficulty;
    parameters.max_future_ms = 10_000;
    parameters.allocations = (0..PEOPLE)
        .map(|person| Allocation {
            address: dev.address(&secret(person).public_key()),
            amount: Amount::from_units(COINS * Amount::PER_COIN),
        })
        .collect();
    Network::new(parameters).expect("its parameters are in range")
}
