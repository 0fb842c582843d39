//! What is counted of the network, beside what the library counts itself.

use libp2p::metrics::{Metrics as Library, Recorder, Registry};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
};

/// By which offences are told apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: &'static str,
}

/// By which requests are told apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// The counters of one node's network.
pub(super) struct Metrics {
    library: Library,
    pub(super) peers: Gauge,
    pub(super) bans: Gauge,
    pub(super) headers: Gauge,
    pub(super) block_bytes: Gauge,
    pub(super) pauses: Counter,
    offences: Family<Code, Counter>,
    refused: Family<Kind, Counter>,
    served: Family<Kind, Counter>,
    asked: Family<Kind, Counter>,
}

impl Metrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let library = Library::new(registry);
        let metrics = Self {
            library,
            peers: Gauge::default(),
            bans: Gauge::default(),
            headers: Gauge::default(),
            block_bytes: Gauge::default(),
            pauses: Counter::default(),
            offences: Family::default(),
            refused: Family::default(),
            served: Family::default(),
            asked: Family::default(),
        };
        let own = registry.sub_registry_with_prefix("cairn_p2p");
        own.register("peers", "Connected peers on the same chain", metrics.peers.clone());
        own.register("bans", "Peers and addresses that are banned", metrics.bans.clone());
        own.register(
            "headers",
            "Headers beside the chain that are kept",
            metrics.headers.clone(),
        );
        own.register(
            "block_bytes",
            "Bytes of blocks that wait for their turn or for the writer",
            metrics.block_bytes.clone(),
        );
        own.register(
            "pauses",
            "Pieces of news after which no more was read for a moment, as peers told too much together",
            metrics.pauses.clone(),
        );
        own.register("offences", "Offences of peers, by code", metrics.offences.clone());
        own.register(
            "connections_refused",
            "Connections refused, failed, or given up, by the reason",
            metrics.refused.clone(),
        );
        own.register("requests_served", "Requests of peers, by kind", metrics.served.clone());
        own.register("requests_sent", "Requests to peers, by kind", metrics.asked.clone());
        metrics
    }

    pub(super) fn offence(&self, code: &'static str) {
        self.offences.get_or_create(&Code { code }).inc();
    }

    pub(super) fn refused(&self, kind: &'static str) {
        self.refused.get_or_create(&Kind { kind }).inc();
    }

    pub(super) fn served(&self, kind: &'static str) {
        self.served.get_or_create(&Kind { kind }).inc();
    }

    pub(super) fn asked(&self, kind: &'static str) {
        self.asked.get_or_create(&Kind { kind }).inc();
    }
}

impl<E> Recorder<E> for Metrics
where
    Library: Recorder<E>,
{
    fn record(&self, event: &E) {
        self.library.record(event);
    }
}
