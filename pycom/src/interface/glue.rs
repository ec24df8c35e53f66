//! What the code that `#[interface]` writes calls, so that it is short.

use std::fmt::Display;
use std::future::Future;

use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value};

use super::misfit::{misfit, whole_misfit};
use super::{
    Answer, Argument, Arguments, HandlerFuture, MethodError, MethodInfo, MethodResult, Required, SchemaSource,
};
use crate::error::Error;
use crate::reply::Reply;
use crate::request::Request;
use crate::{Attachment, Client, Json};

/// The future of an `async fn`, which must be one that another thread can go on with.
pub fn run_async<F>(call: F) -> HandlerFuture
where
    F: Future<Output = Result<Reply, Error>> + Send + 'static,
{
    Box::pin(async move { call.await.unwrap_or_else(Reply::failed) })
}

/// The call of a plain `fn`.
pub fn run_blocking(call: impl FnOnce() -> Result<Reply, Error>) -> Reply {
    call().unwrap_or_else(Reply::failed)
}

/// Reads the named arguments of a call.
pub fn named_arguments<'r, A: Arguments<'r>>(request: &'r Request, names: &[&str]) -> Result<A::Values, Error> {
    let text = request.args.as_str();
    A::read(text, names, request.is_strict())
        .map_err(|mismatch| misfit(&request.interface, &request.method, names, text, mismatch))
}

/// Reads the whole arguments of a call.
pub fn whole_argument<'r, A: WholeSlot<'r>>(request: &'r Request) -> Result<A::Value, Error> {
    A::read_whole(&request.args)
        .map_err(|error| whole_misfit(&request.interface, &request.method, request.args.as_str(), &error))
}

/// How whole arguments are read.
pub trait WholeSlot<'r> {
    /// What the method gets.
    type Value;
    /// Reads it.
    fn read_whole(text: &'r Json) -> Result<Self::Value, serde_json::Error>;
}

impl<'r, T: Argument<'r>> WholeSlot<'r> for Required<T> {
    type Value = T;
    fn read_whole(text: &'r Json) -> Result<T, serde_json::Error> {
        T::read_whole(text)
    }
}

/// Refuses arguments of a method that takes none, where unknown ones are to be refused.
pub fn no_arguments(request: &Request) -> Result<(), Error> {
    let text = request.args.as_str().trim();
    let is_nothing = text == "null" || text.strip_prefix('{').is_some_and(|rest| rest.trim() == "}");
    if request.is_strict() && !is_nothing {
        return Err(Error::bad_request(format!("{}.{} takes no arguments", request.interface, request.method)));
    }
    Ok(())
}

/// The attachment that a method declares as an argument.
pub fn incoming_attachment(request: &Request, name: &str) -> Result<Attachment, Error> {
    request.required_attachment(name)
}

/// What a check of an argument's value said.
pub fn check_argument<E: Display>(request: &Request, name: &str, checked: Result<(), E>) -> Result<(), Error> {
    checked.map_err(|error| {
        Error::bad_request(format!("Invalid argument '{name}' for {}.{}: {error}", request.interface, request.method))
    })
}

/// What goes to the caller of a method's error.
pub fn into_error<E: MethodError>(error: E) -> Error {
    error.into_error()
}

/// What a stub's method returns, of what a call gave.
pub fn answered<R: MethodResult<Error: MethodError>>(answer: Result<R::Value, Error>) -> Answer<R> {
    answer.map_err(R::Error::from_error)
}

/// The method with this remote name, at compile time.
pub const fn method_of<C: Client>(name: &str) -> &'static MethodInfo {
    let interface = C::DESCRIPTION;
    let mut place = 0;
    while place < interface.methods.len() {
        if is_same(interface.methods[place].name, name) {
            return &interface.methods[place];
        }
        place += 1;
    }
    panic!("the stub and the description come from one source")
}

const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut place = 0;
    while place < a.len() {
        if a[place] != b[place] {
            return false;
        }
        place += 1;
    }
    true
}

/// The schema of what may be anything.
pub fn any_schema(_: &mut SchemaGenerator) -> Option<Schema> {
    None
}

/// The schema of an object of named results.
pub fn named_schema(generator: &mut SchemaGenerator, fields: &[(&str, SchemaSource)]) -> Option<Schema> {
    let mut properties = Map::new();
    for (name, schema) in fields {
        let schema = schema(generator).map_or(Value::Bool(true), Value::from);
        properties.insert((*name).to_owned(), schema);
    }
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let schema = serde_json::json!({ "type": "object", "properties": properties, "required": required });
    Schema::try_from(schema).ok()
}
