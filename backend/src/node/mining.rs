//! The writer's part in mining: which block is searched for, and for whom.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use shared::{
    block::Block,
    key::PublicKey,
    params::Difficulty,
    rules::{Candidate, ConnectedBlock, RuleError},
    transaction::{Note, VerifiedTransfer},
};
use tokio::sync::oneshot;

use super::{MineError, Mined, writer::Writer};
use crate::{
    chain::ChainError,
    miner::{Report, search_quickly},
    store::{StoreError, Summary},
};

/// How long the writer waits for commands before it looks around.
const PAUSE: Duration = Duration::from_secs(1);
/// What a block has besides its transfers, at most, in bytes.
const BLOCK_OVERHEAD: usize = 256;

/// Somebody waits for blocks.
pub(super) struct Request {
    recipient: PublicKey,
    count: u64,
    mined: u64,
    newest: Option<(Arc<Block>, Summary)>,
    reply: oneshot::Sender<Result<Mined, MineError>>,
}

impl Request {
    pub(super) const fn new(
        recipient: PublicKey,
        count: u64,
        reply: oneshot::Sender<Result<Mined, MineError>>,
    ) -> Self {
        Self {
            recipient,
            count,
            mined: 0,
            newest: None,
            reply,
        }
    }
}

/// A block for which the miner's threads search a nonce.
pub(super) struct Search {
    number: u64,
    recipient: PublicKey,
    candidate: Candidate,
}

impl Writer {
    /// Whether there is a block to be mined right away, so that there is no time to wait for commands.
    pub(super) fn is_busy(&mut self) -> bool {
        self.search.is_none() && self.wanted().is_some()
    }

    /// How long there is nothing to do without a command.
    pub(super) fn pause(&self) -> Duration {
        let wait = self.next_due_ms().saturating_sub(self.clock.now_ms());
        PAUSE.min(Duration::from_millis(wait.max(1)))
    }

    /// Mines a block if one is wanted: at once if that is easy, else by the miner's threads.
    pub(super) fn mine(&mut self) -> Result<(), StoreError> {
        let Some(recipient) = self.wanted() else {
            self.stop_search();
            return Ok(());
        };
        let tip = self.chain.tip().hash();
        if let Some(search) = &self.search {
            if search.candidate.header().previous_hash == tip && search.recipient == recipient {
                return Ok(());
            }
            self.stop_search();
        }
        let candidate = match self.prepare(recipient) {
            Ok(candidate) => candidate,
            Err(error) => {
                self.give_up(error);
                return Ok(());
            }
        };
        let Some(target) = candidate.target() else {
            return Ok(());
        };
        let mut midstate = candidate.midstate();
        if let Some(nonce) = search_quickly(&mut midstate, target) {
            return self.finish(candidate, nonce);
        }
        let number = self.miner.search(midstate, target);
        self.search = Some(Search {
            number,
            recipient,
            candidate,
        });
        Ok(())
    }

    /// Takes a report of the miner's threads.
    pub(super) fn found(&mut self, report: Report) -> Result<(), StoreError> {
        match self.search.take_if(|search| search.number == report.search) {
            // Without a nonce the next call of `mine` prepares the block anew.
            Some(search) => report
                .nonce
                .map_or(Ok(()), |nonce| self.finish(search.candidate, nonce)),
            None => Ok(()),
        }
    }

    /// Who is to be paid for a block, if one is wanted now.
    fn wanted(&mut self) -> Option<PublicKey> {
        while self.requests.front().is_some_and(|request| request.reply.is_closed()) {
            self.requests.pop_front();
        }
        if let Some(request) = self.requests.front() {
            return Some(request.recipient);
        }
        if self.failed_at.is_some_and(|failed| failed.elapsed() < PAUSE) {
            return None;
        }
        if self.config.mine && self.next_due_ms() <= self.clock.now_ms() {
            return self.config.recipient;
        }
        if self.config.mine_on_transfer && self.mempool.has_ready() {
            let sender = || {
                self.mempool
                    .select(1, usize::MAX)
                    .first()
                    .map(|entry| entry.order().sender)
            };
            return self.config.recipient.or_else(sender);
        }
        None
    }

