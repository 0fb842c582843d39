//! A keeper with a database in memory.

mod accounts;
mod backups;
mod passkeys;
mod passwords;
mod phrases;
mod signing;

use std::cell::Cell;

use shared::hash::Hash;
use shared::key::PublicKey;
use shared::phrase::{Passphrase, Phrase};
use shared::slip10;
use shared::vault::{self, AccountName, Contents, KdfParams};

use super::keeper::{Keeper, World};
use super::stored::{Change, Edit, Stored};
use crate::wallet::messages::{Account, Failure, Passkey, Reply, Request, Standing};
use crate::wallet::secret::SecretBytes;

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
    stored: Stored,
    world: Counter,
}

fn edit(stored: &mut Option<Vec<u8>>, edit: Edit) {
    match edit {
        Edit::Keep => {}
        Edit::Put(bytes) => *stored = Some(bytes),
        Edit::Remove => *stored = None,
    }
}

impl Browser {
    fn new() -> Self {
        Self {
            keeper: Keeper::new(Hash([5; 32])),
            stored: Stored::default(),
            world: Counter {
                next: 1,
                now_ms: Cell::new(1_795_399_445_678),
                step_ms: 500,
            },
        }
    }

    fn ask(&mut self, request: Request) -> Result<Reply, Failure> {
        match self.keeper.plan(request, &self.stored, &mut self.world) {
            Ok(mut plan) => {
                self.store(std::mem::take(&mut plan.change));
                Ok(self.keeper.apply(plan))
            }
            Err(refusal) => {
                assert_eq!(
                    (&refusal.change.vault, &refusal.change.passkey),
                    (&Edit::Keep, &Edit::Keep)
                );
                self.store(refusal.change);
                Err(refusal.failure)
            }
        }
    }

    fn store(&mut self, change: Change) {
        edit(&mut self.stored.vault, change.vault);
        edit(&mut self.stored.tries, change.tries);
        edit(&mut self.stored.passkey, change.passkey);
    }

    fn opened(&mut self, request: Request) -> Vec<Account> {
        match self.ask(request) {
            Ok(Reply::Open(accounts)) => accounts,
            other => panic!("{other:?}"),
        }
    }

    fn restored(password: &str) -> (Self, Vec<Account>) {
        let mut browser = Self::new();
        browser.ask(Request::Restore { phrase: ABANDON.into() }).unwrap();
        let accounts = browser.opened(save(password, ""));
        (browser, accounts)
    }

    /// A locked vault at the lowest cost, which does not take long to open; `is_backed_up` as a command line may write it.
    fn cheap(password: &str) -> Self {
        let mut browser = Self::new();
        browser.stored.vault = Some(cheap_vault(password));
        browser
    }

    /// The same browser with the page loaded anew, or another tab of it.
    fn another_tab(&self) -> Self {
        Self {
            stored: self.stored.clone(),
            ..Self::new()
        }
    }

    fn unlock(&mut self, password: &str) -> Result<Reply, Failure> {
        self.ask(Request::Unlock {
            password: password.into(),
        })
    }

    fn contents(&self, password: &str) -> Contents {
        vault::open(self.stored.vault.as_ref().unwrap(), password).unwrap()
    }

    fn now_ms(&self, now_ms: u64) {
        self.world.now_ms.set(now_ms);
    }
}

fn cheap_vault(password: &str) -> Vec<u8> {
    let name = AccountName::new("Main account").unwrap();
    let contents = Contents::new(Phrase::parse(ABANDON).unwrap(), Passphrase::default(), 0, name);
    let params = KdfParams::new(19 * 1024, 1, 1).unwrap();
    vault::seal(password, params, [1; 32], [2; 24], &contents).unwrap()
}

fn save(password: &str, passphrase: &str) -> Request {
    Request::Save {
        password: password.into(),
        passphrase: passphrase.into(),
    }
}

fn import(file: &str, password: &str) -> Request {
    Request::Import {
        file: file.to_owned(),
        password: password.into(),
    }
}

fn check(file: &[u8], password: &str) -> Request {
    Request::CheckBackup {
        file: hex::encode(file),
        password: password.into(),
    }
}

fn change_password(old: &str, new: &str) -> Request {
    Request::ChangePassword {
        old: old.into(),
        new: new.into(),
    }
}

fn add(accounts: &[(u32, &str)]) -> Request {
    Request::AddAccounts {
        accounts: accounts.iter().map(|&(index, name)| (index, name.to_owned())).collect(),
    }
}

fn names(accounts: &[Account]) -> Vec<(u32, &str)> {
    accounts
        .iter()
        .map(|account| (account.index, account.name.as_str()))
        .collect()
}

fn key(passphrase: &str, index: u32) -> PublicKey {
    let seed = Phrase::parse(ABANDON)
        .unwrap()
        .seed(&Passphrase::new(passphrase).unwrap());
    slip10::account_key(&seed, index).unwrap().public_key()
}

fn passkey() -> Passkey {
    Passkey {
        credential: vec![6; 64],
        salt: [7; 32],
    }
}

fn add_passkey(secret: u8) -> Request {
    Request::AddPasskey {
        passkey: passkey(),
        secret: SecretBytes::new([secret; 32]),
    }
}

fn by_passkey(secret: u8) -> Request {
    Request::UnlockByPasskey {
        secret: SecretBytes::new([secret; 32]),
    }
}
