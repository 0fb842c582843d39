//! The transfers that this browser signed and that are not settled yet: what became of each, as the node's answers tell.
//!
//! A plain state machine. Transfers of one sender with one number (nonce) are rivals: at most one of them can be mined,
//! so what is known of one says something of the others.

mod file;
mod notice;
#[cfg(test)]
mod tests;

use shared::amount::Amount;
use shared::api::Standing;
use shared::hash::Hash;
use shared::key::PublicKey;
use shared::transaction::{SignedTransfer, Transfer};

use super::lines;
use super::progress::SETTLED;

pub use notice::{Action, Notice};

/// The word in the first line of its file.
pub const KIND: &str = "outbox";

/// A signed transfer on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The transfer: posting the same bytes again can never pay twice.
    pub signed: SignedTransfer,
    /// Its id.
    pub id: Hash,
    /// When it was signed, in milliseconds since 1970.
    pub created_at_ms: u64,
    /// Where it stands.
    pub state: State,
}

/// Where a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Signed, and no node has said that it took it.
    Unanswered,
    /// In the node's mempool.
    Pending,
    /// A rival is in the node's mempool in its place.
    Outbid {
        /// The rival.
        by: Hash,
    },
    /// In a block.
    Mined {
        /// The height of the block.
        height: u64,
    },
    /// It was in a block, which a reorganisation took back.
    Undone {
        /// Whether the node has it in its mempool again.
        waits: bool,
    },
    /// It ended: the height until which it was valid has passed.
    Expired,
    /// It ended: a rival was mined.
    Replaced {
        /// What the rival is to it.
        how: Rival,
        /// The rival, if it is known.
        by: Option<Hash>,
    },
    /// It ended: the node let it go while it is still valid.
    Dropped,
}

/// What the rival that was mined is to a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rival {
    /// The same payment with a higher fee.
    SpeedUp,
    /// A payment to the sender, which stops the transfer.
    Cancellation,
    /// The transfer that this one was to speed up or to stop.
    Original,
    /// Another transfer that this browser signed.
    Own,
    /// A transfer that this browser does not know.
    Unknown,
}

impl Rival {
    /// What `mined` is to `other`, which has the same sender and nonce.
    fn of(mined: &Transfer, other: &Transfer) -> Self {
        let same = (mined.recipient, mined.amount, &mined.memo) == (other.recipient, other.amount, &other.memo);
        match (same, mined.sender == mined.recipient, other.sender == other.recipient) {
            (true, ..) if mined.fee > other.fee => Self::SpeedUp,
            (true, ..) | (false, false, true) => Self::Original,
            (false, true, false) => Self::Cancellation,
            (false, ..) => Self::Own,
        }
    }
}

/// What the node says of a transfer. Only an answer that holds may be told, and the sender's account is asked for before
/// the transfer is: otherwise one that is mined between the two answers would seem to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facts {
    /// It is in the mempool, or the node has just taken it.
    Pending,
    /// It is in a block.
    Mined {
        /// The height of the block.
        height: u64,
        /// How many blocks there are from it to the tip, both counted.
        confirmations: u64,
    },
    /// The node does not know it.
    Absent {
        /// The nonce of the sender's next transfer to be mined.
        next_nonce: u64,
        /// The height at which this holds.
        tip: u64,
        /// The mined transfer that has the nonce, if it is known.
        holder: Option<Hash>,
    },
}

impl From<&Standing> for Facts {
    fn from(standing: &Standing) -> Self {
        match standing {
            Standing::Pending { .. } => Self::Pending,
            Standing::Mined {
                header, confirmations, ..
            } => Self::Mined {
                height: header.height,
                confirmations: *confirmations,
            },
        }
    }
}

/// What happened to a transfer that people want to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The node has it.
    Received,
    /// It is in a block.
    Mined,
    /// It is in another block than before, or in one again.
    MinedAgain,
    /// It is settled, and has left the outbox.
    Settled,
    /// A reorganisation took back its block.
    Undone,
    /// It ended without being mined: [`Item::notice`] says how.
    Ended,
}

/// What the other transfers of the same sender and nonce say of one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Rivals {
    /// One that the node has.
    waiting: Option<Hash>,
    /// The one that has the nonce on the chain.
    mined: Option<(Hash, Rival)>,
    /// Whether a later one may be the one that has the nonce, and must be asked about first.
    is_open: bool,
}

impl Item {
    fn new(signed: SignedTransfer, created_at_ms: u64, state: State) -> Self {
        Self {
            id: signed.id(),
            signed,
            created_at_ms,
            state,
        }
    }

    /// Whether it ended. It stays in the outbox until somebody dismisses it.
    #[must_use]
    pub const fn is_ended(&self) -> bool {
        matches!(
            self.state,
            State::Expired | State::Replaced { .. } | State::Dropped | State::Undone { waits: false }
        )
    }

