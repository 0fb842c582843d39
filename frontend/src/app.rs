//! The application: the frame around every page, and the routes.

use leptos::prelude::*;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::path;

use crate::pages::wallet::{WalletHome, WalletNew, WalletReceive, WalletRestore, WalletSend, WalletSettings};

/// The whole page.
#[component]
pub(crate) fn App() -> impl IntoView {
    view! {
        <Router>
            <Routes fallback=|| "Not found">
                <Route path=path!("/wallet") view=WalletHome />
                <Route path=path!("/wallet/new") view=WalletNew />
                <Route path=path!("/wallet/restore") view=WalletRestore />
                <Route path=path!("/wallet/send") view=WalletSend />
                <Route path=path!("/wallet/receive") view=WalletReceive />
                <Route path=path!("/wallet/settings") view=WalletSettings />
            </Routes>
        </Router>
    }
}
