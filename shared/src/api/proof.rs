//! What a light client asks for: the proof of the chain, and the network's parameters.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{Decimal, HeaderJson};
use crate::{hash::Hash, params::Parameters};

/// `GET /blockchain/proof`, for reading. Only `proof` proves anything: the rest follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChainProofJson {
    /// The newest header.
    pub tip: HeaderJson,
    /// The work of the chain, as a decimal string.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub work: Decimal,
    /// How many bytes the proof has.
    pub length: u64,
    /// The headers that the proof shows, lowest first.
    pub shown: Vec<ShownJson>,
    /// The proof, in hex.
    pub proof: String,
}

/// A header that a proof shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShownJson {
    /// Where it stands.
    pub height: u64,
    /// Its hash.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub hash: Hash,
}

/// `GET /blockchain/parameters`: what makes the network. Who knows its genesis hash can check all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ParametersJson {
    /// The hash of the genesis block that these parameters make.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub genesis_hash: Hash,
    /// The hash of `bytes`, to which the genesis block commits.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub parameters_hash: Hash,
    /// The parameters, as in the network's file.
    pub parameters: Parameters,
    /// Their canonical bytes, in hex.
    pub bytes: String,
}
