//! The writer thread: owns chain, mempool and store, and does one thing after another.
//!
//! What is asked for at about the same time shares one durable commit, after which all are answered and readers see it.

use std::{
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::AtomicU64,
        mpsc::{Receiver, RecvTimeoutError, Sender},
    },
    thread::available_parallelism,
    time::{Duration, Instant},
};

use anyhow::Result;
use shared::{
    hash::Hash,
    key::PublicKey,
    params::Network,
    rules::{RuleError, Tip, VerifiedBlock},
    state::Account,
    transaction::VerifiedTransfer,
};
use tokio::sync::oneshot;

use super::{
    BlockError, Config, Event, Events, MineError, Mined, SubmitError, View,
    mining::{Request, Search},
};
use crate::{
    chain::{Chain, ChainError, Placed, SideBlock, Step},
    clock::Clock,
    mempool::{DropReason, Dropped, Mempool, Taken},
    miner::{Miner, Report},
    store::{Store, StoreError, Summary},
    verify::verify_block,
};

/// How many commands share a commit at most, and for how long they are done before they are made durable: while blocks come
/// as fast as they can be taken, thousands of small ones share it.
const MAX_GROUP: usize = 4_096;
const MAX_GROUP_TIME: Duration = Duration::from_millis(50);
/// How long the writer waits for the next companion of a command, and for all of them.
const COMPANION_DELAY: Duration = Duration::from_micros(100);
const GROUP_DELAY: Duration = Duration::from_millis(2);
/// How long blocks are mined before they are made durable and shown, when nobody waits for an answer.
const MAX_DELAY: Duration = Duration::from_millis(100);
/// How often the age of pending transfers is looked at.
const HOUSEKEEPING: Duration = Duration::from_secs(10);

/// Which blocks of side branches readers see: so far below the tip, and so many.
const SHOWN_SIDE_DEPTH: u64 = 128;
const MAX_SHOWN_SIDE: usize = 1_024;

/// What the writer is asked to do.
pub(super) enum Command {
    Submit {
        transfers: Vec<VerifiedTransfer>,
        reply: oneshot::Sender<Vec<Result<Hash, SubmitError>>>,
    },
    Blocks {
        /// Gives the verdicts on the blocks themselves, on which other threads work.
        verified: Receiver<Vec<Result<VerifiedBlock, RuleError>>>,
        reply: oneshot::Sender<Vec<Result<Placed, BlockError>>>,
    },
    Mine {
        recipient: PublicKey,
        count: u64,
        reply: oneshot::Sender<Result<Mined, MineError>>,
    },
    Found(Report),
    Stop,
}

type Reply = Box<dyn FnOnce() + Send>;

/// The writer's state.
pub(super) struct Writer {
    pub(super) network: Arc<Network>,
    pub(super) config: Config,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) chain: Chain<Store>,
    pub(super) mempool: Mempool,
    pub(super) miner: Miner,
    pub(super) requests: VecDeque<Request>,
    pub(super) search: Option<Search>,
    /// When the node last failed to mine of itself.
    pub(super) failed_at: Option<Instant>,
    inbox: Receiver<Command>,
    events: Arc<Events>,
    /// What happened since the last commit, and who waits for it.
    pub(super) news: Vec<Event>,
    replies: Vec<Reply>,
    pub(super) is_dirty: bool,
    tips: Arc<VecDeque<Tip>>,
    /// The newest blocks of side branches, and what they were made of: how often the branches had changed.
    side: Arc<BTreeMap<Hash, SideBlock>>,
    side_changes: Option<u64>,
    /// How many commands the last commit was for.
    last_group: usize,
    last_commit: Instant,
    last_housekeeping: Instant,
}

