//! Sending: a form, a review of exactly what is signed, and the way to confirmed.

use frontend::view::verify::{self, Outcome};
use frontend::wallet::advice::Advice;
use frontend::wallet::messages::{Reply, Request};
use frontend::wallet::offline::{Claims, Unsigned};
use frontend::wallet::review::{Purpose, Review};
use frontend::wallet::simulate::{Queue, refusal, simulate};
use frontend::wallet::validity;
use leptos::prelude::*;
use shared::amount::Amount;
use shared::api::AccountJson;
use shared::codec::Decode;
use shared::state::Account;
use shared::transaction::{SignedTransfer, Transfer};

use super::check::prepare;
use super::gate::Gate;
use super::ledger::{Holdings, Loaded};
use super::outbox::{self, Posted};
use super::parts::while_here;
use super::replace::replacement;
use super::review::{Beside, review_card};
use super::send_form::send_form;
use super::sent::sent;
use super::session::{Owner, Wallet, use_wallet};
use super::warnings::{name_of, warnings};
use crate::components::heading::PageHeading;
use crate::components::loaded::question;
use crate::follow::{computed, dynamic, effect};
use crate::live::use_live;
use crate::proving::doubt;
use crate::router::{NavigateOptions, use_navigate, use_query};

/// The whole process, as one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The form, or the fee of a replacement.
    Form,
    Review(Box<Review>),
    Signing(Box<Review>),
    /// Signed: what becomes of it, the outbox knows.
    Sent(Box<SignedTransfer>),
    /// Nothing was sent.
    Refused(Advice),
}

/// What is typed, one signal a field.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    pub(super) recipient: RwSignal<String>,
    pub(super) amount: RwSignal<String>,
    pub(super) fee: RwSignal<String>,
    pub(super) memo: RwSignal<String>,
    /// What is chosen of "Valid until": nothing, a number of blocks, or `height`.
    pub(super) until: RwSignal<String>,
    pub(super) height: RwSignal<String>,
    /// The signed request that filled in the form.
    pub(super) request: RwSignal<Option<String>>,
}

/// A transfer from the form to the node.
#[derive(Clone, Copy)]
pub(super) struct Process {
    pub(super) step: RwSignal<Step>,
    pub(super) fields: Fields,
    /// Why the review that was asked for waits, if it does.
    pub(super) waits: RwSignal<Option<String>>,
    /// The sender's pending transfers, as what is reviewed meets them.
    queue: StoredValue<Option<Queue>>,
}

impl Process {
    /// Has the review wait for the node's first answer.
    pub(super) fn wait_for_node(self) {
        self.waits.set(Some(
            "Your balance is not known yet: the node has not answered.".to_owned(),
        ));
    }
}

/// `/wallet/send`: `to`, `amount` and `memo` fill in the form, and so does `link`, a payment link. `replace` is the id of
/// a pending transfer, and `how` says whether to `cancel` it or to speed it up.
#[component]
pub(crate) fn WalletSend() -> impl IntoView {
    view! { <Gate children=send /> }
}

fn send(owner: Owner) -> impl IntoView {
    let wallet = use_wallet();
    let navigate = StoredValue::new_local(use_navigate());
    let fields = Fields {
        recipient: RwSignal::default(),
        amount: RwSignal::default(),
        fee: RwSignal::default(),
        memo: RwSignal::default(),
        until: RwSignal::default(),
        height: RwSignal::default(),
        request: RwSignal::default(),
    };
    let process = Process {
        step: RwSignal::new(Step::Form),
        fields,
        waits: RwSignal::new(None),
        queue: StoredValue::new(None),
    };
    let step = process.step;
    let replaced = use_query("replace");
    let how = use_query("how");
    follow_query(process, replaced, how);
    let owner = StoredValue::new(owner);
    let again = Callback::new(move |()| step.set(Step::Form));
    let anew = Callback::new(move |()| {
        for field in [fields.recipient, fields.amount, fields.fee, fields.memo] {
            field.set(String::new());
        }
        let options = NavigateOptions {
            replace: true,
            ..NavigateOptions::default()
        };
        navigate.with_value(|navigate| navigate("/wallet/send", options));
        step.set(Step::Form);
    });
    let confirm = Callback::new(move |()| {
        if let Step::Review(review) = step.get_untracked() {
            sign(wallet, step, review);
        }
    });
    // Signing shows the review still, so it must not be drawn anew.
    let shown = computed(move || match step.get() {
        Step::Signing(review) => Step::Review(review),
        step => step,
    });
    let form = move || {
        let purpose = match how.get().as_deref() {
            Some("cancel") => Purpose::Cancel,
            _ => Purpose::SpeedUp,
        };
        let item = replaced.get().and_then(|id| {
            let id = id.parse().ok()?;
            untrack(|| wallet.ledger.shelf.with(|shelf| shelf.outbox.get(&id).cloned())).flatten()
        });
        match item {
            Some(item) => replacement(wallet, process, item, purpose),
            None => send_form(owner.get_value(), process),
        }
    };
    move || match shown.get() {
        Step::Review(review) | Step::Signing(review) => {
            let is_signing = Signal::derive(move || matches!(step.get(), Step::Signing(_)));
            let beside = untrack(|| owner.with_value(|owner| beside(wallet, owner, &review, process)));
            let elsewhere = elsewhere(wallet, &review);
            view! {
                {review_card(*review, beside, is_signing, confirm, again)}
                {elsewhere}
            }
            .into_any()
        }
        Step::Sent(signed) => sent(wallet, &signed, anew),
        Step::Refused(advice) => view! {
            <PageHeading title="Not sent" />
            <section class="card is-narrow notice notice-bad" role="alert">
                <p class="notice-title">{advice.happened}</p>
                <p>{advice.money}</p>
                <p>{advice.next}</p>
                <div class="wallet-actions">
                    <button type="button" class="button" on:click=move |_| again.run(())>"Back to the form"</button>
                </div>
            </section>
        }
        .into_any(),
        Step::Form => form(),
    }
}

