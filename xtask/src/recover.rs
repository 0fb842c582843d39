//! `cairn-recover.html`: one file that opens a backup without a node and without a network, beside the node's binary.

mod document;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::fingerprint::Fingerprint;
use crate::progress::{Step, Steps};
use crate::setup::{self, Tools};
use crate::{page, sizes, workspace};

/// What goes into the file. The binary `recover` uses nothing else of the front end.
const INPUTS: [&str; 11] = [
    "Cargo.lock",
    "Cargo.toml",
    ".cargo/config.toml",
    "frontend/Cargo.toml",
    "frontend/src/bin/recover.rs",
    "frontend/assets/recover",
    "frontend/style/tokens.css",
    "shared/Cargo.toml",
    "shared/src",
    "xtask/src/recover.rs",
    "xtask/src/recover",
];

/// `cargo xtask recover`.
///
/// # Errors
/// What is missing, or what a build says.
pub(crate) fn task() -> Result<()> {
    let mut steps = Steps::new(setup::PAGE_STEPS + 1);
    let tools = setup::page_tools(&mut steps)?;
    steps.step("recover", |step| build(step, &tools))?;
    sizes::print_file(&output())
}

/// Where the file lies after a build.
pub(crate) fn output() -> PathBuf {
    workspace::target().join("release/cairn-recover.html")
}

/// Builds the file when it is not up to date.
///
/// # Errors
/// When cargo, wasm-bindgen or wasm-opt fails, or a part does not fit into the document.
pub(crate) fn build(step: &mut Step, tools: &Tools) -> Result<()> {
    let marker = workspace::state()?.join("recover.fingerprint");
    if fingerprint(tools)?.is_at(&marker) && output().is_file() {
        step.note("unchanged");
        return Ok(());
    }
    page::fetch(step, tools)?;
    let parts = compile(step, tools)?;
    let html = document::assemble(&parts)?;
    let output = output();
    fs::create_dir_all(output.with_file_name("")).context("cannot make target/release")?;
    fs::write(&output, html).with_context(|| format!("cannot write {}", output.display()))?;
    fingerprint(tools)?.save(&marker)
}

/// Compiles the program, and gives it its side of JavaScript.
fn compile(step: &Step, tools: &Tools) -> Result<document::Parts> {
    let mut cargo = tools.page_command("cargo")?;
    cargo.args(["build", "--offline", "--profile", "wasm", "--package", "frontend"]);
    step.run(cargo.args(["--bin", "recover", "--target", setup::WASM]))?;
    let compiled = tools.page_target().join(setup::WASM).join("wasm/recover.wasm");

    let folder = workspace::state()?.join("recover");
    let mut bindgen = tools.command("wasm-bindgen")?;
    bindgen.args([
        "--target",
        "no-modules",
        "--no-typescript",
        "--out-name",
        "recover",
        "--out-dir",
    ]);
    step.run(bindgen.arg(&folder).arg(&compiled))?;
    let small = folder.join("small.wasm");
    let mut shrink = tools.command("wasm-opt")?;
    step.run(
        shrink
            .arg("-Oz")
            .arg(folder.join("recover_bg.wasm"))
            .arg("-o")
            .arg(&small),
    )?;

    let text = |path: PathBuf| fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()));
    let source = |name: &str| text(workspace::root().join("frontend").join(name));
    Ok(document::Parts {
        template: source("assets/recover/page.html")?,
        style: source("style/tokens.css")? + &source("assets/recover/style.css")?,
        glue: text(folder.join("recover.js"))?,
        start: source("assets/recover/start.js")?,
        wasm: fs::read(&small).context("wasm-opt left nothing")?,
    })
}

/// What goes into the file and what came out.
fn fingerprint(tools: &Tools) -> Result<Fingerprint> {
    let inputs = INPUTS.iter().map(|input| workspace::root().join(input));
    let paths: Vec<PathBuf> = inputs.chain([output()]).collect();
    Fingerprint::of(&paths, tools.versions())
}
