//! SLIP-0010 for ed25519: from a seed to the secret keys of accounts.
//!
//! On this curve all children are hardened. Cairn's accounts lie at `m/44'/7331'/account'`.

use alloc::vec::Vec;
use core::{fmt, str::FromStr};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{key::SecretKey, phrase::Seed};

/// Cairn's coin type in paths.
pub const COIN_TYPE: u32 = 7331;

/// Bit 31 of a child's number marks it as hardened (BIP-32).
const HARDENED: u32 = 1 << 31;

/// A derivation path of hardened steps. Text form: `m/44'/7331'/0'`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Path(Vec<u32>);

impl Path {
    /// The most steps (BIP-32 gives the depth one byte).
    pub const MAX_DEPTH: usize = 255;

    /// The path of an account of Cairn.
    ///
    /// # Errors
    /// [`PathError`] when `index` is 2^31 or more.
    pub fn account(index: u32) -> Result<Self, PathError> {
        if index >= HARDENED {
            return Err(PathError::Step);
        }
        Ok(Self([44, COIN_TYPE, index].into()))
    }

    /// The numbers of the steps, without the mark of hardening.
    #[must_use]
    pub fn steps(&self) -> &[u32] {
        &self.0
    }
}

/// Why a text is not a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The text does not begin with `m`.
    #[error("a path begins with m")]
    Root,
    /// A step is not a plain number below 2^31.
    #[error("each step of a path is a number below 2147483648 followed by '")]
    Step,
    /// A step without the mark: ed25519 has no such children.
    #[error("ed25519 has hardened steps only: each number is followed by '")]
    NotHardened,
    /// More than 255 steps.
    #[error("a path has at most 255 steps")]
    TooDeep,
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let mut parts = text.split('/');
        if parts.next() != Some("m") {
            return Err(PathError::Root);
        }
        let mut steps = Vec::new();
        for part in parts {
            if steps.len() == Self::MAX_DEPTH {
                return Err(PathError::TooDeep);
            }
            let marked = part.strip_suffix(['\'', 'h', 'H']);
            let number = marked.unwrap_or(part);
            if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(PathError::Step);
            }
            let step = number
                .parse()
                .ok()
                .filter(|&step: &u32| step < HARDENED)
                .ok_or(PathError::Step)?;
            if marked.is_none() {
                return Err(PathError::NotHardened);
            }
            steps.push(step);
        }
        Ok(Self(steps))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("m")?;
        self.0.iter().try_for_each(|step| write!(f, "/{step}'"))
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A secret key with the chain code that its children come from. Wiped from memory when dropped; never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ExtendedKey {
    secret: [u8; 32],
    chain_code: [u8; 32],
}

impl ExtendedKey {
    /// The master key of a seed of any length (SLIP-0010, "Master key generation").
    #[must_use]
    pub fn master(seed: &[u8]) -> Self {
        Self::from_mac(b"ed25519 seed", &[seed])
    }

    /// The hardened child with a number below 2^31 (SLIP-0010, "Private parent key → private child key").
    #[must_use]
    pub fn child(&self, step: u32) -> Self {
        let number = (step | HARDENED).to_be_bytes();
        Self::from_mac(&self.chain_code, &[&[0], &self.secret, &number])
    }

    /// The key at the end of `path`, from this one on.
    #[must_use]
    pub fn derive(&self, path: &Path) -> Self {
        path.0.iter().fold(self.clone(), |key, &step| key.child(step))
    }

    fn from_mac(key: &[u8], parts: &[&[u8]]) -> Self {
        let mut mac = Hmac::<Sha512>::new_from_slice(key).expect("HMAC takes keys of any length");
        parts.iter().for_each(|part| mac.update(part));
        let bytes = Zeroizing::new(<[u8; 64]>::from(mac.finalize().into_bytes()));
        let mut extended = Self {
            secret: [0; 32],
            chain_code: [0; 32],
        };
        extended.secret.copy_from_slice(&bytes[..32]);
        extended.chain_code.copy_from_slice(&bytes[32..]);
        extended
    }

    /// The key to sign with.
    #[must_use]
    pub fn secret_key(&self) -> SecretKey {
        SecretKey::from_bytes(&self.secret)
    }

    /// The 32 secret bytes.
    #[must_use]
    pub const fn secret_bytes(&self) -> &[u8; 32] {
        &self.secret
    }

    /// The chain code.
    #[must_use]
    pub const fn chain_code(&self) -> &[u8; 32] {
        &self.chain_code
    }
}

impl fmt::Debug for ExtendedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExtendedKey(…)")
    }
}

/// The secret key of an account.
///
/// # Errors
/// [`PathError`] when `index` is 2^31 or more.
pub fn account_key(seed: &Seed, index: u32) -> Result<SecretKey, PathError> {
    let path = Path::account(index)?;
    Ok(ExtendedKey::master(seed.as_bytes()).derive(&path).secret_key())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_print_as_they_are_read() {
        let path = Path::account(3).unwrap();
        assert_eq!(path.to_string(), "m/44'/7331'/3'");
        assert_eq!("m/44'/7331h/3H".parse(), Ok(path));
        assert!("m".parse::<Path>().unwrap().steps().is_empty());
    }

    #[test]
    fn wrong_paths_say_why() {
        for (text, error) in [
            ("", PathError::Root),
            ("44'/0'", PathError::Root),
            ("m/", PathError::Step),
            ("m//0'", PathError::Step),
            ("m/+1'", PathError::Step),
            ("m/-1'", PathError::Step),
            ("m/1''", PathError::Step),
            ("m/2147483648'", PathError::Step),
            ("m/99999999999999999999'", PathError::Step),
            ("m/44'/0", PathError::NotHardened),
        ] {
            assert_eq!(text.parse::<Path>(), Err(error), "{text}");
        }
        let deep = alloc::format!("m{}", "/1'".repeat(256));
        assert_eq!(deep.parse::<Path>(), Err(PathError::TooDeep));
        assert_eq!(Path::account(HARDENED), Err(PathError::Step));
    }
}
