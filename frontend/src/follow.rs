//! What follows signals, in boxes: so what surrounds a closure is compiled once for all of one type, not for each.

use leptos::prelude::*;

/// Runs at once, and again whenever something that it read has changed.
pub(crate) fn effect(run: impl Fn() + 'static) {
    let run: Box<dyn Fn()> = Box::new(run);
    Effect::new(run);
}

/// A value that is computed from others, and changes only when it is another than before.
pub(crate) fn computed<T: PartialEq + Send + Sync + 'static>(read: impl Fn() -> T + Send + Sync + 'static) -> Memo<T> {
    let read: Box<dyn Fn() -> T + Send + Sync> = Box::new(read);
    Memo::new(move |_| read())
}

/// A part of the screen that is drawn again whenever something that it read has changed.
pub(crate) fn dynamic<V: IntoView + 'static>(draw: impl Fn() -> V + Send + 'static) -> AnyView {
    boxed(Box::new(move || draw().into_any()))
}

fn boxed(draw: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
    (move || draw()).into_any()
}
