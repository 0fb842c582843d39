//! Lists whose lines keep their place in the document while others come and go. Compiled once for all lists: each kind of
//! line had weighed 3 KB in brotli.

use leptos::prelude::*;

/// A line of a list.
pub(crate) struct Line {
    /// What tells it from the others.
    key: String,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

impl Line {
    /// A line that is drawn when it first appears.
    pub(crate) fn new(key: String, draw: impl FnOnce() -> AnyView + Send + 'static) -> Self {
        Self {
            key,
            draw: Box::new(draw),
        }
    }
}

/// The lines, in this order.
pub(crate) fn keyed(lines: impl Fn() -> Vec<Line> + Send + 'static) -> AnyView {
    let lines: Box<dyn Fn() -> Vec<Line> + Send> = Box::new(lines);
    view! { <For each=lines key=|line| line.key.clone() children=|line| (line.draw)() /> }.into_any()
}