/// Fills in the form by the page's address, whenever that changes.
fn follow_query(process: Process, replaced: Memo<Option<String>>, how: Memo<Option<String>>) {
    let fields = process.fields;
    let [to, link, amount, memo] = ["to", "link", "amount", "memo"].map(use_query);
    Effect::new(move |before: Option<Option<String>>| {
        let payee = link.get().or_else(|| to.get());
        for (field, given) in [
            (fields.recipient, payee),
            (fields.amount, amount.get()),
            (fields.memo, memo.get()),
        ] {
            if let Some(given) = given {
                field.set(given);
            }
        }
        let (now, _) = (replaced.get(), how.get());
        // The fee of a replacement is no fee for anything else.
        if now.is_some() || before.as_ref().is_some_and(Option::is_some) {
            fields.fee.set(String::new());
        }
        if before.is_some() {
            process.step.set(Step::Form);
        }
        now
    });
}

/// The reviewed transfer for a device that has the keys and no network.
fn elsewhere(wallet: Wallet, review: &Review) -> Option<AnyView> {
    let (network, holdings) = (wallet.network.get_untracked()?, untrack(|| holdings(wallet))?);
    let unsigned = Unsigned {
        genesis: network.genesis,
        transfer: Transfer::from_bytes(&hex::decode(review.hex()).ok()?).ok()?,
        claims: Claims {
            network: network.name,
            symbol: network.symbol,
            prefix: network.prefix,
            spendable: holdings.spendable,
            height: holdings.height,
        },
    };
    let is_wanted = RwSignal::new(false);
    Some(
        view! {
            <details class="card is-narrow" on:toggle=move |_| is_wanted.set(true)>
                <summary>"Sign on another device"</summary>
                {dynamic(move || is_wanted.get().then(|| prepare(&unsigned)))}
            </details>
        }
        .into_any(),
    )
}

fn beside(wallet: Wallet, owner: &Owner, review: &Review, process: Process) -> Beside {
    let (tip, interval_ms) = use_live()
        .with(|status| (status.height, status.interval_ms))
        .unwrap_or_default();
    let is_payment = review.purpose == Purpose::Pay;
    let stranger = (is_payment && counts_more(wallet, owner, review.nonce)).then(|| {
        view! {
            <p class="wallet-notice" role="status">
                "The node counts transfers of yours that this browser did not send: another device of yours may have, or the node keeps one that it refused. Make sure that you do not pay twice."
            </p>
        }
    });
    let warnings = is_payment.then(|| warnings(wallet, owner, &review.recipient)).flatten();
    Beside {
        until: validity::words(review.valid_until, tip, interval_ms),
        name: name_of(wallet, owner, &review.recipient),
        warnings: Some((stranger, warnings).into_any()),
        recipient_after: recipient_after(wallet, review, process.queue.get_value()),
    }
}

/// Whether the number of a transfer, which follows from what the node says of pending ones, leaves out numbers that neither
/// the chain nor this browser knows of.
fn counts_more(wallet: Wallet, owner: &Owner, nonce: u64) -> bool {
    let mined = holdings(wallet).map_or(nonce, |holdings| holdings.mined.nonce);
    let known = wallet
        .ledger
        .shelf
        .with(|shelf| shelf.outbox.next_nonce(&owner.account.key, mined));
    known.is_some_and(|known| nonce > known)
}

/// The account as it was read last.
pub(super) fn holdings(wallet: Wallet) -> Option<Holdings> {
    wallet.ledger.holdings.with(|holdings| match holdings {
        Loaded::Here(holdings) => Some(holdings.clone()),
        _ => None,
    })
}

