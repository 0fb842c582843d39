//! The page: built by Trunk into `dist/`, unless nothing that goes into it has changed.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::fingerprint::Fingerprint;
use crate::progress::{Step, Steps};
use crate::setup::{self, Tools};
use crate::{sizes, workspace};

/// What goes into the page; `xtask/src/finish_page*` rewrites what Trunk emits.
const INPUTS: [&str; 13] = [
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "index.html",
    ".cargo/config.toml",
    "frontend/Cargo.toml",
    "frontend/build.rs",
    "frontend/src",
    "frontend/style",
    "frontend/assets",
    "shared/Cargo.toml",
    "shared/src",
    "xtask/src",
];

/// `cargo xtask page`.
///
/// # Errors
/// What is missing, or what Trunk says.
pub(crate) fn task() -> Result<()> {
    let mut steps = Steps::new(setup::PAGE_STEPS + 1);
    let tools = setup::page_tools(&mut steps)?;
    steps.step("page", |step| build(step, &tools))?;
    sizes::print_page(&tools)
}

/// Builds the page with Trunk when it is not up to date.
///
/// # Errors
/// When there is no page, or Trunk or its hook fails.
pub(crate) fn build(step: &mut Step, tools: &Tools) -> Result<()> {
    ensure!(
        workspace::root().join("index.html").is_file(),
        "there is no index.html in the workspace's root: the page cannot be built"
    );
    let marker = workspace::state()?.join("page.fingerprint");
    if fingerprint(tools)?.is_at(&marker) && workspace::dist().join("index.html").is_file() {
        step.note("unchanged");
        return Ok(());
    }
    let mut trunk = tools.page_command("trunk")?;
    // Trunk refuses the usual NO_COLOR=1.
    trunk.args(["build", "--release", "--offline"]).env_remove("NO_COLOR");
    fetch(step, tools)?;
    step.run(&mut trunk).context("Trunk could not build the page")?;
    fingerprint(tools)?.save(&marker)
}

/// Downloads all dependencies, for Trunk runs offline so that it downloads no tools.
///
/// # Errors
/// When cargo cannot download them.
pub(crate) fn fetch(step: &Step, tools: &Tools) -> Result<()> {
    let failed = "cargo could not download the dependencies";
    step.run(tools.page_command("cargo")?.arg("fetch")).context(failed)?;
    if tools.is_lean() {
        // Without a target cargo gets what the standard library needs on this machine alone.
        step.run(tools.page_command("cargo")?.args(["fetch", "--target", setup::WASM]))
            .context(failed)?;
    }
    Ok(())
}

/// What goes into the page and what came out: somebody else may have written to `dist/`.
fn fingerprint(tools: &Tools) -> Result<Fingerprint> {
    let inputs = INPUTS.iter().map(|input| workspace::root().join(input));
    let paths: Vec<PathBuf> = inputs.chain([workspace::dist()]).collect();
    Fingerprint::of(&paths, tools.versions())
}
