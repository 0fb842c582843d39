//! Ed25519 keys and signatures (RFC 8032), verified by one rule everywhere: ZIP-215.

use alloc::vec::Vec;
use core::{fmt, str::FromStr};

use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_dalek::Signer;
#[cfg(not(target_arch = "wasm32"))]
use ed25519_zebra::{Signature as ZebraSignature, VerificationKeyBytes, batch};
use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    codec::{Decode, DecodeError, Encode, Reader},
    hash::decode_hex,
    zip215,
};

/// 32 bytes that name an account. That they are a usable key is what [`PublicKey::check`] finds out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

/// Why 32 bytes are not the key of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No point has this encoding.
    #[error("the key is not a point of the curve")]
    NotAPoint,
    /// The point has another, canonical encoding, so the account would have two names.
    #[error("the key is not the canonical encoding of its point")]
    NotCanonical,
    /// A point of small order: anybody can sign for it.
    #[error("the key is weak: anybody could sign for it")]
    Weak,
}

impl PublicKey {
    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks that this is the canonical encoding of a point that is not of small order (docs/protocol.md, "Keys").
    ///
    /// # Errors
    /// [`KeyError`] with the reason.
    pub fn check(&self) -> Result<(), KeyError> {
        let point = CompressedEdwardsY(self.0).decompress().ok_or(KeyError::NotAPoint)?;
        if point.is_small_order() {
            return Err(KeyError::Weak);
        }
        // Decompression accepts y ≥ p. Re-encoding needs an inversion; a comparison with p does not.
        if !is_reduced(&self.0) {
            return Err(KeyError::NotCanonical);
        }
        Ok(())
    }

    /// The same but for [`KeyError::NotAPoint`], without any arithmetic: enough for a key whose signature is verified
    /// as well, as that fails without a point.
    pub(crate) fn check_encoding(&self) -> Result<(), KeyError> {
        let mut y = self.0;
        y[31] &= 0x7f;
        if SMALL_ORDER.contains(&y) {
            return Err(KeyError::Weak);
        }
        if !is_reduced(&self.0) {
            return Err(KeyError::NotCanonical);
        }
        Ok(())
    }
}

/// The y coordinates of the eight points of small order.
const SMALL_ORDER: [[u8; 32]; 5] = [
    y_coordinate(0x00, 0x00, 0x00),
    y_coordinate(0x01, 0x00, 0x00),
    y_coordinate(0xec, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

const fn y_coordinate(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// Whether the y coordinate, without the sign bit, is below p = 2^255 − 19. (With y = ±1 and the sign bit set the
/// encoding is not canonical either, but those points are of small order.)
fn is_reduced(bytes: &[u8; 32]) -> bool {
    let top_is_full = bytes[31] & 0x7f == 0x7f;
    let middle_is_full = bytes[1..31].iter().all(|&byte| byte == 0xff);
    !(top_is_full && middle_is_full && bytes[0] >= 0xed)
}

/// A secret key. Wiped from memory when dropped; never printed.
pub struct SecretKey(ed25519_dalek::SigningKey);

impl SecretKey {
    /// The key of 32 secret bytes (RFC 8032, 5.1.5).
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(bytes))
    }

    /// Its public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs `message`. Deterministic.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// An ed25519 signature: R, then s.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature(pub [u8; 64]);

/// The signature is not one of this key over this message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not valid")]
pub struct SignatureError;

/// Verifies one signature by ZIP-215: cofactored equation, canonical s, any encodings of A and R that decompress.
///
/// # Errors
/// [`SignatureError`] when it does not verify.
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
    zip215::is_valid(&key.0, message, &signature.0)
        .then_some(())
        .ok_or(SignatureError)
}

/// Verifies many signatures at once, about twice as fast as singly, with the same verdicts.
///
/// `rng` must not be predictable by whoever made the signatures.
///
/// # Errors
/// [`SignatureError`] when at least one does not verify; [`verify`] finds out which.
#[cfg(not(target_arch = "wasm32"))]
pub fn verify_batch<'a>(
    items: impl IntoIterator<Item = (&'a PublicKey, &'a [u8], &'a Signature)>,
    rng: &mut impl CryptoRng,
) -> Result<(), SignatureError> {
    let mut verifier = batch::Verifier::new();
    for (key, message, signature) in items {
        let message = &message;
        verifier.queue((
            VerificationKeyBytes::from(key.0),
            ZebraSignature::from(signature.0),
            message,
        ));
    }
    verifier.verify(rng).map_err(|_| SignatureError)
}

/// Verifies many signatures, one by one: the page has few at a time, and tables for batches would weigh on it.
///
/// # Errors
/// [`SignatureError`] when at least one does not verify.
#[cfg(target_arch = "wasm32")]
pub fn verify_batch<'a>(
    items: impl IntoIterator<Item = (&'a PublicKey, &'a [u8], &'a Signature)>,
    _rng: &mut impl CryptoRng,
) -> Result<(), SignatureError> {
    let mut items = items.into_iter();
    items.try_for_each(|(key, message, signature)| verify(key, message, signature))
}

macro_rules! hex_bytes {
    ($type:ident, $len:literal, $what:literal) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $type {
            type Err = ParseHexError;

            fn from_str(text: &str) -> Result<Self, ParseHexError> {
                decode_hex(text).map(Self).ok_or(ParseHexError {
                    what: $what,
                    digits: $len * 2,
                })
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = alloc::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }

        impl Encode for $type {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.0);
            }
        }

        impl Decode for $type {
            const MIN_LEN: usize = $len;

            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                reader.array().map(Self)
            }
        }
    };
}