/// Goes on to the review of a transfer, or waits until the balance is known and proved. `replaced` is what the one takes
/// whose place it takes.
///
/// # Errors
/// Why there is nothing to review.
pub(super) fn review(
    wallet: Wallet,
    process: Process,
    transfer: Transfer,
    purpose: Purpose,
    replaced: Amount,
) -> Result<(), String> {
    let (holdings, network) = (untrack(|| holdings(wallet)), wallet.network.get_untracked());
    let (Some(holdings), Some(network)) = (holdings, network) else {
        process.wait_for_node();
        return Ok(());
    };
    if let Some(doubt) = doubt(&holdings.findings) {
        let said = [
            "Your balance is not verified, and nothing is sent before it is. ",
            &doubt.text,
        ]
        .concat();
        if doubt.outcome == Outcome::Refuted {
            return Err(said);
        }
        process.waits.set(Some(said));
        return Ok(());
    }
    let queue = Queue::new(&holdings.pending, replaced);
    let outcome =
        simulate(&transfer, holdings.height, holdings.mined, None, Some(queue)).map_err(|rule| refusal(&rule))?;
    let spendable = holdings.spendable.checked_add(replaced).unwrap_or(holdings.spendable);
    // What is shown is read back from the bytes that will be signed.
    let review = Review::of_transfer(&transfer, purpose, &network.genesis, &network.prefix, spendable)
        .ok_or("This transfer cannot be reviewed. Change it, and try again.")?
        .with_outcome(outcome);
    process.queue.set_value(Some(queue));
    process.step.set(Step::Review(Box::new(review)));
    Ok(())
}

/// The recipient's balance after what is reviewed. The node's answer about them may rest on a block that is newer than what
/// is proved of the chain, and counts when that is.
fn recipient_after(wallet: Wallet, review: &Review, queue: Option<Queue>) -> RwSignal<Option<String>> {
    let told = RwSignal::new(None);
    let (Ok(transfer), Some(network)) = (Transfer::from_bytes(&review.bytes), wallet.network.get_untracked()) else {
        return told;
    };
    if review.is_to_self {
        return told;
    }
    let live = use_live();
    let recipient = review.recipient.clone();
    let path = ["/blockchain/accounts/", &recipient].concat();
    let asked = question(move || path.clone(), move || live.track_proved());
    effect(move || {
        live.track_proved();
        let after = asked.get::<AccountJson>().and_then(|json| {
            let findings = verify::account(&json, &recipient, &network.genesis, &network.prefix);
            let account = doubt(&findings).is_none().then_some(Account {
                balance: json.balance,
                nonce: json.nonce,
            })?;
            let holdings = untrack(|| holdings(wallet))?;
            let outcome = simulate(&transfer, holdings.height, holdings.mined, Some(account), queue).ok()?;
            Some(outcome.recipient?.after)
        });
        // What was told stays while a new block is proved.
        if let Some(after) = after {
            told.set(Some(format!("{after} {}", network.symbol)));
        }
    });
    told
}

/// The key worker signs; what it signed is checked against what was reviewed.
fn sign(wallet: Wallet, step: RwSignal<Step>, review: Box<Review>) {
    // A lie may have been found since the review began.
    let doubt = untrack(|| holdings(wallet)).and_then(|holdings| doubt(&holdings.findings));
    if let Some(refuted) = doubt.filter(|doubt| doubt.outcome == Outcome::Refuted) {
        return refuse(step, refuted.text, "Look at “Network” before you try again.");
    }
    step.set(Step::Signing(review.clone()));
    while_here(async move {
        let genesis = wallet.genesis();
        let answer = wallet.ask(Request::Sign { transfer: review.hex() }).await;
        let signed = match (answer, genesis) {
            (Ok(Reply::Signed { transfer }), Some(genesis)) => review.accept(&transfer, &genesis),
            (Err(failure), _) => return refuse(step, failure.to_string(), "Go back and try again."),
            _ => None,
        };
        match signed {
            Some(signed) => post(wallet, step, Box::new(signed)),
            None => refuse(
                step,
                "What was signed is not what you reviewed, so it was thrown away.".to_owned(),
                "Reload the page before you try again.",
            ),
        }
    });
}

/// Says why nothing was signed that counts.
fn refuse(step: RwSignal<Step>, happened: String, next: &'static str) {
    let money = "No money moved.";
    step.set(Step::Refused(Advice { happened, money, next }));
}

/// Keeps a signed transfer, and hands it to the node.
fn post(wallet: Wallet, step: RwSignal<Step>, signed: Box<SignedTransfer>) {
    let is_new = outbox::add(wallet, &signed);
    step.set(Step::Sent(signed.clone()));
    // Not tied to the screen: a signed transfer arrives even if its sender looks at another page meanwhile.
    crate::browser::spawn(async move {
        if let Posted::Refused(advice) = outbox::post(wallet, &signed, is_new).await {
            step.try_set(Step::Refused(advice));
        }
    });
}
