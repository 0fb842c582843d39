//! Steps with a password: opening, taking a backup in or checking it, another password.
//!
//! Every password is tried in [`open`], where wrong ones are counted.

use std::rc::Rc;

use shared::vault::{self, Contents, KdfParams, SALT_LEN, VaultError, VaultKey};

use super::keeper::{Plan, Refusal, World, nonce, refuse_second};
use super::opened::Open;
use super::stored::{Change, Edit, Stored};
use super::tries::Tries;
use crate::wallet::messages::{Failure, Reply};
use crate::wallet::secret::Secret;
use crate::wallet::send::capital;

/// How long stretching a password should take on the device that sealed the vault, in milliseconds.
const UNLOCK_MS: u64 = 500;

pub(super) fn unlock(password: &Secret, stored: &Stored, world: &mut impl World) -> Result<Plan, Refusal> {
    let vault = stored.vault.as_deref().ok_or(Failure::NoWallet)?;
    let (mut contents, key) = open(vault, password, stored, world)?;
    // A vault from an earlier time may cost an attacker less than today's; only here is the password at hand.
    if vault::needs_upgrade(&key.params()) {
        contents.raise_revision();
        // A device may have the memory to open it, and not what a new seal takes.
        if let Ok(plan) = seal(password, &contents, key.params().upgraded(), world) {
            return Ok(plan);
        }
    }
    Ok(Open::new(&contents, Rc::new(key)).plan(right(stored)))
}

pub(super) fn import(file: &str, password: &Secret, stored: &Stored, world: &mut impl World) -> Result<Plan, Refusal> {
    refuse_second(stored)?;
    let file = bytes_of(file)?;
    let (mut contents, key) = open(&file, password, stored, world)?;
    let vault = if contents.is_backed_up {
        file
    } else {
        // The file that was just opened is a backup.
        contents.is_backed_up = true;
        contents.raise_revision();
        key.seal(nonce(world)?, &contents)
    };
    Ok(Open::new(&contents, Rc::new(key)).plan(Change::new_key(vault)))
}

/// Opens a backup file for nothing but to see that it opens; `current` is the open wallet.
pub(super) fn check_backup(
    file: &str,
    password: &Secret,
    current: Option<&Open>,
    stored: &Stored,
    world: &mut impl World,
) -> Result<Plan, Refusal> {
    let (contents, _) = open(&bytes_of(file)?, password, stored, world)?;
    match current {
        // Whoever brings a file of their own has not shown to know this wallet's password, so wrong ones still count.
        None => Ok(Plan::reply(Reply::Done)),
        Some(current) if current.is_of(&contents) => Ok(Plan::reply(Reply::Done).storing(right(stored))),
        Some(_) => Err(Failure::OtherWallet.into()),
    }
}

pub(super) fn change_password(
    old: &Secret,
    new: &Secret,
    stored: &Stored,
    world: &mut impl World,
) -> Result<Plan, Refusal> {
    let vault = stored.vault.as_deref().ok_or(Failure::NoWallet)?;
    let (mut contents, key) = open(vault, old, stored, world)?;
    contents.raise_revision();
    Ok(seal(new, &contents, key.params().upgraded(), world)?)
}

/// Opens a vault with a password, unless there were too many wrong ones a moment ago.
fn open(
    vault: &[u8],
    password: &Secret,
    stored: &Stored,
    world: &mut impl World,
) -> Result<(Contents, VaultKey), Refusal> {
    let tries = Tries::read(stored.tries.as_deref());
    let refused = |failure, tries: Option<Tries>| Refusal {
        failure,
        change: Change {
            tries: tries.map_or(Edit::Keep, |tries| Edit::Put(tries.to_record())),
            ..Change::default()
        },
    };
    let now_ms = world.now_ms();
    let wait_ms = tries.wait_ms(now_ms);
    if wait_ms > 0 {
        let seconds = wait_ms.div_ceil(1_000);
        return Err(refused(Failure::TooSoon { seconds }, tries.set_back(now_ms)));
    }
    vault::unlock(vault, password.expose()).map_err(|error| match error {
        VaultError::WrongPassword => refused(Failure::WrongPassword, Some(tries.and_one(world.now_ms()))),
        error => failure(error).into(),
    })
}

/// A right password ends the count.
fn right(stored: &Stored) -> Change {
    Change {
        tries: stored.tries.as_ref().map_or(Edit::Keep, |_| Edit::Remove),
        ..Change::default()
    }
}

/// Encrypts under a fresh salt and nonce, with at least the cost `least`: as many passes as take about half a second here.
pub(super) fn seal(
    password: &Secret,
    contents: &Contents,
    least: KdfParams,
    world: &mut impl World,
) -> Result<Plan, Failure> {
    let begun = world.now_ms();
    let mut key = derive(password, least, world)?;
    let took_ms = world.now_ms().saturating_sub(begun);
    let params = least.slowed(took_ms, UNLOCK_MS);
    if params != least {
        key = derive(password, params, world)?;
    }
    let vault = key.seal(nonce(world)?, contents);
    Ok(Open::new(contents, Rc::new(key)).plan(Change::new_key(vault)))
}

fn derive(password: &Secret, params: KdfParams, world: &mut impl World) -> Result<VaultKey, Failure> {
    let mut salt = [0; SALT_LEN];
    world.random(&mut salt)?;
    VaultKey::derive(password.expose(), params, salt).map_err(failure)
}

fn bytes_of(file: &str) -> Result<Vec<u8>, Failure> {
    hex::decode(file).map_err(|_| failure(VaultError::NotAVault))
}

pub(super) fn failure(error: VaultError) -> Failure {
    match error {
        VaultError::WrongPassword => Failure::WrongPassword,
        error => {
            let mut said = capital(&error.to_string());
            said.push('.');
            Failure::Vault { said }
        }
    }
}
