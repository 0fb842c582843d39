//! The search in the head of every page: a height, a hash or an address.

use crate::browser::spawn;
use crate::follow::dynamic;
use frontend::view::search::{Query, classify};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use shared::api::{BlockJson, TransactionJson};

use crate::api::{self, Failure};
use crate::components::icon::{Icon, IconSign};
use crate::live::use_live;
use crate::router::use_navigate;

#[derive(Clone, PartialEq, Eq)]
enum Searching {
    Idle,
    /// The node is asked what a hash belongs to.
    Asking,
    Failed(String),
}

/// The field. What it cannot read, it says.
#[component]
pub(crate) fn SearchBox() -> impl IntoView {
    let live = use_live();
    let navigate = use_navigate();
    let typed = RwSignal::new(String::new());
    let state = RwSignal::new(Searching::Idle);
    let open = move |path: String| {
        typed.set(String::new());
        state.set(Searching::Idle);
        navigate(&path, Default::default());
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        match classify(&typed.get_untracked(), untrack(|| live.prefix()).as_ref()) {
            Ok(Query::Height(height)) => open(format!("/explorer/blocks/{height}")),
            Ok(Query::Address(address)) => open(format!("/explorer/accounts/{address}")),
            Ok(Query::Hash(hash)) => {
                state.set(Searching::Asking);
                let open = open.clone();
                spawn(async move {
                    match find(&hash).await {
                        Ok(path) => open(path),
                        Err(message) => state.set(Searching::Failed(message)),
                    }
                });
            }
            Err(error) => state.set(Searching::Failed(error.message())),
        }
    };
    let message = move || match state.get() {
        Searching::Idle => String::new(),
        Searching::Asking => "Asking the node…".to_owned(),
        Searching::Failed(message) => message,
    };
    let is_bad = move || matches!(state.get(), Searching::Failed(_));
    view! {
        <form class="search" role="search" on:submit=submit>
            <label class="sr-only" for="search">
                "Search"
            </label>
            <IconSign icon=Icon::Search />
            <input
                id="search"
                type="text"
                inputmode="search"
                enterkeyhint="search"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                placeholder="Height, hash or address"
                prop:value=move || typed.get()
                on:input=move |event| {
                    typed.set(event_target_value(&event));
                    state.set(Searching::Idle);
                }
                aria-invalid=move || is_bad().to_string()
                aria-describedby="search-message"
            />
            <p id="search-message" class="search-message" class:is-bad=is_bad role="status">
                {dynamic(message)}
            </p>
        </form>
    }
}

/// Where 32 bytes lead: to a block or to a transaction.
async fn find(hash: &str) -> Result<String, String> {
    let block = api::get::<BlockJson>(&format!("/blockchain/blocks/{hash}")).await;
    match block {
        Ok(block) => return Ok(format!("/explorer/blocks/{}", block.header.hash)),
        Err(Failure::Refused(_)) => {}
        Err(failure) => return Err(failure.title()),
    }
    match api::get::<TransactionJson>(&format!("/blockchain/transactions/{hash}")).await {
        Ok(transaction) => Ok(format!("/explorer/transactions/{}", transaction.id)),
        Err(failure) if failure.is_absence() => {
            Err("Neither a block nor a transaction of this node has that hash.".to_owned())
        }
        Err(failure) => Err(failure.title()),
    }
}
