//! The form to send: recipient, amount, fee, memo, and until when it may be mined.

use frontend::wallet::contacts::MAX_NAME;
use frontend::wallet::link::{self, Asked};
use frontend::wallet::review::Purpose;
use frontend::wallet::send::{self, Faults, Form, Sender};
use frontend::wallet::validity::{self, Until};
use leptos::prelude::*;
use shared::amount::Amount;
use shared::api::{FeeEstimate, Fees};
use shared::transaction::Memo as MemoText;

use super::focus::focus_on;
use super::parts::{Alarm, Field, while_here};
use super::review_form::review_form;
use super::send::{Fields, Process, holdings, review};
use super::session::{Owner, Wallet, use_wallet};
use super::warnings::{name_of, warnings};
use crate::api;
use crate::components::cairn::Cairn;
use crate::components::trust::claimed;
use crate::follow::{computed, dynamic};
use crate::live::use_live;

/// The form. What is typed stays while its review is looked at.
pub(super) fn send_form(owner: Owner, process: Process) -> AnyView {
    let wallet = use_wallet();
    let live = use_live();
    let fields = process.fields;
    let faults = RwSignal::new(Faults::default());
    let fault =
        move |of: fn(&Faults) -> &Option<String>| Signal::derive(move || faults.with(|faults| of(faults).clone()));
    let key = owner.account.key;
    let sender = move || {
        let holdings = holdings(wallet)?;
        Some(Sender {
            key,
            spendable: holdings.spendable,
            next_nonce: holdings.pending.next_nonce,
            symbol: live.symbol(),
            tip: holdings.height,
        })
    };
    let go = Callback::new(move |()| {
        let network = wallet.network.get_untracked();
        let (Some(sender), Some(network)) = (untrack(sender), network) else {
            return process.wait_for_node();
        };
        let form = Form {
            // Read once more: its time may be over.
            recipient: untrack(|| request(fields).unwrap_or_else(|| resolved(wallet, fields))),
            amount: fields.amount.get_untracked(),
            fee: fields.fee.get_untracked(),
            memo: fields.memo.get_untracked(),
            until: until(fields),
            nonce: None,
        };
        let refused = match send::read(&form, &sender, &network.here()) {
            Ok(transfer) => review(wallet, process, transfer, Purpose::Pay, Amount::ZERO)
                .err()
                .map(|said| Faults {
                    amount: Some(said),
                    ..Faults::default()
                }),
            Err(found) => Some(*found),
        };
        if let Some(found) = refused {
            faults.set(found);
            focus_on("[aria-invalid=true]".to_owned());
        }
    });
    // What was wrong with a field is no longer so once another thing is typed there.
    let typed = Callback::new(move |field: String| faults.update(|faults| faults.clear(&field)));
    let all = move |_| {
        if let Some(sender) = untrack(sender) {
            let most = fields.fee.with_untracked(|fee| send::all(sender.spendable, fee));
            fields.amount.set(most.unwrap_or(Amount::ZERO).to_coins());
            process.waits.set(None);
            faults.update(|faults| faults.clear("amount"));
        }
    };
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
    let fields = view! {
        {recipient(wallet, owner, process, faults)}
        <Field label="Amount" id="amount" value=fields.amount fault=fault(|faults| &faults.amount) hint=spendable inputmode="decimal">
            <button type="button" class="wallet-chip" on:click=all>"All"</button>
        </Field>
        <Field label="Fee" id="fee" value=fields.fee fault=fault(|faults| &faults.fee) hint=fee_hint inputmode="decimal" />
        {suggestions(process, faults)}
        <Field label="Memo" id="memo" value=fields.memo fault=fault(|faults| &faults.memo) hint=memo_hint />
        {more(fields, fault(|faults| &faults.until))}
    };
    review_form(wallet, process, "Send", (fields.into_any(), ().into_any()), go, typed)
}

