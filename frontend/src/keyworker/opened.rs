//! The open vault: its accounts and their keys, what they sign, and how the list of them is changed.

use std::rc::Rc;

use shared::codec::{Decode, Encode};
use shared::hash::Hash;
use shared::key::{PublicKey, SecretKey};
use shared::message;
use shared::phrase::Seed;
use shared::slip10::{self, ExtendedKey, Path};
use shared::transaction::Transfer;
use shared::vault::{self, AccountName, AccountNameError, Contents, ContentsError, SealedVault, VaultError, VaultKey};

use super::keeper::{Plan, State, World, nonce};
use super::stored::{Change, Edit, Stored};
use super::unlocking::failure;
use crate::wallet::messages::{Account, Failure, MAX_KEYS, Reply};
use crate::wallet::send::capital;

/// The keys of the accounts and the key of the vault. All of them wipe themselves.
#[derive(Debug)]
pub(super) struct Open {
    accounts: Vec<Own>,
    key: Rc<VaultKey>,
}

#[derive(Debug)]
struct Own {
    account: Account,
    secret: SecretKey,
}

impl Open {
    pub(super) fn new(contents: &Contents, key: Rc<VaultKey>) -> Self {
        let seed = contents.phrase().seed(contents.passphrase());
        let master = ExtendedKey::master(seed.as_bytes());
        let own = |account: &vault::Account| {
            let path = Path::account(account.index).expect("a vault's accounts are below 2^31");
            let secret = master.derive(&path).secret_key();
            let account = Account {
                index: account.index,
                name: account.name.as_str().to_owned(),
                key: secret.public_key(),
                path: path.to_string(),
            };
            Own { account, secret }
        };
        Self {
            accounts: contents.accounts().iter().map(own).collect(),
            key,
        }
    }

    pub(super) fn accounts(&self) -> Vec<Account> {
        self.accounts.iter().map(|own| own.account.clone()).collect()
    }

    pub(super) fn key(&self) -> &VaultKey {
        &self.key
    }

    /// A step to this vault, open.
    pub(super) fn plan(self, change: Change) -> Plan {
        Plan::reply(Reply::Open(self.accounts()))
            .storing(change)
            .to(State::Open(Box::new(self)))
    }

    pub(super) fn sign(&self, transfer: &str, genesis: &Hash) -> Result<Plan, Failure> {
        let bytes = hex::decode(transfer).map_err(|_| refused("The transfer is not hex"))?;
        let transfer =
            Transfer::from_bytes(&bytes).map_err(|error| refused(&format!("The transfer’s bytes: {error}")))?;
        let own = self
            .accounts
            .iter()
            .find(|own| own.account.key == transfer.sender)
            .ok_or_else(|| refused("The transfer’s sender is no account of this wallet"))?;
        let signed = transfer.sign(genesis, &own.secret);
        Ok(Plan::reply(Reply::Signed {
            transfer: hex::encode(signed.to_bytes()),
        }))
    }

    pub(super) fn sign_message(&self, index: u32, text: &str, genesis: &Hash) -> Result<Plan, Failure> {
        if text.len() > message::MAX_LEN {
            let (most, found) = (message::MAX_LEN, text.len());
            return Err(refused(&format!(
                "A message has at most {most} bytes, and this one has {found}"
            )));
        }
        let own = self
            .accounts
            .iter()
            .find(|own| own.account.index == index)
            .ok_or_else(|| refused(&capital(&ContentsError::NoSuchAccount { index }.to_string())))?;
        Ok(Plan::reply(Reply::Signature {
            signature: message::sign_message(genesis, text, &own.secret).to_string(),
        }))
    }

    /// The contents as they are stored now: another tab may have changed them since this one opened the vault.
    pub(super) fn contents(&self, stored: &Stored) -> Result<Contents, Failure> {
        let bytes = stored.vault.as_deref().ok_or(Failure::NoWallet)?;
        let vault = SealedVault::parse(bytes).map_err(failure)?;
        vault.open(&self.key).map_err(|error| match error {
            // It was right when the vault was opened, so the vault is another one.
            VaultError::WrongPassword => Failure::ChangedElsewhere,
            error => failure(error),
        })
    }

    pub(super) fn keys(&self, from: u32, count: u32, stored: &Stored) -> Result<Plan, Failure> {
        let contents = self.contents(stored)?;
        let seed = contents.phrase().seed(contents.passphrase());
        let keys = (from..from.saturating_add(count.min(MAX_KEYS)))
            .map_while(|index| public_key(&seed, index))
            .collect();
        Ok(Plan::reply(Reply::Keys(keys)))
    }

    /// Whether `contents` are of this wallet, whatever accounts they list.
    pub(super) fn is_of(&self, contents: &Contents) -> bool {
        let seed = contents.phrase().seed(contents.passphrase());
        self.accounts
            .first()
            .is_some_and(|own| public_key(&seed, own.account.index) == Some(own.account.key))
    }

    pub(super) fn add(
        &self,
        accounts: &[(u32, String)],
        stored: &Stored,
        world: &mut impl World,
    ) -> Result<Plan, Failure> {
        self.resealed(stored, world, |contents| {
            for (index, name) in accounts {
                let index = *index;
                if contents.accounts().iter().any(|account| account.index == index) {
                    continue;
                }
                let name = match name.trim() {
                    "" => account_name(&format!("Account {}", u64::from(index) + 1))?,
                    name => account_name(name)?,
                };
                contents.add_account(vault::Account { index, name }).map_err(unfit)?;
            }
            Ok(())
        })
    }

    pub(super) fn rename(
        &self,
        index: u32,
        name: &str,
        stored: &Stored,
        world: &mut impl World,
    ) -> Result<Plan, Failure> {
        let name = account_name(name.trim())?;
        self.resealed(stored, world, |contents| {
            contents.rename_account(index, name).map_err(unfit)
        })
    }

    pub(super) fn hide(&self, index: u32, stored: &Stored, world: &mut impl World) -> Result<Plan, Failure> {
        self.resealed(stored, world, |contents| {
            contents.remove_account(index).map_err(|error| match error {
                ContentsError::AccountCount => Failure::Account {
                    said: "This is the only account in the list, and one has to stay".to_owned(),
                },
                error => unfit(error),
            })
        })
    }

    /// Changes the list of accounts, and seals it again under the same key when that made a difference.
    fn resealed(
        &self,
        stored: &Stored,
        world: &mut impl World,
        change: impl FnOnce(&mut Contents) -> Result<(), Failure>,
    ) -> Result<Plan, Failure> {
        let mut contents = self.contents(stored)?;
        let before = contents.accounts().to_vec();
        change(&mut contents)?;
        let change = if contents.accounts() == before {
            Change::default()
        } else {
            contents.raise_revision();
            Change {
                vault: Edit::Put(self.key.seal(nonce(world)?, &contents)),
                ..Change::default()
            }
        };
        Ok(Self::new(&contents, Rc::clone(&self.key)).plan(change))
    }
}

fn public_key(seed: &Seed, index: u32) -> Option<PublicKey> {
    Some(slip10::account_key(seed, index).ok()?.public_key())
}

fn account_name(text: &str) -> Result<AccountName, Failure> {
    AccountName::new(text).map_err(|error: AccountNameError| Failure::Account {
        said: capital(&error.to_string()),
    })
}

fn unfit(error: ContentsError) -> Failure {
    Failure::Account {
        said: capital(&error.to_string()),
    }
}

fn refused(said: &str) -> Failure {
    Failure::NotSigned { said: said.to_owned() }
}
