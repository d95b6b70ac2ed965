//! Logs on standard error: pretty for people, JSON for machines.

use tracing_subscriber::EnvFilter;

use crate::config;

/// Starts logging for this process.
///
/// # Errors
/// When the filter is not understood or logging was started already.
pub fn start(config: &config::Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.filter)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = if config.format == "json" {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .try_init()
    } else {
        builder
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .try_init()
    };
    started.map_err(|e| anyhow::anyhow!("logging: {e}"))
}
