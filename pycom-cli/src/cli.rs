//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand};

use crate::command::top::Sort;
use crate::failure::{EXIT_CODES, Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  pycom up                                              a nameserver and a demo service to play with
  pycom list                                            what there is
  pycom describe com.foo.example                        what it does
  pycom call com.foo.example split text=hello at=2      call it

Which nameserver: -n, then --context, then PYCOM_NAMESERVER, then PYCOM_CONTEXT, then the context
chosen with `pycom context use`, then tcp://127.0.0.1:2012.
";

/// Finds, describes, calls and measures PyCOM services, and starts new ones.
#[derive(Debug, Parser)]
#[command(name = "pycom", version, after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
#[command(infer_subcommands = true, disable_help_subcommand = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every subcommand takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Nameserver to ask: tcp://host:port; several with commas between
    #[arg(short, long, global = true, value_name = "ADDRESS")]
    pub nameserver: Option<String>,
    /// Named nameserver to ask; see `pycom context`
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "nameserver")]
    pub context: Option<String>,
    /// How long to wait for each answer, e.g. 500ms, 5s, 2m
    #[arg(short, long, global = true, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub timeout: Duration,
    /// Give the answer as JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List services: names, interfaces, addresses
    #[command(visible_alias = "ls")]
    List(List),
    /// Describe an interface or a service: methods, types, errors, how to call them
    Describe(Describe),
    /// Call a method and print its result as JSON
    #[command(after_help = CALL_HELP)]
    Call(Call),
    /// Call a method over and over and say how fast it answers
    #[command(after_help = BENCH_HELP)]
    Bench(Bench),
    /// Show the fleet live: calls, errors, times, by service and method
    #[command(after_help = TOP_HELP)]
    Top(Top),
    /// Show calls as they pass through services that allow it
    #[command(after_help = MONITOR_HELP)]
    Monitor(Monitor),
    /// Start a nameserver and a demo service here, to play with
    Up(Up),
    /// Run a nameserver; takes the flags of every PyCOM service
    #[command(disable_help_flag = true)]
    Nameserver(Service),
    /// Run a demo service; takes the flags of every PyCOM service
    #[command(disable_help_flag = true)]
    Demo(Service),
    /// Write a typed Rust contract for an interface
    Generate(Generate),
    /// Begin a service project that builds and runs
    New(New),
    /// Check that everything is as it should be, and say what to do where it is not
    Doctor,
    /// Name nameservers, and choose one
    Context(Contexts),
    /// Print the completion script of a shell
    #[command(after_help = COMPLETIONS_HELP)]
    Completions(Completions),
    /// What the completion scripts ask
    #[command(name = "__complete", hide = true)]
    Complete(Complete),
}

const CALL_HELP: &str = "\
Arguments:
  text=hello at=2          by name; types come from the description of the method
  at:=2                    by name, taken as JSON whatever the description says
  '{\"text\": \"hello\"}'      all of them as one JSON text
  @args.json               the same, from a file; - is standard input

With --batch every line of standard input is one call: its arguments as JSON, or, where no METHOD
is given, an object {\"method\": …, \"args\": …}. One line of JSON comes out for each:
{\"result\": …} or {\"error\": …}.";

const BENCH_HELP: &str = "\
Without --rate each of the callers sends its next call when the last is answered. With it, calls
start at fixed times, and each is measured from the time it was to start, so that a stalled service
cannot hide what it did to those who would have called meanwhile.";

const TOP_HELP: &str = "\
Keys: q quits, s sorts by the next column, / filters (Enter keeps it, Esc forgets it), arrows scroll.

--once looks twice, --every apart, and writes a table of what happened between; with --json an array.
--json alone writes a line each time. Python's services tell nothing, and are shown as such.";

const MONITOR_HELP: &str = "\
A service shows its calls where it was started with --allow-monitor, and their arguments and answers
where it was started with --allow-monitor payloads. Times of day are UTC.";

const COMPLETIONS_HELP: &str = "\
  bash:  source <(pycom completions bash)           in ~/.bashrc
  zsh:   source <(pycom completions zsh)            in ~/.zshrc, after compinit
  fish:  pycom completions fish > ~/.config/fish/completions/pycom.fish";

/// `pycom list`
#[derive(Debug, Args)]
pub struct List {
    /// Part of a name of a service or interface; * stands for anything
    pub pattern: Option<String>,
    /// Go on, and show changes as they happen; ends on Ctrl-C
    #[arg(short, long)]
    pub watch: bool,
    /// How often to look with --watch
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration, requires = "watch")]
    pub every: Duration,
}

/// `pycom describe`
#[derive(Debug, Args)]
pub struct Describe {
    /// INTERFACE, INTERFACE@SERVICE, INTERFACE@ADDRESS, or the name of a service
    #[arg(value_name = "INTERFACE|SERVICE")]
    pub target: String,
    /// Only this method
    pub method: Option<String>,
}

/// `pycom call`
#[derive(Debug, Args)]
pub struct Call {
    /// INTERFACE, INTERFACE@SERVICE or INTERFACE@ADDRESS
    #[arg(value_name = "INTERFACE[@WHERE]")]
    pub target: String,
    /// Method to call
    #[arg(required_unless_present = "batch")]
    pub method: Option<String>,
    /// Its arguments, see below
    #[arg(allow_negative_numbers = true)]
    pub args: Vec<String>,
    /// Make one call for each line of standard input
    #[arg(long, conflicts_with_all = ["args", "repeat", "attach", "save"])]
    pub batch: bool,
    /// Make the same call so many times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub repeat: u64,
    /// Go on with a session; without ID, begin one and say its ID
    #[arg(long, value_name = "ID", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub session: Option<String>,
    /// File to send as attachment; - is standard input
    #[arg(long, value_name = "FILE")]
    pub attach: Option<PathBuf>,
    /// File to write the attachment of the answer to; - is standard output
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
}

