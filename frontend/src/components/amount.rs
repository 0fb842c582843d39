//! An amount: whole coins large, the fraction smaller, the unit quiet.

use frontend::view::amount;
use leptos::prelude::*;

use crate::follow::dynamic;
use crate::live::use_live;

/// An amount of the network's coin. `class` sets the size: `amount-large` for the figure that a page is about.
#[component]
pub(crate) fn AmountText(
    /// What to show.
    #[prop(into)]
    amount: Signal<shared::amount::Amount>,
    /// A sign before it, such as `+` or `−`.
    #[prop(optional)]
    sign: &'static str,
    /// Further classes.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let live = use_live();
    let parts = move || amount::parts(amount.get());
    view! {
        <span class=format!("amount {class}")>
            {sign} <span class="amount-whole">{dynamic(move || parts().whole)}</span>
            <span class="amount-fraction">{dynamic(move || parts().fraction)}</span>
            <span class="amount-symbol">{dynamic(move || format!("\u{a0}{}", live.symbol()))}</span>
        </span>
    }
}
