//! The house's first rule: `frontend → shared ← backend`, and `shared` knows no runtime, store, network or browser.

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
