//! What introspection says of an interface: built from the macros' data here, read from any peer.

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ErrorInfo, INTROSPECTION_METHODS, InterfaceInfo, MethodInfo, Parameters};

/// An interface, described: its methods, what they take, give and mean.
///
/// The fields are the original's (protocol.md, "Introspection"); those marked *ours* are absent
/// from what a Python peer answers, and ignored by it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Description {
    /// Dotted name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub docstring: Option<String>,
    /// Its methods by remote name, the introspecting ones included.
    pub methods: BTreeMap<String, MethodDescription>,
    /// Free for the service (0.5.1 and later). There even if empty: the original names it among the results.
    #[serde(default)]
    pub data: Map<String, Value>,
    /// *Ours.* Whether its methods keep a session.
    #[serde(default)]
    pub stateful: Option<bool>,
    /// *Ours.* Version of the crate that declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// *Ours.* Types that the schemas of methods refer to as `#/$defs/Name`.
    #[serde(default, rename = "$defs", skip_serializing_if = "Map::is_empty")]
    pub definitions: Map<String, Value>,
}

/// A method, described.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MethodDescription {
    /// Names that must be among the arguments.
    #[serde(default)]
    pub required_arguments: Vec<String>,
    /// Names that may be.
    #[serde(default)]
    pub optional_arguments: Vec<String>,
    /// Names of the results; none where it gives one value of any form.
    #[serde(default)]
    pub results: Vec<String>,
    /// What it does.
    #[serde(default)]
    pub docstring: Option<String>,
    /// Which arguments and which results are attachments (0.6.0 and later).
    #[serde(default)]
    pub attachments: Attachments,
    /// *Ours.* JSON Schema of the arguments: of each by name, or of `args` whole where none is
    /// named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments_schema: Option<Value>,
    /// *Ours.* JSON Schema of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_schema: Option<Value>,
    /// *Ours.* What optional arguments are where a call does not give them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub defaults: Map<String, Value>,
    /// *Ours.* Errors it declares.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorDescription>,
    /// *Ours.* Why it should not be used any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// *Ours.* Whether running it twice does what running it once does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idempotent: bool,
    /// *Ours.* Whether it runs to its end, whatever becomes of its caller.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncancellable: bool,
    /// *Ours.* Calls of it that run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// *Ours.* Calls of it that wait, over the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<usize>,
    /// *Ours.* Whether it begins while its attachments are still arriving.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub streaming: bool,
}

/// Names of the arguments and the results that are attachments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attachments {
    /// Argument that is the request's attachment; of several, the first.
    #[serde(default)]
    pub incoming: Option<String>,
    /// Result that is the reply's attachment; of several, the first.
    #[serde(default)]
    pub outgoing: Option<String>,
    /// *Ours.* All of the request's, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_incoming: Vec<String>,
    /// *Ours.* All of the reply's, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_outgoing: Vec<String>,
}

impl Attachments {
    /// Whether the argument of this name is an attachment.
    pub fn is_incoming(&self, name: &str) -> bool {
        self.incoming.as_deref() == Some(name) || self.all_incoming.iter().any(|one| one == name)
    }

    /// Whether the result of this name is an attachment.
    pub fn is_outgoing(&self, name: &str) -> bool {
        self.outgoing.as_deref() == Some(name) || self.all_outgoing.iter().any(|one| one == name)
    }

    /// The names of the arguments that are attachments.
    pub fn incoming_names(&self) -> impl Iterator<Item = &str> {
        names(&self.incoming, &self.all_incoming)
    }

    /// The names of the results that are attachments.
    pub fn outgoing_names(&self) -> impl Iterator<Item = &str> {
        names(&self.outgoing, &self.all_outgoing)
    }

    pub(crate) fn add_incoming(&mut self, name: String) {
        add(&mut self.incoming, &mut self.all_incoming, name);
    }

    pub(crate) fn add_outgoing(&mut self, name: String) {
        add(&mut self.outgoing, &mut self.all_outgoing, name);
    }
}

fn names<'a>(first: &'a Option<String>, all: &'a [String]) -> impl Iterator<Item = &'a str> {
    let only = first.as_deref().filter(|_| all.is_empty());
    only.into_iter().chain(all.iter().map(String::as_str))
}

