//! The application: the frame around every page, and the routes.

use leptos::prelude::*;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::path;

use crate::components::frame::Frame;
use crate::components::heading::Arrivals;
use crate::live::Live;
use crate::pages::account::AccountPage;
use crate::pages::block::BlockPage;
use crate::pages::explorer::Explorer;
use crate::pages::mempool::MempoolPage;
use crate::pages::network::NetworkPage;
use crate::pages::not_found::NotFound;
use crate::pages::overview::Overview;
use crate::pages::transaction::TransactionPage;
use crate::pages::wallet::{
    WalletHome, WalletNew, WalletReceive, WalletRestore, WalletSend, WalletSettings, provide_wallet,
};

/// The whole page.
#[component]
pub(crate) fn App() -> impl IntoView {
    Live::provide();
    Arrivals::provide();
    provide_wallet();
    view! {
        <Router>
            <Frame>
                <Routes fallback=NotFound>
                    <Route path=path!("/") view=Overview />
                    <Route path=path!("/wallet") view=WalletHome />
                    <Route path=path!("/wallet/new") view=WalletNew />
                    <Route path=path!("/wallet/restore") view=WalletRestore />
                    <Route path=path!("/wallet/send") view=WalletSend />
                    <Route path=path!("/wallet/receive") view=WalletReceive />
                    <Route path=path!("/wallet/settings") view=WalletSettings />
                    <Route path=path!("/explorer") view=Explorer />
                    <Route path=path!("/explorer/blocks/:id") view=BlockPage />
                    <Route path=path!("/explorer/transactions/:id") view=TransactionPage />
                    <Route path=path!("/explorer/accounts/:address") view=AccountPage />
                    <Route path=path!("/mempool") view=MempoolPage />
                    <Route path=path!("/network") view=NetworkPage />
                </Routes>
            </Frame>
        </Router>
    }
}