    /// Whether the same bytes may be posted again.
    #[must_use]
    pub const fn can_be_sent_again(&self) -> bool {
        matches!(
            self.state,
            State::Unanswered | State::Dropped | State::Undone { waits: false }
        )
    }

    /// Whether it can be sped up or stopped: by a transfer with the same nonce.
    #[must_use]
    pub const fn is_replaceable(&self) -> bool {
        self.can_be_sent_again() || self.is_waiting()
    }

    /// Whether the node has it in its mempool.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        matches!(self.state, State::Pending | State::Undone { waits: true })
    }

    /// What a replacement may spend beside what is spendable: the node counts what it replaces as gone.
    #[must_use]
    pub fn reserved(&self) -> Amount {
        let total = self.signed.transfer.total().filter(|_| self.is_waiting());
        total.unwrap_or_default()
    }

    /// Moves the state as the node's answer says, and gives what is to be told.
    fn observe(&mut self, facts: &Facts, rivals: &Rivals) -> Option<Told> {
        let before = self.state;
        if let Facts::Mined { confirmations, .. } = *facts
            && confirmations >= SETTLED
        {
            return Some(Told::Settled);
        }
        self.state = self.after(facts, rivals)?;
        let now = self.state;
        let was_mined = matches!(before, State::Mined { .. });
        match now {
            _ if now == before => None,
            State::Mined { .. } if was_mined || matches!(before, State::Undone { .. }) => Some(Told::MinedAgain),
            State::Mined { .. } => Some(Told::Mined),
            State::Undone { .. } | State::Outbid { .. } if was_mined => Some(Told::Undone),
            State::Pending | State::Undone { waits: true } => Some(Told::Received),
            State::Unanswered | State::Outbid { .. } => None,
            State::Undone { waits: false } | State::Expired | State::Replaced { .. } | State::Dropped => {
                Some(Told::Ended)
            }
        }
    }

    /// The state after an answer; none when it says nothing that counts.
    fn after(&self, facts: &Facts, rivals: &Rivals) -> Option<State> {
        let Transfer { nonce, valid_until, .. } = self.signed.transfer;
        match *facts {
            Facts::Mined { height, .. } => Some(State::Mined { height }),
            Facts::Pending => Some(match self.state {
                State::Mined { .. } | State::Undone { .. } => State::Undone { waits: true },
                _ => State::Pending,
            }),
            // It was mined after all.
            Facts::Absent { holder, .. } if holder == Some(self.id) => None,
            Facts::Absent { tip, .. } if matches!(self.state, State::Mined { height } if tip < height) => {
                // This node has not come so far yet.
                None
            }
            Facts::Absent { next_nonce, holder, .. } if next_nonce > nonce => self.replaced(holder, rivals),
            Facts::Absent { tip, .. } if valid_until != 0 && tip >= valid_until => Some(State::Expired),
            Facts::Absent { .. } => Some(match (rivals.waiting, self.state) {
                (Some(by), _) => State::Outbid { by },
                (None, State::Unanswered) => State::Unanswered,
                (None, State::Mined { .. } | State::Undone { .. }) => State::Undone { waits: false },
                (None, _) => State::Dropped,
            }),
        }
    }

    /// The state when the nonce is used up by another transfer.
    fn replaced(&self, holder: Option<Hash>, rivals: &Rivals) -> Option<State> {
        match (self.state, rivals.mined) {
            // Nothing was paid and nothing will be: the rival came later.
            (State::Expired, _) => None,
            (_, Some((by, how))) => Some(State::Replaced { how, by: Some(by) }),
            // What was known of the rival when it was here is more than that somebody has the nonce.
            (State::Replaced { by, .. }, None) if holder.is_none() || holder == by => None,
            _ if holder.is_none() && rivals.is_open => None,
            _ => Some(State::Replaced {
                how: Rival::Unknown,
                by: holder,
            }),
        }
    }
}

/// The transfers on their way on one chain, in the order in which they were signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbox {
    genesis: Hash,
    items: Vec<Item>,
}

impl Outbox {
    /// An empty one for the chain with this genesis block.
    #[must_use]
    pub const fn new(genesis: Hash) -> Self {
        Self {
            genesis,
            items: Vec::new(),
        }
    }

    /// All transfers, in the order in which they were signed. In this order the node is asked about them; about those
    /// that ended only when the page is opened or after a reorganisation.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The number of the sender's next transfer, as far as this browser can know: of the account, of which so many were
    /// mined, and of the transfers of it that are on their way from here.
    #[must_use]
    pub fn next_nonce(&self, sender: &PublicKey, mined: u64) -> u64 {
        let transfers = self.items.iter().filter(|item| !item.is_ended());
        let own = transfers
            .map(|item| &item.signed.transfer)
            .filter(|transfer| transfer.sender == *sender);
        own.map(|transfer| transfer.nonce.saturating_add(1))
            .fold(mined, u64::max)
    }

