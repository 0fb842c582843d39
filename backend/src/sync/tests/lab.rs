//! A node under test, and honest ones whose answers it gets.

use std::sync::Arc;

use shared::{
    block::{Block, Header},
    chain_proof,
    hash::Hash,
    params::{Difficulty, Network},
    rules::{HeaderChain, verify_work},
    transaction::{Memo, SignedTransfer, Transfer},
};

use crate::{
    mempool::Limits,
    simulate::node::{SimulatedNode, Verified, network, secret},
    sync::{
        Action, BlockOutcome, Gossip, Moment, Offence, PeerKey, Request, RequestId, Response, Status, Token,
        TransferOutcome, VERSION, Verdict, serve,
    },
};

pub(super) const ALICE: PeerKey = PeerKey(1);
pub(super) const BOB: PeerKey = PeerKey(2);
pub(super) const EASY: Difficulty = Difficulty::Fixed { bits: 0x2100_ffff };

/// A request that the node under test made.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) peer: PeerKey,
    pub(super) id: RequestId,
    pub(super) request: Request,
}

pub(super) struct Lab {
    pub(super) network: Arc<Network>,
    verified: Verified,
    /// The node under test.
    pub(super) node: SimulatedNode,
    pub(super) now_ms: u64,
    pub(super) sent: Vec<Sent>,
    pub(super) verdicts: Vec<(Token, Verdict)>,
    pub(super) gossip: Vec<Gossip>,
    pub(super) offences: Vec<(PeerKey, Offence)>,
    pub(super) banned: Vec<(PeerKey, u64)>,
    pub(super) disconnected: Vec<PeerKey>,
    /// The hashes of submitted blocks, in their order.
    pub(super) submitted: Vec<Hash>,
    /// How many were submitted together.
    pub(super) groups: Vec<usize>,
    /// Whether submitted blocks wait here until [`Lab::write`].
    pub(super) holds: bool,
    held: Vec<Block>,
}

impl Lab {
    pub(super) fn new() -> Self {
        Self::of(EASY)
    }

    pub(super) fn of(difficulty: Difficulty) -> Self {
        Self::on(network(difficulty))
    }

    pub(super) fn on(network: Network) -> Self {
        let network = Arc::new(network);
        let verified = Verified::default();
        let node = SimulatedNode::new(&network, &verified, Limits::default());
        Self {
            network,
            verified,
            node,
            now_ms: 1_000,
            sent: Vec::new(),
            verdicts: Vec::new(),
            gossip: Vec::new(),
            offences: Vec::new(),
            banned: Vec::new(),
            disconnected: Vec::new(),
            submitted: Vec::new(),
            groups: Vec::new(),
            holds: false,
            held: Vec::new(),
        }
    }

    /// Another node on the same network.
    pub(super) fn other(&self) -> SimulatedNode {
        SimulatedNode::new(&self.network, &self.verified, Limits::default())
    }

    /// Another node with so many blocks; the number tells chains apart.
    pub(super) fn other_with(&self, blocks: u64, number: u8) -> SimulatedNode {
        let mut other = self.other();
        self.grow(&mut other, blocks, number);
        other
    }

    pub(super) fn grow(&self, node: &mut SimulatedNode, blocks: u64, number: u8) {
        grow(node, blocks, number, self.now_ms);
    }

    /// The node under test finds blocks.
    pub(super) fn grow_own(&mut self, blocks: u64, number: u8) {
        grow(&mut self.node, blocks, number, self.now_ms);
    }

    /// A transfer by this person with this nonce.
    pub(super) fn transfer(&self, person: u8, nonce: u64) -> SignedTransfer {
        let sender = secret(person);
        Transfer {
            sender: sender.public_key(),
            recipient: secret(person + 1).public_key(),
            amount: shared::amount::Amount::from_units(1 + nonce),
            fee: shared::amount::Amount::from_units(10),
            nonce,
            valid_until: 0,
            memo: Memo::default(),
        }
        .sign(&self.network.genesis_hash(), &sender)
    }

    pub(super) fn moment(&self) -> Moment {
        Moment {
            steady_ms: self.now_ms,
            clock_ms: self.node.clock_ms(self.now_ms),
        }
    }

    pub(super) fn height(&self) -> u64 {
        self.node.books.chain.tip().height()
    }

