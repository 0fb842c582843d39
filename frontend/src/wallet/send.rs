//! The form for a transfer: texts as they are typed, read on demand, with each fault beside its field.

use shared::address::{self, Prefix};
use shared::amount::Amount;
use shared::key::PublicKey;
use shared::transaction::{Memo, Transfer};

use super::link::{self, Here};
use super::validity::{self, Until};

/// What is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// An address.
    pub recipient: String,
    /// In coins.
    pub amount: String,
    /// In coins.
    pub fee: String,
    /// At most 64 bytes.
    pub memo: String,
    /// Until when it may be mined.
    pub until: Until,
    /// The number of a pending transfer that this one is to replace; none for the next.
    pub nonce: Option<u64>,
}

/// What is wrong, field by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// With the recipient.
    pub recipient: Option<String>,
    /// With the amount.
    pub amount: Option<String>,
    /// With the fee.
    pub fee: Option<String>,
    /// With the memo.
    pub memo: Option<String>,
    /// With the height until which it may be mined.
    pub until: Option<String>,
}

impl Faults {
    /// Drops what is no longer so once another thing stands in the field with this id. What an amount may be depends on
    /// the fee.
    pub fn clear(&mut self, field: &str) {
        match field {
            "amount" => self.amount = None,
            "fee" => (self.fee, self.amount) = (None, None),
            "memo" => self.memo = None,
            "until" | "until-height" => self.until = None,
            _ => {}
        }
    }
}

/// What the wallet knows of the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The key.
    pub key: PublicKey,
    /// What can be spent: the balance without what pending transfers take, but for the one that is to be replaced.
    pub spendable: Amount,
    /// The nonce that the next transfer takes.
    pub next_nonce: u64,
    /// What coins are called.
    pub symbol: String,
    /// The height of the newest block.
    pub tip: u64,
}

/// Reads an address of this network that can receive, or a link that says no more. See [`read_payee`].
///
/// # Errors
/// What is wrong, and what to do.
pub fn read_recipient(text: &str, prefix: &Prefix) -> Result<PublicKey, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("Whom do you pay? Paste the address that they show you.".to_owned());
    }
    let asked = if link::is_link(text) {
        link::address(text)?
    } else {
        text.to_owned()
    };
    address::decode_checked(prefix, &asked)
        .map_err(|error| format!("{}. Ask for the address again.", capital(&error.to_string())))
}

/// Reads an address of this network that can receive, or the address of a link or request that holds here and now. Names
/// of contacts are not known here.
///
/// # Errors
/// What is wrong, and what to do.
pub fn read_payee(text: &str, here: &Here<'_>) -> Result<PublicKey, String> {
    if link::is_link(text) {
        link::read(text, here).map(|asked| asked.key)
    } else if !text.trim().is_empty() && !text.contains('1') {
        Err("No contact has this name, and it is not an address.".to_owned())
    } else {
        read_recipient(text, here.prefix)
    }
}

/// Reads an amount in coins.
///
/// # Errors
/// What is wrong.
pub fn read_amount(text: &str) -> Result<Amount, String> {
    Amount::from_coins(text.trim()).map_err(|error| format!("{}.", capital(&error.to_string())))
}

/// What is wrong with a memo, if anything.
#[must_use]
pub fn memo_fault(text: &str) -> Option<String> {
    let error = Memo::new(text).err()?;
    Some(format!("{}.", capital(&error.to_string())))
}

/// The bytes of a memo.
#[must_use]
pub fn memo_len(text: &str) -> usize {
    text.len()
}

/// What is said of a fee that is more than what it carries: nobody means that, but a node may suggest it.
pub const FEE_WARNING: &str = "The fee is more than the amount. Is that what you want?";

/// The warning, when both texts are amounts and it applies.
#[must_use]
pub fn fee_warning(amount: &str, fee: &str) -> Option<&'static str> {
    let (amount, fee) = (read_amount(amount).ok()?, read_amount(fee).ok()?);
    (amount != Amount::ZERO && fee > amount).then_some(FEE_WARNING)
}

/// What remains to send when the fee is paid: the amount of "All".
#[must_use]
pub fn all(spendable: Amount, fee: &str) -> Option<Amount> {
    let fee = if fee.trim().is_empty() {
        Amount::ZERO
    } else {
        read_amount(fee).ok()?
    };
    spendable.checked_sub(fee).filter(|amount| *amount != Amount::ZERO)
}

