//! What is there only at times. Compiled once for all of it.

use leptos::prelude::*;

use crate::follow::computed;

/// Draws something as long as a condition holds; nothing is drawn anew while it goes on to hold.
pub(crate) fn shown(
    when: impl Fn() -> bool + Send + Sync + 'static,
    draw: impl Fn() -> AnyView + Send + 'static,
) -> AnyView {
    place(Box::new(when), Box::new(draw))
}

fn place(when: Box<dyn Fn() -> bool + Send + Sync>, draw: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
    let when = computed(when);
    (move || when.get().then(&draw)).into_any()
}
