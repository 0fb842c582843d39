//! The run itself: events in the order of their times, and what follows from each.

mod faults;
mod messages;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use shared::{
    block::Block,
    hash::{Hash, sha256},
    params::{Difficulty, Network},
    transaction::SignedTransfer,
};

use super::{
    Report, Scenario,
    network::{Lines, Pair},
    node::{Books, SimulatedNode, Told, Verified, network},
    random::Random,
};
use crate::{
    mempool::Limits,
    sync::{Gossip, Moment, Request, RequestId, Response, Sync, Token},
};

/// The easiest target there is: how long a block takes is the simulation's to say.
const EASIEST: Difficulty = Difficulty::Fixed { bits: 0x2100_ffff };
/// How often nodes look at the time.
const TICK_MS: u64 = 500;
/// How long a block or transfer takes in a node, at most.
const WORK_MS: u64 = 20;
/// How long a partition lasts at most, and a broken line, and a restart.
const PARTITION_MS: u64 = 60_000;
const BROKEN_MS: u64 = 10_000;
/// How long the network has to agree after it healed: first by itself, then on one more block.
const CALM_MS: u64 = 60_000;
const AGREE_MS: u64 = 120_000;

/// Something that happens.
enum Event {
    Tick(usize),
    Request(usize, usize, u64, RequestId, Request),
    Response(usize, usize, u64, RequestId, Option<Response>),
    Gossip(usize, usize, u64, Arc<Gossip>, Hash),
    Block(usize, Block),
    Transfers(usize, Vec<SignedTransfer>),
    Found,
    Send,
    Break,
    Mend(Pair),
    Part,
    Heal,
    Restart,
    Calm,
    LastBlock,
}

impl Event {
    /// A number for the log: kind and node.
    const fn mark(&self) -> [u64; 2] {
        match self {
            Self::Tick(node) => [0, *node as u64],
            Self::Request(from, to, ..) => [1, ((*from as u64) << 32) | *to as u64],
            Self::Response(from, to, ..) => [2, ((*from as u64) << 32) | *to as u64],
            Self::Gossip(from, to, ..) => [3, ((*from as u64) << 32) | *to as u64],
            Self::Block(node, _) => [4, *node as u64],
            Self::Transfers(node, _) => [5, *node as u64],
            Self::Found => [6, 0],
            Self::Send => [7, 0],
            Self::Break => [8, 0],
            Self::Mend((a, b)) => [9, ((*a as u64) << 32) | *b as u64],
            Self::Part => [10, 0],
            Self::Heal => [11, 0],
            Self::Restart => [12, 0],
            Self::Calm => [13, 0],
            Self::LastBlock => [14, 0],
        }
    }
}

/// News that a node judges.
struct Judged {
    from: usize,
    news: Arc<Gossip>,
    id: Hash,
}

pub(super) struct World<'a> {
    scenario: &'a Scenario,
    network: Arc<Network>,
    random: Random,
    now_ms: u64,
    queue: BTreeMap<(u64, u64), Event>,
    sequence: u64,
    nodes: Vec<SimulatedNode>,
    lines: Lines,
    /// When the writer of a node is done with what it has.
    busy_until_ms: Vec<u64>,
    judging: Vec<BTreeMap<Token, Judged>>,
    seen: Vec<BTreeSet<Hash>>,
    next_token: u64,
    is_calm: bool,
    /// Whether the block that decides between equal tips was found.
    is_decided: bool,
    report: Report,
}

