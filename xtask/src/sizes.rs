//! What the page and the binary weigh, and the budget.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::setup::Tools;
use crate::workspace;

/// What all wasm of the page may weigh, in brotli, in bytes.
const WASM_BUDGET: u64 = 400 * 1024;

/// Prints the size of every wasm file and of the sum in brotli.
///
/// # Errors
/// When there is no wasm, or the sum exceeds the budget.
pub(crate) fn print_page(tools: &Tools) -> Result<()> {
    let mut names = Vec::new();
    for entry in fs::read_dir(workspace::dist()).context("there is no dist/: build the page first")? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            names.push(path);
        }
    }
    names.sort();
    ensure!(!names.is_empty(), "dist/ has no wasm: build the page again");
    let mut sum = 0;
    for path in &names {
        let small = length(&path.with_extension("wasm.br"))?;
        sum += small;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        println!("  {name}: {}, {} in brotli", kilobytes(length(path)?), kilobytes(small));
    }
    println!("  all wasm in brotli: {} of {}", kilobytes(sum), kilobytes(WASM_BUDGET));
    if !tools.is_lean() {
        println!(
            "  (without the source of the standard library it is about a tenth larger: rustup component add rust-src)"
        );
        return Ok(());
    }
    ensure!(
        sum <= WASM_BUDGET,
        "the page's wasm is over its budget by {}: look at what a new dependency or generic code brought in",
        kilobytes(sum - WASM_BUDGET)
    );
    Ok(())
}

/// Prints the size of what a build left.
///
/// # Errors
/// When it is missing.
pub(crate) fn print_file(path: &Path) -> Result<()> {
    let length = length(path)?;
    if length < 1024 * 1024 {
        println!("  {}: {}", path.display(), kilobytes(length));
    } else {
        println!("  {}: {:.1} MB", path.display(), length as f64 / (1024.0 * 1024.0));
    }
    Ok(())
}

fn length(path: &Path) -> Result<u64> {
    Ok(fs::metadata(path)
        .with_context(|| format!("{} is missing", path.display()))?
        .len())
}

/// Bytes in units of 1,024, with one decimal.
fn kilobytes(bytes: u64) -> String {
    format!("{}.{} KB", bytes / 1024, bytes % 1024 * 10 / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kilobytes_have_one_decimal() {
        assert_eq!(kilobytes(0), "0.0 KB");
        assert_eq!(kilobytes(1536), "1.5 KB");
        assert_eq!(kilobytes(WASM_BUDGET), "400.0 KB");
        assert_eq!(kilobytes(2047), "1.9 KB");
    }
}
