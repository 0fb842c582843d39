//! `cairn node`.

mod part;
mod progress;
mod tls;

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use shared::{key::PublicKey, params::Network};
use tokio::{net::TcpListener, sync::watch};

use super::{WrongUse, files, logging, logging::LogFormat, output};
use crate::{
    clock::{Clock as _, SystemClock},
    http::{self, HttpConfig, Origin},
    networks,
    node::{Config, Node},
    p2p::{self, Target},
};
use tls::{OwnCertificate, TlsArgs};

pub(super) use part::Part;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cairn node\n  cairn node --network class --mine --recipient class1…\n  \
                        cairn node --peer http://127.0.0.1:5000 --listen 127.0.0.1:5001 --data /tmp/second\n  \
                        cairn node --network class --p2p-listen 0.0.0.0:7331 --peer 192.168.1.20:7331\n  \
                        cairn node --network club.toml --data /srv/club --listen 0.0.0.0:5000 --allow-host club.example\n  \
                        cairn node --listen 0.0.0.0:5000 --allow-host 192.168.1.5 --tls-self-signed\n  \
                        cairn node --listen 0.0.0.0:443 --allow-host club.example --tls-cert club.pem --tls-key club.key"
)]
pub(super) struct NodeArgs {
    /// The network: dev, class, or the path of a network file
    #[arg(long, default_value = "dev")]
    network: String,
    /// The folder that holds everything [default: a folder of the network's name under ~/.local/share/cairn]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The address for page and HTTP; port 0 takes any that is free
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5000")]
    listen: String,
    /// Mines all the time, for the recipient
    #[arg(long, requires = "recipient")]
    mine: bool,
    /// Mines a block for each transfer that comes in, for the recipient
    #[arg(long, requires = "recipient")]
    mine_on_transfer: bool,
    /// How many threads mine [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// The address that is paid for blocks when a request to mine names none
    #[arg(long, value_name = "ADDRESS")]
    recipient: Option<String>,
    /// A name, besides localhost, by which browsers may ask for this node (repeatable; NAME or NAME:PORT)
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// Another node that the page may ask for its proof of the chain (repeatable; such as http://192.168.1.20:5000)
    #[arg(long, value_name = "ORIGIN")]
    witness: Vec<Origin>,
    /// Another node whose page may ask this one for its proof of the chain (repeatable)
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<Origin>,
    #[command(flatten)]
    p2p: P2pArgs,
    #[command(flatten)]
    tls: TlsArgs,
    /// What is logged on stderr: off, error, warn, info, debug, trace, or a filter such as info,backend::http=debug
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log: String,
    /// The form of the log
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
}

/// How the node takes part in the network.
#[derive(Debug, Args)]
struct P2pArgs {
    /// Another node to connect to: the address of its page, or where it listens for peers (repeatable; HOST:PORT,
    /// http://HOST:PORT or a multiaddress)
    #[arg(long = "peer", value_name = "ADDR")]
    peers: Vec<Target>,
    /// Where other nodes connect, by TCP and QUIC; port 0 takes the last one again, or any that is free
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    p2p_listen: String,
    /// Does not look for nodes on the local network, as it would when it listens beyond this machine
    #[arg(long)]
    no_mdns: bool,
}

impl P2pArgs {
    fn config(&self) -> Result<p2p::Config> {
        let listen = self.p2p_listen.replace("localhost", "127.0.0.1");
        let listen = listen.parse().map_err(|_| {
            let given = &self.p2p_listen;
            WrongUse(format!(
                "--p2p-listen {given} is not an IP address and a port, such as 0.0.0.0:7331"
            ))
        })?;
        Ok(p2p::Config {
            listen,
            nodes: self.peers.clone(),
            mdns: self.no_mdns.then_some(false),
            ..p2p::Config::default()
        })
    }
}

/// Reads the address of `--recipient`.
pub(super) fn recipient(network: &Network, address: Option<&str>) -> Result<Option<PublicKey>> {
    let Some(text) = address else {
        return Ok(None);
    };
    let key = network.parse_address(text);
    Ok(Some(
        key.map_err(|error| WrongUse(format!("--recipient {text}: {error}")))?,
    ))
}

