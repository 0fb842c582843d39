//! A keeper with a database in memory.

use std::cell::Cell;

use super::*;
use shared::amount::Amount;
use shared::transaction::{Memo, SignedTransfer};

const ABANDON: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

/// Counts instead of drawing lots; its clock moves on by `step_ms` each time it is looked at.
struct Counter {
    next: u8,
    now_ms: Cell<u64>,
    step_ms: u64,
}

impl World for Counter {
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        for byte in bytes {
            self.next = self.next.wrapping_add(41);
            *byte = self.next;
        }
        Ok(())
    }

    fn now_ms(&self) -> u64 {
        self.now_ms.replace(self.now_ms.get() + self.step_ms)
    }
}

struct Browser {
    keeper: Keeper,
    stored: Option<Vec<u8>>,
    world: Counter,
}

impl Browser {
    fn new() -> Self {
        Self {
            keeper: Keeper::new(Hash([5; 32])),
            stored: None,
            world: Counter {
                next: 1,
                now_ms: Cell::new(1_795_399_445_678),
                step_ms: 500,
            },
        }
    }

    fn ask(&mut self, request: Request) -> Result<Reply, Failure> {
        let mut plan = self.keeper.plan(request, self.stored.as_deref(), &mut self.world)?;
        match std::mem::replace(&mut plan.change, Change::Keep) {
            Change::Keep => {}
            Change::Add(bytes) => {
                assert!(self.stored.is_none());
                self.stored = Some(bytes);
            }
            Change::Replace(bytes) => self.stored = Some(bytes),
            Change::Remove => self.stored = None,
        }
        Ok(self.keeper.apply(plan))
    }

    fn restored(password: &str) -> (Self, Account) {
        let mut browser = Self::new();
        browser.ask(Request::Restore { phrase: ABANDON.into() }).unwrap();
        let reply = browser.ask(Request::Save {
            password: password.into(),
        });
        let Ok(Reply::Open(account)) = reply else {
            panic!("{reply:?}")
        };
        (browser, account)
    }

    fn unlock(&mut self, password: &str) -> Result<Reply, Failure> {
        self.ask(Request::Unlock {
            password: password.into(),
        })
    }
}

#[test]
fn a_wallet_is_made_confirmed_saved_locked_and_unlocked() {
    let mut browser = Browser::new();
    assert_eq!(browser.ask(Request::Status), Ok(Reply::Status(Standing::Absent)));
    let Ok(Reply::Phrase { words }) = browser.ask(Request::Create { words: 12 }) else {
        panic!()
    };
    assert_eq!(words.len(), 12);
    let save = |password: &str| Request::Save {
        password: password.into(),
    };
    assert_eq!(browser.ask(save("p")), Err(Failure::NotConfirmed));
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
    assert_eq!(browser.ask(save("p")), Err(Failure::NotConfirmed));
    answers[1] = words[places[1] - 1].expose().to_uppercase().as_str().into();
    assert_eq!(browser.ask(Request::Confirm { answers }), Ok(Reply::Done));
    let Ok(Reply::Open(account)) = browser.ask(save("a long password")) else {
        panic!()
    };

    assert_eq!(browser.ask(Request::Lock), Ok(Reply::Done));
    assert_eq!(browser.ask(Request::Status), Ok(Reply::Status(Standing::Locked)));
    assert_eq!(browser.unlock("another"), Err(Failure::WrongPassword));
    assert_eq!(browser.unlock("a long password"), Ok(Reply::Open(account)));
    assert_eq!(
        browser.ask(Request::Create { words: 24 }).unwrap_err(),
        Failure::WalletExists
    );
}

