//! `cargo xtask dev`: Trunk serves the page and rebuilds it, and asks the node for the rest (see Trunk.toml).

use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::page;
use crate::progress::Steps;
use crate::{setup, workspace};

/// Sets up, then becomes `trunk serve`.
///
/// # Errors
/// What is missing, or that Trunk cannot be started.
pub(crate) fn task(arguments: &[String]) -> Result<()> {
    let mut steps = Steps::new(setup::PAGE_STEPS + 1);
    let tools = setup::page_tools(&mut steps)?;
    steps.step("dependencies", |step| page::fetch(step, &tools))?;
    if TcpStream::connect("127.0.0.1:5000").is_err() {
        println!("No node answers on 127.0.0.1:5000: start one in another window, with cargo xtask run");
    }
    let mut trunk = tools.wasm_command("trunk")?;
    // dist/ is for the release build, which goes into the node.
    let dist = workspace::state()?.join("dev");
    trunk.args(["serve", "--offline", "--dist"]).arg(&dist).args(arguments);
    trunk.stdin(Stdio::inherit()).env_remove("NO_COLOR");
    Err(trunk.exec()).context("Trunk could not be started")
}
