//! A node that is served on a real socket, for the tests of its interface.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use backend::{
    clock::SystemClock,
    http::{self, HttpConfig},
    networks,
    node::{Config, Node, Running},
};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use shared::{
    amount::Amount,
    api::TransferJson,
    hash::Hash,
    key::{PublicKey, SecretKey},
    params::Network,
    transaction::{Memo, SignedTransfer, Transfer},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};

/// No reply may take longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Served {
    pub(crate) node: Node,
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    running: Running,
    stop: oneshot::Sender<()>,
    task: JoinHandle<anyhow::Result<()>>,
    folder: TempDir,
}

/// A reply, read whole.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of a refusal, which is checked to be whole.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let json = self.json();
        assert_eq!(json["status"], self.status.as_u16(), "{self:?}");
        for field in ["type", "title", "code", "detail"] {
            assert!(
                json[field].as_str().is_some_and(|text| !text.is_empty()),
                "{field}: {self:?}"
            );
        }
        json["code"].as_str().unwrap().to_owned()
    }
}

impl Served {
    pub(crate) async fn start() -> Self {
        Self::with(HttpConfig::default(), |_| ()).await
    }

    pub(crate) async fn with(http: HttpConfig, change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let mut config = Config::new(folder.path().to_owned());
        change(&mut config);
        let (node, running) = Node::start(network(), config, Arc::new(SystemClock)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = http::serve(listener, node.clone(), http, async {
            let _ = stopped.await;
        });
        let client = Client::builder().timeout(PATIENCE).no_proxy().build().unwrap();
        Self {
            node,
            address,
            client,
            running,
            stop,
            task: tokio::spawn(served),
            folder,
        }
    }

    /// Stops serving and the node; gives back the folder.
    pub(crate) async fn stop(self) -> TempDir {
        let _ = self.stop.send(());
        timeout(PATIENCE, self.task).await.unwrap().unwrap().unwrap();
        drop(self.node);
        let running = self.running;
        tokio::task::spawn_blocking(|| running.stop()).await.unwrap().unwrap();
        self.folder
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        send(self.client.get(self.url(path))).await
    }

    /// The JSON of a reply that must be 200.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let reply = self.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply.json()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        send(self.client.post(self.url(path)).json(body)).await
    }

    pub(crate) async fn post_text(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Reply {
        let request = self.client.post(self.url(path));
        send(request.header("content-type", content_type).body(body)).await
    }

    /// Mines blocks for a key.
    pub(crate) async fn mine(&self, key: &PublicKey, count: u64) -> Value {
        let recipient = self.node.network().address(key);
        let body = json!({ "recipient": recipient, "count": count });
        let reply = self.post("/blockchain/mine", &body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    pub(crate) async fn submit(&self, signed: &SignedTransfer) -> Reply {
        self.post("/blockchain/transactions/new", &self.body(signed)).await
    }

    /// The body that sends a transfer.
    pub(crate) fn body(&self, signed: &SignedTransfer) -> Value {
        serde_json::to_value(TransferJson::new(&self.node.network().parameters().prefix, signed)).unwrap()
    }

    /// What must not change when input is refused.
    pub(crate) async fn state(&self) -> Value {
        let mut status = self.json("/blockchain/status").await;
        let pending = self.json("/blockchain/transactions/get?limit=1000").await;
        let state_root = self.node.view().tip().headers().header().state_root;
        status["pending_ids"] = pending["transactions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|transfer| transfer["id"].clone())
            .collect();
        status["state_root"] = json!(state_root.to_string());
        status
    }

    /// What comes back for bytes on a fresh connection: a whole answer, or what there is until the node closes it.
    pub(crate) async fn raw(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The node may close before it has read everything.
        let _ = stream.write_all(request).await;
        read_answer(&mut stream).await
    }
}

/// A whole answer, or what comes until the other end closes.
pub(crate) async fn read_answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    while !is_whole(&bytes)
        && let Ok(Ok(1..)) = timeout(PATIENCE, stream.read(&mut buffer))
            .await
            .map(|read| read.inspect(|count| bytes.extend_from_slice(&buffer[..*count])))
    {}
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether these bytes are an answer with all of its body.
fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, _)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let body = bytes.len() - bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() - 4;
    let head = head.to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let is_chunked = head.contains("transfer-encoding: chunked");
    length.map_or(is_chunked && bytes.ends_with(b"0\r\n\r\n"), |length| body >= length)
}

pub(crate) async fn send(request: RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    Reply {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}

pub(crate) fn network() -> Network {
    networks::load("dev").unwrap()
}

/// The key of a made-up person.
pub(crate) fn person(seed: u8) -> SecretKey {
    SecretKey::from_bytes(&[seed; 32])
}

pub(crate) fn address(key: &SecretKey) -> String {
    network().address(&key.public_key())
}

/// A transfer with a fee of 1,000 units.
pub(crate) fn transfer(from: &SecretKey, to: &SecretKey, amount: u64, nonce: u64) -> SignedTransfer {
    signed(from, to, amount, nonce, |_| ())
}

pub(crate) fn signed(
    from: &SecretKey,
    to: &SecretKey,
    amount: u64,
    nonce: u64,
    change: impl FnOnce(&mut Transfer),
) -> SignedTransfer {
    let mut transfer = Transfer {
        sender: from.public_key(),
        recipient: to.public_key(),
        amount: Amount::from_units(amount),
        fee: Amount::from_units(1_000),
        nonce,
        valid_until: 0,
        memo: Memo::new("for the stones").unwrap(),
    };
    change(&mut transfer);
    transfer.sign(&genesis(), from)
}

pub(crate) fn genesis() -> Hash {
    network().genesis_hash()
}

/// The names and kinds of a reply's fields, one a line: what clients rely on.
pub(crate) fn shape(value: &Value) -> String {
    let mut lines = Vec::new();
    collect(value, "", &mut lines);
    lines.sort();
    lines.dedup();
    lines.join("\n")
}

fn collect(value: &Value, path: &str, lines: &mut Vec<String>) {
    let kind = match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                collect(field, &format!("{path}{dot}{name}"), lines);
            }
            return;
        }
        Value::Array(items) => {
            if items.is_empty() {
                lines.push(format!("{path}[]"));
            }
            for item in items {
                collect(item, &format!("{path}[]"), lines);
            }
            return;
        }
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
    };
    lines.push(format!("{path}: {kind}"));
}
