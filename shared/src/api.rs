//! The JSON that node and page exchange. Names as in docs/protocol.md, "JSON".
//!
//! Whatever can pass 2^53 is a decimal string; hashes, keys and signatures are lower-case hex; keys of accounts are addresses.

use alloc::{string::String, vec::Vec};

use ruint::aliases::U256;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

mod proof;

use crate::{
    address::{self, AddressError, Prefix},
    amount::Amount,
    block::{Block, Header},
    hash::Hash,
    history::parse_decimal,
    key::Signature,
    merkle::InclusionProof,
    state::AccountProof,
    transaction::{Memo, Note, Reward, SignedTransfer, Transfer},
};

pub use proof::{ChainProofJson, ParametersJson, ShownJson};

/// A whole number of at most 256 bits as a decimal string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(pub U256);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_decimal(&text)
            .map(Self)
            .ok_or_else(|| D::Error::custom("a decimal number of at most 256 bits is expected"))
    }
}

impl From<u64> for Decimal {
    fn from(number: u64) -> Self {
        Self(U256::from(number))
    }
}

/// A transfer as JSON, and as the form fields of `POST /blockchain/transactions/new`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransferJson {
    /// The id. Not read: it follows from the rest.
    #[serde(default, skip_deserializing, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, read_only))]
    pub id: Option<Hash>,
    /// Who pays.
    pub sender_address: String,
    /// Who is paid.
    pub recipient_address: String,
    /// What the recipient gets, in base units.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "150000000"))]
    pub amount: Amount,
    /// What the miner gets, in base units.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "1000"))]
    pub fee: Amount,
    /// How many of the sender's transfers were mined before.
    pub nonce: u64,
    /// The last height at which it may be mined; 0 for no limit.
    #[serde(default)]
    pub valid_until: u64,
    /// Text for the recipient, at most 64 bytes.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 64))]
    pub memo: Memo,
    /// The sender's signature.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 128, max_length = 128))]
    pub signature: Signature,
}

impl TransferJson {
    /// The JSON of a transfer.
    #[must_use]
    pub fn new(prefix: &Prefix, signed: &SignedTransfer) -> Self {
        Self::with_id(prefix, signed, signed.id())
    }

    /// The JSON of a transfer whose id is known.
    #[must_use]
    pub fn with_id(prefix: &Prefix, signed: &SignedTransfer, id: Hash) -> Self {
        let SignedTransfer { transfer, signature } = signed;
        Self {
            id: Some(id),
            sender_address: address::encode(prefix, &transfer.sender),
            recipient_address: address::encode(prefix, &transfer.recipient),
            amount: transfer.amount,
            fee: transfer.fee,
            nonce: transfer.nonce,
            valid_until: transfer.valid_until,
            memo: transfer.memo.clone(),
            signature: *signature,
        }
    }

    /// The transfer that the JSON spells. Nothing but the addresses' text is checked.
    ///
    /// # Errors
    /// The field whose address cannot be read, and why.
    pub fn to_signed(&self, prefix: &Prefix) -> Result<SignedTransfer, (&'static str, AddressError)> {
        let key = |field, text| address::decode(prefix, text).map_err(|error| (field, error));
        Ok(SignedTransfer {
            transfer: Transfer {
                sender: key("sender_address", &self.sender_address)?,
                recipient: key("recipient_address", &self.recipient_address)?,
                amount: self.amount,
                fee: self.fee,
                nonce: self.nonce,
                valid_until: self.valid_until,
                memo: self.memo.clone(),
            },
            signature: self.signature,
        })
    }
}

/// A block's reward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RewardJson {
    /// The id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: Hash,
    /// Who is paid.
    pub recipient_address: String,
    /// Subsidy and fees, in base units.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub amount: Amount,
    /// At most 32 free bytes, in hex.
    pub note: String,
}

impl RewardJson {
    /// The JSON of a reward at a height.
    #[must_use]
    pub fn new(prefix: &Prefix, reward: &Reward, height: u64) -> Self {
        Self {
            id: reward.id(height),
            recipient_address: address::encode(prefix, &reward.recipient),
            amount: reward.amount,
            note: hex::encode(reward.note.as_bytes()),
        }
    }

