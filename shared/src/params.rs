//! The parameters of a network, and the genesis block that commits to them.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use crate::{
    address::{self, Prefix},
    amount::Amount,
    block::{Header, transactions_root},
    codec::{Encode, encode_list, encode_short_bytes},
    difficulty::Asert,
    hash::{Hash, Tag},
    history::History,
    key::PublicKey,
    pow::Target,
    state::{Account, StateTree},
};

/// How the target of a block is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Difficulty {
    /// Always the same.
    Fixed {
        /// The target in compact form.
        bits: u32,
    },
    /// aserti3-2d with the genesis block as anchor.
    Asert {
        /// The genesis block's target in compact form; also the easiest there may be.
        bits: u32,
        /// How many milliseconds behind schedule double the target.
        half_life_ms: u64,
    },
}

impl Difficulty {
    /// The genesis block's target in compact form.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Fixed { bits } | Self::Asert { bits, .. } => bits,
        }
    }
}

/// Coins that exist from the genesis block on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Allocation {
    /// Whose they are: an address under the network's prefix.
    pub address: String,
    /// How many base units.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub amount: Amount,
}

/// What makes a network: a network file in TOML, or JSON, holds these fields. [`Network::new`] checks them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Parameters {
    /// What people call the network: 1 to 32 characters of `a-z`, `0-9` and `-`.
    pub name: String,
    /// What people call a coin: 1 to 8 characters of `A-Z` and `0-9`.
    pub symbol: String,
    /// What addresses begin with: 1 to 16 characters of `a-z` and `0-9`, the first a letter.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub prefix: Prefix,
    /// New base units in each block of the first era.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub subsidy: Amount,
    /// After how many blocks the subsidy halves; 0: never.
    pub halving_interval: u64,
    /// The time that a block should take, in milliseconds.
    pub interval_ms: u64,
    /// How far a timestamp may be ahead of a verifier's clock, in milliseconds.
    pub max_future_ms: u64,
    /// The greatest encoded length of a block, in bytes.
    pub max_block_bytes: u32,
    /// The greatest number of transfers in a block.
    pub max_block_transfers: u32,
    /// How many blocks a reorganisation may undo.
    pub max_reorg_depth: u32,
    /// The genesis block's timestamp, in milliseconds since 1970-01-01T00:00:00Z.
    pub genesis_time_ms: u64,
    /// How the target of a block is found.
    pub difficulty: Difficulty,
    /// Coins that exist from the start.
    #[serde(default)]
    pub allocations: Vec<Allocation>,
}

/// Why parameters make no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParametersError {
    /// A field is outside its range.
    #[error("{field} is {value}, and must be {wanted}")]
    OutOfRange {
        /// The field's name.
        field: &'static str,
        /// What it holds.
        value: String,
        /// What is allowed.
        wanted: &'static str,
    },
    /// An allocation's address is not one of the network.
    #[error("the allocation to \"{address}\" cannot be: {reason}")]
    Address {
        /// The address as written.
        address: String,
        /// What is wrong with it.
        reason: address::AddressError,
    },
    /// An address stands twice among the allocations.
    #[error("{address} has two allocations; add them up")]
    Twice {
        /// The address.
        address: String,
    },
    /// Allocations and subsidies could pass the greatest amount.
    #[error(
        "allocations and subsidies can pass {} base units; lower the subsidy, or let it halve",
        u64::MAX
    )]
    SupplyTooLarge,
}

impl Parameters {
    /// The canonical bytes, with the allocations by key. docs/protocol.md, "Parameters".
    fn encode(&self, allocations: &[(PublicKey, Amount)]) -> Vec<u8> {
        let mut out = Vec::new();
        Header::VERSION.encode(&mut out);
        encode_short_bytes(self.name.as_bytes(), &mut out);
        encode_short_bytes(self.symbol.as_bytes(), &mut out);
        encode_short_bytes(self.prefix.as_str().as_bytes(), &mut out);
        self.subsidy.encode(&mut out);
        self.halving_interval.encode(&mut out);
        self.interval_ms.encode(&mut out);
        self.max_future_ms.encode(&mut out);
        self.max_block_bytes.encode(&mut out);
        self.max_block_transfers.encode(&mut out);
        self.max_reorg_depth.encode(&mut out);
        self.genesis_time_ms.encode(&mut out);
        match self.difficulty {
            Difficulty::Fixed { bits } => {
                0_u8.encode(&mut out);
                bits.encode(&mut out);
                0_u64.encode(&mut out);
            }
            Difficulty::Asert { bits, half_life_ms } => {
                1_u8.encode(&mut out);
                bits.encode(&mut out);
                half_life_ms.encode(&mut out);
            }
        }
        let items: Vec<AllocationBytes> = allocations.iter().copied().map(AllocationBytes).collect();
        encode_list(&items, &mut out);
        out
    }

