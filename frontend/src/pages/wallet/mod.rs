//! The wallet's screens.

use leptos::prelude::*;

#[component]
pub(crate) fn WalletHome() -> impl IntoView {}

#[component]
pub(crate) fn WalletNew() -> impl IntoView {}

#[component]
pub(crate) fn WalletRestore() -> impl IntoView {}

#[component]
pub(crate) fn WalletSend() -> impl IntoView {}

#[component]
pub(crate) fn WalletReceive() -> impl IntoView {}

#[component]
pub(crate) fn WalletSettings() -> impl IntoView {}
