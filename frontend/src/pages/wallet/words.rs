//! Fields for the words of a phrase.
//!
//! They are text fields and not password fields: a browser asks to save what is typed into a password field whatever its
//! `autocomplete` says, and a phrase would lie in its password store. Browsers keep a text field's content in two other
//! places, and `autocomplete="off"` shuts both: the form history (a field without form and name is not in it anyway), and
//! the saved session, from which a crashed browser restores what was typed. `spellcheck="false"` keeps words from a
//! spell-checking service. A style masks every word but the one being typed, and the fields are emptied as soon as their
//! words have been handed to the key worker.

use frontend::wallet::entry;
use frontend::wallet::secret::Secret;
use leptos::ev::{ClipboardEvent, KeyboardEvent};
use leptos::html::Input;
use leptos::prelude::*;

use crate::components::keyed::{Line, keyed};
use crate::follow::dynamic;

/// The words as they are typed, one signal each, so that typing in one place draws one place.
#[derive(Clone, Copy)]
pub(super) struct Words(RwSignal<Vec<RwSignal<String>>>);

impl Words {
    pub(super) fn new(count: usize) -> Self {
        Self(RwSignal::new(
            (0..count).map(|_| RwSignal::new(String::new())).collect(),
        ))
    }

    pub(super) fn count(self) -> usize {
        self.0.with(Vec::len)
    }

    /// Makes more or fewer places; what was typed stays.
    pub(super) fn resize(self, count: usize) {
        self.0.update(|words| {
            words.truncate(count);
            while words.len() < count {
                words.push(RwSignal::new(String::new()));
            }
        });
    }

    /// What is typed, each completed where that leaves no doubt.
    pub(super) fn typed(self) -> Vec<Secret> {
        let word = |word: &RwSignal<String>| {
            word.with_untracked(|typed| Secret::from(entry::decided(typed).unwrap_or_else(|| typed.trim())))
        };
        self.0.with_untracked(|words| words.iter().map(word).collect())
    }

    /// Empties all fields and wipes what was in them.
    pub(super) fn clear(self) {
        self.0.with_untracked(|words| {
            for word in words {
                drop(Secret::new(word.try_update(std::mem::take).unwrap_or_default()));
            }
        });
    }

    fn fill(self, first: usize, pasted: &[Secret]) {
        self.0.with_untracked(|words| {
            for (word, typed) in words.iter().skip(first).zip(pasted) {
                word.set(typed.expose().to_owned());
            }
        });
    }
}

