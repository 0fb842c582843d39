//! The switches of `cairn up`: the network on one machine is cut in two, and joined again.

use frontend::view::map::{NetworkMap, cut, halves};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::forms::Request;
use crate::components::loaded::Question;
use crate::follow::computed;

/// The switches; nothing where the network is no single machine's.
pub(super) fn switches(map: Question) -> AnyView {
    let request = Request::new("cut");
    // The numbers that a person chose, as they were typed. They stay while the map changes.
    let typed = RwSignal::new(None::<String>);
    let last = computed(move || map.read(|answer| NetworkMap::of(answer).last()).flatten());
    let parts = computed(move || map.read(|answer| NetworkMap::of(answer).parts()).flatten());
    // Before anybody chose: the later half.
    let apart = move || typed.get().or_else(|| last.get().map(halves)).unwrap_or_default();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        match parts.get_untracked() {
            Some(_) => {
                let done = |_: &_| Some("The network is whole again.".to_owned());
                request.ask("/blockchain/network/join", Some("{}".to_owned()), done, map);
            }
            None => {
                let Some(body) = cut(&untrack(apart)) else {
                    return request.refuse("Type the numbers of the nodes to cut off, such as 2, 3.");
                };
                let done = |_: &_| Some("The network is cut.".to_owned());
                request.ask("/blockchain/network/cut", Some(body), done, map);
            }
        }
    };
    let card = move || {
        last.get()?;
        let choice = match parts.get() {
            Some(parts) => {
                let said = [
                    "Cut: ",
                    &parts,
                    ". Each part mines on alone; joined, the one with the most work counts.",
                ];
                view! { <p>{said.concat()}</p> }.into_any()
            }
            None => request.field(
                "Nodes to cut off from the others",
                "Their numbers, separated by commas.",
                "2, 3",
                typed,
                Signal::derive(apart),
            ),
        };
        let name = if parts.with(Option::is_some) { "Join" } else { "Cut" };
        Some(view! {
            <form class="card form" on:submit=submit>
                <h3>"Cut and join"</h3>
                {choice}
                {request.button(name)}
                {request.outcome()}
            </form>
        })
    };
    card.into_any()
}
