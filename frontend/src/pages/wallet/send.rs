//! Sending: a form, a review of exactly what is signed, and the way to confirmed.

use frontend::wallet::advice::{self, Advice};
use frontend::wallet::link::{self, Asked};
use frontend::wallet::messages::{Reply, Request};
use frontend::wallet::review::Review;
use frontend::wallet::send::{self, Faults, Form, Sender};
use leptos::prelude::*;
use shared::amount::Amount;
use shared::api::{Accepted, Fees, Problem, TransactionJson, TransferJson};
use shared::codec::Encode;
use shared::transaction::{Memo as MemoText, SignedTransfer};

use super::gate::Gate;
use super::ledger::Loaded;
use super::parts::{Field, submit, while_here};
use super::review::ReviewCard;
use super::sent::Sent;
use super::session::{Owner, Wallet, use_wallet};
use crate::api::{self, Failure};
use crate::components::cairn::Cairn;
use crate::components::heading::PageHeading;
use crate::live::use_live;

/// The whole process, as one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Form,
    Review(Box<Review>),
    Signing(Box<Review>),
    Posting(Box<SignedTransfer>),
    Sent(Box<SignedTransfer>),
    /// Nothing was sent.
    Refused(Advice),
    /// Signed, but whether the node has it is not known: the same bytes may be sent once more.
    Unanswered(Box<SignedTransfer>, Advice),
}

/// What is typed, one signal a field.
#[derive(Clone, Copy)]
struct Fields {
    recipient: RwSignal<String>,
    amount: RwSignal<String>,
    fee: RwSignal<String>,
    memo: RwSignal<String>,
}

/// `/wallet/send`.
#[component]
pub(crate) fn WalletSend() -> impl IntoView {
    view! { <Gate children=|owner| view! { <Send owner /> } /> }
}

#[component]
fn Send(owner: Owner) -> impl IntoView {
    let wallet = use_wallet();
    let step = RwSignal::new(Step::Form);
    let fields = Fields {
        recipient: RwSignal::default(),
        amount: RwSignal::default(),
        fee: RwSignal::default(),
        memo: RwSignal::default(),
    };
    let owner = StoredValue::new(owner);
    let again = Callback::new(move |()| {
        step.set(Step::Form);
    });
    let anew = Callback::new(move |()| {
        for field in [fields.recipient, fields.amount, fields.memo] {
            field.set(String::new());
        }
        step.set(Step::Form);
    });
    let confirm = Callback::new(move |()| {
        if let Step::Review(review) = step.get_untracked() {
            sign(wallet, step, review);
        }
    });
    // Signing shows the review still, so it must not be drawn anew.
    let shown = Memo::new(move |_| match step.get() {
        Step::Signing(review) => Step::Review(review),
        Step::Posting(signed) => Step::Sent(signed),
        step => step,
    });
    move || {
        match shown.get() {
        Step::Review(review) | Step::Signing(review) => {
            let is_signing = Signal::derive(move || matches!(step.get(), Step::Signing(_)));
            view! { <ReviewCard review=*review is_signing on_confirm=confirm on_back=again /> }.into_any()
        }
        Step::Posting(signed) | Step::Sent(signed) => {
            let is_posted = Signal::derive(move || matches!(step.get(), Step::Sent(_)));
            view! { <Sent signed=*signed is_posted on_again=anew /> }.into_any()
        }
        Step::Refused(advice) => view! {
            <PageHeading title="Not sent" />
            <AdviceCard advice>
                <button type="button" class="button" on:click=move |_| again.run(())>"Back to the form"</button>
            </AdviceCard>
        }
        .into_any(),
        Step::Unanswered(signed, advice) => view! {
            <PageHeading title="No answer" />
            <AdviceCard advice>
                <button type="button" class="button" on:click=move |_| post(wallet, step, signed.clone())>"Send once more"</button>
            </AdviceCard>
        }
        .into_any(),
        Step::Form => view! { <SendForm owner=owner.get_value() fields step /> }.into_any(),
    }
    }
}

#[component]
fn AdviceCard(advice: Advice, children: Children) -> impl IntoView {
    view! {
        <section class="card is-narrow notice notice-bad" role="alert">
            <p class="notice-title">{advice.happened}</p>
            <p>{advice.money}</p>
            <p>{advice.next}</p>
            <div class="wallet-actions">{children()}</div>
        </section>
    }
}

/// The key worker signs; what it signed is checked against what was reviewed.
fn sign(wallet: Wallet, step: RwSignal<Step>, review: Box<Review>) {
    step.set(Step::Signing(review.clone()));
    while_here(async move {
        let genesis = wallet.genesis();
        let answer = wallet.ask(Request::Sign { transfer: review.hex() }).await;
        let signed = match (answer, genesis) {
            (Ok(Reply::Signed { transfer }), Some(genesis)) => review.accept(&transfer, &genesis),
            (Err(failure), _) => {
                step.set(Step::Refused(Advice {
                    happened: failure.to_string(),
                    money: "No money moved.",
                    next: "Go back and try again.",
                }));
                return;
            }
            _ => None,
        };
        match signed {
            Some(signed) => post(wallet, step, Box::new(signed)),
            None => step.set(Step::Refused(Advice {
                happened: "What was signed is not what you reviewed, so it was thrown away.".to_owned(),
                money: "No money moved.",
                next: "Reload the page before you try again.",
            })),
        }
    });
}

