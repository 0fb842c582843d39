//! The node: wires chain, mempool, store and miner together. Holds no rules.
//!
//! One writer thread owns the chain. Everybody else reads [`View`]s, each of which is one consistent, durable moment.

mod error;
mod events;
mod mining;
mod restore;
mod view;
mod writer;

use std::{
    num::NonZeroUsize,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, Sender},
    },
    thread::{self, JoinHandle},
};

use anyhow::{Context as _, bail};
use arc_swap::ArcSwap;
use shared::{
    block::Block,
    hash::Hash,
    key::PublicKey,
    params::Network,
    rules::{AcceptedHeader, Party, RuleError},
    transaction::{SignedTransfer, VerifiedTransfer},
};
use tokio::sync::{Semaphore, oneshot};

use crate::{
    clock::Clock,
    mempool,
    store::Summary,
    verify::{Verifier, verify_blocks},
};
use events::Events;
use writer::{Command, Writer};

pub use crate::chain::Placed;
pub use error::{BlockError, MineError, SubmitError};
pub use events::{Event, Numbered, Subscription};
pub use view::View;

/// How many requests may wait for the writer; further ones wait for their turn to wait.
const MAX_REQUESTS: usize = 4_096;

/// How a node runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where the node keeps everything.
    pub data_dir: PathBuf,
    /// Whether it mines all the time. On a network of fixed difficulty it keeps to the interval.
    pub mine: bool,
    /// Whether it mines as long as transfers are pending.
    pub mine_on_transfer: bool,
    /// How many threads mine; all cores by default.
    pub threads: Option<NonZeroUsize>,
    /// Who is paid for blocks when nobody is named.
    pub recipient: Option<PublicKey>,
    /// The limits of the mempool.
    pub mempool: mempool::Limits,
}

impl Config {
    /// A node in `data_dir` that mines on demand only.
    #[must_use]
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            mine: false,
            mine_on_transfer: false,
            threads: None,
            recipient: None,
            mempool: mempool::Limits::default(),
        }
    }
}

/// What was mined.
#[derive(Debug, Clone)]
pub struct Mined {
    /// The newest of the blocks.
    pub block: Arc<Block>,
    /// Its header and figures.
    pub summary: Summary,
    /// How many there are.
    pub count: u64,
}

/// A handle on a running node. Clones are handles on the same node.
///
/// The data folder stays in use until the node was stopped and the last handle and [`View`] are gone.
#[derive(Clone)]
pub struct Node {
    inner: Arc<Inner>,
}

struct Inner {
    network: Arc<Network>,
    config: Config,
    clock: Arc<dyn Clock>,
    view: ArcSwap<View>,
    events: Arc<Events>,
    attempts: Arc<AtomicU64>,
    verifier: Verifier,
    commands: Sender<Command>,
    requests: Arc<Semaphore>,
}

/// The threads of a node. Dropping it stops them.
pub struct Running {
    commands: Sender<Command>,
    writer: Option<JoinHandle<()>>,
}

