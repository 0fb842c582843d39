//! What the HTTP interface can be told, and the limits that it always keeps.

use std::time::Duration;

use super::origin::Origin;
use crate::{classroom::Classroom, p2p::Peers, tls::Identity};

/// The greatest body of a request that sends one thing, in bytes.
pub(crate) const MAX_BODY: usize = 16 * 1024;
/// The greatest body of a request that sends a batch, in bytes.
pub(crate) const MAX_BATCH_BODY: usize = 256 * 1024;
/// How much of a body that is too large is read and thrown away, so that the sender sees the answer.
pub(crate) const MAX_DISCARD: usize = 16 * 1024 * 1024;
/// The greatest path and query, in bytes.
pub(crate) const MAX_URI: usize = 4 * 1024;
/// The greatest head of a request, in bytes.
pub(crate) const MAX_HEAD: usize = 32 * 1024;
/// The greatest number of a request's header fields.
pub(crate) const MAX_HEADERS: usize = 64;
/// The greatest number of transfers in a batch.
pub(crate) const MAX_BATCH: usize = 100;
/// The greatest number of blocks that one request mines.
pub(crate) const MAX_MINE: u64 = 1_000;

/// How the HTTP interface behaves.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Names under which requests may ask for the node, besides `127.0.0.1`, `[::1]` and `localhost` with the port on
    /// which it listens: `name` stands for every port, `name:port` for one.
    pub allow_hosts: Vec<String>,
    /// Other nodes that its page may ask for their proof of the chain.
    pub witnesses: Vec<Origin>,
    /// Pages of other nodes that may ask this one for its proof of the chain.
    pub allow_origins: Vec<Origin>,
    /// The node's part in the network; without, it stands alone.
    pub peers: Option<Peers>,
    /// The other nodes of the same process, if it runs several.
    pub classroom: Option<Classroom>,
    /// As whom the node serves HTTPS; without, it serves plain HTTP.
    pub tls: Option<Identity>,
    /// How many connections there may be at once. One more is answered 503 and closed.
    pub max_connections: usize,
    /// How many of these may listen for events.
    pub max_event_streams: usize,
    /// How long a TLS handshake may take, from the connection on.
    pub handshake_timeout: Duration,
    /// How long the head of a request may take; an idle connection is closed after this time too.
    pub head_timeout: Duration,
    /// How long the body of a request may take.
    pub body_timeout: Duration,
    /// How long a request may take as a whole, before its answer begins. Mining has its own limit.
    pub request_timeout: Duration,
    /// How long a client may read nothing of an answer that waits for it.
    pub write_timeout: Duration,
    /// How long one request may mine.
    pub mining_timeout: Duration,
    /// How long requests at work may take to finish once the node stops.
    pub stop_timeout: Duration,
    /// How often a silent stream of events shows that it is alive.
    pub heartbeat: Duration,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            allow_hosts: Vec::new(),
            witnesses: Vec::new(),
            allow_origins: Vec::new(),
            peers: None,
            classroom: None,
            tls: None,
            max_connections: 512,
            max_event_streams: 256,
            handshake_timeout: Duration::from_secs(10),
            head_timeout: Duration::from_secs(15),
            body_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(20),
            mining_timeout: Duration::from_secs(60),
            stop_timeout: Duration::from_secs(5),
            heartbeat: Duration::from_secs(15),
        }
    }
}
