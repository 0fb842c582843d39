//! The connections: accepted up to a limit, each with its time-outs, and brought to an end when the node stops.

use std::{sync::Arc, time::Duration};

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};

use super::{
    config::{HttpConfig, MAX_HEAD, MAX_HEADERS},
    edge::Edge,
    problem::Problem,
    socket::Socket,
    stream::{Stream, linger, raw_response},
};

/// How many connections beyond the limit are told so at once; the rest is closed without a word.
const MAX_TURNED_AWAY: usize = 32;
/// How long that may take for one of them, its handshake included.
const TURNED_AWAY_WITHIN: Duration = Duration::from_secs(3);

/// Serves until `stop` ends, then lets requests at work finish for a bounded time.
pub(crate) async fn serve(
    listener: TcpListener,
    edge: Edge,
    config: &HttpConfig,
    stopping: watch::Sender<bool>,
    stop: impl Future<Output = ()>,
) {
    let room = Arc::new(Semaphore::new(config.max_connections));
    let turned_away = Arc::new(Semaphore::new(MAX_TURNED_AWAY));
    tokio::pin!(stop);
    loop {
        let tcp = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => tcp,
                Err(error) => {
                    // Of the connection, or out of file descriptors: either way it passes.
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(Duration::from_millis(20)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        match Arc::clone(&room).try_acquire_owned() {
            Ok(permit) => {
                let connection = connection(tcp, permit, edge.clone(), config.clone(), stopping.subscribe());
                tokio::spawn(connection);
            }
            Err(_) => {
                edge.metrics().turned_away.inc();
                if let Ok(permit) = Arc::clone(&turned_away).try_acquire_owned() {
                    tokio::spawn(turn_away(tcp, permit, config.clone()));
                }
            }
        }
    }
    drop(listener);
    stopping.send_replace(true);
    // From here on the connections alone hold receivers.
    drop(edge);
    let patience = config.stop_timeout + Duration::from_secs(1);
    if timeout(patience, stopping.closed()).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

async fn connection(
    tcp: TcpStream,
    permit: OwnedSemaphorePermit,
    edge: Edge,
    config: HttpConfig,
    mut stopping: watch::Receiver<bool>,
) {
    let _open = edge.metrics().open_connection();
    let socket = tokio::select! {
        socket = Socket::open(tcp, &config) => socket,
        () = stopped(&mut stopping) => None,
    };
    let Some(socket) = socket else { return };
    let io = TokioIo::new(Stream::new(socket, permit));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.head_timeout)
        .max_header_size(MAX_HEAD)
        .max_buf_size(2 * MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(io, edge);
    tokio::pin!(connection);
    let result = tokio::select! {
        result = &mut connection => result,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            match timeout(config.stop_timeout, &mut connection).await {
                Ok(result) => result,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Waits until the node stops.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // That the sender is gone means the same.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

async fn turn_away(tcp: TcpStream, permit: OwnedSemaphorePermit, config: HttpConfig) {
    let problem = Problem::unavailable(
        "too-many-connections",
        "The node has as many connections as it takes; try again later.",
    );
    let answer = async {
        let mut socket = Socket::open(tcp, &config).await?;
        socket.write_all(&raw_response(&problem)).await.ok()?;
        socket.flush().await.ok()?;
        Some(socket)
    };
    if let Ok(Some(socket)) = timeout(TURNED_AWAY_WITHIN, answer).await {
        linger(socket).await;
    }
    drop(permit);
}
