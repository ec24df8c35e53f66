//! The launcher: a service as a program, from flags, environment and a configuration file.
//!
//! | file | owns |
//! | --- | --- |
//! | `flags` | the command line, and the environment behind it |
//! | `config` | the configuration file, with the original's keys |
//! | `log` | where log lines go |
//! | `signals` | what ends the program |

mod config;
mod flags;
mod log;
mod signals;

use std::ffi::OsString;

use clap::{ArgMatches, Command};

pub use config::Config;

use crate::error::{Error, Result};
use crate::server::{IntoOffers, Server};
use crate::stat::Monitor;

/// Exit code for what the user can mend: a wrong flag, file or address.
const EXIT_USAGE: i32 = 2;

/// Runs a service as a program: reads flags, environment and configuration file, logs to stderr,
/// binds, registers, serves, and on SIGINT or SIGTERM finishes the calls in hand and returns.
///
/// | flag | environment | file | default |
/// | --- | --- | --- | --- |
/// | `-a`, `--address` | `PYCOM_ADDRESS` | `address` | `tcp://127.0.0.1:0`: a free port of the loopback |
/// | `-s`, `--service` | `PYCOM_SERVICE` | `service` | `/auto/` and 32 hex digits |
/// | `-n`, `--nameserver` | `PYCOM_NAMESERVER` | `nameserver` | none: not registered |
/// | `--advertise` | `PYCOM_ADVERTISE` | `advertise` | the address it is bound to |
/// | `--backend` | `PYCOM_BACKEND` | `backend` | `tmq` over TCP, `zmtp` over unix sockets: [`Backend`](crate::Backend) |
/// | `--metrics` | `PYCOM_METRICS` | `metrics` | none: not served |
/// | `--allow-monitor` | `PYCOM_ALLOW_MONITOR` | `allow_monitor` | none: calls are not shown |
/// | `-c`, `--config` | `PYCOM_CONFIG` | | none |
/// | `-v` | `PYCOM_LOG` | | `info` |
///
/// A flag wins over the environment, and that over the file. A wrong flag, file or address, or a
/// name that another service has, ends the program with one line on stderr and exit code 2, any
/// other failure with exit code 1.
///
/// ```no_run
/// # use pycom::{interface, Result};
/// struct Query;
///
/// #[interface("com.foo.example")]
/// impl Query {
///     #[method]
///     async fn double(&self, n: u32) -> u32 { 2 * n }
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<()> {
///     pycom::launch(Query).await
/// }
/// ```
///
/// # Errors
///
/// None that it returns: it ends the program instead. The `Result` is there for `main`.
pub async fn launch<M>(service: impl IntoOffers<M>) -> Result<()> {
    Launcher::new().launch(service).await
}

/// A launcher with more to say: flags of the program's own, other defaults, limits, hooks.
///
/// ```no_run
/// # use pycom::{interface, Launcher, Limits, Result};
/// # struct Query;
/// # #[interface("com.foo.example")]
/// # impl Query {
/// #     #[method]
/// #     async fn double(&self, n: u32) -> u32 { 2 * n }
/// # }
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// let launcher = Launcher::new().about("Doubles numbers").default_address("tcp://127.0.0.1:2013");
/// launcher.server(|server| server.limits(Limits { calls: 64, ..Limits::default() })).launch(Query).await
/// # }
/// ```
#[must_use = "a launcher does nothing until it is launched"]
pub struct Launcher {
    command: Command,
    defaults: Config,
    words: Option<Vec<OsString>>,
    matches: Option<ArgMatches>,
    finish: Box<dyn FnOnce(Server) -> Server + Send>,
}

impl std::fmt::Debug for Launcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Launcher").field("defaults", &self.defaults).finish_non_exhaustive()
    }
}

impl Default for Launcher {
    fn default() -> Self {
        Self::new()
    }
}

impl Launcher {
    /// A launcher with the usual flags.
    pub fn new() -> Self {
        let defaults = Config { address: Some("tcp://127.0.0.1:0".into()), ..Config::default() };
        Self {
            command: flags::command(&flags::program()),
            defaults,
            words: None,
            matches: None,
            finish: Box::new(|server| server),
        }
    }

    /// What `--help` says the program is for.
    pub fn about(mut self, about: &'static str) -> Self {
        self.command = self.command.about(about);
        self
    }

    /// Reads these words as the command line, instead of the program's own; `name` is what `--help`
    /// calls the program. For a program of which the service is a part.
    pub fn command_line<W: Into<OsString>>(mut self, name: &str, words: impl IntoIterator<Item = W>) -> Self {
        self.command = flags::command(name);
        self.words = Some(std::iter::once(name.into()).chain(words.into_iter().map(Into::into)).collect());
        self
    }

    /// The address to bind where none is given.
    pub fn default_address(mut self, address: &str) -> Self {
        self.defaults.address = Some(address.into());
        self
    }