    /// The reward that the JSON spells, if its fields can be read.
    #[must_use]
    pub fn to_reward(&self, prefix: &Prefix) -> Option<Reward> {
        let recipient = address::decode(prefix, &self.recipient_address).ok()?;
        let note = Note::new(&hex::decode(&self.note).ok()?)?;
        Some(Reward {
            recipient,
            amount: self.amount,
            note,
        })
    }
}

/// A block's header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeaderJson {
    /// The number of blocks before this one.
    pub height: u64,
    /// The header's hash.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub hash: Hash,
    /// The protocol's version.
    pub version: u32,
    /// The hash of the header before.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub previous_hash: Hash,
    /// The root over all earlier headers.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub history_root: Hash,
    /// The root over the block's transactions.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub transactions_root: Hash,
    /// The root over all accounts after the block.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub state_root: Hash,
    /// Milliseconds since 1970.
    pub timestamp: u64,
    /// The target in compact form.
    pub bits: u32,
    /// What the miner varied, as a decimal string.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub nonce: Decimal,
    /// The work of the chain up to this block, as a decimal string.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub work: Decimal,
}

impl HeaderJson {
    /// The JSON of a header, with its hash and the work of the chain up to it.
    #[must_use]
    pub fn new(header: &Header, hash: Hash, work: U256) -> Self {
        Self {
            height: header.height,
            hash,
            version: header.version,
            previous_hash: header.previous_hash,
            history_root: header.history_root,
            transactions_root: header.transactions_root,
            state_root: header.state_root,
            timestamp: header.timestamp,
            bits: header.bits,
            nonce: header.nonce.into(),
            work: Decimal(work),
        }
    }

    /// The header that the JSON spells, if the nonce fits. Its hash is the caller's to compare.
    #[must_use]
    pub fn to_header(&self) -> Option<Header> {
        Some(Header {
            version: self.version,
            height: self.height,
            previous_hash: self.previous_hash,
            history_root: self.history_root,
            transactions_root: self.transactions_root,
            state_root: self.state_root,
            timestamp: self.timestamp,
            bits: self.bits,
            nonce: u64::try_from(self.nonce.0).ok()?,
        })
    }
}

/// A block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockJson {
    /// The header's fields.
    #[serde(flatten)]
    pub header: HeaderJson,
    /// The encoded length, in bytes.
    pub size: u64,
    /// What its miner got; none in the genesis block.
    pub reward: Option<RewardJson>,
    /// The transfers, in the order in which they were applied.
    pub transactions: Vec<TransferJson>,
}

impl BlockJson {
    /// The JSON of a block, with its hash and the work of the chain up to it.
    #[must_use]
    pub fn new(prefix: &Prefix, block: &Block, hash: Hash, work: U256) -> Self {
        Self {
            header: HeaderJson::new(&block.header, hash, work),
            size: block.encoded_len() as u64,
            reward: Some(RewardJson::new(prefix, &block.reward, block.header.height)),
            transactions: block
                .transfers
                .iter()
                .map(|signed| TransferJson::new(prefix, signed))
                .collect(),
        }
    }

    /// The JSON of the genesis block, which has neither reward nor transfers.
    #[must_use]
    pub fn genesis(header: &Header, hash: Hash, work: U256) -> Self {
        Self {
            header: HeaderJson::new(header, hash, work),
            size: Header::LEN as u64,
            reward: None,
            transactions: Vec::new(),
        }
    }
}

/// A block in a list: without its transactions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockSummary {
    /// The header's fields.
    #[serde(flatten)]
    pub header: HeaderJson,
    /// The encoded length, in bytes.
    pub size: u64,
    /// The number of transfers.
    pub transaction_count: u64,
    /// Who found it; none for the genesis block.
    pub miner_address: Option<String>,
    /// Subsidy and fees, in base units.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub reward: Amount,
}

/// `GET /blockchain/blocks`: newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlockList {
    /// The blocks.
    pub blocks: Vec<BlockSummary>,
    /// Give this as `before` for the next page; none on the last.
    pub next: Option<u64>,
}

/// `GET /blockchain/headers`: lowest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeaderList {
    /// The headers.
    pub headers: Vec<HeaderJson>,
    /// Give this as `from` for the next page; none on the last.
    pub next: Option<u64>,
}

/// `GET /blockchain/chain`: lowest block first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Chain {
    /// The blocks that were asked for.
    pub chain: Vec<BlockJson>,
    /// How many blocks the whole chain has.
    pub length: u64,
}

