//! The section of `/network` that says what of the chain was verified here, against what, and what that is worth.

use frontend::chain::Proved;
use frontend::view::text::{bytes, count, grouped, short_number, to_f64};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use shared::api::Decimal;

use crate::components::fact::fact;
use crate::components::hash::HashText;
use crate::components::when::When;
use crate::follow::dynamic;
use crate::live::use_live;
use crate::proving::nodes;

/// The section.
pub(crate) fn verification() -> impl IntoView {
    let live = use_live();
    let typed = RwSignal::new(nodes());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        live.name_nodes(&typed.get_untracked());
    };
    view! {
        <section id="verification" class="verification" aria-labelledby="verification-title">
            <h2 id="verification-title">"Verification"</h2>
            {dynamic(move || live.with_proved(standing))}
            <details>
                <summary>{dynamic(move || live.with_proved(summary))}</summary>
                <pre class="mono" tabindex="0">{dynamic(move || live.with_proved(headers))}</pre>
            </details>
            <details>
                <summary>"What this protects from, and what not"</summary>
                <ul>
                    <li>
                        "It protects from a node that invents balances, transfers, blocks or work, or goes back to a chain with
                        less work than this browser has seen: it is found out, and nothing is sent on its word."
                    </li>
                    <li>
                        "Not from a node that withholds new blocks while it is the only one asked: look at the age of the newest
                        block, and name further nodes below."
                    </li>
                    <li>"Not from whoever does more than half of the chain’s work, nor from great luck with less."</li>
                    <li>
                        "Not from an evil server that gives you this page the first time. Later, the installed page takes only
                        files that its own version knows."
                    </li>
                </ul>
            </details>
            <form class="card form" on:submit=submit>
                <label class="field">
                    <span class="field-label">"Further nodes"</span>
                    <textarea
                        rows="2"
                        autocapitalize="none"
                        spellcheck="false"
                        placeholder="http://192.168.1.20:5000"
                        prop:value=move || typed.get()
                        on:input=move |event| typed.set(event_target_value(&event))
                    ></textarea>
                    <span class="field-hint">
                        "One address on each line. Their proofs are held against this node’s; the chain with the most work
                        counts. This node’s operator has to name them with --witness, and theirs this one with --allow-origin."
                    </span>
                </label>
                <div class="wallet-actions">
                    <button class="button" type="submit">
                        "Compare"
                    </button>
                    <button class="button button-quiet" type="button" on:click=move |_| live.prove_anew()>
                        "Verify anew"
                    </button>
                </div>
            </form>
        </section>
    }
}

fn summary(proved: &Proved) -> String {
    let known = proved.places.len() as u64;
    let all = proved.tip().map_or(0, |tip| tip.height + 1);
    let known = count(known, "header", "headers");
    [&known, " of ", &grouped(all), " were looked at, each with its work"].concat()
}

/// One on each line, the newest first.
fn headers(proved: &Proved) -> String {
    let mut lines = String::new();
    for place in proved.places.iter().rev() {
        lines.push_str(&grouped(place.height));
        lines.push_str("  ");
        lines.push_str(&place.hash.to_string());
        lines.push('\n');
    }
    lines
}

fn standing(proved: &Proved) -> AnyView {
    let lie = proved.lie.as_ref().map(|lie| {
        view! {
            <p class="wallet-alarm" role="alert">
                "Do not trust this node: " {lie.clone()} ". Nothing is sent on its word. If its owner started the chain anew, press “Verify anew”."
            </p>
        }
    });
    let silence = proved
        .silence
        .as_ref()
        .map(|why| view! { <p role="status">"The node gave no proof: " {why.clone()} "."</p> });
    let facts = proved.tip().zip(proved.last.as_ref()).map(|(tip, last)| {
        let undone = (last.undone > 0).then(|| {
            let blocks = count(last.undone, "block", "blocks");
            view! { <p role="status">"At least " {blocks} " proved before were replaced by a chain with no less work."</p> }
        });
        let hash = tip.hash.to_string();
        let block = view! {
            "block " {grouped(tip.height)} ", " <When time_ms=last.tip_time /> " "
            <HashText hash=hash.clone() name="Proved block" href=["/explorer/blocks/", &hash].concat() />
        };
        let work = short_number(to_f64(&Decimal(tip.work)));
        let facts = vec![
            fact("Proved up to", block),
            fact("Work", ["about ", &work, " attempts"].concat()),
            fact("Read last", [&bytes(last.bytes), ", verified in ", &last.millis.to_string(), " ms"].concat()),
        ];
        view! {
            {undone}
            <dl class="fields">{facts}</dl>
        }
    });
    let is_waiting = lie.is_none() && silence.is_none() && facts.is_none();
    let others = proved.others.iter().map(|(url, said)| {
        view! { <li class="row"><span class="row-name mono">{url.clone()}</span> <span class="row-note">{said.clone()}</span></li> }
    });
    view! {
        {lie}
        {silence}
        {is_waiting.then_some("The proof of the chain is on its way …")}
        {facts}
        <ul class="rows">{others.collect_view()}</ul>
    }
    .into_any()
}
