//! Log lines of a program: to stderr.

use std::io::IsTerminal;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Begins to log: at `info`, or more with `-v`, or as `PYCOM_LOG` says (`debug`,
/// `warn,pycom=trace`). Where the program has set up a subscriber of its own, that one stays.
pub(super) fn init(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::INFO,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let said = std::env::var("PYCOM_LOG").ok().filter(|text| !text.is_empty());
    let (filter, problem) = match said.as_deref().map(str::parse::<Targets>) {
        None => (Targets::new().with_default(level), None),
        Some(Ok(filter)) if verbose == 0 => (filter, None),
        Some(Ok(filter)) => (filter.with_target("pycom", level), None),
        Some(Err(error)) => (Targets::new().with_default(level), Some(error)),
    };
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colour);
    let _ = tracing_subscriber::registry().with(lines).with(filter).try_init();
    if let Some(error) = problem {
        tracing::warn!(%error, "PYCOM_LOG cannot be read; write e.g. debug, or warn,pycom=trace");
    }
}
