//! `pycom __complete`: what may stand where the cursor is, with what it is for after a tab.
//!
//! Asks the nameserver and the service that the line names. A shell waits for the answer, and its
//! user for the shell: so there is little time, and no word about what goes wrong.

use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgAction, CommandFactory};
use pycom::Description;
use serde_json::Value;

use super::print;
use crate::cli::{Cli, Global};
use crate::failure::Result;
use crate::network::Network;
use crate::schema::Types;
use crate::settings::Settings;
use crate::target::{Target, method_names};
use crate::terminal::safe;

/// How long all of it may take.
const LIMIT: Duration = Duration::from_millis(1500);

/// How long one answer may take.
const ANSWER: Duration = Duration::from_millis(700);

/// Asks the shell to complete names of files.
const FILES: &str = ":files";

pub async fn run(words: Vec<String>) -> Result<ExitCode> {
    let line = words.join(" ");
    let found = tokio::time::timeout(LIMIT, candidates(&line)).await.unwrap_or_default();
    let lines = found.into_iter().map(|(value, about)| match about.is_empty() {
        true => safe(&value),
        false => format!("{}\t{}", safe(&value), safe(about.lines().next().unwrap_or_default())),
    });
    print(lines)?;
    Ok(ExitCode::SUCCESS)
}

/// A word, and what it is for.
type Candidate = (String, String);

/// The line, understood as far as it goes.
#[derive(Debug, Default)]
struct Line {
    /// The word at the cursor, as far as it is written.
    current: String,
    /// The subcommands before it.
    commands: Vec<String>,
    /// The positional words after those.
    words: Vec<String>,
    /// The flag whose value the cursor is at.
    flag: Option<String>,
    nameserver: Option<String>,
    context: Option<String>,
}

async fn candidates(line: &str) -> Vec<Candidate> {
    let command = Cli::command();
    let line = Line::read(line, &command);
    let all = match &line.flag {
        Some(flag) => values_of(&command, &line, flag),
        None if line.current.starts_with('-') => flags(&command, &line),
        None => match line.commands.first().map(String::as_str) {
            None => subcommands(&command),
            Some("context") => contexts(&command, &line),
            Some("completions") => ["bash", "zsh", "fish"].map(plain).into(),
            Some(_) => live(&line).await.unwrap_or_default(),
        },
    };
    all.into_iter().filter(|(value, _)| value == FILES || value.starts_with(&line.current)).collect()
}

fn plain(value: &str) -> Candidate {
    (value.to_owned(), String::new())
}

/// The command that the line has reached.
fn reached<'c>(command: &'c clap::Command, names: &[String]) -> &'c clap::Command {
    names.iter().fold(command, |command, name| command.find_subcommand(name).unwrap_or(command))
}

impl Line {
    fn read(line: &str, command: &clap::Command) -> Self {
        let mut words = split(line);
        let current = words.pop().unwrap_or_default();
        let mut read = Self { current, ..Self::default() };
        let mut words = words.into_iter().skip(1);
        while let Some(word) = words.next() {
            let here = reached(command, &read.commands);
            if !word.starts_with('-') || word == "-" {
                match here.find_subcommand(&word) {
                    Some(found) if read.words.is_empty() => read.commands.push(found.get_name().to_owned()),
                    _ => read.words.push(word),
                }
                continue;
            }
            let (flag, value) =
                word.split_once('=').map_or((&*word, None), |(flag, value)| (flag, Some(value.to_owned())));
            let Some(name) = flag_name(command, here, flag) else { continue };
            let value = match value {
                Some(value) => value,
                None => match words.next() {
                    Some(value) => value,
                    None => {
                        read.flag = Some(name);
                        return read;
                    }
                },
            };
            match &*name {
                "nameserver" => read.nameserver = Some(value),
                "context" => read.context = Some(value),
                _ => {}
            }
        }
        read
    }

    fn global(&self) -> Global {
        Global { nameserver: self.nameserver.clone(), context: self.context.clone(), timeout: ANSWER, json: false }
    }
}

/// The name of a flag that takes a value.
fn flag_name(root: &clap::Command, here: &clap::Command, flag: &str) -> Option<String> {
    let all = here.get_arguments().chain(root.get_arguments());
    let fits = |arg: &&clap::Arg| {
        let long = arg.get_long().is_some_and(|long| flag.strip_prefix("--") == Some(long));
        let short = arg.get_short().is_some_and(|short| flag.strip_prefix('-') == Some(short.to_string().as_str()));
        (long || short)
            && matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
            && !arg.is_require_equals_set()
    };
    all.into_iter().find(fits).map(|arg| arg.get_id().as_str().to_owned())
}

fn values_of(root: &clap::Command, line: &Line, flag: &str) -> Vec<Candidate> {
    match flag {
        "context" => context_names(),
        "attach" | "save" | "from" | "output" | "pycom_path" => vec![plain(FILES)],
        _ => {
            let here = reached(root, &line.commands);
            let arg = here.get_arguments().find(|arg| arg.get_id() == flag);
            let values = arg.map(clap::Arg::get_possible_values).unwrap_or_default();
            values.iter().map(|value| (value.get_name().to_owned(), about(value.get_help()))).collect()
        }
    }
}

fn context_names() -> Vec<Candidate> {
    let settings = Settings::read().unwrap_or_default();
    settings.contexts.into_iter().map(|(name, named)| (name, named.nameserver)).collect()
}

