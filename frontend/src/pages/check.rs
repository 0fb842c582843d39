//! `/check`: opens what somebody was given.

use leptos::prelude::*;

use crate::components::heading::PageHeading;

/// `/check`.
#[component]
pub(crate) fn CheckPage() -> impl IntoView {
    view! { <PageHeading title="Check" /> }
}