    /// The service's name where none is given.
    pub fn default_service(mut self, name: &str) -> Self {
        self.defaults.service = Some(name.into());
        self
    }

    /// Adds a flag of the program's own; [`value`](Self::value) reads it.
    ///
    /// ```
    /// let launcher = pycom::Launcher::new().flag("dir", "DIR", "Where the files are");
    /// ```
    pub fn flag(mut self, name: &'static str, value: &'static str, help: &'static str) -> Self {
        self.command = self.command.arg(clap::Arg::new(name).long(name).value_name(value).help(help));
        self
    }

    /// The value of a flag of the program's own, if it was given. Reads the command line: what is
    /// wrong with that ends the program here.
    pub fn value(&mut self, name: &str) -> Option<String> {
        self.matches().get_one::<String>(name).cloned()
    }

    /// Changes the server before it is bound: limits, hooks.
    pub fn server(mut self, change: impl FnOnce(Server) -> Server + Send + 'static) -> Self {
        self.finish = Box::new(change);
        self
    }

    fn matches(&mut self) -> &ArgMatches {
        let (command, words) = (&self.command, &self.words);
        let words = || words.clone().unwrap_or_else(|| std::env::args_os().collect());
        self.matches.get_or_insert_with(|| match command.clone().try_get_matches_from(words()) {
            Ok(matches) => matches,
            Err(error) => flags::end(&error),
        })
    }

    /// Runs the service; see [`launch`].
    ///
    /// # Errors
    ///
    /// None that it returns: it ends the program instead.
    pub async fn launch<M>(mut self, service: impl IntoOffers<M>) -> Result<()> {
        let matches = self.matches().clone();
        log::init(matches.get_count("verbose"));
        if let Err(error) = self.run(&matches, service.into_offers()).await {
            eprintln!("error: {error}{}", advice(&error));
            std::process::exit(exit_code(&error));
        }
        Ok(())
    }

    async fn run(self, matches: &ArgMatches, offers: Vec<crate::Offer>) -> Result<()> {
        let file = match matches.get_one::<String>("config") {
            Some(path) => Config::read(path.as_ref())?,
            None => Config::default(),
        };
        let config = flags::config(matches).or(file).or(self.defaults);
        // Caught from here on: a signal during the registration is not lost.
        let mut signals = signals::Signals::catch()?;
        let mut server = Server::new().offer(offers);
        if let Some(service) = config.service {
            server = server.service(service);
        }
        if let Some(nameserver) = config.nameserver {
            server = server.nameserver(nameserver);
        }
        if let Some(advertise) = config.advertise {
            server = server.advertise(advertise);
        }
        if let Some(backend) = config.backend {
            server = server.backend(backend.parse()?);
        }
        if let Some(metrics) = config.metrics {
            server = server.metrics(metrics);
        }
        if let Some(what) = config.allow_monitor {
            server = server.monitor(monitor(&what)?);
        }
        let server = (self.finish)(server);
        let address = config.address.unwrap_or_default();
        let running = tokio::select! {
            running = server.bind(&address) => running?,
            _ = signals.next() => return Ok(()),
        };
        tracing::info!(service = %running.service(), address = %running.advertised(), "serving");
        if let Some(address) = running.metrics_address() {
            tracing::info!("metrics are at http://{address}/metrics");
        }
        tokio::select! {
            ended = running.ended() => return ended,
            signal = signals.next() => tracing::info!(signal, "stopping: finishing the calls in hand"),
        }
        tokio::select! {
            stopped = running.stop() => match stopped.calls() {
                0 => {
                    tracing::info!("stopped");
                    return Ok(());
                }
                cut => tracing::warn!(cut, "stopped; these took longer than the limit and were cut: {stopped}"),
            },
            _ = signals.next() => tracing::warn!("stopped at once: the signal came twice"),
        }
        // Not by returning: the runtime would wait for a method that is a plain fn and still runs.
        std::process::exit(0)
    }
}

fn monitor(what: &str) -> Result<Monitor> {
    match what {
        "calls" => Ok(Monitor::Calls),
        "payloads" => Ok(Monitor::Payloads),
        other => {
            let shown = crate::names::shown(other);
            let reason = format!("--allow-monitor takes 'calls' or 'payloads', not {shown}");
            Err(Error::configuration(reason))
        }
    }
}

/// What to do about an error whose own words are the nameserver's.
fn advice(error: &Error) -> &'static str {
    match error {
        Error::AccessDenied(_) => "; stop the service that has the name, or choose another with -s",
        _ => "",
    }
}

fn exit_code(error: &Error) -> i32 {
    match error {
        Error::Configuration { .. }
        | Error::InvalidAddress(_)
        | Error::InvalidName(_)
        | Error::Transport(_)
        | Error::AccessDenied(_) => EXIT_USAGE,
        _ => 1,
    }
}
