//! The page, embedded at build time: its files, its deep links, and the small page about the interface under `/docs`.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use std::sync::Arc;

use super::{
    answer::{Holds, tagged},
    context::Context,
    guard::is_api,
    problem::Problem,
};

/// A file of the page. `build.rs` writes the table of them.
#[derive(Debug)]
struct File {
    /// As in the URL, with a slash at its start.
    path: &'static str,
    content_type: &'static str,
    tag: &'static str,
    /// Whether its name changes with its content.
    immutable: bool,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// Shown in place of the page when there was none at build time.
const NO_PAGE: File = File {
    path: "/index.html",
    content_type: "text/html; charset=utf-8",
    tag: "\"no-page\"",
    immutable: false,
    plain: include_bytes!("docs/no-page.html"),
    brotli: None,
};

const DOCS: [File; 3] = [
    File {
        path: "/docs",
        content_type: "text/html; charset=utf-8",
        tag: concat!("\"docs-", env!("CARGO_PKG_VERSION"), "\""),
        immutable: false,
        plain: include_bytes!("docs/docs.html"),
        brotli: None,
    },
    File {
        path: "/docs/docs.js",
        content_type: "text/javascript; charset=utf-8",
        tag: concat!("\"docs-", env!("CARGO_PKG_VERSION"), "\""),
        immutable: false,
        plain: include_bytes!("docs/docs.js"),
        brotli: None,
    },
    File {
        path: "/docs/docs.css",
        content_type: "text/css; charset=utf-8",
        tag: concat!("\"docs-", env!("CARGO_PKG_VERSION"), "\""),
        immutable: false,
        plain: include_bytes!("docs/docs.css"),
        brotli: None,
    },
];

/// What no route answers: a file of the page, a place in the page, or nothing.
pub(crate) async fn fallback(State(_): State<Arc<Context>>, request: Request) -> Response {
    let (method, path, headers) = (request.method(), request.uri().path(), request.headers());
    if is_api(path) {
        let detail = "There is no such route; /blockchain/openapi.json lists them, and /docs shows them.";
        return Problem::not_found("route-not-found", detail).into_response();
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        let detail = "The page is only read: GET or HEAD.";
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail);
        return ([(header::ALLOW, HeaderValue::from_static("GET,HEAD"))], problem).into_response();
    }
    let found = find(path);
    match found {
        Some(file) => send(file, headers),
        None if is_place(path) || wants_html(path, headers) => send(index(), headers),
        None => Problem::not_found("file-not-found", "The page has no such file.").into_response(),
    }
}

fn find(path: &str) -> Option<&'static File> {
    if let Some(file) = DOCS.iter().find(|file| file.path == path.trim_end_matches('/')) {
        return Some(file);
    }
    let index = FILES.binary_search_by(|file| file.path.cmp(path)).ok()?;
    FILES.get(index)
}

fn index() -> &'static File {
    find("/index.html").unwrap_or(&NO_PAGE)
}

/// Whether the page has something to show at a path.
fn is_place(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    matches!(first, "" | "wallet" | "explorer" | "mempool" | "network" | "check") && !has_extension(path)
}

/// Whether a person asks, who is better served by the page saying that there is nothing here.
fn wants_html(path: &str, headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html")) && !has_extension(path)
}

fn has_extension(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.contains('.'))
}

fn send(file: &'static File, headers: &HeaderMap) -> Response {
    let holds = if file.immutable { Holds::Ever } else { Holds::Now };
    let mut response = tagged(headers, file.tag, holds, || {
        let (bytes, coding) = match file.brotli {
            Some(brotli) if accepts_brotli(headers) => (brotli, Some("br")),
            _ => (file.plain, None),
        };
        let mut response = Response::new(Body::from(Bytes::from_static(bytes)));
        let fields = response.headers_mut();
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        if let Some(coding) = coding {
            fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        response
    });
    let vary = HeaderValue::from_static("accept-encoding");
    if file.brotli.is_some() {
        response.headers_mut().append(header::VARY, vary);
    }
    response
}

/// Whether `Accept-Encoding` names `br`, and not with the weight 0.
fn accepts_brotli(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let is_brotli = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br"));
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            is_brotli && weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0))
        })
}

/// The description of the interface: OpenAPI 3.1.
#[utoipa::path(
    get, path = "/blockchain/openapi.json", tag = "Running",
    responses((status = 200, description = "This document", content_type = "application/json", body = serde_json::Value)),
)]
pub(crate) async fn description(State(context): State<Arc<Context>>, headers: HeaderMap) -> Response {
    let tag = concat!("W/\"openapi-", env!("CARGO_PKG_VERSION"), "\"");
    tagged(&headers, tag, Holds::Now, || {
        let content_type = HeaderValue::from_static("application/json");
        (
            [(header::CONTENT_TYPE, content_type)],
            Body::from(context.description.clone()),
        )
            .into_response()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn brotli_is_sent_to_those_who_take_it() {
        for yes in ["br", "gzip, br", "gzip, BR;q=0.5", "br;q=1"] {
            assert!(accepts_brotli(&accepting(yes)), "{yes}");
        }
        for no in ["gzip", "br;q=0", "br;q=0.0", "", "brotli", "*"] {
            assert!(!accepts_brotli(&accepting(no)), "{no}");
        }
    }

    #[test]
    fn places_of_the_page_are_known() {
        for place in [
            "/",
            "/wallet",
            "/wallet/send",
            "/explorer/blocks/5",
            "/mempool",
            "/network",
            "/check",
        ] {
            assert!(is_place(place), "{place}");
        }
        for other in ["/wallet/app.js", "/walletx", "/blockchain/x", "/favicon.ico"] {
            assert!(!is_place(other), "{other}");
        }
    }

    #[test]
    fn files_are_sorted_and_unnamed_ones_are_not_found() {
        assert!(FILES.is_sorted_by_key(|file| file.path));
        assert!(find("/docs/").is_some());
        assert!(find("/../Cargo.toml").is_none());
        assert!(!index().plain.is_empty());
    }
}
