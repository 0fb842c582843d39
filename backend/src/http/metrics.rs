//! `/metrics`: what is counted, in the text format of Prometheus.

use std::{
    fmt::{self, Write as _},
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

use super::{context::Context, problem::Problem};

/// What a text of metrics ends with (OpenMetrics 1.0, section 3.1).
const END: &str = "# EOF\n";

/// By which requests are told apart. The route is a template, so that there are few.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: &'static str,
    route: Route,
    status: u16,
}

/// A route's template.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Route(Arc<str>);

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        encoder.write_str(&self.0)
    }
}

/// All counters of one node's HTTP interface.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    seconds: Histogram,
    connections: Gauge,
    pub(crate) turned_away: Counter,
    pub(crate) event_streams: Gauge,
    pub(crate) transfers_accepted: Counter,
    pub(crate) transfers_refused: Counter,
    height: Gauge<u64, AtomicU64>,
    tip_timestamp: Gauge<f64, AtomicU64>,
    mining: Gauge,
    pending: Gauge<u64, AtomicU64>,
    pending_bytes: Gauge<u64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("cairn");
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", version);
        let buckets = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];
        let metrics = Self {
            seconds: Histogram::new(buckets),
            requests: Family::default(),
            connections: Gauge::default(),
            turned_away: Counter::default(),
            event_streams: Gauge::default(),
            transfers_accepted: Counter::default(),
            transfers_refused: Counter::default(),
            height: Gauge::default(),
            tip_timestamp: Gauge::default(),
            mining: Gauge::default(),
            pending: Gauge::default(),
            pending_bytes: Gauge::default(),
            registry,
        };
        metrics.registered()
    }
}

impl Metrics {
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register(
            "http_requests",
            "Requests, by method, route and status",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "Time from a request's head to its answer's",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register("http_connections", "Open connections", self.connections.clone());
        registry.register(
            "http_connections_turned_away",
            "Connections beyond the limit",
            self.turned_away.clone(),
        );
        registry.register(
            "http_event_streams",
            "Connections that listen for events",
            self.event_streams.clone(),
        );
        registry.register(
            "transfers_accepted",
            "Transfers taken over HTTP",
            self.transfers_accepted.clone(),
        );
        registry.register(
            "transfers_refused",
            "Transfers refused over HTTP by a rule",
            self.transfers_refused.clone(),
        );
        registry.register("height", "Height of the newest block", self.height.clone());
        registry.register_with_unit(
            "tip_timestamp",
            "Timestamp of the newest block",
            Unit::Seconds,
            self.tip_timestamp.clone(),
        );
        registry.register("mining", "1 if the node mines all the time", self.mining.clone());
        registry.register("pending_transfers", "Pending transfers", self.pending.clone());
        registry.register_with_unit(
            "pending",
            "Their encoded length",
            Unit::Bytes,
            self.pending_bytes.clone(),
        );
        self
    }

    pub(crate) fn observe(&self, method: &'static str, route: Arc<str>, status: u16, elapsed: Duration) {
        let labels = Labels {
            method,
            route: Route(route),
            status,
        };
        self.requests.get_or_create(&labels).inc();
        self.seconds.observe(elapsed.as_secs_f64());
    }

    /// Counts a connection until the answer is dropped.
    pub(crate) fn open_connection(&self) -> Open {
        Open::new(&self.connections)
    }

    /// Counts a stream of events until the answer is dropped.
    pub(crate) fn open_event_stream(&self) -> Open {
        Open::new(&self.event_streams)
    }
}

/// One of the things that a gauge counts.
pub(crate) struct Open(Gauge);

impl Open {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Everything that is counted, for Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "Running",
    responses((status = 200, description = "OpenMetrics text", content_type = "application/openmetrics-text", body = String)),
)]
pub(crate) async fn metrics(State(context): State<Arc<Context>>) -> Result<Response, Problem> {
    let metrics = &context.metrics;
    let view = context.node.view();
    metrics.height.set(view.tip().height());
    let milliseconds = Duration::from_millis(view.tip().headers().header().timestamp);
    metrics.tip_timestamp.set(milliseconds.as_secs_f64());
    metrics.mining.set(i64::from(context.node.config().mine));
    metrics.pending.set(view.mempool().len() as u64);
    metrics.pending_bytes.set(view.mempool().bytes() as u64);
    let mut text = String::new();
    if let Some(peers) = &context.config.peers {
        text = peers.metrics().map_err(Problem::internal)?;
        // Both registries end the text, and it ends once.
        text.truncate(text.strip_suffix(END).unwrap_or(&text).len());
    }
    encode(&mut text, &metrics.registry).map_err(Problem::internal)?;
    let content_type = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, content_type)], text).into_response())
}
