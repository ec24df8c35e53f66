//! The `pycom` command: finds, describes, calls and measures services, and starts new ones.
//!
//! | file | owns |
//! | --- | --- |
//! | `cli` | the command line |
//! | `settings` | which nameserver: flags, environment, configuration file |
//! | `network` | asking nameservers; `target`: finding what a name on the command line stands for |
//! | `arguments` | `name=value` and JSON from the command line to the arguments of a call |
//! | `schema` | JSON Schema for people: a short notation of types |
//! | `pretty` | JSON laid out without reading its numbers |
//! | `terminal`, `table` | colours, widths, columns |
//! | `failure` | what went wrong, and the exit code |
//! | `command/` | one file per subcommand |

mod arguments;
mod cli;
mod command;
mod demo;
mod failure;
mod near;
mod network;
mod pretty;
mod schema;
mod settings;
mod table;
mod target;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use crate::failure::Failure;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(failure) => {
            failure.print();
            failure.exit.into()
        }
    }
}

fn run() -> Result<ExitCode, Failure> {
    // A service takes the launcher's flags, not ours.
    let mut words = std::env::args_os().skip(1);
    if let Some(service) = words.next().as_deref().and_then(command::serve::Part::from_name) {
        return command::serve::launch(service, words.collect());
    }
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::complain(&error),
    };
    command::run(cli)
}
