//! What each step of the checks runs.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::Ready;
use crate::command::command;
use crate::progress::Step;
use crate::setup::WASM;
use crate::{node, page, recover, sizes, workspace};

/// How long the advisory database may take to download; a closed network may never answer.
const ADVISORIES_LIMIT: Duration = Duration::from_secs(60);

/// Runs a step by its name.
///
/// # Errors
/// When what it checks is not so.
pub(super) fn run(step: &mut Step, name: &str, ready: &Ready) -> Result<()> {
    match name {
        "fmt" => step.run(command("cargo").args(["fmt", "--all", "--check"])),
        "page" => {
            page::build(step, &ready.tools)?;
            sizes::print_page(&ready.tools)
        }
        "recover" => {
            recover::build(step, &ready.tools)?;
            sizes::print_file(&recover::output())
        }
        "node" => {
            node::build(step)?;
            sizes::print_file(&node::binary())
        }
        "clippy" => step.run(command("cargo").args(CLIPPY).args(["--", "-D", "warnings"])),
        "clippy-wasm" => clippy_wasm(step, ready),
        "docs" => step.run(
            command("cargo")
                .args(["doc", "--workspace", "--no-deps"])
                .env("RUSTDOCFLAGS", "-D warnings"),
        ),
        "native" => native(step, ready),
        "doctest" => step.run(command("cargo").args(["test", "--workspace", "--doc", "--no-fail-fast"])),
        "wasm" => wasm(step, ready),
        "browser" => browser(step, ready),
        "deny" => deny(step, ready),
        other => bail!("the step {other} does nothing"),
    }
}

const CLIPPY: [&str; 4] = ["clippy", "--workspace", "--all-targets", "--keep-going"];

fn clippy_wasm(step: &mut Step, ready: &Ready) -> Result<()> {
    let packages = ["--package", "frontend", "--package", "shared", "--target", WASM];
    let cargo = || ready.tools.wasm_command("cargo");
    if step.attempt(cargo()?.args(["clippy", "--version"]), Duration::MAX)? {
        return step.run(cargo()?.arg("clippy").args(packages).args(["--", "-D", "warnings"]));
    }
    step.note("the compiler for wasm32 has no clippy: cargo check instead");
    step.run(cargo()?.arg("check").args(packages).env("RUSTFLAGS", "-D warnings"))
}

fn native(step: &mut Step, ready: &Ready) -> Result<()> {
    // A test that passes without having been run says so here: what it prints, the runner keeps to itself.
    let skipped = workspace::state()?.join("skipped");
    fs::write(&skipped, "")?;
    let mut cargo = ready.tools.command("cargo")?;
    let cargo = cargo.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    let result = step.run(cargo.env("CAIRN_SKIPPED", &skipped));
    if let Some(what) = fs::read_to_string(&skipped)?.lines().next() {
        step.note(what);
    }
    result
}

fn wasm(step: &Step, ready: &Ready) -> Result<()> {
    let tests = workspace::root().join("shared/tests/wasm.rs");
    ensure!(
        tests.is_file(),
        "shared/tests/wasm.rs, the tests for wasm32, is missing"
    );
    let mut cargo = ready.tools.wasm_command("cargo")?;
    step.run(cargo.args(["test", "--package", "shared", "--target", WASM, "--test", "wasm"]))
}

fn browser(step: &Step, ready: &Ready) -> Result<()> {
    let chromium = ready.chromium.as_ref().context("Chromium was not set up")?;
    let e2e = workspace::root().join("e2e");
    let mut playwright = Command::new(e2e.join("node_modules/.bin/playwright"));
    playwright
        .current_dir(&e2e)
        .arg("test")
        .stdin(std::process::Stdio::null())
        .env("CAIRN_CHROMIUM", chromium)
        .env("CAIRN_BIN", node::binary())
        .env("CAIRN_RECOVER", recover::output());
    step.run(&mut playwright)
}

fn deny(step: &mut Step, ready: &Ready) -> Result<()> {
    let cargo = || ready.tools.command("cargo");
    step.run(cargo()?.arg("fetch"))?;
    step.run(cargo()?.args([
        "deny",
        "--workspace",
        "--offline",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))?;
    if step.attempt(cargo()?.args(["deny", "fetch", "db"]), ADVISORIES_LIMIT)? {
        return step.run(cargo()?.args(["deny", "--workspace", "--offline", "check", "advisories"]));
    }
    step.note("advisories SKIPPED: their database could not be downloaded");
    Ok(())
}
