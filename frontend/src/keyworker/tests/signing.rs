//! What an open wallet signs.

use shared::amount::Amount;
use shared::codec::{Decode, Encode};
use shared::key::{SecretKey, Signature};
use shared::message;
use shared::transaction::{Memo, SignedTransfer, Transfer};

use super::*;

#[test]
fn only_its_own_transfers_are_signed_and_only_when_open() {
    let (mut browser, _) = Browser::restored("p");
    let accounts = browser.opened(add(&[(5, "Savings")]));
    let mut transfer = Transfer {
        sender: accounts[1].key,
        recipient: SecretKey::from_bytes(&[3; 32]).public_key(),
        amount: Amount::from_units(5),
        fee: Amount::from_units(1),
        nonce: 0,
        valid_until: 0,
        memo: Memo::default(),
    };
    let sign = |transfer: &Transfer| Request::Sign {
        transfer: hex::encode(transfer.to_bytes()),
    };
    let Ok(Reply::Signed { transfer: bytes }) = browser.ask(sign(&transfer)) else {
        panic!()
    };
    let signed = SignedTransfer::from_bytes(&hex::decode(bytes).unwrap()).unwrap();
    assert_eq!(signed.transfer, transfer);
    assert!(signed.verify(&Hash([5; 32])).is_ok());
    transfer.sender = accounts[0].key;
    assert!(matches!(browser.ask(sign(&transfer)), Ok(Reply::Signed { .. })));

    browser.ask(Request::Lock).unwrap();
    assert_eq!(browser.ask(sign(&transfer)), Err(Failure::Locked));
    browser.unlock("p").unwrap();
    transfer.sender = transfer.recipient;
    assert!(matches!(browser.ask(sign(&transfer)), Err(Failure::NotSigned { .. })));
    let cut = Request::Sign { transfer: "00".into() };
    assert!(matches!(browser.ask(cut), Err(Failure::NotSigned { .. })));
}

#[test]
fn a_message_is_signed_as_the_command_line_verifies_it() {
    let (mut browser, _) = Browser::restored("p");
    browser.opened(add(&[(5, "")]));
    let mut sign = |index, message: &str| {
        browser.ask(Request::SignMessage {
            index,
            message: message.to_owned(),
        })
    };
    let longest = "x".repeat(message::MAX_LEN);
    for (index, text) in [(0, "It is I."), (5, "Grüße ✈"), (5, ""), (0, &longest)] {
        let Ok(Reply::Signature { signature }) = sign(index, text) else {
            panic!()
        };
        let signature: Signature = signature.parse().unwrap();
        let verify = |genesis| message::verify_message(&Hash(genesis), text, &key("", index), &signature);
        assert_eq!(verify([5; 32]), Ok(()));
        assert!(verify([6; 32]).is_err());
    }
    let said = |failure| match failure {
        Err(Failure::NotSigned { said }) => said,
        other => panic!("{other:?}"),
    };
    assert!(said(sign(0, &"x".repeat(message::MAX_LEN + 1))).contains("at most 4096 bytes, and this one has 4097"));
    assert!(said(sign(1, "x")).contains("no account 1"));
}
