//! The heading of a page: names the document, and takes the focus when a person has come here from another page.

use leptos::html;
use leptos::prelude::*;

use crate::follow::{dynamic, effect};

/// Which pages were shown: the first gets no focus, for the browser begins at its top anyway.
#[derive(Clone, Copy)]
pub(crate) struct Arrivals(StoredValue<bool>);

impl Arrivals {
    /// Gives the children the memory.
    pub(crate) fn provide() {
        provide_context(Self(StoredValue::new(false)));
    }
}

/// The one heading of the first rank.
#[component]
pub(crate) fn PageHeading(
    /// The text, which names the document as well.
    #[prop(into)]
    title: Signal<String>,
    /// Small text above it that says what kind of thing this is.
    #[prop(optional)]
    kind: &'static str,
) -> impl IntoView {
    let heading = NodeRef::<html::H1>::new();
    let arrivals = use_context::<Arrivals>();
    let known = StoredValue::new(String::new());
    effect(move || {
        let title = title.get();
        document().set_title(&format!("{title} · Cairn"));
        let Some(heading) = heading.get() else { return };
        let is_same = known.with_value(|known| *known == title);
        known.set_value(title);
        if is_same {
            return;
        }
        if let Some(Arrivals(has_arrived)) = arrivals {
            if has_arrived.get_value() {
                let _ = heading.focus();
            }
            has_arrived.set_value(true);
        }
    });
    view! {
        <div class="heading">
            {(!kind.is_empty()).then(|| view! { <p class="heading-kind">{kind}</p> })}
            <h1 tabindex="-1" node_ref=heading>
                {dynamic(move || title.get())}
            </h1>
        </div>
    }
}
