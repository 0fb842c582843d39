//! News of blocks: put together from what is pending, and passed on once the chain has them.

use shared::{
    block::{Block, Header, transactions_root},
    codec::Encode as _,
    hash::{Hash, sha256},
    rules::{RuleError, verify_work},
    transaction::{Reward, SignedTransfer},
};

use super::{
    Action, CompactBlock, Gossip, Ledger, Moment, Offence, PeerKey, Request, Sync, Token, Verdict,
    headers::{Refusal, Stage},
    peer::Asked,
};

/// How far below the tip news of a block is of any use.
const RECENT: u64 = 6;
/// How long missing transfers may take, before the whole block is asked for.
const FILL_TIMEOUT_MS: u64 = 3_000;
/// How many blocks are put together at once; and of how many peers one is: who tells of it first may never complete it.
const MAX_PARTIALS: usize = 16;
const MAX_PARTIALS_EACH: usize = 3;
/// How long news waits for its verdict, in milliseconds.
pub(crate) const VERDICT_MS: u64 = 10_000;

/// A block that lacks some transfers.
pub(super) struct Partial {
    header: Header,
    reward: Reward,
    transfers: Vec<Option<SignedTransfer>>,
    from: PeerKey,
}

/// News that waits for its verdict.
#[derive(Debug, Clone, Copy)]
pub(super) struct News {
    pub(super) peer: PeerKey,
    pub(super) token: Token,
    pub(super) since_ms: u64,
    /// The hash of its bytes; none if it is the header alone, which can be written in one way.
    pub(super) digest: Option<Hash>,
}

/// The hash of the bytes of a piece of news.
pub(super) fn digest_of(news: &Gossip) -> Hash {
    sha256(&[&news.to_bytes()])
}

impl Sync {
    pub(super) fn judge(&mut self, token: Token, verdict: Verdict) {
        self.actions.push_back(Action::Judge { token, verdict });
    }

    /// Says what becomes of all news of a block that is not the tip.
    pub(super) fn judge_block(&mut self, hash: Hash, verdict: Verdict) {
        for news in self.waiting.remove(&hash).unwrap_or_default() {
            self.judge(news.token, verdict);
            self.note_ignored(hash, news);
        }
    }

    /// Passes on the news of a block that is the tip. A body can be written in many ways, of which one is true.
    pub(super) fn accept_block(&mut self, hash: Hash, ledger: &dyn Ledger) {
        let Some(waiting) = self.waiting.remove(&hash) else {
            return;
        };
        let is_body = waiting.iter().any(|news| news.digest.is_some());
        let own = is_body.then(|| self.digest_in_chain(&hash, ledger)).flatten();
        for news in waiting {
            if news.digest.is_none() || news.digest == own {
                self.told.insert(hash);
                self.judge(news.token, Verdict::Accept);
            } else {
                self.ignore_block(hash, news);
            }
        }
    }

    /// The digest of the news of a block of the chain.
    fn digest_in_chain(&self, hash: &Hash, ledger: &dyn Ledger) -> Option<Hash> {
        let block = ledger.block(ledger.height_of(hash)?)?;
        Some(digest_of(&Gossip::Block(CompactBlock::of(&block))))
    }

    /// Notes that news was not passed on.
    fn note_ignored(&mut self, hash: Hash, news: News) {
        match news.digest {
            Some(digest) => self.ignored.insert(digest),
            None => self.ignored_headers.insert(hash),
        }
    }

