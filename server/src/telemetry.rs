//! The log: to standard error, as text or JSON. Standard output is for the ready line and command results.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Starts the log. An invalid filter is replaced by `info`, with a warning in the log.
pub fn start(config: &Config) {
    let filter = EnvFilter::try_new(&config.log);
    let bad = filter.as_ref().err().map(ToString::to_string);
    // A journal or a file would keep the colours as escape sequences. NO_COLOR: https://no-color.org
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| EnvFilter::new("info")))
        .with_ansi(colours)
        .with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first.
    let _ = match config.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    if let Some(bad) = bad {
        tracing::warn!(filter = config.log, error = bad, "the log filter cannot be read; using `info`");
    }
}
