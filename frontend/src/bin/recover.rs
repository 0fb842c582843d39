//! The stand-alone page that opens a backup file: without a node, without a network, in one HTML file.
//!
//! `cargo xtask recover` puts this program into `frontend/assets/recover/page.html`. It has one thread: while argon2id works,
//! the page stands still, so what it is doing is painted before.

use std::cell::RefCell;

use js_sys::{Date, JsString, Promise, Uint8Array};
use shared::address::{self, Prefix};
use shared::key::PublicKey;
use shared::slip10::{self, Path};
use shared::vault::{self, Contents, VaultError};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Document, Element, Event, HtmlElement, HtmlInputElement};
use zeroize::Zeroizing;

/// An account as it is shown.
struct Row {
    name: String,
    path: String,
    key: PublicKey,
}

thread_local! {
    /// The keys whose addresses are shown, and where.
    static ADDRESSES: RefCell<Vec<(PublicKey, Element)>> = const { RefCell::new(Vec::new()) };
}

fn main() {
    on("form", "submit", |event| {
        event.prevent_default();
        // Read at once: while the file is read, nobody can change it.
        let password = take_password();
        say("fault", "");
        say("state", "Opening…");
        set_disabled("open", true);
        spawn_local(open(password));
    });
    on("prefix", "input", |_| write_addresses());
    on("clear", "click", |_| clear());
    say("state", "");
    set_disabled("open", false);
}

async fn open(password: Zeroizing<String>) {
    let result = read(&password).await;
    drop(password);
    say("state", "");
    set_disabled("open", false);
    match result {
        Ok(contents) => show(&contents),
        Err(fault) => {
            say("fault", &fault);
            let _ = element("password").focus();
        }
    }
}

async fn read(password: &str) -> Result<Contents, String> {
    let file = input("file").files().and_then(|files| files.get(0));
    let file = file.ok_or("Choose the backup file first.")?;
    let length = file.size() as usize;
    if length > vault::MAX_LEN {
        return Err(sentence(&VaultError::TooLong { length }));
    }
    let unreadable = |_| "The browser could not read the file. Choose it again.";
    let bytes = JsFuture::from(file.array_buffer()).await.map_err(unreadable)?;
    // The second frame begins when the first has been painted.
    next_frame().await;
    next_frame().await;
    vault::open(&Uint8Array::new(&bytes).to_vec(), password).map_err(|error| sentence(&error))
}

/// What went wrong, as a sentence.
fn sentence(error: &VaultError) -> String {
    let mut text = error.to_string();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text.push('.');
    text
}

/// The accounts of a wallet with their keys.
fn rows(contents: &Contents) -> Vec<Row> {
    let seed = contents.phrase().seed(contents.passphrase());
    let row = |account: &vault::Account| {
        let path = Path::account(account.index).ok()?;
        let key = slip10::account_key(&seed, account.index).ok()?;
        Some(Row {
            name: account.name.as_str().to_owned(),
            path: path.to_string(),
            key: key.public_key(),
        })
    };
    // A vault has no index that is out of range.
    contents.accounts().iter().filter_map(row).collect()
}

fn show(contents: &Contents) {
    for word in contents.phrase().words() {
        append(&element("words"), "li", word);
    }
    let passphrase = contents.passphrase();
    element("passphrase-part").set_hidden(passphrase.is_empty());
    // The composed form is what a keyboard types; both make the same seed.
    let composed = JsString::from(passphrase.as_str()).normalize("NFC");
    element("passphrase").set_text_content(composed.as_string().as_deref());
    for row in rows(contents) {
        show_account(&row);
    }
    write_addresses();
    let created = Date::new(&JsValue::from_f64(contents.created_at_ms() as f64));
    element("created").set_text_content(created.to_utc_string().as_string().as_deref());
    element("form").set_hidden(true);
    element("wallet").set_hidden(false);
    let _ = element("phrase-title").focus();
}

fn show_account(row: &Row) {
    let item = append(&element("accounts"), "li", "");
    append(&item, "h3", &row.name);
    let list = append(&item, "dl", "");
    for (term, text) in [
        ("Path", row.path.as_str()),
        ("Public key", &row.key.to_string()),
        ("Address", ""),
    ] {
        append(&list, "dt", term);
        let cell = append(&list, "dd", text);
        if text.is_empty() {
            ADDRESSES.with_borrow_mut(|addresses| addresses.push((row.key, cell)));
        }
    }
}

