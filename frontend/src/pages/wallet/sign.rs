//! Signing a message: a text that shows whose an account is.

use frontend::wallet::messages::{Failure, Reply, Request};
use frontend::wallet::signed_text::{self, SignedText};
use leptos::prelude::*;

use super::gate::Gate;
use super::parts::{Alarm, submit, while_here};
use super::session::{Owner, Wallet, use_wallet};
use crate::components::cairn::Cairn;
use crate::components::copy::CopyButton;
use crate::components::heading::PageHeading;
use crate::follow::dynamic;

/// `/wallet/sign`.
#[component]
pub(crate) fn WalletSign() -> impl IntoView {
    view! { <Gate children=|owner| sign(owner).into_any() /> }
}

fn sign(owner: Owner) -> impl IntoView {
    let wallet = use_wallet();
    let typed = RwSignal::new(String::new());
    let (signed, said) = (RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let address = owner.address.clone();
    let owner = StoredValue::new(owner);
    let begin = move || {
        let text = typed.get_untracked();
        said.set(signed_text::text_fault(&text).map(str::to_owned));
        signed.set(None);
        if said.with_untracked(Option::is_none) {
            while_here(async move {
                match signed_by(wallet, owner.get_value(), text).await {
                    Ok(text) => signed.set(Some(text)),
                    Err(fault) => said.set(Some(fault)),
                }
            });
        }
    };
    let on_input = move |event| {
        typed.set(event_target_value(&event));
        signed.set(None);
    };
    view! {
        <PageHeading title="Sign a message" />
        <section class="card wallet-card sign">
            <p class="wallet-lead">
                "A signature shows that the owner of an address wrote exactly this text. It moves no money, and it says nothing "
                "about who the owner is."
            </p>
            <div class="sign-who">
                <Cairn address=address.clone() size=32 />
                <p>"Signed as " <span class="mono wallet-whole" translate="no">{address}</span></p>
            </div>
            <form on:submit=submit(begin)>
                <div class="wallet-field">
                    <label for="message">"Message"</label>
                    <textarea id="message" rows="5" prop:value=move || typed.get() on:input=on_input></textarea>
                    <p class="wallet-hint">"Say in it for whom and for what it is: whoever has it can show it to anybody."</p>
                </div>
                <Alarm said />
                <button type="submit" class="button">"Sign message"</button>
            </form>
            <div role="status">
                {dynamic(move || {
                    signed
                        .get()
                        .map(|text| {
                            view! {
                                <h2>"The signed message"</h2>
                                <p class="wallet-hint">"Pass on the whole of it, first and last line included. Anybody with Cairn can check it."</p>
                                <pre class="paper-text" tabindex="0" aria-label="The signed message">{text.clone()}</pre>
                                <CopyButton text=text label="Copy" class="button">
                                    "Copy"
                                </CopyButton>
                            }
                        })
                })}
            </div>
        </section>
    }
}

/// The message with its signature, which was checked.
async fn signed_by(wallet: Wallet, owner: Owner, text: String) -> Result<String, String> {
    let question = Request::SignMessage {
        index: owner.account.index,
        message: text.clone(),
    };
    let answer = wallet.ask(question).await.map_err(|failure| failure.to_string())?;
    let signature = match answer {
        Reply::Signature { signature } => signature.parse().ok(),
        _ => None,
    };
    let signed = signature.map(|signature| SignedText {
        address: owner.address,
        signature,
        text,
    });
    let network = wallet.network.get_untracked();
    match (signed, network) {
        (Some(signed), Some(network)) => signed
            .verify(&network.prefix, &network.genesis)
            .map(|_| signed_text::write(&signed)),
        _ => Err(Failure::Stopped.to_string()),
    }
}
