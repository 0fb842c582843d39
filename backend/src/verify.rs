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
    params::Network,
    rules::{RuleError, VerifiedBlock},
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
    let batch = transfers
        .len()
        .div_ceil(rayon::current_num_threads().max(1))
        .clamp(MIN_BATCH, MAX_BATCH);
    if transfers.len() <= batch {
        return verify_batch(transfers, genesis);
    }
    transfers
        .par_chunks(batch)
        .flat_map_iter(|batch| verify_batch(batch, genesis))
        .collect()
}

fn verify_batch(transfers: &[SignedTransfer], genesis: &Hash) -> Vec<Verdict> {
    if let [only] = transfers {
        return vec![only.clone().verify(genesis)];
    }
    match VerifiedTransfer::verify_all(transfers, genesis, &mut UnwrapErr(SysRng)) {
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
    VerifiedBlock::verify(block, network, |transfers, ids| {
        let mut found: Vec<Option<VerifiedTransfer>> = ids.iter().map(known).collect();
        let unknown: Vec<SignedTransfer> = transfers
            .iter()
            .zip(&found)
            .filter(|(_, found)| found.is_none())
            .map(|(signed, _)| signed.clone())
            .collect();
        let mut verdicts = verify_transfers(&unknown, &network.genesis_hash()).into_iter();
        found
            .iter_mut()
            .map(|found| found.take().map_or_else(|| next_verdict(&mut verdicts), Ok))
            .collect()
    })
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
