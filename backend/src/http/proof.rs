//! What light clients ask for: the proof of the chain, and the network's parameters.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use serde::Deserialize;
use shared::{
    api::{ChainProofJson, Decimal, HeaderJson, ParametersJson, Problem as ProblemJson, ShownJson},
    chain_proof,
    hash::Hash,
    params::Network,
};
use tokio::sync::Mutex as Turn;
use utoipa::IntoParams;

use super::{
    answer::{Holds, is_known, tagged},
    blocks::{OCTETS, accepts_octets, typed, vary_by_accept},
    context::Context,
    extract::Query,
    origin,
    problem::Problem,
};
use crate::node::View;

/// How many headers may be asked for besides those that a proof shows anyway.
const MAX_KNOWN: usize = 4;

/// The proof of the newest chain, and whose turn it is to write one.
#[derive(Default)]
pub(crate) struct Proofs {
    newest: Mutex<Option<(Hash, Bytes)>>,
    /// One proof is written at a time. Whoever waits finds the newest one written, mostly.
    turn: Arc<Turn<()>>,
    parameters: OnceLock<Bytes>,
}

impl Proofs {
    fn newest(&self, tip: &Hash) -> Option<Bytes> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest
            .as_ref()
            .filter(|(at, _)| at == tip)
            .map(|(_, proof)| proof.clone())
    }

    fn keep(&self, tip: Hash, proof: &Bytes) {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some((tip, proof.clone()));
    }
}

/// Which headers besides.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProofQuery {
    /// Heights of up to 4 headers that the proof is to show besides, with commas between. Who knows one of them sees that
    /// its chain goes on. A height above the tip shows nothing.
    #[param(example = "12,345")]
    known: Option<String>,
}

impl ProofQuery {
    fn heights(&self) -> Result<Vec<u64>, Problem> {
        let Some(text) = &self.known else {
            return Ok(Vec::new());
        };
        let number = |part: &str| {
            let is_plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse().ok().filter(|_| is_plain)
        };
        let mut heights: Vec<u64> = text
            .split(',')
            .take(MAX_KNOWN + 1)
            .map(number)
            .collect::<Option<_>>()
            .filter(|heights: &Vec<u64>| heights.len() <= MAX_KNOWN)
            .ok_or_else(|| {
                Problem::bad_request(
                    "known-invalid",
                    format!("The known headers are 1 to {MAX_KNOWN} heights with commas between, such as 12,345."),
                )
            })?;
        heights.sort_unstable();
        heights.dedup();
        Ok(heights)
    }
}

/// The proof that the node's chain has the work it says (FlyClient; docs/protocol.md, "Proof of the chain"). With
/// `Accept: application/octet-stream` its bytes alone.
#[utoipa::path(
    get, path = "/blockchain/proof", tag = "Chain", params(ProofQuery),
    responses(
        (status = 200, content((ChainProofJson = "application/json"), (Vec<u8> = "application/octet-stream"))),
        (status = "default", body = ProblemJson),
    ),
)]
pub(crate) async fn proof(
    State(context): State<Arc<Context>>,
    Query(query): Query<ProofQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut known = query.heights()?;
    // Those that every proof shows, or none can, ask for nothing more: so most who know a header get what was written before.
    let tip = context.node.view().tip().height();
    known.retain(|height| *height > 0 && height.saturating_add(chain_proof::RECENT / 2) <= tip);
    let binary = accepts_octets(&headers);
    let tag = |tip: &Hash| {
        let kind = if binary { 'b' } else { 'j' };
        let known: String = known.iter().map(|height| format!("-{height}")).collect();
        format!("W/\"{tip}-{kind}{known}\"")
    };
    let tip = context.node.view().tip().headers().hash();
    let mut response = if is_known(&headers, &tag(&tip)) {
        tagged(&headers, &tag(&tip), Holds::Now, || ().into_response())
    } else {
        let (tip, bytes) = written(&context, known.clone(), binary).await?;
        let content_type = if binary { OCTETS } else { "application/json" };
        tagged(&headers, &tag(&tip), Holds::Now, || {
            typed(content_type, Body::from(bytes))
        })
    };
    vary_by_accept(&mut response);
    if !context.config.allow_origins.is_empty() {
        let answered = response.headers_mut();
        answered.append(header::VARY, HeaderValue::from_static("origin"));
        if let Some(page) = origin::allowed(&headers, &context.config.allow_origins) {
            answered.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, page.clone());
        }
    }
    Ok(response)
}

