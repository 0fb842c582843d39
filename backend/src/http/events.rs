//! Server-sent events: what happens in the node, as it happens. `Last-Event-ID` goes on where a client was cut off.
//!
//! Nothing is buffered for a client but the piece that is being sent: it reads from the node's own memory of events at its
//! own pace. One that falls behind that memory is told to read everything anew; one that reads nothing is cut off.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use serde::Deserialize;
use shared::api::{Event as EventJson, Problem as ProblemJson};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::timeout,
};
use utoipa::IntoParams;

use super::{
    connections::stopped,
    context::Context,
    convert::{block_summary, pending_json},
    extract::Query,
    metrics::Open,
    problem::Problem,
    status::status_of,
};
use crate::node::{Event, Numbered, Subscription};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How many events one piece carries at most.
const MAX_TOGETHER: usize = 256;
/// How many milliseconds a client waits before it connects anew.
const RETRY_MS: u64 = 1_000;

/// From where.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// As the header `Last-Event-ID`, for clients that cannot set it.
    last_event_id: Option<String>,
}

/// Blocks, reorganisations and pending transfers, as they come. `Last-Event-ID` resumes; `reset` says that this was not
/// possible, and that everything is to be read anew.
#[utoipa::path(
    get, path = "/blockchain/events", tag = "Chain",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was received"), EventsQuery),
    responses(
        (status = 200, description = "The data of each event is an Event", content_type = "text/event-stream", body = EventJson),
        (status = "default", body = ProblemJson),
    ),
)]
pub(crate) async fn events(
    State(context): State<Arc<Context>>,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if context.is_stopping() {
        return Err(Problem::unavailable("stopping", "The node is stopping."));
    }
    let last = match headers.get(LAST_EVENT_ID) {
        Some(value) => Some(parse_id(value.to_str().unwrap_or_default())?),
        None => query.last_event_id.as_deref().map(parse_id).transpose()?,
    };
    let permit = Arc::clone(&context.event_streams).try_acquire_owned().map_err(|_| {
        Problem::unavailable(
            "too-many-event-streams",
            "As many clients listen for events as the node takes; try again later.",
        )
    })?;
    let subscription = context.node.subscribe(last);
    // Events that happen from here on come after the status.
    let status = Arc::clone(&context)
        .read(|context, view| Ok(status_of(context, view)?))
        .await?;
    let mut first = format!("retry: {RETRY_MS}\n\n");
    // With the number from which a client that is cut off before the first event goes on.
    write_event(&mut first, subscription.after(), &EventJson::Status(status));

    let listener = Listener {
        open: context.metrics.open_event_stream(),
        stopping: context.stopping.clone(),
        context,
        subscription,
        permit,
        first: Some(first),
    };
    let pieces = stream::unfold(listener, |mut listener| async move {
        let piece = listener.next_piece().await?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), listener))
    })
    .fuse();
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // For a proxy in front, which would hold events back otherwise.
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    Ok((fields, Body::from_stream(pieces)).into_response())
}

fn parse_id(text: &str) -> Result<u64, Problem> {
    text.trim()
        .parse()
        .map_err(|_| Problem::bad_request("event-id-invalid", "Last-Event-ID is the id of an event: a number."))
}

/// One client.
struct Listener {
    context: Arc<Context>,
    subscription: Subscription,
    stopping: watch::Receiver<bool>,
    first: Option<String>,
    #[expect(dead_code, reason = "held while the client listens")]
    permit: OwnedSemaphorePermit,
    #[expect(dead_code, reason = "held while the client listens")]
    open: Open,
}

impl Listener {
    /// What to send next; nothing when the node stops.
    async fn next_piece(&mut self) -> Option<String> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let heartbeat = self.context.config.heartbeat;
        let next = tokio::select! {
            next = timeout(heartbeat, self.subscription.next()) => next,
            () = stopped(&mut self.stopping) => return None,
        };
        let Ok(next) = next else {
            return Some(":\n\n".to_owned());
        };
        let mut piece = String::new();
        self.write(&mut piece, &next?);
        for _ in 1..MAX_TOGETHER {
            match self.subscription.next().now_or_never() {
                Some(Some(numbered)) => self.write(&mut piece, &numbered),
                // The end comes again at the next call.
                Some(None) | None => break,
            }
        }
        Some(piece)
    }

    fn write(&self, out: &mut String, numbered: &Numbered) {
        write_event(out, Some(numbered.id), &self.to_json(&numbered.event));
    }

    fn to_json(&self, event: &Event) -> EventJson {
        let network = self.context.node.network();
        match event {
            Event::Block(summary) => EventJson::Block(block_summary(network, summary)),
            Event::Reorganisation {
                fork_height,
                old_tip,
                new_tip,
            } => EventJson::Reorganisation {
                fork_height: *fork_height,
                old_tip: *old_tip,
                new_tip: *new_tip,
            },
            Event::Pending { entry, waiting } => EventJson::Pending(pending_json(network, entry, *waiting, !waiting)),
            Event::Dropped {
                id,
                reason,
                replaced_by,
            } => EventJson::Dropped {
                id: *id,
                reason: (*reason).to_owned(),
                replaced_by: *replaced_by,
            },
            Event::Reset => EventJson::Reset {},
        }
    }
}

/// Appends an event as the browser reads it. JSON has no line breaks, so one data line carries it.
fn write_event(out: &mut String, id: Option<u64>, event: &EventJson) {
    let name = match event {
        EventJson::Status(_) => "status",
        EventJson::Block(_) => "block",
        EventJson::Reorganisation { .. } => "reorganisation",
        EventJson::Pending(_) => "pending",
        EventJson::Dropped { .. } => "dropped",
        EventJson::Reset {} => "reset",
    };
    let Ok(data) = serde_json::to_string(event) else {
        return;
    };
    if let Some(id) = id {
        out.push_str("id: ");
        out.push_str(&id.to_string());
        out.push('\n');
    }
    out.push_str("event: ");
    out.push_str(name);
    out.push_str("\ndata: ");
    out.push_str(&data);
    out.push_str("\n\n");
}
