//! The application: the frame around every page, and the screens in it.

use frontend::view::route::Screen;
use leptos::prelude::*;

use crate::components::frame::Frame;
use crate::components::heading::Arrivals;
use crate::follow::dynamic;
use crate::live::Live;
use crate::pages::account::AccountPage;
use crate::pages::block::BlockPage;
use crate::pages::check::CheckPage;
use crate::pages::explorer::Explorer;
use crate::pages::mempool::MempoolPage;
use crate::pages::network::NetworkPage;
use crate::pages::not_found::NotFound;
use crate::pages::overview::Overview;
use crate::pages::transaction::TransactionPage;
use crate::pages::wallet::{
    WalletActivity, WalletContacts, WalletHome, WalletNew, WalletReceive, WalletRestore, WalletSend, WalletSettings,
    WalletSign, provide_wallet,
};
use crate::router::Place;

/// The whole page.
#[component]
pub(crate) fn App() -> impl IntoView {
    let screen = Place::provide().screen();
    Live::provide();
    Arrivals::provide();
    provide_wallet();
    view! { <Frame>{dynamic(move || draw(screen.get()))}</Frame> }
}

fn draw(screen: Screen) -> AnyView {
    match screen {
        Screen::Overview => view! { <Overview /> }.into_any(),
        Screen::Wallet => view! { <WalletHome /> }.into_any(),
        Screen::WalletNew => view! { <WalletNew /> }.into_any(),
        Screen::WalletRestore => view! { <WalletRestore /> }.into_any(),
        Screen::WalletSend => view! { <WalletSend /> }.into_any(),
        Screen::WalletReceive => view! { <WalletReceive /> }.into_any(),
        Screen::WalletActivity => view! { <WalletActivity /> }.into_any(),
        Screen::WalletContacts => view! { <WalletContacts /> }.into_any(),
        Screen::WalletSign => view! { <WalletSign /> }.into_any(),
        Screen::WalletSettings => view! { <WalletSettings /> }.into_any(),
        Screen::Explorer => view! { <Explorer /> }.into_any(),
        Screen::Block => view! { <BlockPage /> }.into_any(),
        Screen::Transaction => view! { <TransactionPage /> }.into_any(),
        Screen::Account => view! { <AccountPage /> }.into_any(),
        Screen::Mempool => view! { <MempoolPage /> }.into_any(),
        Screen::Network => view! { <NetworkPage /> }.into_any(),
        Screen::Check => view! { <CheckPage /> }.into_any(),
        Screen::NotFound => view! { <NotFound /> }.into_any(),
    }
}
