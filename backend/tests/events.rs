//! Server-sent events: order, resumption, heartbeats, limits, and clients that do not read.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod served;

use std::time::{Duration, Instant};

use backend::http::HttpConfig;
use serde_json::Value;
use served::{PATIENCE, Served, person, read_answer, transfer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const PATH: &str = "/blockchain/events";

/// An event as a browser would hand it over.
#[derive(Debug, Clone)]
struct Received {
    id: Option<u64>,
    name: String,
    data: Value,
}

struct Stream {
    response: reqwest::Response,
    buffer: String,
    comments: usize,
}

impl Stream {
    async fn open(served: &Served, last: Option<u64>) -> Self {
        // No time-out for the whole, unlike the other requests.
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.get(served.url(PATH));
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(!response.headers().contains_key("content-encoding"));
        Self {
            response,
            buffer: String::new(),
            comments: 0,
        }
    }

    async fn next(&mut self) -> Received {
        self.try_next().await.expect("the stream goes on")
    }

    async fn try_next(&mut self) -> Option<Received> {
        loop {
            if let Some(received) = self.received() {
                return Some(received);
            }
            self.read().await?;
        }
    }

    /// The next event of what was read. Comments before it are counted.
    fn received(&mut self) -> Option<Received> {
        while let Some((block, rest)) = self.buffer.split_once("\n\n") {
            let (block, rest) = (block.to_owned(), rest.to_owned());
            self.buffer = rest;
            let field = |name: &str| {
                let mut lines = block.lines();
                lines.find_map(|line| line.strip_prefix(name).map(|text| text.trim_start().to_owned()))
            };
            let Some(data) = field("data:") else {
                self.comments += usize::from(block.starts_with(':'));
                continue;
            };
            return Some(Received {
                id: field("id:").map(|id| id.parse().unwrap()),
                name: field("event:").unwrap(),
                data: serde_json::from_str(&data).unwrap(),
            });
        }
        None
    }

    async fn read(&mut self) -> Option<()> {
        let chunk = timeout(PATIENCE, self.response.chunk()).await.unwrap().ok()??;
        self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        Some(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_told_in_order() {
    let served = Served::start().await;
    let (alice, bob) = (person(1), person(2));
    let mut stream = Stream::open(&served, None).await;
    let status = stream.next().await;
    assert_eq!(
        (status.name.as_str(), &status.data["type"]),
        ("status", &Value::from("status"))
    );
    assert_eq!(status.data["height"], 0);

    served.mine(&alice.public_key(), 1).await;
    let block = stream.next().await;
    assert_eq!((block.name.as_str(), &block.data["height"]), ("block", &Value::from(1)));
    let spend = transfer(&alice, &bob, 5, 0);
    served.submit(&spend).await;
    let pending = stream.next().await;
    assert_eq!(pending.name, "pending");
    assert_eq!(pending.data["id"], spend.id().to_string());
    served.mine(&alice.public_key(), 1).await;
    let block = stream.next().await;
    assert_eq!(
        (block.name.as_str(), &block.data["transaction_count"]),
        ("block", &Value::from(1))
    );
    assert!(status.id < pending.id && pending.id < block.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_goes_on_where_it_was_cut_off() {
    let served = Served::start().await;
    let alice = person(1);
    let mut first = Stream::open(&served, None).await;
    let status = first.next().await;
    served.mine(&alice.public_key(), 1).await;
    let seen = first.next().await;
    drop(first);
    served.mine(&alice.public_key(), 3).await;

    let mut second = Stream::open(&served, seen.id).await;
    assert_eq!(second.next().await.name, "status");
    for height in 2..=4 {
        let event = second.next().await;
        assert_eq!(
            (event.name.as_str(), &event.data["height"]),
            ("block", &Value::from(height))
        );
    }
    // From the status on, if nothing else was received.
    let mut third = Stream::open(&served, status.id).await;
    third.next().await;
    assert_eq!(third.next().await.data["height"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_is_a_reset() {
    let served = Served::start().await;
    for unknown in [0, 5, 9_000_000_000_000_000] {
        let mut stream = Stream::open(&served, Some(unknown)).await;
        assert_eq!(stream.next().await.name, "status");
        let reset = stream.next().await;
        assert_eq!(reset.name, "reset");
        served.mine(&person(1).public_key(), 1).await;
        let block = stream.next().await;
        assert_eq!(block.name, "block");
        assert!(reset.id < block.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_shows_that_it_lives() {
    let config = HttpConfig {
        heartbeat: Duration::from_millis(50),
        ..HttpConfig::default()
    };
    let served = Served::with(config, |_| ()).await;
    let mut stream = Stream::open(&served, None).await;
    stream.next().await;
    while stream.comments < 2 {
        stream.read().await.expect("the stream goes on");
        assert!(stream.received().is_none(), "nothing happens");
    }
    served.mine(&person(1).public_key(), 1).await;
    assert_eq!(stream.next().await.name, "block");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_ids_and_too_many_streams_are_refused() {
    let config = HttpConfig {
        max_event_streams: 2,
        ..HttpConfig::default()
    };
    let served = Served::with(config, |_| ()).await;
    for id in ["x", "-1", "1e3", "99999999999999999999999"] {
        let request = served.client.get(served.url(PATH)).header("last-event-id", id);
        let reply = served::send(request).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code().as_str()),
            (400, "event-id-invalid")
        );
    }
    let one = Stream::open(&served, None).await;
    let _two = Stream::open(&served, None).await;
    let reply = served.get(PATH).await;
    assert_eq!(
        (reply.status.as_u16(), reply.code().as_str()),
        (503, "too-many-event-streams")
    );
    // One that leaves makes room.
    drop(one);
    let started = Instant::now();
    loop {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        if client.get(served.url(PATH)).send().await.unwrap().status() == 200 {
            break;
        }
        assert!(started.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_is_cut_off_and_costs_the_others_nothing() {
    let config = HttpConfig {
        write_timeout: Duration::from_millis(500),
        ..HttpConfig::default()
    };
    let served = Served::with(config, |_| ()).await;
    let alice = person(1);
    // A tiny window, so that little fills it.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2_048).unwrap();
    let mut lazy = socket.connect(served.address).await.unwrap();
    let request = format!("GET {PATH} HTTP/1.1\r\nhost: {}\r\n\r\n", served.address);
    lazy.write_all(request.as_bytes()).await.unwrap();
    let mut diligent = Stream::open(&served, None).await;
    diligent.next().await;
    // Enough to fill the buffers of both kernels' sides, which are some megabytes.
    let mut heard = 0;
    let gone = |text: &str| text.contains("cairn_http_event_streams 1\n");
    let started = Instant::now();
    loop {
        served.mine(&alice.public_key(), 500).await;
        heard += 500;
        for _ in 0..500 {
            diligent.next().await;
        }
        if gone(&served.get("/metrics").await.text) {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "after {heard} events");
    }
    drop(lazy);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_when_the_node_stops() {
    // A stream that did not end by itself would hold the node up.
    let config = HttpConfig {
        stop_timeout: 10 * PATIENCE,
        ..HttpConfig::default()
    };
    let served = Served::with(config, |_| ()).await;
    let mut stream = Stream::open(&served, None).await;
    stream.next().await;
    served.stop().await;
    assert!(stream.try_next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_heads_and_bodies_are_ended() {
    let config = HttpConfig {
        head_timeout: Duration::from_millis(400),
        body_timeout: Duration::from_millis(400),
        ..HttpConfig::default()
    };
    let served = Served::with(config, |_| ()).await;
    // A head that never ends is closed, even if a byte comes now and then.
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    let started = Instant::now();
    let mut byte = [0; 1];
    loop {
        let _ = slow.write_all(b"G").await;
        match timeout(Duration::from_millis(100), slow.read(&mut byte)).await {
            Ok(Ok(0) | Err(_)) => break,
            _ => assert!(started.elapsed() < PATIENCE),
        }
    }
    // A body that never comes is a 408.
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    let head = format!(
        "POST /blockchain/transactions/new HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
        served.address
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let reply = read_answer(&mut slow).await;
    assert!(
        reply.starts_with("HTTP/1.1 408 ") && reply.contains("body-timeout"),
        "{reply}"
    );
    // Meanwhile others are served.
    assert_eq!(served.get("/healthy").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_limit_are_told_so() {
    let config = HttpConfig {
        max_connections: 3,
        ..HttpConfig::default()
    };
    let served = Served::with(config, |_| ()).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(TcpStream::connect(served.address).await.unwrap());
    }
    // They are taken in the order in which they came.
    let reply = served.raw(b"").await;
    assert!(
        reply.starts_with("HTTP/1.1 503 ") && reply.contains("too-many-connections"),
        "{reply}"
    );
    drop(held);
    let started = Instant::now();
    while served
        .client
        .get(served.url("/healthy"))
        .send()
        .await
        .is_ok_and(|reply| reply.status() != 200)
    {
        assert!(started.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
