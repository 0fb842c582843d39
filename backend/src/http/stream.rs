//! A connection's stream: gives a body to the parser's own refusals, and closes so that the client sees the last answer.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::http::StatusCode;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    sync::OwnedSemaphorePermit,
    time::Instant,
};

use super::{config::MAX_DISCARD, problem::Problem, socket::Socket};

/// How long a connection that is over may go on sending, so that it gets to read its answer.
const LINGER: Duration = Duration::from_secs(2);

/// One connection. It counts as one until its [`Drop`] has let go of it.
pub(crate) struct Stream {
    /// None only while dropping.
    inner: Option<(Socket, OwnedSemaphorePermit)>,
    /// What is written in place of a refusal without a body, and how much of it was.
    substitute: Option<(Vec<u8>, usize)>,
    ended: bool,
}

impl Stream {
    pub(crate) const fn new(socket: Socket, permit: OwnedSemaphorePermit) -> Self {
        Self {
            inner: Some((socket, permit)),
            substitute: None,
            ended: false,
        }
    }

    fn socket(&mut self) -> io::Result<Pin<&mut Socket>> {
        match &mut self.inner {
            Some((socket, _)) => Ok(Pin::new(socket)),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Remembers that nothing more can be said to the client.
    fn note<T>(&mut self, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.ended |= matches!(written, Poll::Ready(Err(_)));
        written
    }

    /// Writes the substitute for `bytes`, if there is one.
    fn poll_substitute(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Option<Poll<io::Result<usize>>> {
        if self.substitute.is_none() {
            self.substitute = Some((with_body(bytes)?, 0));
        }
        loop {
            let (text, written) = self.substitute.as_ref()?;
            let rest = text.get(*written..).unwrap_or_default().to_vec();
            if rest.is_empty() {
                self.substitute = None;
                return Some(Poll::Ready(Ok(bytes.len())));
            }
            let result = match self.socket() {
                Ok(socket) => socket.poll_write(cx, &rest),
                Err(error) => Poll::Ready(Err(error)),
            };
            match self.note(result) {
                Poll::Ready(Ok(count)) => {
                    if let Some((_, written)) = &mut self.substitute {
                        *written += count.max(1);
                    }
                }
                other => return Some(other),
            }
        }
    }
}

/// The parser answers what it cannot read with a head alone. This is the same with a problem as its body.
fn with_body(bytes: &[u8]) -> Option<Vec<u8>> {
    if !bytes.starts_with(b"HTTP/1.1 4") || bytes.len() > 512 || !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let head = std::str::from_utf8(bytes).ok()?;
    if !head.contains("\r\ncontent-length: 0\r\n") || head.contains("x-content-type-options") {
        return None;
    }
    let status = StatusCode::from_bytes(head.get(9..12)?.as_bytes()).ok()?;
    let problem = match status {
        StatusCode::URI_TOO_LONG => Problem::new(status, "uri-too-long", "The path is too long."),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => Problem::new(
            status,
            "headers-too-large",
            "The request has too many header fields, or too long ones.",
        ),
        _ => Problem::new(status, "http-invalid", "This is not a valid HTTP/1.1 request."),
    };
    Some(raw_response(&problem))
}

/// A whole answer that closes the connection.
pub(crate) fn raw_response(problem: &Problem) -> Vec<u8> {
    let body = serde_json::to_string(&problem.to_json()).unwrap_or_default();
    let status = problem.status;
    format!(
        "HTTP/1.1 {} {}\r\ncontent-type: application/problem+json\r\nx-content-type-options: nosniff\r\n\
         cache-control: no-store\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        status.as_u16(),
        status.canonical_reason().unwrap_or_default(),
        body.len(),
    )
    .into_bytes()
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let room = buf.remaining() > 0;
        let result = ready!(self.socket()?.poll_read(cx, buf));
        if result.is_err() || (room && buf.filled().len() == before) {
            self.ended = true;
        }
        Poll::Ready(result)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(result) = self.poll_substitute(cx, buf) {
            return result;
        }
        let written = self.socket()?.poll_write(cx, buf);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [only] = bufs
            && let Some(result) = self.poll_substitute(cx, only)
        {
            return result;
        }
        let written = self.socket()?.poll_write_vectored(cx, bufs);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.socket()?.poll_flush(cx);
        self.note(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket()?.poll_shutdown(cx)
    }
}

/// Closing a socket with unread data resets it, and the client loses the answer: read on for a moment.
impl Drop for Stream {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if let (Some((socket, permit)), Ok(runtime)) = (self.inner.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                linger(socket).await;
                drop(permit);
            });
        }
    }
}

/// Sends the end, then throws away what the client still sends, for a bounded time and up to a bounded length.
pub(crate) async fn linger(mut socket: Socket) {
    let deadline = Instant::now() + LINGER;
    let discard = async {
        socket.shutdown().await?;
        let mut buffer = vec![0; 16 * 1024];
        let mut discarded = 0;
        while discarded < MAX_DISCARD {
            match socket.read(&mut buffer).await? {
                0 => break,
                count => discarded += count,
            }
        }
        io::Result::Ok(())
    };
    // Whatever goes wrong here, the connection is over.
    let _ = tokio::time::timeout_at(deadline, discard).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_without_body_get_one() {
        let bare = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let text = String::from_utf8(with_body(bare).unwrap()).unwrap();
        assert!(text.starts_with("HTTP/1.1 431 "), "{text}");
        assert!(text.contains("headers-too-large"), "{text}");
        for other in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}",
            b"HTTP/1.1 404 Not Found\r\nx-content-type-options: nosniff\r\ncontent-length: 0\r\n\r\n",
            b"4",
            b"",
        ] {
            assert_eq!(with_body(other), None);
        }
    }
}
