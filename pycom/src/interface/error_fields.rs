//! The fields of an error that travels as code, text and data: what `#[derive(ErrorCode)]` calls.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::Json;
use crate::client::stub::travel::As;

/// Fields by name, each as JSON.
#[derive(Debug, Default)]
pub struct ErrorFields {
    written: BTreeMap<&'static str, Json>,
    read: HashMap<String, Box<RawValue>>,
}

impl ErrorFields {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field; one that JSON cannot hold is left out, and the error then arrives without its
    /// type.
    #[must_use]
    pub fn with<F: Field>(mut self, name: &'static str, value: &F::Value) -> Self {
        if let Some(json) = F::to_json(value) {
            self.written.insert(name, json);
        }
        self
    }

    /// As they travel.
    pub fn into_json(self) -> Option<Json> {
        Some(Json::object(self.written.iter().map(|(name, json)| (*name, json))))
    }

    /// What came.
    pub fn read(data: Option<&Json>) -> Self {
        let read = data.and_then(|data| data.parse().ok()).unwrap_or_default();
        Self { read, ..Self::default() }
    }

    /// A field of what came.
    pub fn get<F: Field>(&self, name: &str) -> Option<F::Value> {
        F::from_json(self.read.get(name)?.get())
    }
}

/// How a field travels.
pub trait Field {
    /// Its type.
    type Value;
    /// Writes it.
    fn to_json(value: &Self::Value) -> Option<Json>;
    /// Reads it.
    fn from_json(text: &str) -> Option<Self::Value>;
}

impl<T: Serialize + DeserializeOwned> Field for As<T> {
    type Value = T;

    fn to_json(value: &T) -> Option<Json> {
        Json::from_value(value).ok()
    }

    fn from_json(text: &str) -> Option<T> {
        serde_json::from_str(text).ok()
    }
}

/// A type whose `Display` is the text for callers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no text for callers",
    label = "this variant has no text",
    note = "give it one: #[error_code(17, \"text\")], or implement `std::fmt::Display` for `{Self}`"
)]
pub trait ErrorText {
    /// The text.
    fn to_text(&self) -> String;
}

#[diagnostic::do_not_recommend]
impl<T: Display> ErrorText for T {
    fn to_text(&self) -> String {
        self.to_string()
    }
}

/// The text of an error that has none of its own.
pub fn error_text<T: ErrorText>(error: &T) -> String {
    error.to_text()
}