    /// A transfer.
    #[must_use]
    pub fn get(&self, id: &Hash) -> Option<&Item> {
        self.items.iter().find(|item| item.id == *id)
    }

    /// Adds a transfer that was just signed, before it is posted.
    ///
    /// # Errors
    /// A sentence when the outbox is full of transfers that have not ended. The transfer can be posted all the same.
    pub fn add(&mut self, signed: SignedTransfer, now_ms: u64) -> Result<(), String> {
        let item = Item::new(signed, now_ms, State::Unanswered);
        if self.get(&item.id).is_some() {
            return Ok(());
        }
        if self.items.len() >= lines::MAX_RECORDS {
            let Some(oldest) = self.items.iter().position(Item::is_ended) else {
                return Err(format!(
                    "{} transfers are on their way, the most that are followed. Wait until some are mined.",
                    lines::MAX_RECORDS
                ));
            };
            self.items.remove(oldest);
        }
        self.items.push(item);
        Ok(())
    }

    /// The node refused a transfer that it never said it took. Handed over for the first time (`is_new`), it is forgotten.
    /// One that got no answer before may have gone further than its answer: it stays, as one that this node let go, so that
    /// nobody is told of a stranger's transfer when it is mined.
    pub fn refuse(&mut self, id: &Hash, is_new: bool) {
        let refused = self.items.iter().position(|item| item.id == *id);
        match refused.filter(|place| self.items[*place].state == State::Unanswered) {
            Some(place) if is_new => drop(self.items.remove(place)),
            Some(place) => self.items[place].state = State::Dropped,
            None => {}
        }
    }

    /// Forgets a transfer that ended and was read about. Says whether it was there.
    pub fn dismiss(&mut self, id: &Hash) -> bool {
        let count = self.items.len();
        self.items.retain(|item| item.id != *id);
        self.items.len() < count
    }

    /// Takes in what the node says of a transfer, and gives what is to be told. One that is settled leaves.
    pub fn observe(&mut self, id: &Hash, facts: &Facts) -> Option<Told> {
        let place = self.items.iter().position(|item| item.id == *id)?;
        let rivals = self.rivals(place, facts);
        let told = self.items[place].observe(facts, &rivals);
        self.spread(place, facts);
        if told == Some(Told::Settled) {
            self.items.remove(place);
        }
        told
    }

    /// What the rivals of the transfer at `place` say of it.
    fn rivals(&self, place: usize, facts: &Facts) -> Rivals {
        let Facts::Absent { holder, .. } = *facts else {
            return Rivals::default();
        };
        let mut rivals = Rivals::default();
        for (at, rival) in self.items.iter().enumerate() {
            if !self.are_rivals(at, place) {
                continue;
            }
            let is_mined = matches!(rival.state, State::Mined { .. });
            if holder == Some(rival.id) || (holder.is_none() && is_mined) {
                let how = Rival::of(&rival.signed.transfer, &self.items[place].signed.transfer);
                rivals.mined = Some((rival.id, how));
            }
            if rival.is_waiting() {
                rivals.waiting = Some(rival.id);
            }
            // Only later ones, or two could wait for each other for ever.
            rivals.is_open |= at > place && (rival.is_waiting() || rival.state == State::Unanswered);
        }
        rivals
    }

    /// Lets the rivals know: one mempool holds one of them, and one chain has one of them.
    fn spread(&mut self, place: usize, facts: &Facts) {
        let by = self.items[place].id;
        for at in 0..self.items.len() {
            if !self.are_rivals(at, place) {
                continue;
            }
            let how = Rival::of(&self.items[place].signed.transfer, &self.items[at].signed.transfer);
            let rival = &mut self.items[at];
            match (facts, rival.state) {
                (_, State::Expired) | (Facts::Absent { .. }, _) => {}
                (Facts::Mined { confirmations, .. }, _) if *confirmations >= SETTLED => {
                    rival.state = State::Replaced { how, by: Some(by) };
                }
                // What is said of one that was mined is left to the answer about it.
                (_, State::Mined { .. }) => {}
                (Facts::Mined { .. }, _) => rival.state = State::Replaced { how, by: Some(by) },
                (Facts::Pending, _) => rival.state = State::Outbid { by },
            }
        }
    }

    fn are_rivals(&self, one: usize, other: usize) -> bool {
        let key = |place: usize| {
            let Transfer { sender, nonce, .. } = self.items[place].signed.transfer;
            (sender, nonce)
        };
        one != other && key(one) == key(other)
    }
}
