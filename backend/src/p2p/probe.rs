//! Finds out where a node listens for peers, by whatever name it was called.

use std::{
    net::{IpAddr, ToSocketAddrs as _},
    sync::Arc,
    time::Duration,
};

use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};
use serde::Deserialize;
use shared::{api::Problem, hash::Hash};
use tokio::sync::Semaphore;

use super::{
    gate::ip_of,
    reach::Unreached,
    target::{Kind, Target, is_reachable},
};
use crate::client;

/// How long a node's page may take to say where the node is.
const PAGE_TIMEOUT: Duration = Duration::from_millis(1_500);
/// How long a name may take to be looked up.
const LOOKUP_TIMEOUT: Duration = Duration::from_millis(1_000);
/// How many threads are held at a time.
const MAX_AT_ONCE: usize = 32;
/// The greatest answer that is read.
const MAX_ANSWER: u64 = 64 << 10;
/// The most addresses of one node that are tried.
const MAX_ADDRESSES: usize = 8;

/// Where a node was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Who is there; none if it was not said.
    pub(super) peer: Option<PeerId>,
    /// Never empty.
    pub(super) addresses: Vec<Multiaddr>,
}

/// What a node's page says of it. The fields of `GET /blockchain/nodes/own` that matter here.
#[derive(Debug, Deserialize)]
struct Own {
    genesis_hash: Hash,
    peer: String,
    addresses: Vec<String>,
}

/// Finds nodes. To ask a page or the system for a name holds a thread, also after nobody waits any more: so few do at a time,
/// and all others find threads left.
#[derive(Clone)]
pub(super) struct Finder {
    genesis: Hash,
    turns: Arc<Semaphore>,
}

impl Finder {
    pub(super) fn new(genesis: Hash) -> Self {
        let turns = Arc::new(Semaphore::new(MAX_AT_ONCE));
        Self { genesis, turns }
    }

    /// Finds a node.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn find(&self, target: &Target) -> Result<Found, Unreached> {
        match &target.kind {
            Kind::Page(url) => self.ask_page(url.clone()).await,
            Kind::Either { host, port } => match self.ask_page(format!("http://{host}:{port}")).await {
                // Somebody is there, and it is no page: perhaps it is where a node listens for peers.
                Err(Unreached::NotCairn) => self.look_up(host, *port, |ip| at(ip, *port)).await,
                answer => answer,
            },
            Kind::Peer(address) => self.find_peer(address).await,
        }
    }

    /// Does what holds a thread, when it is its turn.
    async fn hold<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Unreached> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let work = move || {
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Unreached::Stopping)
    }

    async fn find_peer(&self, address: &Multiaddr) -> Result<Found, Unreached> {
        let peer = address.iter().find_map(|part| match part {
            Protocol::P2p(peer) => Some(peer),
            _ => None,
        });
        let bare: Multiaddr = address
            .iter()
            .filter(|part| !matches!(part, Protocol::P2p(_)))
            .collect();
        let name = bare.iter().find_map(|part| match part {
            Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => Some(name.into_owned()),
            _ => None,
        });
        let Some(name) = name else {
            let addresses = vec![bare];
            return Ok(Found { peer, addresses });
        };
        let port = bare.iter().find_map(|part| match part {
            Protocol::Tcp(port) | Protocol::Udp(port) => Some(port),
            _ => None,
        });
        let rest: Multiaddr = bare.iter().skip(1).collect();
        let place = |ip: IpAddr| bare_ip(ip).iter().chain(rest.iter()).collect();
        let found = self.look_up(&name, port.unwrap_or_default(), place).await?;
        Ok(Found { peer, ..found })
    }

    /// Looks up a name. The addresses of IPv4 come first.
    async fn look_up(&self, host: &str, port: u16, address: impl Fn(IpAddr) -> Multiaddr) -> Result<Found, Unreached> {
        let unknown = || Unreached::Unreachable(format!("nobody knows where {host} is; check the name"));
        let place = (host.trim_start_matches('[').trim_end_matches(']').to_owned(), port);
        let lookup = self.hold(move || place.to_socket_addrs());
        let places = tokio::time::timeout(LOOKUP_TIMEOUT, lookup).await;
        let places = places.map_err(|_| unknown())??.map_err(|_| unknown())?;
        let mut ips: Vec<IpAddr> = places.map(|place| place.ip()).collect();
        ips.sort_by_key(IpAddr::is_ipv6);
        let addresses: Vec<Multiaddr> = ips.into_iter().take(MAX_ADDRESSES).map(address).collect();
        if addresses.is_empty() {
            return Err(unknown());
        }
        Ok(Found { peer: None, addresses })
    }

    /// Asks a node's page where the node listens for peers.
    async fn ask_page(&self, url: String) -> Result<Found, Unreached> {
        let host: Option<IpAddr> = host_of(&url).parse().ok();
        let own = self.hold(move || request(&url)).await??;
        if own.genesis_hash != self.genesis {
            return Err(Unreached::OtherChain {
                genesis: Some(own.genesis_hash),
            });
        }
        let peer: PeerId = own.peer.parse().map_err(|_| Unreached::NotCairn)?;
        let said: Vec<Multiaddr> = own.addresses.iter().filter_map(|text| text.parse().ok()).collect();
        let addresses = reachable(&said, host);
        if addresses.is_empty() {
            return Err(Unreached::Unreachable(
                "it listens for peers on its own machine only: start it with --p2p-listen 0.0.0.0:7331".to_owned(),
            ));
        }
        let peer = Some(peer);
        Ok(Found { peer, addresses })
    }
}

