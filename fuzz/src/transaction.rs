//! Transfers as bytes; and addresses, amounts, hashes and signatures as text.

use shared::address::{self, Prefix};
use shared::amount::Amount;
use shared::codec::{Decode, Encode};
use shared::hash::Hash;
use shared::key::Signature;
use shared::transaction::{Memo, Reward, SignedTransfer, Transfer};

use super::{GENESIS, check_sentence, key, prefix, text};

/// Reads an input as each of them.
#[must_use]
pub fn run(data: &[u8]) -> bool {
    let is_text = texts(&text(data));
    let is_transfer = same::<Transfer>(data).is_some_and(|transfer| {
        let _ = transfer.total();
        transfer.check_form().map_err(check_sentence).is_ok()
    });
    let is_signed = same::<SignedTransfer>(data).is_some_and(|signed| {
        assert_eq!(signed.encoded_len(), data.len());
        let id = signed.id();
        match signed.verify(&GENESIS) {
            Ok(verified) => {
                assert_eq!(verified.into_signed().id(), id);
                true
            }
            Err(error) => {
                check_sentence(error);
                false
            }
        }
    });
    let is_reward = same::<Reward>(data).is_some();
    is_text || is_transfer || is_signed || is_reward
}

/// What bytes say. There is one encoding of each value: the same bytes are written back.
pub(super) fn same<T: Decode + Encode>(data: &[u8]) -> Option<T> {
    match T::from_bytes(data) {
        Ok(value) => {
            assert_eq!(value.to_bytes(), data, "what is read is written the same");
            Some(value)
        }
        Err(error) => {
            check_sentence(error);
            None
        }
    }
}

fn texts(text: &str) -> bool {
    let address = address::decode(&prefix(), text).map(|key| {
        let written = address::encode(&prefix(), &key);
        assert!(
            written.eq_ignore_ascii_case(text.trim()),
            "{text:?} is read as {written}"
        );
    });
    let _ = address::decode_checked(&prefix(), text).map_err(check_sentence);
    let amount = Amount::from_coins(text).map(|amount| {
        assert_eq!(Amount::from_coins(&amount.to_coins()), Ok(amount));
    });
    let hash = text.parse::<Hash>().map(|hash| assert_eq!(hash.to_string(), text));
    let prefix = text.parse::<Prefix>().map(|prefix| assert_eq!(prefix.as_str(), text));
    let signature = text.parse::<Signature>().is_ok();
    let is_one = [address.is_ok(), amount.is_ok(), hash.is_ok(), prefix.is_ok(), signature];
    address.map_err(check_sentence).ok();
    amount.map_err(check_sentence).ok();
    is_one.contains(&true)
}

pub(super) fn transfer(memo: &str) -> SignedTransfer {
    let transfer = Transfer {
        sender: key().public_key(),
        recipient: shared::key::SecretKey::from_bytes(&[2; 32]).public_key(),
        amount: Amount::from_units(150_000_000),
        fee: Amount::from_units(1000),
        nonce: 7,
        valid_until: 0,
        memo: Memo::new(memo).expect("it is short"),
    };
    transfer.sign(&GENESIS, &key())
}

/// A transfer with and without memo, signed and not; a reward; and one of each text.
#[must_use]
pub fn examples() -> Vec<Vec<u8>> {
    let signed = [transfer(""), transfer("for the stones")].map(|signed| signed.to_bytes());
    let address = address::encode(&prefix(), &key().public_key());
    let bytes = signed
        .iter()
        .flat_map(|signed| [signed.clone(), signed[..signed.len() - 64].to_vec()]);
    let reward = super::block::reward().to_bytes();
    let texts = [address, "21.00000001".into(), GENESIS.to_string(), "dev".into()];
    bytes.chain([reward]).chain(texts.map(String::into_bytes)).collect()
}