#[test]
fn a_known_phrase_gives_its_known_key() {
    let (_, account) = Browser::restored("p");
    let phrase = Phrase::parse(ABANDON).unwrap();
    let seed = phrase.seed(&Passphrase::default());
    let key = ExtendedKey::master(seed.as_bytes()).derive(&"m/44'/7331'/0'".parse().unwrap());
    assert_eq!(account.key, key.secret_key().public_key());
    assert_eq!(account.path, "m/44'/7331'/0'");
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
fn only_its_own_transfers_are_signed_and_only_when_open() {
    let (mut browser, account) = Browser::restored("p");
    let mut transfer = Transfer {
        sender: account.key,
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
    assert!(signed.verify(&Hash([5; 32])).is_ok());

    browser.ask(Request::Lock).unwrap();
    assert_eq!(browser.ask(sign(&transfer)), Err(Failure::Locked));
    browser.unlock("p").unwrap();
    transfer.sender = transfer.recipient;
    assert!(matches!(browser.ask(sign(&transfer)), Err(Failure::Transfer { .. })));
    let cut = Request::Sign { transfer: "00".into() };
    assert!(matches!(browser.ask(cut), Err(Failure::Transfer { .. })));
}

#[test]
fn a_backup_opens_elsewhere_with_its_password_alone() {
    let (mut browser, account) = Browser::restored("p");
    let Ok(Reply::File { file }) = browser.ask(Request::Export) else {
        panic!()
    };
    let mut other = Browser::new();
    let import = |file: &str, password: &str| Request::Import {
        file: file.to_owned(),
        password: password.into(),
    };
    assert_eq!(other.ask(import(&file, "q")), Err(Failure::WrongPassword));
    let damaged = file.replacen(&file[100..102], if &file[100..102] == "00" { "01" } else { "00" }, 1);
    assert!(matches!(other.ask(import(&damaged, "p")), Err(Failure::Vault { .. })));
    assert!(matches!(other.ask(import("00", "p")), Err(Failure::Vault { .. })));
    assert_eq!(other.ask(Request::Status), Ok(Reply::Status(Standing::Absent)));
    assert_eq!(other.ask(import(&file, "p")), Ok(Reply::Open(account)));
    assert_eq!(other.ask(import(&file, "p")), Err(Failure::WalletExists));
}

#[test]
fn the_password_is_changed_only_with_the_old_one_and_removal_is_for_good() {
    let (mut browser, account) = Browser::restored("p");
    let change = |old: &str, new: &str| Request::ChangePassword {
        old: old.into(),
        new: new.into(),
    };
    assert_eq!(browser.ask(change("q", "r")), Err(Failure::WrongPassword));
    assert!(matches!(browser.ask(change("p", "")), Err(Failure::Vault { .. })));
    browser.ask(change("p", "r")).unwrap();
    assert_eq!(browser.unlock("p"), Err(Failure::WrongPassword));
    assert_eq!(browser.unlock("r"), Ok(Reply::Open(account)));
    assert_eq!(browser.ask(Request::Remove), Ok(Reply::Done));
    assert_eq!(browser.ask(Request::Remove), Err(Failure::NoWallet));
    assert_eq!(browser.ask(Request::Status), Ok(Reply::Status(Standing::Absent)));
    assert_eq!(browser.unlock("r"), Err(Failure::NoWallet));
}

#[test]
fn a_step_that_was_not_stored_did_not_happen() {
    let mut browser = Browser::new();
    browser.ask(Request::Restore { phrase: ABANDON.into() }).unwrap();
    let save = Request::Save { password: "p".into() };
    let plan = browser.keeper.plan(save, None, &mut browser.world).unwrap();
    assert!(matches!(plan.change, Change::Add(_)));
    drop(plan);
    assert_eq!(browser.ask(Request::Status), Ok(Reply::Status(Standing::Absent)));
    assert!(browser.ask(Request::Save { password: "p".into() }).is_ok());
}

#[test]
fn a_vault_costs_about_half_a_second_on_the_device_that_made_it() {
    let passes = |step_ms| {
        let mut browser = Browser::new();
        browser.world.step_ms = step_ms;
        browser.ask(Request::Restore { phrase: ABANDON.into() }).unwrap();
        browser
            .ask(Request::Save {
                password: "stone by stone".into(),
            })
            .unwrap();
        let params = vault::SealedVault::parse(&browser.stored.unwrap()).unwrap().params();
        assert_eq!(params.memory_kib(), 64 * 1024);
        params.iterations()
    };
    assert_eq!(passes(5_000), 3, "a slow device keeps the least");
    assert_eq!(passes(500), 3);
    assert_eq!(passes(250), 6);
    assert_eq!(passes(1), 20, "and a fast one the most");
}