fn bare_ip(ip: IpAddr) -> Multiaddr {
    Multiaddr::from(ip)
}

fn at(ip: IpAddr, port: u16) -> Multiaddr {
    bare_ip(ip).with(Protocol::Tcp(port))
}

fn place_of(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

fn host_of(url: &str) -> &str {
    let authority = place_of(url);
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Of the addresses that a node names, those that can be reached from here, where its page is at `host`. Behind a
/// translation of addresses it may not know its own, so its ports are tried there too.
fn reachable(said: &[Multiaddr], host: Option<IpAddr>) -> Vec<Multiaddr> {
    // A name such as localhost may be this machine.
    let is_here = host.is_none_or(|host| host.is_loopback());
    let mut addresses: Vec<Multiaddr> = Vec::new();
    let is_local = |ip: &IpAddr| ip.is_loopback();
    for address in said {
        let bare: Multiaddr = address
            .iter()
            .filter(|part| !matches!(part, Protocol::P2p(_)))
            .collect();
        if is_reachable(&bare) && ip_of(&bare).is_some_and(|ip| is_here || !is_local(&ip)) {
            addresses.push(bare);
        }
    }
    if let Some(host) = host.filter(|host| !is_local(host)) {
        for address in addresses.clone() {
            let moved: Multiaddr = bare_ip(host).iter().chain(address.iter().skip(1)).collect();
            if !addresses.contains(&moved) {
                addresses.push(moved);
            }
        }
    }
    addresses.truncate(MAX_ADDRESSES);
    addresses
}

fn request(url: &str) -> Result<Own, Unreached> {
    let (agent, url) = client::connect(url, None).map_err(|error| Unreached::Unreachable(error.to_string()))?;
    let answer = agent
        .get(format!("{url}/blockchain/nodes/own"))
        .config()
        .timeout_global(Some(PAGE_TIMEOUT))
        .build()
        .header("accept", "application/json")
        .call();
    let mut answer = answer.map_err(|error| match error {
        ureq::Error::Protocol(_) | ureq::Error::BadUri(_) => Unreached::NotCairn,
        ureq::Error::Io(error) if was_cut_off(&error) => Unreached::NotCairn,
        ureq::Error::Io(error) => Unreached::by_io(&error, place_of(&url)),
        ureq::Error::Timeout(_) => Unreached::late(),
        ureq::Error::HostNotFound => {
            Unreached::Unreachable(format!("nobody knows where {} is; check the name", host_of(&url)))
        }
        error => Unreached::Unreachable(format!("{} gives no answer ({error})", place_of(&url))),
    })?;
    let status = answer.status();
    let bytes = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
    let bytes = bytes.map_err(|_| Unreached::NotCairn)?;
    if status.is_success() {
        return serde_json::from_slice(&bytes).map_err(|_| Unreached::NotCairn);
    }
    match serde_json::from_slice::<Problem>(&bytes) {
        Ok(problem) if problem.code == "host-not-allowed" => Err(Unreached::Unreachable(problem.detail)),
        Ok(problem) if problem.code == "peers-unsupported" => Err(Unreached::Unreachable(problem.detail)),
        _ => Err(Unreached::NotCairn),
    }
}

/// Whether somebody was there, who did not like what he heard.
fn was_cut_off(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<Multiaddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn of_what_a_node_says_only_what_can_be_reached_is_tried() {
        let said = addresses(&["/ip4/127.0.0.1/tcp/7331", "/ip4/10.0.0.5/tcp/7331"]);
        let from_here = reachable(&said, "127.0.0.1".parse().ok());
        assert_eq!(from_here, said);
        let from_there = reachable(&said, "192.0.2.7".parse().ok());
        assert_eq!(
            from_there,
            addresses(&["/ip4/10.0.0.5/tcp/7331", "/ip4/192.0.2.7/tcp/7331"])
        );
        let alone = addresses(&["/ip4/127.0.0.1/tcp/7331"]);
        assert!(reachable(&alone, "192.0.2.7".parse().ok()).is_empty());
    }

    #[tokio::test]
    async fn an_address_needs_no_question() {
        let target: Target = "/ip4/192.0.2.1/tcp/7331/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"
            .parse()
            .unwrap();
        let found = Finder::new(Hash([0; 32])).find(&target).await.unwrap();
        assert_eq!(found.addresses, addresses(&["/ip4/192.0.2.1/tcp/7331"]));
        assert!(found.peer.is_some());
        let target: Target = "/dns4/localhost/tcp/7331".parse().unwrap();
        let found = Finder::new(Hash([0; 32])).find(&target).await.unwrap();
        assert_eq!(found.addresses[0], addresses(&["/ip4/127.0.0.1/tcp/7331"])[0]);
        assert_eq!(found.peer, None);
    }
}
