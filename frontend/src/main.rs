//! The page: mounts the application into the shell that index.html has already painted.

// The `component` macro writes a public struct of properties beside every component.
#![allow(unreachable_pub)]

mod api;
mod app;
mod browser;
mod components;
mod live;
mod pages;
mod router;

fn main() {
    // One synchronous step: nothing is painted between the shell's end and the application's beginning.
    if let Some(shell) = leptos::prelude::document().get_element_by_id("shell") {
        shell.remove();
    }
    leptos::mount::mount_to_body(app::App);
}