/// Makes the transfer that the form describes.
///
/// # Errors
/// All [`Faults`] at once.
pub fn read(form: &Form, sender: &Sender, here: &Here<'_>) -> Result<Transfer, Box<Faults>> {
    let recipient = read_payee(&form.recipient, here);
    let amount = read_amount(&form.amount).and_then(|amount| match amount {
        Amount::ZERO => Err("The amount is zero. Send at least 0.00000001.".to_owned()),
        amount => Ok(amount),
    });
    let fee = read_amount(&form.fee);
    let memo = Memo::new(&form.memo).map_err(|error| format!("{}.", capital(&error.to_string())));
    let until = validity::read(&form.until, sender.tip);
    let cover = match (&amount, &fee) {
        (Ok(amount), Ok(fee)) => cover(*amount, *fee, sender),
        _ => None,
    };
    match (recipient, amount, fee, memo, until, cover) {
        (Ok(recipient), Ok(amount), Ok(fee), Ok(memo), Ok(valid_until), None) => Ok(Transfer {
            sender: sender.key,
            recipient,
            amount,
            fee,
            nonce: form.nonce.unwrap_or(sender.next_nonce),
            valid_until,
            memo,
        }),
        (recipient, amount, fee, memo, until, cover) => Err(Box::new(Faults {
            recipient: recipient.err(),
            amount: amount.err().or(cover),
            fee: fee.err(),
            memo: memo.err(),
            until: until.err(),
        })),
    }
}

/// Says so when amount and fee are more than can be spent.
fn cover(amount: Amount, fee: Amount, sender: &Sender) -> Option<String> {
    let Sender { spendable, symbol, .. } = sender;
    if amount.checked_add(fee).is_some_and(|total| total <= *spendable) {
        return None;
    }
    Some(match spendable.checked_sub(fee) {
        Some(Amount::ZERO) | None => format!("You have {spendable} {symbol} to spend, and the fee takes all of it."),
        Some(most) => format!("That is more than you have. With this fee you can send up to {most} {symbol}."),
    })
}