    /// A peer passed on a new block, or its header alone.
    pub(super) fn heard_block(
        &mut self,
        now: Moment,
        news: News,
        header: &Header,
        body: Option<CompactBlock>,
        ledger: &dyn Ledger,
    ) {
        let hash = match verify_work(header) {
            Ok(hash) => hash,
            Err(error) => return self.reject_header(now, news, &error),
        };
        // Its body can be written in many ways. Once is enough, and once its header alone.
        let is_again = |other: &News| other.peer == news.peer && other.digest.is_some() == news.digest.is_some();
        let is_repeated = |waiting: &Vec<News>| waiting.iter().any(is_again);
        if self.waiting.get(&hash).is_some_and(is_repeated) {
            return self.ignore_block(hash, news);
        }
        let tip = ledger.tip();
        if hash == tip.hash() && !self.told.contains(&hash) {
            // It came another way, and this is how others hear of it.
            self.waiting.entry(hash).or_default().push(news);
            return self.accept_block(hash, ledger);
        }
        if ledger.height_of(&hash).is_some() || header.height.saturating_add(RECENT) < tip.height() {
            return self.ignore_block(hash, news);
        }
        match self.headers.extend(&self.network, &[*header], now.clock_ms, ledger).2 {
            Ok(()) => {}
            Err(Refusal::Rule(error)) if !matches!(error, RuleError::TimeTooLate { .. }) => {
                return self.reject_header(now, news, &error);
            }
            Err(Refusal::Dead) => {
                self.offend(now, news.peer, Offence::InvalidBlock { rule: "parent-invalid" });
                return self.judge(news.token, Verdict::Reject);
            }
            Err(refusal) => {
                if refusal == Refusal::UnknownParent
                    && let Some(peer) = self.peers.get_mut(&news.peer)
                {
                    peer.is_ahead = true;
                }
                return self.ignore_block(hash, news);
            }
        }
        let Some(node) = self.headers.get(&hash) else {
            return self.ignore_block(hash, news);
        };
        let is_heavier = node.work > tip.work();
        let (stage, work) = (node.stage, node.work);
        if is_heavier && Some(work) > self.best_work(news.peer) {
            self.set_best(news.peer, Some(hash));
        }
        if is_heavier && stage != Stage::Stored {
            self.waiting.entry(hash).or_default().push(news);
        } else {
            self.ignore_block(hash, news);
        }
        let is_heard = self
            .peers
            .get_mut(&news.peer)
            .is_some_and(|peer| peer.useless.has_any(now.steady_ms));
        if matches!(stage, Stage::Wanted | Stage::Asked)
            && let Some(body) = body.filter(|body| is_heard && body.transfers.len() <= self.limits.transfers())
        {
            self.rebuild(now, hash, body, news.peer, ledger);
        }
    }

    /// Passes on no news of a block.
    fn ignore_block(&mut self, hash: Hash, news: News) {
        self.note_ignored(hash, news);
        self.judge(news.token, Verdict::Ignore);
    }

    fn reject_header(&mut self, now: Moment, news: News, error: &RuleError) {
        let rule = error.code();
        self.judge(news.token, Verdict::Reject);
        self.offend(now, news.peer, Offence::InvalidHeader { rule });
    }

    /// Puts a block together from the pending transfers, and asks its sender for those that are missing.
    fn rebuild(&mut self, now: Moment, hash: Hash, body: CompactBlock, from: PeerKey, ledger: &dyn Ledger) {
        let mempool = ledger.mempool();
        let transfers: Vec<Option<SignedTransfer>> = body
            .transfers
            .iter()
            .map(|id| mempool.by_short_id(id).map(|entry| entry.transfer.signed().clone()))
            .collect();
        let missing: Vec<u32> = (0..)
            .zip(&transfers)
            .filter(|(_, transfer)| transfer.is_none())
            .map(|(index, _)| index)
            .collect();
        let partial = Partial {
            header: body.header,
            reward: body.reward,
            transfers,
            from,
        };
        if missing.is_empty() {
            self.complete(hash, partial, ledger);
            return;
        }
        // A block of which most is missing comes faster as a whole, and so does one too many.
        let others = self.partials.keys().filter(|(other, _)| *other == hash).count();
        if missing.len() * 2 > partial.transfers.len().max(16)
            || self.partials.len() >= MAX_PARTIALS
            || others >= MAX_PARTIALS_EACH
            || self.partials.contains_key(&(hash, from))
        {
            return;
        }
        self.headers.set_stage(&hash, Stage::Asked);
        self.partials.insert((hash, from), partial);
        let request = Request::BlockTransfers {
            hash,
            indexes: missing.clone(),
        };
        let asked = Asked::BlockTransfers { hash, indexes: missing };
        self.ask(now, from, asked, request, FILL_TIMEOUT_MS);
    }

