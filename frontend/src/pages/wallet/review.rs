//! The review: what the bytes say that will be signed.

use frontend::view::text::shorten_address;
use frontend::wallet::review::{Purpose, Review};
use frontend::wallet::send::FEE_WARNING;
use leptos::prelude::*;

use crate::components::amount::AmountText;
use crate::components::cairn::Cairn;
use crate::components::fact::fact;
use crate::components::heading::PageHeading;
use crate::follow::dynamic;

/// What stands beside the bytes.
pub(super) struct Beside {
    /// Until when it may be mined, in words.
    pub(super) until: String,
    /// What this wallet calls the recipient.
    pub(super) name: Option<String>,
    /// What is said of the recipient.
    pub(super) warnings: Option<AnyView>,
    /// The recipient's balance afterwards, as soon as it is known.
    pub(super) recipient_after: RwSignal<Option<String>>,
}

/// Two cairns, the figures, the memo, and on demand the bytes.
pub(super) fn review_card(
    review: Review,
    beside: Beside,
    is_signing: Signal<bool>,
    on_confirm: Callback<()>,
    on_back: Callback<()>,
) -> AnyView {
    let fields = review.fields();
    let memo = review.memo.clone();
    let Beside {
        until,
        name,
        warnings,
        recipient_after,
    } = beside;
    let purpose = review.purpose;
    let confirm = move |_| {
        if !is_signing.get_untracked() {
            on_confirm.run(());
        }
    };
    view! {
        <PageHeading title=purpose.title().to_owned() />
        <section class="card wallet-review">
            {purpose.sentence().map(|said| view! { <p>{said}</p> })}
            <div class="wallet-parties">
                {party("You", None, review.sender.clone())}
                <p class="wallet-arrow"><span aria-hidden="true">"→"</span><span class="sr-only">"pay"</span></p>
                {party(if review.is_to_self { "Yourself" } else { "Recipient" }, name, review.recipient.clone())}
            </div>
            <p class="wallet-review-amount">
                <AmountText amount=review.amount class="amount-large" />
            </p>
            {warnings}
            <dl class="wallet-figures">
                {fact("Amount", view! { <AmountText amount=review.amount /> })}
                {fact("Fee", view! { <AmountText amount=review.fee /> })}
                <div class="is-sum"><dt>"Total"</dt><dd><AmountText amount=review.total /></dd></div>
                {fact("Your balance after", view! { <AmountText amount=review.left /> })}
                {if memo.is_empty() {
                    fact("Memo", view! { <span class="quiet">"None"</span> })
                } else {
                    fact("Memo", view! { <bdi class="wallet-memo">{memo}</bdi> })
                }}
                {fact("Valid until", until)}
            </dl>
            {dynamic(move || {
                let said = recipient_after.get()?;
                Some(view! { <p class="wallet-after"><span>"Recipient’s balance after"</span>" " <span>{said}</span></p> })
            })}
            {(purpose == Purpose::Pay && review.fee > review.amount).then(|| view! { <p class="wallet-fault">{FEE_WARNING}</p> })}
            <details class="wallet-more">
                <summary>"What exactly is signed?"</summary>
                <dl class="wallet-figures is-small">
                    {fact("Your transfer number", review.nonce.to_string())}
                    <div><dt>"Hash that is signed"</dt><dd class="mono wallet-bytes">{review.signing_hash.to_string()}</dd></div>
                </dl>
                <p class="quiet">{format!("The {} bytes, field by field:", review.bytes.len())}</p>
                <dl class="wallet-fields">
                    {fields
                        .into_iter()
                        .map(|field| view! { <div><dt>{field.name}</dt><dd class="mono wallet-bytes">{field.hex}</dd></div> })
                        .collect_view()}
                </dl>
            </details>
            <div class="wallet-actions">
                <button type="button" class="button" on:click=confirm aria-disabled=move || is_signing.get().then_some("true")>
                    {dynamic(move || if is_signing.get() { "Signing…" } else { "Confirm and sign" })}
                </button>
                <button type="button" class="button button-quiet" on:click=move |_| on_back.run(())>"Back"</button>
            </div>
        </section>
    }
    .into_any()
}

fn party(role: &'static str, name: Option<String>, address: String) -> impl IntoView {
    let short = shorten_address(&address);
    let spelled = address.clone();
    view! {
        <div class="wallet-party">
            <Cairn address=address.clone() size=64 />
            <p class="quiet">{role}</p>
            {name.map(|name| view! { <p><bdi>{name}</bdi></p> })}
            <p class="mono" title=address.clone()>
                <span aria-hidden="true">{short}</span>
                <span class="sr-only">{spelled}</span>
            </p>
        </div>
    }
}
