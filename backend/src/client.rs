//! The wallet's side of HTTP: a small blocking client of a node.

mod trust;

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use shared::{
    api::{Accepted, AccountJson, Fees, Problem, Status, TransactionJson, TransferJson, account_proof},
    hash::Hash,
    key::PublicKey,
    params::Network,
    state::Account,
};
use ureq::{Agent, Body, http::Response};

/// The greatest answer that is read.
const MAX_ANSWER: u64 = 4 << 20;
/// How long a node may take to say that it works: what asks again and again must not wait for one that hangs.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(4);

/// A client of the node at one address.
pub struct Client {
    agent: Agent,
    url: String,
}

/// An account, proved against the header that the node names.
#[derive(Debug, Clone)]
pub struct ProvedAccount {
    /// What the proof says.
    pub account: Account,
    /// The node's whole answer.
    pub answer: AccountJson,
}

/// What asks the node at `url`, and its address without a slash at the end.
///
/// # Errors
/// As [`Client::new`].
pub(crate) fn connect(url: &str, ca: Option<&[u8]>) -> Result<(Agent, String)> {
    let url = url.trim_end_matches('/');
    let https_host = url.strip_prefix("https://");
    let host = https_host.or_else(|| url.strip_prefix("http://")).unwrap_or_default();
    if host.is_empty() || host.contains(['/', '?', '#', '@', ' ']) {
        bail!("{url:?} is not the address of a node, such as http://127.0.0.1:5000");
    }
    let mut config = Agent::config_builder()
        .timeout_connect(Some(Duration::from_secs(5)))
        .timeout_global(Some(Duration::from_secs(60)))
        .http_status_as_error(false)
        // A node is asked directly, and what it says is not followed elsewhere.
        .max_redirects(0)
        .proxy(None)
        .user_agent(concat!("cairn/", env!("CARGO_PKG_VERSION")));
    if https_host.is_some() {
        config = config.tls_config(trust::tls_config(ca)?);
    }
    Ok((config.build().into(), url.to_owned()))
}

/// Why the node at `url` gives no answer, and the way out.
pub(crate) fn unreachable(url: &str, error: &ureq::Error) -> anyhow::Error {
    trust::explain(url, error).unwrap_or_else(|| {
        anyhow!("no node answers at {url} ({error}): start one with `cairn node`, or name another with --node")
    })
}

impl Client {
    /// A client of the node at `url`, such as `http://127.0.0.1:5000`. By https it trusts whom the system trusts, and the
    /// certificates in `ca`, a text in PEM.
    ///
    /// # Errors
    /// When it is not the address of a node, or there is no certificate in `ca`.
    pub fn new(url: &str, ca: Option<&[u8]>) -> Result<Self> {
        let (agent, url) = connect(url, ca)?;
        Ok(Self { agent, url })
    }

    /// Whether the node works: it answers in time, and is not stopping.
    ///
    /// # Errors
    /// When it does not, or what answers is no node.
    pub fn healthy(&self) -> Result<()> {
        #[derive(Deserialize)]
        struct Condition {
            status: String,
        }
        let response = self
            .agent
            .get(format!("{}/healthy", self.url))
            .config()
            .timeout_global(Some(HEALTH_TIMEOUT))
            .build()
            .header("accept", "application/json")
            .call()
            .map_err(|error| self.unreachable(&error))?;
        let condition: Condition = self.read(response)?;
        match condition.status.as_str() {
            "healthy" => Ok(()),
            other => Err(anyhow!("{} says of itself that it is {other:?}, not healthy", self.url)),
        }
    }

    /// The node's status, once it is certain that the node is on this network.
    ///
    /// # Errors
    /// When the node cannot be reached, or is on another chain.
    pub fn status(&self, network: &Network) -> Result<Status> {
        let status: Status = self.get("/blockchain/status")?;
        if status.genesis_hash != network.genesis_hash() {
            bail!(
                "the node at {} is on another chain ({}, genesis {}) than this wallet ({}, genesis {}): nothing was \
                 signed; name its network with --network",
                self.url,
                status.network,
                status.genesis_hash,
                network.name(),
                network.genesis_hash()
            );
        }
        Ok(status)
    }

    /// An account after the node's newest block, with its proof verified against that block's header.
    ///
    /// # Errors
    /// When the node cannot be reached, or its proof does not hold.
    pub fn account(&self, network: &Network, key: &PublicKey) -> Result<ProvedAccount> {
        let answer: AccountJson = self.get(&format!("/blockchain/accounts/{}", network.address(key)))?;
        let lies = |what: &str| anyhow!("the node at {} lies: {what}", self.url);
        let header = answer
            .header
            .to_header()
            .ok_or_else(|| lies("its header cannot be read"))?;
        if header.hash() != answer.header.hash {
            return Err(lies("its header does not have the hash that it says"));
        }
        let proof = account_proof(&answer.proof).ok_or_else(|| lies("its proof cannot be read"))?;
        let account = proof
            .verify(&header.state_root, key.as_bytes())
            .map_err(|error| lies(&error.to_string()))?;
        if (account.balance, account.nonce) != (answer.balance, answer.nonce) {
            return Err(lies("it names another balance or nonce than it proves"));
        }
        Ok(ProvedAccount { account, answer })
    }

    /// The node's fee estimates.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn fees(&self) -> Result<Fees> {
        self.get("/blockchain/fees")
    }

    /// Hands in a signed transfer.
    ///
    /// # Errors
    /// When the node cannot be reached or refuses it.
    pub fn submit(&self, transfer: &TransferJson) -> Result<Accepted> {
        self.post("/blockchain/transactions/new", transfer)
    }

    /// Where a transaction stands; nothing when the node does not know it.
    ///
    /// # Errors
    /// When the node cannot be reached.
    pub fn transaction(&self, id: &Hash) -> Result<Option<TransactionJson>> {
        let response = self.send_get(&format!("/blockchain/transactions/{id}"))?;
        if response.status() == 404 {
            return Ok(None);
        }
        self.read(response).map(Some)
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.read(self.send_get(path)?)
    }

    fn send_get(&self, path: &str) -> Result<Response<Body>> {
        self.agent
            .get(format!("{}{path}", self.url))
            .header("accept", "application/json")
            .call()
            .map_err(|error| self.unreachable(&error))
    }

    fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        let response = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .send(serde_json::to_vec(body)?)
            .map_err(|error| self.unreachable(&error))?;
        self.read(response)
    }

    fn unreachable(&self, error: &ureq::Error) -> anyhow::Error {
        unreachable(&self.url, error)
    }

    fn read<T: DeserializeOwned>(&self, mut response: Response<Body>) -> Result<T> {
        let status = response.status();
        let bytes = response
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER)
            .read_to_vec()
            .map_err(|error| self.unreachable(&error))?;
        if status.is_success() {
            return serde_json::from_slice(&bytes)
                .with_context(|| format!("{} answers, but not as a node of Cairn does", self.url));
        }
        match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => Err(anyhow!("{} ({})", problem.detail, problem.code)),
            Err(_) => Err(anyhow!("the node at {} answers with status {status}", self.url)),
        }
    }
}
