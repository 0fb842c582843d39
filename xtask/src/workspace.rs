//! Where things are: the workspace, its logs, the tools' cache; and what Cargo.lock says.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The workspace's root folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the workspace")
}

/// The folder of build outputs.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}

/// The target folder of everything that is compiled to wasm32; one of its own, because the compiler may be another.
pub(crate) fn wasm_target() -> PathBuf {
    target().join("wasm")
}

/// The same for what is compiled together with its standard library.
pub(crate) fn lean_target() -> PathBuf {
    target().join("wasm-lean")
}

/// The finished page.
pub(crate) fn dist() -> PathBuf {
    root().join("dist")
}

/// Logs and fingerprints of the tasks.
///
/// # Errors
/// When the folder cannot be made.
pub(crate) fn state() -> Result<PathBuf> {
    let folder = target().join("xtask");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// The cache of tools, shared by all clones of one user: `$CAIRN_TOOLS`, else `cairn-tools` in the user's cache folder.
///
/// # Errors
/// When the user has no home folder, or the cache cannot be made.
pub(crate) fn cache() -> Result<PathBuf> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = named("CAIRN_TOOLS")
        .or_else(|| named("XDG_CACHE_HOME").map(|folder| folder.join("cairn-tools")))
        .or_else(|| named("HOME").map(|folder| folder.join(".cache/cairn-tools")))
        .context("HOME is not set: set CAIRN_TOOLS to a folder for the build tools")?;
    fs::create_dir_all(&folder).with_context(|| {
        format!(
            "cannot make {}: set CAIRN_TOOLS to a folder that you may write to",
            folder.display()
        )
    })?;
    Ok(folder)
}

/// The version of wasm-bindgen that the page is linked with, to which its command must be equal.
///
/// # Errors
/// When neither Cargo.lock nor Cargo.toml names it.
pub(crate) fn wasm_bindgen_version() -> Result<String> {
    let read = |name: &str| fs::read_to_string(root().join(name)).with_context(|| format!("cannot read {name}"));
    if let Some(version) = locked_version(&read("Cargo.lock")?, "wasm-bindgen") {
        return Ok(version.to_owned());
    }
    match pinned_version(&read("Cargo.toml")?, "wasm-bindgen") {
        Some(version) => Ok(version.to_owned()),
        None => bail!("neither Cargo.lock nor Cargo.toml names a version of wasm-bindgen"),
    }
}

/// The version of a package in the text of a Cargo.lock.
fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.next()?;
    lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')
}

/// The version of `package = "=x.y.z"` in the text of a Cargo.toml.
fn pinned_version<'a>(manifest: &'a str, package: &str) -> Option<&'a str> {
    manifest.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        (name.trim() == package).then(|| value.trim().trim_matches('"').trim_start_matches('='))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"wasm-bindgen-futures\"\nversion = \"0.4.80\"\n\n\
        [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\nsource = \"…\"\n";

    #[test]
    fn lock_versions_are_of_exactly_this_package() {
        assert_eq!(locked_version(LOCK, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked_version(LOCK, "wasm-bindgen-futures"), Some("0.4.80"));
        assert_eq!(locked_version(LOCK, "wasm"), None);
        assert_eq!(locked_version("name = \"wasm-bindgen\"", "wasm-bindgen"), None);
    }

    #[test]
    fn pinned_versions_lose_their_sign() {
        let manifest = "[workspace.dependencies]\nanyhow = \"1\"\nwasm-bindgen = \"=0.2.130\"\n";
        assert_eq!(pinned_version(manifest, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(pinned_version(manifest, "leptos"), None);
    }

    #[test]
    fn the_workspace_names_a_version() {
        let version = wasm_bindgen_version().unwrap();
        assert_eq!(version.split('.').count(), 3, "{version}");
    }
}