/// Runs a node until it is told to stop.
///
/// # Errors
/// One sentence about what stands in the way.
pub(super) fn run(args: NodeArgs) -> Result<()> {
    logging::start(&args.log, args.log_format)?;
    let network = networks::load(&args.network)?;
    let recipient = recipient(&network, args.recipient.as_deref())?;
    let data_dir = match args.data {
        Some(folder) => folder,
        None => files::data_home()?.join(network.name()),
    };
    let mut config = Config::new(data_dir.clone());
    config.mine = args.mine;
    config.mine_on_transfer = args.mine_on_transfer;
    config.threads = args.threads;
    config.recipient = recipient;
    let p2p_config = args.p2p.config()?;
    let mut http_config = HttpConfig {
        allow_hosts: args.allow_host,
        witnesses: args.witness,
        allow_origins: args.allow_origin,
        tls: args.tls.given()?,
        ..HttpConfig::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the system gives no threads")?;
    runtime.block_on(async {
        // First the signals, so that none is lost while the store opens; then the port, which is the likeliest to be taken.
        let stop = stop_signal()?;
        let listener = bind(&args.listen).await?;
        let address = listener.local_addr()?;
        let name = network.name().to_owned();
        let own = match args.tls.tls_self_signed {
            true => Some(OwnCertificate::new(&data_dir, &http_config.allow_hosts, address.ip())?),
            false => None,
        };
        let own_path = own.as_ref().map(|own| own.path().to_owned());
        let (node, running, own) = tokio::task::spawn_blocking(move || -> Result<_> {
            let (node, running) = Node::start(network, config, Arc::new(SystemClock))?;
            // In the data folder, so not before the node has it to itself.
            let own = own.map(|own| own.open(SystemClock.now_ms())).transpose()?;
            Ok((node, running, own))
        })
        .await??;
        http_config.tls = own.or(http_config.tls);
        let (end, ended) = watch::channel(false);
        let (peers, network) = p2p::start(node.clone(), p2p_config, is_true(ended.clone())).await?;
        let part = Part::new(network, ended);
        output::print(&format!("Open {}", url(address, http_config.tls.is_some())));
        output::print(&format!("Network {name}, data in {}", data_dir.display()));
        if let Some(identity) = &http_config.tls {
            output::print(&format!("Certificate SHA-256 {}", identity.fingerprint()));
        }
        if let Some(path) = own_path {
            output::print(&format!(
                "Browsers warn of it, as the node signed it for itself: compare the fingerprint with what they show. \
                 Wallets take it with --tls-ca {}",
                path.display()
            ));
        }
        if let Some(address) = peers.addresses().first() {
            output::print(&format!("Peers connect to {address}"));
        }
        let progress = tokio::spawn(progress::watch(peers.clone()));
        http_config.peers = Some(peers);
        let watched = part.clone();
        let over = async move {
            tokio::select! {
                () = is_true(stop) => {}
                _ = watched.ended() => {}
            }
        };
        let served = http::serve(listener, node, http_config, over).await;
        progress.abort();
        end.send_replace(true);
        let ended = part.ended().await;
        let stopped = tokio::task::spawn_blocking(|| running.stop()).await?;
        served.and(ended).and(stopped)
    })
}

/// Waits until somebody says so, or cannot any more.
pub(super) async fn is_true(mut said: watch::Receiver<bool>) {
    let _ = said.wait_for(|is_said| *is_said).await;
}

pub(super) async fn bind(listen: &str) -> Result<TcpListener> {
    let has_port = listen
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if !has_port {
        return Err(WrongUse(format!("--listen {listen} is not HOST:PORT, such as 127.0.0.1:5000")).into());
    }
    TcpListener::bind(listen).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow!("{listen} is taken by another program: stop it, or choose another address with --listen")
        }
        _ => anyhow!("the node cannot listen on {listen}: {error}"),
    })
}

/// The address to open in a browser on this machine.
pub(super) fn url(address: SocketAddr, is_tls: bool) -> String {
    let scheme = if is_tls { "https" } else { "http" };
    if address.ip().is_unspecified() {
        format!("{scheme}://127.0.0.1:{}", address.port())
    } else {
        format!("{scheme}://{address}")
    }
}

/// Turns true at SIGTERM or Ctrl-C. A second one ends the program at once.
pub(super) fn stop_signal() -> Result<watch::Receiver<bool>> {
    let (sender, receiver) = watch::channel(false);
    let mut signals = Signals::new()?;
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("stopping");
        let _ = sender.send(true);
        signals.next().await;
        std::process::exit(130);
    });
    Ok(receiver)
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