impl<'a> World<'a> {
    pub(super) fn new(scenario: &'a Scenario) -> Self {
        let network = Arc::new(network(EASIEST));
        let mut random = Random::new(scenario.seed);
        let verified = Verified::default();
        let limits = Limits {
            count: scenario.mempool,
            ..Limits::default()
        };
        let lines = Lines::new(scenario.nodes, &mut random);
        let mut nodes: Vec<SimulatedNode> = (0..scenario.nodes)
            .map(|_| SimulatedNode::new(&network, &verified, limits))
            .collect();
        for (number, node) in nodes.iter_mut().enumerate() {
            let skew = random.below(2 * scenario.skew_ms + 1);
            node.skew_ms = skew as i64 - scenario.skew_ms as i64;
            node.is_selfish = number < scenario.selfish;
            node.sabotage = scenario.sabotage;
        }
        let count = scenario.nodes;
        Self {
            scenario,
            network,
            random,
            now_ms: 0,
            queue: BTreeMap::new(),
            sequence: 0,
            nodes,
            lines,
            busy_until_ms: vec![0; count],
            judging: (0..count).map(|_| BTreeMap::new()).collect(),
            seen: vec![BTreeSet::new(); count],
            next_token: 0,
            is_calm: false,
            is_decided: false,
            report: Report {
                seed: scenario.seed,
                nodes: count,
                virtual_ms: 0,
                events: 0,
                log: Hash::ZERO,
                blocks: 0,
                height: 0,
                tip: Hash::ZERO,
                reorganisations: 0,
                deepest: 0,
                partitions: 0,
                breaks: 0,
                accepted: 0,
                mined: 0,
                pending: 0,
                told: 0,
                messages: 0,
                violations: Vec::new(),
            },
        }
    }

    pub(super) fn run(mut self) -> Report {
        for pair in self.lines.pairs.clone() {
            let delay = self.random.below(2_000);
            self.after(delay, Event::Mend(pair));
        }
        for node in 0..self.nodes.len() {
            let delay = self.random.below(TICK_MS);
            self.after(delay, Event::Tick(node));
        }
        self.next(self.scenario.block_ms, Event::Found);
        self.next(self.scenario.transfer_ms, Event::Send);
        self.next(self.scenario.break_ms, Event::Break);
        self.next(self.scenario.partition_ms, Event::Part);
        self.next(self.scenario.restart_ms, Event::Restart);
        self.after(self.scenario.duration_ms, Event::Calm);
        let end = self.scenario.duration_ms + CALM_MS + AGREE_MS;
        while let Some(((time, _), event)) = self.queue.pop_first() {
            self.now_ms = time;
            if time > end || !self.report.violations.is_empty() {
                break;
            }
            self.log(&event);
            self.happen(event);
            if self.is_decided && self.agrees() {
                break;
            }
        }
        self.finish()
    }

    /// Puts an event after a waiting time with this mean; none when the mean is 0.
    fn next(&mut self, mean_ms: u64, event: Event) {
        if mean_ms > 0 && !self.is_calm {
            let delay = self.random.waiting(mean_ms);
            self.after(delay, event);
        }
    }

    fn after(&mut self, delay_ms: u64, event: Event) {
        self.queue.insert((self.now_ms + delay_ms, self.sequence), event);
        self.sequence += 1;
    }

    fn log(&mut self, event: &Event) {
        let [kind, which] = event.mark();
        let detail = match event {
            Event::Block(_, block) => block.header.hash(),
            Event::Gossip(_, _, _, _, id) => *id,
            _ => Hash::ZERO,
        };
        let numbers = [self.now_ms, kind, which].map(u64::to_le_bytes);
        self.report.log = sha256(&[&self.report.log.0, numbers.as_flattened(), &detail.0]);
        self.report.events += 1;
    }

    /// Calls a node's state machine, and does what it wants done.
    fn drive(&mut self, number: usize, call: impl FnOnce(&mut Sync, Moment, &Books)) {
        let node = &mut self.nodes[number];
        let now = Moment {
            steady_ms: self.now_ms,
            clock_ms: node.clock_ms(self.now_ms),
        };
        call(&mut node.sync, now, &node.books);
        self.act(number);
    }

    /// Tells a node's state machine what became pending, and of a new tip.
    fn report_change(&mut self, number: usize, old_tip: Hash) {
        for transfer in std::mem::take(&mut self.nodes[number].news) {
            self.drive(number, |sync, now, _| sync.pending(now, &transfer));
        }
        if self.nodes[number].books.chain.tip().hash() != old_tip {
            self.drive(number, |sync, now, books| sync.tip_changed(now, books));
            self.review_private(number);
        }
        self.check(number);
    }

