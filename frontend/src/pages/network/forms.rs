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
    is_asked: RwSignal<bool>,
    answer: RwSignal<Option<Result<String, Failure>>>,
}

impl Request {
    pub(super) fn new() -> Self {
        Self {
            is_asked: RwSignal::new(false),
            answer: RwSignal::new(None),
        }
    }

    /// Says something without asking.
    pub(super) fn say(self, said: &str) {
        self.answer.set(Some(Ok(said.to_owned())));
    }

    /// Asks, by POST if there is a body, and says what `read` makes of the answer. What is known is asked for again.
    pub(super) fn ask(self, path: &'static str, body: Option<String>, read: fn(&Value) -> String, known: Question) {
        if self.is_asked.get_untracked() {
            return;
        }
        self.is_asked.set(true);
        spawn(async move {
            let answer = api::exchange(path.to_owned(), body).await;
            let answer = answer.and_then(|text| api::decode::<Value>(&text));
            known.again();
            self.is_asked.try_set(false);
            self.answer.try_set(Some(answer.map(|answer| read(&answer))));
        });
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
            <div role="status">
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
    let typed = RwSignal::new(String::new());
    let request = Request::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let text = typed.get_untracked();
        if text.trim().is_empty() {
            return request.say("Type the address of a node, such as 192.168.1.20:5000.");
        }
        // Spaces separate as well as commas do.
        let body = serde_json::to_string(&text.trim().replace(' ', ","));
        let body = ["{\"nodes\":", &body.unwrap_or_default(), "}"].concat();
        request.ask("/blockchain/nodes/register", Some(body), registered, known);
    };
    view! {
        <form class="card form" on:submit=submit>
            <h3>"Register"</h3>
            <label class="field">
                <span class="field-label">"Nodes"</span>
                <input
                    type="text"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    placeholder="192.168.1.20:5000"
                    prop:value=move || typed.get()
                    on:input=move |event| typed.set(event_target_value(&event))
                />
                <span class="field-hint">"Several are separated by commas."</span>
            </label>
            {request.button("Register")}
            {request.outcome()}
        </form>
    }
    .into_any()
}

/// Asks the peers for a chain with more work.
pub(super) fn resolve(known: Question) -> AnyView {
    let request = Request::new();
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
