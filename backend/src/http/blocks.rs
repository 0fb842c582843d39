//! Blocks and headers: lists, single ones, and the whole chain as a stream.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use shared::{
    api::{BlockJson, BlockList, HeaderList, Problem as ProblemJson},
    hash::Hash,
};
use tokio::time::Instant;
use utoipa::IntoParams;

use super::{
    answer::{Holds, tagged, tagged_json},
    context::Context,
    convert::{block_json, block_summary, header_json},
    extract::{Path, Query},
    page_of::checked_limit,
    problem::Problem,
};
use crate::node::View;

pub(super) const OCTETS: &str = "application/octet-stream";
/// When a piece of the chain is sent: at so many bytes, or so many blocks.
const PIECE_BYTES: usize = 256 * 1024;
const PIECE_BLOCKS: u64 = 256;
/// How long the chain may stream, so that no client keeps an old moment of the store for ever.
const STREAM_TIMEOUT: Duration = Duration::from_secs(900);

/// Which blocks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BlocksQuery {
    /// Only blocks below this height: the `next` of the page before.
    before: Option<u64>,
    /// How many, 1 to 100; 20 if not said.
    limit: Option<u64>,
}

/// The newest blocks, without their transactions.
#[utoipa::path(
    get, path = "/blockchain/blocks", tag = "Chain", params(BlocksQuery),
    responses((status = 200, body = BlockList), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn blocks(
    State(context): State<Arc<Context>>,
    Query(query): Query<BlocksQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = checked_limit(query.limit, 20, 100)?;
    let list = context
        .read(move |context, view| {
            let end = view
                .tip()
                .height()
                .saturating_add(1)
                .min(query.before.unwrap_or(u64::MAX));
            let start = end.saturating_sub(limit);
            let mut blocks = Vec::new();
            for height in (start..end).rev() {
                let Some(summary) = view.reader().summary(height)? else {
                    break;
                };
                blocks.push(block_summary(context.node.network(), &summary));
            }
            let next = (start > 0 && end > 0).then_some(start);
            Ok(BlockList { blocks, next })
        })
        .await?;
    tagged_json(&headers, Holds::Now, &list)
}

/// How a block is named.
enum BlockId {
    Height(u64),
    Hash(Hash),
}

impl BlockId {
    fn parse(text: &str) -> Result<Self, Problem> {
        if let Ok(hash) = text.parse() {
            return Ok(Self::Hash(hash));
        }
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let height = is_number.then(|| text.parse().ok()).flatten();
        height.map(Self::Height).ok_or_else(|| {
            Problem::bad_request(
                "block-id-invalid",
                "A block is named by its height, or by its hash of 64 lower-case hex digits.",
            )
        })
    }

    /// The height, if there is such a block in the chain.
    fn height(&self, view: &View) -> Result<u64, Problem> {
        let height = match self {
            Self::Height(height) => (*height <= view.tip().height()).then_some(*height),
            Self::Hash(hash) => view.reader().height_of(hash)?,
        };
        height.ok_or_else(|| Problem::not_found("block-not-found", "There is no such block in the chain."))
    }
}

/// One block, by height or hash. With `Accept: application/octet-stream` its canonical bytes.
#[utoipa::path(
    get, path = "/blockchain/blocks/{id}", tag = "Chain",
    params(("id" = String, Path, description = "The height, or the hash")),
    responses(
        (status = 200, content((BlockJson = "application/json"), (Vec<u8> = "application/octet-stream"))),
        (status = "default", body = ProblemJson),
    ),
)]
pub(crate) async fn block(
    State(context): State<Arc<Context>>,
    Path(id): Path,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let id = BlockId::parse(&id)?;
    let holds = match id {
        BlockId::Height(_) => Holds::Now,
        BlockId::Hash(_) => Holds::Ever,
    };
    let binary = accepts_octets(&headers);
    let (hash, bytes) = context
        .read(move |context, view| {
            let height = id.height(view)?;
            let missing = || Problem::internal(format!("block {height} is missing"));
            let summary = view.reader().summary(height)?.ok_or_else(missing)?;
            let bytes = if binary {
                view.reader().block_bytes(height)?.ok_or_else(missing)?
            } else {
                let block = block_json(context.node.network(), view.reader(), height)?.ok_or_else(missing)?;
                let mut json = Vec::with_capacity(1_024 + block.transactions.len() * 640);
                serde_json::to_writer(&mut json, &block).map_err(Problem::internal)?;
                json.into()
            };
            Ok((summary.hash, bytes))
        })
        .await?;
    let (kind, content_type) = if binary {
        ("b", OCTETS)
    } else {
        ("j", "application/json")
    };
    let mut response = tagged(&headers, &format!("W/\"{hash}-{kind}\""), holds, || {
        typed(content_type, Body::from(bytes))
    });
    vary_by_accept(&mut response);
    Ok(response)
}

/// Which headers.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HeadersQuery {
    /// The height of the first.
    #[serde(default)]
    from: u64,
    /// How many, 1 to 2000; 100 if not said.
    limit: Option<u64>,
}

