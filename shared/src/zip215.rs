//! Verification of one signature by ZIP-215, the same code for node and browser.
//!
//! Batches are verified by `ed25519-zebra`; that both agree is tested here and by the vectors.

use curve25519_dalek::{
    edwards::{CompressedEdwardsY, EdwardsPoint},
    scalar::Scalar,
    traits::IsIdentity,
};
use sha2::{Digest, Sha512};

/// Whether `signature` is one of `key` over `message`: 8(sB − kA − R) = 0, with s canonical, and A and R in any encoding
/// that decompresses.
pub(crate) fn is_valid(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    verdict(key, message, signature).unwrap_or(false)
}

fn verdict(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Option<bool> {
    let (first, second) = signature.split_at(32);
    let encoded = CompressedEdwardsY::from_slice(first).ok()?;
    let s: Option<Scalar> = Scalar::from_canonical_bytes(second.try_into().ok()?).into();
    let (a, r, s) = (CompressedEdwardsY(*key).decompress()?, encoded.decompress()?, s?);
    let digest = Sha512::new()
        .chain_update(first)
        .chain_update(key)
        .chain_update(message)
        .finalize();
    let k = Scalar::from_bytes_mod_order_wide(&digest.into());
    let found = EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &-a, &s);
    Some((found - r).mul_by_cofactor().is_identity())
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::key::SecretKey;
    use curve25519_dalek::constants::EIGHT_TORSION;
    use ed25519_zebra::{Signature as ZebraSignature, VerificationKey};

    fn agrees(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let expected = VerificationKey::try_from(*key)
            .is_ok_and(|key| key.verify(&ZebraSignature::from(*signature), message).is_ok());
        assert_eq!(
            is_valid(key, message, signature),
            expected,
            "{key:02x?} {signature:02x?}"
        );
        expected
    }

    #[test]
    fn signatures_and_their_least_changes_are_judged_alike() {
        let secret = SecretKey::from_bytes(&[9; 32]);
        let (key, signature) = (secret.public_key().0, secret.sign(b"stones").0);
        assert!(agrees(&key, b"stones", &signature));
        assert!(!agrees(&key, b"stone", &signature));
        for bit in 0..512 {
            let mut changed = signature;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!agrees(&key, b"stones", &changed));
        }
    }

    #[test]
    fn points_of_small_order_are_judged_alike_in_every_encoding() {
        let mut encodings: std::vec::Vec<[u8; 32]> = EIGHT_TORSION.iter().map(|point| point.compress().0).collect();
        // Encodings of y = 0 and y = 1 that are not reduced, and both with the sign bit.
        let mut reduced_not = [0xff; 32];
        reduced_not[31] = 0x7f;
        for first in 0xed..=0xff {
            reduced_not[0] = first;
            encodings.push(reduced_not);
        }
        let signed: std::vec::Vec<[u8; 32]> = encodings
            .iter()
            .map(|bytes| {
                let mut bytes = *bytes;
                bytes[31] ^= 0x80;
                bytes
            })
            .collect();
        encodings.extend(signed);
        let mut valid = 0;
        for key in &encodings {
            for r in &encodings {
                let mut signature = [0; 64];
                signature[..32].copy_from_slice(r);
                valid += usize::from(agrees(key, b"Zcash", &signature));
            }
        }
        assert!(valid >= 64, "{valid}");
    }

    #[test]
    fn a_scalar_beyond_the_order_is_refused() {
        let mut signature = [0xff; 64];
        signature[..32].copy_from_slice(&EIGHT_TORSION[0].compress().0);
        assert!(!agrees(&[1; 32], b"", &signature));
    }
}
