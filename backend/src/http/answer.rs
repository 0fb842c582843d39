//! Answers as JSON, with tags by which a client asks whether anything has changed.

use std::hash::{DefaultHasher, Hasher};

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Serialize;

use super::problem::Problem;

/// How long an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Until something happens: the client asks again each time, with the tag.
    Now,
    /// For ever: it was named by its hash.
    Ever,
    /// It may not be kept at all.
    Never,
}

impl Holds {
    pub(crate) const fn cache_control(self) -> &'static str {
        match self {
            Self::Now => "no-cache",
            Self::Ever => "private, max-age=31536000, immutable",
            Self::Never => "no-store",
        }
    }
}

/// A JSON answer, complete and in bytes.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Result<Response, Problem> {
    Ok(json_bytes(
        status,
        serde_json::to_vec(value).map_err(Problem::internal)?.into(),
    ))
}

fn json_bytes(status: StatusCode, bytes: Bytes) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(Holds::Never.cache_control()),
    );
    response
}

/// A JSON answer with a tag, or 304 if the client has it already.
pub(crate) fn tagged_json(request: &HeaderMap, holds: Holds, value: &impl Serialize) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(value).map_err(Problem::internal)?;
    let mut hasher = DefaultHasher::new();
    hasher.write(&bytes);
    // Weak, for the same answer may be compressed or not.
    let tag = format!("W/\"{:016x}\"", hasher.finish());
    Ok(tagged(request, &tag, holds, || {
        json_bytes(StatusCode::OK, bytes.into())
    }))
}

/// An answer with a tag, or 304 if the client has it already.
pub(crate) fn tagged(request: &HeaderMap, tag: &str, holds: Holds, answer: impl FnOnce() -> Response) -> Response {
    let mut response = if is_known(request, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        answer()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(holds.cache_control()));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Whether one of the tags of `If-None-Match` is this one; weak and strong ones compare alike.
pub(crate) fn is_known(request: &HeaderMap, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == "*" || bare(known) == bare(tag))
}
