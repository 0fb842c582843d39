//! Structured logs on stderr.

use std::io::stderr;

use anyhow::Result;
use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use super::WrongUse;

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging. `filter` is a level, or a list such as `info,backend::http=debug`.
///
/// # Errors
/// When the filter cannot be read.
pub(super) fn start(filter: &str, format: LogFormat) -> Result<()> {
    // A bare level is about the node: its libraries say less.
    let is_level = filter.chars().all(|letter| letter.is_ascii_alphabetic()) && filter != "off";
    let full = if is_level {
        // A network without peers is nothing to warn of, and neither is a line that is cut.
        format!("warn,libp2p_kad=error,libp2p_gossipsub=error,quinn_udp=error,yamux=error,backend={filter}")
    } else {
        filter.to_owned()
    };
    let filter = EnvFilter::builder()
        .parse(full)
        .map_err(|error| WrongUse(format!("--log {filter} is not a level or filter: {error}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    // A log that was started before, in a test, goes on.
    let _ = match format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}
