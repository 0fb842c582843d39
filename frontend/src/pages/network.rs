//! `/network`: this node, the rules of its chain, the network as it knows it, and the branches of the chain.

mod cut;
mod forms;

use frontend::view::forks::Forks;
use frontend::view::map::NetworkMap;
use frontend::view::peers;
use leptos::prelude::*;
use shared::api::Status;

use crate::components::fact::fact;
use crate::components::hash::HashText;
use crate::components::heading::PageHeading;
use crate::components::loaded::{question, written};
use crate::components::skeleton::SkeletonRows;
use crate::components::trust::claimed;
use crate::follow::{computed, dynamic};
use crate::live::use_live;
use crate::pages::verification::verification;

/// How often the network is looked at again, in milliseconds.
const BEAT_MS: u64 = 2_000;

/// The network's page.
#[component]
pub(crate) fn NetworkPage() -> impl IntoView {
    let live = use_live();
    // Who is connected changes without an event; blocks are told of at once. Nobody looks at a hidden page.
    let beat = computed(move || {
        let now = live.now();
        if document().hidden() { 0 } else { now / BEAT_MS }
    });
    let follow = move || {
        if beat.get() > 0 {
            live.track_chain();
        }
    };
    let map = question(|| "/blockchain/nodes/map".to_owned(), follow);
    let nodes = question(|| "/blockchain/nodes/get".to_owned(), follow);
    let branches = question(|| "/blockchain/forks".to_owned(), follow);
    let skeleton = || view! { <SkeletonRows rows=3 /> }.into_any();
    view! {
        <PageHeading title="Network" />
        <ThisNode />
        {verification()}
        <section aria-labelledby="map-title">
            <h2 id="map-title">"Map " {claimed("Who is connected to whom is the word of this node and of its peers.")}</h2>
            {written(map, skeleton, "nodes", |answer| NetworkMap::of(answer).markup())}
            {cut::switches(map)}
        </section>
        <section aria-labelledby="forks-title">
            <h2 id="forks-title">"Branches " {claimed("Which branches there are is the node’s word.")}</h2>
            {written(branches, skeleton, "blocks", |answer| Forks::of(answer).markup())}
        </section>
        <section aria-labelledby="peers-title">
            <h2 id="peers-title">"Peers " {claimed("Who the node is connected to is its word.")}</h2>
            <div class="columns">
                {forms::register(nodes)}
                {forms::resolve(nodes)}
            </div>
            {written(nodes, skeleton, "nodes", peers::list)}
        </section>
    }
}

#[component]
fn ThisNode() -> impl IntoView {
    let live = use_live();
    // Height and age change with every block; these do not.
    let genesis = computed(move || live.with(|status| status.genesis_hash.to_string()).unwrap_or_default());
    view! {
        <section>
            <h2>"This node"</h2>
            {dynamic(move || {
                let _ = genesis.get();
                untrack(|| live.status()).map_or_else(|| view! { <SkeletonRows rows=5 /> }.into_any(), identity)
            })}
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
    let facts = vec![
        fact("Network", network),
        fact("Version", version),
        fact(
            "Genesis hash",
            view! { <HashText hash=genesis_hash.to_string() name="Genesis hash" href="/explorer/blocks/0" /> },
        ),
        fact(
            "Coin",
            view! { {symbol} <span class="quiet">" · 100,000,000 base units each"</span> },
        ),
        fact(
            "Addresses begin with",
            view! { <span class="mono">{[&prefix, "1"].concat()}</span> },
        ),
        fact("Aimed interval", frontend::view::time::duration(interval_ms)),
        fact("Mining", if mining { "always" } else { "on demand" }),
        fact("Limits", "memo 64 bytes · 100 transfers a batch · pages of 100"),
        fact(
            "For programs",
            view! { <a href="/docs" rel="external">"HTTP description"</a> },
        ),
    ];
    view! { <dl class="fields">{facts}</dl> }.into_any()
}
