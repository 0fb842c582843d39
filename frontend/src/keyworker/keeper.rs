//! The state machine that keeps the keys. It is given the stored bytes, randomness and time, and says what to store.
//!
//! A change takes hold only after the bytes it needs are stored: [`Keeper::plan`] proposes it, [`Keeper::apply`] makes it.

use shared::codec::{Decode, Encode};
use shared::hash::Hash;
use shared::key::SecretKey;
use shared::phrase::{Passphrase, Phrase};
use shared::slip10::{ExtendedKey, Path};
use shared::transaction::Transfer;
use shared::vault::{self, AccountName, Contents, KdfParams, SALT_LEN, VaultError, VaultKey};
use zeroize::Zeroizing;

use crate::wallet::messages::{Account, Failure, Reply, Request, Standing};
use crate::wallet::secret::Secret;
use crate::wallet::send::capital;

/// How long stretching a password should take on the device that sealed the vault, in milliseconds.
const UNLOCK_MS: u64 = 500;

/// How many words are asked back.
const ASKED: usize = 3;

/// Random bytes and the time: what only the surroundings have.
pub trait World {
    /// Fills `bytes` from the system's generator.
    ///
    /// # Errors
    /// [`Failure::Randomness`] when there is none.
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), Failure>;

    /// Milliseconds since 1970.
    fn now_ms(&self) -> u64;
}

/// What to do with the stored vault.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// Leave it.
    Keep,
    /// Store these bytes where nothing is stored yet.
    Add(Vec<u8>),
    /// Store these bytes in place of the old ones.
    Replace(Vec<u8>),
    /// Remove it.
    Remove,
}

/// A proposed step.
#[derive(Debug)]
pub struct Plan {
    /// What to store first.
    pub change: Change,
    /// What to answer when that is done.
    pub reply: Reply,
    next: Option<State>,
}

impl Plan {
    const fn reply(reply: Reply) -> Self {
        Self {
            change: Change::Keep,
            reply,
            next: None,
        }
    }

    fn to(self, next: State) -> Self {
        Self {
            next: Some(next),
            ..self
        }
    }
}

/// Keeps the keys of one chain's wallet.
#[derive(Debug)]
pub struct Keeper {
    genesis: Hash,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing secret is in memory.
    Closed,
    /// A phrase that is not saved yet.
    Draft(Draft),
    /// The vault is open.
    Open(Box<Open>),
}

#[derive(Debug, Clone)]
struct Draft {
    phrase: Phrase,
    progress: Progress,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Progress {
    Shown,
    Asked(Vec<usize>),
    /// Confirmed word by word, or typed in by its owner.
    Known,
}

#[derive(Debug)]
struct Open {
    account: Account,
    key: SecretKey,
}

impl Open {
    fn new(contents: &Contents) -> Self {
        let index = contents.accounts().first().map_or(0, |account| account.index);
        let path = Path::account(index).expect("a vault's accounts are below 2^31");
        let seed = contents.phrase().seed(contents.passphrase());
        let key = ExtendedKey::master(seed.as_bytes()).derive(&path).secret_key();
        let account = Account {
            key: key.public_key(),
            path: path.to_string(),
        };
        Self { account, key }
    }
}

impl Keeper {
    /// A keeper for one chain, with nothing open.
    #[must_use]
    pub const fn new(genesis: Hash) -> Self {
        Self {
            genesis,
            state: State::Closed,
        }
    }

    /// The chain's name.
    #[must_use]
    pub const fn genesis(&self) -> Hash {
        self.genesis
    }

    /// What to do for a request, when `stored` is what lies in the database.
    ///
    /// # Errors
    /// Any [`Failure`]; then nothing changes.
    pub fn plan(&self, request: Request, stored: Option<&[u8]>, world: &mut impl World) -> Result<Plan, Failure> {
        match request {
            Request::Status => Ok(Plan::reply(Reply::Status(self.standing(stored)))),
            Request::Create { words } => create(words, stored, world),
            Request::Ask => self.ask(world),
            Request::Confirm { answers } => self.confirm(&answers),
            Request::Restore { phrase } => restore(&phrase, stored),
            Request::Save { password } => self.save(&password, stored, world),
            Request::Discard | Request::Lock => Ok(Plan::reply(Reply::Done).to(State::Closed)),
            Request::Unlock { password } => unlock(&password, stored, world),
            Request::Sign { transfer } => self.sign(&transfer),
            Request::Export => stored.map_or(Err(Failure::NoWallet), |file| {
                Ok(Plan::reply(Reply::File {
                    file: hex::encode(file),
                }))
            }),
            Request::Import { file, password } => import(&file, &password, stored),
            Request::ChangePassword { old, new } => change_password(&old, &new, stored, world),
            Request::Remove => remove(stored),
        }
    }

