//! Trunk's last hook: turns what Trunk emitted into what the node serves under a policy without inline code.
//!
//! In a release build the start script moves into a file of its own, everything that the browser loads carries the hash
//! of its content, the service worker knows the hash of every file, and beside every file that gains from it lies its brotli
//! form. Under `trunk serve` nothing is changed.

mod compress;
mod html;
mod index;
pub(crate) mod integrity;
mod names;
mod service_worker;
mod worker;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// `xtask finish-page`, which Trunk starts.
///
/// # Errors
/// When the page breaks the policy, or a file cannot be read or written.
pub(crate) fn task() -> Result<()> {
    let staging = env::var_os("TRUNK_STAGING_DIR").map(PathBuf::from);
    let staging = staging.context("finish-page is a hook of Trunk: run cargo xtask page instead")?;
    let is_release = env::var("TRUNK_PROFILE").map_or(true, |profile| profile != "debug");
    let (script, wasm) = worker::program(&staging)?;
    if is_release {
        names::finish(&staging.join(&script), &staging.join(&wasm))?;
    }
    worker::finish(&staging)?;
    if !is_release {
        return Ok(());
    }
    finish(&staging)
}

fn finish(staging: &Path) -> Result<()> {
    let index = staging.join("index.html");
    let emitted = fs::read_to_string(&index).context("Trunk left no index.html")?;
    let finished = index::finish(&emitted, staging)?;
    fs::write(&index, finished).context("cannot write index.html")?;
    service_worker::finish(staging)?;
    compress::all(staging)
}
