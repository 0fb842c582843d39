//! A passkey beside the password.

use super::*;
use crate::keyworker::passkey;
use crate::keyworker::tries::Tries;

#[test]
fn a_passkey_opens_the_vault_beside_its_password() {
    let (mut browser, _) = Browser::restored("p");
    assert_eq!(browser.ask(Request::Passkey), Ok(Reply::Passkey(None)));
    assert_eq!(browser.ask(by_passkey(1)), Err(Failure::NoPasskey));
    assert_eq!(browser.ask(add_passkey(1)), Ok(Reply::Done));
    // Accounts that are added later are behind it as well.
    let accounts = browser.opened(add(&[(1, "Rent")]));
    let mut tab = browser.another_tab();
    assert_eq!(tab.ask(Request::Passkey), Ok(Reply::Passkey(Some(passkey()))));
    assert_eq!(tab.ask(by_passkey(2)), Err(Failure::WrongPasskey));
    assert_eq!(tab.stored, browser.stored, "and a wrong secret is no wrong password");
    assert_eq!(tab.ask(by_passkey(1)), Ok(Reply::Open(accounts.clone())));
    assert_eq!(tab.opened(add(&[(2, "")])).len(), 3, "the vault's key is kept");
    tab.opened(Request::HideAccount { index: 2 });
    assert_eq!(tab.another_tab().unlock("p"), Ok(Reply::Open(accounts)));

    assert_eq!(
        tab.ask(add_passkey(3)),
        Ok(Reply::Done),
        "a new one takes the place of the old one"
    );
    assert_eq!(tab.ask(by_passkey(1)), Err(Failure::WrongPasskey));
    assert!(matches!(tab.ask(by_passkey(3)), Ok(Reply::Open(_))));
    assert_eq!(tab.ask(Request::RemovePasskey), Ok(Reply::Done));
    assert_eq!(tab.ask(Request::Passkey), Ok(Reply::Passkey(None)));
    assert_eq!(tab.ask(by_passkey(3)), Err(Failure::NoPasskey));
    for credential in [vec![], vec![1; 1024]] {
        let request = Request::AddPasskey {
            passkey: Passkey {
                credential,
                salt: [7; 32],
            },
            secret: SecretBytes::new([1; 32]),
        };
        assert_eq!(tab.ask(request), Err(Failure::WrongPasskey));
    }
}

#[test]
fn a_passkey_is_not_held_up_by_wrong_passwords_and_does_not_forgive_them() {
    let (mut browser, _) = Browser::restored("p");
    browser.ask(add_passkey(1)).unwrap();
    browser.ask(Request::Lock).unwrap();
    browser.stored.tries = Some(
        (0..9)
            .fold(Tries::default(), |tries, _| tries.and_one(browser.world.now_ms()))
            .to_record(),
    );
    let before = browser.stored.clone();
    assert!(matches!(browser.unlock("p"), Err(Failure::TooSoon { .. })));
    assert!(matches!(browser.ask(by_passkey(1)), Ok(Reply::Open(_))));
    assert_eq!(browser.stored, before);
}

#[test]
fn a_new_password_an_upgrade_and_removal_end_a_passkey() {
    let (mut browser, _) = Browser::restored("p");
    browser.ask(add_passkey(1)).unwrap();
    assert!(browser.stored.passkey.is_some());
    assert_eq!(browser.ask(change_password("q", "r")), Err(Failure::WrongPassword));
    assert!(browser.stored.passkey.is_some());
    browser.ask(change_password("p", "r")).unwrap();
    assert_eq!(browser.ask(Request::Passkey), Ok(Reply::Passkey(None)));
    assert_eq!(browser.stored.passkey, None);
    browser.ask(add_passkey(1)).unwrap();
    browser.ask(Request::Remove).unwrap();
    assert_eq!(browser.stored, Stored::default());
    assert_eq!(browser.ask(Request::Passkey), Ok(Reply::Passkey(None)));
    assert_eq!(browser.ask(by_passkey(1)), Err(Failure::NoWallet));

    // A vault from an earlier time, opened by the passkey, cannot be upgraded; its password then does it.
    let mut old = Browser::cheap("p");
    let key = vault::unlock(old.stored.vault.as_ref().unwrap(), "p").unwrap().1;
    let plan = passkey::add(&key, passkey(), &SecretBytes::new([4; 32]), &mut old.world).unwrap();
    old.store(plan.change);
    assert!(matches!(old.ask(by_passkey(4)), Ok(Reply::Open(_))));
    assert_eq!(old.stored.vault, Some(cheap_vault("p")));
    old.unlock("p").unwrap();
    assert_eq!(old.ask(Request::Passkey), Ok(Reply::Passkey(None)));
}

#[test]
fn a_damaged_passkey_counts_as_none_and_one_of_another_vault_does_not_open() {
    let (mut browser, accounts) = Browser::restored("p");
    browser.ask(add_passkey(1)).unwrap();
    let mut damaged = browser.another_tab();
    damaged.stored.passkey.as_mut().unwrap()[40] ^= 1;
    assert_eq!(damaged.ask(Request::Passkey), Ok(Reply::Passkey(None)));
    assert_eq!(damaged.ask(by_passkey(1)), Err(Failure::NoPasskey));
    assert_eq!(damaged.unlock("p"), Ok(Reply::Open(accounts)));

    let mut other = Browser::cheap("p");
    other.stored.passkey = browser.stored.passkey;
    assert_eq!(other.ask(by_passkey(1)), Err(Failure::WrongPasskey));
    assert_eq!(other.ask(Request::Status), Ok(Reply::Status(Standing::Locked)));
}