    /// Takes the step whose bytes were stored.
    pub fn apply(&mut self, plan: Plan) -> Reply {
        if let Some(next) = plan.next {
            self.state = next;
        }
        plan.reply
    }

    fn standing(&self, stored: Option<&[u8]>) -> Standing {
        match (&self.state, stored) {
            // Removed in another tab.
            (_, None) => Standing::Absent,
            (State::Open(open), Some(_)) => Standing::Open(open.account.clone()),
            (_, Some(_)) => Standing::Locked,
        }
    }

    fn draft(&self) -> Result<&Draft, Failure> {
        match &self.state {
            State::Draft(draft) => Ok(draft),
            _ => Err(Failure::NoPhrase),
        }
    }

    fn ask(&self, world: &mut impl World) -> Result<Plan, Failure> {
        let draft = self.draft()?;
        let places = places(draft.phrase.word_count(), world)?;
        let next = Draft {
            progress: Progress::Asked(places.clone()),
            ..draft.clone()
        };
        Ok(Plan::reply(Reply::Places { places }).to(State::Draft(next)))
    }

    fn confirm(&self, answers: &[Secret]) -> Result<Plan, Failure> {
        let draft = self.draft()?;
        let Progress::Asked(places) = &draft.progress else {
            return Err(Failure::NotConfirmed);
        };
        for (index, &place) in places.iter().enumerate() {
            let typed = answers.get(index).map_or("", Secret::expose).trim();
            let is_right = draft
                .phrase
                .words()
                .nth(place - 1)
                .is_some_and(|word| word.eq_ignore_ascii_case(typed));
            if !is_right {
                return Err(Failure::WrongWord { place });
            }
        }
        let next = Draft {
            progress: Progress::Known,
            ..draft.clone()
        };
        Ok(Plan::reply(Reply::Done).to(State::Draft(next)))
    }

    fn save(&self, password: &Secret, stored: Option<&[u8]>, world: &mut impl World) -> Result<Plan, Failure> {
        let draft = self.draft()?;
        refuse_second(stored)?;
        if draft.progress != Progress::Known {
            return Err(Failure::NotConfirmed);
        }
        let name = AccountName::new("Main account").expect("it is short and plain");
        let mut contents = Contents::new(draft.phrase.clone(), Passphrase::default(), world.now_ms(), name);
        contents.is_backed_up = true;
        let bytes = seal(password, &contents, KdfParams::DEFAULT, world)?;
        Ok(open(&contents, Change::Add(bytes)))
    }

