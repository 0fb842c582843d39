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
    let filter = EnvFilter::builder()
        .parse(filter)
        .map_err(|error| WrongUse(format!("--log {filter} is not a level or filter: {error}")))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    // A log that was started before, in a test, goes on.
    let _ = match format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}