/// Hands a signed transfer to the node.
fn post(wallet: Wallet, step: RwSignal<Step>, signed: Box<SignedTransfer>) {
    let Some(prefix) = wallet
        .network
        .with_untracked(|network| network.as_ref().map(|network| network.prefix.clone()))
    else {
        return;
    };
    step.set(Step::Posting(signed.clone()));
    // Not tied to the screen: a signed transfer arrives even if its sender looks at another page meanwhile.
    leptos::task::spawn_local(async move {
        let json = TransferJson::new(&prefix, &signed);
        let next = match api::post::<Accepted>("/blockchain/transactions/new", &json).await {
            Ok(_) => Step::Sent(signed),
            // It had arrived when the answer was lost.
            Err(Failure::Refused(problem)) if problem.code == "already-pending" => Step::Sent(signed),
            Err(Failure::Refused(problem)) if problem.code == "nonce-too-low" => taken(signed, &problem).await,
            Err(Failure::Refused(problem)) if problem.status < 500 => {
                Step::Refused(advice::refusal(&problem.code, &problem.detail))
            }
            Err(failure) => unanswered(signed, &failure),
        };
        step.try_set(next);
        wallet.ledger.refresh();
    });
}

/// A number that is taken may be taken by this very transfer: it arrived when the answer was lost, and was mined since.
async fn taken(signed: Box<SignedTransfer>, problem: &Problem) -> Step {
    let id = signed.id();
    match api::get::<TransactionJson>(&format!("/blockchain/transactions/{id}")).await {
        // What else the answer says is checked on the way to confirmed.
        Ok(json) if json.id == id => Step::Sent(signed),
        Err(failure) if !failure.is_absence() => unanswered(signed, &failure),
        _ => Step::Refused(advice::refusal(&problem.code, &problem.detail)),
    }
}

fn unanswered(signed: Box<SignedTransfer>, failure: &Failure) -> Step {
    let said = failure.title().trim_end_matches('.').to_ascii_lowercase();
    Step::Unanswered(signed, advice::no_answer(&said))
}

