//! Whether a service offers what a stub needs.

use super::Component;
use crate::error::{Error, Outcome, Result};
use crate::interface::{Description, InterfaceInfo, MethodDescription};

/// Asks the service behind `component` what it offers, and compares that with what a stub was made
/// from.
pub(super) async fn verify(component: Component, made_for: &'static InterfaceInfo) -> Result<()> {
    let theirs = component.introspect().await?;
    let ours = Description::from_info(made_for);
    match first_difference(&ours, &theirs) {
        None => Ok(()),
        Some(difference) => {
            let reason = format!("the service is not what the stub was made for: {difference}; compare their versions");
            Err(Error::BadReply(Error::failure(reason, component.site(None), Outcome::Answered)))
        }
    }
}

/// The first thing that the stub needs and the service has not, or has otherwise.
fn first_difference(ours: &Description, theirs: &Description) -> Option<String> {
    ours.methods.iter().find_map(|(name, method)| {
        if crate::interface::INTROSPECTION_METHODS.contains(&name.as_str()) {
            return None;
        }
        let Some(other) = theirs.methods.get(name) else {
            return Some(format!("it has no method '{name}'"));
        };
        method_difference(method, other).map(|difference| format!("{name}: {difference}"))
    })
}

fn method_difference(ours: &MethodDescription, theirs: &MethodDescription) -> Option<String> {
    let sent = || ours.required_arguments.iter().chain(&ours.optional_arguments);
    let known = |name: &String| theirs.required_arguments.contains(name) || theirs.optional_arguments.contains(name);
    if let Some(unknown) = sent().find(|name| !known(name)) {
        return Some(format!("it takes no argument '{unknown}'"));
    }
    if let Some(missing) = theirs.required_arguments.iter().find(|name| !ours.required_arguments.contains(name)) {
        return Some(format!("it requires the argument '{missing}'"));
    }
    if ours.results != theirs.results {
        return Some(format!("it gives {}, expected {}", listed(&theirs.results), listed(&ours.results)));
    }
    if ours.attachments != theirs.attachments {
        return Some("its attachments are others".into());
    }
    sent().find_map(|name| {
        let (ours, theirs) = (argument_type(ours, name)?, argument_type(theirs, name)?);
        (ours != theirs).then(|| format!("its argument '{name}' is of type {theirs}, expected {ours}"))
    })
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "one value".into() } else { names.join(", ") }
}

fn argument_type<'d>(method: &'d MethodDescription, name: &str) -> Option<&'d serde_json::Value> {
    method.arguments_schema.as_ref()?.get("properties")?.get(name)?.get("type")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn description(methods: serde_json::Value) -> Description {
        serde_json::from_value(json!({ "name": "com.foo.example", "methods": methods })).unwrap()
    }

    fn difference(theirs: serde_json::Value) -> Option<String> {
        let ours = description(json!({ "split": {
            "required_arguments": ["text"], "optional_arguments": ["at"], "results": ["head", "tail"],
            "arguments_schema": { "properties": { "text": { "type": "string" } } },
        }}));
        first_difference(&ours, &description(json!({ "split": theirs, "more": {} })))
    }

    #[test]
    fn the_first_difference_is_named() {
        let results = json!(["head", "tail"]);
        let same = json!({ "required_arguments": ["text"], "optional_arguments": ["at", "new"], "results": results });
        assert_eq!(difference(same), None);
        let cases = [
            (json!({ "required_arguments": ["text"] }), "split: it takes no argument 'at'"),
            (
                json!({ "required_arguments": ["text", "x"], "optional_arguments": ["at"], "results": results }),
                "split: it requires the argument 'x'",
            ),
            (
                json!({ "required_arguments": ["text"], "optional_arguments": ["at"] }),
                "split: it gives one value, expected head, tail",
            ),
            (
                json!({ "required_arguments": ["text"], "optional_arguments": ["at"], "results": results,
                        "arguments_schema": { "properties": { "text": { "type": "integer" } } } }),
                "split: its argument 'text' is of type \"integer\", expected \"string\"",
            ),
        ];
        for (theirs, expected) in cases {
            assert_eq!(difference(theirs).as_deref(), Some(expected));
        }
        let ours = description(json!({ "split": {} }));
        assert_eq!(first_difference(&ours, &description(json!({}))).unwrap(), "it has no method 'split'");
    }
}
