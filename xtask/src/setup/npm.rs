//! What comes from npm: wasm-opt, and the packages of the browser tests.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

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

/// Before the usual passes: code is taken apart and put together in a more regular form. In one comparison the page became
/// 0.6 % smaller in brotli.
const BEFORE: &str = "--flatten --rereloop -Oz";

/// After them: functions of like names, which are alike, lie side by side. Another 0.6 %.
const AFTER: &str = "--reorder-functions-by-name";

/// What runs before wasm-opt.
const STRIP: &str = include_str!("wasm-opt.mjs");

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
    let programs = [("wasm-opt", script()), ("wasm-opt.mjs", STRIP.to_owned())];
    if bin.join("wasm-opt").is_file() {
        // An earlier version may have called it in another way.
        let is_same = |(name, text): &(&str, String)| fs::read_to_string(bin.join(name)).is_ok_and(|old| old == *text);
        if programs.iter().all(is_same) {
            step.note("already there");
        } else {
            write_programs(&bin, &programs)?;
        }
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

    write_programs(&partial.join("bin"), &programs)?;
    put(&partial, &home)?;
    Ok(bin)
}

/// What Trunk calls.
fn script() -> String {
    format!(
        "#!/bin/sh\n# Trunk calls this; the features are those of rustc's wasm32.\n\
         exec node \"$(dirname \"$0\")/wasm-opt.mjs\" {BEFORE} \"$@\" {AFTER} {FEATURES}\n"
    )
}

fn write_programs(bin: &Path, programs: &[(&str, String)]) -> Result<()> {
    for (name, text) in programs {
        let (path, partial) = (bin.join(name), bin.join(format!("{name}.partial")));
        fs::write(&partial, text)?;
        fs::set_permissions(&partial, fs::Permissions::from_mode(0o755))?;
        fs::rename(&partial, &path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
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
