//! Small parts that several of the wallet's screens use.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::follow::{dynamic, effect};

pub(super) use crate::browser::while_here;

/// A labelled text field with a hint and what is wrong.
#[component]
pub(super) fn Field(
    /// The label, and the beginning of the field's id.
    #[prop(into)]
    label: &'static str,
    /// The id; unique on the screen.
    id: &'static str,
    /// What is typed.
    value: RwSignal<String>,
    /// What is wrong, if anything.
    #[prop(into, optional)]
    fault: Signal<Option<String>>,
    /// What helps to fill it in.
    #[prop(into, optional)]
    hint: Signal<Option<String>>,
    /// `decimal` for amounts.
    #[prop(optional)]
    inputmode: &'static str,
    /// Whether it is monospaced.
    #[prop(optional)]
    is_code: bool,
    /// Something beside the field, such as a button.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let described = move || {
        let mut ids = Vec::new();
        if fault.with(Option::is_some) {
            ids.push(format!("{id}-fault"));
        }
        if hint.with(Option::is_some) {
            ids.push(format!("{id}-hint"));
        }
        (!ids.is_empty()).then(|| ids.join(" "))
    };
    view! {
        <div class="wallet-field" class:is-wrong=move || fault.with(Option::is_some)>
            <label for=id>{label}</label>
            <div class="wallet-field-row">
                <input
                    id=id
                    type="text"
                    class:is-code=is_code
                    inputmode=(!inputmode.is_empty()).then_some(inputmode)
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    aria-invalid=move || fault.with(Option::is_some).then_some("true")
                    aria-describedby=described
                    prop:value=move || value.get()
                    on:input=move |event| value.set(event_target_value(&event))
                />
                {children.map(|children| children())}
            </div>
            {dynamic(move || hint.get().map(|hint| view! { <p class="wallet-hint" id=format!("{id}-hint")>{hint}</p> }))}
            {dynamic(move || {
                fault.get().map(|fault| view! { <p class="wallet-fault" id=format!("{id}-fault")>{fault}</p> })
            })}
        </div>
    }
}

/// What a password field is for: tells browsers' password stores what to offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PasswordUse {
    /// The password of this wallet.
    Current,
    /// A password that is being chosen.
    New,
}

/// A labelled password field.
#[component]
pub(super) fn PasswordField(
    /// The label.
    label: &'static str,
    /// The id; unique on the screen.
    id: &'static str,
    /// What it is for.
    usage: PasswordUse,
    /// What is typed. It is emptied as soon as it was used.
    value: RwSignal<String>,
    /// What is wrong, if anything.
    #[prop(into, optional)]
    fault: Signal<Option<String>>,
    /// Whether the field takes the focus when it appears.
    #[prop(optional)]
    is_first: bool,
) -> impl IntoView {
    let input = NodeRef::<leptos::html::Input>::new();
    if is_first {
        focus_when_there(input);
    }
    let autocomplete = match usage {
        PasswordUse::Current => "current-password",
        PasswordUse::New => "new-password",
    };
    view! {
        <div class="wallet-field" class:is-wrong=move || fault.with(Option::is_some)>
            <label for=id>{label}</label>
            <input
                id=id
                type="password"
                autocomplete=autocomplete
                node_ref=input
                aria-invalid=move || fault.with(Option::is_some).then_some("true")
                aria-describedby=move || fault.with(Option::is_some).then(|| format!("{id}-fault"))
                prop:value=move || value.get()
                on:input=move |event| value.set(event_target_value(&event))
            />
            {dynamic(move || {
                fault
                    .get()
                    .map(|fault| view! { <p class="wallet-fault" role="alert" id=format!("{id}-fault")>{fault}</p> })
            })}
        </div>
    }
}

/// Gives the focus to a field when it appears.
pub(super) fn focus_when_there(input: NodeRef<leptos::html::Input>) {
    effect(move || {
        if let Some(input) = input.get() {
            let _ = input.focus();
        }
    });
}

/// Runs something in place of a form's own submission.
pub(super) fn submit(act: impl Fn() + 'static) -> impl Fn(SubmitEvent) + 'static {
    move |event| {
        event.prevent_default();
        act();
    }
}

/// Says what went wrong, at once, to those who hear the page too.
#[component]
pub(super) fn Alarm(
    /// The sentences; nothing is drawn without them.
    #[prop(into)]
    said: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <div role="alert" class="wallet-alarm-place">
            {dynamic(move || said.get().map(|said| view! { <p class="wallet-alarm">{said}</p> }))}
        </div>
    }
}
