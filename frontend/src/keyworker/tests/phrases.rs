//! From a phrase to a saved wallet, and back to none.

use shared::slip10::ExtendedKey;

use super::*;
use crate::wallet::secret::Secret;

#[test]
fn a_wallet_is_made_confirmed_saved_locked_and_unlocked() {
    let mut browser = Browser::new();
    assert_eq!(browser.ask(Request::Status), Ok(Reply::Status(Standing::Absent)));
    let Ok(Reply::Phrase { words }) = browser.ask(Request::Create { words: 12 }) else {
        panic!()
    };
    assert_eq!(words.len(), 12);
    assert_eq!(browser.ask(save("p", "")), Err(Failure::NotConfirmed));
    let Ok(Reply::Places { places }) = browser.ask(Request::Ask) else {
        panic!()
    };
    assert!(places.len() == 3 && places.is_sorted_by(|one, next| one < next));
    let mut answers: Vec<Secret> = places.iter().map(|place| words[place - 1].clone()).collect();
    answers[1] = "zoo".into();
    let wrong = Request::Confirm {
        answers: answers.clone(),
    };
    assert_eq!(browser.ask(wrong), Err(Failure::WrongWord { place: places[1] }));
    assert_eq!(browser.ask(save("p", "")), Err(Failure::NotConfirmed));
    answers[1] = words[places[1] - 1].expose().to_uppercase().as_str().into();
    assert_eq!(browser.ask(Request::Confirm { answers }), Ok(Reply::Done));
    let accounts = browser.opened(save("a long password", ""));
    assert!(browser.contents("a long password").is_backed_up);

    assert_eq!(browser.ask(Request::Lock), Ok(Reply::Done));
    assert_eq!(browser.ask(Request::Status), Ok(Reply::Status(Standing::Locked)));
    assert_eq!(browser.unlock("another"), Err(Failure::WrongPassword));
    assert_eq!(browser.unlock("a long password"), Ok(Reply::Open(accounts)));
    assert_eq!(
        browser.ask(Request::Create { words: 24 }).unwrap_err(),
        Failure::WalletExists
    );
}

#[test]
fn a_known_phrase_gives_its_known_key() {
    let (browser, accounts) = Browser::restored("p");
    assert!(browser.contents("p").is_backed_up);
    let [account] = &accounts[..] else {
        panic!("{accounts:?}")
    };
    let phrase = Phrase::parse(ABANDON).unwrap();
    let seed = phrase.seed(&Passphrase::default());
    let key = ExtendedKey::master(seed.as_bytes()).derive(&"m/44'/7331'/0'".parse().unwrap());
    assert_eq!(account.key, key.secret_key().public_key());
    assert_eq!(account.path, "m/44'/7331'/0'");
    assert_eq!((account.index, account.name.as_str()), (0, "Main account"));
}

#[test]
fn words_that_are_no_phrase_are_told_apart() {
    let mut browser = Browser::new();
    let mut said = |phrase: &str| match browser.ask(Request::Restore { phrase: phrase.into() }) {
        Err(Failure::Phrase { said }) => said,
        other => panic!("{other:?}"),
    };
    assert!(said(&ABANDON.replacen("abandon", "abandom", 1)).contains("word 1"));
    assert!(said(&ABANDON.replace("about", "zoo")).contains("together"));
    assert!(said("abandon").contains("these are 1"));
}

#[test]
fn a_step_that_was_not_stored_did_not_happen() {
    let mut browser = Browser::new();
    browser.ask(Request::Restore { phrase: ABANDON.into() }).unwrap();
    let plan = browser
        .keeper
        .plan(save("p", ""), &browser.stored, &mut browser.world)
        .unwrap();
    assert!(matches!(plan.change.vault, Edit::Put(_)));
    drop(plan);
    assert_eq!(browser.ask(Request::Status), Ok(Reply::Status(Standing::Absent)));
    assert!(browser.ask(save("p", "")).is_ok());
}

#[test]
fn a_passphrase_makes_another_wallet_and_has_a_limit() {
    let mut browser = Browser::new();
    browser.ask(Request::Restore { phrase: ABANDON.into() }).unwrap();
    let long = "x".repeat(256);
    assert_eq!(browser.ask(save("p", &long)), Err(Failure::Passphrase { bytes: 256 }));
    assert_eq!(browser.ask(Request::Status), Ok(Reply::Status(Standing::Absent)));
    let accounts = browser.opened(save("p", "Gru\u{308}\u{df}e"));
    assert_eq!(accounts[0].key, key("Gru\u{308}\u{df}e", 0));
    assert_ne!(accounts[0].key, key("", 0));
    assert_eq!(browser.another_tab().unlock("p"), Ok(Reply::Open(accounts)));
    let Ok(Reply::Keys(keys)) = browser.ask(Request::Keys { from: 3, count: 1 }) else {
        panic!()
    };
    assert_eq!(keys, [key("Gru\u{308}\u{df}e", 3)]);
}

#[test]
fn a_keeper_prints_no_secret() {
    let (mut browser, _) = Browser::restored("p");
    browser.ask(add_passkey(213)).unwrap();
    let seed = Phrase::parse(ABANDON).unwrap().seed(&Passphrase::default());
    let secret = ExtendedKey::master(seed.as_bytes()).derive(&"m/44'/7331'/0'".parse().unwrap());
    let printed = format!("{:?}", browser.keeper);
    assert!(
        printed.contains("SecretKey(…)") && printed.contains("VaultKey(…)"),
        "{printed}"
    );
    assert!(!printed.contains(&hex::encode(secret.secret_bytes())));
}