/// The fields, with the words of the list that fit above them, where they stay in sight beside a keyboard on the screen.
#[component]
pub(super) fn WordFields(
    /// What is typed.
    words: Words,
    /// The place that each field asks for, counted from 1.
    #[prop(into)]
    places: Signal<Vec<usize>>,
    /// Whether a pasted phrase may change the number of places.
    #[prop(optional)]
    takes_whole_phrase: bool,
    /// The place that is wrong, counted from 1.
    #[prop(into, optional)]
    wrong: Signal<Option<usize>>,
    /// Runs after Enter in the last field.
    #[prop(into)]
    on_done: Callback<()>,
) -> impl IntoView {
    let is_shown = RwSignal::new(false);
    // Where the focus was last: what fits there is offered while it moves on to the offers.
    let focused = RwSignal::new(None::<usize>);
    let typing = RwSignal::new(None::<usize>);
    let fields = StoredValue::new_local(Vec::<NodeRef<Input>>::new());
    let focus = move |index: usize| {
        let field = fields.with_value(|fields| fields.get(index).copied());
        if let Some(input) = field.and_then(|field| field.get_untracked()) {
            let _ = input.focus();
            return true;
        }
        false
    };
    let paste = move |index: usize, event: ClipboardEvent| {
        let text = event
            .clipboard_data()
            .and_then(|data| data.get_data("text").ok())
            .map(Secret::new)
            .unwrap_or_default();
        let pasted = entry::split(text.expose());
        if pasted.len() > 1 {
            event.prevent_default();
            let mut first = index;
            if takes_whole_phrase {
                first = 0;
                words.resize(entry::places_for(pasted.len()));
            }
            words.fill(first, &pasted);
        }
    };
    let complete = move |index: usize, word: &str| {
        words.0.with_untracked(|words| {
            if let Some(slot) = words.get(index) {
                slot.set(word.to_owned());
            }
        });
    };
    let draw = move |(index, word): (usize, RwSignal<String>)| {
        let input = NodeRef::<Input>::new();
        fields.update_value(|fields| {
            fields.truncate(index);
            fields.push(input);
        });
        let place = move || places.with(|places| places.get(index).copied().unwrap_or(index + 1));
        let id = format!("word-{}", index + 1);
        let key = move |event: KeyboardEvent| {
            let goes_on = matches!(event.key().as_str(), " " | "Enter");
            if !goes_on || event.is_composing() {
                return;
            }
            event.prevent_default();
            if let Some(decided) = word.with_untracked(|typed| entry::decided(typed)) {
                word.set(decided.to_owned());
            }
            if !focus(index + 1) && event.key() == "Enter" {
                on_done.run(());
            }
        };
        let problem = move || {
            if typing.get() == Some(index) {
                None
            } else {
                word.with(|typed| entry::word_problem(typed))
            }
        };
        let is_wrong = move || wrong.get() == Some(place()) || problem().is_some();
        let fault_id = format!("{id}-fault");
        let described = {
            let fault_id = fault_id.clone();
            move || problem().map(|_| fault_id.clone())
        };
        view! {
            <li class="wallet-word" class:is-wrong=is_wrong>
                <label for=id.clone()>{dynamic(move || format!("Word {}", place()))}</label>
                <input
                    id=id
                    type="text"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    maxlength="16"
                    data-bwignore="true"
                    data-lpignore="true"
                    class="wallet-secret"
                    class:is-shown=move || is_shown.get()
                    node_ref=input
                    aria-invalid=move || is_wrong().then_some("true")
                    aria-describedby=described
                    prop:value=move || word.get()
                    on:input=move |event| word.set(event_target_value(&event))
                    on:focus=move |event| {
                        // Safari's own attribute, which the macro does not know.
                        let _ = event_target::<web_sys::Element>(&event).set_attribute("autocorrect", "off");
                        focused.set(Some(index));
                        typing.set(Some(index));
                    }
                    on:blur=move |_| typing.set(None)
                    on:paste=move |event| paste(index, event)
                    on:keydown=key
                />
                {dynamic(move || problem().map(|said| view! { <p class="wallet-fault" id=fault_id.clone()>{said}</p> }))}
            </li>
        }
    };
    let offered = move || {
        let index = focused.get()?;
        let word = words.0.with(|words| words.get(index).copied())?;
        let offered = word.with(|typed| entry::completions(typed));
        (!offered.is_empty()).then_some((index, offered))
    };
    let line = move |(index, word): (usize, RwSignal<String>)| {
        Line::new(index.to_string(), move || draw((index, word)).into_any())
    };
    let listed = move || {
        words
            .0
            .with(|words| words.iter().copied().enumerate().map(line).collect())
    };
    view! {
        <div class="wallet-words">
            <div class="wallet-offered" role="group" aria-label="Words that fit">
                {dynamic(move || {
                    match offered() {
                        None => view! { <span class="wallet-hint">"Words that fit appear here."</span> }.into_any(),
                        Some((index, offered)) => {
                            offered
                                .into_iter()
                                .map(|word| {
                                    view! {
                                        <button
                                            type="button"
                                            class="wallet-chip"
                                            // Before the field loses the focus, and with it the offer.
                                            on:mousedown=|event| event.prevent_default()
                                            on:click=move |_| {
                                                complete(index, word);
                                                focus(index + 1);
                                            }
                                        >
                                            {word}
                                        </button>
                                    }
                                })
                                .collect_view()
                                .into_any()
                        }
                    }
                })}
            </div>
            <ol class="wallet-word-grid">
                {keyed(listed)}
            </ol>
            <label class="wallet-check">
                <input type="checkbox" prop:checked=move || is_shown.get() on:change=move |event| is_shown.set(event_target_checked(&event)) />
                <span>"Show the words"</span>
            </label>
        </div>
    }
}
