//! How people name a node: `host:port`, `http://host:port` or a multiaddress.

use std::{fmt, str::FromStr};

use axum::http::uri::Authority;
use libp2p::{Multiaddr, multiaddr::Protocol};

/// The longest text that can name a node.
pub const MAX_LEN: usize = 256;

/// Where a node is, as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    text: String,
    pub(super) kind: Kind,
}

/// The form of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// The node's page, which says where it listens for peers.
    Page(String),
    /// Its page, or where it listens for peers.
    Either { host: String, port: u16 },
    /// Where it listens for peers.
    Peer(Multiaddr),
}

/// A text that names no node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a node is host:port, http://host:port or a multiaddress such as /ip4/192.0.2.1/tcp/7331")]
pub struct InvalidTarget;

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_LEN || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidTarget);
        }
        let kind = if text.starts_with('/') {
            let address = text.parse().map_err(|_| InvalidTarget)?;
            if !is_reachable(&address) {
                return Err(InvalidTarget);
            }
            Kind::Peer(address)
        } else {
            kind_of_authority(text).ok_or(InvalidTarget)?
        };
        let text = text.to_owned();
        Ok(Self { text, kind })
    }
}

fn kind_of_authority(text: &str) -> Option<Kind> {
    let scheme_end = text.find("://").map_or(0, |position| position + 3);
    let (scheme, rest) = text.split_at(scheme_end);
    let rest = rest.trim_end_matches('/');
    let authority: Authority = rest.parse().ok()?;
    let port = authority.port_u16().filter(|port| *port > 0)?;
    let host = authority.host();
    if host.is_empty() || rest.contains('@') {
        return None;
    }
    match scheme {
        "" => Some(Kind::Either {
            host: host.to_owned(),
            port,
        }),
        "http://" | "https://" => Some(Kind::Page(format!("{scheme}{rest}"))),
        _ => None,
    }
}

/// Whether an address is of a kind that this node can reach: by TCP or QUIC, at an IP address or a name.
pub(super) fn is_reachable(address: &Multiaddr) -> bool {
    let parts: Vec<Protocol<'_>> = address.iter().collect();
    let (place, rest) = match &parts[..] {
        [place, rest @ ..] => (place, rest),
        [] => return false,
    };
    let is_place = matches!(
        place,
        Protocol::Ip4(_) | Protocol::Ip6(_) | Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_)
    );
    let is_port = matches!(
        rest,
        [Protocol::Tcp(1..)]
            | [Protocol::Tcp(1..), Protocol::P2p(_)]
            | [Protocol::Udp(1..), Protocol::QuicV1]
            | [Protocol::Udp(1..), Protocol::QuicV1, Protocol::P2p(_)]
    );
    is_place && is_port
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_nodes() {
        let kind = |text: &str| text.parse::<Target>().unwrap().kind;
        let either = |host: &str, port| Kind::Either {
            host: host.to_owned(),
            port,
        };
        assert_eq!(kind("192.168.1.20:5000"), either("192.168.1.20", 5_000));
        assert_eq!(kind(" club.example:7331 "), either("club.example", 7_331));
        assert_eq!(kind("[::1]:5000"), either("[::1]", 5_000));
        assert_eq!(
            kind("http://127.0.0.1:5001/"),
            Kind::Page("http://127.0.0.1:5001".to_owned())
        );
        assert_eq!(
            kind("https://club.example:443"),
            Kind::Page("https://club.example:443".to_owned())
        );
        for text in [
            "/ip4/192.0.2.1/tcp/7331",
            "/ip6/::1/udp/7331/quic-v1",
            "/dns4/club.example/tcp/7331/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
        ] {
            assert_eq!(kind(text), Kind::Peer(text.parse().unwrap()));
        }
    }

    #[test]
    fn what_names_no_node() {
        let long = format!("{}:1", "a".repeat(MAX_LEN));
        for text in [
            "",
            "not a node",
            "host",
            "host:0",
            "host:65536",
            ":5000",
            "ftp://host:1",
            "http://host",
            "http://me@host:1",
            "http://host:1/path",
            "/",
            "/ip4/192.0.2.1",
            "/ip4/192.0.2.1/tcp/0",
            "/ip4/192.0.2.1/udp/7331",
            "/ip4/192.0.2.1/tcp/7331/ws",
            "/memory/7",
            &long,
        ] {
            assert_eq!(text.parse::<Target>(), Err(InvalidTarget), "{text}");
        }
    }
}
