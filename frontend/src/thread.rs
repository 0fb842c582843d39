//! What the page's workers share: one program in threads of its own, told apart by their names.

use frontend::keyworker::envelope;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent, Worker, WorkerOptions, WorkerType};
use zeroize::Zeroizing;

/// As `cargo xtask page` writes it.
const LOADER: &str = "/key-worker.js";

/// Starts a worker; none where the browser refuses.
pub(crate) fn start(name: &str) -> Option<Worker> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name(name);
    Worker::new_with_options(LOADER, &options).ok()
}

/// Takes what the page posts from now on, in the worker.
pub(crate) fn listen(scope: &DedicatedWorkerGlobalScope, take: fn(Zeroizing<Vec<u8>>)) {
    let receive = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        if let Some(bytes) = envelope::received(&event) {
            take(bytes);
        }
    });
    scope.set_onmessage(Some(receive.as_ref().unchecked_ref()));
    receive.forget();
    // Messages posted before this line would be lost, so the page waits for it.
    let _ = scope.post_message(&JsValue::NULL);
}
