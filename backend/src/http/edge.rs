//! What every request passes on its way in and every answer on its way out: the guard, the clock, the log, the headers.

use std::{convert::Infallible, panic::AssertUnwindSafe, pin::Pin, sync::Arc, time::Instant};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use http_body::Body as _;
use hyper::{body::Incoming, service::Service};
use tower::ServiceExt;

use super::{
    config::{HttpConfig, MAX_URI},
    guard::{Guard, is_api},
    metrics::Metrics,
    origin::Origin,
    problem::Problem,
    tracked::Tracked,
};

/// What a page of this node may do. Everything that it loads comes from the node itself; what it asks may go to the
/// witnesses too that the node's owner names.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; font-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PERMISSIONS_POLICY: &str = "camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), \
    payment=(), usb=(), serial=(), hid=(), browsing-topics=()";

/// The headers that every answer carries, besides the policy.
const SECURITY_HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY),
];

/// Wraps the routes for the connections. Clones are the same.
#[derive(Clone)]
pub(crate) struct Edge(Arc<Inner>);

struct Inner {
    routes: Router,
    guard: Guard,
    metrics: Arc<Metrics>,
    config: HttpConfig,
    policy: HeaderValue,
    page: Arc<str>,
    unknown: Arc<str>,
}

impl Edge {
    pub(crate) fn new(routes: Router, guard: Guard, metrics: Arc<Metrics>, config: HttpConfig) -> Self {
        Self(Arc::new(Inner {
            routes,
            guard,
            metrics,
            policy: policy(&config.witnesses),
            config,
            page: "page".into(),
            unknown: "unknown".into(),
        }))
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }
}

impl Inner {
    async fn answer(&self, request: Request) -> Response {
        let started = Instant::now();
        let method = method_name(request.method());
        let is_api = is_api(request.uri().path());
        let mut response = self.guarded(request).await;
        harden(&mut response, &self.policy);
        let status = response.status().as_u16();
        let route = match response.extensions().get::<MatchedPath>() {
            Some(matched) => Arc::from(matched.as_str()),
            None if is_api => Arc::clone(&self.unknown),
            None => Arc::clone(&self.page),
        };
        let elapsed = started.elapsed();
        tracing::info!(
            method,
            route = &*route,
            status,
            ms = elapsed.as_secs_f64() * 1e3,
            "request"
        );
        self.metrics.observe(method, route, status, elapsed);
        response
    }

    async fn guarded(&self, request: Request) -> Response {
        let uri = request.uri();
        if uri.path_and_query().is_some_and(|path| path.as_str().len() > MAX_URI) {
            let detail = format!("A path with its query has at most {MAX_URI} bytes.");
            return Problem::new(StatusCode::URI_TOO_LONG, "uri-too-long", detail).into_response();
        }
        if let Err(problem) = self.guard.check(request.method(), uri, request.headers()) {
            return problem.into_response();
        }
        let allowed = if uri.path().starts_with("/blockchain/mine") {
            self.config.mining_timeout + self.config.request_timeout
        } else {
            self.config.request_timeout
        };
        let answer = AssertUnwindSafe(self.routes.clone().oneshot(request)).catch_unwind();
        match tokio::time::timeout(allowed, answer).await {
            Ok(Ok(Ok(response))) => named(response),
            Ok(Err(_)) => Problem::internal("a handler panicked").into_response(),
            Err(_) => {
                let detail = "The node did not get to the request in time; try again later.";
                Problem::unavailable("request-timeout", detail).into_response()
            }
        }
    }
}

impl Service<hyper::Request<Incoming>> for Edge {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn call(&self, request: hyper::Request<Incoming>) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            if body.is_end_stream() {
                return Ok(inner.answer(Request::from_parts(parts, Body::empty())).await);
            }
            let (body, progress) = Tracked::new(body);
            let mut response = inner.answer(Request::from_parts(parts, Body::new(body))).await;
            if !progress.is_read() {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            Ok(response)
        })
    }
}

/// Remembers the route's template in the answer, where the log finds it.
pub(crate) async fn remember_route(matched: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(matched) = matched {
        response.extensions_mut().insert(matched);
    }
    response
}

/// A method as a label: few, whatever clients make up.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "PATCH" => "PATCH",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Gives the framework's own refusal of a method the body that every refusal has.
fn named(response: Response) -> Response {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED || response.headers().contains_key(header::CONTENT_TYPE) {
        return response;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    let methods = allow.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let detail = format!("This route answers to {methods} alone.");
    let mut named = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail).into_response();
    if let Some(allow) = allow {
        named.headers_mut().insert(header::ALLOW, allow);
    }
    *named.extensions_mut() = response.extensions().clone();
    named
}

/// The page's policy, with the other nodes that it may ask.
fn policy(witnesses: &[Origin]) -> HeaderValue {
    const OWN: &str = "connect-src 'self'";
    let sources = witnesses
        .iter()
        .fold(OWN.to_owned(), |list, witness| format!("{list} {witness}"));
    // An origin has no byte that a header may not have.
    HeaderValue::try_from(CONTENT_SECURITY_POLICY.replace(OWN, &sources))
        .unwrap_or(HeaderValue::from_static(CONTENT_SECURITY_POLICY))
}

fn harden(response: &mut Response, policy: &HeaderValue) {
    let headers = response.headers_mut();
    headers.reserve(SECURITY_HEADERS.len() + 1);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
