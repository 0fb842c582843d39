//! `key-worker.js`, which starts the page's own program in a worker.
//!
//! A browser takes no integrity for `new Worker` and for what a module imports: there the hashed name has to do. The wasm,
//! where the keys are handled, is fetched with its integrity.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::integrity::integrity_of;

/// As frontend/src/pages/wallet/keys.rs names it.
const NAME: &str = "key-worker.js";

/// How the names begin of what wasm-bindgen made of the page's program.
const PROGRAM: &str = "frontend-";

/// The names of the program's script and wasm.
///
/// # Errors
/// When Trunk did not leave one program.
pub(super) fn program(staging: &Path) -> Result<(String, String)> {
    Ok((one(staging, ".js")?, one(staging, "_bg.wasm")?))
}

/// Writes the script beside the program.
///
/// # Errors
/// When Trunk did not leave one program.
pub(super) fn finish(staging: &Path) -> Result<()> {
    let (script, wasm) = program(staging)?;
    let integrity = integrity_of(staging, &wasm)?;
    let options = format!("{{ integrity: \"{integrity}\", credentials: \"same-origin\" }}");
    let text =
        format!("import init from \"/{script}\";\nawait init({{ module_or_path: fetch(\"/{wasm}\", {options}) }});\n");
    fs::write(staging.join(NAME), text).with_context(|| format!("cannot write {NAME}"))
}

/// The one file of the program with this ending.
fn one(staging: &Path, ending: &str) -> Result<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(staging).with_context(|| format!("cannot read {}", staging.display()))? {
        let name = entry?.file_name().into_string().unwrap_or_default();
        if name.starts_with(PROGRAM) && name.ends_with(ending) {
            found.push(name);
        }
    }
    ensure!(
        found.len() == 1,
        "Trunk left {} files {PROGRAM}…{ending}, and not one: {found:?}",
        found.len()
    );
    Ok(found.swap_remove(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worker_starts_the_page_s_program_by_its_integrity() {
        let folder = std::env::temp_dir().join(format!("cairn-worker-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        assert!(finish(&folder).is_err());
        fs::write(folder.join("frontend-1.js"), "a").unwrap();
        fs::write(folder.join("frontend-2_bg.wasm"), "b").unwrap();
        finish(&folder).unwrap();
        let script = fs::read_to_string(folder.join(NAME)).unwrap();
        let integrity = super::super::integrity::integrity(b"b");
        assert!(script.contains("from \"/frontend-1.js\""), "{script}");
        assert!(
            script.contains(&format!("fetch(\"/frontend-2_bg.wasm\", {{ integrity: \"{integrity}\"")),
            "{script}"
        );
        fs::write(folder.join("frontend-3_bg.wasm"), "c").unwrap();
        assert!(finish(&folder).is_err());
        fs::remove_dir_all(&folder).unwrap();
    }
}
