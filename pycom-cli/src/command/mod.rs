//! The subcommands, one file each.

mod bench;
mod call;
mod complete;
mod completions;
mod context;
mod describe;
mod doctor;
mod generate;
mod list;
mod monitor;
mod new;
pub mod serve;
pub mod top;

use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::failure::{Failure, Result};

/// Runs what the command line asks for.
pub fn run(Cli { global, command }: Cli) -> Result<ExitCode> {
    match command {
        Command::List(list) => wait(list::run(&global, &list)),
        Command::Describe(describe) => wait(describe::run(&global, &describe)),
        Command::Call(call) => wait(call::run(&global, call)),
        Command::Bench(bench) => wait_side_by_side(bench::run(&global, bench)),
        Command::Top(top) => wait(top::run(&global, top)),
        Command::Monitor(monitor) => wait(monitor::run(&global, monitor)),
        Command::Up(up) => wait_side_by_side(serve::up(&up)),
        Command::Nameserver(service) => serve::launch(serve::Part::Nameserver, serve::with_global(&global, service)),
        Command::Demo(service) => serve::launch(serve::Part::Demo, serve::with_global(&global, service)),
        Command::Generate(generate) => wait(generate::run(&global, generate)),
        Command::New(new) => new::run(&new),
        Command::Doctor => wait(doctor::run(&global)),
        Command::Context(contexts) => context::run(&global, contexts.action),
        Command::Completions(completions) => completions::run(completions.shell),
        Command::Complete(complete) => wait(complete::run(complete.words)),
    }
}

/// Runs on this thread: what waits for one thing at a time needs no more.
fn wait(future: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    runtime(tokio::runtime::Builder::new_current_thread())?.block_on(future)
}

/// Runs on all processors.
fn wait_side_by_side(future: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    runtime(tokio::runtime::Builder::new_multi_thread())?.block_on(future)
}

fn runtime(mut builder: tokio::runtime::Builder) -> Result<tokio::runtime::Runtime> {
    builder.enable_all().build().map_err(|error| Failure::usage(format!("cannot start: {error}")))
}

/// Writes lines to stdout; whoever closed it has seen enough.
fn print<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) -> Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    for line in lines {
        writeln!(out, "{}", line.as_ref())?;
    }
    out.flush()?;
    Ok(())
}

/// Writes a value to stdout as JSON.
fn print_json<T: serde::Serialize + ?Sized>(value: &T) -> Result<()> {
    let json = pycom::Json::from_value(value).map_err(|error| Failure::usage(error.to_string()))?;
    print([crate::pretty::pretty(&json)])
}
