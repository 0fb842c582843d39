//! Vaults: as they lie in a file, with their checksum made right, and what is in them. docs/vault.md specifies them.

use std::sync::LazyLock;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use frontend::keyworker::tries::Tries;
use shared::hash::sha256;
use shared::phrase::{Passphrase, Phrase};
use shared::vault::{
    Account, AccountName, Contents, KdfParams, MAGIC, NONCE_LEN, SALT_LEN, SealedVault, VERSION, VaultKey,
};

use super::check_sentence;

const PASSWORD: &str = "correct horse";
const SALT: [u8; SALT_LEN] = [1; SALT_LEN];
const NONCE: [u8; NONCE_LEN] = [2; NONCE_LEN];
const CHECKSUM_LEN: usize = 8;
const TAG_LEN: usize = 16;
const HEADER_LEN: usize = 90;

/// A key at the lowest cost, and its bytes, which the vault itself does not give out.
static KEY: LazyLock<(VaultKey, [u8; 32])> = LazyLock::new(|| {
    let params = KdfParams::new(19 * 1024, 1, 1).expect("it is the lowest cost");
    let key = VaultKey::derive(PASSWORD, params, SALT).expect("there is memory for it");
    let cost = Params::new(params.memory_kib(), 1, 1, Some(32)).expect("they are in argon2's range");
    let mut bytes = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, cost)
        .hash_password_into(PASSWORD.as_bytes(), &SALT, &mut bytes)
        .expect("the lengths are in range");
    (key, bytes)
});

/// Reads an input as a vault, as a vault without its checksum, as what is in one, and as the tries that lie beside it.
#[must_use]
pub fn run(data: &[u8]) -> bool {
    let sums = sha256(&[data]);
    let with_checksum = [data, &sums.0[..CHECKSUM_LEN]].concat();
    let tries = Tries::read(Some(data)).to_record();
    assert_eq!(Tries::read(Some(&tries)).to_record(), tries);
    [tries == data, vault(data), vault(&with_checksum), contents(data)].contains(&true)
}

fn vault(bytes: &[u8]) -> bool {
    match SealedVault::parse(bytes) {
        Ok(vault) => {
            let params = vault.params();
            KdfParams::new(params.memory_kib(), params.iterations(), params.parallelism()).expect("they are in range");
            if let Err(error) = vault.open(&KEY.0) {
                check_sentence(error);
            }
            if let Err(error) = vault.unwrap_key(bytes, &KEY.1) {
                check_sentence(error);
            }
            true
        }
        Err(error) => {
            check_sentence(error);
            false
        }
    }
}

/// Seals any bytes as the contents of a vault, and opens it.
fn contents(plaintext: &[u8]) -> bool {
    let (key, _) = &*KEY;
    let sealed = sealed(plaintext);
    let opened = SealedVault::parse(&sealed).and_then(|vault| vault.open(key));
    match opened {
        Ok(contents) => {
            assert_eq!(key.seal(NONCE, &contents), sealed, "what is read is sealed the same");
            true
        }
        Err(error) => {
            check_sentence(error);
            false
        }
    }
}

/// A vault with this plaintext at revision 1.
fn sealed(plaintext: &[u8]) -> Vec<u8> {
    let (key, bytes) = &*KEY;
    let mut out = MAGIC.to_vec();
    out.extend(VERSION.to_le_bytes());
    out.extend(1_u64.to_le_bytes());
    for cost in [key.params().memory_kib(), 1, 1] {
        out.extend(cost.to_le_bytes());
    }
    out.extend(SALT);
    out.extend(NONCE);
    let length = u32::try_from(plaintext.len() + TAG_LEN).expect("inputs are short");
    out.extend(length.to_le_bytes());
    let mut ciphertext = plaintext.to_vec();
    let tag: Tag = cipher(bytes)
        .encrypt_inout_detached(&XNonce::from(NONCE), &out, ciphertext.as_mut_slice().into())
        .expect("inputs are short");
    out.extend(ciphertext);
    out.extend(tag);
    let sum = sha256(&[&out]);
    out.extend(&sum.0[..CHECKSUM_LEN]);
    out
}

fn cipher(key: &[u8; 32]) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.into())
}

/// The plaintext of a vault with these contents.
fn plaintext(contents: &Contents) -> Vec<u8> {
    let (key, bytes) = &*KEY;
    let vault = key.seal(NONCE, contents);
    let (header, rest) = vault.split_at(HEADER_LEN);
    let (ciphertext, tag) = rest[..rest.len() - CHECKSUM_LEN]
        .split_last_chunk::<TAG_LEN>()
        .expect("it has a tag");
    let mut plaintext = ciphertext.to_vec();
    cipher(bytes)
        .decrypt_inout_detached(
            &XNonce::from(NONCE),
            header,
            plaintext.as_mut_slice().into(),
            &Tag::from(*tag),
        )
        .expect("it was sealed so");
    plaintext
}

/// The example of docs/vault.md with and without its checksum, and what is in a vault with one account and with two.
#[must_use]
pub fn examples() -> Vec<Vec<u8>> {
    let file = include_bytes!("../../shared/vectors/vault-example.cairnvault");
    let phrase = Phrase::from_entropy(&[0x42; 16]).expect("it has 16 bytes");
    let passphrase = Passphrase::new("pebble").expect("it is short");
    let name = |text| AccountName::new(text).expect("it is short");
    let mut contents = Contents::new(phrase, passphrase, 1_700_000_000_000, name("Savings"));
    let one = plaintext(&contents);
    let account = Account {
        index: 4,
        name: name("Reisen \u{2708}"),
    };
    contents.add_account(account).expect("the number is free");
    let tries = Tries::default().and_one(1_700_000_000_000).to_record();
    vec![
        file.to_vec(),
        file[..file.len() - CHECKSUM_LEN].to_vec(),
        one,
        plaintext(&contents),
        tries,
    ]
}
