//! The HTTP interface. Every route is visible here; a file of `http/` holds its handlers.

mod accounts;
mod answer;
mod blocks;
mod classroom;
mod config;
mod connections;
mod context;
mod convert;
mod edge;
mod events;
mod extract;
mod fees;
mod forks;
mod guard;
mod map;
mod metrics;
mod mining;
mod nodes;
mod origin;
mod page;
mod page_of;
mod problem;
mod proof;
mod retired;
mod socket;
mod status;
mod stream;
mod tracked;
mod transactions;

use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::{
    Router,
    http::{Extensions, HeaderMap, StatusCode, Version, header},
    middleware,
};
use tokio::{net::TcpListener, sync::watch};
use tower_http::{CompressionLevel, compression::CompressionLayer};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use config::HttpConfig;
pub use origin::{InvalidOrigin, Origin};

use crate::node::Node;
use context::Context;
use edge::Edge;
use guard::Guard;
use metrics::Metrics;

/// Answers below this length are sent as they are.
const MIN_COMPRESSED: u64 = 1_024;

/// What the description says of the whole.
#[derive(OpenApi)]
#[openapi(info(
    title = "Cairn",
    description = "The HTTP interface of a Cairn node. Amounts are decimal strings of base units; hashes, keys and \
                   signatures are lower-case hex; every error is a problem (RFC 9457) with a stable `code`.",
    license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
))]
struct Description;

/// All routes. Transfers come in by the thousand, so nothing is compressed on their way.
fn routes() -> OpenApiRouter<Arc<Context>> {
    let read = OpenApiRouter::new()
        .routes(routes!(status::status))
        .routes(routes!(blocks::chain))
        .routes(routes!(blocks::blocks))
        .routes(routes!(blocks::block))
        .routes(routes!(blocks::headers))
        .routes(routes!(proof::proof))
        .routes(routes!(proof::parameters))
        .routes(routes!(events::events))
        .routes(routes!(transactions::pending))
        .routes(routes!(transactions::transaction))
        .routes(routes!(accounts::account))
        .routes(routes!(accounts::history))
        .routes(routes!(fees::fees))
        .routes(routes!(mining::mine_by_query, mining::mine_by_body))
        .routes(routes!(nodes::known))
        .routes(routes!(nodes::resolve))
        .routes(routes!(nodes::own))
        .routes(routes!(map::map))
        .routes(routes!(forks::forks))
        .routes(routes!(classroom::network))
        .routes(routes!(page::description))
        .routes(routes!(metrics::metrics))
        .fallback(page::fallback)
        .layer(
            CompressionLayer::new()
                .quality(CompressionLevel::Fastest)
                .compress_when(is_worth_compressing),
        );
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(transactions::new))
        .routes(routes!(transactions::batch))
        .routes(routes!(nodes::register))
        .routes(routes!(classroom::cut))
        .routes(routes!(classroom::join))
        .routes(routes!(retired::new_wallet))
        .routes(routes!(retired::generate_transaction))
        .routes(routes!(status::healthy))
        .routes(routes!(status::ready))
        .merge(read)
        .layer(middleware::from_fn(edge::remember_route))
}

fn is_worth_compressing(status: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &header::HeaderValue| value.to_str().ok())
    };
    let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let is_text = content_type.starts_with("text/") && content_type != "text/event-stream"
        || [
            "application/json",
            "application/wasm",
            "application/openmetrics-text",
            "image/svg+xml",
        ]
        .iter()
        .any(|known| content_type.starts_with(known));
    let is_short = text(header::CONTENT_LENGTH)
        .and_then(|length| length.parse::<u64>().ok())
        .is_some_and(|length| length < MIN_COMPRESSED);
    status == StatusCode::OK && is_text && !is_short
}

/// The OpenAPI 3.1 document, as `/blockchain/openapi.json` answers it.
///
/// # Errors
/// Never, unless the types cannot be described.
pub fn openapi() -> Result<String> {
    let mut document = routes().into_openapi();
    document.info.version = env!("CARGO_PKG_VERSION").to_owned();
    document.to_pretty_json().context("the interface cannot be described")
}

/// Serves the interface and the page on `listener`, by HTTPS if the configuration has an identity, until `shutdown` ends; then finishes the requests at work.
///
/// # Errors
/// When the listener has no address.
pub async fn serve(
    listener: TcpListener,
    node: Node,
    config: HttpConfig,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<()> {
    let address = listener.local_addr().context("the listener has no address")?;
    let guard = Guard::new(
        address.port(),
        config.tls.is_some(),
        &config.allow_hosts,
        &config.allow_origins,
    );
    let metrics = Arc::new(Metrics::default());
    let (stopping, stopped) = watch::channel(false);
    let context = Context::new(node, config.clone(), Arc::clone(&metrics), stopped, openapi()?.into());
    let (router, _) = routes().split_for_parts();
    let router: Router = router.with_state(Arc::new(context));
    let edge = Edge::new(router, guard, metrics, config.clone());
    connections::serve(listener, edge, &config, stopping, shutdown).await;
    Ok(())
}