    fn sign(&self, transfer: &str) -> Result<Plan, Failure> {
        let State::Open(open) = &self.state else {
            return Err(Failure::Locked);
        };
        let refused = |said: &str| Failure::Transfer { said: said.to_owned() };
        let bytes = hex::decode(transfer).map_err(|_| refused("The transfer is not hex"))?;
        let transfer =
            Transfer::from_bytes(&bytes).map_err(|error| refused(&format!("The transfer’s bytes: {error}")))?;
        if transfer.sender != open.account.key {
            return Err(refused("The transfer’s sender is not this wallet"));
        }
        let signed = transfer.sign(&self.genesis, &open.key);
        Ok(Plan::reply(Reply::Signed {
            transfer: hex::encode(signed.to_bytes()),
        }))
    }
}

fn refuse_second(stored: Option<&[u8]>) -> Result<(), Failure> {
    stored.map_or(Ok(()), |_| Err(Failure::WalletExists))
}

fn create(words: usize, stored: Option<&[u8]>, world: &mut impl World) -> Result<Plan, Failure> {
    refuse_second(stored)?;
    let mut entropy = Zeroizing::new([0; 32]);
    let len = if words == 24 { 32 } else { 16 };
    world.random(&mut entropy[..len])?;
    let phrase = Phrase::from_entropy(&entropy[..len]).map_err(|error| Failure::Phrase {
        said: error.to_string(),
    })?;
    let words = phrase.words().map(Secret::from).collect();
    let draft = Draft {
        phrase,
        progress: Progress::Shown,
    };
    Ok(Plan::reply(Reply::Phrase { words }).to(State::Draft(draft)))
}

/// Different places in order. Which words are asked is no secret, so a small bias does no harm.
fn places(words: usize, world: &mut impl World) -> Result<Vec<usize>, Failure> {
    let mut left: Vec<usize> = (1..=words).collect();
    let mut bytes = [0; ASKED];
    world.random(&mut bytes)?;
    let mut places: Vec<usize> = bytes
        .iter()
        .map(|&byte| left.swap_remove(usize::from(byte) % left.len()))
        .collect();
    places.sort_unstable();
    Ok(places)
}

fn restore(phrase: &Secret, stored: Option<&[u8]>) -> Result<Plan, Failure> {
    refuse_second(stored)?;
    let phrase = Phrase::parse(phrase.expose()).map_err(|error| Failure::Phrase {
        said: format!("{error}."),
    })?;
    let draft = Draft {
        phrase,
        progress: Progress::Known,
    };
    Ok(Plan::reply(Reply::Done).to(State::Draft(draft)))
}

fn unlock(password: &Secret, stored: Option<&[u8]>, world: &mut impl World) -> Result<Plan, Failure> {
    let stored = stored.ok_or(Failure::NoWallet)?;
    let (mut contents, key) = vault::unlock(stored, password.expose()).map_err(failure)?;
    // A vault from an earlier time may cost an attacker less than today's; only here is the password at hand.
    let change = if vault::needs_upgrade(&key.params()) {
        contents.revision += 1;
        Change::Replace(seal(password, &contents, key.params().upgraded(), world)?)
    } else {
        Change::Keep
    };
    Ok(open(&contents, change))
}

fn import(file: &str, password: &Secret, stored: Option<&[u8]>) -> Result<Plan, Failure> {
    refuse_second(stored)?;
    let bytes = hex::decode(file).map_err(|_| failure(VaultError::NotAVault))?;
    let contents = vault::open(&bytes, password.expose()).map_err(failure)?;
    Ok(open(&contents, Change::Add(bytes)))
}

fn change_password(old: &Secret, new: &Secret, stored: Option<&[u8]>, world: &mut impl World) -> Result<Plan, Failure> {
    let stored = stored.ok_or(Failure::NoWallet)?;
    let (mut contents, key) = vault::unlock(stored, old.expose()).map_err(failure)?;
    contents.revision += 1;
    let bytes = seal(new, &contents, key.params().upgraded(), world)?;
    Ok(open(&contents, Change::Replace(bytes)))
}

fn remove(stored: Option<&[u8]>) -> Result<Plan, Failure> {
    stored.ok_or(Failure::NoWallet)?;
    let plan = Plan {
        change: Change::Remove,
        ..Plan::reply(Reply::Done)
    };
    Ok(plan.to(State::Closed))
}

fn open(contents: &Contents, change: Change) -> Plan {
    let open = Open::new(contents);
    let plan = Plan {
        change,
        ..Plan::reply(Reply::Open(open.account.clone()))
    };
    plan.to(State::Open(Box::new(open)))
}

/// Encrypts under a fresh salt and nonce, with at least the cost `least`: as many passes as take about half a second here.
fn seal(password: &Secret, contents: &Contents, least: KdfParams, world: &mut impl World) -> Result<Vec<u8>, Failure> {
    let begun = world.now_ms();
    let mut key = derive(password, least, world)?;
    let took_ms = world.now_ms().saturating_sub(begun);
    let params = least.slowed(took_ms, UNLOCK_MS);
    if params != least {
        key = derive(password, params, world)?;
    }
    let mut nonce = [0; vault::NONCE_LEN];
    world.random(&mut nonce)?;
    Ok(key.seal(nonce, contents))
}

fn derive(password: &Secret, params: KdfParams, world: &mut impl World) -> Result<VaultKey, Failure> {
    let mut salt = [0; SALT_LEN];
    world.random(&mut salt)?;
    VaultKey::derive(password.expose(), params, salt).map_err(failure)
}

fn failure(error: VaultError) -> Failure {
    match error {
        VaultError::WrongPassword => Failure::WrongPassword,
        error => {
            let said = capital(&error.to_string());
            Failure::Vault {
                said: format!("{said}."),
            }
        }
    }
}

#[cfg(test)]
#[path = "keeper_tests.rs"]
mod tests;
