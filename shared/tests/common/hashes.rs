//! Hashes and trees: FIPS 180-4, RFC 6962, RFC 9106.

use argon2::{Algorithm, Argon2, AssociatedData, ParamsBuilder, Version};
use serde::Deserialize;
use shared::{
    hash::{Hash, sha256},
    merkle,
};

use super::{Hex, read};

#[derive(Deserialize)]
struct Sha256Vectors {
    examples: Vec<Digest>,
    million_a: Hash,
    short_messages: Vec<Digest>,
}

#[derive(Deserialize)]
struct Digest {
    message: Hex,
    digest: Hash,
}

pub(crate) fn fips_180_4() {
    let file: Sha256Vectors = read(include_str!("../../vectors/sha256.json"));
    assert_eq!((file.examples.len(), file.short_messages.len()), (3, 65));
    for vector in file.examples.iter().chain(&file.short_messages) {
        let message = &vector.message.0;
        assert_eq!(sha256(&[message]), vector.digest);
        let (left, right) = message.split_at(message.len() / 3);
        assert_eq!(sha256(&[left, &[], right]), vector.digest);
    }
    assert_eq!(sha256(&[&[b'a'; 1_000_000]]), file.million_a);
}

#[derive(Deserialize)]
struct Rfc6962 {
    leaves: Vec<Hex>,
    roots: Vec<Hash>,
    paths: Vec<AuditPath>,
}

#[derive(Deserialize)]
struct AuditPath {
    index: usize,
    count: usize,
    path: Vec<Hash>,
}

pub(crate) fn rfc_6962() {
    let file: Rfc6962 = read(include_str!("../../vectors/rfc6962.json"));
    let leaves: Vec<&[u8]> = file.leaves.iter().map(|leaf| leaf.0.as_slice()).collect();
    assert_eq!(file.roots.len(), leaves.len() + 1);
    for (count, root) in file.roots.iter().enumerate() {
        assert_eq!(merkle::root_of(&leaves[..count]), *root, "{count} leaves");
    }
    assert!(!file.paths.is_empty());
    for AuditPath { index, count, path } in file.paths {
        let proof = merkle::inclusion_proof_of(&leaves[..count], index).unwrap();
        assert_eq!(proof.path(), path, "leaf {index} of {count}");
        assert_eq!(proof.verify_bytes(leaves[index], &file.roots[count]), Ok(()));
    }
}

#[derive(Deserialize)]
struct Argon2Vectors {
    vectors: Vec<Argon2Vector>,
}

#[derive(Deserialize)]
struct Argon2Vector {
    password: Hex,
    salt: Hex,
    secret: Hex,
    associated_data: Hex,
    memory_kib: u32,
    iterations: u32,
    parallelism: u32,
    tag: Hex,
}

/// The vault's function itself, below the cost that a vault may have; `vault_example` tests it within.
pub(crate) fn rfc_9106() {
    let file: Argon2Vectors = read(include_str!("../../vectors/argon2id.json"));
    assert_eq!(file.vectors.len(), 3);
    for vector in file.vectors {
        let mut params = ParamsBuilder::new();
        params
            .m_cost(vector.memory_kib)
            .t_cost(vector.iterations)
            .p_cost(vector.parallelism)
            .data(AssociatedData::new(&vector.associated_data.0).unwrap());
        let params = params.build().unwrap();
        let secret = &vector.secret.0;
        let argon2 = Argon2::new_with_secret(secret, Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut tag = [0; 32];
        argon2
            .hash_password_into(&vector.password.0, &vector.salt.0, &mut tag)
            .unwrap();
        assert_eq!(tag.as_slice(), vector.tag.0);
    }
}
