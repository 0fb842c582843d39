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
use futures_util::FutureExt as _;
use libp2p::request_response::ResponseChannel;
use shared::{
    block::Block,
    chain_proof::{self, ChainProofError, ProvedChain},
    hash::Hash,
    rules::AcceptedHeader,
    transaction::SignedTransfer,
};
use tokio::{
    sync::{
        Semaphore,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    time::MissedTickBehavior,
};

use super::found::Shared;
use crate::{
    chain::Placed,
    node::{BlockError, Event, Node, SubmitError, Subscription, View},
    peers::Score,
    sync::{
        Action, BlockOutcome, Failure, Gossip, Moment, Offence, PeerKey, PeerName, Request, RequestId, Response,
        Status, Sync, Token, TransferOutcome, serve,
    },
};

/// How often the state machine is told the time.
const TICK: Duration = Duration::from_millis(200);
/// How much that peers sent of themselves may wait. What comes beyond is dropped: requests unanswered, news ignored.
const MAX_WAITING: usize = 2_048;
/// How often the headers of blocks beside the chain are shown, and which: so far from the tip.
const LOOK: Duration = Duration::from_millis(500);
const SEEN: u64 = 128;

/// What the swarm tells.
pub(super) enum Input {
    /// A peer is there, with what is known of it from before the node was started.
    Connected {
        peer: PeerKey,
        score: Option<Score>,
    },
    /// The id of a connected peer, and how long it took to answer lately.
    Known {
        peer: PeerKey,
        name: PeerName,
        latency_ms: Option<u32>,
    },
    Disconnected(PeerKey),
    /// A peer told its status to somebody else who had asked for it.
    Told {
        peer: PeerKey,
        status: Status,
    },
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
    /// There was no time for so many pieces of a peer's news.
    Dropped {
        peer: PeerKey,
        count: u64,
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
    Blocks(Vec<(Hash, BlockOutcome)>),
    Transfer(Hash, TransferOutcome),
    Proof(PeerKey, Result<ProvedChain, ChainProofError>),
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
            looked: Instant::now(),
            proofs: Arc::new(Semaphore::new(1)),
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
    looked: Instant,
    /// Whose turn it is to write a proof.
    proofs: Arc<Semaphore>,
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
                    Some(numbered) => self.hear(numbered.event),
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
            Input::Connected { peer, score } => {
                if let Some(Score { points, seen_ms }) = score {
                    self.sync.recall(now, peer, points, seen_ms);
                }
                self.sync.connected(now, peer, ledger);
            }
            Input::Known { peer, name, latency_ms } => self.sync.know(peer, name, latency_ms),
            Input::Disconnected(peer) => self.sync.disconnected(now, peer, ledger),
            Input::Told { peer, status } => self.sync.told(now, peer, status, ledger),
            Input::Requested { peer, request, channel } => {
                if let Request::Proof { heights } = request {
                    return self.prove(now, peer, heights, channel, &view);
                }
                let response = self.sync.requested(now, peer, &request, ledger);
                self.put(Output::Respond { channel, response });
            }
            Input::Responded { peer, id, response } => self.sync.responded(now, peer, id, response, ledger),
            Input::Failed { peer, id, failure } => self.sync.failed(now, peer, id, failure, ledger),
            Input::Gossiped { peer, token, news } => self.sync.gossiped(now, peer, token, news, ledger),
            Input::Dropped { peer, count } => self.sync.dropped(now, peer, count),
            Input::Offended { peer, offence } => self.sync.offended(now, peer, offence),
        }
    }

    fn settle(&mut self, outcome: Outcome) {
        let (now, view) = (self.now(), self.node.view());
        match outcome {
            Outcome::Blocks(outcomes) => {
                let is_connected = |outcome: &BlockOutcome| matches!(outcome, BlockOutcome::Placed(Placed::Connected));
                let followed = outcomes.iter().filter(|(_, outcome)| is_connected(outcome));
                self.shared.count_followed(followed.count() as u64);
                self.sync.placed(now, outcomes, &*view);
            }
            Outcome::Transfer(id, outcome) => self.sync.judged(now, id, outcome),
            Outcome::Proof(peer, verdict) => self.sync.proved(now, peer, verdict, &*view),
        }
    }

    /// Hears what happened in the node, and what else did meanwhile: of many blocks, the last one counts.
    fn hear(&mut self, first: Event) {
        let (now, mut is_tip_new) = (self.now(), false);
        let mut next = Some(first);
        while let Some(event) = next {
            match event {
                Event::Block(_) | Event::Reorganisation { .. } | Event::Reset => is_tip_new = true,
                Event::Pending { entry, .. } => self.sync.pending(now, entry.transfer.signed()),
                Event::Dropped { .. } => {}
            }
            let waiting = self.events.next().now_or_never().flatten();
            next = waiting.map(|numbered| numbered.event);
        }
        if is_tip_new {
            let view = self.node.view();
            self.sync.tip_changed(now, &*view);
        }
    }

    fn tick(&mut self) {
        let (now, view) = (self.now(), self.node.view());
        self.sync.tick(now, &*view);
        let progress = self.sync.progress(&*view);
        self.shared
            .set_sync(progress, self.sync.held(), self.sync.peers().collect());
        if self.looked.elapsed() > LOOK {
            self.looked = Instant::now();
            let height = progress.height;
            let seen = self
                .sync
                .seen(height.saturating_sub(SEEN)..=height.saturating_add(SEEN));
            self.shared.set_seen(seen);
        }
    }

    /// Does what the state machine wants.
    fn act(&mut self) {
        while let Some(action) = self.sync.next_action() {
            match action {
                Action::SubmitBlocks(blocks) => self.submit_blocks(blocks),
                Action::SubmitTransfers(transfers) => self.submit_transfers(transfers),
                Action::VerifyProof { peer, proof } => self.verify_proof(peer, proof),
                action => self.put(Output::Act(action)),
            }
        }
    }

    fn put(&self, output: Output) {
        // Without a swarm there is nobody to act for, and the inbox is about to end too.
        let _ = self.outputs.send(output);
    }

    /// Writes the proof of the chain for a peer, on a thread that may wait for the disk. One is written at a time.
    fn prove(
        &mut self,
        now: Moment,
        peer: PeerKey,
        heights: Vec<u64>,
        channel: ResponseChannel<Response>,
        view: &Arc<View>,
    ) {
        let request = Request::Proof { heights };
        if !self.sync.may_ask(now, peer, &request) {
            return self.put(Output::Respond {
                channel,
                response: None,
            });
        }
        let (node, view, turn) = (self.node.clone(), Arc::clone(view), Arc::clone(&self.proofs));
        let (outputs, limits) = (self.outputs.clone(), *self.sync.limits());
        tokio::spawn(async move {
            let Ok(_turn) = turn.acquire_owned().await else { return };
            // Whoever asked may have gone, or given up, while others had their turn.
            if !channel.is_open() {
                return;
            }
            let written = tokio::task::spawn_blocking(move || {
                let ledger: &View = &view;
                serve(node.network(), &limits, &request, ledger, Vec::new)
            });
            let response = written.await.ok();
            let _ = outputs.send(Output::Respond { channel, response });
        });
    }

    fn verify_proof(&self, peer: PeerKey, proof: Vec<u8>) {
        let node = self.node.clone();
        self.follow(|outcomes| async move {
            let verified = move || chain_proof::verify(&proof, node.network(), u64::MAX);
            if let Ok(verdict) = tokio::task::spawn_blocking(verified).await {
                let _ = outcomes.send(Outcome::Proof(peer, verdict));
            }
        });
    }

    fn submit_blocks(&self, blocks: Vec<(Block, AcceptedHeader)>) {
        let hashes: Vec<Hash> = blocks.iter().map(|(_, header)| header.hash()).collect();
        // The call itself keeps the order.
        let submitted = self.node.submit_accepted(blocks);
        self.follow(|outcomes| async move {
            let outcome = |placed| match placed {
                Ok(placed) => BlockOutcome::Placed(placed),
                Err(BlockError::Rule(error)) => BlockOutcome::Refused(error),
                Err(BlockError::Stopping) => BlockOutcome::Stopping,
            };
            let placed = submitted.await.into_iter().map(outcome);
            let _ = outcomes.send(Outcome::Blocks(hashes.into_iter().zip(placed).collect()));
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
                    Err(SubmitError::Mempool(error)) => TransferOutcome::from(&error),
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