/// The proof of the newest chain, and the tip's hash.
async fn written(context: &Arc<Context>, known: Vec<u64>, binary: bool) -> Result<(Hash, Bytes), Problem> {
    let tip = context.node.view().tip().headers().hash();
    if binary
        && known.is_empty()
        && let Some(proof) = context.proofs.newest(&tip)
    {
        return Ok((tip, proof));
    }
    // The turn goes along to the thread that writes: it is kept even when nobody waits for the answer any more.
    let turn = Arc::clone(&context.proofs.turn).lock_owned().await;
    Arc::clone(context)
        .read(move |context, view| {
            let _turn = turn;
            let tip = view.tip().headers().hash();
            let proof = proof_of(&context.proofs, context.node.network(), view, tip, &known)?;
            let bytes = if binary {
                proof
            } else {
                let json = proof_json(context.node.network(), view, &proof)?;
                serde_json::to_vec(&json).map_err(Problem::internal)?.into()
            };
            Ok((tip, bytes))
        })
        .await
}

fn proof_of(proofs: &Proofs, network: &Network, view: &View, tip: Hash, known: &[u64]) -> Result<Bytes, Problem> {
    if known.is_empty()
        && let Some(proof) = proofs.newest(&tip)
    {
        return Ok(proof);
    }
    let proof = chain_proof::write(view.reader(), network, view.tip().height(), known)?.into();
    if known.is_empty() {
        proofs.keep(tip, &proof);
    }
    Ok(proof)
}

fn proof_json(network: &Network, view: &View, proof: &Bytes) -> Result<ChainProofJson, Problem> {
    // The node's own chain was in time when it was accepted.
    let proved = chain_proof::verify(proof, network, u64::MAX).map_err(Problem::internal)?;
    let headers = view.tip().headers();
    Ok(ChainProofJson {
        tip: HeaderJson::new(headers.header(), headers.hash(), headers.work()),
        work: Decimal(headers.work()),
        length: proof.len() as u64,
        shown: proved
            .shown
            .iter()
            .map(|shown| ShownJson {
                height: shown.height,
                hash: shown.hash,
            })
            .collect(),
        proof: hex::encode(proof),
    })
}

/// What makes the network. Who knows its genesis hash can make the network from it, and sees whether it is that one.
#[utoipa::path(
    get, path = "/blockchain/parameters", tag = "Chain",
    responses((status = 200, body = ParametersJson), (status = "default", body = ProblemJson)),
)]
pub(crate) async fn parameters(State(context): State<Arc<Context>>, headers: HeaderMap) -> Result<Response, Problem> {
    let tag = format!("W/\"{}\"", context.node.network().genesis_hash());
    let bytes = context
        .read(|context, _| match context.proofs.parameters.get() {
            Some(bytes) => Ok(bytes.clone()),
            None => {
                let json = serde_json::to_vec(&parameters_json(context.node.network())).map_err(Problem::internal)?;
                Ok(context.proofs.parameters.get_or_init(|| json.into()).clone())
            }
        })
        .await?;
    Ok(tagged(&headers, &tag, Holds::Now, || {
        typed("application/json", Body::from(bytes))
    }))
}

fn parameters_json(network: &Network) -> ParametersJson {
    ParametersJson {
        genesis_hash: network.genesis_hash(),
        parameters_hash: network.parameters_hash(),
        parameters: network.parameters().clone(),
        bytes: hex::encode(network.parameters_bytes()),
    }
}