    /// When the node should mine of itself. Where work takes no time, blocks keep to the interval all the same.
    fn next_due_ms(&self) -> u64 {
        let parameters = self.network.parameters();
        match parameters.difficulty {
            _ if !self.config.mine => u64::MAX,
            Difficulty::Fixed { .. } => {
                let tip = self.chain.tip().headers().header();
                tip.timestamp.saturating_add(parameters.interval_ms)
            }
            Difficulty::Asert { .. } => 0,
        }
    }

    /// A block on the tip with the best of the pending transfers.
    fn prepare(&self, recipient: PublicKey) -> Result<Candidate, RuleError> {
        let parameters = self.network.parameters();
        let max_bytes = parameters.max_block_bytes as usize - BLOCK_OVERHEAD;
        let selected = self.mempool.select(parameters.max_block_transfers as usize, max_bytes);
        let transfers: Vec<VerifiedTransfer> = selected.iter().map(|entry| entry.transfer.clone()).collect();
        let (tip, now_ms) = (self.chain.tip(), self.clock.now_ms());
        let prepare = |transfers| tip.prepare(&self.network, recipient, Note::default(), transfers, now_ms);
        if transfers.is_empty() {
            return prepare(transfers);
        }
        prepare(transfers).or_else(|error| {
            tracing::error!(%error, "the selected transfers make no block; it is mined without any");
            prepare(Vec::new())
        })
    }

    fn finish(&mut self, candidate: Candidate, nonce: u64) -> Result<(), StoreError> {
        let sealed = candidate.seal(&self.network, nonce, self.clock.now_ms());
        let connected = match sealed {
            Ok(connected) => connected,
            Err(error) => {
                self.give_up(error);
                return Ok(());
            }
        };
        let recipient = connected.block.reward().recipient;
        let newest = self.newest_for_request(recipient, &connected);
        let step = match self.chain.submit_own(connected) {
            Ok(step) => step,
            Err(ChainError::Storage(error)) => return Err(error),
            Err(ChainError::Rule(error)) => {
                self.give_up(error);
                return Ok(());
            }
        };
        let Some(step) = step else { return Ok(()) };
        self.follow(&step)?;
        self.count_for_request(recipient, newest);
        self.connect_adopted()
    }

    /// The last block that a request gets, if this is it.
    fn newest_for_request(&self, recipient: PublicKey, connected: &ConnectedBlock) -> Option<(Arc<Block>, Summary)> {
        let request = self.requests.front()?;
        (request.recipient == recipient && request.mined + 1 == request.count).then(|| {
            let summary = Summary::new(&connected.block, connected.tip.headers().work());
            (Arc::new(connected.block.to_block()), summary)
        })
    }

    fn count_for_request(&mut self, recipient: PublicKey, newest: Option<(Arc<Block>, Summary)>) {
        let request = self.requests.front_mut();
        let Some(request) = request.filter(|request| request.recipient == recipient) else {
            return;
        };
        request.mined += 1;
        request.newest = newest;
        if request.mined < request.count {
            return;
        }
        if let Some(Request {
            count,
            newest: Some((block, summary)),
            reply,
            ..
        }) = self.requests.pop_front()
        {
            let mined = Mined { block, summary, count };
            self.answer(reply, Ok(mined));
        }
    }

    /// No block can be made at the moment, such as when the clock is far behind: whoever waits is told.
    fn give_up(&mut self, error: RuleError) {
        tracing::warn!(%error, "no block can be mined");
        match self.requests.pop_front() {
            Some(request) => self.answer(request.reply, Err(MineError::Rule(error))),
            None => self.failed_at = Some(Instant::now()),
        }
    }

    fn stop_search(&mut self) {
        if self.search.take().is_some() {
            self.miner.cancel();
        }
    }
}
