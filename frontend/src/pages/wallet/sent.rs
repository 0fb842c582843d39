//! A signed transfer on its way: pending, then confirmed, as the node's answers tell.

use crate::router::A;
use frontend::view::verify::{self, Findings, Outcome};
use frontend::wallet::progress::Progress;
use leptos::prelude::*;
use shared::api::{AccountJson, TransactionJson};
use shared::transaction::SignedTransfer;

use super::session::{Wallet, use_wallet};
use crate::api::{self, Failure};
use crate::components::amount::AmountText;
use crate::components::cairn::Cairn;
use crate::components::hash::HashText;
use crate::components::heading::PageHeading;
use crate::components::trust::Trust;
use crate::live::use_live;

/// Where it stands, and what of that was checked.
#[derive(Debug, Clone, PartialEq)]
struct Report {
    progress: Progress,
    findings: Option<Findings>,
}

/// Whether the node is being asked, and whether something changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    Idle,
    Busy,
    BusyAndAgain,
}

/// The way of a signed transfer.
#[component]
pub(super) fn Sent(
    /// The transfer.
    signed: SignedTransfer,
    /// Whether the node has accepted it.
    is_posted: Signal<bool>,
    /// Begins another transfer.
    on_again: Callback<()>,
) -> impl IntoView {
    let wallet = use_wallet();
    let live = use_live();
    let id = signed.id();
    let amount = signed.transfer.amount;
    let recipient = wallet.address_of(&signed.transfer.recipient);
    let report = RwSignal::new(Report {
        progress: Progress::Pending,
        findings: None,
    });
    let asking = StoredValue::new(Asking::Idle);
    let signed = StoredValue::new(signed);
    Effect::new(move || {
        live.track_chain();
        live.track_pool();
        if !is_posted.get() {
            return;
        }
        // One question at a time, so that answers keep their order. The effect runs again meanwhile, so the task is not its.
        let is_busy = asking.get_value() != Asking::Idle;
        asking.set_value(if is_busy { Asking::BusyAndAgain } else { Asking::Busy });
        if !is_busy {
            leptos::task::spawn_local(keep_asking(wallet, signed, report, asking));
        }
    });
    let progress = Memo::new(move |_| report.with(|report| report.progress));
    let title = Signal::derive(move || {
        match (is_posted.get(), progress.get()) {
            (_, Progress::Confirmed { .. }) => "Confirmed",
            (_, Progress::Gone(_)) => "Not mined",
            (true, _) => "Pending",
            (false, _) => "Signed",
        }
        .to_owned()
    });
    let stage = move || if is_posted.get() { progress.get().stage() } else { 0 };
    let sentence = move || {
        if is_posted.get() {
            progress.get().sentence()
        } else {
            "On its way to the node …".to_owned()
        }
    };
    let findings = Signal::derive(move || {
        report
            .with(|report| report.findings.clone())
            .unwrap_or_else(|| Findings::claimed("It waits in the node’s mempool."))
    });
    view! {
        <PageHeading title />
        <section class="card wallet-sent">
            <ol class="wallet-progress" aria-label="Progress">
                {["Signed", "Pending", "Confirmed"]
                    .into_iter()
                    .enumerate()
                    .map(|(index, name)| {
                        view! {
                            <li
                                class:is-done=move || { index < stage() || stage() == 2 }
                                class:is-here=move || { index == stage() && stage() < 2 }
                                aria-current=move || (index == stage()).then_some("step")
                            >
                                {name}
                            </li>
                        }
                    })
                    .collect_view()}
            </ol>
            <div class="wallet-sent-to">
                <Cairn address=recipient.clone() size=64 />
                <p>
                    <AmountText amount=amount class="amount-large" />
                </p>
                <p class="mono quiet wallet-whole">{recipient}</p>
            </div>
            <p class="wallet-stage" role="status">{sentence}</p>
            <p class="wallet-sent-id">
                <HashText hash=id.to_string() name="Transaction" href=format!("/explorer/transactions/{id}") />
                <Trust findings named=true />
            </p>
            <div class="wallet-actions">
                <A href="/wallet" attr:class="button">"To the wallet"</A>
                <button type="button" class="button button-quiet" on:click=move |_| on_again.run(())>"Send another"</button>
            </div>
        </section>
    }
}

/// Asks until nothing has changed meanwhile, or the screen is gone.
async fn keep_asking(
    wallet: Wallet,
    signed: StoredValue<SignedTransfer>,
    report: RwSignal<Report>,
    asking: StoredValue<Asking>,
) {
    while let Some(found) = signed.try_get_value() {
        asking.try_set_value(Asking::Busy);
        if let Ok(found) = ask(wallet, &found).await {
            report.try_set(found);
        }
        if asking.try_get_value() != Some(Asking::BusyAndAgain) {
            break;
        }
    }
    asking.try_set_value(Asking::Idle);
}

/// Asks the node where a transfer stands, and checks what can be checked.
async fn ask(wallet: Wallet, signed: &SignedTransfer) -> Result<Report, Failure> {
    let (id, nonce) = (signed.id(), signed.transfer.nonce);
    let chain = wallet.network.with_untracked(|network| {
        let network = network.as_ref()?;
        Some((network.genesis, network.prefix.clone()))
    });
    let Some((genesis, prefix)) = chain else {
        return Err(Failure::Unreachable);
    };
    match api::get::<TransactionJson>(&format!("/blockchain/transactions/{id}")).await {
        Ok(json) => {
            let findings = verify::transaction(&json, &id.to_string(), &genesis, &prefix);
            let progress = match findings.outcome {
                Outcome::Refuted => Progress::Doubted,
                _ => Progress::after(Some(&json.standing), nonce, nonce),
            };
            Ok(Report {
                progress,
                findings: Some(findings),
            })
        }
        Err(failure) if failure.is_absence() => {
            let sender = wallet.address_of(&signed.transfer.sender);
            let account = api::get::<AccountJson>(&format!("/blockchain/accounts/{sender}")).await?;
            let findings = verify::account(&account, &sender, &genesis, &prefix);
            Ok(match findings.outcome {
                Outcome::Refuted => Report {
                    progress: Progress::Doubted,
                    findings: Some(findings),
                },
                _ => Report {
                    progress: Progress::after(None, nonce, account.nonce),
                    findings: None,
                },
            })
        }
        Err(failure) => Err(failure),
    }
}
