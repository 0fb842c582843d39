//! The search for a nonce, on threads of its own.

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use ruint::aliases::U256;
use shared::pow::{Midstate, Target};

/// How many nonces a thread tries before it looks whether the search is still wanted: about half a millisecond.
const SLICE: u64 = 1 << 14;
/// After this time a search is given up, so that the block gets a new timestamp and new transfers.
const PATIENCE: Duration = Duration::from_secs(1);
/// Up to this work a block is found at once, without waking a thread.
const QUICK_WORK: u64 = 1 << 12;

/// What came of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The number that [`Miner::search`] gave.
    pub search: u64,
    /// The nonce; none when it was not found for a second.
    pub nonce: Option<u64>,
}

/// Tries at once if the target is easy, as on the development network.
#[must_use]
pub fn search_quickly(midstate: &mut Midstate, target: Target) -> Option<u64> {
    (target.work() <= U256::from(QUICK_WORK))
        .then(|| midstate.search(target, 0, QUICK_WORK << 6))
        .flatten()
}

struct Job {
    midstate: Midstate,
    target: Target,
    started: Instant,
}

/// What the threads share: the newest search, whose number is also in `current`.
struct Board {
    state: Mutex<State>,
    wake: Condvar,
    current: AtomicU64,
    attempts: Arc<AtomicU64>,
    report: Box<dyn Fn(Report) + Send + Sync>,
}

#[derive(Default)]
struct State {
    job: Option<Arc<Job>>,
    stopped: bool,
}

/// The threads that search.
pub struct Miner {
    board: Arc<Board>,
    threads: Vec<JoinHandle<()>>,
}

impl Miner {
    /// Starts the threads, which wait for a search. What they find goes to `report`.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start(count: usize, report: impl Fn(Report) + Send + Sync + 'static) -> io::Result<Self> {
        let board = Arc::new(Board {
            state: Mutex::default(),
            wake: Condvar::new(),
            current: AtomicU64::new(0),
            attempts: Arc::default(),
            report: Box::new(report),
        });
        let threads = (0..count)
            .map(|index| {
                let board = Arc::clone(&board);
                let stride = u64::MAX / count as u64;
                thread::Builder::new()
                    .name(format!("mine-{index}"))
                    .spawn(move || board.work(stride * index as u64))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { board, threads })
    }

    /// Begins a search in place of the one before, and gives its number.
    pub fn search(&self, midstate: Midstate, target: Target) -> u64 {
        let mut state = self.board.lock();
        state.job = Some(Arc::new(Job {
            midstate,
            target,
            started: Instant::now(),
        }));
        let number = self.board.current.fetch_add(1, Ordering::SeqCst) + 1;
        self.board.wake.notify_all();
        number
    }

    /// Ends the search. A report of it may still come.
    pub fn cancel(&self) {
        self.board.lock().job = None;
        self.board.current.fetch_add(1, Ordering::SeqCst);
    }

    /// Counts the nonces that are tried.
    #[must_use]
    pub fn attempts(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.board.attempts)
    }
}

impl Drop for Miner {
    fn drop(&mut self) {
        self.board.lock().stopped = true;
        self.cancel();
        self.board.wake.notify_all();
        for thread in self.threads.drain(..) {
            // A panic there has been reported already.
            let _ = thread.join();
        }
    }
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One thread's life: wait for a search, try nonces from `first` on until it is over, wait again.
    fn work(&self, first: u64) {
        while let Some((number, job)) = self.next_job() {
            let mut midstate = job.midstate.clone();
            let mut nonce = first;
            while self.current.load(Ordering::Relaxed) == number {
                let found = midstate.search(job.target, nonce, SLICE);
                nonce = nonce.wrapping_add(SLICE);
                self.attempts.fetch_add(SLICE, Ordering::Relaxed);
                if found.is_some() || job.started.elapsed() > PATIENCE {
                    self.finish(number, found);
                }
            }
        }
    }

    fn next_job(&self) -> Option<(u64, Arc<Job>)> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            if let Some(job) = &state.job {
                return Some((self.current.load(Ordering::SeqCst), Arc::clone(job)));
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the search, if no other thread was faster.
    fn finish(&self, search: u64, nonce: Option<u64>) {
        let mut state = self.lock();
        let next = search + 1;
        let is_first = self
            .current
            .compare_exchange(search, next, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok();
        if is_first {
            state.job = None;
            drop(state);
            (self.report)(Report { search, nonce });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use shared::{block::Header, hash::Hash};

    use super::*;

    fn header() -> Header {
        Header {
            version: 1,
            height: 1,
            previous_hash: Hash::ZERO,
            history_root: Hash::ZERO,
            transactions_root: Hash::ZERO,
            state_root: Hash::ZERO,
            timestamp: 1,
            bits: 0x1f00_ffff,
            nonce: 0,
        }
    }

    #[test]
    fn finds_a_nonce_that_meets_the_target() {
        let (reports, inbox) = channel();
        let miner = Miner::start(2, move |report| reports.send(report).unwrap()).unwrap();
        for timestamp in 0..20 {
            let header = Header { timestamp, ..header() };
            let target = Target::from_bits(header.bits).unwrap();
            let search = miner.search(Midstate::new(&header), target);
            let report = inbox.recv().unwrap();
            assert_eq!(report.search, search);
            let nonce = report.nonce.unwrap();
            assert!(target.is_met_by(&Header { nonce, ..header }.hash()));
        }
    }

    #[test]
    fn a_cancelled_search_is_silent() {
        let (reports, inbox) = channel();
        let miner = Miner::start(2, move |report| reports.send(report).unwrap()).unwrap();
        let hopeless = Target::from_bits(0x0101_0000).unwrap();
        miner.search(Midstate::new(&header()), hopeless);
        miner.cancel();
        let target = Target::from_bits(header().bits).unwrap();
        let search = miner.search(Midstate::new(&header()), target);
        assert_eq!(inbox.recv().unwrap().search, search);
    }

    #[test]
    fn an_easy_target_is_met_at_once() {
        let easy = Header {
            bits: 0x2000_ffff,
            ..header()
        };
        let target = Target::from_bits(easy.bits).unwrap();
        assert!(search_quickly(&mut Midstate::new(&easy), target).is_some());
        let hard = Target::from_bits(0x1d00_ffff).unwrap();
        assert_eq!(search_quickly(&mut Midstate::new(&easy), hard), None);
    }
}