    pub(super) fn got_block_transfers(
        &mut self,
        now: Moment,
        key: PeerKey,
        hash: Hash,
        indexes: &[u32],
        found: Vec<SignedTransfer>,
        ledger: &dyn Ledger,
    ) {
        let Some(mut partial) = self.partials.remove(&(hash, key)) else {
            return self.release(&[hash]);
        };
        if found.len() > indexes.len() {
            self.offend(now, key, Offence::Unrequested { what: "a transfer" });
        }
        if found.len() != indexes.len() {
            // It may have left its chain since. The whole block is asked for, of whoever has it.
            return self.release(&[hash]);
        }
        for (index, transfer) in indexes.iter().zip(found) {
            if let Some(place) = partial.transfers.get_mut(*index as usize) {
                *place = Some(transfer);
            }
        }
        if self.complete(hash, partial, ledger) {
            self.note_delivery(key);
        }
    }

    /// Takes a block of which nothing is missing any more, and tells whether it did. If it is not the one that the header
    /// stands for, nobody is to blame, as two transfers may have one short id: the whole block is asked for.
    fn complete(&mut self, hash: Hash, partial: Partial, ledger: &dyn Ledger) -> bool {
        let Some(transfers) = partial.transfers.into_iter().collect() else {
            self.release(&[hash]);
            return false;
        };
        let block = Block {
            header: partial.header,
            reward: partial.reward,
            transfers,
        };
        if !matches!(self.headers.stage(&hash), Some(Stage::Wanted | Stage::Asked)) {
            return false;
        }
        if transactions_root(&block.transaction_ids()) != block.header.transactions_root {
            self.release(&[hash]);
            return false;
        }
        self.partials.retain(|(other, _), _| *other != hash);
        self.keep_body(hash, block, partial.from);
        self.submit_aside(hash, ledger);
        true
    }

    /// Tells everybody of the tip, unless they know or there is a better one.
    pub(super) fn announce(&mut self, ledger: &dyn Ledger) {
        let tip = ledger.tip();
        let hash = tip.hash();
        if self.told.contains(&hash) || tip.height() == 0 || self.plan.is_some() {
            return;
        }
        // News of it is passed on by its verdict, which is near.
        if self.waiting.get(&hash).is_some_and(|waiting| !waiting.is_empty()) {
            return;
        }
        self.told.insert(hash);
        let Some(block) = ledger.block(tip.height()) else {
            return;
        };
        let compact = Gossip::Block(CompactBlock::of(&block));
        let bytes = compact.to_bytes();
        let fits = bytes.len() <= self.limits.gossip;
        // The same bytes cannot be told any more: this node took them for known when it did not pass them on. Without any that
        // are new, others hear of it when they ask for the status.
        if fits && !self.ignored.contains(&sha256(&[&bytes])) {
            self.actions.push_back(Action::Gossip(compact));
        } else if !self.ignored_headers.contains(&hash) {
            self.actions.push_back(Action::Gossip(Gossip::Header(block.header)));
        }
    }

    /// Gives up waiting for verdicts.
    pub(super) fn expire_news(&mut self, now: Moment) {
        let mut over = Vec::new();
        for (hash, waiting) in &mut self.waiting {
            waiting.retain(|news| {
                let is_over = news.since_ms + VERDICT_MS <= now.steady_ms;
                if is_over {
                    over.push((*hash, *news));
                }
                !is_over
            });
        }
        self.waiting.retain(|_, waiting| !waiting.is_empty());
        for (hash, news) in over {
            self.ignore_block(hash, news);
        }
    }

    /// Forgets what a peer that has gone was to complete.
    pub(super) fn drop_partials(&mut self, key: PeerKey) {
        let its = self.partials.keys().filter(|(_, from)| *from == key);
        let hashes: Vec<Hash> = its.map(|(hash, _)| *hash).collect();
        self.partials.retain(|(_, from), _| *from != key);
        self.release(&hashes);
    }
}
