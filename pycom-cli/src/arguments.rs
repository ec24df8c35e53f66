//! From words on the command line to the arguments of a call.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use pycom::interface::MethodDescription;
use pycom::{Description, Json};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::near;
use crate::schema::{Kinds, Types};
use crate::terminal::safe;

/// The arguments as they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// None at all.
    Nothing,
    /// JSON, whole.
    Text(Json),
    /// `name=value` and `name:=json`.
    Pairs(Vec<Pair>),
    /// One word that is neither.
    Bare(String),
}

/// `name=value`, or `name:=json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    name: String,
    value: String,
    is_json: bool,
}

impl Pair {
    fn read(word: &str) -> Option<Self> {
        let (name, value) = word.split_once('=')?;
        let (name, is_json) = name.strip_suffix(':').map_or((name, false), |name| (name, true));
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        is_name.then(|| Self { name: name.to_owned(), value: value.to_owned(), is_json })
    }
}

impl Words {
    /// Reads the words; a file or standard input, where they say so.
    pub fn read(words: &[String]) -> Result<Self> {
        match words {
            [] => return Ok(Words::Nothing),
            [word] if word == "-" || word.starts_with('@') => {
                let (text, source) = read_source(word)?;
                let json = Json::from_text(text.trim().to_owned());
                return json.map(Words::Text).map_err(|error| not_json(&source, &error));
            }
            [word] if word.trim_start().starts_with(['{', '[', '"']) => {
                let json = Json::from_text(word.trim().to_owned());
                return json.map(Words::Text).map_err(|error| not_json(word, &error));
            }
            _ => {}
        }
        let pairs: Vec<Option<Pair>> = words.iter().map(|word| Pair::read(word)).collect();
        if let ([word], [None]) = (words, &*pairs) {
            return Ok(Words::Bare(word.clone()));
        }
        if let Some(at) = pairs.iter().position(Option::is_none) {
            let word = &words[at];
            return Err(Failure::usage(format!(
                "the argument '{word}' has no name; write name={word}, or all arguments as one JSON text"
            )));
        }
        Ok(Words::Pairs(pairs.into_iter().flatten().collect()))
    }

    /// The arguments for a method; `description` is of its interface, where that is known.
    pub fn resolve(self, description: Option<&Description>, method: &str, attached: bool) -> Result<Json> {
        let known = description.and_then(|description| Some((description, description.methods.get(method)?)));
        let Some((description, method_description)) = known else { return self.untyped() };
        let shape = Shape { description, method, its: method_description, attached };
        if shape.is_whole() { shape.whole(self) } else { shape.named(self) }
    }

    fn untyped(self) -> Result<Json> {
        match self {
            Words::Nothing => Ok(Json::NULL),
            Words::Text(json) => Ok(json),
            Words::Bare(word) => typed("the argument", &word, Kinds::ANY),
            Words::Pairs(pairs) => object(pairs, |_| Ok(Kinds::ANY)),
        }
    }
}

/// What a method takes.
struct Shape<'d> {
    description: &'d Description,
    method: &'d str,
    its: &'d MethodDescription,
    attached: bool,
}

