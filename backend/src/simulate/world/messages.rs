//! What nodes say, and what their writers do with it.

use std::sync::Arc;

use shared::{
    block::Block,
    chain_proof,
    codec::Encode as _,
    hash::{Hash, sha256},
    transaction::SignedTransfer,
};

use super::{Event, Judged, WORK_MS, World};
use crate::{
    simulate::{Sabotage, network::pair},
    sync::{
        Action, BlockOutcome, Failure, Gossip, PeerKey, PeerName, Request, RequestId, Response, Token, TransferOutcome,
        Verdict,
    },
};

impl World<'_> {
    /// Does what a node's state machine wants done.
    pub(super) fn act(&mut self, number: usize) {
        while let Some(action) = self.nodes[number].sync.next_action() {
            match action {
                Action::Request { peer, id, request } => {
                    let to = place(peer);
                    let epoch = self.lines.epoch(number, to);
                    if let Some(delay) = self.delay() {
                        self.after(delay, Event::Request(number, to, epoch, id, request));
                    }
                }
                Action::SubmitBlocks(blocks) => {
                    for (block, _) in blocks {
                        let delay = self.work(number);
                        self.after(delay, Event::Block(number, block));
                    }
                }
                Action::SubmitTransfers(transfers) => {
                    let delay = self.work(number);
                    self.after(delay, Event::Transfers(number, transfers));
                }
                Action::VerifyProof { peer, proof } => {
                    let verdict = chain_proof::verify(&proof, &self.network, u64::MAX);
                    self.drive(number, |sync, now, books| sync.proved(now, peer, verdict, books));
                }
                Action::Judge { token, verdict } => {
                    if let Some(judged) = self.judging[number].remove(&token)
                        && verdict == Verdict::Accept
                    {
                        self.spread(number, Some(judged.from), &judged.news, judged.id);
                    }
                }
                Action::Gossip(news) => {
                    let id = sha256(&[&news.to_bytes()]);
                    if self.seen[number].insert(id) {
                        self.spread(number, None, &Arc::new(news), id);
                    }
                }
                Action::Penalise { peer, offence, .. } => {
                    // All of them are honest, in what they say at least.
                    if offence.weight() > 0 {
                        self.violate(number, &format!("it blames node {}: {offence}", peer.0));
                    }
                }
                Action::Disconnect { peer, .. } | Action::Ban { peer, .. } => {
                    self.break_line(pair(number, place(peer)));
                }
            }
        }
    }

    /// How long a message takes; none when it is lost.
    fn delay(&mut self) -> Option<u64> {
        let (low, high) = self.scenario.latency_ms;
        let is_lost = self.random.happens(self.scenario.loss_permille);
        let delay = self.random.between(low, high.max(low));
        (!is_lost || self.is_calm).then_some(delay)
    }

    /// When a node's writer is done with one more thing.
    fn work(&mut self, number: usize) -> u64 {
        let begin = self.busy_until_ms[number].max(self.now_ms);
        let done = begin + self.random.between(1, WORK_MS);
        self.busy_until_ms[number] = done;
        done - self.now_ms
    }

    /// Sends news to all that a node is connected to, but not back.
    fn spread(&mut self, number: usize, from: Option<usize>, news: &Arc<Gossip>, id: Hash) {
        for to in self.lines.connected(number) {
            let epoch = self.lines.epoch(number, to);
            if Some(to) != from
                && let Some(delay) = self.delay()
            {
                self.after(delay, Event::Gossip(number, to, epoch, Arc::clone(news), id));
            }
        }
    }

    /// Whether what was sent still arrives.
    fn arrives(&mut self, from: usize, to: usize, epoch: u64) -> bool {
        let arrives = self.lines.is_up(pair(from, to)) && self.lines.epoch(from, to) == epoch;
        self.report.messages += u64::from(arrives);
        arrives
    }

    pub(super) fn request(&mut self, from: usize, to: usize, epoch: u64, id: RequestId, request: &Request) {
        if !self.arrives(from, to, epoch) {
            return;
        }
        let mut response = None;
        self.drive(to, |sync, now, books| {
            response = sync.requested(now, key(from), request, books)
        });
        if let Some(delay) = self.delay() {
            self.after(delay, Event::Response(to, from, epoch, id, response));
        }
    }

    pub(super) fn response(&mut self, from: usize, to: usize, epoch: u64, id: RequestId, response: Option<Response>) {
        if !self.arrives(from, to, epoch) {
            return;
        }
        self.drive(to, |sync, now, books| match response {
            Some(response) => sync.responded(now, key(from), id, response, books),
            None => sync.failed(now, key(from), id, Failure::Closed, books),
        });
    }

    pub(super) fn gossip(&mut self, from: usize, to: usize, epoch: u64, news: Arc<Gossip>, id: Hash) {
        if !self.arrives(from, to, epoch) || !self.seen[to].insert(id) {
            return;
        }
        let token = Token(self.next_token);
        self.next_token += 1;
        let copy = Gossip::clone(&news);
        self.judging[to].insert(token, Judged { from, news, id });
        self.drive(to, |sync, now, books| sync.gossiped(now, key(from), token, copy, books));
    }

    /// A node's writer takes a block.
    pub(super) fn block(&mut self, number: usize, block: Block) {
        let hash = block.header.hash();
        let is_last = number + 1 == self.nodes.len();
        let node = &mut self.nodes[number];
        let old_tip = node.books.chain.tip().hash();
        let outcome = if is_last && self.scenario.sabotage == Some(Sabotage::Stubborn) {
            BlockOutcome::Stopping
        } else {
            match node.submit(block, self.now_ms) {
                Ok(placed) => BlockOutcome::Placed(placed),
                Err(error) => BlockOutcome::Refused(error),
            }
        };
        self.drive(number, |sync, now, books| sync.placed(now, [(hash, outcome)], books));
        self.report_change(number, old_tip);
    }

    /// A node's writer takes transfers.
    pub(super) fn transfers(&mut self, number: usize, transfers: Vec<SignedTransfer>) {
        let tip = self.nodes[number].books.chain.tip().hash();
        for transfer in transfers {
            let id = transfer.id();
            let outcome = match self.nodes[number].take(transfer, self.now_ms) {
                Ok(_) => TransferOutcome::Accepted,
                Err(outcome) => outcome,
            };
            self.drive(number, |sync, now, _| sync.judged(now, id, outcome));
        }
        self.report_change(number, tip);
    }
}

/// The key by which others know a node.
pub(super) const fn key(number: usize) -> PeerKey {
    PeerKey(number as u64)
}

/// The id of a node.
pub(super) fn name(number: usize) -> Option<PeerName> {
    let mut id = vec![0, 8];
    id.extend((number as u64).to_be_bytes());
    PeerName::new(&id)
}

/// The number of a node.
fn place(key: PeerKey) -> usize {
    usize::try_from(key.0).unwrap_or(usize::MAX)
}
