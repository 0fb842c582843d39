//! The vault: a wallet's secrets encrypted under a password. The page's backup and the file of `cairn wallet` are these bytes.
//!
//! argon2id makes the key, XChaCha20-Poly1305 encrypts with the whole header as associated data, and a checksum over all
//! of it tells damage from a wrong password. docs/vault.md specifies every byte.

mod contents;
mod kdf;
mod wrap;

use alloc::vec::Vec;

use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

pub use contents::{Account, AccountName, AccountNameError, Contents, ContentsError};
pub use kdf::{KdfParams, KdfParamsError, SALT_LEN, VaultKey, needs_upgrade};
pub use wrap::WRAPPED_LEN;

use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    hash::sha256,
};

/// The first bytes of every vault.
pub const MAGIC: [u8; 8] = *b"CAIRNVLT";

/// The version that is written.
pub const VERSION: u16 = 1;

/// The bytes of a nonce. It is drawn at random for each sealing and never used twice.
pub const NONCE_LEN: usize = 24;

/// The most bytes of a vault of any version.
pub const MAX_LEN: usize = 1 << 20;

/// Magic, version, revision, argon2id's three parameters, salt, nonce and the ciphertext's length.
const HEADER_LEN: usize = 8 + 2 + 8 + 3 * 4 + SALT_LEN + NONCE_LEN + 4;

/// The bytes of the authentication tag, the last of the ciphertext.
const TAG_LEN: usize = 16;

/// The fewest characters of a password that is newly set, on the page and the command line. An older one opens its vault.
pub const MIN_PASSWORD_CHARS: usize = 8;

/// The bytes of the checksum at the end.
const CHECKSUM_LEN: usize = 8;

/// Why a vault does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The bytes do not begin as a vault does.
    #[error("this is not a Cairn vault")]
    NotAVault,
    /// Far more bytes than any vault has.
    #[error("this is too long for a Cairn vault: {length} bytes")]
    TooLong {
        /// How many bytes there are.
        length: usize,
    },
    /// The checksum fails, or a length contradicts another: bytes were lost or changed. The password does not matter yet.
    #[error("the vault is damaged: restore it from another copy or from its phrase")]
    Damaged,
    /// A later version of Cairn wrote it.
    #[error("a newer Cairn wrote this vault (format {version}, and this program knows 1)")]
    NewerVersion {
        /// The version of the format, or of the record in it.
        version: u16,
    },
    /// The parameters of argon2id are out of the accepted range.
    #[error(transparent)]
    Parameters(#[from] KdfParamsError),
    /// The password is empty or too long.
    #[error("a password has 1 to 1024 bytes")]
    PasswordLength,
    /// The ciphertext does not authenticate under this password (or somebody altered it and made the checksum fit).
    #[error("the password is wrong")]
    WrongPassword,
    /// A wrapped key does not open: the secret is another one, or it was wrapped for another key.
    #[error("the wrapped key is not one of this vault's under this secret")]
    WrongWrap,
    /// This device cannot give argon2id the memory that the vault asks for.
    #[error("this device has not the {memory_kib} KiB of memory that opening the vault takes")]
    OutOfMemory {
        /// The memory it takes.
        memory_kib: u32,
    },
    /// The vault was opened, but what is in it is not a record that Cairn writes.
    #[error("the vault opened, but its contents are not readable: {0}")]
    Contents(#[from] DecodeError),
}

/// A vault as it lies in a file: checked for damage, still encrypted.
#[derive(Debug, Clone, Copy)]
pub struct SealedVault<'a> {
    revision: u64,
    params: KdfParams,
    salt: [u8; SALT_LEN],
    nonce: [u8; NONCE_LEN],
    header: &'a [u8],
    ciphertext: &'a [u8],
}

