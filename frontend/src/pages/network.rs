//! `/network`: this node, the rules of its chain, and its peers.

use crate::browser::spawn;
use frontend::view::peers::{NodeList, Peer, Said};
use frontend::view::text::grouped;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use serde::Serialize;
use shared::api::Status;

use crate::api::{self, Failure};
use crate::components::empty::Empty;
use crate::components::failure::FailureNotice;
use crate::components::hash::HashText;
use crate::components::heading::PageHeading;
use crate::components::loaded::{loaded, question};
use crate::components::skeleton::SkeletonRows;
use crate::components::trust::claimed;
use crate::live::use_live;
use crate::pages::verification::verification;

#[derive(Serialize)]
struct Register {
    nodes: Vec<String>,
}

/// A request to the node, from the press to the answer.
#[derive(Debug, Clone, PartialEq)]
enum Asking {
    Idle,
    Asked,
    Answered(String),
    Failed(Failure),
}

/// The network's page.
#[component]
pub(crate) fn NetworkPage() -> impl IntoView {
    let live = use_live();
    let nodes = question(|| "/blockchain/nodes/get".to_owned(), move || live.track_chain());
    view! {
        <PageHeading title="Network" />
        <ThisNode />
        {verification()}
        <section>
            <h2>"Peers " {claimed("Who the node is connected to is its word.")}</h2>
            {loaded(nodes, || view! { <SkeletonRows rows=2 /> }.into_any(), move |list: NodeList| view! { <Peers list=list /> })}
            <div class="columns">
                <RegisterForm />
                <ResolveForm />
            </div>
        </section>
    }
}

#[component]
fn ThisNode() -> impl IntoView {
    let live = use_live();
    // Height and age change with every block; these do not.
    let genesis = Memo::new(move |_| live.with(|status| status.genesis_hash.to_string()).unwrap_or_default());
    view! {
        <section>
            <h2>"This node"</h2>
            {move || {
                let _ = genesis.get();
                untrack(|| live.status()).map_or_else(|| view! { <SkeletonRows rows=5 /> }.into_any(), identity)
            }}
        </section>
    }
}

fn identity(status: Status) -> AnyView {
    let Status {
        network,
        version,
        symbol,
        prefix,
        interval_ms,
        mining,
        genesis_hash,
        ..
    } = status;
    view! {
        <dl class="fields">
            <div>
                <dt>"Network"</dt>
                <dd>{network}</dd>
            </div>
            <div>
                <dt>"Version"</dt>
                <dd>{version}</dd>
            </div>
            <div>
                <dt>"Genesis hash"</dt>
                <dd>
                    <HashText hash=genesis_hash.to_string() name="Genesis hash" href="/explorer/blocks/0" />
                </dd>
            </div>
            <div>
                <dt>"Coin"</dt>
                <dd>{symbol} <span class="quiet">" · 100,000,000 base units each"</span></dd>
            </div>
            <div>
                <dt>"Addresses begin with"</dt>
                <dd class="mono">{prefix} "1"</dd>
            </div>
            <div>
                <dt>"Aimed interval"</dt>
                <dd>{frontend::view::time::duration(interval_ms)}</dd>
            </div>
            <div>
                <dt>"Mining"</dt>
                <dd>{if mining { "always" } else { "on demand" }}</dd>
            </div>
            <div>
                <dt>"Limits"</dt>
                <dd>"memo 64 bytes · 100 transfers a batch · pages of 100"</dd>
            </div>
            <div>
                <dt>"For programs"</dt>
                <dd>
                    <a href="/docs" rel="external">"HTTP description"</a>
                </dd>
            </div>
        </dl>
    }
    .into_any()
}

#[component]
fn Peers(list: NodeList) -> impl IntoView {
    if list.nodes.is_empty() {
        return view! {
            <Empty title="This node stands alone.">
                "It knows no other: what it mines and what you send stays on it until you register one."
            </Empty>
        }
        .into_any();
    }
    let name = |node: &Peer| {
        let Peer { address, state } = node.clone();
        view! {
            <li class="row">
                <span class="mono break">{address}</span>
                <span class="row-note quiet">{state}</span>
            </li>
        }
    };
    view! {
        <p class="quiet">{grouped(list.nodes.len() as u64)} " known"</p>
        <ul class="rows">{list.nodes.iter().map(name).collect_view()}</ul>
    }
    .into_any()
}

#[component]
fn RegisterForm() -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let asking = RwSignal::new(Asking::Idle);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let text = typed.get_untracked();
        let nodes: Vec<String> = text
            .split([',', ' ', '\n'])
            .filter(|node| !node.is_empty())
            .map(str::to_owned)
            .collect();
        if nodes.is_empty() {
            asking.set(Asking::Answered(
                "Type the address of a node, such as 192.168.1.20:5000.".to_owned(),
            ));
            return;
        }
        asking.set(Asking::Asked);
        spawn(async move {
            let answer = api::post::<Said>("/blockchain/nodes/register", &Register { nodes }).await;
            asking.try_set(outcome(answer));
        });
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
            <button class="button" type="submit" disabled=move || asking.get() == Asking::Asked>
                "Register"
            </button>
            <Outcome asking=asking />
        </form>
    }
}

#[component]
fn ResolveForm() -> impl IntoView {
    let asking = RwSignal::new(Asking::Idle);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        asking.set(Asking::Asked);
        spawn(async move {
            asking.try_set(outcome(api::get::<Said>("/blockchain/nodes/resolve").await));
        });
    };
    view! {
        <form class="card form" on:submit=submit>
            <h3>"Resolve"</h3>
            <p>
                "Asks the peers for a chain with more work. What they answer is verified whole before anything changes."
            </p>
            <button class="button" type="submit" disabled=move || asking.get() == Asking::Asked>
                "Resolve"
            </button>
            <Outcome asking=asking />
        </form>
    }
}

fn outcome(answer: Result<Said, Failure>) -> Asking {
    match answer {
        Ok(said) => Asking::Answered(said.message),
        Err(failure) => Asking::Failed(failure),
    }
}

#[component]
fn Outcome(asking: RwSignal<Asking>) -> impl IntoView {
    view! {
        <div role="status">
            {move || match asking.get() {
                Asking::Idle => ().into_any(),
                Asking::Asked => view! { <p class="quiet">"Asking…"</p> }.into_any(),
                Asking::Answered(message) => view! { <p>{message}</p> }.into_any(),
                Asking::Failed(failure) => view! { <FailureNotice failure=failure /> }.into_any(),
            }}
        </div>
    }
}
