//! What happens to nodes: blocks are found, transfers sent, lines break, and the network falls apart and heals.

use std::{collections::BTreeSet, sync::Arc};

use shared::{
    amount::Amount,
    transaction::{Memo, Transfer},
};

use super::{
    BROKEN_MS, CALM_MS, Event, PARTITION_MS, World,
    messages::{key, name},
};
use crate::{
    simulate::{
        Sabotage,
        network::{Pair, pair},
        node::{PEOPLE, Told, secret},
    },
    sync::Sync,
};

impl World<'_> {
    /// A node finds a block.
    pub(super) fn find(&mut self, number: usize) {
        let recipient = secret(PEOPLE + (number % 64) as u8).public_key();
        let note = self.report.blocks;
        let node = &mut self.nodes[number];
        let Some(block) = node.mine(recipient, note, self.now_ms) else {
            return;
        };
        self.report.blocks += 1;
        if node.is_selfish && !self.is_calm {
            node.private.push_back(block);
            return self.review_private(number);
        }
        let old_tip = node.books.chain.tip().hash();
        node.submit_own(block, self.now_ms);
        self.report_change(number, old_tip);
    }

    /// A selfish node gives up blocks that were outrun, and shows them when the others come close.
    pub(super) fn review_private(&mut self, number: usize) {
        let node = &self.nodes[number];
        let public = node.books.chain.tip().headers();
        let (Some(first), Some(last)) = (node.private.front(), node.private.back()) else {
            return;
        };
        if last.tip.headers().work() <= public.work() {
            self.nodes[number].private.clear();
            return;
        }
        let others_moved = first.block.header().previous_hash != public.hash();
        let is_close = public.height() + 1 >= last.tip.height();
        if (others_moved && is_close) || self.is_calm {
            self.show_private(number);
        }
    }

    fn show_private(&mut self, number: usize) {
        let old_tip = self.nodes[number].books.chain.tip().hash();
        for block in std::mem::take(&mut self.nodes[number].private) {
            let shown = self.nodes[number].submit(block.block.to_block(), self.now_ms);
            if let Err(error) = shown {
                self.violate(number, &format!("its own block is refused: {error}"));
            }
        }
        self.report_change(number, old_tip);
    }

    /// Somebody sends a transfer by some node.
    pub(super) fn send(&mut self) {
        let number = self.random.place(self.nodes.len());
        let person = self.random.below(PEOPLE.into()) as u8;
        let recipient = self.random.below(u64::from(PEOPLE) + 4) as u8;
        let amount = self.random.between(1, 50 * Amount::PER_COIN);
        let fee = self.random.below(2_000);
        let (replaces, expires) = (self.random.happens(100), self.random.happens(200));
        let sender = secret(person);
        let books = &self.nodes[number].books;
        let tip = books.chain.tip();
        let account = tip.accounts().get(&sender.public_key().0);
        let pending = books.mempool.pending_change(&sender.public_key(), account);
        let next = pending.next_nonce;
        let nonce = if replaces { next.saturating_sub(1) } else { next };
        let share = self.scenario.all_permille;
        let amount = if share > 0 && self.random.happens(share) {
            let left = account.balance.checked_sub(pending.outgoing).unwrap_or_default();
            left.units().saturating_sub(fee)
        } else {
            amount
        };
        let transfer = Transfer {
            sender: sender.public_key(),
            recipient: secret(recipient).public_key(),
            amount: Amount::from_units(amount),
            fee: Amount::from_units(fee),
            nonce,
            valid_until: if expires { tip.height() + 4 } else { 0 },
            memo: Memo::default(),
        };
        let signed = transfer.sign(&self.network.genesis_hash(), &sender);
        let tip = tip.hash();
        if let Ok(id) = self.nodes[number].take(signed, self.now_ms) {
            self.nodes[number].accepted.insert(id, Told::Nothing);
            self.report.accepted += 1;
        }
        self.report_change(number, tip);
    }

    /// A line breaks, and is mended after a while.
    pub(super) fn break_line(&mut self, line: Pair) {
        if !self.lines.cut(line) {
            return;
        }
        self.report.breaks += 1;
        let (a, b) = line;
        self.drive(a, |sync, now, books| sync.disconnected(now, key(b), books));
        self.drive(b, |sync, now, books| sync.disconnected(now, key(a), books));
        let delay = self.random.between(1, BROKEN_MS);
        self.after(delay, Event::Mend(line));
    }

    pub(super) fn mend(&mut self, line: Pair) {
        if !self.lines.connect(line) {
            return;
        }
        let (a, b) = line;
        for (own, other) in [(a, b), (b, a)] {
            self.drive(own, |sync, now, books| {
                sync.connected(now, key(other), books);
                if let Some(name) = name(other) {
                    sync.know(key(other), name, None);
                }
            });
        }
    }

    /// The network falls into two or three parts.
    pub(super) fn part(&mut self) {
        if self.lines.pairs.iter().any(|line| self.lines.is_divided(*line)) {
            return;
        }
        let parts = self.random.between(2, 3);
        let sides: Vec<u64> = (0..self.nodes.len()).map(|_| self.random.below(parts)).collect();
        self.lines.divide(|node| sides[node]);
        self.report.partitions += 1;
        for line in self.lines.pairs.clone() {
            if self.lines.is_divided(line) {
                self.break_line(line);
            }
        }
        let delay = self.random.between(1_000, PARTITION_MS);
        self.after(delay, Event::Heal);
    }

    pub(super) fn heal(&mut self) {
        if self.scenario.sabotage == Some(Sabotage::NeverHeals) {
            return;
        }
        self.lines.divide(|_| 0);
        for line in self.lines.pairs.clone() {
            let delay = self.random.between(1, 3_000);
            self.after(delay, Event::Mend(line));
        }
    }

    /// A node is killed and started again: what is on disk stays.
    pub(super) fn restart(&mut self, number: usize) {
        self.report.breaks += 1;
        for other in self.lines.connected(number) {
            self.break_line(pair(number, other));
        }
        self.nodes[number].sync = Sync::new(Arc::clone(&self.network));
        self.judging[number].clear();
        self.seen[number] = BTreeSet::new();
    }

    /// From here on nothing goes wrong any more.
    pub(super) fn calm(&mut self) {
        self.is_calm = true;
        self.heal();
        for number in 0..self.nodes.len() {
            self.review_private(number);
        }
        self.after(CALM_MS, Event::LastBlock);
    }
}
