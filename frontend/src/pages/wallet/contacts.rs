//! `/wallet/contacts`.

use leptos::prelude::*;

use super::gate::Gate;
use crate::components::heading::PageHeading;

/// `/wallet/contacts`.
#[component]
pub(crate) fn WalletContacts() -> impl IntoView {
    view! { <Gate children=|_| view! { <PageHeading title="Contacts" /> } /> }
}
