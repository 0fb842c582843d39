//! `/`: the state at a glance, and the newest blocks as they arrive.

use frontend::view::text::{grouped, grouped_decimal, hash_rate, short_number, to_f64};
use frontend::view::time;
use frontend::view::verify::{Findings, header_findings};
use leptos::prelude::*;

use crate::components::chart::{Chart, Value};
use crate::components::fact::fact;
use crate::components::failure::FailureNotice;
use crate::components::heading::PageHeading;
use crate::components::shown::shown;
use crate::components::stack::Stack;
use crate::components::trust::Trust;
use crate::follow::dynamic;
use crate::live::{Live, use_live};

/// The overview.
#[component]
pub(crate) fn Overview() -> impl IntoView {
    let live = use_live();
    let failure = move || live.failure().filter(|_| live.status().is_none());
    view! {
        <PageHeading title="The chain now" />
        {dynamic(move || {
            failure()
                .map(|failure| {
                    view! { <FailureNotice failure=failure retry=Callback::new(move |()| live.retry()) /> }
                })
        })}
        <div class="overview">
            <div class="overview-facts">
                <Tip />
                <Facts />
            </div>
            <Stack />
        </div>
        <Charts />
    }
}

/// The tip, verified by itself.
fn tip_findings(live: Live) -> Findings {
    let tip = live.blocks().and_then(|blocks| blocks.into_iter().next());
    match (tip, live.with(|status| status.genesis_hash)) {
        (Some(tip), Some(genesis)) => header_findings(&tip.header, &genesis),
        _ => Findings::claimed("No header was read yet."),
    }
}

#[component]
fn Tip() -> impl IntoView {
    let live = use_live();
    let findings = Signal::derive(move || tip_findings(live));
    let age = move || {
        live.with(|status| status.tip_timestamp)
            .map(|then| time::ago(live.now(), then))
    };
    view! {
        <section class="tip" aria-label="Newest block">
            <p class="figure-label">"Height"</p>
            <p class="figure">
                <span class="figure-number" aria-live="polite">
                    {dynamic(move || live.with(|status| grouped(status.height)).unwrap_or_else(|| "–".to_owned()))}
                </span>
                <Trust findings=findings />
            </p>
            <p class="tip-age">
                {dynamic(move || age().map_or_else(|| "Waiting for the node".to_owned(), |age| format!("Newest block {age}")))}
            </p>
        </section>
    }
}

#[component]
fn Facts() -> impl IntoView {
    let live = use_live();
    let said =
        move |read: fn(&shared::api::Status) -> String| move || live.with(read).unwrap_or_else(|| "–".to_owned());
    let interval = view! {
        {said(|status| status.mean_interval_ms.map_or_else(|| "not yet".to_owned(), time::duration))}
        <span class="quiet">{said(|status| format!(" of {} aimed at", time::duration(status.interval_ms)))}</span>
    };
    let pending = view! {
        <a href="/mempool">{said(|status| frontend::view::text::count(status.pending, "transfer", "transfers"))}</a>
    };
    let peers = view! {
        <a href="/network">{said(|status| if status.peers == 0 { "none".to_owned() } else { grouped(status.peers) })}</a>
    };
    let work = view! {
        {said(|status| short_number(to_f64(&status.work)))} <span class="quiet">" attempts"</span>
    };
    let facts = vec![
        fact("Interval", interval),
        fact(
            "Hash rate",
            said(|status| {
                status
                    .hash_rate
                    .as_ref()
                    .map_or_else(|| "not yet".to_owned(), hash_rate)
            }),
        ),
        fact("Pending", pending),
        fact("Peers", peers),
        fact("Work", work),
        fact(
            "Mining",
            said(|status| if status.mining { "always" } else { "on demand" }.to_owned()),
        ),
    ];
    view! { <dl class="facts">{facts}</dl> }
}

/// Interval and difficulty over the newest blocks.
#[component]
fn Charts() -> impl IntoView {
    let live = use_live();
    // Oldest first, as time runs.
    let headers = move || {
        let blocks = live.blocks().unwrap_or_default();
        // The genesis block's time is the parameters': how long ago that was says nothing of blocks.
        let mined = blocks.into_iter().rev().map(|block| block.header);
        mined.filter(|header| header.height > 0).collect::<Vec<_>>()
    };
    let pairs = move |read: fn(&shared::api::HeaderJson, &shared::api::HeaderJson) -> Value| {
        headers()
            .windows(2)
            .map(|pair| read(&pair[0], &pair[1]))
            .collect::<Vec<_>>()
    };
    let intervals = Signal::derive(move || {
        pairs(|before, header| {
            let length = header.timestamp.saturating_sub(before.timestamp);
            Value {
                name: format!("Block {}", grouped(header.height)),
                size: length as f64 / 1000.0,
                text: time::duration(length),
            }
        })
    });
    let difficulties = Signal::derive(move || {
        pairs(|before, header| {
            let work = shared::api::Decimal(header.work.0.saturating_sub(before.work.0));
            Value {
                name: format!("Block {}", grouped(header.height)),
                size: to_f64(&work),
                text: format!("{} attempts", grouped_decimal(&work)),
            }
        })
    });
    shown(
        move || intervals.with(Vec::len) >= 2,
        move || {
            view! {
                <section class="charts" aria-label="Over time">
                    <Chart
                        title="Interval"
                        of="Block"
                        values=intervals
                        scale=|top| time::duration((top * 1000.0) as u64)
                    />
                    <Chart title="Difficulty" of="Block" values=difficulties scale=short_number />
                </section>
            }
            .into_any()
        },
    )
}
