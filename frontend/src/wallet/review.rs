//! What a person confirms: decoded from the very bytes that will be signed, and nothing else.

use shared::address::{self, Prefix};
use shared::amount::Amount;
use shared::codec::{Decode, Encode};
use shared::hash::Hash;
use shared::transaction::{SignedTransfer, Transfer};

use super::simulate::Outcome;

/// What a transfer is for: not in its bytes, but why they were made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// To pay.
    #[default]
    Pay,
    /// To have a pending transfer mined sooner: the same once more, with a higher fee.
    SpeedUp,
    /// To take a pending transfer back: another with its number, to oneself.
    Cancel,
}

impl Purpose {
    /// The heading of the review.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Pay => "Review",
            Self::SpeedUp => "Speed up",
            Self::Cancel => "Cancel transfer",
        }
    }

    /// What is said above the figures of a replacement.
    #[must_use]
    pub const fn sentence(self) -> Option<&'static str> {
        match self {
            Self::Pay => None,
            Self::SpeedUp => Some(
                "This takes the place of your pending transfer and pays the miner more. Only one of the two is ever mined.",
            ),
            Self::Cancel => Some(
                "This takes the place of your pending transfer and pays yourself. If the pending one is mined first, it \
                 stays paid.",
            ),
        }
    }
}

/// A transfer's bytes and what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The canonical bytes.
    pub bytes: Vec<u8>,
    /// Who pays, as an address.
    pub sender: String,
    /// Who is paid, as an address.
    pub recipient: String,
    /// What the recipient gets.
    pub amount: Amount,
    /// What the miner gets.
    pub fee: Amount,
    /// Both together.
    pub total: Amount,
    /// What can be spent afterwards.
    pub left: Amount,
    /// The memo.
    pub memo: String,
    /// The number of the sender's transfer.
    pub nonce: u64,
    /// The last height at which it may be mined; 0 for no limit.
    pub valid_until: u64,
    /// What is signed: the hash of chain and bytes.
    pub signing_hash: Hash,
    /// Whether the sender pays themselves.
    pub is_to_self: bool,
    /// What it is for.
    pub purpose: Purpose,
    /// What would become of both balances, where it was simulated.
    pub outcome: Option<Outcome>,
}

/// A field of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its bytes in hex.
    pub hex: String,
}

impl Review {
    /// Reads bytes for the chain with this genesis block, when `spendable` is what can be spent.
    #[must_use]
    pub fn of(bytes: Vec<u8>, genesis: &Hash, prefix: &Prefix, spendable: Amount) -> Option<Self> {
        let transfer = Transfer::from_bytes(&bytes).ok()?;
        let total = transfer.total()?;
        Some(Self {
            sender: address::encode(prefix, &transfer.sender),
            recipient: address::encode(prefix, &transfer.recipient),
            amount: transfer.amount,
            fee: transfer.fee,
            total,
            left: if transfer.sender == transfer.recipient {
                spendable.checked_sub(transfer.fee)?
            } else {
                spendable.checked_sub(total)?
            },
            memo: transfer.memo.as_str().to_owned(),
            nonce: transfer.nonce,
            valid_until: transfer.valid_until,
            signing_hash: transfer.signing_hash(genesis),
            is_to_self: transfer.sender == transfer.recipient,
            bytes,
            purpose: Purpose::Pay,
            outcome: None,
        })
    }

    /// Reviews a transfer that is made already, such as a replacement: by its bytes, as [`Review::of`] does. `spendable`
    /// then counts in what the replaced one takes. One that is to cancel and pays somebody else is not reviewed.
    #[must_use]
    pub fn of_transfer(
        transfer: &Transfer,
        purpose: Purpose,
        genesis: &Hash,
        prefix: &Prefix,
        spendable: Amount,
    ) -> Option<Self> {
        let review = Self::of(transfer.to_bytes(), genesis, prefix, spendable)?;
        let is_honest = purpose != Purpose::Cancel || review.is_to_self;
        is_honest.then_some(Self { purpose, ..review })
    }

    /// The same with what [`super::simulate`] found.
    #[must_use]
    pub fn with_outcome(self, outcome: Outcome) -> Self {
        Self {
            left: outcome.sender.after,
            outcome: Some(outcome),
            ..self
        }
    }

    /// The recipient's balance afterwards; none when it is not known, or they are the sender.
    #[must_use]
    pub fn recipient_after(&self) -> Option<Amount> {
        Some(self.outcome?.recipient?.after)
    }

    /// The bytes in hex, as the key worker takes them.
    #[must_use]
    pub fn hex(&self) -> String {
        hex::encode(&self.bytes)
    }

