//! argon2id: from a password to the key of a vault.

use alloc::vec::Vec;
use core::fmt;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::{Zeroize, Zeroizing};

use super::VaultError;
use crate::phrase::normalise;

/// The bytes of a salt. It is drawn at random for each password that is set.
pub const SALT_LEN: usize = 32;

/// The most bytes of a password in normal form.
const MAX_PASSWORD_LEN: usize = 1024;

/// The most passes.
const MAX_ITERATIONS: u32 = 20;

/// What may be written in all passes together: 4 GiB.
const MAX_WRITTEN_KIB: u32 = 4 * 1024 * 1024;

/// The cost of argon2id, within the range that a vault may ask for.
///
/// From 19 MiB, below which argon2id gives little, to what a phone can still do: 1 GiB, 20 passes, 4 lanes, and no more
/// than 4 GiB written in all passes together, so that no file keeps a page busy for minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfParams {
    memory_kib: u32,
    iterations: u32,
    parallelism: u32,
}

/// The cost of argon2id is out of the accepted range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the vault asks for argon2id with {memory_kib} KiB, {iterations} passes and {parallelism} lanes; accepted are 19456 \
     to 1048576 KiB, 1 to 20 passes and 1 to 4 lanes, and 4 GiB over all passes"
)]
pub struct KdfParamsError {
    /// The memory that was asked for.
    pub memory_kib: u32,
    /// The passes that were asked for.
    pub iterations: u32,
    /// The lanes that were asked for.
    pub parallelism: u32,
}

impl KdfParams {
    /// What a new vault takes at least: 64 MiB, 3 passes, 1 lane.
    pub const DEFAULT: Self = Self {
        memory_kib: 64 * 1024,
        iterations: 3,
        parallelism: 1,
    };

    /// A cost within the range.
    ///
    /// # Errors
    /// [`KdfParamsError`] when it is out of range.
    pub fn new(memory_kib: u32, iterations: u32, parallelism: u32) -> Result<Self, KdfParamsError> {
        let is_in_range = (19 * 1024..=1024 * 1024).contains(&memory_kib)
            && (1..=MAX_ITERATIONS).contains(&iterations)
            && (1..=4).contains(&parallelism)
            && memory_kib * iterations <= MAX_WRITTEN_KIB;
        if !is_in_range {
            return Err(KdfParamsError {
                memory_kib,
                iterations,
                parallelism,
            });
        }
        Ok(Self {
            memory_kib,
            iterations,
            parallelism,
        })
    }

    /// The memory in KiB.
    #[must_use]
    pub const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// The passes over the memory.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    /// The lanes.
    #[must_use]
    pub const fn parallelism(&self) -> u32 {
        self.parallelism
    }

    /// These parameters, raised where they are below the default. They stay in range.
    #[must_use]
    pub fn upgraded(&self) -> Self {
        Self {
            memory_kib: self.memory_kib.max(Self::DEFAULT.memory_kib),
            iterations: self.iterations.max(Self::DEFAULT.iterations),
            parallelism: self.parallelism,
        }
    }
}

impl KdfParams {
    /// These parameters with more passes, so that what took `took_ms` takes about `aim_ms` on the same device. Never with
    /// fewer, and in range.
    #[must_use]
    pub fn slowed(&self, took_ms: u64, aim_ms: u64) -> Self {
        let passes = u64::from(self.iterations) * aim_ms / took_ms.max(1);
        let most = MAX_ITERATIONS.min(MAX_WRITTEN_KIB / self.memory_kib);
        let passes = u32::try_from(passes).unwrap_or(u32::MAX).min(most);
        Self {
            iterations: passes.max(self.iterations),
            ..*self
        }
    }
}

impl Default for KdfParams {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Whether a vault with this cost should be sealed again with a higher one ([`KdfParams::upgraded`]).
#[must_use]
pub fn needs_upgrade(params: &KdfParams) -> bool {
    params.upgraded() != *params
}

/// The key of a vault, with the parameters and salt that made it. Wiped from memory when dropped; never printed.
pub struct VaultKey {
    key: Zeroizing<[u8; 32]>,
    params: KdfParams,
    salt: [u8; SALT_LEN],
}

impl VaultKey {
    /// Makes a key from a password: argon2id (RFC 9106, version 0x13) over its NFKD form, 32 bytes.
    ///
    /// # Errors
    /// [`VaultError::PasswordLength`] or [`VaultError::OutOfMemory`].
    pub fn derive(password: &str, params: KdfParams, salt: [u8; SALT_LEN]) -> Result<Self, VaultError> {
        let password = normalise(password, MAX_PASSWORD_LEN).ok_or(VaultError::PasswordLength)?;
        if password.is_empty() {
            return Err(VaultError::PasswordLength);
        }
        let cost = Params::new(params.memory_kib, params.iterations, params.parallelism, Some(32))
            .expect("our range lies within that of argon2");
        let mut memory = Memory::new(cost.block_count()).ok_or(VaultError::OutOfMemory {
            memory_kib: params.memory_kib,
        })?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, cost)
            .hash_password_into_with_memory(password.as_bytes(), &salt, &mut *key, &mut memory.0)
            .expect("the lengths of password, salt, key and memory are in range");
        Ok(Self { key, params, salt })
    }

    /// The cost it was made with.
    #[must_use]
    pub const fn params(&self) -> KdfParams {
        self.params
    }

    /// The salt it was made with.
    #[must_use]
    pub const fn salt(&self) -> &[u8; SALT_LEN] {
        &self.salt
    }

    pub(super) const fn from_parts(key: Zeroizing<[u8; 32]>, params: KdfParams, salt: [u8; SALT_LEN]) -> Self {
        Self { key, params, salt }
    }

    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        &self.key
    }
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey(…)")
    }
}

/// The memory of argon2id. Its last block gives the key away, so it is wiped; and a device without so much gets an error
/// instead of an end.
struct Memory(Vec<Block>);

impl Memory {
    fn new(blocks: usize) -> Option<Self> {
        let mut memory = Vec::new();
        memory.try_reserve_exact(blocks).ok()?;
        memory.resize(blocks, Block::new());
        Some(Self(memory))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(Zeroize::zeroize);
    }
}
