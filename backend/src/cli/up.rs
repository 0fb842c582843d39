//! `cairn up`: a whole network in one process.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use clap::Args;
use futures_util::future::select_all;
use shared::{key::PublicKey, params::Network};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use super::{
    WrongUse, files, logging,
    logging::LogFormat,
    node::{Part, bind, is_true, recipient, stop_signal, url},
    output,
};
use crate::{
    classroom::{Classroom, Member},
    clock::SystemClock,
    http::{self, HttpConfig},
    networks,
    node::{Config, Node, Running},
    p2p,
};

/// To how many of the nodes before it a node connects. It finds the others by itself.
const NEIGHBOURS: usize = 3;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cairn up --nodes 3\n  \
                        cairn up --nodes 5 --network class --mine 2 --recipient class1…\n\n\
                        To cut the network into nodes 1 and 2 and all others, and to join it again:\n  \
                        curl -X POST -H 'content-type: application/json' -d '{\"parts\":[[1,2]]}' \
                        http://127.0.0.1:5000/blockchain/network/cut\n  \
                        curl -X POST http://127.0.0.1:5000/blockchain/network/join")]
pub(super) struct UpArgs {
    /// How many nodes
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u16).range(1..=32))]
    nodes: u16,
    /// The network: dev, class, or the path of a network file
    #[arg(long, default_value = "dev")]
    network: String,
    /// The folder that holds a folder for each node [default: a folder named up-NETWORK under ~/.local/share/cairn]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The address of the first node's page; the others have the ports after it, and port 0 stands for any that are free
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:5000")]
    listen: String,
    /// How many of the nodes mine all the time, for the recipient
    #[arg(long, value_name = "N", default_value_t = 0, requires = "recipient")]
    mine: usize,
    /// The address that is paid for blocks when a request to mine names none
    #[arg(long, value_name = "ADDRESS")]
    recipient: Option<String>,
    /// What is logged on stderr: off, error, warn, info, debug, trace, or a filter
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    log: String,
    /// The form of the log
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
}

/// A node of the network, and what is served of it.
struct Started {
    running: Running,
    page: JoinHandle<Result<()>>,
    network: Part,
}

/// Runs a network until it is told to stop.
///
/// # Errors
/// One sentence about what stands in the way.
pub(super) fn run(args: &UpArgs) -> Result<()> {
    logging::start(&args.log, args.log_format)?;
    let network = networks::load(&args.network)?;
    let recipient = recipient(&network, args.recipient.as_deref())?;
    let data = match &args.data {
        Some(folder) => folder.clone(),
        None => files::data_home()?.join(format!("up-{}", network.name())),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the system gives no threads")?;
    runtime.block_on(async {
        let stop = stop_signal()?;
        let listeners = listeners(&args.listen, args.nodes).await?;
        // Pages end first, then what is between the nodes.
        let (close, closed) = watch::channel(false);
        let (end, ended) = watch::channel(false);
        let room = Classroom::default();
        let mut started = Vec::new();
        let mut result = Ok(());
        for (index, listener) in listeners.into_iter().enumerate() {
            let folder = data.join(format!("node-{}", index + 1));
            let config = config(folder, index < args.mine, recipient);
            match start(network.clone(), config, listener, &room, &closed, &ended).await {
                Ok(node) => started.push(node),
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        if result.is_ok() {
            output::print(&table(&room, &data));
            let parts = started.iter().map(|node| Box::pin(node.network.ended()));
            result = tokio::select! {
                () = is_true(stop) => Ok(()),
                (ended, ..) = select_all(parts) => ended,
            };
        }
        drop(room);
        close.send_replace(true);
        finish(started, &end).await?;
        result
    })
}

fn config(folder: PathBuf, mine: bool, recipient: Option<PublicKey>) -> Config {
    let mut config = Config::new(folder);
    config.mine = mine;
    config.recipient = recipient;
    // The nodes share the machine.
    config.threads = NonZeroUsize::new(1);
    config
}

/// A listener for each page: on the ports from the first on, or on any.
async fn listeners(first: &str, count: u16) -> Result<Vec<TcpListener>> {
    let mut listeners = vec![bind(first).await?];
    let address = listeners[0].local_addr()?;
    let is_any = first.ends_with(":0");
    for number in 1..count {
        let port = if is_any {
            Some(0)
        } else {
            address.port().checked_add(number)
        };
        let port = port.ok_or_else(|| WrongUse(format!("--listen {first}: there are not enough ports after it")))?;
        listeners.push(bind(&SocketAddr::new(address.ip(), port).to_string()).await?);
    }
    Ok(listeners)
}

async fn start(
    network: Network,
    config: Config,
    listener: TcpListener,
    room: &Classroom,
    closed: &watch::Receiver<bool>,
    ended: &watch::Receiver<bool>,
) -> Result<Started> {
    let (node, running) =
        tokio::task::spawn_blocking(move || Node::start(network, config, Arc::new(SystemClock))).await??;
    let neighbours = room.members().into_iter().rev().take(NEIGHBOURS);
    let nodes = neighbours.filter_map(|member| member.peers.addresses().first()?.parse().ok());
    let p2p_config = p2p::Config {
        nodes: nodes.collect(),
        ..p2p::Config::default()
    };
    let (peers, network) = p2p::start(node.clone(), p2p_config, is_true(ended.clone())).await?;
    room.add(Member {
        url: url(listener.local_addr()?, false),
        node: node.clone(),
        peers: peers.clone(),
    });
    let http_config = HttpConfig {
        peers: Some(peers),
        classroom: Some(room.clone()),
        ..HttpConfig::default()
    };
    let page = tokio::spawn(http::serve(listener, node, http_config, is_true(closed.clone())));
    Ok(Started {
        running,
        page,
        network: Part::new(network, ended.clone()),
    })
}

fn table(room: &Classroom, data: &std::path::Path) -> String {
    let mut lines = vec![format!("{:<5} {:<23} {}", "node", "page", "peers connect to")];
    for (number, Member { url, peers, .. }) in (1..).zip(room.members()) {
        let address = peers.addresses().first().cloned().unwrap_or_default();
        lines.push(format!("{number:<5} {url:<23} {address}"));
    }
    lines.push(format!("Data in {}. Ctrl-C ends all.", data.display()));
    lines.join("\n")
}

async fn finish(started: Vec<Started>, end: &watch::Sender<bool>) -> Result<()> {
    let mut nodes = Vec::new();
    let mut result = Ok(());
    // First all pages, each of which knows of all nodes.
    for Started { running, page, network } in started {
        result = result.and(page.await?);
        nodes.push((running, network));
    }
    end.send_replace(true);
    for (running, network) in nodes {
        result = result.and(network.ended().await);
        let stopped = tokio::task::spawn_blocking(|| running.stop()).await?;
        result = result.and(stopped);
    }
    result
}
