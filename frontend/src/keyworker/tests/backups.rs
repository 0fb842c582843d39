//! Backup files, taken in and checked.

use super::*;

#[test]
fn a_backup_opens_elsewhere_with_its_password_alone() {
    let (mut browser, accounts) = Browser::restored("p");
    let Ok(Reply::File { file }) = browser.ask(Request::Export) else {
        panic!()
    };
    let mut other = Browser::new();
    assert_eq!(other.ask(import(&file, "q")), Err(Failure::WrongPassword));
    let damaged = file.replacen(&file[100..102], if &file[100..102] == "00" { "01" } else { "00" }, 1);
    assert!(matches!(other.ask(import(&damaged, "p")), Err(Failure::Vault { .. })));
    assert!(matches!(other.ask(import("00", "p")), Err(Failure::Vault { .. })));
    assert_eq!(other.ask(Request::Status), Ok(Reply::Status(Standing::Absent)));
    assert_eq!(other.ask(import(&file, "p")), Ok(Reply::Open(accounts)));
    assert_eq!(other.stored, browser.stored);
    assert_eq!(other.ask(import(&file, "p")), Err(Failure::WalletExists));
}

#[test]
fn an_imported_file_is_a_proved_backup() {
    let file = cheap_vault("p");
    assert!(!vault::open(&file, "p").unwrap().is_backed_up);
    let mut browser = Browser::new();
    let accounts = browser.opened(import(&hex::encode(&file), "p"));
    let contents = browser.contents("p");
    assert_eq!((contents.is_backed_up, contents.revision), (true, 2));
    let nonce = |bytes: &[u8]| bytes[62..86].to_vec();
    assert_ne!(nonce(browser.stored.vault.as_ref().unwrap()), nonce(&file));
    // The key that sealed it is kept for what comes.
    let more = browser.opened(add(&[(1, "")]));
    assert_eq!(more[..1], accounts[..]);
    assert_eq!(browser.contents("p").revision, 3);
}

#[test]
fn a_backup_is_checked_and_nothing_stored() {
    let (mut browser, _) = Browser::restored("p");
    let backup = browser.stored.vault.clone().unwrap();
    // The wallet has changed since, even its first account.
    browser.opened(add(&[(1, "Rent")]));
    browser.opened(Request::HideAccount { index: 0 });
    let before = browser.stored.clone();
    assert_eq!(browser.ask(check(&backup, "p")), Ok(Reply::Done));
    assert_eq!(browser.stored, before);
    let mut damaged = backup.clone();
    damaged[100] ^= 1;
    assert!(matches!(browser.ask(check(&damaged, "p")), Err(Failure::Vault { .. })));
    assert!(matches!(
        browser.ask(check(b"no vault", "p")),
        Err(Failure::Vault { .. })
    ));

    let name = AccountName::new("Main account").unwrap();
    let theirs = Contents::new(Phrase::parse(ABANDON).unwrap(), Passphrase::new("x").unwrap(), 0, name);
    let params = KdfParams::new(19 * 1024, 1, 1).unwrap();
    let theirs = vault::seal("p", params, [1; 32], [2; 24], &theirs).unwrap();
    assert_eq!(browser.ask(check(&theirs, "p")), Err(Failure::OtherWallet));
    assert_eq!(browser.stored, before);
    assert_eq!(browser.ask(check(&backup, "q")), Err(Failure::WrongPassword));
    assert!(browser.stored.tries.is_some());
    assert_eq!(browser.ask(check(&theirs, "p")), Err(Failure::OtherWallet));
    assert!(
        browser.stored.tries.is_some(),
        "somebody's own file does not end the count"
    );
    assert_eq!(browser.ask(check(&backup, "p")), Ok(Reply::Done));
    assert_eq!(browser.stored, before);

    browser.ask(Request::Lock).unwrap();
    assert_eq!(browser.ask(check(&backup, "p")), Ok(Reply::Done));
    assert_eq!(browser.unlock("q"), Err(Failure::WrongPassword));
    assert_eq!(browser.ask(check(&backup, "p")), Ok(Reply::Done));
    assert!(
        browser.stored.tries.is_some(),
        "nor does any file while the wallet is locked"
    );
    assert_eq!(browser.ask(Request::Status), Ok(Reply::Status(Standing::Locked)));
}