/// Writes every address under the prefix that was typed.
fn write_addresses() {
    let prefix = input("prefix").value().parse::<Prefix>();
    let fault = prefix
        .as_ref()
        .err()
        .map(|_| "1 to 16 small letters and digits, beginning with a letter.");
    say("prefix-fault", fault.unwrap_or_default());
    ADDRESSES.with_borrow(|addresses| {
        for (key, cell) in addresses {
            let text = prefix.as_ref().map(|prefix| address::encode(prefix, key));
            cell.set_text_content(Some(text.as_deref().unwrap_or("–")));
        }
    });
}

/// Takes everything off the screen, and begins anew: that gives all memory of this program back to the browser.
fn clear() {
    for id in ["words", "passphrase", "accounts", "created"] {
        say(id, "");
    }
    input("file").set_value("");
    element("wallet").set_hidden(true);
    if let Some(window) = web_sys::window() {
        let _ = window.location().reload();
    }
}

/// The password in form NFKD, in which one password is the same bytes from every keyboard; its field is empty afterwards.
fn take_password() -> Zeroizing<String> {
    let field = input("password");
    let typed = Zeroizing::new(field.value());
    field.set_value("");
    Zeroizing::new(JsString::from(typed.as_str()).normalize("NFKD").into())
}

async fn next_frame() {
    let promise = Promise::new(&mut |resolve, _| {
        if let Some(window) = web_sys::window() {
            let _ = window.request_animation_frame(&resolve);
        }
    });
    let _ = JsFuture::from(promise).await;
}

fn document() -> Document {
    let window = web_sys::window().expect("the program runs in a page");
    window.document().expect("a page has a document")
}

fn element(id: &str) -> HtmlElement {
    let found = document().get_element_by_id(id);
    found.expect("page.html has it").unchecked_into()
}

fn input(id: &str) -> HtmlInputElement {
    element(id).unchecked_into()
}

fn say(id: &str, text: &str) {
    element(id).set_text_content(Some(text));
}

fn set_disabled(id: &str, is_disabled: bool) {
    let _ = element(id).toggle_attribute_with_force("disabled", is_disabled);
}

fn append(parent: &Element, name: &str, text: &str) -> Element {
    let child = document()
        .create_element(name)
        .expect("the names are those of elements");
    child.set_text_content(Some(text));
    let _ = parent.append_child(&child);
    child
}

fn on(id: &str, event: &str, act: impl FnMut(Event) + 'static) {
    let act = Closure::<dyn FnMut(Event)>::new(act);
    let _ = element(id).add_event_listener_with_callback(event, act.as_ref().unchecked_ref());
    // It lives as long as the page.
    act.forget();
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &[u8] = include_bytes!("../../../shared/vectors/vault-example.cairnvault");

    #[test]
    fn the_accounts_of_the_example_are_those_of_the_specification() {
        // docs/vault.md; the password in form NFKD, as the browser gives it.
        let contents = vault::open(EXAMPLE, "pebble U\u{308}ber granite").unwrap();
        let shown: Vec<_> = rows(&contents)
            .into_iter()
            .map(|row| (row.name, row.path, row.key.to_string()))
            .collect();
        let expected = [
            (
                "Main",
                "m/44'/7331'/0'",
                "d89ed1b83d2c7c34e28d62e4f0b8b5c35feb51cb4716508dca54b1b5230da6bd",
            ),
            (
                "Travel ✈",
                "m/44'/7331'/3'",
                "ba6a2e9d04b9d459956913c15479b8faf7f0ebda2ecfb15bda38620e1da19cc8",
            ),
        ];
        assert_eq!(
            shown,
            expected.map(|(name, path, key)| (name.to_owned(), path.to_owned(), key.to_owned()))
        );
    }

    #[test]
    fn faults_are_sentences() {
        assert_eq!(sentence(&VaultError::WrongPassword), "The password is wrong.");
        let other = vault::open(&EXAMPLE[1..], "x").unwrap_err();
        assert_eq!(sentence(&other), "This is not a Cairn vault.");
    }
}
