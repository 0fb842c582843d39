//! Passwords: opening, changing, and wrong ones.

use shared::vault::SealedVault;

use super::*;
use crate::keyworker::tries::Tries;

#[test]
fn the_password_is_changed_only_with_the_old_one_and_removal_is_for_good() {
    let (mut browser, accounts) = Browser::restored("p");
    let change = change_password;
    assert_eq!(browser.ask(change("q", "r")), Err(Failure::WrongPassword));
    assert!(matches!(browser.ask(change("p", "")), Err(Failure::Vault { .. })));
    browser.ask(change("p", "r")).unwrap();
    assert_eq!(browser.unlock("p"), Err(Failure::WrongPassword));
    assert_eq!(browser.unlock("r"), Ok(Reply::Open(accounts)));
    assert_eq!(browser.ask(Request::Remove), Ok(Reply::Done));
    assert_eq!(browser.ask(Request::Remove), Err(Failure::NoWallet));
    assert_eq!(browser.ask(Request::Status), Ok(Reply::Status(Standing::Absent)));
    assert_eq!(browser.unlock("r"), Err(Failure::NoWallet));
}

#[test]
fn a_vault_costs_about_half_a_second_on_the_device_that_made_it() {
    let passes = |step_ms| {
        let mut browser = Browser::new();
        browser.world.step_ms = step_ms;
        browser.ask(Request::Restore { phrase: ABANDON.into() }).unwrap();
        browser.ask(save("stone by stone", "")).unwrap();
        let params = SealedVault::parse(&browser.stored.vault.unwrap()).unwrap().params();
        assert_eq!(params.memory_kib(), 64 * 1024);
        params.iterations()
    };
    assert_eq!(passes(5_000), 3, "a slow device keeps the least");
    assert_eq!(passes(500), 3);
    assert_eq!(passes(250), 6);
    assert_eq!(passes(1), 20, "and a fast one the most");
}

#[test]
fn an_old_vault_is_sealed_again_when_its_password_is_at_hand() {
    let mut browser = Browser::cheap("p");
    let accounts = match browser.unlock("p") {
        Ok(Reply::Open(accounts)) => accounts,
        other => panic!("{other:?}"),
    };
    let sealed = SealedVault::parse(browser.stored.vault.as_ref().unwrap()).unwrap();
    assert_eq!((sealed.params(), sealed.revision()), (KdfParams::DEFAULT, 2));
    assert_eq!(
        browser.opened(add(&[(1, "")])).len(),
        2,
        "the new key is the one that is kept"
    );
    assert_eq!(browser.opened(Request::HideAccount { index: 1 }), accounts);
}

#[test]
fn an_old_vault_opens_where_a_new_seal_cannot_be_made() {
    struct NoRandomness;

    impl World for NoRandomness {
        fn random(&mut self, _: &mut [u8]) -> Result<(), Failure> {
            Err(Failure::Randomness)
        }

        fn now_ms(&self) -> u64 {
            0
        }
    }

    let mut browser = Browser::cheap("p");
    let request = Request::Unlock { password: "p".into() };
    let plan = browser
        .keeper
        .plan(request, &browser.stored, &mut NoRandomness)
        .unwrap();
    assert_eq!(plan.change, Change::default(), "the old vault stays");
    assert!(matches!(browser.keeper.apply(plan), Reply::Open(_)));
}

#[test]
fn wrong_passwords_slow_the_next_one_down_in_all_tabs() {
    let mut browser = Browser::cheap("p");
    browser.world.step_ms = 0;
    let start = browser.world.now_ms();
    for _ in 0..4 {
        assert_eq!(browser.unlock("q"), Err(Failure::WrongPassword));
    }
    let before = browser.stored.clone();
    assert_eq!(
        browser.unlock("p"),
        Err(Failure::TooSoon { seconds: 1 }),
        "the right one waits as well"
    );
    assert_eq!(browser.stored, before, "to ask too soon does not make the wait longer");
    let mut tab = browser.another_tab();
    tab.world.step_ms = 0;
    assert_eq!(tab.ask(change_password("p", "r")), Err(Failure::TooSoon { seconds: 1 }));
    assert_eq!(
        tab.ask(check(&cheap_vault("p"), "p")),
        Err(Failure::TooSoon { seconds: 1 })
    );
    tab.now_ms(start + 1_000);
    assert_eq!(tab.ask(change_password("q", "r")), Err(Failure::WrongPassword));
    assert_eq!(tab.unlock("p"), Err(Failure::TooSoon { seconds: 2 }));
    tab.now_ms(start + 2_001);
    assert_eq!(tab.unlock("p"), Err(Failure::TooSoon { seconds: 1 }));
    tab.now_ms(start + 3_000);
    assert!(matches!(tab.unlock("p"), Ok(Reply::Open(_))));
    assert_eq!(tab.stored.tries, None);
}

#[test]
fn a_right_password_and_removal_end_the_count() {
    let mut browser = Browser::cheap("p");
    for _ in 0..3 {
        assert_eq!(browser.unlock("q"), Err(Failure::WrongPassword));
    }
    browser.unlock("p").unwrap();
    assert_eq!(browser.stored.tries, None);
    for request in [change_password("q", "r"), check(&cheap_vault("p"), "q")] {
        assert_eq!(browser.ask(request), Err(Failure::WrongPassword));
    }
    assert_eq!(
        Tries::read(browser.stored.tries.as_deref()),
        Tries::default().and_one(0).and_one(browser.world.now_ms.get() - 500)
    );
    // Opened without an upgrade this time.
    browser.unlock("p").unwrap();
    assert_eq!(browser.stored.tries, None);
    assert_eq!(browser.unlock("q"), Err(Failure::WrongPassword));
    browser.ask(Request::Remove).unwrap();
    assert_eq!(browser.stored, Stored::default());

    assert_eq!(
        browser.ask(import(&hex::encode(cheap_vault("p")), "q")),
        Err(Failure::WrongPassword)
    );
    assert!(browser.stored.tries.is_some());
    browser.ask(Request::Restore { phrase: ABANDON.into() }).unwrap();
    browser.opened(save("p", ""));
    assert_eq!(browser.stored.tries, None);
}

#[test]
fn a_clock_that_was_set_back_locks_nobody_out_and_damage_is_not_a_lock() {
    let mut browser = Browser::cheap("p");
    browser.world.step_ms = 0;
    for minute in 0..12 {
        browser.now_ms(1_795_399_445_678 + minute * 60_000);
        assert_eq!(browser.unlock("q"), Err(Failure::WrongPassword));
    }
    browser.now_ms(5_000);
    assert_eq!(browser.unlock("p"), Err(Failure::TooSoon { seconds: 60 }));
    browser.now_ms(35_000);
    assert_eq!(browser.unlock("p"), Err(Failure::TooSoon { seconds: 30 }));
    let mut damaged = browser.another_tab();
    damaged.now_ms(35_000);
    damaged.stored.tries.as_mut().unwrap()[3] ^= 1;
    assert!(matches!(damaged.unlock("p"), Ok(Reply::Open(_))));
    browser.now_ms(65_000);
    assert!(matches!(browser.unlock("p"), Ok(Reply::Open(_))));
}
