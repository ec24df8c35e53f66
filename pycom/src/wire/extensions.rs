//! The `extensions` object of calls and replies.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write;
use std::sync::OnceLock;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::Json;
use crate::trace::TraceParent;

/// Extensions of ours. All live under `org.pycom.`, and none changes the meaning of a field that
/// the originals know (protocol.md).
pub(crate) mod key {
    /// In a call: milliseconds that are left until its deadline.
    pub(crate) const TIMEOUT: &str = "org.pycom.timeout";
    /// In a call: where in which trace it belongs, a W3C `traceparent`.
    pub(crate) const TRACEPARENT: &str = "org.pycom.traceparent";
    /// In a call: unknown arguments are an error. Sent by untyped calls of ours.
    pub(crate) const STRICT: &str = "org.pycom.strict";
    /// In a reply of code 1: there was no room for the call, and it did not run.
    pub(crate) const OVERLOADED: &str = "org.pycom.overloaded";
    /// In a reply of code 1: what the service stands on is away; in how many seconds to ask again.
    pub(crate) const UNAVAILABLE: &str = "org.pycom.unavailable";
    /// In a reply: the fields of an error that the method declares.
    pub(crate) const ERROR_DATA: &str = "org.pycom.error";
    /// In a reply of code 2: the names of the methods that there are.
    pub(crate) const KNOWN: &str = "org.pycom.known";
    /// In a call: true, where attachments of the reply may come in chunks. In what belongs to a
    /// transfer in chunks: an object that says more of it (protocol.md, "Attachments in chunks").
    pub(crate) const TRANSFER: &str = "org.pycom.transfer";
    /// In the last chunk of an attachment: the checksum over the whole.
    pub(crate) const CHECKSUM: &str = "org.pycom.checksum";
    /// In a registration: which run of the service registers.
    pub(crate) const INSTANCE: &str = "org.pycom.instance";
    /// In the answer to a registration with a nameserver of ours: seconds that it holds.
    pub(crate) const LEASE: &str = "org.pycom.lease";
}

/// What ours say in the extensions of every call, read without looking at the rest.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct OfCall {
    /// Milliseconds that are left until its deadline.
    pub(crate) timeout: Option<f64>,
    /// Unknown arguments are an error.
    pub(crate) strict: bool,
    /// Where in which trace it belongs.
    pub(crate) trace: Option<TraceParent>,
    /// Attachments of the reply may come in chunks.
    pub(crate) takes_streams: bool,
}

#[derive(Deserialize)]
struct OfCallFields<'a> {
    #[serde(rename = "org.pycom.timeout", borrow, default)]
    timeout: Option<&'a RawValue>,
    #[serde(rename = "org.pycom.strict", borrow, default)]
    strict: Option<&'a RawValue>,
    #[serde(rename = "org.pycom.traceparent", borrow, default)]
    trace: Option<&'a RawValue>,
    #[serde(rename = "org.pycom.transfer", borrow, default)]
    transfer: Option<&'a RawValue>,
}

type Map = BTreeMap<String, Box<RawValue>>;

/// Named values beside the arguments of a call, or beside its result.
///
/// Names are dotted, like those of interfaces; `org.pycom.` is ours.
///
/// ```
/// let mut extensions = pycom::Extensions::new();
/// extensions.insert("com.foo.trace", &"4711")?;
/// assert_eq!(extensions.get::<String>("com.foo.trace")?, Some("4711".to_owned()));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Extensions {
    /// The object as it came; taken apart only where somebody asks.
    received: Option<Json>,
    map: OnceLock<Map>,
}

impl Extensions {
    /// No extensions.
    pub const fn new() -> Self {
        Self { received: None, map: OnceLock::new() }
    }

    /// An object as it came: one that the parser has seen whole.
    pub(crate) fn received(json: Option<Json>) -> Self {
        Self { received: json, map: OnceLock::new() }
    }

    /// What ours say of a call that has just come.
    pub(crate) fn of_call(&self) -> OfCall {
        let fields =
            self.received.as_ref().and_then(|json| serde_json::from_str::<OfCallFields<'_>>(json.as_str()).ok());
        let Some(OfCallFields { timeout, strict, trace, transfer }) = fields else { return OfCall::default() };
        OfCall {
            timeout: timeout.and_then(|raw| raw.get().parse().ok()),
            strict: strict.is_some_and(|raw| raw.get() == "true"),
            // No character of one has to be escaped.
            trace: trace.and_then(|raw| raw.get().strip_prefix('"')?.strip_suffix('"')?.parse().ok()),
            takes_streams: transfer.is_some_and(|raw| raw.get() == "true"),
        }
    }

    fn map(&self) -> &Map {
        self.map.get_or_init(|| {
            let read = |json: &Json| serde_json::from_str(json.as_str()).ok();
            self.received.as_ref().and_then(read).unwrap_or_default()
        })
    }

    fn map_mut(&mut self) -> &mut Map {
        self.map();
        self.received = None;
        // `map()` has just filled it.
        self.map.get_mut().expect("filled above")
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        (self.received.is_none() && self.map.get().is_none()) || self.map().is_empty()
    }

    /// The names that are present, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.map().keys().map(String::as_str)
    }

    /// Whether `name` is present.
    pub fn contains(&self, name: &str) -> bool {
        !self.is_empty() && self.map().contains_key(name)
    }

    /// The value of `name`, if it is present.
    ///
    /// # Errors
    ///
    /// Where the value is not a `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, serde_json::Error> {
        self.map().get(name).map(|raw| serde_json::from_str(raw.get())).transpose()
    }

    /// The value of `name`, unread.
    pub fn get_json(&self, name: &str) -> Option<Json> {
        self.map().get(name).map(|raw| Json::from_checked(raw.get().to_owned().into()))
    }

    /// Sets `name` to `value`, replacing what was there.
    ///
    /// # Errors
    ///
    /// Where `value` cannot be written as JSON.
    pub fn insert<T: Serialize + ?Sized>(
        &mut self,
        name: impl Into<String>,
        value: &T,
    ) -> Result<(), serde_json::Error> {
        let value = serde_json::value::to_raw_value(value)?;
        self.map_mut().insert(name.into(), value);
        Ok(())
    }

    /// Removes `name`; says whether it was there.
    pub fn remove(&mut self, name: &str) -> bool {
        self.map_mut().remove(name).is_some()
    }

    /// Writes the object, `extra` entries included; they win over entries of the same name.
    pub(crate) fn write(&self, buffer: &mut Vec<u8>, extra: &[(&str, &dyn Display)]) {
        buffer.push(b'{');
        let mut separator = false;
        let map = if self.is_empty() { None } else { Some(self.map()) };
        for (name, raw) in map.into_iter().flatten() {
            if extra.iter().any(|(own, _)| own == name) {
                continue;
            }
            if std::mem::replace(&mut separator, true) {
                buffer.push(b',');
            }
            super::call::write_string(buffer, name);
            buffer.push(b':');
            buffer.extend_from_slice(raw.get().as_bytes());
        }
        for (name, value) in extra {
            if std::mem::replace(&mut separator, true) {
                buffer.push(b',');
            }
            // The names are constants of ours.
            buffer.push(b'"');
            buffer.extend_from_slice(name.as_bytes());
            buffer.extend_from_slice(b"\":");
            // Writing into memory cannot fail.
            let _ = write!(buffer, "{value}");
        }
        buffer.push(b'}');
    }
}
