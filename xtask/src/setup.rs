//! The tools: what each task needs is found, or installed so that an interruption leaves nothing half done.

mod browser;
mod cargo_tool;
mod debian;
mod npm;
mod wasm_target;

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{command, path_with};
use crate::progress::Steps;
use crate::workspace;

pub(crate) use browser::{PACKAGES as BROWSER_PACKAGES, playwright};
pub(crate) use cargo_tool::{DENY, NEXTEST};
pub(crate) use wasm_target::WASM;

/// How many steps [`page_tools`] takes.
pub(crate) const PAGE_STEPS: usize = 4;

/// Tools that were found or installed, and how to run commands with them.
#[derive(Default)]
pub(crate) struct Tools {
    /// Folders in front of `PATH`.
    folders: Vec<PathBuf>,
    /// The toolchain that compiles to wasm32, when it is not the one that cargo uses anyway.
    wasm_toolchain: Option<String>,
    /// Whether the standard library can be compiled together with the page.
    has_library_source: bool,
    /// Names and versions, for the fingerprint of what they build.
    versions: Vec<String>,
}

impl Tools {
    /// A command that finds the tools.
    ///
    /// # Errors
    /// When `PATH` cannot be composed.
    pub(crate) fn command(&self, program: &str) -> Result<Command> {
        let mut command = command(program);
        command.env("PATH", self.path()?);
        Ok(command)
    }

    /// A command that finds the tools and compiles to wasm32, in a target folder of its own.
    ///
    /// # Errors
    /// When `PATH` cannot be composed.
    pub(crate) fn wasm_command(&self, program: &str) -> Result<Command> {
        let mut command = self.command(program)?;
        command.env("CARGO_TARGET_DIR", workspace::wasm_target());
        if let Some(toolchain) = &self.wasm_toolchain {
            command.env("RUSTUP_TOOLCHAIN", toolchain);
        }
        Ok(command)
    }

    /// A command that compiles what browsers download: together with its standard library, and without the words of
    /// panics, which makes it a tenth smaller. A stable compiler does that only when told that it may (docs/decisions/0011);
    /// without the library's source the program is the same, and larger.
    ///
    /// # Errors
    /// When `PATH` cannot be composed.
    pub(crate) fn page_command(&self, program: &str) -> Result<Command> {
        let mut command = self.wasm_command(program)?;
        if self.is_lean() {
            let flags = [
                "--cfg=erase_components",
                "-Zunstable-options",
                "-Cpanic=immediate-abort",
                // A panic says nothing, so nothing has to know where it was or how a value is printed for a programmer.
                "-Zlocation-detail=none",
                "-Zfmt-debug=none",
                // Rounds in a loop: SHA-2 is the slow part of nothing in the page.
                "--cfg=sha2_backend_soft=\"compact\"",
            ];
            command
                .env("CARGO_TARGET_DIR", workspace::lean_target())
                .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
                .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort")
                .env("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size")
                .env("RUSTC_BOOTSTRAP", "1");
        }
        Ok(command)
    }

    /// Where [`Tools::page_command`] leaves what it compiles.
    pub(crate) fn page_target(&self) -> PathBuf {
        if self.is_lean() {
            workspace::lean_target()
        } else {
            workspace::wasm_target()
        }
    }

    /// Whether the page is compiled together with its standard library.
    pub(crate) const fn is_lean(&self) -> bool {
        self.has_library_source
    }

    /// What the fingerprint of a build has to name.
    pub(crate) fn versions(&self) -> &[String] {
        &self.versions
    }

    /// Adds a tool that lies in a folder.
    fn add(&mut self, version: String, folder: Option<PathBuf>) {
        self.folders.extend(folder);
        self.versions.push(version);
    }

    fn path(&self) -> Result<OsString> {
        path_with(&self.folders)
    }
}

/// Installs everything that any task needs.
///
/// # Errors
/// What is missing and cannot be installed.
pub(crate) fn task() -> Result<()> {
    let mut steps = Steps::new(PAGE_STEPS + 1 + BROWSER_PACKAGES);
    let mut tools = page_tools(&mut steps)?;
    cargo_tool_step(&mut steps, &mut tools, &NEXTEST)?;
    playwright(&mut steps)?;
    println!("Everything is there. Next: cargo xtask run");
    Ok(())
}

/// Finds or installs what the page is built with: the wasm32 target, Trunk, wasm-bindgen and wasm-opt.
///
/// # Errors
/// What is missing and cannot be installed.
pub(crate) fn page_tools(steps: &mut Steps) -> Result<Tools> {
    let _alone = alone()?;
    let mut tools = Tools::default();
    // The hook of Trunk.toml calls `xtask`.
    tools.folders.extend(
        std::env::current_exe()
            .ok()
            .and_then(|exe| exe.parent().map(Path::to_path_buf)),
    );
    let wasm = steps.step("wasm32 target", wasm_target::ensure)?;
    tools.versions.push(wasm.compiler);
    if wasm.has_library_source {
        tools.has_library_source = true;
        tools.versions.push("compiled with its standard library".to_owned());
    }
    tools.wasm_toolchain = wasm.toolchain;
    cargo_tool_step(steps, &mut tools, &cargo_tool::TRUNK)?;
    let version = workspace::wasm_bindgen_version()?;
    cargo_tool_step(steps, &mut tools, &cargo_tool::wasm_bindgen(&version))?;
    let folder = steps.step(&format!("wasm-opt {}", npm::BINARYEN), npm::wasm_opt)?;
    tools.add(format!("wasm-opt {}", npm::BINARYEN), Some(folder));
    Ok(tools)
}

/// Finds or installs one tool of cargo's registry, as a step.
///
/// # Errors
/// When it cannot be installed.
pub(crate) fn cargo_tool_step(steps: &mut Steps, tools: &mut Tools, tool: &cargo_tool::CargoTool) -> Result<()> {
    let name = format!("{} {}", tool.package, tool.version);
    let folder = steps.step(&name, |step| cargo_tool::ensure(step, tool))?;
    tools.add(name, folder);
    Ok(())
}

/// Waits until no other set-up of this user is at work, and keeps others waiting while the answer lives.
///
/// # Errors
/// When the cache cannot be written.
fn alone() -> Result<File> {
    let path = workspace::cache()?.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    if file.try_lock().is_err() {
        println!("Another set-up is at work; waiting for it …");
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}

/// A folder of the cache that is not finished, named after the one that it will be.
fn unfinished(folder: &Path, what: &str) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(what);
    PathBuf::from(name)
}

/// Moves a finished folder to its place, over whatever an older version left there.
///
/// # Errors
/// When the file system refuses.
fn put(finished: &Path, place: &Path) -> Result<()> {
    remove(place)?;
    fs::rename(finished, place).with_context(|| format!("cannot move {} into place", finished.display()))
}

/// Removes a folder if it is there.
///
/// # Errors
/// When the file system refuses.
fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