    pub(super) fn connect(&mut self, peer: PeerKey) {
        let now = self.moment();
        self.node.sync.connected(now, peer, &self.node.books);
        self.act();
    }

    pub(super) fn disconnect(&mut self, peer: PeerKey) {
        let now = self.moment();
        self.node.sync.disconnected(now, peer, &self.node.books);
        self.sent.retain(|sent| sent.peer != peer);
        self.act();
    }

    pub(super) fn respond(&mut self, sent: &Sent, response: Response) {
        let now = self.moment();
        self.sent.retain(|other| other.id != sent.id);
        self.node
            .sync
            .responded(now, sent.peer, sent.id, response, &self.node.books);
        self.act();
    }

    pub(super) fn gossip(&mut self, peer: PeerKey, token: u64, news: Gossip) {
        let now = self.moment();
        self.node.sync.gossiped(now, peer, Token(token), news, &self.node.books);
        self.act();
    }

    /// Lets time pass, a second at a time.
    pub(super) fn wait(&mut self, ms: u64) {
        let end = self.now_ms + ms;
        while self.now_ms < end {
            self.now_ms = end.min(self.now_ms + 1_000);
            let now = self.moment();
            self.node.sync.tick(now, &self.node.books);
            self.act();
        }
    }

    /// The first request to a peer that is of a kind. It stays among those that were sent.
    pub(super) fn find(&self, peer: PeerKey, kind: &str) -> Option<Sent> {
        let is_it = |sent: &&Sent| sent.peer == peer && sent.request.kind() == kind;
        self.sent.iter().find(is_it).cloned()
    }

    /// The same, where it must be there.
    pub(super) fn take(&self, peer: PeerKey, kind: &str) -> Sent {
        self.find(peer, kind)
            .unwrap_or_else(|| panic!("no {kind} was asked of {peer:?}: {:?}", self.sent))
    }

    /// Answers a request as an honest node does.
    pub(super) fn answer(&mut self, sent: &Sent, by: &SimulatedNode) {
        let limits = *self.node.sync.limits();
        let response = serve(&self.network, &limits, &sent.request, &by.books, Vec::new);
        self.respond(sent, response);
    }

    /// Connects peers that all have one chain, and answers until its headers are told.
    pub(super) fn tell_headers(&mut self, peers: &[PeerKey], by: &SimulatedNode) {
        for peer in peers {
            self.connect(*peer);
            let status = self.take(*peer, "status");
            self.answer(&status, by);
        }
        while let Some(headers) = self.sent.iter().find(|sent| sent.request.kind() == "headers").cloned() {
            self.answer(&headers, by);
        }
    }

    /// Answers all that a peer is asked, until it is asked nothing more.
    pub(super) fn serve(&mut self, peer: PeerKey, by: &SimulatedNode) {
        while let Some(sent) = self.sent.iter().find(|sent| sent.peer == peer).cloned() {
            self.answer(&sent, by);
        }
    }

    /// Tells a status, as though the peer's chain were such.
    pub(super) fn status(&mut self, peer: PeerKey, change: impl FnOnce(&mut Status)) {
        let tip = self.node.books.chain.tip().headers();
        let mut status = Status {
            version: VERSION,
            genesis: self.network.genesis_hash(),
            height: tip.height(),
            tip: tip.hash(),
            work: tip.work(),
        };
        change(&mut status);
        let sent = self.take(peer, "status");
        self.respond(&sent, Response::Status(status));
    }

    /// Does what the node under test wants done. Requests are kept.
    fn act(&mut self) {
        while let Some(action) = self.node.sync.next_action() {
            match action {
                Action::Request { peer, id, request } => self.sent.push(Sent { peer, id, request }),
                Action::SubmitBlocks(blocks) => {
                    self.groups.push(blocks.len());
                    self.submitted.extend(blocks.iter().map(|(_, header)| header.hash()));
                    self.held.extend(blocks.into_iter().map(|(block, _)| block));
                    if !self.holds {
                        self.take_held();
                    }
                }
                Action::SubmitTransfers(transfers) => {
                    for transfer in transfers {
                        let id = transfer.id();
                        let outcome = match self.node.take(transfer, self.now_ms) {
                            Ok(_) => TransferOutcome::Accepted,
                            Err(outcome) => outcome,
                        };
                        let now = self.moment();
                        self.node.sync.judged(now, id, outcome);
                    }
                }
                Action::VerifyProof { peer, proof } => {
                    let verdict = chain_proof::verify(&proof, &self.network, u64::MAX);
                    let now = self.moment();
                    self.node.sync.proved(now, peer, verdict, &self.node.books);
                }
                Action::Judge { token, verdict } => self.verdicts.push((token, verdict)),
                Action::Gossip(news) => self.gossip.push(news),
                Action::Penalise { peer, offence, .. } => self.offences.push((peer, offence)),
                Action::Disconnect { peer, .. } => self.disconnected.push(peer),
                Action::Ban { peer, until_ms, .. } => self.banned.push((peer, until_ms)),
            }
        }
    }

