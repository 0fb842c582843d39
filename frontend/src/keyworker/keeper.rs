//! The state machine that keeps the keys. It is given what is stored, randomness and time, and says what to store.
//!
//! A change takes hold only after the bytes it needs are stored: [`Keeper::plan`] proposes it, [`Keeper::apply`] makes it.

use shared::hash::Hash;
use shared::phrase::{Passphrase, Phrase};
use shared::vault::{AccountName, Contents, KdfParams, NONCE_LEN};
use zeroize::Zeroizing;

use super::opened::Open;
use super::stored::{Change, Edit, Stored};
use super::{passkey, unlocking};
use crate::wallet::messages::{Failure, Reply, Request, Standing};
use crate::wallet::secret::Secret;

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
    pub(super) fn reply(reply: Reply) -> Self {
        Self {
            change: Change::default(),
            reply,
            next: None,
        }
    }

    pub(super) fn storing(self, change: Change) -> Self {
        Self { change, ..self }
    }

    pub(super) fn to(self, next: State) -> Self {
        Self {
            next: Some(next),
            ..self
        }
    }
}

/// A step that is not taken.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why not.
    pub failure: Failure,
    /// What to store even so: that a password was wrong.
    pub change: Change,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            change: Change::default(),
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
pub(super) enum State {
    /// Nothing secret is in memory.
    Closed,
    /// A phrase that is not saved yet.
    Draft(Draft),
    /// The vault is open.
    Open(Box<Open>),
}

#[derive(Debug, Clone)]
pub(super) struct Draft {
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
    /// A [`Refusal`]; then nothing changes but what it says.
    pub fn plan(&self, request: Request, stored: &Stored, world: &mut impl World) -> Result<Plan, Refusal> {
        Ok(match request {
            Request::Status => Plan::reply(Reply::Status(self.standing(stored))),
            Request::Create { words } => create(words, stored, world)?,
            Request::Ask => self.ask(world)?,
            Request::Confirm { answers } => self.confirm(&answers)?,
            Request::Restore { phrase } => restore(&phrase, stored)?,
            Request::Save { password, passphrase } => self.save(&password, &passphrase, stored, world)?,
            Request::Discard | Request::Lock => Plan::reply(Reply::Done).to(State::Closed),
            Request::Unlock { password } => unlocking::unlock(&password, stored, world)?,
            Request::Keys { from, count } => self.open()?.keys(from, count, stored)?,
            Request::AddAccounts { accounts } => self.open()?.add(&accounts, stored, world)?,
            Request::RenameAccount { index, name } => self.open()?.rename(index, &name, stored, world)?,
            Request::HideAccount { index } => self.open()?.hide(index, stored, world)?,
            Request::Sign { transfer } => self.open()?.sign(&transfer, &self.genesis)?,
            Request::SignMessage { index, message } => self.open()?.sign_message(index, &message, &self.genesis)?,
            Request::Export => Plan::reply(Reply::File {
                file: hex::encode(stored.vault.as_ref().ok_or(Failure::NoWallet)?),
            }),
            Request::Import { file, password } => unlocking::import(&file, &password, stored, world)?,
            Request::CheckBackup { file, password } => {
                unlocking::check_backup(&file, &password, self.open().ok(), stored, world)?
            }
            Request::ChangePassword { old, new } => unlocking::change_password(&old, &new, stored, world)?,
            Request::Remove => remove(stored)?,
            Request::Passkey => passkey::tell(stored),
            Request::AddPasskey { passkey, secret } => {
                let open = self.open()?;
                // The key that is wrapped must be that of the vault as it is now.
                open.contents(stored)?;
                passkey::add(open.key(), passkey, &secret, world)?
            }
            Request::UnlockByPasskey { secret } => passkey::unlock(&secret, stored)?,
            Request::RemovePasskey => passkey::remove(),
        })
    }

    /// Takes the step whose bytes were stored.
    pub fn apply(&mut self, plan: Plan) -> Reply {
        if let Some(next) = plan.next {
            self.state = next;
        }
        plan.reply
    }

    fn standing(&self, stored: &Stored) -> Standing {
        match (&self.state, &stored.vault) {
            // Removed in another tab.
            (_, None) => Standing::Absent,
            (State::Open(open), Some(_)) => Standing::Open(open.accounts()),
            (_, Some(_)) => Standing::Locked,
        }
    }

    fn open(&self) -> Result<&Open, Failure> {
        match &self.state {
            State::Open(open) => Ok(open),
            _ => Err(Failure::Locked),
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

    fn save(
        &self,
        password: &Secret,
        passphrase: &Secret,
        stored: &Stored,
        world: &mut impl World,
    ) -> Result<Plan, Failure> {
        let draft = self.draft()?;
        refuse_second(stored)?;
        if draft.progress != Progress::Known {
            return Err(Failure::NotConfirmed);
        }
        let bytes = passphrase.expose().len();
        let passphrase = Passphrase::new(passphrase.expose()).map_err(|_| Failure::Passphrase { bytes })?;
        let name = AccountName::new("Main account").expect("it is short and plain");
        let mut contents = Contents::new(draft.phrase.clone(), passphrase, world.now_ms(), name);
        contents.is_backed_up = true;
        unlocking::seal(password, &contents, KdfParams::DEFAULT, world)
    }
}

/// A nonce for one sealing.
pub(super) fn nonce(world: &mut impl World) -> Result<[u8; NONCE_LEN], Failure> {
    let mut nonce = [0; NONCE_LEN];
    world.random(&mut nonce)?;
    Ok(nonce)
}

pub(super) fn refuse_second(stored: &Stored) -> Result<(), Failure> {
    stored.vault.as_ref().map_or(Ok(()), |_| Err(Failure::WalletExists))
}

fn create(words: usize, stored: &Stored, world: &mut impl World) -> Result<Plan, Failure> {
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

fn restore(phrase: &Secret, stored: &Stored) -> Result<Plan, Failure> {
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

fn remove(stored: &Stored) -> Result<Plan, Failure> {
    stored.vault.as_ref().ok_or(Failure::NoWallet)?;
    let change = Change {
        vault: Edit::Remove,
        tries: Edit::Remove,
        passkey: Edit::Remove,
    };
    Ok(Plan::reply(Reply::Done).storing(change).to(State::Closed))
}