fn about(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

fn subcommands(command: &clap::Command) -> Vec<Candidate> {
    let visible = command.get_subcommands().filter(|command| !command.is_hide_set());
    visible.map(|command| (command.get_name().to_owned(), about(command.get_about()))).collect()
}

fn flags(root: &clap::Command, line: &Line) -> Vec<Candidate> {
    let here = reached(root, &line.commands);
    let mut args: Vec<&clap::Arg> = here.get_arguments().collect();
    args.extend(root.get_arguments().filter(|arg| arg.is_global_set() && !here.get_arguments().any(|own| own == *arg)));
    let mut found: Vec<Candidate> =
        args.into_iter().filter_map(|arg| Some((format!("--{}", arg.get_long()?), about(arg.get_help())))).collect();
    found.push(("--help".into(), "Print help".into()));
    found
}

fn contexts(command: &clap::Command, line: &Line) -> Vec<Candidate> {
    match (line.commands.get(1).map(String::as_str), line.words.len()) {
        (None, 0) => subcommands(reached(command, &line.commands)),
        (Some("use" | "remove"), 0) => context_names(),
        _ => Vec::new(),
    }
}

/// What the network knows.
async fn live(line: &Line) -> Option<Vec<Candidate>> {
    let network = Network::new(&line.global()).ok()?;
    let command = line.commands.first()?.as_str();
    match (command, line.words.len()) {
        ("list", 0) => names(&network, "", true).await,
        ("describe" | "monitor" | "top", 0) => names(&network, &line.current, true).await,
        ("call" | "bench" | "generate", 0) => names(&network, &line.current, false).await,
        ("call" | "bench" | "describe", 1) => Some(methods(&describe(&network, line).await?)),
        ("call" | "bench", _) => arguments(&describe(&network, line).await?, line),
        _ => None,
    }
}

/// Interfaces; services, where they are asked for, or where an `@` is written.
async fn names(network: &Network, current: &str, with_services: bool) -> Option<Vec<Candidate>> {
    let services = network.services().await.ok()?;
    if let Some((interface, _)) = current.split_once('@') {
        let offering = services.into_iter().filter(|service| service.interfaces.iter().any(|name| name == interface));
        return Some(offering.map(|s| (format!("{interface}@{}", s.service), s.address.unwrap_or_default())).collect());
    }
    let mut found = Vec::new();
    for service in services {
        if with_services {
            found.push((service.service.clone(), service.address.unwrap_or_default()));
        }
        found.extend(service.interfaces.into_iter().map(|interface| (interface, service.service.clone())));
    }
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    Some(found)
}

async fn describe(network: &Network, line: &Line) -> Option<Description> {
    let target = Target::parse(line.words.first()?).ok()?;
    target.component(network).await.ok()?.introspect().await.ok()
}

fn methods(description: &Description) -> Vec<Candidate> {
    let docs = |name: &str| description.methods[name].docstring.clone().unwrap_or_default();
    method_names(description).map(|name| (name.to_owned(), docs(name).trim().to_owned())).collect()
}

/// `name=` for what is not given yet; after that, the values, if there are few.
fn arguments(description: &Description, line: &Line) -> Option<Vec<Candidate>> {
    if line.current.starts_with('@') {
        return Some(vec![plain(FILES)]);
    }
    let method = description.methods.get(line.words.get(1)?)?;
    let types = Types(&description.definitions);
    let schema = |name: &str| method.arguments_schema.as_ref()?.get("properties")?.get(name);
    if let Some((name, _)) = line.current.split_once('=') {
        let words = few(types, schema(name)?);
        return Some(words.into_iter().map(|word| plain(&format!("{name}={word}"))).collect());
    }
    let given = |name: &str| line.words[2..].iter().any(|word| word.split([':', '=']).next() == Some(name));
    let all = method.required_arguments.iter().chain(&method.optional_arguments);
    let open = all.filter(|name| !given(name) && !method.attachments.is_incoming(name));
    Some(open.map(|name| (format!("{name}="), schema(name).map_or(String::new(), |s| types.notation(s)))).collect())
}

/// The values of a type that has few.
fn few(types: Types<'_>, schema: &Value) -> Vec<String> {
    if let Some((_, Some(target))) = types.reference(schema) {
        return few(types, target);
    }
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(value) = schema.get("const") {
        return vec![text(value)];
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        return values.iter().map(text).collect();
    }
    if schema.get("type").is_some_and(|kind| kind == "boolean") {
        return vec!["true".into(), "false".into()];
    }
    let alternatives = ["anyOf", "oneOf"].into_iter().find_map(|key| schema.get(key)?.as_array());
    alternatives.into_iter().flatten().flat_map(|schema| few(types, schema)).collect()
}

/// Words of a line as a shell has them; the last one is at the cursor, and may be empty.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    let mut letters = line.chars();
    while let Some(c) = letters.next() {
        let word = words.last_mut().expect("there is always one");
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None | Some('"'), '\\') => word.extend(letters.next()),
            (None, c) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(String::new());
                }
            }
            _ => word.push(c),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Line {
        Line::read(line, &Cli::command())
    }

    #[test]
    fn a_line_is_understood_as_far_as_it_goes() {
        let line = read("pycom -n tcp://h:1 call --timeout 5s com.foo 'spl it' a=1 b");
        assert_eq!(line.commands, ["call"]);
        assert_eq!(line.words, ["com.foo", "spl it", "a=1"]);
        assert_eq!((line.current.as_str(), line.nameserver.as_deref()), ("b", Some("tcp://h:1")));
        assert_eq!(read("pycom --context ").flag.as_deref(), Some("context"));
        assert_eq!(read("pycom context use ").commands, ["context", "use"]);
        assert_eq!(read("pycom ls ").commands, ["list"]);
        assert_eq!(read("pycom call --json x ").words, ["x"]);
        assert_eq!(split("a  b\\ c \"d e"), ["a", "b c", "d e"]);
        assert_eq!(split(""), [""]);
    }
}
