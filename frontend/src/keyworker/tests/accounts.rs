//! The list of accounts: added, named, hidden, in several tabs.

use shared::vault::SealedVault;

use super::*;
use crate::keyworker::copies::choose;
use crate::wallet::messages::MAX_KEYS;

#[test]
fn accounts_are_added_named_and_hidden() {
    let (mut browser, first) = Browser::restored("p");
    let accounts = browser.opened(add(&[(7, " Travel "), (0, "ignored"), (2, ""), (7, "again")]));
    assert_eq!(names(&accounts), [(0, "Main account"), (2, "Account 3"), (7, "Travel")]);
    assert_eq!(accounts[2].key, key("", 7));
    assert_eq!(accounts[2].path, "m/44'/7331'/7'");
    assert_eq!(
        browser.ask(Request::Status),
        Ok(Reply::Status(Standing::Open(accounts.clone())))
    );

    let rename = |index, name: &str| Request::RenameAccount {
        index,
        name: name.to_owned(),
    };
    let accounts = browser.opened(rename(2, "Rent"));
    assert_eq!(names(&accounts)[1], (2, "Rent"));
    let accounts = browser.opened(Request::HideAccount { index: 0 });
    assert_eq!(names(&accounts), [(2, "Rent"), (7, "Travel")]);
    // All of it is in the vault, under the same password and salt.
    assert_eq!(browser.another_tab().unlock("p"), Ok(Reply::Open(accounts)));
    assert_eq!(browser.contents("p").revision, 4);

    browser.opened(Request::HideAccount { index: 7 });
    let said = |failure| match failure {
        Err(Failure::Account { said }) => said,
        other => panic!("{other:?}"),
    };
    let before = browser.stored.clone();
    assert!(said(browser.ask(Request::HideAccount { index: 2 })).contains("one has to stay"));
    assert!(said(browser.ask(Request::HideAccount { index: 9 })).contains("no account 9"));
    assert!(said(browser.ask(rename(9, "x"))).contains("no account 9"));
    assert!(said(browser.ask(rename(2, "  "))).contains("1 to 64 bytes"));
    assert!(said(browser.ask(add(&[(3, &"x".repeat(65))]))).contains("1 to 64 bytes"));
    assert!(said(browser.ask(add(&[(3, "a\u{7}b")]))).contains("no control characters"));
    assert!(said(browser.ask(add(&[(1 << 31, "")]))).contains("below 2147483648"));
    let many: Vec<_> = (100..400).map(|index| (index, "")).collect();
    assert!(said(browser.ask(add(&many))).contains("1 to 256 accounts"));
    assert_eq!(browser.stored, before, "what is refused in part is refused as a whole");
    browser.opened(add(&[(2, "ignored")]));
    assert_eq!(browser.stored, before, "and what changes nothing is not sealed again");
    // A hidden account comes back with its key.
    assert_eq!(browser.opened(add(&[(0, "Main account")]))[..1], first[..]);
}

#[test]
fn every_sealing_has_a_nonce_and_a_revision_of_its_own() {
    let (mut browser, _) = Browser::restored("p");
    let mut seen = Vec::new();
    for name in ["a", "b", "a", "b"] {
        browser.opened(Request::RenameAccount {
            index: 0,
            name: name.to_owned(),
        });
        let bytes = browser.stored.vault.clone().unwrap();
        let revision = SealedVault::parse(&bytes).unwrap().revision();
        let nonce = bytes[62..86].to_vec();
        assert!(seen.iter().all(|(older, other)| *older < revision && *other != nonce));
        seen.push((revision, nonce));
    }
}

#[test]
fn a_change_of_accounts_that_was_not_stored_did_not_happen() {
    let (mut browser, first) = Browser::restored("p");
    let plan = browser
        .keeper
        .plan(add(&[(1, "")]), &browser.stored, &mut browser.world)
        .unwrap();
    assert!(matches!(plan.change.vault, Edit::Put(_)));
    drop(plan);
    assert_eq!(browser.ask(Request::Status), Ok(Reply::Status(Standing::Open(first))));
    assert_eq!(browser.opened(add(&[(1, "")])).len(), 2);
}

#[test]
fn one_damaged_copy_of_changed_accounts_loses_nothing() {
    let (mut browser, _) = Browser::restored("p");
    let accounts = browser.opened(add(&[(1, "Rent")]));
    let whole = browser.stored.vault.clone().unwrap();
    for place in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[place] ^= 1;
        let kept = choose(Some(damaged), Some(whole.clone())).unwrap();
        assert_eq!((&kept.bytes, kept.needs_repair), (&whole, true), "byte {place}");
    }
    let mut tab = browser.another_tab();
    assert_eq!(tab.unlock("p"), Ok(Reply::Open(accounts)));
}

#[test]
fn tabs_add_to_each_others_accounts_and_do_not_undo_another_password() {
    let (mut one, _) = Browser::restored("p");
    let mut other = one.another_tab();
    other.unlock("p").unwrap();
    one.opened(add(&[(1, "Rent")]));
    other.stored = one.stored.clone();
    let accounts = other.opened(add(&[(2, "Travel")]));
    assert_eq!(names(&accounts), [(0, "Main account"), (1, "Rent"), (2, "Travel")]);

    other.ask(change_password("p", "r")).unwrap();
    one.stored = other.stored.clone();
    assert_eq!(one.ask(add(&[(3, "")])), Err(Failure::ChangedElsewhere));
    assert_eq!(one.ask(add_passkey(1)), Err(Failure::ChangedElsewhere));
    assert_eq!(
        one.ask(Request::Keys { from: 0, count: 1 }),
        Err(Failure::ChangedElsewhere)
    );
    assert_eq!(one.stored, other.stored);
    other.ask(Request::Remove).unwrap();
    one.stored = other.stored.clone();
    assert_eq!(one.ask(add(&[(3, "")])), Err(Failure::NoWallet));
}

#[test]
fn keys_are_given_while_open_and_not_too_many_at_once() {
    let (mut browser, _) = Browser::restored("p");
    let mut keys = |from, count| match browser.ask(Request::Keys { from, count }) {
        Ok(Reply::Keys(keys)) => keys,
        other => panic!("{other:?}"),
    };
    let expected: Vec<_> = (4..7).map(|index| key("", index)).collect();
    assert_eq!(keys(4, 3), expected);
    assert_eq!(keys(0, 0), []);
    assert_eq!(keys(0, u32::MAX).len(), MAX_KEYS as usize);
    assert_eq!(keys((1 << 31) - 2, 10).len(), 2);
    assert_eq!(keys(u32::MAX, 10), []);
    browser.ask(Request::Lock).unwrap();
    for request in [
        Request::Keys { from: 0, count: 1 },
        add(&[(1, "")]),
        Request::RenameAccount {
            index: 0,
            name: "x".to_owned(),
        },
        Request::HideAccount { index: 0 },
        Request::SignMessage {
            index: 0,
            message: "x".to_owned(),
        },
        add_passkey(1),
    ] {
        assert_eq!(browser.ask(request), Err(Failure::Locked));
    }
}
