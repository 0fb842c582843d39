//! `/wallet/activity`.

use leptos::prelude::*;

use super::gate::Gate;
use crate::components::heading::PageHeading;

/// `/wallet/activity`.
#[component]
pub(crate) fn WalletActivity() -> impl IntoView {
    view! { <Gate children=|_| view! { <PageHeading title="Activity" /> } /> }
}
