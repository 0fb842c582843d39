//! A vault's key encrypted under another secret: a second way to open it, beside its password.
//!
//! docs/vault.md, "Another way to open it".

use alloc::vec::Vec;

use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::{KdfParams, MAGIC, NONCE_LEN, SALT_LEN, SealedVault, TAG_LEN, VERSION, VaultError, VaultKey};
use crate::{codec::Encode, hash::sha256};

/// The bytes of a wrapped key: the nonce, the encrypted key and the tag.
pub const WRAPPED_LEN: usize = NONCE_LEN + 32 + TAG_LEN;

impl VaultKey {
    /// Encrypts this key under 32 secret bytes. `nonce` is fresh and random each time.
    #[must_use]
    pub fn wrap(&self, secret: &[u8; 32], nonce: [u8; NONCE_LEN]) -> Vec<u8> {
        let mut out = Vec::with_capacity(WRAPPED_LEN);
        out.extend_from_slice(&nonce);
        // Encrypted on the side: `out` never holds the plain key.
        let mut key = Zeroizing::new(*self.as_bytes());
        let tag = cipher(secret)
            .encrypt_inout_detached(
                &XNonce::from(nonce),
                &bound_to(self.params(), self.salt()),
                key.as_mut_slice().into(),
            )
            .expect("the cipher takes far more than 32 bytes");
        out.extend_from_slice(key.as_slice());
        out.extend_from_slice(&tag);
        out
    }
}

impl SealedVault<'_> {
    /// Decrypts this vault's key, which [`VaultKey::wrap`] encrypted under `secret`.
    ///
    /// # Errors
    /// [`VaultError::WrongWrap`] when these are other bytes, the secret is another one, or the vault took another password
    /// since.
    pub fn unwrap_key(&self, wrapped: &[u8], secret: &[u8; 32]) -> Result<VaultKey, VaultError> {
        let (nonce, rest) = wrapped.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::WrongWrap)?;
        let (encrypted, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(VaultError::WrongWrap)?;
        let encrypted: [u8; 32] = encrypted.try_into().map_err(|_| VaultError::WrongWrap)?;
        let mut key = Zeroizing::new(encrypted);
        cipher(secret)
            .decrypt_inout_detached(
                &XNonce::from(*nonce),
                &bound_to(self.params, &self.salt),
                key.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .map_err(|_| VaultError::WrongWrap)?;
        Ok(VaultKey::from_parts(key, self.params, self.salt))
    }
}

/// The cipher under the key that the secret becomes: a hash with a tag of its own, so that it serves nothing else.
fn cipher(secret: &[u8; 32]) -> XChaCha20Poly1305 {
    let tag = sha256(&[b"cairn/vault-wrap"]);
    let key = Zeroizing::new(sha256(&[&tag.0, &tag.0, secret]).0);
    XChaCha20Poly1305::new((&*key).into())
}

/// What a wrapped key is bound to: all that the key was made from, save the password.
fn bound_to(params: KdfParams, salt: &[u8; SALT_LEN]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + 2 + 3 * 4 + SALT_LEN);
    MAGIC.encode(&mut out);
    VERSION.encode(&mut out);
    params.memory_kib().encode(&mut out);
    params.iterations().encode(&mut out);
    params.parallelism().encode(&mut out);
    salt.encode(&mut out);
    out
}
