//! What the node tells without being asked: one stream of events that all views follow.

use std::time::Duration;

use crate::browser::spawn;
use frontend::view::event::{self, Heard};
use frontend::view::time;
use leptos::prelude::*;
use shared::address::Prefix;
use shared::api::{BlockList, BlockSummary, Status};
use shared::hash::Hash;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

use crate::api::{self, Failure};

/// How many of the newest blocks are kept: as many as the charts show.
pub(crate) const RECENT: usize = 60;
/// Events that come faster than this are shown together.
const PAUSE: Duration = Duration::from_millis(120);
/// After the browser gave up on the stream.
const RETRY: Duration = Duration::from_secs(2);
const PATH: &str = "/blockchain/events";
const NAMES: [&str; 7] = [
    "message",
    "status",
    "block",
    "reorganisation",
    "pending",
    "dropped",
    "reset",
];

/// The connection to the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// Not yet.
    Connecting,
    /// Events come.
    Live,
    /// Gone since this time, in milliseconds since 1970.
    Lost(u64),
}

/// The node as it is now. Signals: whoever reads them follows.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    status: RwSignal<Option<Status>>,
    blocks: RwSignal<Option<Vec<BlockSummary>>>,
    chain: RwSignal<u64>,
    undone: RwSignal<u64>,
    pool: RwSignal<u64>,
    proved: RwSignal<u64>,
    link: RwSignal<Link>,
    now: RwSignal<u64>,
    failure: RwSignal<Option<Failure>>,
    waiting: StoredValue<Vec<Heard>>,
}

impl Live {
    /// Follows the node from now on, and gives the children its state as a context.
    pub(crate) fn provide() -> Self {
        let live = Self {
            status: RwSignal::new(None),
            blocks: RwSignal::new(None),
            chain: RwSignal::new(0),
            undone: RwSignal::new(0),
            pool: RwSignal::new(0),
            proved: RwSignal::new(0),
            link: RwSignal::new(Link::Connecting),
            now: RwSignal::new(clock_ms()),
            failure: RwSignal::new(None),
            waiting: StoredValue::new(Vec::new()),
        };
        provide_context(live);
        live.connect();
        live.follow_proofs();
        spawn(live.read_status());
        spawn(live.read_blocks());
        set_interval(move || live.now.set(clock_ms()), Duration::from_secs(1));
        live
    }

    /// The node's status, once there is one.
    pub(crate) fn status(self) -> Option<Status> {
        self.status.get()
    }

    /// A part of the status, without a copy of the whole.
    pub(crate) fn with<T>(self, read: impl FnOnce(&Status) -> T) -> Option<T> {
        self.status.with(|status| status.as_ref().map(read))
    }

    /// What a coin is called; nothing before the node said it.
    pub(crate) fn symbol(self) -> String {
        self.with(|status| status.symbol.clone()).unwrap_or_default()
    }

    /// What addresses begin with.
    pub(crate) fn prefix(self) -> Option<Prefix> {
        self.with(|status| status.prefix.parse().ok()).flatten()
    }

    /// What names the chain, and what its addresses begin with.
    pub(crate) fn chain(self) -> Option<(Hash, Prefix)> {
        self.with(|status| Some((status.genesis_hash, status.prefix.parse().ok()?)))
            .flatten()
    }

    /// The newest blocks, newest first; nothing before they were read.
    pub(crate) fn blocks(self) -> Option<Vec<BlockSummary>> {
        self.blocks.get()
    }

    /// Follows the chain: changes with every new tip.
    pub(crate) fn track_chain(self) {
        self.chain.track();
    }

    /// Follows what the chain takes back: changes when blocks were undone, or may have been while nobody heard it.
    pub(crate) fn track_undone(self) {
        self.undone.track();
    }

    /// Follows the mempool.
    pub(crate) fn track_pool(self) {
        self.pool.track();
    }

    /// Follows what was proved of the chain.
    pub(crate) fn track_proved(self) {
        self.proved.track();
    }

    /// Says that something was proved or refused.
    pub(crate) fn mark_proved(self) {
        self.proved.update(|version| *version += 1);
    }

    /// The connection.
    pub(crate) fn link(self) -> Link {
        self.link.get()
    }

    /// Why the node's state is not known.
    pub(crate) fn failure(self) -> Option<Failure> {
        self.failure.get()
    }

    /// The time, which passes once a second.
    pub(crate) fn now(self) -> u64 {
        self.now.get()
    }

    /// Reads everything anew.
    pub(crate) fn retry(self) {
        self.failure.set(None);
        self.reread();
    }

    fn reread(self) {
        spawn(self.read_status());
        spawn(self.read_blocks());
    }

    async fn read_status(self) {
        match api::get::<Status>("/blockchain/status").await {
            Ok(status) => self.take_status(status),
            Err(failure) => {
                self.failure.try_set(Some(failure));
            }
        }
    }

    async fn read_blocks(self) {
        match api::get::<BlockList>(&format!("/blockchain/blocks?limit={RECENT}")).await {
            Ok(list) => {
                self.blocks.try_set(Some(list.blocks));
            }
            Err(failure) => {
                self.failure.try_set(Some(failure));
            }
        }
    }

