//! The mark beside a figure: ✓ verified, ○ the node's word, ✗ refuted. Pressing it opens the steps.

use std::sync::atomic::{AtomicUsize, Ordering};

use frontend::view::verify::{Findings, Outcome, Step};
use leptos::prelude::*;

use crate::follow::{computed, dynamic};
use crate::live::use_live;

/// Marks on one page need names of their own.
static NEXT: AtomicUsize = AtomicUsize::new(0);

const fn look(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Proved => ("✓", "is-proved"),
        Outcome::Claimed => ("○", "is-claimed"),
        Outcome::Refuted => ("✗", "is-refuted"),
    }
}

/// The mark, and behind it the steps.
#[component]
pub(crate) fn Trust(
    /// What was checked.
    #[prop(into)]
    findings: Signal<Findings>,
    /// Says the mark's name beside it.
    #[prop(optional)]
    named: bool,
) -> impl IntoView {
    let id = format!("trust-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let live = use_live();
    let judged = computed(move || live.judge(findings.get()));
    let outcome = move || judged.with(|findings| findings.outcome);
    let name = move || judged.with(Findings::name);
    view! {
        <button
            class=move || format!("trust {}", look(outcome()).1)
            type="button"
            popovertarget=id.clone()
            aria-label=move || format!("{}: show the steps", name())
            title=name
        >
            <span aria-hidden="true">{dynamic(move || look(outcome()).0)}</span>
            {named.then(|| view! { <span class="trust-name">{dynamic(name)}</span> })}
        </button>
        <div class="trust-steps" id=id popover="auto" role="dialog" aria-label=name>
            <p class="trust-title">{dynamic(name)}</p>
            <ol>{dynamic(move || judged.with(|findings| findings.steps.iter().map(step).collect_view()))}</ol>
            <p class="quiet">"This page computed ✓ and ✗ itself, with the code that the node runs."</p>
        </div>
    }
}

/// The mark of what nothing proves.
pub(crate) fn claimed(why: &'static str) -> AnyView {
    view! { <Trust findings=Findings::claimed(why) /> }.into_any()
}

/// The same for a list of the node's.
pub(crate) fn claimed_list() -> AnyView {
    claimed(
        "That the list is complete and right is the node’s word: it could leave lines out. Each line has a page that shows \
         what is proved of it.",
    )
}

fn step(step: &Step) -> impl IntoView + use<> {
    let (sign, class) = look(step.outcome);
    let word = match step.outcome {
        Outcome::Proved => "Proved: ",
        Outcome::Claimed => "Claimed: ",
        Outcome::Refuted => "Refuted: ",
    };
    view! {
        <li class=format!("trust-step {class}")>
            <span class="trust-sign" aria-hidden="true">{sign}</span>
            <span><span class="sr-only">{word}</span>{step.text.clone()}</span>
        </li>
    }
}