impl Writer {
    /// Opens the store and loads what it holds.
    pub(super) fn open(
        network: &Arc<Network>,
        config: &Config,
        clock: &Arc<dyn Clock>,
        commands: &Sender<Command>,
        inbox: Receiver<Command>,
        events: Arc<Events>,
    ) -> Result<Self> {
        let (store, tip) = Store::open(&config.data_dir, network)?;
        let mempool = Mempool::new(config.mempool, tip.height());
        let verify = Box::new(|block, network: &Network| verify_block(block, network, |_| None));
        let mut chain = Chain::new(Arc::clone(network), store, tip, verify)?;
        chain.storage_mut().write()?;
        let threads = match config.threads {
            Some(threads) => threads.get(),
            None => available_parallelism().map_or(1, usize::from),
        };
        let commands = commands.clone();
        // The writer may have ended; nobody wants the nonce then.
        let miner = Miner::start(threads, move |report| drop(commands.send(Command::Found(report))))?;
        let mut writer = Self {
            tips: Arc::new(chain.tips().cloned().collect()),
            side: Arc::default(),
            side_changes: None,
            network: Arc::clone(network),
            config: config.clone(),
            clock: Arc::clone(clock),
            chain,
            mempool,
            miner,
            requests: VecDeque::new(),
            search: None,
            failed_at: None,
            inbox,
            events,
            news: Vec::new(),
            replies: Vec::new(),
            is_dirty: false,
            last_group: 1,
            last_commit: Instant::now(),
            last_housekeeping: Instant::now(),
        };
        writer.load_pending()?;
        Ok(writer)
    }

    /// How many nonces were tried.
    pub(super) fn attempts(&self) -> Arc<AtomicU64> {
        self.miner.attempts()
    }

    /// The current moment. Only durable moments are published.
    pub(super) fn view(&mut self) -> Arc<View> {
        if self.side_changes != Some(self.chain.side_changes()) {
            self.side_changes = Some(self.chain.side_changes());
            let lowest = self.chain.tip().height().saturating_sub(SHOWN_SIDE_DEPTH);
            let newest = self.chain.side_blocks(lowest).take(MAX_SHOWN_SIDE);
            self.side = Arc::new(newest.map(|(hash, block)| (hash, *block)).collect());
        }
        Arc::new(View {
            tips: Arc::clone(&self.tips),
            reader: self.chain.storage().reader().clone(),
            mempool: self.mempool.clone(),
            aside: self.chain.counts(),
            side: Arc::clone(&self.side),
        })
    }

