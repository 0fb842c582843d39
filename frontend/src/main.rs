//! The page: mounts the application into the shell that index.html has already painted. In a worker the same program keeps
//! keys instead, or follows the chain; page and workers share the code, and no memory.

// The `component` macro writes a public struct of properties beside every component.
#![allow(unreachable_pub)]

mod api;
mod app;
mod browser;
mod chain_worker;
mod components;
mod fetch;
mod follow;
mod live;
mod pages;
mod proving;
mod router;
mod thread;
mod worker;

use wasm_bindgen::JsCast;
use web_sys::DedicatedWorkerGlobalScope;

fn main() {
    if let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() {
        let is_of_chain = scope.name() == chain_worker::NAME;
        thread::listen(&scope, if is_of_chain { chain_worker::take } else { worker::take });
        return;
    }
    // One synchronous step: nothing is painted between the shell's end and the application's beginning.
    if let Some(shell) = leptos::prelude::document().get_element_by_id("shell") {
        shell.remove();
    }
    leptos::mount::mount_to_body(app::App);
}
