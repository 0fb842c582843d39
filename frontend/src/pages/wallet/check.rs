//! `/check`: opens what somebody was given, without a wallet and, where that suffices, without the node.

mod parts;
mod proof;
mod request;
mod transfer;

use frontend::wallet::offline::{self, Unsigned};
use frontend::wallet::recognise::{Kind, recognise};
use leptos::prelude::*;
use shared::vault;
use web_sys::HtmlInputElement;

use super::paper::paper;
use super::parts::{Alarm, submit, while_here};
use super::scan::{scan_button, text_of};
use crate::browser::chosen_file;
use crate::components::heading::PageHeading;

/// The most bytes of a file that is opened here: contacts and notes are only recognised, by their beginning.
const MAX_LEN: usize = 3_000_000;

/// `/check`.
#[component]
pub(crate) fn CheckPage() -> impl IntoView {
    let opened = RwSignal::new(None::<String>);
    move || {
        match opened.get() {
        None => form(opened).into_any(),
        Some(text) => view! {
            {content(&text, opened)}
            <p class="check-again">
                <button type="button" class="button button-quiet" on:click=move |_| opened.set(None)>"Check something else"</button>
            </p>
        }
        .into_any(),
    }
    }
}

/// What a page with a node gives to the device that signs.
pub(super) fn prepare(unsigned: &Unsigned) -> impl IntoView + use<> {
    view! {
        <div class="check">
            <ol class="check-steps">
                <li>"Carry this to the device that has the keys: scan it there, or copy the file."</li>
                <li>"There, open it under “Check”, and sign it. That device needs no network."</li>
                <li>"Bring what it gives back to this page, and open it under " <a href="/check">"Check"</a> ": from there it is sent."</li>
            </ol>
            {paper(offline::write_unsigned(unsigned), "The unsigned transfer as a QR code", "cairn-unsigned.txt")}
        </div>
    }
}

fn form(opened: RwSignal<Option<String>>) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let said = RwSignal::new(None::<String>);
    let open = move |text: String| {
        if recognise(text.as_bytes()).is_some() {
            opened.set(Some(text));
        } else {
            said.set(Some(
                if text.trim().is_empty() {
                    "There is nothing to check yet. Paste what you were given, or open it as a file or a picture."
                } else {
                    "This is nothing that Cairn knows: no payment link, payment proof, signed message or transfer. Copy the \
                     whole of it, from its first letter to its last."
                }
                .to_owned(),
            ));
        }
    };
    let on_text = Callback::new(open);
    let chosen = move |event: leptos::ev::Event| {
        let input: HtmlInputElement = event_target(&event);
        while_here(async move {
            match text_in(&input).await {
                Ok(text) => on_text.run(text),
                Err(fault) => said.set(Some(fault)),
            }
        });
    };
    view! {
        <PageHeading title="Check or open something" />
        <form class="card check" on:submit=submit(move || open(typed.get_untracked())) novalidate>
            <p class="wallet-lead">
                "A payment proof, a signed message, a payment link, or a transfer to sign or to send. It is checked in this "
                "browser, and sent to nobody."
            </p>
            <div class="wallet-field">
                <label for="check-text">"Paste it here"</label>
                <textarea
                    id="check-text"
                    class="is-code"
                    rows="6"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    prop:value=move || typed.get()
                    on:input=move |event| typed.set(event_target_value(&event))
                ></textarea>
            </div>
            <Alarm said />
            <button type="submit" class="button">"Check it"</button>
            <div class="wallet-field">
                <label for="check-file">"Or open a file"</label>
                <input id="check-file" type="file" on:change=chosen />
            </div>
            <div class="check-picture">
                <p id="check-picture">"Or a picture of a QR code"</p>
                {scan_button(on_text, said)}
            </div>
        </form>
    }
}

/// The text of the chosen file, or of the QR code in the chosen picture.
async fn text_in(input: &HtmlInputElement) -> Result<String, String> {
    let file = input.files().and_then(|files| files.get(0));
    if let Some(file) = file.filter(|file| file.type_().starts_with("image/")) {
        input.set_value("");
        return Ok(text_of(&file).await?);
    }
    let bytes = chosen_file(input, MAX_LEN).await?.unwrap_or_default();
    // A backup is no text. It is not opened here, so what tells it apart is enough.
    if recognise(&bytes) == Some(Kind::Vault) {
        return Ok(String::from_utf8_lossy(&vault::MAGIC).into_owned());
    }
    String::from_utf8(bytes).map_err(|_| {
        "This file is nothing that Cairn knows: no payment proof, signed message, transfer or backup. Choose another.".to_owned()
    })
}

fn content(text: &str, opened: RwSignal<Option<String>>) -> AnyView {
    match recognise(text.as_bytes()) {
        Some(Kind::PaymentProof) => proof::payment_proof(text),
        Some(Kind::SignedMessage) => request::signed_message(text),
        Some(Kind::UnsignedTransfer) => transfer::unsigned(text, opened),
        Some(Kind::SignedTransfer) => transfer::signed(text),
        Some(Kind::Vault) => elsewhere(
            "A wallet’s backup",
            "This file holds a wallet, encrypted with its password. It can be restored in a browser that has none.",
            "/wallet/restore",
            "Restore wallet",
        ),
        Some(Kind::Contacts) => elsewhere(
            "Contacts",
            "This file holds names of addresses. They are imported among your contacts.",
            "/wallet/contacts",
            "To the contacts",
        ),
        Some(Kind::Notes) => elsewhere(
            "Notes",
            "This file holds notes on transactions. They are imported in your activity.",
            "/wallet/activity",
            "To the activity",
        ),
        Some(Kind::PaymentLink) | None => request::payment_link(text),
    }
}

/// What another screen opens.
fn elsewhere(title: &'static str, said: &'static str, href: &'static str, name: &'static str) -> AnyView {
    view! {
        <PageHeading title />
        <section class="card check">
            <p class="wallet-lead">{said}</p>
            <a class="button" href=href>{name}</a>
        </section>
    }
    .into_any()
}