/// A sentence with a capital letter at its front.
#[must_use]
pub fn capital(sentence: &str) -> String {
    let mut sentence = sentence.to_owned();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::hash::Hash;
    use shared::key::SecretKey;
    use shared::message::sign_message;

    fn prefix() -> Prefix {
        "dev".parse().unwrap()
    }

    fn sender() -> Sender {
        Sender {
            key: SecretKey::from_bytes(&[1; 32]).public_key(),
            spendable: Amount::from_units(500_000_000),
            next_nonce: 4,
            symbol: "DEV".into(),
            tip: 70,
        }
    }

    const GENESIS: Hash = Hash([5; 32]);

    fn read_here(form: &Form) -> Result<Transfer, Box<Faults>> {
        let prefix = prefix();
        let here = Here {
            prefix: &prefix,
            genesis: &GENESIS,
            now_seconds: 1000,
        };
        read(form, &sender(), &here)
    }

    fn form() -> Form {
        Form {
            recipient: address::encode(&prefix(), &SecretKey::from_bytes(&[2; 32]).public_key()),
            amount: "1.5".into(),
            fee: "0.001".into(),
            memo: "tea".into(),
            ..Form::default()
        }
    }

    fn faults(change: impl FnOnce(&mut Form)) -> Faults {
        let mut form = form();
        change(&mut form);
        *read_here(&form).unwrap_err()
    }

    #[test]
    fn a_good_form_is_a_transfer() {
        let transfer = read_here(&form()).unwrap();
        assert_eq!(transfer.amount.units(), 150_000_000);
        assert_eq!(transfer.fee.units(), 100_000);
        assert_eq!((transfer.nonce, transfer.memo.as_str()), (4, "tea"));
        assert_eq!(transfer.valid_until, 0);
    }

    #[test]
    fn a_form_may_choose_its_end_and_its_number() {
        let replacing = Form {
            until: Until::Blocks(10),
            nonce: Some(3),
            ..form()
        };
        let transfer = read_here(&replacing).unwrap();
        assert_eq!((transfer.valid_until, transfer.nonce), (80, 3));
        let found = faults(|form| form.until = Until::Height("70".into()));
        assert!(found.until.unwrap().contains("already"));
        assert_eq!(
            (found.recipient, found.amount, found.fee, found.memo),
            Default::default()
        );
    }

    #[test]
    fn a_request_that_does_not_hold_pays_nobody() {
        let key = SecretKey::from_bytes(&[2; 32]);
        let request = |genesis: &Hash, expires: u64| {
            let asks = link::Link {
                address: form().recipient,
                amount: None,
                memo: None,
                expires: Some(expires),
            };
            let text = link::write(&asks);
            let signature = sign_message(genesis, &text, &key);
            Form {
                recipient: link::with_signature(text, &signature),
                ..form()
            }
        };
        assert_eq!(read_here(&request(&GENESIS, 1000)).unwrap().recipient, key.public_key());
        let said = |form| read_here(&form).unwrap_err().recipient.unwrap();
        assert!(said(request(&GENESIS, 999)).contains("expired"));
        assert!(said(request(&Hash([6; 32]), 1000)).contains("Do not pay"));
        assert!(read_recipient(&request(&GENESIS, 1000).recipient, &prefix()).is_err());
    }

    #[test]
    fn each_fault_stands_beside_its_field() {
        let all = faults(|form| *form = Form::default());
        assert!(all.recipient.is_some() && all.amount.is_some() && all.fee.is_some() && all.memo.is_none());
        let said = faults(|form| form.amount = "-5".into()).amount.unwrap();
        assert!(said.contains("digits"), "{said}");
        assert!(faults(|form| form.amount = "0".into()).amount.unwrap().contains("zero"));
        assert!(faults(|form| form.amount = "1e3".into()).amount.is_some());
        assert!(
            faults(|form| form.fee = "0.000000001".into())
                .fee
                .unwrap()
                .contains("8 decimals")
        );
        assert!(faults(|form| form.memo = "ü".repeat(33)).memo.unwrap().contains("66"));
    }

    #[test]
    fn the_recipient_is_one_of_this_network() {
        let mistyped = |change: fn(&str) -> String| {
            let text = change(&form().recipient);
            faults(|form| form.recipient = text).recipient.unwrap()
        };
        let swap = |text: &str| {
            let last = if text.ends_with('q') { "p" } else { "q" };
            text[..text.len() - 1].to_owned() + last
        };
        assert!(mistyped(swap).contains("mistyped"));
        assert!(mistyped(|text| text[..text.len() - 1].to_owned() + "b").contains("no 'b'"));
        assert!(mistyped(|text| text[..20].to_owned()).contains("checksum"));
        let class: Prefix = "class".parse().unwrap();
        let other = address::encode(&class, &SecretKey::from_bytes(&[2; 32]).public_key());
        let said = read_recipient(&other, &prefix()).unwrap_err();
        assert!(said.contains("class") && said.contains("dev"), "{said}");
        assert!(read_recipient(&format!(" {} ", form().recipient), &prefix()).is_ok());
        // A payment link counts by its address.
        assert!(read_recipient(&format!("cairn:{}?amount=2", form().recipient), &prefix()).is_ok());
        assert_eq!(read_recipient(&format!("cairn:{other}"), &prefix()), Err(said));
    }

    #[test]
    fn a_name_that_no_contact_has_is_said() {
        let said = |text: &str| {
            let text = text.to_owned();
            faults(|form| form.recipient = text).recipient.unwrap()
        };
        for name in ["Anna", "Zoë the 2nd", "help"] {
            assert!(said(name).starts_with("No contact has this name"), "{name}");
        }
        assert!(said(" ").starts_with("Whom do you pay?"));
        assert!(said("dev1").starts_with("This is not an address: an address is a prefix"));
    }

    #[test]
    fn another_thing_in_a_field_drops_its_fault() {
        let found = || {
            faults(|form| {
                *form = Form {
                    memo: "ü".repeat(33),
                    ..Form::default()
                }
            })
        };
        for (field, left) in [
            ("amount", [false, true, true]),
            ("fee", [false, false, true]),
            ("memo", [true, true, false]),
            ("recipient", [true, true, true]),
        ] {
            let mut faults = found();
            faults.clear(field);
            let kept = [&faults.amount, &faults.fee, &faults.memo].map(Option::is_some);
            assert_eq!(kept, left, "{field}");
        }
    }

    #[test]
    fn a_fee_above_the_amount_is_said() {
        assert_eq!(fee_warning("1", "1.00000001"), Some(FEE_WARNING));
        assert_eq!(fee_warning("1", "1"), None);
        assert_eq!(fee_warning("", "1"), None);
        assert_eq!(fee_warning("0", "1"), None);
    }

    #[test]
    fn what_can_be_spent_includes_the_fee() {
        let said = faults(|form| form.amount = "5".into()).amount.unwrap();
        assert!(said.contains("up to 4.999 DEV"), "{said}");
        assert!(
            faults(|form| form.fee = "5".into())
                .amount
                .unwrap()
                .contains("takes all")
        );
        assert_eq!(
            all(Amount::from_units(500_000_000), "0.001").unwrap().units(),
            499_900_000
        );
        assert_eq!(all(Amount::from_units(5), "1"), None);
        assert_eq!(all(Amount::from_units(5), "").unwrap().units(), 5);
    }
}
