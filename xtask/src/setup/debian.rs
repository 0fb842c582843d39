//! A compiler for wasm32 from Debian's packages, for machines where rustup cannot download.
//!
//! Debian has a recent rustc with the matching source of the standard library, but not the library compiled for wasm32;
//! it is compiled here once. The compiler stays a stable one: only this one build sets `RUSTC_BOOTSTRAP`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::wasm_target::{DEBIAN_TOOLCHAIN, WASM, has_core};
use super::{put, remove, unfinished};
use crate::command::{command, find, is_root, output_of};
use crate::progress::Step;
use crate::workspace;

const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
const PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];
const CLIPPY: &str = "rust-web-clippy";
const CRATES: &str = "-Zbuild-std=core,alloc,std,panic_abort,panic_unwind,proc_macro,test";

/// Installs Debian's compiler, compiles the standard library, and names the toolchain `cairn-wasm`.
///
/// # Errors
/// When this is not Debian, the user is not root, or a step fails.
pub(super) fn install(step: &mut Step) -> Result<()> {
    ensure!(
        find("rustup").is_some(),
        "the compiler has no wasm32 target and there is no rustup to add it: install Rust with rustup, and run the task again"
    );
    install_packages(step)?;
    link_linker()?;
    let place = output_of(RUSTC, &["--print", "target-libdir", "--target", WASM])
        .context("Debian's rustc does not name the folder of its libraries")?;
    if !has_core(Path::new(&place)) {
        build_library(step, Path::new(&place))?;
        // What an older library compiled does not fit the new one.
        remove(&workspace::wasm_target())?;
    }
    step.run(command("rustup").args(["toolchain", "link", DEBIAN_TOOLCHAIN, "/usr"]))
}

/// Installs packages of Debian's, without ever removing one.
///
/// # Errors
/// When there is no apt-get, the user is not root, or apt-get fails.
pub(super) fn apt_install(step: &Step, packages: &[&str], purpose: &str) -> Result<()> {
    let list = packages.join(" ");
    ensure!(
        find("apt-get").is_some(),
        "{purpose}: install {list} with your system's packages, and run the task again"
    );
    ensure!(
        is_root(),
        "{purpose}: run `sudo apt-get install {list}`, then run the task again"
    );
    let apt = |arguments: &[&str]| {
        let mut apt = command("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-o", "DPkg::Lock::Timeout=300"])
            .args(arguments);
        apt
    };
    step.run(&mut apt(&["update"]))?;
    step.run(apt(&["install", "--yes", "--no-install-recommends", "--no-remove"]).args(packages))
}

fn install_packages(step: &Step) -> Result<()> {
    let purpose = "the compiler has no wasm32 target, and `rustup target add wasm32-unknown-unknown` failed";
    apt_install(step, &PACKAGES, purpose)?;
    // Where there is none, `cargo check` takes clippy's place for wasm32.
    let _ = apt_install(step, &[CLIPPY], purpose);
    if newest_lld(Path::new("/usr/bin")).is_some() {
        return Ok(());
    }
    let found = output_of("apt-cache", &["search", "--names-only", "^lld-[0-9]+$"]).unwrap_or_default();
    match highest("lld-", found.lines().filter_map(|line| line.split_whitespace().next())) {
        Some(package) => apt_install(step, &[&package], "the linker lld is missing"),
        None => bail!("Debian's packages have no lld here: install LLVM's lld, and run the task again"),
    }
}

/// Puts the linker where rustc looks for it.
fn link_linker() -> Result<()> {
    let linker = newest_lld(Path::new("/usr/bin")).context("/usr/bin has no lld")?;
    let own = output_of(RUSTC, &["--print", "target-libdir"]).context("Debian's rustc does not start")?;
    let bin = Path::new(&own)
        .parent()
        .context("the folder of libraries has no parent")?
        .join("bin");
    let link = bin.join("rust-lld");
    if link.exists() {
        return Ok(());
    }
    fs::create_dir_all(&bin).with_context(|| format!("cannot make {}", bin.display()))?;
    let _ = fs::remove_file(&link);
    symlink(&linker, &link).with_context(|| format!("cannot link {}", link.display()))
}

/// Compiles the standard library from an empty crate and moves it to its place.
fn build_library(step: &Step, place: &Path) -> Result<()> {
    let work = workspace::cache()?.join("wasm-std");
    remove(&work)?;
    fs::create_dir_all(work.join("src"))?;
    let manifest = "[package]\nname = \"empty\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[workspace]\n";
    fs::write(work.join("Cargo.toml"), manifest)?;
    fs::write(work.join("src/lib.rs"), "#![no_std]\n")?;
    let mut build = command(CARGO);
    build
        .current_dir(&work)
        .args(["build", "--release", "--target", WASM, CRATES])
        .env("RUSTC", RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .env("CARGO_TARGET_DIR", work.join("target"))
        .env_remove("RUSTUP_TOOLCHAIN");
    step.run(&mut build)?;

    let partial = unfinished(place, ".partial");
    remove(&partial)?;
    fs::create_dir_all(&partial).with_context(|| format!("cannot make {}", partial.display()))?;
    for entry in fs::read_dir(work.join("target").join(WASM).join("release/deps"))? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        if name.ends_with(".rlib") && !name.starts_with("libempty") {
            fs::copy(&path, partial.join(&name)).with_context(|| format!("cannot copy {name}"))?;
        }
    }
    ensure!(has_core(&partial), "the build of the standard library left no libcore");
    put(&partial, place)?;
    remove(&work)
}

/// The newest `lld-N` of a folder.
fn newest_lld(folder: &Path) -> Option<PathBuf> {
    let names: Vec<String> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    highest("lld-", names.iter().map(String::as_str)).map(|name| folder.join(name))
}

/// Of the names that are this prefix and a number, the one with the highest number.
fn highest<'a>(prefix: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let numbered = names.filter_map(|name| name.strip_prefix(prefix)?.parse::<u32>().ok());
    numbered.max().map(|number| format!("{prefix}{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_number_wins() {
        let names = ["lld-9", "lld-22", "lld-14", "lld-link", "lldb-30", "lld"];
        assert_eq!(highest("lld-", names.into_iter()).as_deref(), Some("lld-22"));
        assert_eq!(highest("lld-", ["lld"].into_iter()), None);
    }
}