#[component]
fn SendForm(owner: Owner, fields: Fields, step: RwSignal<Step>) -> impl IntoView {
    let wallet = use_wallet();
    let live = use_live();
    let faults = RwSignal::new(Faults::default());
    let fees = LocalResource::new(move || async move { api::get::<Fees>("/blockchain/fees").await });
    // The suggestion fills the field until somebody types another fee.
    Effect::new(move |_| {
        if let Some(Ok(fees)) = fees.get()
            && fields.fee.with_untracked(String::is_empty)
        {
            let suggested = fees.estimates.first().map_or(fees.minimum, |estimate| estimate.fee);
            fields.fee.set(suggested.to_coins());
        }
    });
    let key = owner.account.key;
    let sender = move || {
        wallet.ledger.holdings.with(|holdings| match holdings {
            Loaded::Here(holdings) => Some(Sender {
                key,
                spendable: holdings.spendable,
                next_nonce: holdings.pending.next_nonce,
                symbol: live.symbol(),
                tip: holdings.height,
            }),
            _ => None,
        })
    };
    let review = move || {
        let network = wallet.network.get_untracked();
        let (Some(sender), Some(network)) = (untrack(sender), network) else {
            faults.set(Faults {
                amount: Some("Your balance is not known yet. Wait until the node has answered.".to_owned()),
                ..Faults::default()
            });
            return;
        };
        let form = Form {
            recipient: fields.recipient.get_untracked(),
            amount: fields.amount.get_untracked(),
            fee: fields.fee.get_untracked(),
            memo: fields.memo.get_untracked(),
            ..Form::default()
        };
        match send::read(&form, &sender, &network.here()) {
            Ok(transfer) => {
                // What is shown is read back from the bytes that will be signed.
                let bytes = transfer.to_bytes();
                if let Some(review) = Review::of(bytes, &network.genesis, &network.prefix, sender.spendable) {
                    faults.set(Faults::default());
                    step.set(Step::Review(Box::new(review)));
                }
            }
            Err(found) => {
                faults.set(*found);
                focus_first_fault();
            }
        }
    };
    let all = move |_| {
        if let Some(sender) = untrack(sender) {
            let most = fields.fee.with_untracked(|fee| send::all(sender.spendable, fee));
            fields.amount.set(most.unwrap_or(Amount::ZERO).to_coins());
        }
    };
    // A pasted link fills in what it asks for; one that cannot be read, or is of another network, is told below.
    Effect::new(move |_| {
        let asked = wallet.network.with(|network| {
            let here = network.as_ref()?.here();
            fields.recipient.with(|text| link::read(text, &here)).ok()
        });
        if let Some(Asked { link, .. }) = asked {
            fields.recipient.set(link.address);
            if let Some(amount) = link.amount {
                fields.amount.set(amount.to_coins());
            }
            if let Some(memo) = link.memo {
                fields.memo.set(memo);
            }
        }
    });
    let recipient = Memo::new(move |_| {
        let text = fields.recipient.get();
        if text.trim().is_empty() {
            return None;
        }
        let payee = wallet
            .network
            .with(|network| Some(send::read_payee(&text, &network.as_ref()?.here())))?;
        Some(payee.map(|_| text.trim().to_ascii_lowercase()))
    });
    // A wrong address is told while it is typed once it is as long as one.
    let recipient_fault = Signal::derive(move || {
        let typed = match recipient.get() {
            Some(Err(said)) if fields.recipient.with(|text| text.trim().len() >= 60) => Some(said),
            Some(Ok(_)) => return None,
            _ => None,
        };
        typed.or_else(|| faults.with(|faults| faults.recipient.clone()))
    });
    let spendable =
        Signal::derive(move || sender().map(|sender| format!("You can spend {} {}.", sender.spendable, sender.symbol)));
    let memo_hint = Signal::derive(move || {
        let length = fields.memo.with(|memo| send::memo_len(memo));
        Some(format!(
            "{length} of {} bytes. Everybody can read it on the chain.",
            MemoText::MAX_LEN
        ))
    });
    let fee_hint = Signal::derive(move || {
        let said = fields
            .amount
            .with(|amount| fields.fee.with(|fee| send::fee_warning(amount, fee)));
        said.map(str::to_owned)
    });
    view! {
        <PageHeading title="Send" />
        <form class="card wallet-send" on:submit=submit(review) novalidate>
            <Field label="Recipient" id="recipient" value=fields.recipient fault=recipient_fault is_code=true>
                {move || match recipient.get() {
                    Some(Ok(address)) => Some(view! {
                        <span class="wallet-field-cairn">
                            <Cairn address size=32 />
                        </span>
                    }),
                    _ => None,
                }}
            </Field>
            <Field
                label="Amount"
                id="amount"
                value=fields.amount
                fault=Signal::derive(move || faults.with(|faults| faults.amount.clone()))
                hint=spendable
                inputmode="decimal"
            >
                <button type="button" class="wallet-chip" on:click=all>"All"</button>
            </Field>
            <Field
                label="Fee"
                id="fee"
                value=fields.fee
                fault=Signal::derive(move || faults.with(|faults| faults.fee.clone()))
                hint=fee_hint
                inputmode="decimal"
            />
            <Suggestions fees fee=fields.fee />
            <Field
                label="Memo"
                id="memo"
                value=fields.memo
                fault=Signal::derive(move || faults.with(|faults| faults.memo.clone()))
                hint=memo_hint
            />
            <button type="submit" class="button">"Review"</button>
        </form>
    }
}

/// The node's estimates, as buttons.
#[component]
fn Suggestions(fees: LocalResource<Result<Fees, Failure>>, fee: RwSignal<String>) -> impl IntoView {
    let live = use_live();
    let one = move |estimate: shared::api::FeeEstimate| {
        let coins = estimate.fee.to_coins();
        let time = frontend::view::time::duration(estimate.expected_ms);
        let chosen = coins.clone();
        let is_chosen = {
            let coins = coins.clone();
            move || fee.with(|fee| *fee == coins)
        };
        view! {
            <button
                type="button"
                class="wallet-chip"
                aria-pressed=move || if is_chosen() { "true" } else { "false" }
                on:click=move |_| fee.set(chosen.clone())
            >
                {move || format!("{coins} {} · about {time}", live.symbol())}
            </button>
        }
    };
    view! {
        <div class="wallet-suggestions" role="group" aria-label="How soon">
            {move || match fees.get() {
                Some(Ok(fees)) => {
                    // Where blocks have room for all, one fee serves every time.
                    let mut estimates = fees.estimates;
                    estimates.dedup_by_key(|estimate| estimate.fee);
                    estimates.into_iter().map(one).collect_view().into_any()
                }
                Some(Err(_)) => view! {
                    <span class="wallet-hint">"The node gives no estimate now. Any fee may be tried; nothing is lost if it is too low."</span>
                }
                .into_any(),
                None => ().into_any(),
            }}
        </div>
        <details class="wallet-more">
            <summary>"What is the fee?"</summary>
            <p>
                "The miner who puts your transfer into a block keeps it. The higher it is for each byte, the sooner a transfer is "
                "mined when blocks are full."
            </p>
        </details>
    }
}

fn focus_first_fault() {
    use wasm_bindgen::JsCast;
    // After the faults are drawn.
    request_animation_frame(|| {
        let first = document().query_selector("[aria-invalid=true]").ok().flatten();
        if let Some(first) = first.and_then(|first| first.dyn_into::<web_sys::HtmlElement>().ok()) {
            let _ = first.focus();
        }
    });
}
