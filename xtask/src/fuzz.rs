//! `cargo xtask fuzz`: runs a target of `fuzz/` under libFuzzer, with the compiler that is there.

use anyhow::{Context, Result, ensure};

use crate::command::{command, output_of};
use crate::workspace;

/// What libFuzzer needs: counters at every branch, and the values that are compared.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// Writes the examples into the corpus, builds the target and runs it for so many seconds.
///
/// # Errors
/// When it cannot be built, and when an input fails: libFuzzer has printed where that lies.
pub(crate) fn task(target: &str, seconds: u32) -> Result<()> {
    let version = output_of("rustc", &["-vV"]).context("rustc does not say its version")?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not name this machine")?;
    let built = command("cargo")
        .args(["build", "--release", "--package", "fuzz", "--features", "libfuzzer"])
        .args(["--bin", target, "--target", host])
        // The compiler takes these flags when it may behave as an unstable one.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", FLAGS)
        .env("CARGO_TARGET_DIR", workspace::target().join("fuzz"))
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true")
        .env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true")
        .status()
        .context("cannot start cargo")?;
    ensure!(
        built.success(),
        "`{target}` was not built: fuzz/Cargo.toml names the targets"
    );
    let written = command("cargo")
        .args(["run", "--package", "fuzz", "--bin", "seeds"])
        .status();
    ensure!(
        written.is_ok_and(|status| status.success()),
        "the examples were not written"
    );

    let folder = workspace::root().join("fuzz");
    let artifacts = folder.join("artifacts").join(target);
    std::fs::create_dir_all(&artifacts).context("cannot make fuzz/artifacts")?;
    let mut fuzzer = command(workspace::target().join(format!("fuzz/{host}/release/{target}")));
    fuzzer
        .arg(folder.join("corpus").join(target))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-max_total_time={seconds}"))
        .arg("-print_final_stats=1");
    let status = fuzzer.status().context("cannot start the target")?;
    ensure!(
        status.success(),
        "an input of `{target}` fails: it lies in {}",
        artifacts.display()
    );
    Ok(())
}
