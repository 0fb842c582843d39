//! The page: mounts the application into the shell that index.html has already painted. In a worker the same program keeps
//! keys instead, or follows the chain; page and workers share the code, and no memory.

// The `component` macro writes a public struct of properties beside every component.
#![allow(unreachable_pub)]

mod api;
mod app;
mod browser;
mod chain_worker;
mod components;
mod live;
mod pages;
mod proving;
mod router;
mod worker;

use wasm_bindgen::JsCast;
use web_sys::DedicatedWorkerGlobalScope;

fn main() {
    if let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() {
        match scope.name().as_str() {
            chain_worker::NAME => chain_worker::run(&scope),
            _ => worker::run(&scope),
        }
        return;
    }
    // One synchronous step: nothing is painted between the shell's end and the application's beginning.
    if let Some(shell) = leptos::prelude::document().get_element_by_id("shell") {
        shell.remove();
    }
    leptos::mount::mount_to_body(app::App);
}
