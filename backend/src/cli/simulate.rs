//! `cairn simulate`: a network of many nodes in virtual time, run from one seed.

use std::time::Instant;

use anyhow::bail;
use clap::Args;

use super::output;
use crate::simulate::{Report, Scenario, run as simulate};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cairn simulate --seed 7                        five nodes for ten minutes\n  \
                        cairn simulate --seed 7 --nodes 200 --minutes 5   the same seed gives the same run"
)]
pub(super) struct SimulateArgs {
    /// Where all chance comes from.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// How many nodes there are.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..=1_000))]
    nodes: u64,

    /// For how many minutes of virtual time things go wrong.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1_440))]
    minutes: u64,

    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the simulation, and fails when an invariant does not hold.
pub(super) fn run(args: &SimulateArgs) -> anyhow::Result<()> {
    let begun = Instant::now();
    let report = simulate(&Scenario::new(args.seed, usize::try_from(args.nodes)?, args.minutes));
    if args.json {
        output::print_json(&report)?;
    } else {
        output::print(&table(&report));
        output::note(&format!("It took {:.1} s.", begun.elapsed().as_secs_f64()));
    }
    if let Some(first) = report.violations.first() {
        bail!(
            "an invariant does not hold: {first}; run it again with --seed {}",
            report.seed
        );
    }
    Ok(())
}

fn table(report: &Report) -> String {
    let rows = [
        ("seed", report.seed.to_string()),
        ("nodes", report.nodes.to_string()),
        ("virtual time", format!("{} s", report.virtual_ms / 1_000)),
        ("events", report.events.to_string()),
        ("messages", report.messages.to_string()),
        ("partitions", report.partitions.to_string()),
        ("broken lines, restarts", report.breaks.to_string()),
        ("blocks found", report.blocks.to_string()),
        ("height", report.height.to_string()),
        (
            "reorganisations",
            format!("{}, the deepest of {} blocks", report.reorganisations, report.deepest),
        ),
        (
            "transfers",
            format!(
                "{} accepted: {} mined, {} pending, {} given up and told",
                report.accepted, report.mined, report.pending, report.told
            ),
        ),
        ("tip", report.tip.to_string()),
        ("log", report.log.to_string()),
    ];
    let lines = rows.iter().map(|(name, value)| format!("{name:<24}{value}\n"));
    let end = match report.violations.is_empty() {
        true => "All invariants hold: one tip, no coin made or lost, no accepted transfer forgotten, nobody blamed.",
        false => "An invariant does not hold.",
    };
    lines.chain([end.to_owned()]).collect()
}
