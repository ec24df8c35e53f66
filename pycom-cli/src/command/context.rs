//! `pycom context`: named nameservers.

use std::process::ExitCode;

use super::{print, print_json};
use crate::cli::{ContextAction, Global};
use crate::failure::{Failure, Result};
use crate::settings::{self, Named, Settings};
use crate::table::Table;
use crate::terminal;

pub fn run(global: &Global, action: Option<ContextAction>) -> Result<ExitCode> {
    let mut settings = Settings::read()?;
    match action {
        None | Some(ContextAction::List) => return list(global, &settings),
        Some(ContextAction::Add { name, address }) => {
            check(&name, &address)?;
            settings.contexts.insert(name.clone(), Named { nameserver: address });
            settings.current.get_or_insert(name);
        }
        Some(ContextAction::Use { name }) => {
            settings.named(&name)?;
            settings.current = Some(name);
        }
        Some(ContextAction::Remove { name }) => {
            settings.named(&name)?;
            settings.contexts.remove(&name);
            settings.current.take_if(|current| *current == name);
        }
    }
    settings.write()?;
    list(global, &settings)
}

/// What is wrong is said when it is written, not when it is used.
fn check(name: &str, address: &str) -> Result<()> {
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)) {
        return Err(Failure::usage(format!("'{name}' is no name; use letters, digits, - _ .")));
    }
    pycom::Context::new(address)?;
    Ok(())
}

fn list(global: &Global, settings: &Settings) -> Result<ExitCode> {
    if global.json {
        print_json(settings)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["", "CONTEXT", "NAMESERVER"]);
    for (name, Named { nameserver }) in &settings.contexts {
        let mark = if settings.current.as_ref() == Some(name) { "*" } else { "" };
        table.row(vec![mark.to_owned(), name.clone(), nameserver.clone()]);
    }
    if settings.contexts.is_empty() {
        eprintln!("no contexts yet; add one with `pycom context add NAME ADDRESS`");
    } else {
        print(table.lines(terminal::stdout(), terminal::width()))?;
    }
    let choice = settings::choose(global)?;
    if !choice.source.starts_with("context ") {
        eprintln!("in use: {} ({})", choice.nameserver, choice.source);
    }
    Ok(ExitCode::SUCCESS)
}
