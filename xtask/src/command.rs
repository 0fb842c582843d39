//! Child processes: clean of what `cargo run` put into the environment, with their output in a log.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// A command of the workspace's root folder, without the variables by which cargo describes xtask to itself.
///
/// They would reach the cargo, rustc and Trunk that we start, which take some of them for orders.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    // A backtrace would push what a failed tool said out of the tail that is shown.
    command
        .current_dir(workspace::root())
        .stdin(Stdio::null())
        .env("RUST_BACKTRACE", "0");
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(describes_xtask) {
            command.env_remove(name);
        }
    }
    if let Some(libraries) = env::var_os("LD_LIBRARY_PATH") {
        match without_cargo(&libraries) {
            Some(rest) => command.env("LD_LIBRARY_PATH", rest),
            None => command.env_remove("LD_LIBRARY_PATH"),
        };
    }
    command
}

/// Whether cargo sets this variable for the program that `cargo run` starts.
fn describes_xtask(name: &str) -> bool {
    name == "CARGO"
        || name == "RUST_RECURSION_COUNT"
        || name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || name.starts_with("CARGO_BIN_")
        || name.starts_with("CARGO_CRATE_")
}

/// The user's own part of a library path: what lies neither in a target folder nor in a toolchain.
fn without_cargo(libraries: &OsStr) -> Option<OsString> {
    let foreign = |path: &PathBuf| {
        let path = path.to_string_lossy();
        !path.contains("/target/") && !path.contains("/toolchains/") && !path.is_empty()
    };
    let rest: Vec<PathBuf> = env::split_paths(libraries).filter(foreign).collect();
    if rest.is_empty() {
        None
    } else {
        env::join_paths(rest).ok()
    }
}

/// The `PATH` with these folders in front.
///
/// # Errors
/// When a folder's name contains the separator.
pub(crate) fn path_with(folders: &[PathBuf]) -> Result<OsString> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let paths = folders.iter().cloned().chain(env::split_paths(&inherited));
    env::join_paths(paths).context("a folder of the tools has a colon in its name")
}

/// Where `PATH` finds a program.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH")?;
    env::split_paths(&paths)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// What a short command printed on stdout, or `None` when it is missing or failed.
pub(crate) fn output_of(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = command(program).args(arguments).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Starts a command with both of its outputs going to the end of a log.
///
/// # Errors
/// When the program is missing or cannot be started.
pub(crate) fn spawn_logged(command: &mut Command, log: &Path) -> Result<Child> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    let copy = file.try_clone().context("cannot share the log")?;
    let name = command.get_program().to_string_lossy().into_owned();
    match command.stdout(file).stderr(copy).spawn() {
        Ok(child) => Ok(child),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            bail!("`{name}` was not found: install it, or put it on PATH")
        }
        Err(error) => Err(error).with_context(|| format!("cannot start `{name}`")),
    }
}

/// Whether this is root.
pub(crate) fn is_root() -> bool {
    output_of("id", &["-u"]).as_deref() == Some("0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_variables_are_told_from_the_users() {
        for name in ["CARGO", "CARGO_PKG_NAME", "CARGO_MANIFEST_DIR"] {
            assert!(describes_xtask(name), "{name}");
        }
        for name in [
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_JOBS",
            "RUSTUP_TOOLCHAIN",
            "PATH",
        ] {
            assert!(!describes_xtask(name), "{name}");
        }
    }

    #[test]
    fn library_paths_of_cargo_go() {
        let mixed = OsStr::new("/w/target/debug/deps:/home/a/.rustup/toolchains/stable/lib:/opt/lib");
        assert_eq!(without_cargo(mixed), Some("/opt/lib".into()));
        assert_eq!(without_cargo(OsStr::new("/w/target/debug")), None);
    }
}
