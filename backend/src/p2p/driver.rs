//! Drives the sync state machine: on a thread of its own, as it reads the store, with the node on one side and the swarm
//! on the other.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use libp2p::request_response::ResponseChannel;
use shared::{block::Block, hash::Hash, transaction::SignedTransfer};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::MissedTickBehavior,
};

use super::found::Shared;
use crate::{
    node::{BlockError, Event, Node, SubmitError, Subscription, View},
    sync::{
        Action, BlockOutcome, Failure, Gossip, Moment, Offence, PeerKey, Request, RequestId, Response, Sync, Token,
        TransferOutcome,
    },
};

/// How often the state machine is told the time.
const TICK: Duration = Duration::from_millis(200);
/// How much that peers sent of themselves may wait. What comes beyond is dropped: requests unanswered, news ignored.
const MAX_WAITING: usize = 2_048;
/// How often the progress of a long sync is logged.
const PROGRESS: Duration = Duration::from_secs(5);

/// What the swarm tells.
pub(super) enum Input {
    Connected(PeerKey),
    Disconnected(PeerKey),
    Requested {
        peer: PeerKey,
        request: Request,
        channel: ResponseChannel<Response>,
    },
    Responded {
        peer: PeerKey,
        id: RequestId,
        response: Response,
    },
    Failed {
        peer: PeerKey,
        id: RequestId,
        failure: Failure,
    },
    Gossiped {
        peer: PeerKey,
        token: Token,
        news: Gossip,
    },
    Offended {
        peer: PeerKey,
        offence: Offence,
    },
}

/// What the swarm is to do.
pub(super) enum Output {
    /// Answers a request, or leaves it without an answer.
    Respond {
        channel: ResponseChannel<Response>,
        response: Option<Response>,
    },
    /// What the state machine wants of the network.
    Act(Action),
}

/// What the node says of something that was handed to it.
enum Outcome {
    Block(Hash, BlockOutcome),
    Transfer(Hash, TransferOutcome),
}

