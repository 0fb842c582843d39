//! `/wallet/contacts`: names for addresses. They stay in this browser.

use frontend::view::text::{count, shorten_address};
use frontend::wallet::contacts::{Contact, Fault, Merged};
use frontend::wallet::lines::{self, file_name};
use frontend::wallet::shelf::{Kind, Shelf};
use leptos::prelude::*;

use super::focus::focus_on;
use super::gate::Gate;
use super::parts::{Alarm, Field, submit, while_here};
use super::session::{Owner, Wallet, use_wallet};
use crate::browser::{chosen_file, save_file};
use crate::components::cairn::Cairn;
use crate::components::empty::Empty;
use crate::components::heading::PageHeading;
use crate::follow::dynamic;
use crate::router::use_query;

/// `/wallet/contacts`: `address` fills in the form.
#[component]
pub(crate) fn WalletContacts() -> impl IntoView {
    view! { <Gate children=page /> }
}

fn page(_: Owner) -> impl IntoView {
    let wallet = use_wallet();
    let said = RwSignal::new(None::<String>);
    view! {
        <PageHeading title="Contacts" />
        <div class="wallet-contacts">
            <div>
                <Alarm said=wallet.ledger.shelf.fault(Kind::Contacts) />
                {list(wallet, said)}
            </div>
            <div class="wallet-contacts-side">
                {add(wallet, said)}
                {files(wallet, said)}
            </div>
        </div>
    }
}

fn change(wallet: Wallet, edit: &mut dyn FnMut(&mut Shelf) -> Result<(), String>) -> Result<(), String> {
    wallet.ledger.shelf.change(Kind::Contacts, edit)
}

/// All contacts, one of which may be being renamed; and what was done last, which a removal can be undone of.
fn list(wallet: Wallet, said: RwSignal<Option<String>>) -> impl IntoView {
    let renamed = RwSignal::new(None::<String>);
    let removed = RwSignal::new(None::<Contact>);
    let all = move || {
        let contacts = wallet.ledger.shelf.with(|shelf| shelf.book.contacts().to_vec());
        let contacts = contacts.unwrap_or_default();
        if contacts.is_empty() {
            return view! {
                <Empty title="No contacts yet.">
                    "Give an address a name: you find it by that when you send, and see it in your activity."
                </Empty>
            }
            .into_any();
        }
        let rows: Vec<AnyView> = contacts
            .into_iter()
            .map(|contact| row(wallet, contact, renamed, removed, said))
            .collect();
        view! { <ul class="wallet-rows">{rows}</ul> }.into_any()
    };
    let undo = move |_| {
        if let Some(Contact { address, name }) = removed.get_untracked() {
            let added = change(wallet, &mut |shelf| {
                shelf
                    .book
                    .add(&address, &name)
                    .map_err(|fault| fault.sentence().to_owned())
            });
            said.set(added.err());
            removed.set(None);
        }
    };
    view! {
        <div class="wallet-actions wallet-said">
            <p role="status">{dynamic(move || said.get())}</p>
            {dynamic(move || {
                removed
                    .with(Option::is_some)
                    .then(|| view! { <button type="button" class="button button-quiet is-small" on:click=undo>"Undo"</button> })
            })}
        </div>
        {dynamic(all)}
    }
}

fn row(
    wallet: Wallet,
    contact: Contact,
    renamed: RwSignal<Option<String>>,
    removed: RwSignal<Option<Contact>>,
    said: RwSignal<Option<String>>,
) -> AnyView {
    let Contact { address, name } = contact.clone();
    let button = "rename-".to_owned() + &address;
    let actions = {
        let (address, name) = (address.clone(), name.clone());
        move || {
            if renamed.with(|renamed| renamed.as_ref() == Some(&address)) {
                return rename(wallet, address.clone(), name.clone(), renamed).into_any();
            }
            let begin = {
                let address = address.clone();
                move |_| {
                    renamed.set(Some(address.clone()));
                    focus_on("#new-name".to_owned());
                }
            };
            let contact = contact.clone();
            let remove = move |_| {
                let outcome = change(wallet, &mut |shelf| {
                    shelf.book.remove(&contact.address);
                    Ok(())
                });
                if outcome.is_ok() {
                    removed.set(Some(contact.clone()));
                }
                said.set(Some(
                    outcome
                        .err()
                        .unwrap_or_else(|| ["Removed “", &contact.name, "”."].concat()),
                ));
                focus_on("h1".to_owned());
            };
            view! {
                <span class="wallet-actions">
                    <a class="button button-quiet is-small" href="/wallet/send?to=".to_owned() + &address>"Send"</a>
                    <button type="button" class="button button-quiet is-small" id=button.clone() on:click=begin>"Rename"</button>
                    <button type="button" class="button button-quiet is-small" on:click=remove>"Remove"</button>
                </span>
            }
            .into_any()
        }
    };
    view! {
        <li class="wallet-contact">
            <Cairn address=address.clone() size=32 />
            <span class="wallet-row-what">
                <bdi>{name}</bdi>
                <a class="mono" href="/explorer/accounts/".to_owned() + &address title=address.clone()>{shorten_address(&address)}</a>
            </span>
            {actions}
        </li>
    }
    .into_any()
}