/// Headers, lowest first. With `Accept: application/octet-stream` their 160 bytes each, one after another.
#[utoipa::path(
    get, path = "/blockchain/headers", tag = "Chain", params(HeadersQuery),
    responses(
        (status = 200, content((HeaderList = "application/json"), (Vec<u8> = "application/octet-stream"))),
        (status = "default", body = ProblemJson),
    ),
)]
pub(crate) async fn headers(
    State(context): State<Arc<Context>>,
    Query(query): Query<HeadersQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = checked_limit(query.limit, 100, 2_000)?;
    let (summaries, next) = context
        .read(move |_, view| {
            let past_tip = view.tip().height().saturating_add(1);
            let end = query.from.saturating_add(limit).min(past_tip);
            let mut summaries = Vec::new();
            for height in query.from..end {
                let Some(summary) = view.reader().summary(height)? else {
                    break;
                };
                summaries.push(summary);
            }
            Ok((summaries, (end < past_tip).then_some(end)))
        })
        .await?;
    let mut response = if accepts_octets(&headers) {
        let bytes: Vec<u8> = summaries.iter().flat_map(|summary| summary.header.to_array()).collect();
        typed(OCTETS, Body::from(bytes))
    } else {
        let headers_json = summaries.iter().map(header_json).collect();
        let list = HeaderList {
            headers: headers_json,
            next,
        };
        tagged_json(&headers, Holds::Now, &list)?
    };
    vary_by_accept(&mut response);
    Ok(response)
}

/// Which part of the chain.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChainQuery {
    /// The height of the first block.
    #[serde(default)]
    from: u64,
    /// How many blocks; all if not said.
    limit: Option<u64>,
}

/// The chain, lowest block first, as a stream: `{"chain":[…],"length":n}`, where `length` is that of the whole chain.
#[utoipa::path(
    get, path = "/blockchain/chain", tag = "Chain", params(ChainQuery),
    responses((status = 200, body = shared::api::Chain), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn chain(
    State(context): State<Arc<Context>>,
    Query(query): Query<ChainQuery>,
) -> Result<Response, Problem> {
    let view = context.node.view();
    let length = view.tip().height().saturating_add(1);
    let end = query.from.saturating_add(query.limit.unwrap_or(u64::MAX)).min(length);
    let walk = Walk {
        context,
        view,
        next: query.from,
        end,
        length,
        deadline: Instant::now() + STREAM_TIMEOUT,
        state: WalkState::Start,
    };
    // A failure in the middle ends the connection early, so that nobody takes the part for the whole.
    let pieces = stream::unfold(walk, |walk| async move { walk.step().await }).fuse();
    let mut response = typed("application/json", Body::from_stream(pieces));
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(Holds::Never.cache_control()),
    );
    Ok(response)
}

/// A walk along the chain, piece by piece, at one moment of the store.
struct Walk {
    context: Arc<Context>,
    view: Arc<View>,
    next: u64,
    end: u64,
    length: u64,
    deadline: Instant,
    state: WalkState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WalkState {
    Start,
    Middle,
    End,
}

type Piece = Result<Bytes, std::io::Error>;

impl Walk {
    async fn step(self) -> Option<(Piece, Self)> {
        if self.state == WalkState::End {
            return None;
        }
        if Instant::now() >= self.deadline {
            return Some((Err(std::io::ErrorKind::TimedOut.into()), self.ended()));
        }
        match tokio::task::spawn_blocking(move || self.read_piece()).await {
            Ok((piece, walk)) => Some((piece, walk)),
            Err(error) => {
                tracing::error!(%error, "the chain could not be streamed");
                None
            }
        }
    }

    fn ended(mut self) -> Self {
        self.state = WalkState::End;
        self
    }

    fn read_piece(mut self) -> (Piece, Self) {
        let mut out = Vec::with_capacity(64 * 1024);
        if self.state == WalkState::Start {
            out.extend_from_slice(b"{\"chain\":[");
        }
        let first = self.next;
        while self.next < self.end && out.len() < PIECE_BYTES && self.next - first < PIECE_BLOCKS {
            if self.state == WalkState::Start {
                self.state = WalkState::Middle;
            } else {
                out.push(b',');
            }
            let written = block_json(self.context.node.network(), self.view.reader(), self.next)
                .map_err(|error| error.to_string())
                .and_then(|block| block.ok_or_else(|| format!("block {} is missing", self.next)))
                .and_then(|block| serde_json::to_writer(&mut out, &block).map_err(|error| error.to_string()));
            if let Err(error) = written {
                tracing::error!(error, "the chain could not be streamed");
                return (Err(std::io::Error::other("the chain cannot be read")), self.ended());
            }
            self.next += 1;
        }
        if self.next >= self.end {
            out.extend_from_slice(format!("],\"length\":{}}}", self.length).as_bytes());
            self.state = WalkState::End;
        }
        (Ok(out.into()), self)
    }
}

/// Whether the client asks for bytes, and not for JSON.
pub(super) fn accepts_octets(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains(OCTETS))
}

pub(super) fn typed(content_type: &'static str, body: Body) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response()
}

pub(super) fn vary_by_accept(response: &mut Response) {
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("accept"));
}
