//! What the swarm and the driver find out, for all to see.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;

use super::view::{Listed, Peer, PeerBan};
use crate::sync::{PeerKey, PeerState, Progress};

/// What is known of the network at the moment.
#[derive(Default)]
pub(super) struct Shared {
    swarm: Mutex<SwarmState>,
    sync: ArcSwap<SyncState>,
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
    pub(super) peers: BTreeMap<PeerKey, PeerState>,
}

impl Shared {
    pub(super) fn swarm(&self) -> MutexGuard<'_, SwarmState> {
        self.swarm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sync(&self) -> Arc<SyncState> {
        self.sync.load_full()
    }

    pub(super) fn set_sync(&self, progress: Progress, peers: Vec<PeerState>) {
        let peers = peers.into_iter().map(|state| (state.peer, state)).collect();
        self.sync.store(Arc::new(SyncState {
            progress: Some(progress),
            peers,
        }));
    }

    /// How many blocks of peers became the tip.
    pub(super) fn followed(&self) -> u64 {
        self.followed.load(Ordering::Relaxed)
    }

    pub(super) fn count_followed(&self) {
        self.followed.fetch_add(1, Ordering::Relaxed);
    }
}
