//! A request's body that remembers whether it was read to its end. If not, the connection cannot be used again, and the
//! answer says so: else the client would send its next request into the closing.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// Tells whether a body was read.
#[derive(Debug, Clone)]
pub(crate) struct Progress(Arc<AtomicBool>);

impl Progress {
    pub(crate) fn is_read(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body that is watched.
#[derive(Debug)]
pub(crate) struct Tracked {
    body: Incoming,
    progress: Progress,
}

impl Tracked {
    pub(crate) fn new(body: Incoming) -> (Self, Progress) {
        let progress = Progress(Arc::new(AtomicBool::new(body.is_end_stream())));
        let handle = progress.clone();
        (Self { body, progress }, handle)
    }
}

impl Body for Tracked {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if frame.is_none() || self.body.is_end_stream() {
            self.progress.0.store(true, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
