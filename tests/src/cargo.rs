//! Examples of this workspace, run the way README says.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::Process;

/// The top of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// `cargo run --example NAME -- ARGUMENTS`, with variables of its own.
pub fn example(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Process {
    run(&["--example", name], arguments, environment)
}

/// `cargo run WHAT -- ARGUMENTS`, with variables of its own.
pub fn run(what: &[&str], arguments: &[&str], environment: &[(&str, &str)]) -> Process {
    // Built first, for as long as that takes: only the program itself is to answer in time.
    let built = cargo("build", what).status().expect("cargo can be run");
    assert!(built.success(), "cargo build {what:?} failed");
    let mut command = cargo("run", what);
    command.arg("--").args(arguments).envs(environment.iter().copied());
    Process::start(command)
}

fn cargo(verb: &str, what: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args([verb, "--quiet"]).args(what);
    // What cargo tells its own tests is not for the cargo inside.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR")
    {
        command.env_remove(name);
    }
    command
}
