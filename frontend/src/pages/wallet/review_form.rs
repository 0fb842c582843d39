//! A form that goes on to the review of a transfer, and waits for that while a block is proved.

use leptos::prelude::*;

use super::parts::submit;
use super::send::Process;
use super::session::Wallet;
use crate::components::heading::PageHeading;
use crate::follow::{dynamic, effect};
use crate::live::use_live;

/// The fields, the button, and what stands beside that. `go` goes on to the review; `typed` hears the id of a field in which
/// something is typed.
pub(super) fn review_form(
    wallet: Wallet,
    process: Process,
    title: &'static str,
    (fields, beside): (AnyView, AnyView),
    go: Callback<()>,
    typed: Callback<String>,
) -> AnyView {
    let (live, waits) = (use_live(), process.waits);
    waits.set(None);
    // The node tells of a block a moment before the chain up to it is proved.
    effect(move || {
        live.track_proved();
        wallet.ledger.holdings.track();
        if waits.get_untracked().is_some() {
            waits.set(None);
            untrack(|| go.run(()));
        }
    });
    let is_waiting = move || waits.with(Option::is_some);
    let typed = move |event| {
        // Who types on is not to be led away.
        waits.set(None);
        typed.run(event_target::<web_sys::Element>(&event).id());
    };
    view! {
        <PageHeading title=title.to_owned() />
        <form class="card wallet-send" on:submit=submit(move || go.run(())) on:input=typed novalidate>
            {fields}
            <div class="wallet-actions">
                <button type="submit" class="button" aria-disabled=move || is_waiting().then_some("true")>
                    {dynamic(move || if is_waiting() { "Verifying your balance…" } else { "Review" })}
                </button>
                {beside}
            </div>
            <p class="wallet-hint" role="status">{dynamic(move || waits.get())}</p>
        </form>
    }
    .into_any()
}