    /// The writer takes what was submitted.
    pub(super) fn write(&mut self) {
        self.take_held();
        self.act();
    }

    fn take_held(&mut self) {
        for block in std::mem::take(&mut self.held) {
            let hash = block.header.hash();
            let outcome = match self.node.submit(block, self.now_ms) {
                Ok(placed) => BlockOutcome::Placed(placed),
                Err(error) => BlockOutcome::Refused(error),
            };
            let now = self.moment();
            self.node.sync.placed(now, [(hash, outcome)], &self.node.books);
        }
    }

    /// The writer takes what was submitted, and says of all in one what came of it.
    pub(super) fn write_together(&mut self) -> Vec<BlockOutcome> {
        let held = std::mem::take(&mut self.held);
        let outcome = |block: Block| match self.node.submit(block, self.now_ms) {
            Ok(placed) => BlockOutcome::Placed(placed),
            Err(error) => BlockOutcome::Refused(error),
        };
        let hashes: Vec<Hash> = held.iter().map(|block| block.header.hash()).collect();
        let outcomes: Vec<BlockOutcome> = held.into_iter().map(outcome).collect();
        let placed = hashes.into_iter().zip(outcomes.iter().cloned());
        let now = self.moment();
        self.node.sync.placed(now, placed, &self.node.books);
        self.act();
        outcomes
    }

    /// The writer takes all that was submitted, before anything is said of it.
    pub(super) fn write_at_once(&mut self) {
        let held = std::mem::take(&mut self.held);
        let placed = held.into_iter().map(|block| {
            let hash = block.header.hash();
            (hash, self.node.submit(block, self.now_ms).unwrap())
        });
        let placed: Vec<_> = placed.collect();
        let now = self.moment();
        self.node.sync.tip_changed(now, &self.node.books);
        for (hash, placed) in placed {
            let outcome = BlockOutcome::Placed(placed);
            self.node.sync.placed(now, [(hash, outcome)], &self.node.books);
        }
        self.act();
    }

    /// The codes of a peer's offences.
    pub(super) fn codes(&self, peer: PeerKey) -> Vec<&'static str> {
        let its = self.offences.iter().filter(|(key, _)| *key == peer);
        its.map(|(_, offence)| offence.code()).collect()
    }

    /// Asserts that nobody was blamed for anything.
    pub(super) fn assert_peace(&self) {
        assert!(self.offences.is_empty(), "{:?}", self.offences);
        assert!(self.banned.is_empty());
    }
}

fn grow(node: &mut SimulatedNode, blocks: u64, number: u8, now_ms: u64) {
    for _ in 0..blocks {
        let height = node.books.chain.tip().height();
        let block = node.mine(secret(100 + number).public_key(), height, now_ms).unwrap();
        node.submit_own(block, now_ms);
    }
}

/// A header that may follow, with this time.
pub(super) fn next_header(network: &Network, chain: &HeaderChain, timestamp: u64) -> Header {
    let header = Header {
        version: Header::VERSION,
        height: chain.height() + 1,
        previous_hash: chain.hash(),
        history_root: chain.history().root(),
        transactions_root: Hash::ZERO,
        state_root: Hash::ZERO,
        timestamp,
        bits: chain.next_bits(network),
        nonce: 0,
    };
    work(header)
}

/// The header with a nonce that does its work.
pub(super) fn work(header: Header) -> Header {
    let mut nonces = (0..).map(|nonce| Header { nonce, ..header });
    nonces.find(|header| verify_work(header).is_ok()).unwrap()
}
