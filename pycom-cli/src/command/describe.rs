//! `pycom describe`: what an interface, or a service, says of itself.

use std::process::ExitCode;

use pycom::interface::{ErrorDescription, MethodDescription};
use pycom::{Component, Description};
use serde_json::Value;

use super::{print, print_json};
use crate::arguments::takes_whole;
use crate::cli::{Describe, Global};
use crate::failure::{Failure, Result};
use crate::near;
use crate::network::Network;
use crate::schema::Types;
use crate::target::{self, Target, is_introspection};
use crate::terminal::{self, Style, safe};

/// Widest text, where the terminal is wider or there is none.
const WIDTH: usize = 100;

pub async fn run(global: &Global, describe: &Describe) -> Result<ExitCode> {
    let network = Network::new(global)?;
    if describe.target.starts_with('/') {
        return service(&network, describe, global.json).await;
    }
    let component = Target::parse(&describe.target)?.component(&network).await?;
    let description = target::describe(&component).await?;
    match (&describe.method, global.json) {
        (None, true) => print_json(&description)?,
        (Some(method), true) => print_json(method_of(&description, method)?)?,
        (method, false) => print(page(&description, Some(&component), &describe.target, method.as_deref())?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Describes each interface of a service.
async fn service(network: &Network, describe: &Describe, json: bool) -> Result<ExitCode> {
    let services = network.services().await?;
    let name = &describe.target;
    let Some(found) = services.iter().find(|service| service.service == *name) else {
        let hint = near::hint(name, services.iter().map(|service| service.service.as_str()));
        return Err(Failure::not_found(format!("no service is called '{name}'{}", safe(&hint))));
    };
    let mut descriptions = Vec::new();
    for interface in &found.interfaces {
        let component = network.context.locate_service(interface, name).await?;
        descriptions.push((target::describe(&component).await?, component));
    }
    if let Some(method) = &describe.method {
        // Only the interfaces that have it; if none does, say so for the last.
        let having = descriptions.iter().filter(|(d, _)| d.methods.contains_key(method)).count();
        match descriptions.last() {
            Some((last, _)) if having == 0 => return Err(target::no_method(last, method)),
            _ => descriptions.retain(|(d, _)| d.methods.contains_key(method)),
        }
    }
    if json {
        print_json(&descriptions.iter().map(|(description, _)| description).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    for (index, (description, component)) in descriptions.iter().enumerate() {
        if index > 0 {
            print([""])?;
        }
        let target = format!("{}@{name}", description.name);
        print(page(description, Some(component), &target, describe.method.as_deref())?)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn method_of<'d>(description: &'d Description, method: &str) -> Result<&'d MethodDescription> {
    description.methods.get(method).ok_or_else(|| target::no_method(description, method))
}

/// The page for people.
fn page(
    description: &Description,
    component: Option<&Component>,
    target: &str,
    method: Option<&str>,
) -> Result<Vec<String>> {
    let style = terminal::stdout();
    let width = terminal::width().unwrap_or(WIDTH).min(WIDTH);
    let page = Page { description, style, width, target };
    if let Some(name) = method {
        let mut lines = page.method(name, method_of(description, name)?);
        lines.extend(page.types([method_of(description, name)?]));
        return Ok(lines);
    }
    let mut lines = vec![page.head(component)];
    lines.extend(page.text(description.docstring.as_deref(), 0));
    if description.is_stateful() && description.stateful.is_some() {
        lines.push("It keeps a session for each client: see `pycom call --session`.".into());
    }
    if !description.data.is_empty() {
        lines.push(format!("{} {}", style.faint("data:"), safe(&Value::from(description.data.clone()).to_string())));
    }
    for (name, method) in description.methods.iter().filter(|(name, _)| !is_introspection(name)) {
        lines.push(String::new());
        lines.extend(page.method(name, method));
    }
    lines.extend(page.types(description.methods.values()));
    Ok(lines)
}

struct Page<'d> {
    description: &'d Description,
    style: Style,
    width: usize,
    target: &'d str,
}

impl Page<'_> {
    fn head(&self, component: Option<&Component>) -> String {
        let mut head = self.style.heading(&safe(&self.description.name));
        if let Some(version) = &self.description.version {
            head.push_str(&format!(" {}", safe(version)));
        }
        if let Some(component) = component {
            let service = component.service().map_or(String::new(), |name| format!("{} ", safe(name.as_str())));
            let place = format!("  ({service}at {})", component.address());
            head.push_str(&self.style.faint(&place));
        }
        head
    }

    fn text(&self, text: Option<&str>, indent: usize) -> Vec<String> {
        let text = text.unwrap_or_default().trim();
        let margin = " ".repeat(indent);
        let lines = terminal::wrap(&flowing(&dedent(text)), self.width.saturating_sub(indent));
        lines.iter().map(|line| format!("{margin}{}", safe(line)).trim_end().to_owned()).collect()
    }

    fn method(&self, name: &str, method: &MethodDescription) -> Vec<String> {
        let mut lines = vec![self.signature(name, method)];
        lines.extend(self.text(method.docstring.as_deref(), 4));
        if let Some(why) = &method.deprecated {
            let why = if why.is_empty() { String::new() } else { format!(": {}", safe(why)) };
            lines.push(format!("    {}{why}", self.style.error("deprecated")));
        }
        if method.idempotent {
            lines.push(format!("    {}", self.style.faint("may be called again without harm")));
        }
        if method.uncancellable {
            lines.push(format!("    {}", self.style.faint("runs to its end, also where its caller gives up")));
        }
        if let Some(limit) = method.limit {
            let queue = method.queue.map_or(String::new(), |queue| format!(", and {queue} wait"));
            lines.push(format!("    {}", self.style.faint(&format!("at most {limit} run at once{queue}"))));
        }
        let attachments = &method.attachments;
        for incoming in attachments.incoming_names() {
            lines.push(format!("    '{}' is sent as attachment", safe(incoming)));
        }
        for outgoing in attachments.outgoing_names() {
            lines.push(format!("    '{}' comes back as attachment", safe(outgoing)));
        }
        lines.extend(method.errors.iter().map(|error| self.error(error)));
        lines.push(format!("    {}", self.style.faint(&format!("$ {}", self.example(name, method)))));
        lines
    }

    fn error(&self, error: &ErrorDescription) -> String {
        let meaning = error.docstring.as_deref().map_or(String::new(), |text| format!(": {}", safe(text.trim())));
        format!("    {} {} {}{meaning}", self.style.faint("error"), error.code, safe(&error.name))
    }

    /// `split(text: string, at?: usize) -> (head: string, tail: string)`
    fn signature(&self, name: &str, method: &MethodDescription) -> String {
        let style = self.style;
        let types = Types(&self.description.definitions);
        let property = |schema: &Option<Value>, name: &str| -> Option<Value> {
            schema.as_ref()?.get("properties")?.get(name).cloned()
        };
        let mut arguments = Vec::new();
        if takes_whole(self.description, method) {
            let anything = Value::Bool(true);
            let schema = method.arguments_schema.as_ref().unwrap_or(&anything);
            arguments.push(style.kind(&safe(&types.notation(schema))));
        }
        let typed = |name: &str, mark: &str, kind: Option<String>| match kind {
            Some(kind) => format!("{}{mark}: {}", safe(name), style.kind(&safe(&kind))),
            None => format!("{}{mark}", safe(name)),
        };
        let is_incoming = |name: &str| method.attachments.is_incoming(name);
        for name in &method.required_arguments {
            let kind = property(&method.arguments_schema, name).map(|schema| types.notation(&schema));
            arguments.push(typed(name, "", if is_incoming(name) { Some("attachment".into()) } else { kind }));
        }
        for name in &method.optional_arguments {
            let kind = property(&method.arguments_schema, name).map(|schema| types.optional_notation(&schema));
            let kind = if is_incoming(name) { Some("attachment".into()) } else { kind };
            let default = method.defaults.get(name).filter(|default| !default.is_null());
            match default {
                Some(default) => arguments.push(format!("{} = {}", typed(name, "", kind), safe(&default.to_string()))),
                None => arguments.push(typed(name, "?", kind)),
            }
        }
        let results: Vec<String> = method
            .results
            .iter()
            .map(|name| {
                let is_outgoing = method.attachments.is_outgoing(name);
                let kind = property(&method.result_schema, name).map(|schema| types.notation(&schema));
                typed(name, "", if is_outgoing { Some("attachment".into()) } else { kind })
            })
            .collect();
        let result = match (&method.result_schema, results.is_empty()) {
            (_, false) => format!("({})", results.join(", ")),
            (Some(schema), true) => style.kind(&safe(&types.notation(schema))),
            (None, true) => style.kind("any"),
        };
        format!("  {}({}) -> {result}", style.name(&safe(name)), arguments.join(", "))
    }

    /// A line for the shell that calls it.
    fn example(&self, name: &str, method: &MethodDescription) -> String {
        let types = Types(&self.description.definitions);
        let mut words = vec!["pycom".to_owned(), "call".into(), quote(self.target), quote(name)];
        if takes_whole(self.description, method) {
            words.push(match &method.arguments_schema {
                Some(Value::Bool(_)) | None => "JSON".to_owned(),
                Some(schema) => word(&types.example(schema)),
            });
        }
        let incoming = method.attachments.incoming.as_ref();
        for argument in method.required_arguments.iter().filter(|name| Some(*name) != incoming) {
            let schema = method.arguments_schema.as_ref().and_then(|schema| schema.get("properties")?.get(argument));
            let value = schema.map_or("…".to_owned(), |schema| word(&types.example(schema)));
            words.push(format!("{}={value}", quote(argument)));
        }
        if incoming.is_some() {
            words.push("--attach FILE".into());
        }
        if method.attachments.outgoing.is_some() {
            words.push("--save FILE".into());
        }
        safe(&words.join(" "))
    }

    /// The types that these methods mention.
    fn types<'m>(&self, methods: impl IntoIterator<Item = &'m MethodDescription>) -> Vec<String> {
        let types = Types(&self.description.definitions);
        let mut names = Vec::new();
        for method in methods {
            let schemas = method.arguments_schema.iter().chain(&method.result_schema);
            schemas.for_each(|schema| types.mentioned(schema, &mut names));
        }
        let mut lines = Vec::new();
        for name in names {
            let Some(schema) = self.description.definitions.get(&name) else { continue };
            lines.push(String::new());
            lines.push(format!("  {} = {}", self.style.kind(&safe(&name)), safe(&types.notation(schema))));
            lines.extend(self.text(schema.get("description").and_then(Value::as_str), 4));
        }
        lines
    }
}

/// A value as a word for the shell: a string without its quotes.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        value => quote(&value.to_string()),
    }
}