fn add(first: &mut Option<String>, all: &mut Vec<String>, name: String) {
    match first {
        None => *first = Some(name),
        Some(first) => {
            if all.is_empty() {
                all.push(first.clone());
            }
            all.push(name);
        }
    }
}

/// An error that a method declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErrorDescription {
    /// Its code.
    pub code: i64,
    /// Its name.
    pub name: String,
    /// What it means.
    #[serde(default)]
    pub docstring: Option<String>,
}

impl From<&ErrorInfo> for ErrorDescription {
    fn from(info: &ErrorInfo) -> Self {
        Self { code: info.code, name: info.name.into(), docstring: info.docstring.map(Into::into) }
    }
}

impl Description {
    /// The description of what the macros know.
    pub fn from_info(info: &InterfaceInfo) -> Self {
        let mut generator = generator();
        let methods: BTreeMap<_, _> = info
            .methods
            .iter()
            .map(|method| (method.name.to_owned(), method_description(method, &mut generator)))
            .collect();
        let mut description = Self {
            name: info.name.to_owned(),
            docstring: info.docstring.map(Into::into),
            methods,
            stateful: Some(info.stateful),
            version: Some(info.version.to_owned()),
            definitions: generator.take_definitions(true),
            ..Self::default()
        };
        description.add_introspection();
        description
    }

    /// Lists the methods that answer with this very description, as the originals do.
    pub(crate) fn add_introspection(&mut self) {
        for name in INTROSPECTION_METHODS {
            let method = MethodDescription {
                results: ["name", "methods", "docstring", "data"].map(Into::into).into(),
                docstring: Some("Describes this interface.".into()),
                idempotent: true,
                ..MethodDescription::default()
            };
            self.methods.insert(name.into(), method);
        }
    }

    /// Whether the interface keeps sessions. Those of 0.4.1 all do and do not say so; they are
    /// told by the name of their introspecting method.
    pub fn is_stateful(&self) -> bool {
        self.stateful.unwrap_or_else(|| !self.methods.contains_key("introspect"))
    }
}

/// Where schemas are put together: types that occur in several places are defined once.
pub(crate) fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().into_generator()
}

fn attachments(info: &MethodInfo) -> Attachments {
    let mut attachments = Attachments::default();
    info.incoming.iter().for_each(|&name| attachments.add_incoming(name.into()));
    info.outgoing.iter().for_each(|&name| attachments.add_outgoing(name.into()));
    attachments
}

fn method_description(info: &MethodInfo, generator: &mut SchemaGenerator) -> MethodDescription {
    let mut method = MethodDescription {
        results: info.results.iter().map(|&name| name.into()).collect(),
        docstring: info.docstring.map(Into::into),
        attachments: attachments(info),
        result_schema: (info.result)(generator).map(Value::from),
        errors: (info.errors)().iter().map(Into::into).collect(),
        deprecated: info.deprecated.map(Into::into),
        idempotent: info.idempotent,
        uncancellable: info.uncancellable,
        limit: info.limit,
        queue: info.queue,
        streaming: info.streaming,
        ..MethodDescription::default()
    };
    match &info.parameters {
        // `true`, the schema of anything, tells it from a method that takes no arguments.
        Parameters::Whole(schema) => {
            method.arguments_schema = Some(schema(generator).map_or(Value::Bool(true), Value::from));
        }
        Parameters::Named(arguments) => {
            let mut properties = Map::new();
            for argument in *arguments {
                let list =
                    if argument.required { &mut method.required_arguments } else { &mut method.optional_arguments };
                list.push(argument.name.into());
                if let Some(schema) = (argument.schema)(generator) {
                    properties.insert(argument.name.into(), schema.into());
                }
                if let Some(default) = argument.default.and_then(|default| default()) {
                    method.defaults.insert(argument.name.into(), default);
                }
            }
            if !properties.is_empty() {
                let required = &method.required_arguments;
                method.arguments_schema =
                    Some(serde_json::json!({ "type": "object", "properties": properties, "required": required }));
            }
        }
    }
    method
}
