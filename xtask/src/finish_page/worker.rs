//! The workers' loaders. Trunk names a worker's files without a hash, and its loader checks nothing.
//!
//! A browser takes no integrity for `new Worker` and `importScripts`: there the hashed name has to do. The wasm, where the
//! keys are handled, is fetched with its integrity.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::integrity::{integrity, short_hash};

/// Rewrites every `NAME_loader.js`; the name itself stays, for the page's code names it.
///
/// # Errors
/// When a loader is not as Trunk 0.21 writes it.
pub(super) fn finish(staging: &Path) -> Result<()> {
    for entry in fs::read_dir(staging).with_context(|| format!("cannot read {}", staging.display()))? {
        let entry = entry?.file_name();
        if let Some(name) = entry.to_str().and_then(|file| file.strip_suffix("_loader.js")) {
            finish_one(staging, name)?;
        }
    }
    Ok(())
}

fn finish_one(staging: &Path, name: &str) -> Result<()> {
    let loader = staging.join(format!("{name}_loader.js"));
    let emitted = fs::read_to_string(&loader)?;
    let (script, wasm) = (
        staging.join(format!("{name}.js")),
        staging.join(format!("{name}_bg.wasm")),
    );
    let script_content = fs::read(&script).with_context(|| format!("{name}.js is missing"))?;
    let wasm_content = fs::read(&wasm).with_context(|| format!("{name}_bg.wasm is missing"))?;
    let new_script = format!("{name}-{}.js", short_hash(&script_content));
    let new_wasm = format!("{name}-{}_bg.wasm", short_hash(&wasm_content));
    let finished = rewrite(&emitted, name, &new_script, &new_wasm, &integrity(&wasm_content))?;
    fs::rename(&script, staging.join(&new_script))?;
    fs::rename(&wasm, staging.join(&new_wasm))?;
    fs::write(&loader, finished)?;
    Ok(())
}

fn rewrite(emitted: &str, name: &str, script: &str, wasm: &str, integrity: &str) -> Result<String> {
    let options = format!("{{ integrity: \"{integrity}\", credentials: \"same-origin\" }}");
    let classic = format!("importScripts(\"./{name}.js\");wasm_bindgen(\"./{name}_bg.wasm\");");
    let module = format!("import init from './{name}.js';await init();");
    if emitted.trim() == classic {
        Ok(format!(
            "importScripts(\"./{script}\");\nwasm_bindgen({{ module_or_path: fetch(\"./{wasm}\", {options}) }});\n"
        ))
    } else if emitted.trim() == module {
        Ok(format!(
            "import init from \"./{script}\";\nawait init({{ module_or_path: fetch(\"./{wasm}\", {options}) }});\n"
        ))
    } else {
        bail!("{name}_loader.js is not as Trunk 0.21.14 writes it: look at finish_page/worker.rs")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_loaders_fetch_with_integrity() {
        let classic = r#"importScripts("./worker.js");wasm_bindgen("./worker_bg.wasm");"#;
        let module = "import init from './worker.js';await init();";
        for emitted in [classic, module] {
            let loader = rewrite(emitted, "worker", "worker-1.js", "worker-2_bg.wasm", "sha384-x").unwrap();
            assert!(loader.contains("\"./worker-1.js\""), "{loader}");
            assert!(
                loader.contains("fetch(\"./worker-2_bg.wasm\", { integrity: \"sha384-x\""),
                "{loader}"
            );
        }
        assert!(rewrite("alert(1)", "worker", "a", "b", "c").is_err());
    }

    #[test]
    fn files_are_renamed_by_their_content() {
        let folder = std::env::temp_dir().join(format!("cairn-worker-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("worker.js"), "a").unwrap();
        fs::write(folder.join("worker_bg.wasm"), "b").unwrap();
        fs::write(
            folder.join("worker_loader.js"),
            "import init from './worker.js';await init();",
        )
        .unwrap();
        finish(&folder).unwrap();
        for name in [
            "worker-ca978112ca1bbdca.js",
            "worker-3e23e8160039594a_bg.wasm",
            "worker_loader.js",
        ] {
            assert!(folder.join(name).is_file(), "{name}");
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
    }
}
