//! What is said of a recipient before they are paid: whose address theirs resembles, and whether they were paid before.

use frontend::view::text::shorten_address;
use frontend::wallet::activity::Kind;
use frontend::wallet::alike;
use leptos::prelude::*;

use super::ledger::Loaded;
use super::session::{Owner, Wallet};
use crate::components::cairn::Cairn;

/// The addresses that this wallet knows, with the names of those that have one.
struct Known {
    named: Vec<(String, String)>,
    own: Vec<String>,
    paid: Vec<String>,
}

impl Known {
    fn of(wallet: Wallet, owner: &Owner) -> Self {
        let ledger = wallet.ledger;
        let mut named: Vec<(String, String)> = Vec::new();
        let mut paid: Vec<String> = Vec::new();
        ledger.shelf.with(|shelf| {
            for contact in shelf.book.contacts() {
                named.push((contact.address.clone(), contact.name.clone()));
            }
            for item in shelf.outbox.items() {
                paid.push(wallet.address_of(&item.signed.transfer.recipient));
            }
        });
        let mut own = Vec::new();
        for account in &owner.accounts {
            let address = wallet.address_of(&account.key);
            named.push((address.clone(), account.name.clone()));
            own.push(address);
        }
        let mut take = |rows: &[frontend::wallet::activity::Row]| {
            let sent = rows.iter().filter(|row| row.kind == Kind::Sent);
            paid.extend(sent.filter_map(|row| row.other.clone()));
        };
        ledger.rows.with(|rows| {
            if let Loaded::Here(rows) = rows {
                take(rows);
            }
        });
        ledger.older.with(|rows| take(rows));
        Self { named, own, paid }
    }

    fn name(&self, address: &str) -> Option<&str> {
        let found = self.named.iter().find(|(known, _)| known == address);
        found.map(|(_, name)| name.as_str())
    }
}

/// What this wallet calls an address: the name of a contact, or of an account of its own.
pub(super) fn name_of(wallet: Wallet, owner: &Owner, address: &str) -> Option<String> {
    let contact = wallet
        .ledger
        .shelf
        .with(|shelf| shelf.book.of(address).map(|contact| contact.name.clone()))
        .flatten();
    contact.or_else(|| {
        let mut accounts = owner.accounts.iter();
        let own = accounts.find(|account| wallet.address_of(&account.key) == address);
        own.map(|account| account.name.clone())
    })
}

/// The warnings about a recipient, if there are any.
pub(super) fn warnings(wallet: Wallet, owner: &Owner, address: &str) -> Option<AnyView> {
    let known = Known::of(wallet, owner);
    let addresses = known.named.iter().map(|(address, _)| address).chain(&known.paid);
    let addresses: Vec<&str> = addresses.map(String::as_str).collect();
    if let Some(other) = alike::look_alike(address, &addresses) {
        let name = known.name(other);
        let sentence = alike::look_alike_sentence(name);
        let whose = name.map_or_else(|| "Paid before".to_owned(), str::to_owned);
        return Some(
            view! {
                <div class="wallet-alike" role="alert">
                    <p>{sentence}</p>
                    {ends("This one".to_owned(), address)}
                    {ends(whose, other)}
                </div>
            }
            .into_any(),
        );
    }
    let paid: Vec<&str> = known.paid.iter().map(String::as_str).collect();
    let is_first = alike::is_first_time(address, &paid) && !known.own.iter().any(|own| own == address);
    is_first.then(|| {
        view! {
            <p class="wallet-notice" role="status">
                "Your first payment to this address, as far as this page knows. Compare it with what the recipient shows you."
            </p>
        }
        .into_any()
    })
}

/// An address by its ends, with its cairn: those two look alike, and these do not.
fn ends(whose: String, address: &str) -> impl IntoView + use<> {
    view! {
        <p class="wallet-ends">
            <Cairn address=address.to_owned() size=32 />
            <bdi>{whose}</bdi>
            <span class="mono" title=address.to_owned()>{shorten_address(address)}</span>
        </p>
    }
}
