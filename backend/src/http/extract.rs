//! What requests carry: paths, queries and bodies, each read with limits and refused with a code.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest, FromRequestParts, Request, rejection::PathRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use super::{
    config::{MAX_BATCH_BODY, MAX_BODY},
    context::Context,
    problem::{Problem, sentence},
};

/// The one variable of a path, decoded.
pub(crate) struct Path(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Path {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::<String>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(text)| Self(text))
            .map_err(|rejection| match rejection {
                PathRejection::FailedToDeserializePathParams(error) => {
                    Problem::bad_request("path-invalid", sentence(&error.body_text()))
                }
                other => Problem::internal(other),
            })
    }
}

/// The query's parameters. What a route does not know is refused, so that a misspelt name is noticed.
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        if !is_utf8_encoded(query.as_bytes()) {
            return Err(Problem::bad_request("query-invalid", "The query is not valid UTF-8."));
        }
        serde_urlencoded::from_str(query)
            .map(Self)
            .map_err(|error| Problem::bad_request("query-invalid", sentence(&format!("the query: {error}"))))
    }
}

/// A body as JSON or as a form, by its `Content-Type`, of at most `LIMIT` bytes.
pub(crate) struct Input<T, const LIMIT: usize = MAX_BODY>(pub(crate) T);

/// A body with a batch.
pub(crate) type BatchInput<T> = Input<T, MAX_BATCH_BODY>;

impl<T: DeserializeOwned, const LIMIT: usize> FromRequest<Arc<Context>> for Input<T, LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, context: &Arc<Context>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let form = Form::of(&parts.headers)?;
        let bytes = read(&parts.headers, body, LIMIT, context.config.body_timeout).await?;
        form.parse(&bytes).map(Self)
    }
}

/// As [`Input`], where no body at all stands for the defaults.
pub(crate) struct OptionalInput<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<Arc<Context>> for OptionalInput<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, context: &Arc<Context>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(&parts.headers, body, MAX_BODY, context.config.body_timeout).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        Form::of(&parts.headers)?.parse(&bytes).map(Self)
    }
}

/// How a body is written.
enum Form {
    Json,
    Fields,
}

impl Form {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let refused =
            |detail: &'static str| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type-unsupported", detail);
        if headers
            .get(header::CONTENT_ENCODING)
            .is_some_and(|coding| coding != "identity")
        {
            return Err(refused("A body is sent without Content-Encoding."));
        }
        let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let mut parts = value.unwrap_or_default().split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let charset_is_known = parts.all(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            !name.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        });
        if !charset_is_known {
            return Err(refused("A body is UTF-8."));
        }
        let is_json = name.eq_ignore_ascii_case("application/json")
            || (name.len() > 17 && name.is_char_boundary(12) && {
                let (head, tail) = name.split_at(12);
                head.eq_ignore_ascii_case("application/") && tail.to_ascii_lowercase().ends_with("+json")
            });
        if is_json {
            Ok(Self::Json)
        } else if name.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Ok(Self::Fields)
        } else {
            Err(refused(
                "The Content-Type is application/json or application/x-www-form-urlencoded.",
            ))
        }
    }

    fn parse<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, Problem> {
        match self {
            Self::Json => serde_json::from_slice(bytes).map_err(|error| {
                let detail = sentence(&format!("the JSON: {error}"));
                match error.classify() {
                    serde_json::error::Category::Data => Problem::unprocessable("body-invalid", detail),
                    _ => Problem::bad_request("json-invalid", detail),
                }
            }),
            Self::Fields => {
                if !is_utf8_encoded(bytes) {
                    return Err(Problem::bad_request("form-invalid", "The form is not valid UTF-8."));
                }
                serde_urlencoded::from_bytes(bytes)
                    .map_err(|error| Problem::unprocessable("body-invalid", sentence(&format!("the form: {error}"))))
            }
        }
    }
}

/// Whether `a=%c3%a9`-like text stands for UTF-8. The form's own decoder would put replacement characters.
fn is_utf8_encoded(text: &[u8]) -> bool {
    percent_encoding::percent_decode(text).decode_utf8().is_ok()
}

async fn read(headers: &HeaderMap, body: Body, limit: usize, timeout: Duration) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("The body is too large: this route reads at most {limit} bytes.");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
    };
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    if announced.is_some_and(|text| text.parse::<usize>().is_ok_and(|length| length > limit)) {
        return Err(too_large());
    }
    let whole = tokio::time::timeout(timeout, collect(body, limit)).await;
    match whole {
        Ok(Ok(Some(bytes))) => Ok(bytes),
        Ok(Ok(None)) => Err(too_large()),
        Ok(Err(_)) => Err(Problem::bad_request(
            "body-incomplete",
            "The body ended before its end, or its chunks are not valid.",
        )),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "body-timeout",
            "The body took too long to arrive.",
        )),
    }
}

/// The body, unless it is longer than `limit`.
async fn collect(mut body: Body, limit: usize) -> Result<Option<Bytes>, axum::Error> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if first.len() + rest.len() + data.len() > limit {
            return Ok(None);
        }
        // Most bodies come in one piece, which need not be copied.
        if first.is_empty() && rest.is_empty() {
            first = data;
            continue;
        }
        if rest.is_empty() {
            rest.extend_from_slice(&first);
            first = Bytes::new();
        }
        rest.extend_from_slice(&data);
    }
    Ok(Some(if rest.is_empty() { first } else { rest.freeze() }))
}
