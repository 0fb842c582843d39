//! The passphrase of BIP-39, which makes another wallet of the same words.
//!
//! Its fields are text fields for the reasons that `words.rs` gives, masked by a style, and emptied when their screen is
//! left. They stand outside of the password's form: a browser that saves a password saves the text field before it as the
//! name that belongs to it.

use frontend::wallet::secret::Secret;
use leptos::prelude::*;

use super::parts::Alarm;

/// A passphrase as it is typed.
#[derive(Clone, Copy)]
pub(super) struct PassphraseEntry {
    typed: RwSignal<String>,
    repeated: RwSignal<String>,
    fault: RwSignal<Option<String>>,
    /// A new one is typed twice; a known one shows itself by the addresses that it gives.
    is_new: bool,
}

impl PassphraseEntry {
    /// Nothing typed. What is typed is wiped with the screen.
    pub(super) fn new(is_new: bool) -> Self {
        let entry = Self {
            typed: RwSignal::new(String::new()),
            repeated: RwSignal::new(String::new()),
            fault: RwSignal::new(None),
            is_new,
        };
        on_cleanup(move || {
            for text in [entry.typed, entry.repeated] {
                drop(Secret::new(text.try_update(std::mem::take).unwrap_or_default()));
            }
        });
        entry
    }

    /// Whether it can be used as it is; says beside the field why not.
    pub(super) fn is_right(self) -> bool {
        let is_right = !self.is_new || self.typed.get_untracked() == self.repeated.get_untracked();
        self.fault.set(
            (!is_right).then(|| "The two passphrases are not the same. Nothing was saved. Type both again.".to_owned()),
        );
        is_right
    }

    /// What is typed; empty for none. It stays in its fields, so that a second try to save uses it too.
    pub(super) fn secret(self) -> Secret {
        self.typed.with_untracked(|typed| typed.as_str().into())
    }

    /// The fields, folded up.
    pub(super) fn fields(self) -> impl IntoView {
        let is_shown = RwSignal::new(false);
        let field = move |label: &'static str, id: &'static str, value: RwSignal<String>| {
            view! {
                <div class="wallet-field">
                    <label for=id>{label}</label>
                    <input
                        id=id
                        type="text"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        data-bwignore="true"
                        data-lpignore="true"
                        class="wallet-masked"
                        class:is-shown=move || is_shown.get()
                        prop:value=move || value.get()
                        on:input=move |event| value.set(event_target_value(&event))
                        on:focus=|event| {
                            // Safari's own attribute, which the macro does not know.
                            let _ = event_target::<web_sys::Element>(&event).set_attribute("autocorrect", "off");
                        }
                    />
                </div>
            }
        };
        let summary = if self.is_new {
            "Add a passphrase (optional)"
        } else {
            "I have a passphrase"
        };
        view! {
            <details class="wallet-more">
                <summary>{summary}</summary>
                <p>
                    "A passphrase makes another wallet of the same words: a different passphrase, even by one letter or space, is "
                    "a different wallet, and each opens without complaint. It is not in the phrase and not the password. Keep it "
                    "apart from the words; whoever loses it has lost the coins."
                </p>
                {field("Passphrase", "passphrase", self.typed)}
                {self.is_new.then(|| field("Repeat passphrase", "repeat-passphrase", self.repeated))}
                <label class="wallet-check">
                    <input type="checkbox" prop:checked=move || is_shown.get() on:change=move |event| is_shown.set(event_target_checked(&event)) />
                    <span>"Show"</span>
                </label>
            </details>
            <Alarm said=self.fault />
        }
    }
}