    /// Works until it is told to stop. A failure of the store, or a panic, ends the program: what was answered is durable,
    /// and nothing more can be.
    pub(super) fn run(mut self, publish: Box<dyn Fn(Arc<View>) + Send>) {
        let ended = catch_unwind(AssertUnwindSafe(|| self.work(&*publish)));
        self.events.close();
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => fail(&error.to_string()),
            Err(_) => fail("the writer panicked"),
        }
    }

    fn work(&mut self, publish: &dyn Fn(Arc<View>)) -> Result<(), StoreError> {
        loop {
            let mut command = if self.is_busy() {
                self.inbox.try_recv().ok()
            } else {
                match self.inbox.recv_timeout(self.pause()) {
                    Ok(command) => Some(command),
                    Err(RecvTimeoutError::Timeout) => None,
                    // Stopped without being told, as all handles are gone.
                    Err(RecvTimeoutError::Disconnected) => Some(Command::Stop),
                }
            };
            let (mut count, begun) = (0, Instant::now());
            while let Some(next) = command {
                if matches!(next, Command::Stop) {
                    self.commit(publish)?;
                    return Ok(());
                }
                self.handle(next)?;
                count += 1;
                let has_room = count < MAX_GROUP && begun.elapsed() < MAX_GROUP_TIME;
                command = has_room.then(|| self.next_companion(count, begun)).flatten();
            }
            if count > 0 {
                self.last_group = count;
            }
            self.mine()?;
            if self.last_housekeeping.elapsed() > HOUSEKEEPING {
                self.last_housekeeping = Instant::now();
                let aged = self.mempool.expire(self.clock.now_ms());
                self.forget(&aged);
            }
            let is_overdue = self.is_dirty && (!self.is_busy() || self.last_commit.elapsed() > MAX_DELAY);
            if is_overdue || !self.replies.is_empty() {
                self.commit(publish)?;
            }
        }
    }

    /// The next command for the group of those `count` that are done already.
    ///
    /// Callers who were answered together tend to come together again, and a flush for each of them would cost more than to
    /// wait a little. A caller alone never waits.
    fn next_companion(&mut self, count: usize, begun: Instant) -> Option<Command> {
        let waits = count < self.last_group && !self.is_busy() && begun.elapsed() < GROUP_DELAY;
        self.inbox.try_recv().ok().or_else(|| {
            waits.then(|| std::thread::sleep(COMPANION_DELAY));
            self.inbox.try_recv().ok()
        })
    }

    fn handle(&mut self, command: Command) -> Result<(), StoreError> {
        match command {
            Command::Submit { transfers, reply } => {
                let results = transfers.into_iter().map(|transfer| self.add(transfer)).collect();
                self.answer(reply, results);
            }
            Command::Blocks { verified, reply } => {
                // The threads that verify them do nothing else, so this ends.
                if let Ok(verdicts) = verified.recv() {
                    let results = self.connect_all(verdicts)?;
                    let results = results.into_iter().map(|result| result.map_err(BlockError::Rule));
                    self.answer(reply, results.collect());
                }
            }
            Command::Mine {
                recipient,
                count,
                reply,
            } => self.requests.push_back(Request::new(recipient, count, reply)),
            Command::Found(report) => self.found(report)?,
            Command::Stop => {}
        }
        Ok(())
    }

    /// Takes a transfer into the mempool.
    fn add(&mut self, transfer: VerifiedTransfer) -> Result<Hash, SubmitError> {
        let account = self.account(&transfer.transfer().sender);
        let added = self.mempool.add(transfer, account, self.clock.now_ms())?;
        let entry = added.entry;
        let id = entry.id();
        self.is_dirty = true;
        let store = self.chain.storage_mut();
        store.put_pending(&id, entry.transfer.signed(), entry.since_ms);
        let waiting = self.mempool.is_waiting(&entry);
        self.news.push(Event::Pending { entry, waiting });
        self.forget(&added.dropped);
        Ok(id)
    }

    /// Takes blocks in their order.
    fn connect_all(
        &mut self,
        verdicts: Vec<Result<VerifiedBlock, RuleError>>,
    ) -> Result<Vec<Result<Placed, RuleError>>, StoreError> {
        let mut results = Vec::with_capacity(verdicts.len());
        let mut run = VecDeque::new();
        for verdict in verdicts {
            match verdict {
                Ok(block) => run.push_back(block),
                Err(error) => {
                    self.connect_run(&mut run, &mut results)?;
                    results.push(Err(error));
                }
            }
        }
        self.connect_run(&mut run, &mut results)?;
        Ok(results)
    }

    /// Takes blocks, those that follow the tip together.
    fn connect_run(
        &mut self,
        blocks: &mut VecDeque<VerifiedBlock>,
        results: &mut Vec<Result<Placed, RuleError>>,
    ) -> Result<(), StoreError> {
        while !blocks.is_empty() {
            let (step, error) = self.chain.submit_run(blocks, self.clock.now_ms())?;
            if let Some(step) = &step {
                results.extend(step.connected.iter().map(|_| Ok(Placed::Connected)));
                self.follow(step)?;
                self.connect_adopted()?;
            }
            if let Some(error) = error {
                results.push(Err(error));
            } else if step.is_none()
                && let Some(block) = blocks.pop_front()
            {
                let result = self.connect(block)?;
                results.push(result);
            }
        }
        Ok(())
    }

    /// Takes a block, and those that waited for it.
    fn connect(&mut self, block: VerifiedBlock) -> Result<Result<Placed, RuleError>, StoreError> {
        let placed = match self.submit(block)? {
            Ok(placed) => placed,
            Err(error) => return Ok(Err(error)),
        };
        self.connect_adopted()?;
        Ok(Ok(placed))
    }

    /// Takes the blocks that waited for the last ones.
    pub(super) fn connect_adopted(&mut self) -> Result<(), StoreError> {
        while let Some(orphan) = self.chain.next_adopted() {
            if let Err(error) = self.submit(orphan)? {
                tracing::info!(%error, "a block that waited for its parent is refused");
            }
        }
        Ok(())
    }

    fn submit(&mut self, block: VerifiedBlock) -> Result<Result<Placed, RuleError>, StoreError> {
        let submitted = self.chain.submit(block, self.clock.now_ms());
        let (placed, step) = match submitted {
            Ok(done) => done,
            Err(ChainError::Rule(error)) => {
                // A branch that turned out invalid may have been dropped.
                self.chain.storage_mut().write()?;
                return Ok(Err(error));
            }
            Err(ChainError::Storage(error)) => return Err(error),
        };
        match step {
            Some(step) => self.follow(&step)?,
            None => self.chain.storage_mut().write()?,
        }
        self.is_dirty |= placed != Placed::Known;
        Ok(Ok(placed))
    }

    /// Follows the chain: gives back what was undone, takes out what was mined, and writes both with the blocks as one.
    pub(super) fn follow(&mut self, step: &Step) -> Result<(), StoreError> {
        self.is_dirty = true;
        let tip = self.chain.tip().clone();
        // Where nothing is pending nothing changes for it, as when the node is far behind.
        let is_idle = self.mempool.is_empty() && step.undone.is_empty();
        let concerning = if is_idle { &[] } else { &step.connected[..] };
        let taken = Taken::of(concerning);
        let mut changed: BTreeMap<PublicKey, Account> = BTreeMap::new();
        for connected in concerning {
            changed.extend(connected.changes.iter().map(|change| (change.key, change.after)));
        }
        for id in taken.ids().filter(|id| self.mempool.get(id).is_some()) {
            self.chain.storage_mut().delete_pending(id);
        }
        let height = tip.height();
        let dropped = if step.undone.is_empty() {
            self.mempool.advance(height, changed, &taken)
        } else {
            self.news.push(Event::Reorganisation {
                fork_height: step.fork_height,
                old_tip: step.old_tip,
                new_tip: tip.hash(),
            });
            self.give_back(step, &tip, &taken, &mut changed);
            self.mempool.return_to(height, changed, &taken)
        };
        self.forget(&dropped);
        for connected in &step.connected {
            let summary = Summary::new(&connected.block, connected.work);
            self.news.push(Event::Block(Arc::new(summary)));
        }
        self.chain.storage_mut().write()
    }

    /// Notes what left the mempool without being mined.
    pub(super) fn forget(&mut self, dropped: &[Dropped]) {
        for Dropped { id, reason } in dropped {
            self.is_dirty = true;
            self.chain.storage_mut().delete_pending(id);
            let replaced_by = match reason {
                DropReason::Replaced { by } => Some(*by),
                _ => None,
            };
            self.news.push(Event::Dropped {
                id: *id,
                reason: reason.code(),
                replaced_by,
            });
        }
    }

    /// Makes durable what was done, shows it to readers, and answers.
    fn commit(&mut self, publish: &dyn Fn(Arc<View>)) -> Result<(), StoreError> {
        if self.is_dirty {
            self.chain.storage_mut().persist()?;
            if self.tips.back().map(Tip::hash) != Some(self.chain.tip().hash()) {
                self.tips = Arc::new(self.chain.tips().cloned().collect());
            }
            publish(self.view());
            self.is_dirty = false;
        }
        self.last_commit = Instant::now();
        if !self.news.is_empty() {
            self.events.publish(self.news.drain(..));
        }
        self.replies.drain(..).for_each(|reply| reply());
        Ok(())
    }

    /// Answers after the next commit. Who no longer waits does not mind.
    pub(super) fn answer<T: Send + 'static>(&mut self, reply: oneshot::Sender<T>, answer: T) {
        self.replies.push(Box::new(move || drop(reply.send(answer))));
    }

    pub(super) fn account(&self, key: &PublicKey) -> Account {
        self.chain.tip().accounts().get(&key.0)
    }
}

/// Ends the program: without its writer the node can do nothing but mislead.
fn fail(reason: &str) -> ! {
    tracing::error!("the node ends, as {reason}");
    eprintln!("cairn: the node ends, as {reason}; what it acknowledged is safe");
    std::process::exit(1);
}
