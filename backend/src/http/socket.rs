//! What bytes travel on: TCP, by itself or under TLS. Clients that read nothing are cut off here, beneath TLS, where it
//! shows whether bytes leave.

use std::{
    future::Future,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep, timeout},
};
use tokio_rustls::server::TlsStream;

use super::{
    config::HttpConfig,
    problem::Problem,
    stream::{linger, raw_response},
};
use crate::tls::Identity;

/// The first byte of every TLS connection: a record of the handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// A client's connection, ready for HTTP.
pub(crate) enum Socket {
    /// Plain HTTP.
    Plain(Watched),
    /// HTTPS.
    Tls(Box<TlsStream<Watched>>),
}

impl Socket {
    /// Takes an accepted connection, through the handshake if the node speaks HTTPS. None: it is over, and the client was
    /// told why if it could be.
    pub(crate) async fn open(tcp: TcpStream, config: &HttpConfig) -> Option<Self> {
        // Without it a small answer may wait for the client's acknowledgement of the one before.
        let _ = tcp.set_nodelay(true);
        let Some(identity) = &config.tls else {
            return Some(Self::Plain(Watched::new(tcp, config.write_timeout)));
        };
        let opened = timeout(
            config.handshake_timeout,
            shake_hands(tcp, identity, config.write_timeout),
        );
        match opened.await {
            Ok(Ok(socket)) => socket,
            Ok(Err(error)) => {
                tracing::debug!(%error, "a TLS handshake failed");
                None
            }
            Err(_) => {
                tracing::debug!("a TLS handshake did not come in time");
                None
            }
        }
    }
}

async fn shake_hands(tcp: TcpStream, identity: &Identity, write_timeout: Duration) -> io::Result<Option<Socket>> {
    let mut first = [0];
    if tcp.peek(&mut first).await? == 0 {
        return Ok(None);
    }
    let own_address = tcp.local_addr()?;
    let tcp = Watched::new(tcp, write_timeout);
    if first != [HANDSHAKE] {
        refuse_plain(Socket::Plain(tcp), own_address).await?;
        return Ok(None);
    }
    let stream = identity.acceptor().accept(tcp).await?;
    Ok(Some(Socket::Tls(Box::new(stream))))
}

/// Tells a client that speaks something else than TLS, most likely HTTP, where the node is.
async fn refuse_plain(mut socket: Socket, own_address: SocketAddr) -> io::Result<()> {
    let address = SocketAddr::new(own_address.ip().to_canonical(), own_address.port());
    let detail = format!("This node speaks HTTPS: open https://{address}");
    socket
        .write_all(&raw_response(&Problem::bad_request("https-only", detail)))
        .await?;
    linger(socket).await;
    Ok(())
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, bufs),
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

/// A TCP connection whose writes fail when the client has read nothing for too long.
pub(crate) struct Watched {
    tcp: TcpStream,
    write_timeout: Duration,
    /// Runs while a write waits for the client.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Watched {
    const fn new(tcp: TcpStream, write_timeout: Duration) -> Self {
        Self {
            tcp,
            write_timeout,
            stalled: None,
        }
    }

    /// Fails when a write has waited too long; a write that went through stops the clock.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let timeout = self.write_timeout;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(timeout)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buf)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(cx, buf);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
