//! Connections that end when the other end gives no sign of life, as when the line between is cut without a word.
//!
//! TCP itself goes on for a quarter of an hour. And no connection can be closed in good order as long as what was written
//! before has not gone out: whoever reads nothing would never be rid of. QUIC has limits of its own.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use libp2p::{
    core::{StreamMuxer, muxing::StreamMuxerEvent},
    futures::{AsyncRead, AsyncWrite},
};
use tokio::time::{Instant, Sleep, sleep};

/// A stream on which something arrives at least this often, and on which what is written goes out within this time.
pub(super) struct Alive<S> {
    stream: S,
    patience: Duration,
    /// When something arrived last.
    heard: Instant,
    quiet: Pin<Box<Sleep>>,
    /// Runs while something is to go out and does not.
    stuck: Option<Pin<Box<Sleep>>>,
}

impl<S> Alive<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            heard: Instant::now(),
            quiet: Box::pin(sleep(patience)),
            stuck: None,
        }
    }

    /// Ready when nothing has arrived for too long.
    fn poll_quiet(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        ready!(self.quiet.as_mut().poll(cx));
        // It is not set anew for all that arrives.
        while self.heard.elapsed() < self.patience {
            self.quiet.as_mut().reset(self.heard + self.patience);
            ready!(self.quiet.as_mut().poll(cx));
        }
        Poll::Ready(silent("nothing arrives any more"))
    }

    /// Takes what came of writing; an error when nothing has gone out for too long.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stuck = None;
            return written;
        }
        let patience = self.patience;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stuck.as_mut().poll(cx));
        Poll::Ready(Err(silent("nothing goes out any more")))
    }
}

fn silent(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, why)
}

impl<S: AsyncRead + Unpin> AsyncRead for Alive<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_read(cx, buffer) {
            Poll::Ready(read) => {
                self.heard = Instant::now();
                Poll::Ready(read)
            }
            Poll::Pending => self.poll_quiet(cx).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Alive<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(cx, flushed)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_close(cx);
        self.watch(cx, closed)
    }
}

/// A connection that is over this long after it was to be closed, whatever the other end does.
pub(super) struct Closing<M> {
    muxer: M,
    patience: Duration,
    end: Option<Pin<Box<Sleep>>>,
}

impl<M> Closing<M> {
    pub(super) const fn new(muxer: M, patience: Duration) -> Self {
        Self {
            muxer,
            patience,
            end: None,
        }
    }
}

impl<M: StreamMuxer + Unpin> StreamMuxer for Closing<M> {
    type Substream = M::Substream;
    type Error = M::Error;

    fn poll_inbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<M::Substream, M::Error>> {
        Pin::new(&mut self.muxer).poll_inbound(cx)
    }

    fn poll_outbound(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<M::Substream, M::Error>> {
        Pin::new(&mut self.muxer).poll_outbound(cx)
    }

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<StreamMuxerEvent, M::Error>> {
        Pin::new(&mut self.muxer).poll(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), M::Error>> {
        if let Poll::Ready(closed) = Pin::new(&mut self.muxer).poll_close(cx) {
            return Poll::Ready(closed);
        }
        let patience = self.patience;
        let end = self.end.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(end.as_mut().poll(cx));
        // Dropping it closes it without a word.
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use libp2p::futures::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(60);

    /// The other end of a line: says a byte whenever its time comes, and takes so many bytes in all.
    struct Line {
        speaks: Pin<Box<Sleep>>,
        every: Duration,
        takes: usize,
    }

    impl Line {
        fn new(every: Duration, takes: usize) -> Self {
            let speaks = Box::pin(sleep(every));
            Self { speaks, every, takes }
        }
    }

    impl AsyncRead for Line {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
            ready!(self.speaks.as_mut().poll(cx));
            let next = Instant::now() + self.every;
            self.speaks.as_mut().reset(next);
            buffer[0] = 7;
            Poll::Ready(Ok(1))
        }
    }

    impl AsyncWrite for Line {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            let count = self.takes.min(bytes.len());
            self.takes -= count;
            if count == 0 {
                Poll::Pending
            } else {
                Poll::Ready(Ok(count))
            }
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    const NEVER: Duration = Duration::from_secs(86_400);

    #[tokio::test]
    async fn silence_is_the_end() {
        let mut alive = Alive::new(Line::new(NEVER, 0), PATIENCE);
        let begun = Instant::now();
        let error = alive.read(&mut [0; 4]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(begun.elapsed() >= PATIENCE);
    }

    #[tokio::test]
    async fn a_byte_from_time_to_time_is_enough() {
        let mut alive = Alive::new(Line::new(PATIENCE / 6, 0), PATIENCE);
        for _ in 0..20 {
            assert_eq!(alive.read(&mut [0; 4]).await.unwrap(), 1);
        }
    }

    #[tokio::test]
    async fn who_takes_nothing_is_left() {
        let mut alive = Alive::new(Line::new(PATIENCE / 6, 100), PATIENCE);
        alive.write_all(&[1; 100]).await.unwrap();
        let error = alive.write_all(&[1]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(alive.close().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    /// A connection that is never done with closing.
    struct Open;

    impl StreamMuxer for Open {
        type Substream = Line;
        type Error = io::Error;

        fn poll_inbound(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<Line>> {
            Poll::Pending
        }

        fn poll_outbound(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<Line>> {
            Poll::Pending
        }

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<StreamMuxerEvent>> {
            Poll::Pending
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_connection_that_does_not_close_is_dropped() {
        let mut connection = Closing::new(Open, PATIENCE);
        let begun = Instant::now();
        poll_fn(|cx| Pin::new(&mut connection).poll_close(cx)).await.unwrap();
        assert!(begun.elapsed() >= PATIENCE);
    }
}
