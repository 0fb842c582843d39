//! How much news the node reads of all peers together.
//!
//! The library remembers each piece of news for two minutes, whoever brought it and whatever became of it. A peer alone that
//! tells too much is cut off; but many who come together would each stay below that. So no connection reads news for a while
//! when all of them have told more than a network has to tell, nor tells any. All else that goes over these connections goes on.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use libp2p::swarm::{ConnectionHandler, ConnectionHandlerEvent, SubstreamProtocol, handler::ConnectionEvent};
use tokio::time::{Sleep, sleep};

/// How many pieces of news are read in a second; a longer one counts once for each so many bytes.
const PER_SECOND: u64 = 5_000;
const PIECE: usize = 1_024;
/// For how long nothing must have come, so that as much as comes in this time may come at once.
const BURST: Duration = Duration::from_secs(8);
/// How long a pause is at most: what is told meanwhile waits, and is not to grow old.
const LONGEST: u64 = NANOS;
const NANOS: u64 = 1_000_000_000;

/// News is counted in time: what has been read is worth all the time up to `paid`, in nanoseconds from `begin` on.
pub(super) struct Inflow {
    begin: Instant,
    paid: AtomicU64,
}

impl Inflow {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            begin: now,
            paid: AtomicU64::new(0),
        }
    }

    /// The time, to which what may come at once is added: so it is never below zero.
    fn time(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.begin) + BURST;
        u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Counts a piece of news.
    pub(super) fn take(&self, bytes: usize, now: Instant) {
        let burst = u64::try_from(BURST.as_nanos()).unwrap_or(u64::MAX);
        let pieces = bytes.div_ceil(PIECE).max(1) as u64;
        let time = self.time(now);
        let paid = self.paid.load(Ordering::Relaxed).max(time - burst) + pieces * NANOS / PER_SECOND;
        // One behaviour counts, and all connections look.
        self.paid.store(paid.min(time + LONGEST), Ordering::Relaxed);
    }

    /// For how long no news is to be read, if there was too much.
    pub(super) fn pause(&self, now: Instant) -> Option<Duration> {
        let left = self.paid.load(Ordering::Relaxed).checked_sub(self.time(now))?;
        (left > 0).then_some(Duration::from_nanos(left))
    }
}

/// The part of a connection that reads and writes news, which rests during pauses.
pub(super) struct Paced<H> {
    handler: H,
    inflow: Arc<Inflow>,
    rest: Pin<Box<Sleep>>,
}

impl<H> Paced<H> {
    pub(super) fn new(handler: H, inflow: Arc<Inflow>) -> Self {
        let rest = Box::pin(sleep(Duration::ZERO));
        Self { handler, inflow, rest }
    }
}

impl<H: ConnectionHandler> ConnectionHandler for Paced<H> {
    type FromBehaviour = H::FromBehaviour;
    type ToBehaviour = H::ToBehaviour;
    type InboundProtocol = H::InboundProtocol;
    type OutboundProtocol = H::OutboundProtocol;
    type InboundOpenInfo = H::InboundOpenInfo;
    type OutboundOpenInfo = H::OutboundOpenInfo;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol, Self::InboundOpenInfo> {
        self.handler.listen_protocol()
    }

    fn connection_keep_alive(&self) -> bool {
        self.handler.connection_keep_alive()
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Self::OutboundOpenInfo, Self::ToBehaviour>> {
        while let Some(pause) = self.inflow.pause(Instant::now()) {
            self.rest.as_mut().reset(tokio::time::Instant::now() + pause);
            if self.rest.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
        self.handler.poll(cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::ToBehaviour>> {
        self.handler.poll_close(cx)
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        self.handler.on_behaviour_event(event);
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<
            Self::InboundProtocol,
            Self::OutboundProtocol,
            Self::InboundOpenInfo,
            Self::OutboundOpenInfo,
        >,
    ) {
        self.handler.on_connection_event(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pieces of so many bytes are read in some seconds by who waits whenever it must.
    fn read_in(inflow: &Inflow, from: Instant, seconds: u64, bytes: usize) -> u64 {
        let (mut now, mut count) = (from, 0);
        while now < from + Duration::from_secs(seconds) {
            count += 1;
            inflow.take(bytes, now);
            now += inflow.pause(now).unwrap_or_default();
        }
        count
    }

    #[test]
    fn what_comes_at_once_and_later_is_bounded() {
        let start = Instant::now();
        let inflow = Inflow::new(start);
        let at_once = (1..).find(|_| {
            inflow.take(200, start);
            inflow.pause(start).is_some()
        });
        assert_eq!(at_once, Some(8 * 5_000 + 1));
        assert_eq!(inflow.pause(start), Some(Duration::from_micros(200)));
        let next = start + Duration::from_micros(200);
        assert_eq!(read_in(&inflow, next, 10, 200), 10 * 5_000);
        // After a rest there is as much at once again, and no more.
        let later = start + Duration::from_secs(100);
        assert_eq!(read_in(&inflow, later, 1, 200), 9 * 5_000);
    }

    #[test]
    fn no_pause_is_long() {
        let start = Instant::now();
        let inflow = Inflow::new(start);
        for _ in 0..100_000 {
            inflow.take(200, start);
        }
        assert_eq!(inflow.pause(start), Some(Duration::from_secs(1)));
    }

    #[test]
    fn long_news_counts_by_its_length() {
        let start = Instant::now();
        assert_eq!(
            read_in(&Inflow::new(start), start, 2, 64 << 10),
            (10 * 5_000_u64).div_ceil(64)
        );
        assert_eq!(read_in(&Inflow::new(start), start, 1, 0), 9 * 5_000);
    }
}
