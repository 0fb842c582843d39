//! A passkey opens the wallet beside its password: the authenticator of the device, asked by frontend/assets/passkey.js.

use frontend::wallet::messages::{Failure, Passkey, Reply, Request};
use frontend::wallet::secret::SecretBytes;
use js_sys::{Error, Reflect, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::parts::{Alarm, while_here};
use super::session::Wallet;
use crate::follow::dynamic;

/// What is said when the vault has a new key, and the passkey opens it no more.
pub(super) const ENDED: &str =
    "The wallet is encrypted anew, and the passkey opens it no more. Add it again in the settings.";

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = cairnPasskey, catch)]
    fn available() -> Result<bool, JsValue>;

    #[wasm_bindgen(js_namespace = cairnPasskey, catch)]
    async fn create(name: &str, user: Vec<u8>, salt: Vec<u8>) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_namespace = cairnPasskey, catch)]
    async fn get(credential: Vec<u8>, salt: Vec<u8>) -> Result<JsValue, JsValue>;
}

/// Whether this browser can ask for a passkey at this address.
fn is_available() -> bool {
    available().unwrap_or(false)
}

/// Whether a passkey opens the wallet here.
pub(super) async fn is_usable(wallet: Wallet) -> bool {
    is_available() && kept(wallet).await.is_ok()
}

/// The passkey that is kept.
async fn kept(wallet: Wallet) -> Result<Passkey, String> {
    match wallet.ask(Request::Passkey).await {
        Ok(Reply::Passkey(Some(passkey))) => Ok(passkey),
        Ok(_) => Err(Failure::NoPasskey.to_string()),
        Err(failure) => Err(failure.to_string()),
    }
}

/// Asks the authenticator for the secret that opens the wallet.
///
/// # Errors
/// A sentence.
pub(super) async fn secret(wallet: Wallet) -> Result<SecretBytes, String> {
    let Passkey { credential, salt } = kept(wallet).await?;
    let found = get(credential, salt.to_vec()).await.map_err(sentence)?;
    taken(&found)
}

/// Makes a passkey, and lets it open the wallet.
async fn add(wallet: Wallet) -> Result<(), String> {
    let (mut user, mut salt) = ([0; 16], [0; 32]);
    if getrandom::fill(&mut user).and(getrandom::fill(&mut salt)).is_err() {
        return Err(Failure::Randomness.to_string());
    }
    let name = wallet.network.with_untracked(|network| {
        let name = network.as_ref().map_or("", |network| &network.name);
        ["Cairn wallet (", name, ")"].concat()
    });
    let made = create(&name, user.to_vec(), salt.to_vec()).await.map_err(sentence)?;
    let part = |name: &str| Reflect::get(&made, &name.into()).unwrap_or_default();
    let secret = taken(&part("secret"))?;
    let credential = Uint8Array::new(&part("credential")).to_vec();
    let passkey = Passkey { credential, salt };
    let answer = wallet.ask(Request::AddPasskey { passkey, secret }).await;
    answer.map(drop).map_err(|failure| failure.to_string())
}

/// Takes the authenticator's bytes over; what is left of them on the page's side is overwritten.
fn taken(found: &JsValue) -> Result<SecretBytes, String> {
    let array = Uint8Array::new(found);
    let mut bytes = Zeroizing::new([0; 32]);
    let is_whole = array.length() == 32;
    if is_whole {
        array.copy_to(bytes.as_mut());
    }
    array.fill(0, 0, array.length());
    if is_whole {
        Ok(SecretBytes::new(*bytes))
    } else {
        Err(Failure::WrongPasskey.to_string())
    }
}

/// passkey.js throws errors whose messages are written for people.
fn sentence(thrown: JsValue) -> String {
    thrown.dyn_into::<Error>().map_or_else(
        |_| Failure::NoPasskey.to_string(),
        |error| String::from(error.message()),
    )
}

/// The section of the settings. `has_passkey` follows what is kept.
pub(super) fn settings(wallet: Wallet, has_passkey: RwSignal<bool>) -> impl IntoView {
    let fault = RwSignal::new(None::<String>);
    let is_working = RwSignal::new(false);
    while_here(async move { has_passkey.set(kept(wallet).await.is_ok()) });
    let press = move |_| {
        if is_working.get_untracked() {
            return;
        }
        is_working.set(true);
        fault.set(None);
        while_here(async move {
            let outcome = if has_passkey.get_untracked() {
                let answer = wallet.ask(Request::RemovePasskey).await;
                answer.map(drop).map_err(|failure| failure.to_string())
            } else {
                add(wallet).await
            };
            match outcome {
                Ok(()) => has_passkey.update(|has| *has = !*has),
                Err(said) => fault.set(Some(said)),
            }
            is_working.set(false);
        });
    };
    let is_possible = is_available();
    view! {
        <section class="card">
            <h2>"Passkey"</h2>
            <p>
                "A passkey opens this wallet with your finger, face or the device’s PIN in place of the password. It works in this "
                "browser only, and the password always works too. A new password ends it."
            </p>
            <p role="status">
                {dynamic(move || {
                    if has_passkey.get() {
                        "A passkey opens this wallet. To delete it from the device as well, use the device’s own settings."
                    } else if is_possible {
                        "No passkey opens this wallet."
                    } else {
                        "Not here: a passkey needs https:// or this machine, an address with a name (localhost, not 127.0.0.1), and a browser that knows passkeys."
                    }
                })}
            </p>
            {dynamic(move || {
                (is_possible || has_passkey.get())
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="button button-quiet"
                                aria-disabled=move || is_working.get().then_some("true")
                                on:click=press
                            >
                                {if has_passkey.get() { "Remove passkey" } else { "Add a passkey" }}
                            </button>
                        }
                    })
            })}
            <Alarm said=fault />
        </section>
    }
}