/// What stands for the recipient: the address of the contact with this name, or what was typed.
fn resolved(wallet: Wallet, fields: Fields) -> String {
    let text = fields.recipient.get();
    let found = wallet.ledger.shelf.with(|shelf| shelf.book.resolve(&text).to_owned());
    found.unwrap_or(text)
}

/// The signed request that filled in the form, as long as that says the same.
fn request(fields: Fields) -> Option<String> {
    let (recipient, amount, memo) = (fields.recipient.get(), fields.amount.get(), fields.memo.get());
    let request = fields.request.get()?;
    link::asks_for(&request, &recipient, &amount, &memo).then_some(request)
}

/// The recipient's field, with their cairn, the contacts that may be meant, and the warnings.
fn recipient(wallet: Wallet, owner: Owner, process: Process, faults: RwSignal<Faults>) -> impl IntoView {
    let fields = process.fields;
    let unread = RwSignal::new(None::<String>);
    // A pasted link fills in what it asks for; one that cannot be read, or is of another network, is told below.
    Effect::new(move |before: Option<String>| {
        let text = fields.recipient.get();
        unread.set(None);
        faults.update(|faults| faults.recipient = None);
        if before.is_some_and(|before| before != text) {
            fields.request.set(None);
            process.waits.set(None);
        }
        let asked = wallet
            .network
            .with(|network| link::read(&text, &network.as_ref()?.here()).ok());
        let Some(Asked { link, is_signed, .. }) = asked else {
            return text;
        };
        fields.request.set(is_signed.then_some(text));
        fields.recipient.set(link.address.clone());
        if let Some(amount) = link.amount {
            fields.amount.set(amount.to_coins());
        }
        if let Some(memo) = link.memo {
            fields.memo.set(memo);
        }
        link.address
    });
    let payee = move || {
        let text = resolved(wallet, fields);
        if text.trim().is_empty() {
            return None;
        }
        let payee = wallet
            .network
            .with(|network| Some(send::read_payee(&text, &network.as_ref()?.here())))?;
        Some(payee.map(|key| wallet.address_of(&key)))
    };
    let address = computed(move || payee().and_then(Result::ok));
    // A wrong address is told while it is typed once it is as long as one.
    let said = Signal::derive(move || match payee() {
        Some(Err(said)) if fields.recipient.with(|text| text.trim().len() >= 60) => Some(said),
        _ => faults.with(|faults| faults.recipient.clone()),
    });
    let owner = StoredValue::new(owner);
    let hint = Signal::derive(move || {
        let address = address.get()?;
        if request(fields).is_some() {
            return Some("Signed by the recipient ✓".to_owned());
        }
        let name = owner.with_value(|owner| name_of(wallet, owner, &address))?;
        let short = frontend::view::text::shorten_address(&address);
        Some([&name, ": ", &short].concat())
    });
    let chips = move || {
        let text = fields.recipient.get();
        let found = wallet.ledger.shelf.with(|shelf| {
            if text.len() > MAX_NAME * 4 || shelf.book.named(&text).is_some() {
                return Vec::new();
            }
            shelf
                .book
                .suggest(&text)
                .into_iter()
                .map(|contact| chip(fields, contact.name.clone()))
                .collect()
        });
        found.filter(|found| !found.is_empty()).map(|found| {
            view! { <div class="wallet-suggestions" role="group" aria-label="Contacts">{found}</div> }
        })
    };
    view! {
        <Field label="Recipient" id="recipient" value=fields.recipient fault=said hint is_code=true>
            {dynamic(move || {
                address.get()
                    .map(|address| view! { <span class="wallet-field-cairn"><Cairn address size=32 /></span> })
            })}
        </Field>
        {super::scan::scan_button(Callback::new(move |text| fields.recipient.set(text)), unread)}
        <Alarm said=unread />
        {dynamic(chips)}
        {dynamic(move || address.get().and_then(|address| owner.with_value(|owner| warnings(wallet, owner, &address))))}
    }
}