    fn take_status(self, status: Status) {
        let has_moved = self.status.with_untracked(|known| {
            known
                .as_ref()
                .is_some_and(|known| (known.tip_hash, known.genesis_hash) != (status.tip_hash, status.genesis_hash))
        });
        let is_other_chain = self.status.with_untracked(|known| {
            known
                .as_ref()
                .is_some_and(|known| known.genesis_hash != status.genesis_hash)
        });
        self.failure.set(None);
        self.status.set(Some(status));
        if is_other_chain {
            self.undone.update(|version| *version += 1);
        }
        if has_moved {
            self.chain.update(|version| *version += 1);
        }
    }

    fn connect(self) {
        let Ok(source) = EventSource::new(PATH) else {
            return;
        };
        let heard = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
            let event = message.data().as_string().and_then(|text| event::read(&text));
            if let Some(event) = event {
                self.hear(event);
            }
        });
        for name in NAMES {
            let _ = source.add_event_listener_with_callback(name, heard.as_ref().unchecked_ref());
        }
        heard.forget();
        let opened = Closure::<dyn Fn()>::new(move || {
            let was_lost = matches!(self.link.get_untracked(), Link::Lost(_));
            self.link.set(Link::Live);
            if was_lost {
                // What the stream does not bring again: whether anything changed meanwhile.
                self.reread();
                self.pool.update(|version| *version += 1);
                self.chain.update(|version| *version += 1);
                self.undone.update(|version| *version += 1);
            }
        });
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        opened.forget();
        let failed = Closure::<dyn Fn()>::new({
            let source = source.clone();
            move || {
                if !matches!(self.link.get_untracked(), Link::Lost(_)) {
                    self.link.set(Link::Lost(clock_ms()));
                }
                // Otherwise the browser itself tries again, with the last event's id.
                if source.ready_state() == EventSource::CLOSED {
                    set_timeout(move || self.connect(), RETRY);
                }
            }
        });
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        failed.forget();
    }

    fn hear(self, event: Heard) {
        let is_first = self.waiting.with_value(Vec::is_empty);
        self.waiting.update_value(|waiting| waiting.push(event));
        if is_first {
            set_timeout(move || self.show(), PAUSE);
        }
    }

    /// Shows all that was heard in one step.
    fn show(self) {
        let mut events = Vec::new();
        self.waiting.update_value(|waiting| events = std::mem::take(waiting));
        let mut blocks = self.blocks.get_untracked();
        let (mut has_new_tip, mut has_new_pool, mut reread) = (false, false, false);
        let (mut has_undone, had_blocks) = (false, blocks.is_some());
        for event in events {
            match event {
                Heard::Status(status) => {
                    reread |= blocks
                        .as_ref()
                        .is_none_or(|blocks| tip(blocks) != Some(status.tip_hash));
                    self.take_status(status);
                }
                Heard::Block(block) => {
                    has_new_tip = true;
                    if let Some(blocks) = &mut blocks {
                        reread |= !lay(blocks, block);
                    }
                }
                Heard::Reorganisation { fork_height } => {
                    (has_new_tip, has_undone) = (true, true);
                    if let Some(blocks) = &mut blocks {
                        blocks.retain(|block| block.header.height <= fork_height);
                    }
                }
                Heard::Pool => has_new_pool = true,
                Heard::Reset => (has_new_tip, has_new_pool, reread) = (true, true, true),
            }
        }
        if has_new_tip {
            self.blocks.set(blocks);
            self.chain.update(|version| *version += 1);
        }
        // Blocks that do not lie on those known: what lay between was not heard.
        if has_undone || (reread && had_blocks) {
            self.undone.update(|version| *version += 1);
        }
        if has_new_tip || has_new_pool {
            self.pool.update(|version| *version += 1);
            spawn(self.read_status());
        }
        if reread {
            spawn(self.read_blocks());
        }
    }
}

fn tip(blocks: &[BlockSummary]) -> Option<Hash> {
    blocks.first().map(|block| block.header.hash)
}

/// Lays a block on the newest. False when it does not lie on it.
fn lay(blocks: &mut Vec<BlockSummary>, block: BlockSummary) -> bool {
    if blocks.iter().any(|known| known.header.hash == block.header.hash) {
        return true;
    }
    let fits = tip(blocks) == Some(block.header.previous_hash);
    if fits {
        blocks.insert(0, block);
        blocks.truncate(RECENT);
    }
    fits
}

/// The node's state.
pub(crate) fn use_live() -> Live {
    use_context().expect("the application provides it before any view")
}

/// This machine's time, in milliseconds since 1970.
pub(crate) fn clock_ms() -> u64 {
    js_sys::Date::now() as u64
}

/// How long ago something was, kept up to date.
pub(crate) fn ago(live: Live, then_ms: u64) -> impl Fn() -> String + Copy + Send + Sync + 'static {
    move || time::ago(live.now(), then_ms)
}
