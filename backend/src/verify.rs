//! Signatures are verified here: in batches, on all cores, those of several callers together.

use std::{
    io,
    sync::mpsc::{Receiver, Sender, channel},
    thread,
};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use rayon::prelude::*;
use shared::{
    block::Block,
    hash::Hash,
    key::PublicKey,
    params::Network,
    rules::{FormedBlock, RuleError, VerifiedBlock},
    state::StateTree,
    transaction::{SignedTransfer, VerifiedTransfer},
};
use tokio::sync::oneshot;

/// A batch gains little beyond this size, and a bad signature in it costs all of it again.
const MAX_BATCH: usize = 512;
/// Below this size a batch is not worth another core.
const MIN_BATCH: usize = 16;
/// How many transfers are taken from the queue at once.
const MAX_TAKEN: usize = 8_192;

/// The verdict on a transfer.
pub type Verdict = Result<VerifiedTransfer, RuleError>;

/// Verifies transfers on all cores. The verdicts are in the order of the transfers.
#[must_use]
pub fn verify_transfers(transfers: &[SignedTransfer], genesis: &Hash) -> Vec<Verdict> {
    verify_transfers_knowing(transfers, genesis, |_| false)
}

/// The same, but for the keys of recipients of which `is_checked` says that they were found to be good before.
fn verify_transfers_knowing(
    transfers: &[SignedTransfer],
    genesis: &Hash,
    is_checked: impl Fn(&PublicKey) -> bool + Copy + Send + Sync,
) -> Vec<Verdict> {
    let batch = transfers
        .len()
        .div_ceil(rayon::current_num_threads().max(1))
        .clamp(MIN_BATCH, MAX_BATCH);
    if transfers.len() <= batch {
        return verify_batch(transfers, genesis, is_checked);
    }
    transfers
        .par_chunks(batch)
        .flat_map_iter(|batch| verify_batch(batch, genesis, is_checked))
        .collect()
}

fn verify_batch(transfers: &[SignedTransfer], genesis: &Hash, is_checked: impl Fn(&PublicKey) -> bool) -> Vec<Verdict> {
    if let [only] = transfers {
        return vec![only.clone().verify(genesis)];
    }
    match VerifiedTransfer::verify_all_knowing(transfers, genesis, is_checked, &mut UnwrapErr(SysRng)) {
        Ok(verified) => verified.into_iter().map(Ok).collect(),
        Err(_) => transfers.iter().map(|signed| signed.clone().verify(genesis)).collect(),
    }
}

/// Verifies a block by itself. Transfers that `known` gives by their id are not verified again.
///
/// # Errors
/// The first rule that is broken.
pub fn verify_block(
    block: Block,
    network: &Network,
    known: impl Fn(&Hash) -> Option<VerifiedTransfer>,
) -> Result<VerifiedBlock, RuleError> {
    let verdict = verify_blocks(vec![block], network, &StateTree::new(), known).pop();
    verdict.expect("one verdict for each block")
}

/// Verifies blocks by themselves, the signatures of all of them together. The verdicts are in the order of the blocks; each
/// is the first rule that is broken. Transfers that `known` gives by their id are not verified again, nor are keys that are
/// paid and have an account in `accounts`, a state of the same chain: they were checked when they got it.
#[must_use]
pub fn verify_blocks(
    blocks: Vec<Block>,
    network: &Network,
    accounts: &StateTree,
    known: impl Fn(&Hash) -> Option<VerifiedTransfer>,
) -> Vec<Result<VerifiedBlock, RuleError>> {
    let is_checked = |key: &PublicKey| !accounts.get(&key.0).is_empty();
    let formed: Vec<Result<FormedBlock, RuleError>> = blocks
        .into_par_iter()
        .map(|block| FormedBlock::check_knowing(block, network, is_checked))
        .collect();
    let ids = formed.iter().flatten().flat_map(FormedBlock::transfer_ids);
    let found: Vec<Option<VerifiedTransfer>> = ids.map(known).collect();
    let transfers = formed.iter().flatten().flat_map(FormedBlock::transfers);
    let unknown: Vec<SignedTransfer> = transfers
        .zip(&found)
        .filter(|(_, found)| found.is_none())
        .map(|(signed, _)| signed.clone())
        .collect();
    let verdicts = verify_transfers_knowing(&unknown, &network.genesis_hash(), is_checked);
    let mut verdicts = verdicts.into_iter();
    let mut all = found
        .into_iter()
        .map(|found| found.map_or_else(|| next_verdict(&mut verdicts), Ok));
    let mut verified = |formed: FormedBlock| {
        // All of them, whatever comes of one, as those of the next block follow.
        let transfers: Vec<Verdict> = all.by_ref().take(formed.transfers().len()).collect();
        let transfers = transfers.into_iter().collect::<Result<_, _>>()?;
        Ok(formed.with_transfers(network, transfers))
    };
    formed.into_iter().map(|formed| verified(formed?)).collect()
}

fn next_verdict(verdicts: &mut impl Iterator<Item = Verdict>) -> Verdict {
    verdicts.next().expect("one verdict for each unknown transfer")
}

type Request = (Vec<SignedTransfer>, oneshot::Sender<Vec<Verdict>>);

/// A thread that verifies what comes in, as much as there is at once.
#[derive(Debug, Clone)]
pub struct Verifier {
    requests: Sender<Request>,
}

impl Verifier {
    /// Starts the thread. It ends when the last handle is dropped.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start(genesis: Hash) -> io::Result<Self> {
        let (requests, queue) = channel();
        thread::Builder::new()
            .name("verify".to_owned())
            .spawn(move || run(&queue, &genesis))?;
        Ok(Self { requests })
    }

    /// Verifies transfers, together with those of other callers. None when the thread has ended.
    pub async fn verify(&self, transfers: Vec<SignedTransfer>) -> Option<Vec<Verdict>> {
        let (reply, verdicts) = oneshot::channel();
        self.requests.send((transfers, reply)).ok()?;
        verdicts.await.ok()
    }
}

fn run(queue: &Receiver<Request>, genesis: &Hash) {
    while let Ok(first) = queue.recv() {
        let mut count = first.0.len();
        let mut requests = vec![first];
        while count < MAX_TAKEN
            && let Ok(next) = queue.try_recv()
        {
            count += next.0.len();
            requests.push(next);
        }
        let mut transfers = Vec::with_capacity(count);
        let mut replies = Vec::with_capacity(requests.len());
        for (some, reply) in requests {
            replies.push((some.len(), reply));
            transfers.extend(some);
        }
        let mut verdicts = verify_transfers(&transfers, genesis).into_iter();
        for (count, reply) in replies {
            // Who no longer waits does not mind.
            let _ = reply.send(verdicts.by_ref().take(count).collect());
        }
    }
}
