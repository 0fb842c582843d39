//! The frame around every page: name, search, navigation, state of the connection.

use leptos::html;
use leptos::prelude::*;

use crate::components::brand::Brand;
use crate::components::icon::{Icon, IconSign};
use crate::components::link_state::{LinkState, OfflineNotice};
use crate::components::search_box::SearchBox;
use crate::components::theme_switch::ThemeSwitch;
use crate::follow::dynamic;
use crate::live::use_live;
use crate::router::A;

const PLACES: [(&str, &str, Icon); 5] = [
    ("/", "Overview", Icon::Overview),
    ("/wallet", "Wallet", Icon::Wallet),
    ("/explorer", "Explorer", Icon::Explorer),
    ("/mempool", "Mempool", Icon::Mempool),
    ("/network", "Network", Icon::Network),
];

/// The frame; index.html draws its outline before the page is there.
#[component]
pub(crate) fn Frame(
    /// The page.
    children: Children,
) -> impl IntoView {
    let content = NodeRef::<html::Main>::new();
    let skip = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        if let Some(content) = content.get_untracked() {
            let _ = content.focus();
        }
    };
    view! {
        <a class="skip" href="#content" on:click=skip>
            "Skip to the content"
        </a>
        // The light on all stones: from above, and a little shade beneath.
        <svg class="sr-only" width="0" height="0" aria-hidden="true">
            <linearGradient id="stone-light" x1="0" y1="0" x2="0" y2="1">
                <stop offset="0" stop-color="#fff" stop-opacity="0.16" />
                <stop offset="0.45" stop-color="#fff" stop-opacity="0" />
                <stop offset="1" stop-color="#000" stop-opacity="0.17" />
            </linearGradient>
        </svg>
        <div class="frame">
            <header class="head">
                <Brand />
                <SearchBox />
                <div class="head-end">
                    <LinkState />
                    <ThemeSwitch />
                </div>
            </header>
            <nav class="rail" aria-label="Main">
                <ul>{PLACES.map(|(href, name, icon)| view! { <Place href=href name=name icon=icon /> })}</ul>
                <NetworkName />
            </nav>
            <main class="main" id="content" tabindex="-1" node_ref=content>
                <OfflineNotice />
                {children()}
            </main>
        </div>
    }
}

#[component]
fn Place(href: &'static str, name: &'static str, icon: Icon) -> impl IntoView {
    view! {
        <li>
            <A href=href exact={href == "/"}>
                <IconSign icon=icon />
                <span>{name}</span>
            </A>
        </li>
    }
}

#[component]
fn NetworkName() -> impl IntoView {
    let live = use_live();
    view! {
        <p class="rail-foot quiet">
            {dynamic(move || {
                live.with(|status| format!("Network {} · version {}", status.network, status.version))
                    .unwrap_or_default()
            })}
        </p>
    }
}
