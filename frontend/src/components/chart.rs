//! A small chart: a line to look at, its values by pointer and arrow keys, and a table behind it.

use frontend::view::chart::{area, ceiling, line, path};
use frontend::view::limit::unit;
use frontend::view::text::decimal;
use leptos::ev::{KeyboardEvent, PointerEvent};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::follow::dynamic;

// As in the viewBox and the grid below.
const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 96.0;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value {
    /// What it belongs to: "Block 12".
    pub(crate) name: String,
    /// How large it is.
    pub(crate) size: f64,
    /// It, in words and with its unit.
    pub(crate) text: String,
}

/// A chart of values in order.
#[component]
pub(crate) fn Chart(
    /// What it shows.
    title: &'static str,
    /// What the values belong to, as the table's first heading.
    of: &'static str,
    /// The values; fewer than two are no chart.
    #[prop(into)]
    values: Signal<Vec<Value>>,
    /// Writes the upper end of the scale.
    scale: fn(f64) -> String,
) -> impl IntoView {
    let chosen = RwSignal::new(None::<usize>);
    let sizes = move || values.with(|values| values.iter().map(|value| value.size).collect::<Vec<_>>());
    let points = move || line(&sizes(), WIDTH, HEIGHT);
    let cursor = move || chosen.get().and_then(|index| points().get(index).copied());
    let readout = move || {
        let shown = chosen.get().unwrap_or_else(|| values.with(Vec::len).saturating_sub(1));
        values.with(|values| values.get(shown).map(|value| (value.name.clone(), value.text.clone())))
    };
    let point_at = move |event: PointerEvent| {
        let target = event
            .current_target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        if let Some(target) = target {
            let count = values.with_untracked(Vec::len);
            let share = f64::from(event.offset_x()) / f64::from(target.client_width().max(1));
            let index = (unit(share) * count.saturating_sub(1) as f64).round() as usize;
            chosen.set((index < count).then_some(index));
        }
    };
    let step = move |event: KeyboardEvent| {
        let last = values.with_untracked(Vec::len).saturating_sub(1);
        let at = chosen.get_untracked().unwrap_or(last);
        let to = match event.key().as_str() {
            "ArrowLeft" => at.saturating_sub(1),
            "ArrowRight" => (at + 1).min(last),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        chosen.set(Some(to));
    };
    view! {
        <figure class="chart">
            <figcaption class="chart-head">
                <span class="chart-title">{title}</span>
                <span class="chart-value" aria-live="polite">
                    {dynamic(move || readout().map(|(name, text)| view! { <strong>{text}</strong> " " <span class="quiet">{name}</span> }))}
                </span>
            </figcaption>
            <div
                class="chart-box"
                tabindex="0"
                role="img"
                aria-label=format!("{title}, a chart. The arrow keys step through its values.")
                on:pointermove=point_at
                on:pointerleave=move |_| chosen.set(None)
                on:blur=move |_| chosen.set(None)
                on:keydown=step
            >
                <svg viewBox="0 -4 320 104" preserveAspectRatio="none" aria-hidden="true">
                    <path class="chart-grid" d="M0 0H320M0 48H320M0 96H320" />
                    <path class="chart-area" d=move || area(&points(), HEIGHT) />
                    <path class="chart-line" d=move || path(&points()) />
                    {dynamic(move || {
                        cursor()
                            .map(|point| {
                                view! { <path class="chart-cursor" d=format!("M{} -4V96", decimal(point.x, 1)) /> }
                            })
                    })}
                </svg>
                <span class="chart-scale quiet">{dynamic(move || scale(ceiling(&sizes())))}</span>
            </div>
            <details class="chart-table">
                <summary>"As a table"</summary>
                <div class="scroll">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">{of}</th>
                                <th scope="col">{title}</th>
                            </tr>
                        </thead>
                        <tbody>
                            {dynamic(move || {
                                values
                                    .get()
                                    .into_iter()
                                    .rev()
                                    .map(|value| {
                                        view! {
                                            <tr>
                                                <td>{value.name}</td>
                                                <td>{value.text}</td>
                                            </tr>
                                        }
                                    })
                                    .collect_view()
                            })}
                        </tbody>
                    </table>
                </div>
            </details>
        </figure>
    }
}