/// `pycom bench`
#[derive(Debug, Args)]
pub struct Bench {
    /// INTERFACE, INTERFACE@SERVICE or INTERFACE@ADDRESS
    #[arg(value_name = "INTERFACE[@WHERE]")]
    pub target: String,
    /// Method to call
    pub method: String,
    /// Its arguments, as for `pycom call`
    #[arg(allow_negative_numbers = true)]
    pub args: Vec<String>,
    /// Calls under way at once
    #[arg(short, long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub concurrency: u32,
    /// How long
    #[arg(short, long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub duration: Duration,
    /// Calls to start in a second, whether earlier ones are answered or not
    #[arg(short, long, value_name = "R", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub rate: Option<u32>,
}

/// `pycom top`
#[derive(Debug, Args)]
pub struct Top {
    /// Part of the name of a service, interface or method
    pub filter: Option<String>,
    /// How often to look
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub every: Duration,
    /// What to sort by
    #[arg(long, value_enum, default_value_t)]
    pub sort: Sort,
    /// Write one table and end
    #[arg(long)]
    pub once: bool,
}

/// `pycom monitor`
#[derive(Debug, Args)]
pub struct Monitor {
    /// Only calls of this interface, or this service
    #[arg(value_name = "INTERFACE|SERVICE")]
    pub target: Option<String>,
    /// Show arguments and answers, too
    #[arg(long)]
    pub payloads: bool,
    /// End after so many calls
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
}

/// `pycom up`
#[derive(Debug, Args)]
pub struct Up {
    /// Where the nameserver listens; port 0 is a free one
    #[arg(short, long, value_name = "ADDRESS", default_value = pycom_nameserver::ADDRESS)]
    pub address: String,
}

/// `pycom nameserver`, `pycom demo`
#[derive(Debug, Args)]
pub struct Service {
    /// Flags of a service; see --help
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub flags: Vec<std::ffi::OsString>,
}

/// `pycom generate`
#[derive(Debug, Args)]
pub struct Generate {
    /// INTERFACE, INTERFACE@SERVICE or INTERFACE@ADDRESS
    #[arg(value_name = "INTERFACE[@WHERE]", required_unless_present = "from")]
    pub target: Option<String>,
    /// Read what `pycom describe --json` wrote to this file; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "target")]
    pub from: Option<PathBuf>,
    /// Write to this file, not to stdout
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Name of the trait; made from the interface's if not given
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// `pycom new`
#[derive(Debug, Args)]
pub struct New {
    /// Name of the project, and of its directory
    pub name: PathBuf,
    /// Name of its interface
    #[arg(long, value_name = "NAME")]
    pub interface: Option<String>,
    /// Where the pycom crate is; looked for in pycom, ../pycom, ../pycom/pycom
    #[arg(long, value_name = "DIR")]
    pub pycom_path: Option<PathBuf>,
}

/// `pycom context`
#[derive(Debug, Args)]
pub struct Contexts {
    #[command(subcommand)]
    pub action: Option<ContextAction>,
}

/// What to do with the named nameservers.
#[derive(Debug, Subcommand)]
pub enum ContextAction {
    /// Show them
    List,
    /// Name a nameserver; the first one is chosen, too
    Add {
        /// Its name
        name: String,
        /// tcp://host:port, or several with commas between them
        address: String,
    },
    /// Choose the one to use from now on
    Use {
        /// Its name
        name: String,
    },
    /// Forget one
    Remove {
        /// Its name
        name: String,
    },
}

/// `pycom completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    pub shell: Shell,
}

/// A shell that completes.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// `pycom __complete`
#[derive(Debug, Args)]
pub struct Complete {
    /// The words so far, the last one being completed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<String>,
}

/// Reads `500ms`, `5s`, `2m`, `1.5` (seconds).
pub fn duration(text: &str) -> Result<Duration, String> {
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let factor = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("'{unit}' is no unit of time; write e.g. 500ms, 5s, 2m")),
    };
    let number: f64 = number.parse().map_err(|_| "write e.g. 500ms, 5s, 2m".to_owned())?;
    let time = Duration::try_from_secs_f64(number * factor).map_err(|_| "that is too long".to_owned())?;
    match time {
        Duration::ZERO => Err("that is no time at all".into()),
        time if time > Duration::from_secs(366 * 86_400) => Err("that is too long".into()),
        time => Ok(time),
    }
}

/// Shows help, or says in one line what is wrong with the command line.
pub fn complain(error: &clap::Error) -> Result<ExitCode, Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            return Ok(ExitCode::SUCCESS);
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            return Ok(Exit::Usage.into());
        }
        _ => {}
    }
    let text = error.render().to_string();
    let mut lines = text.lines();
    let mut line = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    if error.kind() == ErrorKind::MissingRequiredArgument {
        let missing: Vec<&str> = lines.take_while(|line| line.starts_with("  ")).map(str::trim).collect();
        line = format!("this is missing: {}", missing.join(" "));
    }
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue] {
        let near = match error.get(kind) {
            Some(ContextValue::String(near)) => Some(near),
            Some(ContextValue::Strings(near)) => near.last(),
            _ => None,
        };
        if let Some(near) = near {
            line.push_str(&format!("; did you mean '{near}'?"));
        }
    }
    Err(Failure::usage(format!("{line}; see --help")))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_are_read() {
        assert_eq!(duration("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(duration("1.5").unwrap(), Duration::from_millis(1500));
        assert_eq!(duration("2m").unwrap(), Duration::from_secs(120));
        for wrong in ["", "s", "5 s", "5x", "0", "-1s", "1e99s", "99999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