    /// The bytes, field by field.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        const FIXED: [(&str, usize); 7] = [
            ("sender", 32),
            ("recipient", 32),
            ("amount", 8),
            ("fee", 8),
            ("nonce", 8),
            ("valid_until", 8),
            ("memo length", 1),
        ];
        let mut rest = self.bytes.as_slice();
        let mut fields = Vec::with_capacity(FIXED.len() + 1);
        for (name, len) in FIXED {
            let (field, after) = rest.split_at(len.min(rest.len()));
            fields.push(Field {
                name,
                hex: hex::encode(field),
            });
            rest = after;
        }
        if !rest.is_empty() {
            fields.push(Field {
                name: "memo",
                hex: hex::encode(rest),
            });
        }
        fields
    }

    /// Reads what the key worker signed, and accepts it only if it is these bytes with a signature that holds, for the chain
    /// that was reviewed.
    #[must_use]
    pub fn accept(&self, signed: &str, genesis: &Hash) -> Option<SignedTransfer> {
        let signed = SignedTransfer::from_bytes(&hex::decode(signed).ok()?).ok()?;
        let is_reviewed =
            signed.transfer.to_bytes() == self.bytes && signed.transfer.signing_hash(genesis) == self.signing_hash;
        (is_reviewed && signed.clone().verify(genesis).is_ok()).then_some(signed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wallet::simulate::simulate;
    use shared::key::SecretKey;
    use shared::state::Account;
    use shared::transaction::Memo;

    const GENESIS: Hash = Hash([5; 32]);

    fn transfer() -> Transfer {
        Transfer {
            sender: SecretKey::from_bytes(&[1; 32]).public_key(),
            recipient: SecretKey::from_bytes(&[2; 32]).public_key(),
            amount: Amount::from_units(150),
            fee: Amount::from_units(7),
            nonce: 3,
            valid_until: 0,
            memo: Memo::new("tea").unwrap(),
        }
    }

    fn review(transfer: &Transfer) -> Option<Review> {
        let prefix = "dev".parse().unwrap();
        Review::of(transfer.to_bytes(), &GENESIS, &prefix, Amount::from_units(200))
    }

    #[test]
    fn the_bytes_say_everything() {
        let review = review(&transfer()).unwrap();
        assert_eq!((review.total.units(), review.left.units()), (157, 43));
        assert_eq!(review.memo, "tea");
        assert_eq!(review.signing_hash, transfer().signing_hash(&GENESIS));
        assert!(review.sender.starts_with("dev1") && review.sender != review.recipient);
        let fields = review.fields();
        assert_eq!(
            fields.iter().map(|field| field.hex.as_str()).collect::<String>(),
            review.hex()
        );
        assert_eq!((fields[2].name, fields[2].hex.as_str()), ("amount", "9600000000000000"));
        assert_eq!(fields[7].hex, hex::encode("tea"));
    }

    #[test]
    fn a_transfer_to_oneself_costs_the_fee_alone() {
        let mut own = transfer();
        own.recipient = own.sender;
        let review = review(&own).unwrap();
        assert!(review.is_to_self);
        assert_eq!(review.left.units(), 193);
    }

    #[test]
    fn a_simulation_tells_both_balances() {
        let account = Account {
            balance: Amount::from_units(200),
            nonce: 3,
        };
        let outcome = simulate(&transfer(), 9, account, Some(Account::EMPTY), None).unwrap();
        let plain = review(&transfer()).unwrap();
        assert_eq!((plain.outcome, plain.recipient_after()), (None, None));
        let shown = plain.clone().with_outcome(outcome);
        assert_eq!(shown.left, plain.left, "both ways of reckoning agree");
        assert_eq!(shown.recipient_after(), Some(Amount::from_units(150)));
    }

    #[test]
    fn a_replacement_says_what_it_is_for() {
        let prefix = "dev".parse().unwrap();
        let of = |transfer: &Transfer, purpose| {
            Review::of_transfer(transfer, purpose, &GENESIS, &prefix, Amount::from_units(200))
        };
        let faster = of(&transfer(), Purpose::SpeedUp).unwrap();
        assert_eq!(faster.bytes, transfer().to_bytes());
        assert!(faster.purpose.sentence().unwrap().contains("pays the miner more"));
        assert_eq!((Purpose::default().title(), Purpose::Pay.sentence()), ("Review", None));
        assert_eq!(
            of(&transfer(), Purpose::Cancel),
            None,
            "a cancellation pays nobody else"
        );
        let own = Transfer {
            recipient: transfer().sender,
            ..transfer()
        };
        assert_eq!(of(&own, Purpose::Cancel).unwrap().purpose.title(), "Cancel transfer");
    }

    #[test]
    fn what_cannot_be_paid_is_not_reviewed() {
        let mut dear = transfer();
        dear.amount = Amount::from_units(199);
        assert_eq!(review(&dear), None);
        dear.amount = Amount::MAX;
        assert_eq!(review(&dear), None);
        let prefix = "dev".parse().unwrap();
        assert_eq!(Review::of(vec![0; 3], &GENESIS, &prefix, Amount::MAX), None);
    }

    #[test]
    fn only_these_bytes_signed_are_accepted() {
        let key = SecretKey::from_bytes(&[1; 32]);
        let review = review(&transfer()).unwrap();
        let signed = hex::encode(transfer().sign(&GENESIS, &key).to_bytes());
        assert!(review.accept(&signed, &GENESIS).is_some());
        assert!(review.accept(&signed, &Hash([6; 32])).is_none());
        let other = Transfer { nonce: 4, ..transfer() };
        let other = hex::encode(other.sign(&GENESIS, &key).to_bytes());
        assert!(review.accept(&other, &GENESIS).is_none());
        assert!(review.accept("zz", &GENESIS).is_none());
        // Signed as it should be, for a chain that was not reviewed.
        let elsewhere = Hash([6; 32]);
        let signed = hex::encode(transfer().sign(&elsewhere, &key).to_bytes());
        assert!(review.accept(&signed, &elsewhere).is_none());
    }
}
