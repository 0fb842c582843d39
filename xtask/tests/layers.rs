//! The house's first rule: `frontend → shared ← backend`, and `shared` knows no runtime, store, network or browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates that a package is linked with, on one target.
fn linked(package: &str, target: &str) -> Vec<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--package", package, "--target", target, "--edges", "normal"])
        .args(["--prefix", "none", "--format", "{p}"])
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).expect("cargo prints UTF-8");
    names
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(String::from)
        .collect()
}

fn assert_free_of(package: &str, banned: &[&str]) {
    for target in ["x86_64-unknown-linux-gnu", "wasm32-unknown-unknown"] {
        let names = linked(package, target);
        assert!(
            names.iter().any(|name| name == package),
            "cargo tree printed nothing of {package}"
        );
        for name in banned {
            assert!(
                !names.iter().any(|other| other == name),
                "{package} must not depend on {name} ({target})"
            );
        }
    }
}

#[test]
fn shared_is_pure() {
    let banned = [
        "tokio", "axum", "hyper", "fjall", "redb", "libp2p", "leptos", "web-sys", "gloo-net", "backend", "frontend",
    ];
    assert_free_of("shared", &banned);
}

#[test]
fn page_and_node_do_not_know_each_other() {
    assert_free_of("frontend", &["backend", "tokio", "axum", "fjall"]);
    assert_free_of("backend", &["frontend", "leptos", "web-sys"]);
}

/// The sources beneath a folder, without those of tests.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be read").path();
        if path.ends_with("tests") {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// The page is compiled so that `{:?}` prints nothing (docs/decisions/0011): a sentence for people must not lean on it.
#[test]
fn no_sentence_of_the_page_is_printed_for_programmers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for folder in ["shared/src", "frontend/src"] {
        sources(&root.join(folder), &mut found);
    }
    assert!(found.len() > 100, "only {} sources were found", found.len());
    for path in found {
        let text = fs::read_to_string(&path).expect("a source can be read");
        let (code, _) = text.split_once("#[cfg(test)]\nmod tests").unwrap_or((&text, ""));
        for (number, line) in code.lines().enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            assert!(
                is_comment || !line.contains(":?}"),
                "{}:{}: {line}",
                path.display(),
                number + 1
            );
        }
    }
}