/// A text is not the right number of lower-case hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a {what} is {digits} lower-case hex digits")]
pub struct ParseHexError {
    what: &'static str,
    digits: usize,
}

hex_bytes!(PublicKey, 32, "public key");
hex_bytes!(Signature, 64, "signature");

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator for tests, where predictability is wanted.
    struct Counter(u64);

    impl rand_core::TryRng for Counter {
        type Error = core::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            self.try_next_u64().map(|word| (word >> 32) as u32)
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            self.0 += 1;
            Ok(self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            for chunk in bytes.chunks_mut(8) {
                let word = self.try_next_u64()?.to_le_bytes();
                chunk.copy_from_slice(&word[..chunk.len()]);
            }
            Ok(())
        }
    }

    impl rand_core::TryCryptoRng for Counter {}

    #[test]
    fn a_batch_fails_when_one_signature_does() {
        let keys: Vec<_> = (1..20u8).map(|seed| SecretKey::from_bytes(&[seed; 32])).collect();
        let mut signed: Vec<_> = keys.iter().map(|key| (key.public_key(), key.sign(b"stone"))).collect();
        let check = |signed: &[(PublicKey, Signature)]| {
            let items = signed.iter().map(|(key, signature)| (key, &b"stone"[..], signature));
            verify_batch(items, &mut Counter(0))
        };
        assert_eq!(check(&signed), Ok(()));
        signed[7].1.0[5] ^= 1;
        assert_eq!(check(&signed), Err(SignatureError));
        assert_eq!(verify(&signed[7].0, b"stone", &signed[7].1), Err(SignatureError));
        assert_eq!(verify(&signed[8].0, b"stone", &signed[8].1), Ok(()));
    }

    #[test]
    fn weak_and_ambiguous_keys_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(PublicKey(identity).check(), Err(KeyError::Weak));
        assert_eq!(PublicKey([0; 32]).check(), Err(KeyError::Weak));
        let mut minus_one_high = [0xff; 32];
        minus_one_high[0] = 0xec;
        assert_eq!(PublicKey(minus_one_high).check(), Err(KeyError::Weak));
        assert_eq!(
            PublicKey([2; 32]).check().is_err(),
            CompressedEdwardsY([2; 32]).decompress().is_none()
        );
        assert_eq!(SecretKey::from_bytes(&[9; 32]).public_key().check(), Ok(()));
    }

    #[test]
    fn the_points_of_small_order_are_known_by_their_encodings() {
        let mut found = 0;
        for point in curve25519_dalek::constants::EIGHT_TORSION {
            let key = PublicKey(point.compress().0);
            assert_eq!(key.check_encoding(), Err(KeyError::Weak));
            assert_eq!(key.check(), Err(KeyError::Weak));
            found += 1;
        }
        assert_eq!(found, 8);
        for seed in 1..50 {
            assert_eq!(SecretKey::from_bytes(&[seed; 32]).public_key().check_encoding(), Ok(()));
        }
    }

    #[test]
    fn exactly_the_reduced_encodings_are_canonical() {
        // All 19 values of y from p to 2^255 − 1, with both signs: whatever decompresses is refused.
        for low in 0xed..=0xffu8 {
            for top in [0x7f, 0xff] {
                let mut bytes = [0xff; 32];
                bytes[0] = low;
                bytes[31] = top;
                assert!(PublicKey(bytes).check().is_err(), "{low:x} {top:x}");
            }
        }
        let mut below = [0xff; 32];
        below[0] = 0xec;
        below[31] = 0x7f;
        assert!(is_reduced(&below));
    }
}