    fn check(&self) -> Result<(), ParametersError> {
        let made_of = |text: &str, longest: usize, allowed: fn(&u8) -> bool| {
            !text.is_empty() && text.len() <= longest && text.as_bytes().iter().all(allowed)
        };
        let is_name = made_of(&self.name, 32, |byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-'
        });
        let is_symbol = made_of(&self.symbol, 8, |byte| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit()
        });
        let bits = self.difficulty.bits();
        let half_life_ms = match self.difficulty {
            Difficulty::Fixed { .. } => 1,
            Difficulty::Asert { half_life_ms, .. } => half_life_ms,
        };
        for (field, text, wanted, holds) in [
            ("name", &self.name, "1 to 32 of a-z, 0-9 and -", is_name),
            ("symbol", &self.symbol, "1 to 8 of A-Z and 0-9", is_symbol),
        ] {
            let value = || alloc::format!("\"{text}\"");
            check(holds, field, &value, wanted)?;
        }
        if Target::from_bits(bits).is_none() {
            let value = || alloc::format!("0x{bits:08x}");
            check(
                false,
                "difficulty.bits",
                &value,
                "the compact form of a target, such as 0x2000ffff",
            )?;
        }
        for (field, number, wanted, least, most) in [
            ("interval_ms", self.interval_ms, "1 to 86400000", 1, 86_400_000),
            ("max_future_ms", self.max_future_ms, "1 to 86400000", 1, 86_400_000),
            (
                "max_block_bytes",
                self.max_block_bytes.into(),
                "1024 to 16777216",
                1_024,
                16_777_216,
            ),
            (
                "max_block_transfers",
                self.max_block_transfers.into(),
                "1 to 65536",
                1,
                65_536,
            ),
            (
                "max_reorg_depth",
                self.max_reorg_depth.into(),
                "1 to 100000",
                1,
                100_000,
            ),
            (
                "genesis_time_ms",
                self.genesis_time_ms,
                "milliseconds since 1970, below 2^53",
                0,
                (1 << 53) - 1,
            ),
            (
                "difficulty.half_life_ms",
                half_life_ms,
                "1 to 31536000000",
                1,
                31_536_000_000,
            ),
            (
                "allocations",
                self.allocations.len() as u64,
                "at most 100000",
                0,
                100_000,
            ),
        ] {
            let value = || alloc::format!("{number}");
            check((least..=most).contains(&number), field, &value, wanted)?;
        }
        Ok(())
    }

    /// The new coins at a height. None at genesis, whose coins are the allocations.
    #[must_use]
    pub const fn subsidy_at(&self, height: u64) -> Amount {
        let era = match (height.checked_sub(1), self.halving_interval) {
            (None, _) => return Amount::ZERO,
            (_, 0) => 0,
            (Some(blocks), interval) => blocks / interval,
        };
        if era >= 64 {
            Amount::ZERO
        } else {
            Amount::from_units(self.subsidy.units() >> era)
        }
    }

    /// All subsidies up to a height, if the sum fits.
    #[must_use]
    pub fn subsidies_until(&self, height: u64) -> Option<Amount> {
        if self.halving_interval == 0 {
            return self.subsidy.units().checked_mul(height).map(Amount::from_units);
        }
        let mut sum: u64 = 0;
        let mut left = height;
        for era in 0..64 {
            let blocks = left.min(self.halving_interval);
            sum = sum.checked_add((self.subsidy.units() >> era).checked_mul(blocks)?)?;
            left -= blocks;
        }
        Some(Amount::from_units(sum))
    }
}

fn check(
    holds: bool,
    field: &'static str,
    value: &dyn Fn() -> String,
    wanted: &'static str,
) -> Result<(), ParametersError> {
    if holds {
        return Ok(());
    }
    let value = value();
    Err(ParametersError::OutOfRange { field, value, wanted })
}

struct AllocationBytes((PublicKey, Amount));

impl Encode for AllocationBytes {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.0.encode(out);
        self.0.1.encode(out);
    }
}

/// Parameters that were checked, and what follows from them.
#[derive(Debug, Clone)]
pub struct Network {
    parameters: Parameters,
    parameters_hash: Hash,
    genesis: Header,
    genesis_hash: Hash,
    accounts: StateTree,
    allocated: Amount,
}

impl Network {
    /// The greatest height for which the supply is guaranteed to fit, where the subsidy never halves: about 3,000 years
    /// of one block a second.
    const HORIZON: u64 = 100_000_000_000;

