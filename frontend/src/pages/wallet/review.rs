//! The review: what the bytes say that will be signed.

use frontend::view::text::shorten_address;
use frontend::wallet::review::Review;
use frontend::wallet::send::FEE_WARNING;
use leptos::prelude::*;

use crate::components::amount::AmountText;
use crate::components::cairn::Cairn;
use crate::components::heading::PageHeading;

/// Two cairns, the figures, the memo, and on demand the bytes.
#[component]
pub(super) fn ReviewCard(
    /// What is reviewed.
    review: Review,
    /// Whether it is being signed.
    is_signing: Signal<bool>,
    /// The person confirms.
    on_confirm: Callback<()>,
    /// The person goes back.
    on_back: Callback<()>,
) -> impl IntoView {
    let fields = review.fields();
    let memo = review.memo.clone();
    let until = match review.valid_until {
        0 => "No limit".to_owned(),
        height => format!("Up to block {height}"),
    };
    let confirm = move |_| {
        if !is_signing.get_untracked() {
            on_confirm.run(());
        }
    };
    view! {
        <PageHeading title="Review" />
        <section class="card wallet-review">
            <div class="wallet-parties">
                <Party role="You" address=review.sender.clone() />
                <p class="wallet-arrow"><span aria-hidden="true">"→"</span><span class="sr-only">"pay"</span></p>
                <Party role=if review.is_to_self { "Yourself" } else { "Recipient" } address=review.recipient.clone() />
            </div>
            <p class="wallet-review-amount">
                <AmountText amount=review.amount class="amount-large" />
            </p>
            <dl class="wallet-figures">
                <div><dt>"Amount"</dt><dd><AmountText amount=review.amount /></dd></div>
                <div><dt>"Fee"</dt><dd><AmountText amount=review.fee /></dd></div>
                <div class="is-sum"><dt>"Total"</dt><dd><AmountText amount=review.total /></dd></div>
                <div><dt>"Balance after"</dt><dd><AmountText amount=review.left /></dd></div>
                <div>
                    <dt>"Memo"</dt>
                    <dd>
                        {if memo.is_empty() {
                            view! { <span class="quiet">"None"</span> }.into_any()
                        } else {
                            view! { <bdi class="wallet-memo">{memo}</bdi> }.into_any()
                        }}
                    </dd>
                </div>
            </dl>
            {(review.fee > review.amount).then(|| view! { <p class="wallet-fault">{FEE_WARNING}</p> })}
            <details class="wallet-more">
                <summary>"What exactly is signed?"</summary>
                <dl class="wallet-figures is-small">
                    <div><dt>"Your transfer number"</dt><dd>{review.nonce}</dd></div>
                    <div><dt>"May be mined"</dt><dd>{until}</dd></div>
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
                    {move || if is_signing.get() { "Signing…" } else { "Confirm and sign" }}
                </button>
                <button type="button" class="button button-quiet" on:click=move |_| on_back.run(())>"Back"</button>
            </div>
        </section>
    }
}

#[component]
fn Party(role: &'static str, address: String) -> impl IntoView {
    let short = shorten_address(&address);
    let spelled = address.clone();
    view! {
        <div class="wallet-party">
            <Cairn address=address.clone() size=64 />
            <p class="quiet">{role}</p>
            <p class="mono" title=address.clone()>
                <span aria-hidden="true">{short}</span>
                <span class="sr-only">{spelled}</span>
            </p>
        </div>
    }
}
