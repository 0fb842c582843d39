//! Texts that an account's owner signs, to show that the account is theirs. They move nothing.
//!
//! docs/protocol.md, "Signed messages".

use crate::{
    hash::{Hash, Tag},
    key::{PublicKey, SecretKey, Signature, SignatureError, verify},
};

/// The most bytes of a text: what a person can still read.
pub const MAX_LEN: usize = 4096;

/// What is signed: the text under its own tag, bound to the chain whose genesis block has hash `genesis`. It is never
/// what a transfer's signature covers.
#[must_use]
pub fn signing_hash(genesis: &Hash, text: &str) -> Hash {
    Tag::Message.hash(&[genesis.as_bytes(), text.as_bytes()])
}

/// Signs a text.
#[must_use]
pub fn sign_message(genesis: &Hash, text: &str, key: &SecretKey) -> Signature {
    key.sign(signing_hash(genesis, text).as_bytes())
}

/// Verifies that the owner of `key` signed a text.
///
/// # Errors
/// [`SignatureError`] when it was not so, or the key is not one of an account.
pub fn verify_message(
    genesis: &Hash,
    text: &str,
    key: &PublicKey,
    signature: &Signature,
) -> Result<(), SignatureError> {
    // Anybody can sign for a weak key.
    key.check().map_err(|_| SignatureError)?;
    verify(key, signing_hash(genesis, text).as_bytes(), signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_holds_for_its_text_key_and_chain_alone() {
        let key = SecretKey::from_bytes(&[7; 32]);
        let (here, there) = (Hash([1; 32]), Hash([2; 32]));
        let signature = sign_message(&here, "It is I.", &key);
        let check = |genesis, text, key: &SecretKey| verify_message(genesis, text, &key.public_key(), &signature);
        assert_eq!(check(&here, "It is I.", &key), Ok(()));
        assert_eq!(check(&there, "It is I.", &key), Err(SignatureError));
        assert_eq!(check(&here, "It is he.", &key), Err(SignatureError));
        assert_eq!(
            check(&here, "It is I.", &SecretKey::from_bytes(&[8; 32])),
            Err(SignatureError)
        );
        let mut weak = [0; 32];
        weak[0] = 1;
        let identity = Signature(core::array::from_fn(|index| u8::from(index == 0)));
        assert_eq!(verify(&PublicKey(weak), b"anything", &identity), Ok(()));
        assert_eq!(
            verify_message(&here, "anything", &PublicKey(weak), &identity),
            Err(SignatureError)
        );
    }
}