/// The field for another name.
fn rename(wallet: Wallet, address: String, name: String, renamed: RwSignal<Option<String>>) -> impl IntoView {
    let (text, fault) = (RwSignal::new(name), RwSignal::new(None::<String>));
    let back = StoredValue::new("#rename-".to_owned() + &address);
    let end = move || {
        renamed.set(None);
        focus_on(back.get_value());
    };
    let save = move || {
        let name = text.get_untracked();
        let outcome = change(wallet, &mut |shelf| {
            shelf
                .book
                .rename(&address, &name)
                .map_err(|fault| fault.sentence().to_owned())
        });
        match outcome {
            Ok(()) => end(),
            Err(said) => fault.set(Some(said)),
        }
    };
    view! {
        <form class="wallet-note" on:submit=submit(save)>
            <Field label="New name" id="new-name" value=text fault />
            <button type="submit" class="button is-small">"Save name"</button>
            <button type="button" class="button button-quiet is-small" on:click=move |_| end()>"Cancel"</button>
        </form>
    }
}

fn add(wallet: Wallet, said: RwSignal<Option<String>>) -> impl IntoView {
    let given = use_query("address").get_untracked().unwrap_or_default();
    let (name, address) = (RwSignal::new(String::new()), RwSignal::new(given));
    let (name_fault, address_fault) = (RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let save = move || {
        let (mut at_name, mut at_address) = (None, None);
        let (typed, typed_name) = (address.get_untracked(), name.get_untracked());
        let outcome = change(wallet, &mut |shelf| {
            shelf.book.add(&typed, &typed_name).map_err(|fault| {
                let said = fault.sentence().to_owned();
                match fault {
                    Fault::Address(said) => at_address = Some(said),
                    Fault::Name(said) => at_name = Some(said),
                }
                said
            })
        });
        let is_at_field = at_name.is_some() || at_address.is_some();
        name_fault.set(at_name);
        address_fault.set(at_address);
        match outcome {
            Ok(()) => {
                said.set(Some(["Added “", typed_name.trim(), "”."].concat()));
                name.set(String::new());
                address.set(String::new());
                focus_on("#contact-name".to_owned());
            }
            Err(_) if is_at_field => focus_on("[aria-invalid=true]".to_owned()),
            Err(failed) => said.set(Some(failed)),
        }
    };
    view! {
        <form class="card wallet-send" on:submit=submit(save)>
            <h2>"Add a contact"</h2>
            <Field label="Name" id="contact-name" value=name fault=name_fault />
            <Field label="Address" id="contact-address" value=address fault=address_fault is_code=true />
            <button type="submit" class="button">"Add contact"</button>
        </form>
    }
}

/// Contacts out of this browser and into it.
fn files(wallet: Wallet, said: RwSignal<Option<String>>) -> impl IntoView {
    let input = NodeRef::<leptos::html::Input>::new();
    let export = move |_| {
        let network = wallet
            .network
            .with_untracked(|network| Some(network.as_ref()?.name.clone()));
        let name = file_name("contacts", &network.unwrap_or_default(), "txt");
        let text = untrack(|| wallet.ledger.shelf.with(|shelf| shelf.book.write()));
        let saved = text.and_then(|text| save_file(&name, text.as_bytes()));
        said.set(Some(match saved {
            Some(()) => ["Saved as ", &name, "."].concat(),
            None => "The browser did not save the file.".to_owned(),
        }));
    };
    let import = move |_| {
        let Some(input) = input.get_untracked() else { return };
        while_here(async move {
            let outcome = match chosen_file(&input, lines::MAX_LEN).await {
                Ok(Some(file)) => merge(wallet, &file),
                Ok(None) => return,
                Err(fault) => fault,
            };
            said.set(Some(outcome));
        });
    };
    view! {
        <section class="card wallet-send">
            <h2>"Files"</h2>
            <p>"Contacts are kept in this browser alone. A file carries them to another one."</p>
            <button type="button" class="button button-quiet" on:click=export>"Export contacts"</button>
            <div class="wallet-field">
                <label for="contacts-file">"Import contacts"</label>
                <input id="contacts-file" type="file" accept=".txt,text/plain" node_ref=input on:change=import />
            </div>
        </section>
    }
}

fn merge(wallet: Wallet, file: &[u8]) -> String {
    let Ok(text) = core::str::from_utf8(file) else {
        return "This file is no text. Nothing was changed. Choose another.".to_owned();
    };
    let mut merged = Merged::default();
    let outcome = change(wallet, &mut |shelf| {
        merged = shelf
            .book
            .merge(text)
            .map_err(|fault| fault.to_string() + " Nothing was changed.")?;
        Ok(())
    });
    match outcome {
        Ok(()) => report(&merged),
        Err(said) => said,
    }
}

/// What came of a file, in lines.
fn report(merged: &Merged) -> String {
    let mut said = count(merged.added as u64, "contact", "contacts") + " added, ";
    said.push_str(&merged.changed.len().to_string());
    said.push_str(" changed, ");
    said.push_str(&merged.unchanged.to_string());
    said.push_str(" as before, ");
    said.push_str(&merged.refused.len().to_string());
    said.push_str(" refused.");
    for (old, new) in &merged.changed {
        for part in ["\n“", old, "” is now “", new, "”."] {
            said.push_str(part);
        }
    }
    for fault in &merged.refused {
        said.push('\n');
        said.push_str(&fault.to_string());
    }
    said
}