    /// What must hold of a node after everything that happens to it.
    fn check(&mut self, number: usize) {
        let node = &self.nodes[number];
        let height = node.books.chain.tip().height();
        let (supply, expected) = (node.supply(), self.network.supply_at(height));
        let (lost, false_word) = (node.lost(), node.false_words.first().cloned());
        if supply != expected {
            self.violate(
                number,
                &format!("at height {height} there are {supply:?} coins, and {expected:?} were issued"),
            );
        }
        if let Some(word) = false_word {
            self.violate(number, &word);
        }
        if let Some(id) = lost {
            self.violate(
                number,
                &format!("transfer {id} was accepted, and nothing is known of it"),
            );
        }
    }

    fn violate(&mut self, number: usize, what: &str) {
        let violation = format!("at {} ms, node {number}: {what}", self.now_ms);
        self.report.violations.push(violation);
    }

    fn agrees(&self) -> bool {
        let tip = self.nodes.first().map(|node| node.books.chain.tip().hash());
        let all = |node: &SimulatedNode| Some(node.books.chain.tip().hash()) == tip;
        self.nodes.iter().all(all)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Tick(node) => {
                self.after(TICK_MS, Event::Tick(node));
                self.drive(node, |sync, now, books| sync.tick(now, books));
            }
            Event::Request(from, to, epoch, id, request) => self.request(from, to, epoch, id, &request),
            Event::Response(from, to, epoch, id, response) => self.response(from, to, epoch, id, response),
            Event::Gossip(from, to, epoch, news, id) => self.gossip(from, to, epoch, news, id),
            Event::Block(node, block) => self.block(node, block),
            Event::Transfers(node, transfers) => self.transfers(node, transfers),
            Event::Found => {
                self.next(self.scenario.block_ms, Event::Found);
                let node = self.random.place(self.nodes.len());
                if !self.is_calm {
                    self.find(node);
                }
            }
            Event::Send => {
                self.next(self.scenario.transfer_ms, Event::Send);
                if !self.is_calm {
                    self.send();
                }
            }
            Event::Break => {
                self.next(self.scenario.break_ms, Event::Break);
                let line = self.random.place(self.lines.pairs.len().max(1));
                if let Some(line) = self.lines.pairs.get(line).copied()
                    && !self.is_calm
                {
                    self.break_line(line);
                }
            }
            Event::Mend(line) => self.mend(line),
            Event::Part => {
                self.next(self.scenario.partition_ms, Event::Part);
                if !self.is_calm {
                    self.part();
                }
            }
            Event::Heal => self.heal(),
            Event::Restart => {
                self.next(self.scenario.restart_ms, Event::Restart);
                let node = self.random.place(self.nodes.len());
                if !self.is_calm {
                    self.restart(node);
                }
            }
            Event::Calm => self.calm(),
            Event::LastBlock => {
                // Two tips of equal work may stand side by side; one more block decides.
                let node = self.nodes.len() - 1;
                self.find(node);
                self.is_decided = true;
            }
        }
    }

    fn finish(mut self) -> Report {
        self.report.virtual_ms = self.now_ms;
        if self.report.violations.is_empty() {
            if !self.agrees() {
                let heights: Vec<u64> = self.nodes.iter().map(|node| node.books.chain.tip().height()).collect();
                self.violate(
                    0,
                    &format!("the nodes do not agree on one tip; their heights are {heights:?}"),
                );
            }
            for node in 0..self.nodes.len() {
                self.check(node);
            }
        }
        for node in &self.nodes {
            self.report.reorganisations += node.reorganisations;
            self.report.deepest = self.report.deepest.max(node.deepest);
            for (id, told) in &node.accepted {
                let mined = node.mined.contains(id);
                self.report.mined += u64::from(mined);
                let waits = !mined && node.books.mempool.get(id).is_some();
                self.report.pending += u64::from(waits);
                self.report.told += u64::from(!mined && !waits && *told != Told::Nothing);
            }
        }
        if let Some(node) = self.nodes.first() {
            self.report.height = node.books.chain.tip().height();
            self.report.tip = node.books.chain.tip().hash();
        }
        self.report
    }
}
