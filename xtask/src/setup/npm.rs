//! What comes from npm: wasm-opt, and the packages of the browser tests.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::debian::apt_install;
use super::{put, remove, unfinished};
use crate::command::{command, find};
use crate::fingerprint::Fingerprint;
use crate::progress::Step;
use crate::workspace;

/// The version of npm's `binaryen`.
pub(super) const BINARYEN: &str = "132.0.0";

/// What rustc's wasm32 may contain; the section that says so is stripped.
const FEATURES: &str = "--enable-bulk-memory --enable-bulk-memory-opt --enable-multivalue --enable-mutable-globals \
    --enable-nontrapping-float-to-int --enable-reference-types --enable-sign-ext";

/// Finds or installs wasm-opt and tells the folder that has it.
///
/// # Errors
/// When npm is missing and cannot be installed, or fails.
pub(super) fn wasm_opt(step: &mut Step) -> Result<PathBuf> {
    ensure_npm(
        step,
        "wasm-opt, which shrinks the page, comes from npm and runs on Node.js",
    )?;
    let home = workspace::cache()?.join(format!("binaryen-{BINARYEN}"));
    let bin = home.join("bin");
    if bin.join("wasm-opt").is_file() {
        step.note("already there");
        return Ok(bin);
    }
    let partial = unfinished(&home, ".partial");
    remove(&partial)?;
    fs::create_dir_all(partial.join("bin"))?;
    let mut install = command("npm");
    install
        .current_dir(&partial)
        .args(["install", "--no-audit", "--no-fund", "--no-save", "--prefix"])
        .arg(&partial);
    step.run(install.arg(format!("binaryen@{BINARYEN}")))
        .context("npm could not install binaryen")?;

    let script = format!(
        "#!/bin/sh\n# Trunk calls this; the features are those of rustc's wasm32.\n\
         exec node \"$(dirname \"$0\")/../node_modules/binaryen/bin/wasm-opt\" \"$@\" {FEATURES}\n"
    );
    let wrapper = partial.join("bin/wasm-opt");
    fs::write(&wrapper, script)?;
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))?;
    put(&partial, &home)?;
    Ok(bin)
}

/// Installs the packages of `e2e/` when its lock file changed since they were.
///
/// # Errors
/// When npm is missing and cannot be installed, or fails.
pub(super) fn test_packages(step: &mut Step) -> Result<()> {
    ensure_npm(step, "the browser tests run on Node.js")?;
    let e2e = workspace::root().join("e2e");
    let lock = Fingerprint::of(&[e2e.join("package-lock.json"), e2e.join("package.json")], &[])?;
    let marker = e2e.join("node_modules/.cairn-lock");
    if lock.is_at(&marker) {
        step.note("already there");
        return Ok(());
    }
    let mut install = command("npm");
    install
        .current_dir(&e2e)
        .args(["ci", "--no-audit", "--no-fund"])
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    step.run(&mut install)
        .context("npm could not install the packages of e2e/")?;
    lock.save(&marker)
}

fn ensure_npm(step: &Step, purpose: &str) -> Result<()> {
    if find("npm").is_some() && find("node").is_some() {
        return Ok(());
    }
    apt_install(step, &["nodejs", "npm"], &format!("{purpose}, and they are missing"))
}