impl Shape<'_> {
    fn types(&self) -> Types<'_> {
        Types(&self.description.definitions)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.its.required_arguments.iter().chain(&self.its.optional_arguments);
        names.map(String::as_str).filter(|name| !self.is_attachment(name))
    }

    fn is_attachment(&self, name: &str) -> bool {
        self.its.attachments.is_incoming(name)
    }

    fn is_whole(&self) -> bool {
        takes_whole(self.description, self.its)
    }

    fn whole(&self, words: Words) -> Result<Json> {
        let anything = Value::Bool(true);
        let kinds = self.types().kinds(self.its.arguments_schema.as_ref().unwrap_or(&anything));
        match words {
            Words::Nothing => Ok(Json::NULL),
            Words::Text(json) => Ok(json),
            Words::Bare(word) => typed("the argument", &word, kinds),
            Words::Pairs(pairs) => match &pairs[..] {
                [Pair { name, value, is_json: false }] if kinds.only_string() => {
                    typed("the argument", &format!("{name}={value}"), kinds)
                }
                _ => object(pairs, |_| Ok(Kinds::ANY)),
            },
        }
    }

    fn named(&self, words: Words) -> Result<Json> {
        let json = match words {
            Words::Nothing => object(Vec::new(), |_| Ok(Kinds::ANY))?,
            Words::Text(json) => json,
            Words::Pairs(pairs) => object(pairs, |name| self.kinds_of(name))?,
            Words::Bare(word) => match self.names().next() {
                Some(name) => {
                    let method = self.method;
                    return Err(Failure::bad_request(format!(
                        "'{method}' takes its arguments by name; write {}={word}",
                        safe(name)
                    )));
                }
                None => return Err(Failure::bad_request(format!("'{}' takes no arguments", self.method))),
            },
        };
        self.check(&json)?;
        Ok(json)
    }

    fn kinds_of(&self, name: &str) -> Result<Kinds> {
        self.check_name(name)?;
        let schema = self.its.arguments_schema.as_ref().and_then(|schema| schema.get("properties")?.get(name));
        Ok(schema.map_or(Kinds::ANY, |schema| self.types().kinds(schema)))
    }

    fn check_name(&self, name: &str) -> Result<()> {
        if self.names().any(|known| known == name) {
            return Ok(());
        }
        let method = self.method;
        if self.is_attachment(name) {
            return Err(Failure::bad_request(format!(
                "'{name}' is the attachment of '{method}'; give it with --attach FILE"
            )));
        }
        if self.names().next().is_none() {
            return Err(Failure::bad_request(format!("'{method}' takes no arguments, but '{name}' was given")));
        }
        let hint = near::hint(name, self.names());
        Err(Failure::bad_request(format!("'{method}' has no argument '{name}'{}", safe(&hint))))
    }

    /// Names that are wrong, or missing: the originals would ignore the former.
    fn check(&self, json: &Json) -> Result<()> {
        let Ok(given) = json.parse::<BTreeMap<String, IgnoredAny>>() else { return Ok(()) };
        given.keys().try_for_each(|name| self.check_name(name))?;
        let missing = |name: &&String| match self.is_attachment(name) {
            true => !self.attached,
            false => !given.contains_key(*name),
        };
        match self.its.required_arguments.iter().find(missing) {
            None => Ok(()),
            Some(name) => {
                let how = if self.is_attachment(name) { "--attach FILE".to_owned() } else { format!("{name}=…") };
                let method = self.method;
                Err(Failure::bad_request(format!("'{method}' needs '{}'; add {}", safe(name), safe(&how))))
            }
        }
    }
}

/// Whether a method takes its arguments whole, as one JSON value, rather than by name.
///
/// Services of ours say so with a schema; for others it is what no names mean.
pub fn takes_whole(description: &Description, method: &MethodDescription) -> bool {
    let unnamed = method.required_arguments.is_empty() && method.optional_arguments.is_empty();
    unnamed && (description.version.is_none() || method.arguments_schema.is_some())
}

/// Puts pairs together as an object.
fn object(pairs: Vec<Pair>, kinds: impl Fn(&str) -> Result<Kinds>) -> Result<Json> {
    let mut fields: Vec<(String, Json)> = Vec::new();
    for Pair { name, value, is_json } in pairs {
        if fields.iter().any(|(known, _)| *known == name) {
            return Err(Failure::usage(format!("the argument '{name}' is there twice; remove one")));
        }
        let kinds = kinds(&name)?;
        let json = match is_json {
            true => Json::from_text(value.clone()).map_err(|error| not_json(&value, &error))?,
            false => typed(&format!("'{name}'"), &value, kinds)?,
        };
        fields.push((name, json));
    }
    Ok(Json::object(fields.iter().map(|(name, json)| (name.as_str(), json))))
}

/// A value of one of these kinds: what can only be a string needs no quotes, all else is JSON where
/// it fits, and a string where that fits.
fn typed(what: &str, text: &str, kinds: Kinds) -> Result<Json> {
    let string = || Ok(Json::from_value(text).unwrap_or(Json::NULL));
    if kinds.only_string() {
        return string();
    }
    let error = match Json::from_text(text.to_owned()) {
        Ok(json) if kinds.fits(text) => return Ok(json),
        Ok(_) => None,
        Err(error) => Some(error),
    };
    // A bracket is no beginning of a text that someone forgot to quote.
    let meant_as_json = text.trim_start().starts_with(['{', '[', '"']);
    match error {
        _ if kinds.string && !(meant_as_json && error.is_some()) => string(),
        Some(error) if meant_as_json => Err(not_json(text, &error)),
        _ => Err(Failure::bad_request(format!("{what} must be {}, which '{text}' is not", names(kinds)))),
    }
}

fn names(kinds: Kinds) -> String {
    let all = [
        (kinds.string, "a string"),
        (kinds.integer && !kinds.number, "an integer"),
        (kinds.number, "a number"),
        (kinds.boolean, "true or false"),
        (kinds.array, "a JSON array"),
        (kinds.object, "a JSON object"),
        (kinds.null, "null"),
    ];
    let names: Vec<&str> = all.into_iter().filter_map(|(has, name)| has.then_some(name)).collect();
    names.join(" or ")
}

