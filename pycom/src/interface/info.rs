//! What the macros know about an interface at compile time.

use schemars::{Schema, SchemaGenerator};

/// An interface, described at compile time. [`Description`](super::Description) is the same at run
/// time.
#[derive(Debug)]
pub struct InterfaceInfo {
    /// Dotted name, e.g. `com.foo.example`.
    pub name: &'static str,
    /// Doc comment of the impl block or trait.
    pub docstring: Option<&'static str>,
    /// Whether its methods keep a session.
    pub stateful: bool,
    /// Version of the crate that declares it.
    pub version: &'static str,
    /// Its methods, in the order of the source.
    pub methods: &'static [MethodInfo],
}

impl InterfaceInfo {
    /// The method with this remote name.
    pub fn method(&self, name: &str) -> Option<&'static MethodInfo> {
        self.methods.iter().find(|method| method.name == name)
    }
}

/// A method, described at compile time.
#[derive(Debug)]
pub struct MethodInfo {
    /// Name of the interface it belongs to.
    pub interface: &'static str,
    /// Remote name.
    pub name: &'static str,
    /// Doc comment.
    pub docstring: Option<&'static str>,
    /// What it takes.
    pub parameters: Parameters,
    /// Names of its results; none where it returns one value of any form.
    pub results: &'static [&'static str],
    /// Arguments that are attachments of the request.
    pub incoming: &'static [&'static str],
    /// Results that are attachments of the reply.
    pub outgoing: &'static [&'static str],
    /// Whether it begins while its attachments are still arriving.
    pub streaming: bool,
    /// Type of what it returns; of a tuple where the results are named.
    pub result: SchemaSource,
    /// Errors it declares.
    pub errors: fn() -> &'static [ErrorInfo],
    /// The note of `#[deprecated]`, empty where it has none.
    pub deprecated: Option<&'static str>,
    /// Whether running it twice does what running it once does.
    pub idempotent: bool,
    /// Whether it runs to its end, whatever becomes of its caller.
    pub uncancellable: bool,
    /// Calls of it that run at once.
    pub limit: Option<usize>,
    /// Calls of it that wait, over the limit.
    pub queue: Option<usize>,
}

impl MethodInfo {
    /// A method that takes nothing and of which nothing else is known.
    pub const fn plain(interface: &'static str, name: &'static str) -> Self {
        Self {
            interface,
            name,
            docstring: None,
            parameters: Parameters::Named(&[]),
            results: &[],
            incoming: &[],
            outgoing: &[],
            streaming: false,
            result: |_| None,
            errors: || &[],
            deprecated: None,
            idempotent: false,
            uncancellable: false,
            limit: None,
            queue: None,
        }
    }
}

/// What a method takes.
#[derive(Debug)]
pub enum Parameters {
    /// `args` whole: any JSON, of this type.
    Whole(SchemaSource),
    /// An object of named arguments.
    Named(&'static [ArgumentInfo]),
}

/// A named argument.
#[derive(Debug)]
pub struct ArgumentInfo {
    /// Remote name.
    pub name: &'static str,
    /// Whether a call without it is refused.
    pub required: bool,
    /// Its type.
    pub schema: SchemaSource,
    /// What it is where a call does not give it, as JSON.
    pub default: Option<fn() -> Option<serde_json::Value>>,
}

/// An error that a method declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorInfo {
    /// Its code.
    pub code: i64,
    /// Name of the variant.
    pub name: &'static str,
    /// What it means.
    pub docstring: Option<&'static str>,
}

/// Makes the JSON Schema of a Rust type, or nothing where the type has none.
pub type SchemaSource = fn(&mut SchemaGenerator) -> Option<Schema>;