/// `GET /blockchain/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Status {
    /// The network's name.
    pub network: String,
    /// What a coin is called.
    pub symbol: String,
    /// What addresses begin with.
    pub prefix: String,
    /// The hash of the genesis block: names the chain.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub genesis_hash: Hash,
    /// The height of the newest block.
    pub height: u64,
    /// Its hash.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub tip_hash: Hash,
    /// Its timestamp, in milliseconds since 1970.
    pub tip_timestamp: u64,
    /// The work of the chain, as a decimal string.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub work: Decimal,
    /// The newest block's target in compact form.
    pub bits: u32,
    /// The time a block should take, in milliseconds.
    pub interval_ms: u64,
    /// The mean time of the last blocks (up to 100), in milliseconds; none before there are two.
    pub mean_interval_ms: Option<u64>,
    /// Attempts a second that the last blocks took, as a decimal string; none before there are two.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub hash_rate: Option<Decimal>,
    /// The number of pending transfers.
    pub pending: u64,
    /// The number of connected nodes.
    pub peers: u64,
    /// Whether this node mines without being asked.
    pub mining: bool,
    /// The program's version.
    pub version: String,
}

/// `GET /blockchain/accounts/{address}`: one account at one named header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountJson {
    /// The address.
    pub address: String,
    /// The balance, in base units.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub balance: Amount,
    /// How many of its transfers were mined.
    pub nonce: u64,
    /// The header after which this holds.
    pub header: HeaderJson,
    /// Proof of balance and nonce, or of the account's absence, against the header's state root, in hex.
    pub proof: String,
    /// What pending transfers would change.
    pub pending: PendingChange,
}

/// What pending transfers would change for an account: the node's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PendingChange {
    /// Incoming base units.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub incoming: Amount,
    /// Outgoing base units, fees included.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub outgoing: Amount,
    /// The nonce that the account's next transfer takes.
    pub next_nonce: u64,
}

/// Where a transaction stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[expect(clippy::large_enum_variant, reason = "one is made for an answer, and most are mined")]
pub enum Standing {
    /// In the mempool.
    Pending {
        /// Its place by fee rate, counted from 1.
        place: u64,
        /// When it came, in milliseconds since 1970.
        since: u64,
    },
    /// In a block.
    Mined {
        /// The block's header.
        header: HeaderJson,
        /// Its index in the block; the reward is 0.
        index: u64,
        /// How many blocks there are from it to the tip, both counted.
        confirmations: u64,
        /// Proof of inclusion against the header's transactions root, in hex.
        proof: String,
    },
}

/// `GET /blockchain/transactions/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TransactionJson {
    /// The id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: Hash,
    /// The transfer, if it is one.
    pub transfer: Option<TransferJson>,
    /// The reward, if it is one.
    pub reward: Option<RewardJson>,
    /// Where it stands.
    #[serde(flatten)]
    pub standing: Standing,
}

/// One line of an account's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryEntry {
    /// The transaction's id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: Hash,
    /// The height of its block; none while it is pending.
    pub height: Option<u64>,
    /// Its index in the block; the reward is 0.
    pub index: Option<u64>,
    /// The block's timestamp, or when it came.
    pub timestamp: u64,
    /// The transfer, if it is one.
    pub transfer: Option<TransferJson>,
    /// The reward, if it is one.
    pub reward: Option<RewardJson>,
}

/// `GET /blockchain/accounts/{address}/transactions`: newest first; pending ones stand at the top of the first page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountHistory {
    /// The lines.
    pub transactions: Vec<HistoryEntry>,
    /// Give this as `before` for the next page; none on the last.
    pub next: Option<String>,
}

/// A pending transfer in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PendingJson {
    /// The transfer.
    #[serde(flatten)]
    pub transfer: TransferJson,
    /// When it came, in milliseconds since 1970.
    pub since: u64,
    /// The encoded length, in bytes.
    pub size: u64,
    /// Whether it cannot be mined yet: earlier transfers of its sender are missing, or a payment to it that was undone.
    pub waiting: bool,
    /// Whether it would be in the next block.
    pub next_block: bool,
}

