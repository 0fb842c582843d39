//! What the swarm and the driver find out, for all to see.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;

use super::view::{Listed, Peer, PeerBan, Told};
use crate::sync::{Held, Neighbour, PeerKey, PeerState, Progress, Seen};

/// What is known of the network at the moment.
#[derive(Default)]
pub(super) struct Shared {
    swarm: Mutex<SwarmState>,
    sync: ArcSwap<SyncState>,
    seen: ArcSwap<Vec<Seen>>,
    followed: AtomicU64,
}

/// The swarm's part.
#[derive(Debug, Default, Clone)]
pub(super) struct SwarmState {
    /// Where the node listens, as multiaddresses with its id.
    pub(super) addresses: Vec<String>,
    /// The peers that follow the same chain.
    pub(super) peers: BTreeMap<PeerKey, Peer>,
    /// The nodes that the operator named.
    pub(super) nodes: Vec<Listed>,
    pub(super) bans: Vec<PeerBan>,
}

/// The driver's part.
#[derive(Debug, Default)]
pub(super) struct SyncState {
    pub(super) progress: Option<Progress>,
    pub(super) held: Held,
    pub(super) peers: BTreeMap<PeerKey, PeerState>,
    /// Whom the peers say they are connected to.
    pub(super) told: BTreeMap<PeerKey, Word>,
}

/// What a peer says of others, and the same as it is shown.
#[derive(Debug, Clone)]
pub(super) struct Word {
    neighbours: Arc<[Neighbour]>,
    pub(super) told: Arc<[Told]>,
}

impl Shared {
    pub(super) fn swarm(&self) -> MutexGuard<'_, SwarmState> {
        self.swarm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sync(&self) -> Arc<SyncState> {
        self.sync.load_full()
    }

    pub(super) fn set_sync(&self, progress: Progress, held: Held, peers: Vec<PeerState>) {
        let before = self.sync();
        let told = peers.iter().map(|state| {
            let again = before.told.get(&state.peer);
            let again = again.filter(|word| Arc::ptr_eq(&word.neighbours, &state.neighbours));
            let word = again.cloned().unwrap_or_else(|| Word {
                neighbours: Arc::clone(&state.neighbours),
                told: state.neighbours.iter().filter_map(Told::of).collect(),
            });
            (state.peer, word)
        });
        let told = told.collect();
        let peers = peers.into_iter().map(|state| (state.peer, state)).collect();
        self.sync.store(Arc::new(SyncState {
            progress: Some(progress),
            held,
            peers,
            told,
        }));
    }

    /// Headers of recent blocks that are not in the chain.
    pub(super) fn seen(&self) -> Arc<Vec<Seen>> {
        self.seen.load_full()
    }

    pub(super) fn set_seen(&self, seen: Vec<Seen>) {
        self.seen.store(Arc::new(seen));
    }

    /// How many blocks of peers became the tip.
    pub(super) fn followed(&self) -> u64 {
        self.followed.load(Ordering::Relaxed)
    }

    pub(super) fn count_followed(&self, blocks: u64) {
        self.followed.fetch_add(blocks, Ordering::Relaxed);
    }
}
