//! A proxy between a client and a node, which may change what the node says.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

/// An answer on its way.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

/// What is made of a question's path and the node's answer, which is fetched when it is asked for.
pub(crate) type Lie = Arc<dyn Fn(&str, &dyn Fn(&str) -> Reply) -> Option<Reply> + Send + Sync>;

/// A proxy, which lives as long as the process.
pub(crate) struct Proxy {
    pub(crate) url: String,
}

impl Proxy {
    /// Between a client and the node at `upstream`. Where the lie makes no answer, the connection is closed.
    pub(crate) fn start(upstream: SocketAddr, lie: Lie) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
            for stream in listener.incoming().flatten() {
                let (agent, lie) = (agent.clone(), Arc::clone(&lie));
                thread::spawn(move || serve(&stream, &agent, upstream, &lie));
            }
        });
        Self { url }
    }
}

/// Answers the questions of one connection.
fn serve(mut stream: &TcpStream, agent: &ureq::Agent, upstream: SocketAddr, lie: &Lie) -> Option<()> {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if line == "\r\n" {
                break;
            }
            head.push(line);
        }
        let path = head.first()?.split(' ').nth(1)?.to_owned();
        let accept = head.iter().find_map(|line| line.strip_prefix("accept: "));
        let accept = accept.unwrap_or("*/*").trim();
        let forward = |path: &str| fetch(agent, upstream, path, accept);
        let reply = lie(&path, &forward)?;
        let head = format!(
            "HTTP/1.1 {} X\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n",
            reply.status,
            reply.content_type,
            reply.body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        // Whoever has read enough goes away.
        stream.write_all(&reply.body).ok()?;
    }
}

/// What the node says.
pub(crate) fn fetch(agent: &ureq::Agent, upstream: SocketAddr, path: &str, accept: &str) -> Reply {
    let mut response = agent
        .get(format!("http://{upstream}{path}"))
        .header("accept", accept)
        // A node has a limit to its connections.
        .header("connection", "close")
        .call()
        .unwrap();
    Reply {
        status: response.status().as_u16(),
        content_type: response
            .headers()
            .get("content-type")
            .map_or(String::new(), |value| value.to_str().unwrap().to_owned()),
        body: response.body_mut().read_to_vec().unwrap(),
    }
}
