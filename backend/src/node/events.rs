//! What happens in a node, numbered, with a memory of the last events.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use shared::hash::Hash;
use tokio::sync::watch;

use crate::{mempool::Entry, store::Summary};

/// How many events are remembered.
const MEMORY: usize = 4_096;

/// Something that happened. Readers hear of it when it is durable.
#[derive(Debug, Clone)]
pub enum Event {
    /// A block was added at the tip.
    Block(Arc<Summary>),
    /// Blocks were taken back; events of those in their place follow.
    Reorganisation {
        /// The last block that both chains have.
        fork_height: u64,
        /// The tip before.
        old_tip: Hash,
        /// The tip now.
        new_tip: Hash,
    },
    /// A transfer came into the mempool.
    Pending {
        /// The transfer.
        entry: Arc<Entry>,
        /// Whether it cannot be mined yet, as [`Mempool::is_waiting`](crate::mempool::Mempool::is_waiting) has it.
        waiting: bool,
    },
    /// A transfer left the mempool without being mined.
    Dropped {
        /// Its id.
        id: Hash,
        /// `expired`, `replaced`, `evicted`, `aged` or `invalid`.
        reason: &'static str,
        /// The transfer of the same sender that has its nonce now.
        replaced_by: Option<Hash>,
    },
    /// Events were missed that the node no longer has.
    Reset,
}

/// An event with its number, which only grows.
#[derive(Debug, Clone)]
pub struct Numbered {
    /// The number.
    pub id: u64,
    /// What happened.
    pub event: Event,
}

/// The last events.
pub(super) struct Events {
    memory: Mutex<Memory>,
    newest: watch::Sender<u64>,
}

struct Memory {
    /// The number of the next event.
    next: u64,
    events: VecDeque<Event>,
    is_closed: bool,
}

impl Events {
    /// None yet. `first` is the first event's number: the time in microseconds, so that the numbers of an earlier run,
    /// which had fewer events than microseconds, are not mistaken for those of this one.
    pub(super) fn new(first: u64) -> Self {
        Self {
            memory: Mutex::new(Memory {
                next: first,
                events: VecDeque::new(),
                is_closed: false,
            }),
            newest: watch::Sender::new(first),
        }
    }

    pub(super) fn publish(&self, events: impl IntoIterator<Item = Event>) {
        let mut memory = self.lock();
        for event in events {
            memory.events.push_back(event);
            memory.next += 1;
            if memory.events.len() > MEMORY {
                memory.events.pop_front();
            }
        }
        self.newest.send_replace(memory.next);
    }

    /// Ends all subscriptions once they have what was published.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.newest.send_modify(|_| ());
    }

    pub(super) fn subscribe(self: &Arc<Self>, after: Option<u64>) -> Subscription {
        let newest = self.newest.subscribe();
        let end = self.lock().next;
        let next = after.map_or(end, |after| after.saturating_add(1));
        Subscription {
            events: Arc::clone(self),
            newest,
            // A number that was never given is as good as one that is forgotten.
            next: if next > end { 0 } else { next },
        }
    }

    fn get(&self, number: u64) -> Option<Numbered> {
        let memory = self.lock();
        let oldest = memory.next - memory.events.len() as u64;
        if number < oldest {
            return Some(Numbered {
                id: memory.next - 1,
                event: Event::Reset,
            });
        }
        let event = memory.events.get(usize::try_from(number - oldest).ok()?)?;
        Some(Numbered {
            id: number,
            event: event.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Receives events. A slow receiver costs no memory: what is forgotten meanwhile it gets as one [`Event::Reset`].
pub struct Subscription {
    events: Arc<Events>,
    newest: watch::Receiver<u64>,
    next: u64,
}

impl Subscription {
    /// The number after which this goes on; none when it begins with a reset.
    #[must_use]
    pub const fn after(&self) -> Option<u64> {
        self.next.checked_sub(1)
    }

    /// The next event; none when the node has stopped. May be dropped and called again without losing an event.
    pub async fn next(&mut self) -> Option<Numbered> {
        loop {
            self.newest.mark_unchanged();
            if let Some(numbered) = self.events.get(self.next) {
                self.next = numbered.id + 1;
                return Some(numbered);
            }
            if self.events.lock().is_closed {
                return None;
            }
            self.newest.changed().await.ok()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dropped(byte: u8) -> Event {
        Event::Dropped {
            id: Hash([byte; 32]),
            reason: "aged",
            replaced_by: None,
        }
    }

    #[tokio::test]
    async fn resumes_where_it_was() {
        let events = Arc::new(Events::new(1_000));
        let mut all = events.subscribe(None);
        events.publish([dropped(1), dropped(2)]);
        assert_eq!(all.next().await.unwrap().id, 1_000);
        let mut later = events.subscribe(Some(1_000));
        assert_eq!(later.next().await.unwrap().id, 1_001);
        assert_eq!(all.next().await.unwrap().id, 1_001);
        events.close();
        assert!(all.next().await.is_none());
    }

    #[tokio::test]
    async fn what_is_forgotten_is_a_reset() {
        let events = Arc::new(Events::new(1_000));
        events.publish((0..=MEMORY).map(|_| dropped(0)));
        for unknown in [0, 999, 1_000_000_000] {
            let mut late = events.subscribe(Some(unknown));
            let reset = late.next().await.unwrap();
            assert!(matches!(reset.event, Event::Reset));
            assert_eq!(reset.id, 1_000 + MEMORY as u64);
        }
    }
}
