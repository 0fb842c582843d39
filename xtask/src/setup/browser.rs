//! Chromium with its driver, and the packages of the browser tests.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::debian::apt_install;
use super::npm;
use crate::command::find;
use crate::progress::{Step, Steps};

/// How many steps [`playwright`] takes.
pub(crate) const PACKAGES: usize = 2;

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Finds or installs what the browser tests need, and tells where Chromium is.
///
/// # Errors
/// What is missing and cannot be installed.
pub(crate) fn playwright(steps: &mut Steps) -> Result<PathBuf> {
    let chromium = steps.step("Chromium", chromium)?;
    steps.step("browser test packages", npm::test_packages)?;
    Ok(chromium)
}

fn chromium(step: &mut Step) -> Result<PathBuf> {
    if let Some(named) = env::var_os("CAIRN_CHROMIUM").map(PathBuf::from) {
        ensure!(
            named.is_file(),
            "CAIRN_CHROMIUM names {}, which is not there",
            named.display()
        );
        step.note("named by CAIRN_CHROMIUM");
        return Ok(named);
    }
    let on_path = || NAMES.into_iter().find_map(find);
    if let Some(found) = on_path() {
        step.note("already there");
        return Ok(found);
    }
    let purpose = "the browser tests need Chromium; put it on PATH, or name it in CAIRN_CHROMIUM, or";
    apt_install(step, &["chromium", "chromium-driver"], purpose)?;
    on_path().context("chromium was installed, but it is not on PATH")
}