/// The swarm's side of the driver.
pub(super) struct Driver {
    inputs: UnboundedSender<Input>,
    waiting: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Driver {
    /// Starts the thread, which ends when the driver is dropped or the node has stopped.
    pub(super) fn start(node: Node, shared: Arc<Shared>, outputs: UnboundedSender<Output>) -> Result<Self> {
        let (inputs, inbox) = unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let (outcomes, settled) = unbounded_channel();
        let state = State {
            sync: Sync::new(Arc::new(node.network().clone())),
            events: node.subscribe(None),
            node,
            shared,
            outputs,
            outcomes,
            waiting: Arc::clone(&waiting),
            begun: Instant::now(),
            logged: Instant::now(),
        };
        let thread = thread::Builder::new()
            .name("sync".to_owned())
            .spawn(move || runtime.block_on(state.run(inbox, settled)))
            .context("the system gives no threads")?;
        Ok(Self {
            inputs,
            waiting,
            thread,
        })
    }

    /// Ends the thread and waits for it, after which the driver holds nothing of the node.
    pub(super) async fn stop(self) {
        drop(self.inputs);
        let joined = tokio::task::spawn_blocking(|| self.thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("the thread that keeps up with peers failed");
        }
    }

    /// Tells what happened.
    pub(super) fn tell(&self, input: Input) {
        // The thread may have ended with the node.
        let _ = self.inputs.send(input);
    }

    /// Tells what a peer sent of itself. False, and it is dropped, when too much of that waits already.
    pub(super) fn offer(&self, input: Input) -> bool {
        if self.waiting.load(Ordering::Relaxed) >= MAX_WAITING {
            return false;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.tell(input);
        true
    }
}

struct State {
    node: Node,
    sync: Sync,
    events: Subscription,
    shared: Arc<Shared>,
    outputs: UnboundedSender<Output>,
    outcomes: UnboundedSender<Outcome>,
    waiting: Arc<AtomicUsize>,
    begun: Instant,
    logged: Instant,
}

impl State {
    async fn run(mut self, mut inbox: UnboundedReceiver<Input>, mut settled: UnboundedReceiver<Outcome>) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                input = inbox.recv() => match input {
                    Some(input) => self.take(input),
                    None => return,
                },
                Some(outcome) = settled.recv() => self.settle(outcome),
                event = self.events.next() => match event {
                    Some(numbered) => self.hear(&numbered.event),
                    None => return,
                },
                _ = tick.tick() => self.tick(),
            }
            self.act();
        }
    }

    fn now(&self) -> Moment {
        Moment {
            steady_ms: u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            clock_ms: self.node.now_ms(),
        }
    }

    fn take(&mut self, input: Input) {
        let (now, view) = (self.now(), self.node.view());
        let ledger: &View = &view;
        if matches!(input, Input::Requested { .. } | Input::Gossiped { .. }) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        match input {
            Input::Connected(peer) => self.sync.connected(now, peer, ledger),
            Input::Disconnected(peer) => self.sync.disconnected(now, peer, ledger),
            Input::Requested { peer, request, channel } => {
                let response = self.sync.requested(now, peer, &request, ledger);
                self.put(Output::Respond { channel, response });
            }
            Input::Responded { peer, id, response } => self.sync.responded(now, peer, id, response, ledger),
            Input::Failed { peer, id, failure } => self.sync.failed(now, peer, id, failure, ledger),
            Input::Gossiped { peer, token, news } => self.sync.gossiped(now, peer, token, news, ledger),
            Input::Offended { peer, offence } => self.sync.offended(now, peer, offence),
        }
    }

    fn settle(&mut self, outcome: Outcome) {
        let (now, view) = (self.now(), self.node.view());
        match outcome {
            Outcome::Block(hash, outcome) => {
                if matches!(outcome, BlockOutcome::Placed(crate::chain::Placed::Connected)) {
                    self.shared.count_followed();
                }
                self.sync.placed(now, hash, outcome, &*view);
            }
            Outcome::Transfer(id, outcome) => self.sync.judged(now, id, outcome),
        }
    }

    fn hear(&mut self, event: &Event) {
        let now = self.now();
        match event {
            Event::Block(_) | Event::Reorganisation { .. } | Event::Reset => {
                let view = self.node.view();
                self.sync.tip_changed(now, &*view);
            }
            Event::Pending { entry, .. } => self.sync.pending(now, entry.transfer.signed()),
            Event::Dropped { .. } => {}
        }
    }

    fn tick(&mut self) {
        let (now, view) = (self.now(), self.node.view());
        self.sync.tick(now, &*view);
        let progress = self.sync.progress(&*view);
        if progress.target > progress.height + 1 && self.logged.elapsed() > PROGRESS {
            self.logged = Instant::now();
            tracing::info!(height = progress.height, of = progress.target, "catching up");
        }
        self.shared.set_sync(progress, self.sync.peers().collect());
    }

    /// Does what the state machine wants.
    fn act(&mut self) {
        while let Some(action) = self.sync.next_action() {
            match action {
                Action::SubmitBlocks(blocks) => self.submit_blocks(blocks),
                Action::SubmitTransfers(transfers) => self.submit_transfers(transfers),
                action => self.put(Output::Act(action)),
            }
        }
    }

    fn put(&self, output: Output) {
        // Without a swarm there is nobody to act for, and the inbox is about to end too.
        let _ = self.outputs.send(output);
    }

    fn submit_blocks(&self, blocks: Vec<Block>) {
        // The calls themselves keep the order.
        let submitted: Vec<_> = blocks
            .into_iter()
            .map(|block| (block.header.hash(), self.node.submit_block(block)))
            .collect();
        self.follow(|outcomes| async move {
            for (hash, placed) in submitted {
                let outcome = match placed.await {
                    Ok(placed) => BlockOutcome::Placed(placed),
                    Err(BlockError::Rule(error)) => BlockOutcome::Refused(error),
                    Err(BlockError::Stopping) => BlockOutcome::Stopping,
                };
                let _ = outcomes.send(Outcome::Block(hash, outcome));
            }
        });
    }

    fn submit_transfers(&self, transfers: Vec<SignedTransfer>) {
        let node = self.node.clone();
        self.follow(|outcomes| async move {
            let ids: Vec<Hash> = transfers.iter().map(SignedTransfer::id).collect();
            let (mut verified, mut verified_ids) = (Vec::new(), Vec::new());
            for (id, verdict) in ids.into_iter().zip(node.verify(transfers).await) {
                match verdict {
                    Ok(transfer) => {
                        verified.push(transfer);
                        verified_ids.push(id);
                    }
                    Err(error) => drop(outcomes.send(Outcome::Transfer(id, TransferOutcome::Invalid(error)))),
                }
            }
            if verified.is_empty() {
                return;
            }
            for (id, verdict) in verified_ids.into_iter().zip(node.submit(verified).await) {
                let outcome = match verdict {
                    Ok(_) => TransferOutcome::Accepted,
                    Err(SubmitError::Mempool(_)) => TransferOutcome::Unwanted,
                    Err(SubmitError::Stopping) => TransferOutcome::Stopping,
                };
                let _ = outcomes.send(Outcome::Transfer(id, outcome));
            }
        });
    }

    /// Lets something take its time, and hears what came of it.
    fn follow<F: Future<Output = ()> + Send + 'static>(&self, work: impl FnOnce(UnboundedSender<Outcome>) -> F) {
        tokio::spawn(work(self.outcomes.clone()));
    }
}