fn chip(fields: Fields, name: String) -> AnyView {
    let chosen = name.clone();
    let choose = move |_| {
        fields.recipient.set(chosen.clone());
        focus_on("#amount".to_owned());
    };
    view! { <button type="button" class="wallet-chip" on:click=choose><bdi>{name}</bdi></button> }.into_any()
}

/// What is chosen of "Valid until".
fn until(fields: Fields) -> Until {
    let chosen = fields.until.get_untracked();
    match chosen.parse() {
        Ok(blocks) => Until::Blocks(blocks),
        Err(_) if chosen.is_empty() => Until::Open,
        Err(_) => Until::Height(fields.height.get_untracked()),
    }
}

/// What is seldom needed.
fn more(fields: Fields, fault: Signal<Option<String>>) -> impl IntoView {
    let option = move |value: String, text: String| {
        let is_chosen = fields.until.with_untracked(|chosen| *chosen == value);
        view! { <option value=value selected=is_chosen>{text}</option> }
    };
    let blocks = validity::CHOICES.map(|count| option(count.to_string(), Until::Blocks(count).label()));
    view! {
        <details class="wallet-more" open=fields.until.with_untracked(|chosen| !chosen.is_empty())>
            <summary>"More"</summary>
            <div class="wallet-field">
                <label for="until">"Valid until"</label>
                <select id="until" on:change=move |event| fields.until.set(event_target_value(&event))>
                    {option(String::new(), Until::Open.label())}
                    {blocks}
                    {option("height".to_owned(), "Until height …".to_owned())}
                </select>
                <p class="wallet-hint">"If it is not mined by then, it never will be, and the money stays yours."</p>
            </div>
            {dynamic(move || {
                (fields.until.get() == "height")
                    .then(|| view! { <Field label="Height" id="until-height" value=fields.height fault inputmode="numeric" /> })
            })}
        </details>
    }
}

/// The node's estimates, as buttons. The first fills in the fee until somebody types another one.
fn suggestions(process: Process, faults: RwSignal<Faults>) -> impl IntoView {
    let (live, fee) = (use_live(), process.fields.fee);
    let fees = RwSignal::new(None::<Fees>);
    let has_none = RwSignal::new(false);
    while_here(async move {
        match api::get::<Fees>("/blockchain/fees").await {
            Ok(found) => {
                if fee.with_untracked(String::is_empty) {
                    let suggested = found.estimates.first().map_or(found.minimum, |estimate| estimate.fee);
                    fee.set(suggested.to_coins());
                }
                fees.set(Some(found));
            }
            Err(_) => has_none.set(true),
        }
    });
    let one = move |estimate: FeeEstimate| {
        let coins = estimate.fee.to_coins();
        let time = frontend::view::time::duration(estimate.expected_ms);
        let (chosen, shown) = (coins.clone(), coins.clone());
        let choose = move |_| {
            fee.set(chosen.clone());
            process.waits.set(None);
            faults.update(|faults| faults.clear("fee"));
        };
        let is_chosen = move || fee.with(|fee| if *fee == coins { "true" } else { "false" });
        view! {
            <button type="button" class="wallet-chip" aria-pressed=is_chosen on:click=choose>
                {dynamic(move || format!("{shown} {} · about {time}", live.symbol()))}
            </button>
        }
    };
    view! {
        <div class="wallet-suggestions" role="group" aria-label="How soon">
            {dynamic(move || {
                // Where blocks have room for all, one fee serves every time.
                let mut estimates = fees.get().map(|fees| fees.estimates).unwrap_or_default();
                estimates.dedup_by_key(|estimate| estimate.fee);
                estimates.into_iter().map(one).collect_view()
            })}
            {claimed("How long it takes for a fee is the node’s estimate.")}
            {dynamic(move || {
                has_none
                    .get()
                    .then(|| {
                        view! {
                            <span class="wallet-hint">
                                "The node gives no estimate now. Any fee may be tried; nothing is lost if it is too low."
                            </span>
                        }
                    })
            })}
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
