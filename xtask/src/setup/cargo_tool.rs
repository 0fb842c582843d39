//! Tools that cargo installs from its registry, into the user's cache, with little optimisation.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, bail};

use super::{put, remove, unfinished};
use crate::command::{command, output_of};
use crate::progress::Step;
use crate::workspace;

/// A program of cargo's registry.
pub(crate) struct CargoTool {
    /// The package's name.
    pub(crate) package: &'static str,
    /// The version to install.
    pub(crate) version: Cow<'static, str>,
    /// How the program is asked for its version.
    probe: &'static [&'static str],
    /// Whether only this version will do, or any that is on `PATH`.
    exact: bool,
    /// Further arguments of `cargo install`.
    arguments: &'static [&'static str],
    /// 0 where compiling takes longer than running; 1 where the program works on the page's code.
    optimisation: &'static str,
}

/// Builds and serves the page. Newer versions need a newer compiler; without TLS, for it serves this machine only.
pub(crate) const TRUNK: CargoTool = CargoTool {
    package: "trunk",
    version: Cow::Borrowed("0.21.14"),
    probe: &["trunk", "--version"],
    exact: true,
    arguments: &["--no-default-features"],
    optimisation: "0",
};

/// Runs the native tests.
pub(crate) const NEXTEST: CargoTool = CargoTool {
    package: "cargo-nextest",
    version: Cow::Borrowed("0.9.143"),
    probe: &["cargo-nextest", "nextest", "--version"],
    exact: false,
    arguments: &["--no-default-features", "--features", "default-no-update"],
    optimisation: "0",
};

/// Checks licences, sources and advisories of all dependencies.
pub(crate) const DENY: CargoTool = CargoTool {
    package: "cargo-deny",
    version: Cow::Borrowed("0.20.2"),
    probe: &["cargo-deny", "--version"],
    exact: false,
    arguments: &[],
    optimisation: "0",
};

/// Makes JavaScript's side of the page, and runs tests that were compiled to wasm32.
pub(crate) fn wasm_bindgen(version: &str) -> CargoTool {
    CargoTool {
        package: "wasm-bindgen-cli",
        version: Cow::Owned(version.to_owned()),
        probe: &["wasm-bindgen", "--version"],
        exact: true,
        arguments: &["--no-default-features"],
        optimisation: "1",
    }
}

/// Finds or installs a tool. `None` when it is on `PATH` already, else the folder that has it.
///
/// # Errors
/// When it cannot be installed.
pub(super) fn ensure(step: &mut Step, tool: &CargoTool) -> Result<Option<PathBuf>> {
    let home = workspace::cache()?.join(format!("{}-{}", tool.package, tool.version));
    let bin = home.join("bin");
    if bin.is_dir() {
        step.note("already there");
        return Ok(Some(bin));
    }
    if let Some(found) = output_of(tool.probe[0], &tool.probe[1..])
        && (!tool.exact || names_version(&found, &tool.version))
    {
        step.note("found on PATH");
        return Ok(None);
    }
    install(step, tool, &home)?;
    Ok(Some(bin))
}

fn install(step: &mut Step, tool: &CargoTool, home: &Path) -> Result<()> {
    let (partial, build) = (unfinished(home, ".partial"), unfinished(home, ".build"));
    remove(&partial)?;
    let try_install = |extra: &[&str]| -> Result<bool> {
        let mut install = command("cargo");
        install
            .current_dir(workspace::cache()?)
            .args(["install", "--force", tool.package, "--version", &tool.version])
            .args(tool.arguments)
            .args(extra)
            .arg("--root")
            .arg(&partial)
            // Kept after an interruption, so that the next try goes on where this one stopped.
            .env("CARGO_TARGET_DIR", &build)
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", tool.optimisation)
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
            .env_remove("RUSTFLAGS");
        step.attempt(&mut install, Duration::MAX)
    };
    // A lock file can name a version that is gone; then cargo chooses.
    if !try_install(&["--locked"])? && !try_install(&[])? {
        step.show_tail(30);
        bail!(
            "cargo could not install {} {}: check that this machine reaches cargo's registry, and run the task again",
            tool.package,
            tool.version
        );
    }
    put(&partial, home)?;
    remove(&build)
}

/// Whether a version is among the words of what a program prints about itself.
fn names_version(printed: &str, version: &str) -> bool {
    printed.split_whitespace().any(|word| word == version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_whole() {
        assert!(names_version("wasm-bindgen 0.2.130", "0.2.130"));
        assert!(names_version("trunk 0.21.14 (abc)", "0.21.14"));
        assert!(!names_version("wasm-bindgen 0.2.13", "0.2.130"));
        assert!(!names_version("wasm-bindgen 0.2.130-beta", "0.2.130"));
    }
}