/// `GET /blockchain/transactions/get`: by fee rate, highest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PendingList {
    /// The transfers.
    pub transactions: Vec<PendingJson>,
    /// How many there are in all.
    pub total: u64,
    /// Give this as `after` for the next page; none on the last.
    pub next: Option<String>,
}

/// `GET /blockchain/fees`: what a transfer should pay, by how soon it should be mined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fees {
    /// The least that the node takes into its mempool now, for a transfer without memo, in base units.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub minimum: Amount,
    /// The estimates, soonest first.
    pub estimates: Vec<FeeEstimate>,
}

/// A fee, and how soon a transfer that pays it is likely mined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FeeEstimate {
    /// Within so many blocks.
    pub blocks: u64,
    /// The fee of a transfer without memo, in base units.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub fee: Amount,
    /// The expected time until then, in milliseconds.
    pub expected_ms: u64,
}

/// `POST /blockchain/transactions/new`, accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Accepted {
    /// For people: in which block it is likely to be.
    pub message: String,
    /// The transaction's id.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: Hash,
}

/// A verdict in the answer of `POST /blockchain/transactions/batch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Verdict {
    /// In the mempool, durably.
    Accepted {
        /// The id.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        id: Hash,
    },
    /// Refused.
    Refused {
        /// The rule's stable name.
        code: String,
        /// The rule, the value and the way out.
        detail: String,
    },
}

/// `POST /blockchain/transactions/batch`: up to 100 transfers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Batch {
    /// The transfers, taken one after another.
    pub transactions: Vec<TransferJson>,
}

/// The verdicts on a batch, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchVerdicts {
    /// One for each transfer.
    pub verdicts: Vec<Verdict>,
}

/// What `POST /blockchain/mine` asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MineRequest {
    /// Who is paid; the node's own address where it has one and none is named.
    #[serde(default)]
    pub recipient: Option<String>,
    /// How many blocks.
    #[serde(default = "one")]
    pub count: u64,
}

const fn one() -> u64 {
    1
}

/// What was mined: the newest block's values, in the words of the system that Cairn replaces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mined {
    /// "New Block Forged".
    pub message: String,
    /// The newest block's height.
    pub block_number: u64,
    /// Its transfers.
    pub transactions: Vec<TransferJson>,
    /// Its nonce, as a decimal string.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub nonce: Decimal,
    /// The hash of the block before.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub previous_hash: Hash,
    /// The newest block's hash.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub hash: Hash,
    /// Who was paid.
    pub recipient: String,
    /// What the newest block paid, in base units.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub reward: Amount,
    /// How many blocks were mined.
    pub count: u64,
}

/// An event of `GET /blockchain/events`. Its SSE id is a number that only grows while the node runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Event {
    /// Sent first on every connection: where the node stands.
    Status(Status),
    /// A block was added at the tip.
    Block(BlockSummary),
    /// Blocks were taken back, and others put in their place; `block` events of those follow.
    Reorganisation {
        /// The last block that both have.
        fork_height: u64,
        /// The tip before.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        old_tip: Hash,
        /// The tip now.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        new_tip: Hash,
    },
    /// A transfer came into the mempool.
    Pending(PendingJson),
    /// A transfer left the mempool without being mined.
    Dropped {
        /// Its id.
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        id: Hash,
        /// Why: `expired`, `replaced`, `evicted`, `aged` or `invalid`.
        reason: String,
        /// The transfer of the same sender that has its nonce now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
        replaced_by: Option<Hash>,
    },
    /// Events were missed that the node no longer has: read everything anew.
    Reset {},
}

/// An error as `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Always `about:blank`: the code says more.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status' words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable name of the rule.
    pub code: String,
    /// The rule, the value and the way out.
    pub detail: String,
    /// For people; the words of the system that Cairn replaces where it had any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Reads a proof of inclusion from the hex of an answer.
#[must_use]
pub fn inclusion_proof(text: &str) -> Option<InclusionProof> {
    crate::codec::Decode::from_bytes(&hex::decode(text).ok()?).ok()
}

/// Reads a proof of an account from the hex of an answer.
#[must_use]
pub fn account_proof(text: &str) -> Option<AccountProof> {
    crate::codec::Decode::from_bytes(&hex::decode(text).ok()?).ok()
}

/// The hex of something that has a canonical encoding.
#[must_use]
pub fn to_hex(value: &impl crate::codec::Encode) -> String {
    hex::encode(value.to_bytes())
}