fn quote(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// A Python docstring's later lines are indented as the code is.
fn dedent(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let common = text.lines().skip(1).filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let rest = lines.map(|line| line.get(common..).unwrap_or_default());
    std::iter::once(first).chain(rest).collect::<Vec<_>>().join("\n")
}

/// A line shorter than this was ended on purpose.
const FULL: usize = 60;

/// Joins the lines that an author broke where the source was as wide as it may be. Short lines, lists, tables and what is
/// indented stay as they are.
fn flowing(text: &str) -> String {
    let begins_something = |line: &str| {
        line.is_empty() || line.starts_with([' ', '-', '*', '|', '#', '>', '`', ':', '@']) || {
            let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
            rest.len() < line.len() && rest.starts_with(['.', ')'])
        }
    };
    let mut joined = String::new();
    let mut before = "";
    for line in text.lines() {
        let goes_on = before.chars().count() >= FULL && !before.starts_with([' ', '|', '#']) && !begins_something(line);
        if !joined.is_empty() || !before.is_empty() {
            joined.push(if goes_on { ' ' } else { '\n' });
        }
        joined.push_str(line);
        before = line;
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docstrings_lose_the_indent_of_their_code() {
        assert_eq!(dedent("One.\n\n        Two.\n          Three."), "One.\n\nTwo.\n  Three.");
    }

    #[test]
    fn lines_that_were_only_full_flow_on() {
        let full = "A line that goes on until there is no more room for it in the source";
        assert_eq!(flowing(&format!("{full}\nand so on.")), format!("{full} and so on."));
        for kept in [
            "Short.\nLines.".to_owned(),
            format!("{full}\n\nA paragraph."),
            format!("{full}\n- a list"),
            format!("{full}\n1. a list"),
            format!("{full}\n  what is indented"),
            format!("    {full}\nwhat follows code"),
        ] {
            assert_eq!(flowing(&kept), kept);
        }
    }

    #[test]
    fn words_are_quoted_where_a_shell_would_read_them() {
        assert_eq!(quote("com.foo@tcp://h:1"), "com.foo@tcp://h:1");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(word(&serde_json::json!([1])), "'[1]'");
    }
}
