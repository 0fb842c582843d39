//! A compiler for wasm32: cargo's own toolchain, rustup's download, or Debian's packages, in this order.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::debian;
use crate::command::{command, find, output_of};
use crate::progress::Step;

/// The target's name.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// The toolchain that is made of Debian's packages.
pub(super) const DEBIAN_TOOLCHAIN: &str = "cairn-wasm";

/// How long rustup may try; a download takes seconds, and a closed network may never answer.
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(180);

/// A compiler for wasm32.
pub(super) struct WasmCompiler {
    /// The rustup toolchain, when it is not the one that cargo uses anyway.
    pub(super) toolchain: Option<String>,
    /// What the compiler says of itself.
    pub(super) compiler: String,
    /// Whether the source of its standard library is there.
    pub(super) has_library_source: bool,
}

/// Finds or installs a compiler for wasm32. `CAIRN_WASM=debian` takes Debian's way at once.
///
/// # Errors
/// When neither way is open; the sentence says what is missing.
pub(super) fn ensure(step: &mut Step) -> Result<WasmCompiler> {
    let debian_only = std::env::var_os("CAIRN_WASM").is_some_and(|way| way == "debian");
    if !debian_only && has_target(None) {
        step.note("already there");
        return with_source(step);
    }
    if has_target(Some(DEBIAN_TOOLCHAIN)) {
        step.note("Debian's compiler, already there");
        return Ok(compiler(Some(DEBIAN_TOOLCHAIN)));
    }
    if !debian_only && find("rustup").is_some() {
        let mut add = command("rustup");
        if step.attempt(add.args(["target", "add", WASM]), DOWNLOAD_LIMIT)? && has_target(None) {
            step.note("by rustup");
            return with_source(step);
        }
    }
    debian::install(step)?;
    step.note("Debian's compiler, for rustup could not download the target");
    Ok(compiler(Some(DEBIAN_TOOLCHAIN)))
}

/// rustup's compiler, with the source of its standard library where that can be had.
fn with_source(step: &mut Step) -> Result<WasmCompiler> {
    let plain = compiler(None);
    if plain.has_library_source || find("rustup").is_none() {
        return Ok(plain);
    }
    let mut add = command("rustup");
    step.attempt(add.args(["component", "add", "rust-src"]), DOWNLOAD_LIMIT)?;
    Ok(compiler(None))
}

fn compiler(toolchain: Option<&str>) -> WasmCompiler {
    let compiler = rustc(toolchain, &["--version"]).unwrap_or_default();
    let sysroot = rustc(toolchain, &["--print", "sysroot"]);
    WasmCompiler {
        toolchain: toolchain.map(String::from),
        compiler,
        has_library_source: sysroot
            .is_some_and(|folder| Path::new(&folder).join("lib/rustlib/src/rust/library/std").is_dir()),
    }
}

/// Whether a toolchain has the standard library for wasm32.
fn has_target(toolchain: Option<&str>) -> bool {
    let library = rustc(toolchain, &["--print", "target-libdir", "--target", WASM]);
    library.is_some_and(|folder| has_core(Path::new(&folder)))
}

/// Whether a folder of libraries has `core`.
pub(super) fn has_core(folder: &Path) -> bool {
    let is_core = |name: &str| name.starts_with("libcore-") && name.ends_with(".rlib");
    fs::read_dir(folder).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_str().is_some_and(is_core))
    })
}

fn rustc(toolchain: Option<&str>, arguments: &[&str]) -> Option<String> {
    match toolchain {
        None => output_of("rustc", arguments),
        Some(name) => output_of("rustup", &[&["run", name, "rustc"], arguments].concat()),
    }
}
