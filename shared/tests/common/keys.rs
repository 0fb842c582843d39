//! From phrase to key: BIP-39 and SLIP-0010.

use serde::Deserialize;
use shared::{
    phrase::{Passphrase, Phrase},
    slip10::{ExtendedKey, Path},
};

use super::{Hex, read};

#[derive(Deserialize)]
struct Bip39 {
    vectors: Vec<PhraseVector>,
    normalised: Vec<PhraseVector>,
}

#[derive(Deserialize)]
struct PhraseVector {
    entropy: Hex,
    phrase: String,
    passphrase: String,
    seed: Hex,
}

fn check_phrase(vector: &PhraseVector) {
    let phrase = Phrase::from_entropy(&vector.entropy.0).unwrap();
    assert_eq!(phrase.to_text().as_str(), vector.phrase);
    let parsed = Phrase::parse(&vector.phrase).unwrap();
    assert_eq!(parsed.entropy(), vector.entropy.0);
    let seed = parsed.seed(&Passphrase::new(&vector.passphrase).unwrap());
    assert_eq!(seed.as_bytes(), &vector.seed.array());
}

pub(crate) fn bip_39() {
    let file: Bip39 = read(include_str!("../../vectors/bip39.json"));
    assert_eq!(file.vectors.len(), 24);
    file.vectors.iter().for_each(check_phrase);
}

pub(crate) fn bip_39_normalisation() {
    let file: Bip39 = read(include_str!("../../vectors/bip39.json"));
    assert_eq!(file.normalised.len(), 3);
    file.normalised.iter().for_each(check_phrase);
}

#[derive(Deserialize)]
struct Slip10 {
    vectors: Vec<Slip10Vector>,
}

#[derive(Deserialize)]
struct Slip10Vector {
    seed: Hex,
    chains: Vec<Chain>,
}

#[derive(Deserialize)]
struct Chain {
    path: String,
    chain_code: Hex,
    private: Hex,
    public: Hex,
}

pub(crate) fn slip_0010() {
    let file: Slip10 = read(include_str!("../../vectors/slip10.json"));
    assert_eq!(file.vectors.len(), 2);
    for vector in file.vectors {
        assert_eq!(vector.chains.len(), 6);
        let master = ExtendedKey::master(&vector.seed.0);
        for chain in vector.chains {
            let path: Path = chain.path.parse().unwrap();
            assert_eq!(path.to_string(), chain.path);
            let key = master.derive(&path);
            assert_eq!(key.chain_code(), &chain.chain_code.array(), "{path}");
            assert_eq!(key.secret_bytes(), &chain.private.array(), "{path}");
            // The standard writes a zero byte before the public key.
            let public = key.secret_key().public_key();
            assert_eq!([&[0], public.as_bytes().as_slice()].concat(), chain.public.0, "{path}");
        }
    }
}