impl Running {
    /// Stops the node after what it has begun, and waits for it. Blocks the thread.
    ///
    /// # Errors
    /// When a thread of the node failed.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.join()
    }

    fn join(&mut self) -> anyhow::Result<()> {
        // If the writer has ended, it need not be told.
        let _ = self.commands.send(Command::Stop);
        match self.writer.take().map(JoinHandle::join) {
            Some(Err(_)) => bail!("the writer failed"),
            _ => Ok(()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.join() {
            tracing::error!("{error}");
        }
    }
}

/// A block for the writer; with its header, if that was accepted before.
type Submitted = (Block, Option<AcceptedHeader>);

impl Node {
    /// The most blocks that one call of [`Node::mine`] gives.
    pub const MAX_MINE_COUNT: u64 = 1_000;

    /// Opens the store in the data folder, or makes one, and starts the node's threads.
    ///
    /// # Errors
    /// When the folder is in use, damaged, of another network or of a newer version.
    pub fn start(network: Network, config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<(Self, Running)> {
        if config.mine && config.recipient.is_none() {
            bail!("to mine, the node must know whom to pay: name an address with --recipient");
        }
        if let Some(recipient) = &config.recipient {
            check_recipient(recipient)?;
        }
        let network = Arc::new(network);
        let (commands, inbox) = mpsc::channel();
        let events = Arc::new(Events::new(clock.now_ms().saturating_mul(1000)));
        let mut writer = Writer::open(&network, &config, &clock, &commands, inbox, Arc::clone(&events))
            .with_context(|| format!("the node cannot start with the data in {}", config.data_dir.display()))?;
        let inner = Arc::new(Inner {
            view: ArcSwap::from(writer.view()),
            attempts: writer.attempts(),
            verifier: Verifier::start(network.genesis_hash()).context("the system gives no threads")?,
            commands: commands.clone(),
            requests: Arc::new(Semaphore::new(MAX_REQUESTS)),
            network,
            config,
            clock,
            events,
        });
        let shared = Arc::clone(&inner);
        let publish = Box::new(move |view| shared.view.store(view));
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || writer.run(publish))
            .context("the system gives no threads")?;
        let running = Running {
            commands,
            writer: Some(thread),
        };
        Ok((Self { inner }, running))
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.inner.network
    }

    /// How the node runs.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The clock's time, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.inner.clock.now_ms()
    }

    /// The newest durable moment. Takes no lock.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.inner.view.load_full()
    }

    /// How many nonces the node's threads have tried since the start.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.inner.attempts.load(Ordering::Relaxed)
    }

    /// Verifies transfers by themselves, together with those of other callers, on all cores.
    pub async fn verify(&self, transfers: Vec<SignedTransfer>) -> Vec<Result<VerifiedTransfer, RuleError>> {
        let verdicts = self.inner.verifier.verify(transfers).await;
        verdicts.expect("the thread lives as long as a handle does")
    }

    /// Takes transfers into the mempool, one after another. Answers when those accepted are durable.
    pub async fn submit(&self, transfers: Vec<VerifiedTransfer>) -> Vec<Result<Hash, SubmitError>> {
        let count = transfers.len();
        let verdicts = self.ask(|reply| Command::Submit { transfers, reply }).await;
        verdicts.unwrap_or_else(|| (0..count).map(|_| Err(SubmitError::Stopping)).collect())
    }

    /// Takes a block. Answers when it is durable. Blocks are taken in the order of the calls, as long as no more than
    /// 4,096 requests wait.
    ///
    /// # Errors
    /// When it breaks a rule.
    pub fn submit_block(&self, block: Block) -> impl Future<Output = Result<Placed, BlockError>> + use<> {
        let submitted = self.submit_blocks(vec![block]);
        async move { submitted.await.pop().unwrap_or(Err(BlockError::Stopping)) }
    }

    /// Takes blocks, one after another, as [`Node::submit_block`] does; together they take less. The answers are in the order
    /// of the blocks.
    pub fn submit_blocks(&self, blocks: Vec<Block>) -> impl Future<Output = Vec<Result<Placed, BlockError>>> + use<> {
        self.submit_all(blocks.into_iter().map(|block| (block, None)).collect())
    }

    /// The same for blocks whose headers were accepted before: those are not verified again.
    pub fn submit_accepted(
        &self,
        blocks: Vec<(Block, AcceptedHeader)>,
    ) -> impl Future<Output = Vec<Result<Placed, BlockError>>> + use<> {
        let blocks = blocks.into_iter().map(|(block, header)| (block, Some(header)));
        self.submit_all(blocks.collect())
    }

    fn submit_all(&self, blocks: Vec<Submitted>) -> impl Future<Output = Vec<Result<Placed, BlockError>>> + use<> {
        let count = blocks.len();
        // In the call itself, not when the future is first asked: that is what keeps the order.
        let sent = match Arc::clone(&self.inner.requests).try_acquire_owned() {
            Ok(permit) => Ok((permit, self.send_blocks(blocks))),
            Err(_) => Err(blocks),
        };
        let node = self.clone();
        async move {
            let answered = async {
                let (_permit, answer) = match sent {
                    Ok(sent) => sent,
                    Err(blocks) => {
                        let permit = Arc::clone(&node.inner.requests).acquire_owned().await.ok()?;
                        (permit, node.send_blocks(blocks))
                    }
                };
                answer.await.ok()
            };
            let answered = answered.await;
            answered.unwrap_or_else(|| (0..count).map(|_| Err(BlockError::Stopping)).collect())
        }
    }

    /// Has blocks verified, and tells the writer to take them then. Nobody answers when the node is stopping.
    fn send_blocks(&self, blocks: Vec<Submitted>) -> oneshot::Receiver<Vec<Result<Placed, BlockError>>> {
        let (reply, answer) = oneshot::channel();
        let (verdicts, verified) = mpsc::sync_channel(1);
        let node = self.clone();
        rayon::spawn(move || {
            let view = node.view();
            let known = |id: &Hash| view.mempool().get(id).map(|entry| entry.transfer.clone());
            // The writer may have ended.
            let accounts = view.tip().accounts();
            let (blocks, headers): (Vec<Block>, Vec<_>) = blocks.into_iter().unzip();
            let verified = verify_blocks(blocks, node.network(), accounts, known);
            let verified = verified.into_iter().zip(headers).map(|(verdict, header)| match header {
                Some(header) => Ok(verdict?.with_header(header)),
                None => verdict,
            });
            let _ = verdicts.send(verified.collect());
        });
        let _ = self.inner.commands.send(Command::Blocks { verified, reply });
        answer
    }

    /// Mines `count` blocks and answers when they are durable. Dropping the future ends the search.
    ///
    /// # Errors
    /// When the count is out of range or the recipient cannot be paid.
    pub async fn mine(&self, recipient: PublicKey, count: u64) -> Result<Mined, MineError> {
        if !(1..=Self::MAX_MINE_COUNT).contains(&count) {
            return Err(MineError::Count { count });
        }
        check_recipient(&recipient)?;
        let answer = self.ask(|reply| Command::Mine {
            recipient,
            count,
            reply,
        });
        answer.await.unwrap_or(Err(MineError::Stopping))
    }

    /// What happens from now on, or after the event with the number `after`.
    #[must_use]
    pub fn subscribe(&self, after: Option<u64>) -> Subscription {
        self.inner.events.subscribe(after)
    }

    /// Sends a command, and waits for the answer. None when the node is stopping.
    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let _permit = self.inner.requests.acquire().await.ok()?;
        let (reply, answer) = oneshot::channel();
        self.inner.commands.send(command(reply)).ok()?;
        answer.await.ok()
    }
}

fn check_recipient(recipient: &PublicKey) -> Result<(), RuleError> {
    recipient.check().map_err(|reason| RuleError::InvalidKey {
        party: Party::Miner,
        key: *recipient,
        reason,
    })
}
