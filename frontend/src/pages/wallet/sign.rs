//! `/wallet/sign`.

use leptos::prelude::*;

use super::gate::Gate;
use crate::components::heading::PageHeading;

/// `/wallet/sign`.
#[component]
pub(crate) fn WalletSign() -> impl IntoView {
    view! { <Gate children=|_| view! { <PageHeading title="Sign a message" /> } /> }
}
