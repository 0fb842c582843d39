//! `cargo xtask test` and `check`: every check, each to its end, then what they said and how long they took.

mod steps;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::cli::Selection;
use crate::progress::Steps;
use crate::setup::{self, Tools};

/// What became of a step.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    /// Another step that failed makes it pointless.
    Skipped,
}

/// A finished step, for the closing table.
struct Row {
    name: &'static str,
    outcome: Outcome,
    seconds: f64,
}

/// Everything that the steps need, installed.
struct Ready {
    tools: Tools,
    chromium: Option<PathBuf>,
}

/// Sets up, runs the selected steps, and fails when any of them failed.
///
/// # Errors
/// What is missing and cannot be installed, at once; failed steps, at the end.
pub(crate) fn task(selection: &Selection) -> Result<()> {
    let mut steps = Steps::new(set_up_steps(selection) + selection.steps().len());
    let ready = set_up(&mut steps, selection)?;
    let mut rows: Vec<Row> = Vec::new();
    for name in selection.steps() {
        let started = Instant::now();
        let failed = |other: &str| {
            rows.iter()
                .any(|row| row.name == other && row.outcome != Outcome::Passed)
        };
        let outcome = if needs(name).iter().any(|other| failed(other)) {
            Outcome::Skipped
        } else {
            run_one(&mut steps, name, &ready)
        };
        rows.push(Row {
            name,
            outcome,
            seconds: started.elapsed().as_secs_f64(),
        });
    }
    print!("\n{}", table(&rows));
    conclude(&rows, steps.elapsed().as_secs())
}

/// The steps without whose success a step is pointless.
fn needs(step: &str) -> &'static [&'static str] {
    match step {
        "node" => &["page"],
        "browser" => &["page", "recover", "node"],
        _ => &[],
    }
}

fn compiles_wasm(selection: &Selection) -> bool {
    ["page", "recover", "clippy-wasm", "wasm"]
        .iter()
        .any(|step| selection.has(step))
}

fn set_up_steps(selection: &Selection) -> usize {
    let page = if compiles_wasm(selection) { setup::PAGE_STEPS } else { 0 };
    let browser = if selection.has("browser") {
        setup::BROWSER_PACKAGES
    } else {
        0
    };
    page + browser + usize::from(selection.has("native")) + usize::from(selection.has("deny"))
}

fn set_up(steps: &mut Steps, selection: &Selection) -> Result<Ready> {
    let mut tools = if compiles_wasm(selection) {
        setup::page_tools(steps)?
    } else {
        Tools::default()
    };
    if selection.has("native") {
        setup::cargo_tool_step(steps, &mut tools, &setup::NEXTEST)?;
    }
    if selection.has("deny") {
        setup::cargo_tool_step(steps, &mut tools, &setup::DENY)?;
    }
    let chromium = selection.has("browser").then(|| setup::playwright(steps)).transpose()?;
    Ok(Ready { tools, chromium })
}

fn run_one(steps: &mut Steps, name: &'static str, ready: &Ready) -> Outcome {
    let mut said = Vec::new();
    let result = steps.step(name, |step| {
        let result = steps::run(step, name, ready);
        said = closing_lines(&step.output());
        result
    });
    for line in said {
        println!("{line}");
    }
    match result {
        Ok(()) => Outcome::Passed,
        Err(error) => {
            println!("    {error:#}");
            Outcome::Failed
        }
    }
}

/// The lines by which test runners close, as they wrote them.
fn closing_lines(output: &str) -> Vec<String> {
    let closes = |line: &&str| {
        let line = line.trim_start();
        let counts = || {
            let mut words = line.split_whitespace();
            let number = words.next().is_some_and(|word| word.parse::<u32>().is_ok());
            number
                && words
                    .next()
                    .is_some_and(|word| ["passed", "failed", "flaky", "skipped"].contains(&word))
        };
        line.starts_with("Summary [") || line.starts_with("test result: ") || counts()
    };
    output.lines().filter(closes).map(String::from).collect()
}

fn table(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let outcome = match row.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "skipped",
        };
        format!("{:<12} {outcome:<8} {:>8.1} s\n", row.name, row.seconds)
    };
    rows.iter().map(line).collect()
}

fn conclude(rows: &[Row], seconds: u64) -> Result<()> {
    let bad: Vec<&str> = rows
        .iter()
        .filter(|row| row.outcome != Outcome::Passed)
        .map(|row| row.name)
        .collect();
    if bad.is_empty() {
        println!("Everything passed ({} steps) in {seconds} s.", rows.len());
        return Ok(());
    }
    bail!(
        "{} of {} steps did not pass: {}. Their output is in target/xtask/; repeat one with cargo xtask test --only {}",
        bad.len(),
        rows.len(),
        bad.join(", "),
        bad[0]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_the_runners_are_found() {
        let output = "        PASS [   0.004s] xtask cli::tests::x\n     Summary [   0.015s] 20 tests run: 20 passed, 0 skipped\n\
            test result: ok. 3 passed; 0 failed\n  1 failed\n    [chromium] › a.spec.ts\n  4 passed (12.3s)\n4 passengers\n";
        let lines = closing_lines(output);
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert_eq!(lines[0], "     Summary [   0.015s] 20 tests run: 20 passed, 0 skipped");
        assert_eq!(lines[3], "  4 passed (12.3s)");
    }

    #[test]
    fn a_failure_is_named_with_the_command_that_repeats_it() {
        let row = |name, outcome| Row {
            name,
            outcome,
            seconds: 1.0,
        };
        let rows = [
            row("fmt", Outcome::Passed),
            row("page", Outcome::Failed),
            row("browser", Outcome::Skipped),
        ];
        let said = conclude(&rows, 3).unwrap_err().to_string();
        assert!(said.contains("2 of 3") && said.contains("--only page"), "{said}");
        assert!(conclude(&rows[..1], 1).is_ok());
        assert_eq!(table(&rows).lines().count(), 3);
    }

    #[test]
    fn what_a_step_needs_runs_before_it() {
        let place = |step: &str| crate::cli::STEPS.iter().position(|other| *other == step).unwrap();
        for step in crate::cli::STEPS {
            assert!(needs(step).iter().all(|other| place(other) < place(step)), "{step}");
        }
    }
}