fn not_json(text: &str, error: &serde_json::Error) -> Failure {
    const SHOWN: usize = 60;
    let shown: String = text.chars().take(SHOWN).collect();
    let dots = if shown.len() < text.len() { "…" } else { "" };
    Failure::usage(format!("{shown}{dots} is not JSON: {error}"))
}

/// The text of `@file` or `-`, and what to call it.
fn read_source(word: &str) -> Result<(String, String)> {
    match word.strip_prefix('@') {
        Some(path) => {
            let path = Path::new(path);
            let text = std::fs::read_to_string(path).map_err(|error| Failure::file("read", path, &error))?;
            Ok((text, path.display().to_string()))
        }
        None => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| Failure::usage(error.to_string()))?;
            Ok((text, "standard input".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn description() -> Description {
        serde_json::from_value(json!({
            "name": "com.foo.example", "version": "1.0.0",
            "methods": {
                "split": {
                    "required_arguments": ["text"], "optional_arguments": ["at", "mode", "both"],
                    "arguments_schema": { "type": "object", "properties": {
                        "text": { "type": "string" },
                        "at": { "type": ["integer", "null"] },
                        "mode": { "anyOf": [{ "type": "object" }, { "type": "null" }] },
                        "both": { "type": ["integer", "string"] },
                    } },
                },
                "create": { "arguments_schema": true },
                "say": { "arguments_schema": { "type": "string" } },
                "stat": {},
                "put": {
                    "required_arguments": ["blob", "name"],
                    "attachments": { "incoming": "blob", "outgoing": null },
                },
            },
        }))
        .unwrap()
    }

    fn resolve(method: &str, words: &[&str]) -> Result<String, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let words = Words::read(&words).map_err(|failure| failure.to_string())?;
        let json = words.resolve(Some(&description()), method, false);
        json.map(|json| json.to_string()).map_err(|failure| failure.to_string())
    }

    #[test]
    fn the_schema_says_what_needs_quotes() {
        assert_eq!(resolve("split", &["text=hello", "at=2"]).unwrap(), r#"{"text":"hello","at":2}"#);
        assert_eq!(resolve("split", &["text=2"]).unwrap(), r#"{"text":"2"}"#);
        assert_eq!(resolve("split", &["text=a=b c"]).unwrap(), r#"{"text":"a=b c"}"#);
        assert_eq!(resolve("split", &["text=", "at=null"]).unwrap(), r#"{"text":"","at":null}"#);
        assert_eq!(resolve("split", &["text:=\"x\"", "mode={\"a\": 1}"]).unwrap(), r#"{"text":"x","mode":{"a": 1}}"#);
        assert_eq!(resolve("split", &["text=x", "both=7"]).unwrap(), r#"{"text":"x","both":7}"#);
        assert_eq!(resolve("split", &["text=x", "both=seven"]).unwrap(), r#"{"text":"x","both":"seven"}"#);
        assert_eq!(resolve("say", &["hello"]).unwrap(), r#""hello""#);
        assert_eq!(resolve("say", &["a=b"]).unwrap(), r#""a=b""#);
        assert_eq!(resolve("create", &["42"]).unwrap(), "42");
        assert_eq!(resolve("create", &["hello"]).unwrap(), r#""hello""#);
        assert_eq!(resolve("create", &["a=1", "b=x"]).unwrap(), r#"{"a":1,"b":"x"}"#);
        assert_eq!(resolve("create", &["123456789012345678901234567890"]).unwrap(), "123456789012345678901234567890");
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_right() {
        let wrong = |method, words| resolve(method, words).unwrap_err();
        assert_eq!(wrong("split", &["txt=x"]), "'split' has no argument 'txt'; did you mean 'text'?");
        assert_eq!(wrong("split", &[r#"{"txt": 1}"#]), "'split' has no argument 'txt'; did you mean 'text'?");
        assert_eq!(wrong("split", &["at=2"]), "'split' needs 'text'; add text=…");
        assert_eq!(wrong("split", &["text=x", "at=two"]), "'at' must be an integer or null, which 'two' is not");
        assert_eq!(wrong("split", &["hello"]), "'split' takes its arguments by name; write text=hello");
        assert_eq!(wrong("stat", &["a=1"]), "'stat' takes no arguments, but 'a' was given");
        assert_eq!(wrong("put", &["name=x"]), "'put' needs 'blob'; add --attach FILE");
        assert_eq!(wrong("put", &["blob=x"]), "'blob' is the attachment of 'put'; give it with --attach FILE");
        assert!(wrong("create", &["{nope}"]).starts_with("{nope} is not JSON: "));
        assert!(wrong("split", &["text=x", "y"]).starts_with("the argument 'y' has no name"));
        assert!(wrong("split", &["text=x", "text=y"]).contains("twice"));
    }
}
