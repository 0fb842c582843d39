//! What a person asks of the node about its peers: to register some, and to go after the chain with the most work.

use frontend::json::Value;
use frontend::view::peers::{registered, resolved};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::api::{self, Failure};
use crate::browser::spawn;
use crate::components::failure::FailureNotice;
use crate::components::loaded::Question;
use crate::follow::dynamic;

/// What is asked, and what came of it: nothing yet, asked, answered.
#[derive(Clone, Copy)]
pub(super) struct Request {
    /// The id of the answer's place.
    id: &'static str,
    is_asked: RwSignal<bool>,
    /// Whether what was typed is nothing that could be asked.
    is_wrong: RwSignal<bool>,
    answer: RwSignal<Option<Result<String, Failure>>>,
}

impl Request {
    pub(super) fn new(id: &'static str) -> Self {
        Self {
            id,
            is_asked: RwSignal::new(false),
            is_wrong: RwSignal::new(false),
            answer: RwSignal::new(None),
        }
    }

    /// Says what to type instead, without asking.
    pub(super) fn refuse(self, said: &str) {
        self.is_wrong.set(true);
        self.answer.set(Some(Ok(said.to_owned())));
    }

    /// Asks, by POST if there is a body, and says what `read` makes of the answer, if that is one. What is known is asked for
    /// again.
    pub(super) fn ask(
        self,
        path: &'static str,
        body: Option<String>,
        read: fn(&Value) -> Option<String>,
        known: Question,
    ) {
        if self.is_asked.get_untracked() {
            return;
        }
        self.is_asked.set(true);
        self.is_wrong.set(false);
        spawn(async move {
            let answer = api::exchange(path.to_owned(), body).await;
            let said = answer
                .and_then(|text| api::decode::<Value>(&text))
                .and_then(|answer| read(&answer).ok_or_else(|| Failure::Unreadable(String::new())));
            known.again();
            self.is_asked.try_set(false);
            self.answer.try_set(Some(said));
        });
    }

    /// A field of the form: `typed` holds what a person typed, and `shown` also what stands there before.
    pub(super) fn field(
        self,
        label: &'static str,
        hint: &'static str,
        example: &'static str,
        typed: RwSignal<Option<String>>,
        shown: Signal<String>,
    ) -> AnyView {
        view! {
            <label class="field">
                <span class="field-label">{label}</span>
                <input
                    type="text"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    placeholder=example
                    aria-invalid=move || self.is_wrong.get().then_some("true")
                    aria-describedby=move || self.is_wrong.get().then_some(self.id)
                    prop:value=move || shown.get()
                    on:input=move |event| typed.set(Some(event_target_value(&event)))
                />
                <span class="field-hint">{hint}</span>
            </label>
        }
        .into_any()
    }

    /// The button, which keeps the focus while it is asked.
    pub(super) fn button(self, name: &'static str) -> AnyView {
        view! {
            <button class="button" type="submit" aria-disabled=move || self.is_asked.get().then_some("true")>
                {name}
            </button>
        }
        .into_any()
    }

    /// The answer's place on the screen.
    pub(super) fn outcome(self) -> AnyView {
        view! {
            <div role="status" id=self.id>
                {dynamic(move || match self.answer.get() {
                    _ if self.is_asked.get() => "Asking…".into_any(),
                    None => ().into_any(),
                    Some(Ok(said)) => said.into_any(),
                    Some(Err(failure)) => view! { <FailureNotice failure=failure /> }.into_any(),
                })}
            </div>
        }
        .into_any()
    }
}

/// Registers nodes.
pub(super) fn register(known: Question) -> AnyView {
    let typed = RwSignal::new(None::<String>);
    let request = Request::new("registered");
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let text = typed.get_untracked().unwrap_or_default();
        if text.trim().is_empty() {
            return request.refuse("Type the address of a node, such as 192.168.1.20:5000.");
        }
        // Spaces separate as well as commas do.
        let body = serde_json::to_string(&text.trim().replace(' ', ","));
        let body = ["{\"nodes\":", &body.unwrap_or_default(), "}"].concat();
        request.ask("/blockchain/nodes/register", Some(body), registered, known);
    };
    let shown = Signal::derive(move || typed.get().unwrap_or_default());
    view! {
        <form class="card form" on:submit=submit>
            <h3>"Register"</h3>
            {request.field("Nodes", "Several are separated by commas.", "192.168.1.20:5000", typed, shown)}
            {request.button("Register")}
            {request.outcome()}
        </form>
    }
    .into_any()
}

/// Asks the peers for a chain with more work.
pub(super) fn resolve(known: Question) -> AnyView {
    let request = Request::new("resolved");
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        request.ask("/blockchain/nodes/resolve", None, resolved, known);
    };
    view! {
        <form class="card form" on:submit=submit>
            <h3>"Resolve"</h3>
            <p>
                "Asks the peers for a chain with more work. What they answer is verified whole before anything changes."
            </p>
            {request.button("Resolve")}
            {request.outcome()}
        </form>
    }
    .into_any()
}
