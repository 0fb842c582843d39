//! The node: built with the page inside, and run in place of this program.

use std::net::{TcpListener, ToSocketAddrs};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::command;
use crate::progress::{Step, Steps};
use crate::setup::{self, Tools};
use crate::{page, recover, sizes, workspace};

const DEFAULT_LISTEN: &str = "127.0.0.1:5000";

/// `cargo xtask build`.
///
/// # Errors
/// What is missing, what a build says, or that the page is over its budget.
pub(crate) fn build_task() -> Result<()> {
    let mut steps = Steps::new(setup::PAGE_STEPS + 3);
    let tools = build_all(&mut steps)?;
    steps.step("recover", |step| recover::build(step, &tools))?;
    sizes::print_page(&tools)?;
    sizes::print_file(&recover::output())?;
    sizes::print_file(&binary())
}

/// `cargo xtask run`: builds, then becomes the node, so that signals reach it.
///
/// # Errors
/// When the port is taken, something is missing, or a build fails.
pub(crate) fn run_task(arguments: &[String]) -> Result<()> {
    let listen = listen_address(arguments)?;
    ensure_free(&listen)?;
    build_all(&mut Steps::new(setup::PAGE_STEPS + 2))?;
    println!("Cairn is at http://{listen} (Ctrl-C stops it)");
    let mut node = Command::new(binary());
    node.arg("node");
    if !has_option(arguments, "--network") {
        node.args(["--network", "dev"]);
    }
    let error = node.args(arguments).exec();
    Err(error).context("the node could not be started")
}

/// Where the node's binary lies after a build.
pub(crate) fn binary() -> PathBuf {
    workspace::target().join("release/cairn")
}

/// Builds the node, with the page of `dist/` inside.
///
/// # Errors
/// What cargo says.
pub(crate) fn build(step: &mut Step) -> Result<()> {
    step.run(command("cargo").args(["build", "--release", "--package", "backend", "--bin", "cairn"]))
}

fn build_all(steps: &mut Steps) -> Result<Tools> {
    let tools = setup::page_tools(steps)?;
    steps.step("page", |step| page::build(step, &tools))?;
    steps.step("node", build)?;
    Ok(tools)
}

/// The address that the node will listen on: that of `--listen`, or the usual one.
fn listen_address(arguments: &[String]) -> Result<String> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--listen" {
            return arguments.next().cloned().context("--listen needs HOST:PORT");
        }
        if let Some(address) = argument.strip_prefix("--listen=") {
            return Ok(address.to_owned());
        }
    }
    Ok(DEFAULT_LISTEN.to_owned())
}

fn has_option(arguments: &[String], option: &str) -> bool {
    arguments
        .iter()
        .any(|argument| argument == option || argument.starts_with(&format!("{option}=")))
}

/// Refuses before anything is built when the address cannot be listened on.
fn ensure_free(listen: &str) -> Result<()> {
    let addresses: Vec<_> = listen
        .to_socket_addrs()
        .with_context(|| format!("`{listen}` is no HOST:PORT"))?
        .collect();
    match TcpListener::bind(addresses.as_slice()) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => bail!(
            "{listen} is taken by another program: stop it, or choose another port: cargo xtask run --listen 127.0.0.1:5001"
        ),
        Err(error) => Err(error).with_context(|| format!("cannot listen on {listen}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(String::from).collect()
    }

    #[test]
    fn the_address_is_that_of_listen() {
        assert_eq!(listen_address(&words("--mine")).unwrap(), DEFAULT_LISTEN);
        assert_eq!(listen_address(&words("--listen [::1]:80 --mine")).unwrap(), "[::1]:80");
        assert_eq!(
            listen_address(&words("--mine --listen=127.0.0.1:1")).unwrap(),
            "127.0.0.1:1"
        );
        assert!(listen_address(&words("--listen")).is_err());
    }

    #[test]
    fn another_network_replaces_dev() {
        assert!(has_option(&words("--network class"), "--network"));
        assert!(has_option(&words("--network=class"), "--network"));
        assert!(!has_option(&words("--networks"), "--network"));
    }

    #[test]
    fn a_taken_port_is_one_sentence() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap().to_string();
        assert!(ensure_free(&address).unwrap_err().to_string().contains("is taken"));
        drop(taken);
        ensure_free(&address).unwrap();
        assert!(ensure_free("nowhere").is_err());
    }
}
