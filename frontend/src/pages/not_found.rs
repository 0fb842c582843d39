//! An address that leads nowhere.

use leptos::prelude::*;

use crate::components::empty::Empty;
use crate::components::heading::PageHeading;

/// What stands where no page is.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    view! {
        <PageHeading title="No such page" />
        <Empty title="No cairn stands here.">
            "The address has a typing mistake, or the page has moved. "
            <a href="/">"Go to the overview"</a>" or search above."
        </Empty>
    }
}
