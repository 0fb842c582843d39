//! What every handler is given.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use shared::hash::Hash;
use tokio::sync::{Semaphore, watch};

use super::{config::HttpConfig, metrics::Metrics, problem::Problem, proof::Proofs};
use crate::{
    node::{Node, View},
    store::StoreError,
};

/// The node, and what the interface keeps beside it.
pub(crate) struct Context {
    pub(crate) node: Node,
    pub(crate) config: HttpConfig,
    pub(crate) metrics: Arc<Metrics>,
    /// True once the node stops.
    pub(crate) stopping: watch::Receiver<bool>,
    /// Room for streams of events.
    pub(crate) event_streams: Arc<Semaphore>,
    /// The OpenAPI document.
    pub(crate) description: Bytes,
    pub(crate) proofs: Proofs,
    pace: Mutex<Option<(Hash, Pace)>>,
}

/// How fast the last blocks came.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pace {
    pub(crate) mean_interval_ms: Option<u64>,
    pub(crate) hash_rate: Option<shared::api::Decimal>,
}

impl Context {
    pub(crate) fn new(
        node: Node,
        config: HttpConfig,
        metrics: Arc<Metrics>,
        stopping: watch::Receiver<bool>,
        description: Bytes,
    ) -> Self {
        Self {
            event_streams: Arc::new(Semaphore::new(config.max_event_streams)),
            node,
            config,
            metrics,
            stopping,
            description,
            proofs: Proofs::default(),
            pace: Mutex::new(None),
        }
    }

    /// Whether the node is stopping.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// The pace at a tip: reckoned once.
    ///
    /// # Errors
    /// Those of `reckon`.
    pub(crate) fn pace(
        &self,
        tip: Hash,
        reckon: impl FnOnce() -> Result<Pace, StoreError>,
    ) -> Result<Pace, StoreError> {
        let mut known = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, pace)) = *known
            && at == tip
        {
            return Ok(pace);
        }
        let pace = reckon()?;
        *known = Some((tip, pace));
        Ok(pace)
    }

    /// Reads from the newest moment of the node, on a thread that may wait for the disk.
    ///
    /// # Errors
    /// Those of `read`.
    pub(crate) async fn read<T: Send + 'static>(
        self: Arc<Self>,
        read: impl FnOnce(&Self, &View) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let view = self.node.view();
        tokio::task::spawn_blocking(move || read(&self, &view))
            .await
            .map_err(Problem::internal)?
    }
}

/// A store that cannot be read is a fault of ours.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal(error)
    }
}