    /// Checks parameters and makes the genesis block.
    ///
    /// # Errors
    /// [`ParametersError`] that names the field.
    pub fn new(parameters: Parameters) -> Result<Self, ParametersError> {
        parameters.check()?;
        let mut allocations = Vec::with_capacity(parameters.allocations.len());
        for Allocation { address, amount } in &parameters.allocations {
            let key =
                address::decode_checked(&parameters.prefix, address).map_err(|reason| ParametersError::Address {
                    address: address.clone(),
                    reason,
                })?;
            allocations.push((key, *amount));
        }
        allocations.sort_unstable();
        if let Some(pair) = allocations.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let address = address::encode(&parameters.prefix, &pair[0].0);
            return Err(ParametersError::Twice { address });
        }
        let allocated = Amount::checked_sum(allocations.iter().map(|(_, amount)| *amount));
        let allocated = allocated.ok_or(ParametersError::SupplyTooLarge)?;
        parameters
            .subsidies_until(Self::HORIZON)
            .and_then(|subsidies| subsidies.checked_add(allocated))
            .ok_or(ParametersError::SupplyTooLarge)?;

        let parameters_hash = Tag::Parameters.hash(&[&parameters.encode(&allocations)]);
        let mut accounts = StateTree::default();
        accounts.update(
            allocations
                .iter()
                .map(|&(key, balance)| (key.0, Account { balance, nonce: 0 })),
        );
        let genesis = Header {
            version: Header::VERSION,
            height: 0,
            previous_hash: parameters_hash,
            history_root: History::default().root(),
            transactions_root: transactions_root(&[]),
            state_root: accounts.root(),
            timestamp: parameters.genesis_time_ms,
            bits: parameters.difficulty.bits(),
            nonce: 0,
        };
        Ok(Self {
            parameters,
            parameters_hash,
            genesis_hash: genesis.hash(),
            genesis,
            accounts,
            allocated,
        })
    }

    /// The parameters.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The hash of the parameters, to which the genesis header commits.
    #[must_use]
    pub const fn parameters_hash(&self) -> Hash {
        self.parameters_hash
    }

    /// The parameters' canonical bytes, of which the parameters hash is made.
    #[must_use]
    pub fn parameters_bytes(&self) -> Vec<u8> {
        let key = |allocation: &Allocation| {
            // All were read when the network was made.
            let key = address::decode(&self.parameters.prefix, &allocation.address).ok()?;
            Some((key, allocation.amount))
        };
        let mut allocations: Vec<_> = self.parameters.allocations.iter().filter_map(key).collect();
        allocations.sort_unstable();
        self.parameters.encode(&allocations)
    }

    /// The first header.
    #[must_use]
    pub const fn genesis(&self) -> &Header {
        &self.genesis
    }

    /// Its hash: names the chain.
    #[must_use]
    pub const fn genesis_hash(&self) -> Hash {
        self.genesis_hash
    }

    /// The accounts at genesis.
    #[must_use]
    pub const fn genesis_accounts(&self) -> &StateTree {
        &self.accounts
    }

    /// All coins there are after the block at `height`, if the sum fits: checked parameters see to that below the horizon.
    #[must_use]
    pub fn supply_at(&self, height: u64) -> Option<Amount> {
        self.parameters.subsidies_until(height)?.checked_add(self.allocated)
    }

    /// The compact target of the block that follows one at `height` with this timestamp.
    #[must_use]
    pub fn next_bits(&self, height: u64, timestamp: u64) -> u32 {
        match self.parameters.difficulty {
            Difficulty::Fixed { bits } => bits,
            Difficulty::Asert { bits, half_life_ms } => {
                let Some(anchor_target) = Target::from_bits(bits) else {
                    return bits;
                };
                let interval = self.parameters.interval_ms;
                Asert {
                    anchor_target,
                    anchor_parent_time: i128::from(self.genesis.timestamp) - i128::from(interval),
                    anchor_height: 0,
                    interval,
                    half_life: half_life_ms,
                    limit: anchor_target,
                }
                .next_bits(height, timestamp)
            }
        }
    }

    /// The address of a key on this network.
    #[must_use]
    pub fn address(&self, key: &PublicKey) -> String {
        address::encode(&self.parameters.prefix, key)
    }

    /// The key of an address of this network.
    ///
    /// # Errors
    /// [`address::AddressError`] that says what is wrong with the text.
    pub fn parse_address(&self, text: &str) -> Result<PublicKey, address::AddressError> {
        address::decode_checked(&self.parameters.prefix, text)
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.parameters.name
    }
}