impl<'a> SealedVault<'a> {
    /// Reads a vault without its password and checks all that can be checked so.
    ///
    /// # Errors
    /// [`VaultError::NotAVault`], [`VaultError::TooLong`], [`VaultError::Damaged`], [`VaultError::NewerVersion`] or
    /// [`VaultError::Parameters`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, VaultError> {
        if bytes.len() > MAX_LEN {
            return Err(VaultError::TooLong { length: bytes.len() });
        }
        if !bytes.starts_with(&MAGIC) {
            return Err(VaultError::NotAVault);
        }
        // Every version ends in this checksum, so a damaged version number is not taken for a newer one.
        let (body, found) = bytes.split_last_chunk::<CHECKSUM_LEN>().ok_or(VaultError::Damaged)?;
        if checksum(body) != *found {
            return Err(VaultError::Damaged);
        }
        let mut reader = Reader::new(&body[MAGIC.len()..]);
        match u16::decode(&mut reader).map_err(|_| VaultError::Damaged)? {
            VERSION => Self::read_version_1(body, &mut reader),
            0 => Err(VaultError::NotAVault),
            version => Err(VaultError::NewerVersion { version }),
        }
    }

    fn read_version_1(body: &'a [u8], reader: &mut Reader<'a>) -> Result<Self, VaultError> {
        let damaged = |_| VaultError::Damaged;
        let (header, ciphertext) = body.split_at_checked(HEADER_LEN).ok_or(VaultError::Damaged)?;
        let revision = u64::decode(reader).map_err(damaged)?;
        let mut cost = [0; 3];
        for value in &mut cost {
            *value = u32::decode(reader).map_err(damaged)?;
        }
        let salt = reader.array().map_err(damaged)?;
        let nonce = reader.array().map_err(damaged)?;
        let length = u32::decode(reader).map_err(damaged)?;
        if length as usize != ciphertext.len() || ciphertext.len() < TAG_LEN {
            return Err(VaultError::Damaged);
        }
        Ok(Self {
            revision,
            params: KdfParams::new(cost[0], cost[1], cost[2])?,
            salt,
            nonce,
            header,
            ciphertext,
        })
    }

    /// Counts the sealings: of two copies the one with the greater number is newer.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The cost of its key.
    #[must_use]
    pub const fn params(&self) -> KdfParams {
        self.params
    }

    /// Makes the key from the password. It takes as long as the parameters say.
    ///
    /// # Errors
    /// [`VaultError::PasswordLength`] or [`VaultError::OutOfMemory`]; a wrong password gives a key that does not open.
    pub fn derive_key(&self, password: &str) -> Result<VaultKey, VaultError> {
        VaultKey::derive(password, self.params, self.salt)
    }

    /// Decrypts with a key that was made before.
    ///
    /// # Errors
    /// [`VaultError::WrongPassword`], [`VaultError::NewerVersion`] or [`VaultError::Contents`].
    pub fn open(&self, key: &VaultKey) -> Result<Contents, VaultError> {
        let (encrypted, tag) = self
            .ciphertext
            .split_last_chunk::<TAG_LEN>()
            .ok_or(VaultError::Damaged)?;
        let mut plaintext = Zeroizing::new(encrypted.to_vec());
        XChaCha20Poly1305::new(key.as_bytes().into())
            .decrypt_inout_detached(
                &XNonce::from(self.nonce),
                self.header,
                plaintext.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .map_err(|_| VaultError::WrongPassword)?;
        Contents::read(self.revision, &plaintext)
    }
}

impl VaultKey {
    /// Encrypts `contents` under this key, at the contents' revision. `nonce` is fresh and random each time.
    #[must_use]
    pub fn seal(&self, nonce: [u8; NONCE_LEN], contents: &Contents) -> Vec<u8> {
        // Encrypted in place, in memory reserved at once: no copy of the plaintext is left behind.
        let mut plaintext = Zeroizing::new(Vec::with_capacity(Contents::MAX_LEN));
        contents.write(&mut plaintext);
        let ciphertext_len = plaintext.len() + TAG_LEN;
        let mut out = Vec::with_capacity(HEADER_LEN + ciphertext_len + CHECKSUM_LEN);
        MAGIC.encode(&mut out);
        VERSION.encode(&mut out);
        contents.revision.encode(&mut out);
        self.params().memory_kib().encode(&mut out);
        self.params().iterations().encode(&mut out);
        self.params().parallelism().encode(&mut out);
        self.salt().encode(&mut out);
        nonce.encode(&mut out);
        u32::try_from(ciphertext_len)
            .expect("contents are bounded")
            .encode(&mut out);
        let tag = XChaCha20Poly1305::new(self.as_bytes().into())
            .encrypt_inout_detached(&XNonce::from(nonce), &out, plaintext.as_mut_slice().into())
            .expect("the cipher takes far more than contents can be");
        out.extend_from_slice(&plaintext);
        out.extend_from_slice(&tag);
        let checksum = checksum(&out);
        out.extend_from_slice(&checksum);
        out
    }
}

/// Seals a vault. `salt` and `nonce` are fresh and random each time.
///
/// # Errors
/// [`VaultError::PasswordLength`] or [`VaultError::OutOfMemory`].
pub fn seal(
    password: &str,
    params: KdfParams,
    salt: [u8; SALT_LEN],
    nonce: [u8; NONCE_LEN],
    contents: &Contents,
) -> Result<Vec<u8>, VaultError> {
    Ok(VaultKey::derive(password, params, salt)?.seal(nonce, contents))
}

/// Opens a vault.
///
/// # Errors
/// Any [`VaultError`].
pub fn open(bytes: &[u8], password: &str) -> Result<Contents, VaultError> {
    unlock(bytes, password).map(|(contents, _)| contents)
}

/// Opens a vault and keeps the key, so that changed contents can be sealed again without the password.
///
/// # Errors
/// Any [`VaultError`].
pub fn unlock(bytes: &[u8], password: &str) -> Result<(Contents, VaultKey), VaultError> {
    let vault = SealedVault::parse(bytes)?;
    let key = vault.derive_key(password)?;
    Ok((vault.open(&key)?, key))
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM_LEN] {
    let digest = sha256(&[body]);
    let mut checksum = [0; CHECKSUM_LEN];
    checksum.copy_from_slice(&digest.0[..CHECKSUM_LEN]);
    checksum
}

#[cfg(test)]
mod tests;
