//! What a method returned, to the reply that goes out.

use std::fmt;

use serde::Serialize;

use super::ErrorInfo;
use crate::client::stub::travel::Replied;
use crate::error::{Error, Result};
use crate::reply::{Reply, Response};
use crate::wire::ReplyWriter;
use crate::{Attachment, Json};

/// A type that a remote method can return, or one of its named results.
///
/// Everything that `serde` can serialise, [`Json`] for what nobody needs to read, and
/// [`Response`] for a value with an attachment. Not to be implemented by hand: derive
/// `serde::Serialize`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a result of a remote method",
    label = "this cannot be sent over the network",
    note = "add #[derive(serde::Serialize)] to `{Self}`"
)]
pub trait MethodValue {
    /// Writes the value, and what goes beside it, into the reply.
    ///
    /// # Errors
    ///
    /// Where JSON cannot hold it.
    fn write(self, reply: &mut ReplyBuilder) -> Result<(), serde_json::Error>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> MethodValue for T {
    fn write(self, reply: &mut ReplyBuilder) -> Result<(), serde_json::Error> {
        reply.writer.result(&self)
    }
}

impl MethodValue for Json {
    fn write(self, reply: &mut ReplyBuilder) -> Result<(), serde_json::Error> {
        reply.writer.raw_result(self.as_str().as_bytes());
        Ok(())
    }
}

impl<T: MethodValue> MethodValue for Response<T> {
    fn write(self, reply: &mut ReplyBuilder) -> Result<(), serde_json::Error> {
        if let Some(attachment) = self.attachment {
            reply.reply.attachments.set("", attachment, true);
        }
        for (name, attachment) in self.named {
            reply.reply.attachments.set(name, attachment, false);
        }
        reply.reply.extensions = self.extensions;
        self.value.write(reply)
    }
}

/// A type that a method can fail with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a remote method",
    label = "this error has no code",
    note = "return pycom::Result, into whose error `?` turns most others, or add #[derive(pycom::ErrorCode)] to `{Self}`"
)]
pub trait MethodError: Sized {
    /// What the stub's method fails with.
    type Client;
    /// What goes to the caller.
    fn into_error(self) -> Error;
    /// What the stub makes of an error that came.
    fn from_error(error: Error) -> Self::Client;
    /// The codes it declares.
    fn declared() -> &'static [ErrorInfo] {
        &[]
    }
}

#[diagnostic::do_not_recommend]
impl MethodError for Error {
    type Client = Error;
    fn into_error(self) -> Error {
        self
    }
    fn from_error(error: Error) -> Error {
        error
    }
}

#[diagnostic::do_not_recommend]
impl MethodError for std::convert::Infallible {
    type Client = Error;
    fn into_error(self) -> Error {
        match self {}
    }
    fn from_error(error: Error) -> Error {
        error
    }
}

/// An error type of a method whose variants have codes of their own. Derive it.
pub trait ErrorCode: Sized {
    /// All codes, with what they mean.
    const CODES: &'static [ErrorInfo];
    /// The code of this error: not 0 to 6, which are the protocol's.
    fn code(&self) -> i64;
    /// The text of this error.
    fn text(&self) -> String;
    /// The fields of this error, for a caller that knows the type.
    fn data(&self) -> Option<Json> {
        None
    }
    /// The error that was sent as this, or `None` where it was none of this type.
    fn restore(code: i64, text: &str, data: Option<&Json>) -> Option<Self>;
}

#[diagnostic::do_not_recommend]
impl<E: ErrorCode> MethodError for E {
    type Client = CallError<E>;

    fn into_error(self) -> Error {
        Error::declared(self.code(), self.text(), self.data())
    }

    fn from_error(error: Error) -> CallError<E> {
        let own = match &error {
            Error::Application { code, refusal } => E::restore(*code, &refusal.text, refusal.data.as_ref()),
            _ => None,
        };
        match own {
            Some(own) => CallError::Declared(own),
            None => CallError::Other(error),
        }
    }

    fn declared() -> &'static [ErrorInfo] {
        E::CODES
    }
}

/// Why a call through a stub failed: the method's own error, or any other.
#[derive(Debug, Clone)]
pub enum CallError<E> {
    /// The method answered with an error it declares.
    Declared(E),
    /// Anything else.
    Other(Error),
}

impl<E: ErrorCode> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Declared(error) => f.write_str(&error.text()),
            CallError::Other(error) => error.fmt(f),
        }
    }
}

impl<E: ErrorCode + fmt::Debug> std::error::Error for CallError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CallError::Declared(_) => None,
            CallError::Other(error) => error.source(),
        }
    }
}

impl<E> From<Error> for CallError<E> {
    fn from(error: Error) -> Self {
        CallError::Other(error)
    }
}

impl<E: ErrorCode> From<CallError<E>> for Error {
    fn from(error: CallError<E>) -> Self {
        match error {
            CallError::Declared(error) => error.into_error(),
            CallError::Other(error) => error,
        }
    }
}

/// The `Result` of a method, taken apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is taken for a `Result` because of its name",
    label = "this is no `std::result::Result`",
    note = "rename it, or return it inside a `Result`"
)]
pub trait MethodResult {
    /// What it gives.
    type Value;
    /// What it fails with.
    type Error;
    /// As a plain `Result`.
    ///
    /// # Errors
    ///
    /// The method's own.
    fn into_result(self) -> std::result::Result<Self::Value, Self::Error>;
}

impl<T, E> MethodResult for std::result::Result<T, E> {
    type Value = T;
    type Error = E;
    fn into_result(self) -> Self {
        self
    }
}

/// What a stub's method returns for a method that returns `R`: its value, or a [`CallError`] with
/// its own error, or an [`Error`] where it has none of its own.
pub type Answer<R> =
    std::result::Result<<R as MethodResult>::Value, <<R as MethodResult>::Error as MethodError>::Client>;

/// Builds the reply of a method: one value, or named ones, and what goes beside them.
#[derive(Debug)]
pub struct ReplyBuilder {
    writer: ReplyWriter,
    reply: Reply,
    named: bool,
    failed: Option<serde_json::Error>,
}

impl Default for ReplyBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl ReplyBuilder {
    /// An empty one.
    pub fn new() -> Self {
        Self { writer: ReplyWriter::new(), reply: Reply::empty(), named: false, failed: None }
    }

    /// Writes the whole result.
    #[must_use]
    pub fn value<T: MethodValue>(mut self, value: T) -> Self {
        let written = value.write(&mut self);
        self.failed = self.failed.or(written.err());
        self
    }

    /// Writes one of several named results.
    #[must_use]
    pub fn named<T: MethodValue>(mut self, name: &str, value: T) -> Self {
        self.named = true;
        self.writer.name(name);
        self.value(value)
    }

    /// Writes the whole result; for generated code.
    #[doc(hidden)]
    #[must_use]
    pub fn value_as<T: Replied>(mut self, value: T::Value) -> Self {
        let written = T::write(value, &mut self);
        self.failed = self.failed.or(written.err());
        self
    }

    /// Writes one of several named results; for generated code.
    #[doc(hidden)]
    #[must_use]
    pub fn named_as<T: Replied>(mut self, name: &str, value: T::Value) -> Self {
        self.named = true;
        self.writer.name(name);
        self.value_as::<T>(value)
    }

    /// Says that results are named, where the only one is the attachment.
    #[doc(hidden)]
    #[must_use]
    pub fn none_named(mut self) -> Self {
        self.named = true;
        self
    }

    /// Adds the attachment, or the first of several, under the name that it is declared with.
    #[must_use]
    pub fn attachment(mut self, name: &'static str, attachment: impl Into<Option<Attachment>>) -> Self {
        if let Some(attachment) = attachment.into() {
            self.reply.attachments.set(name, attachment, true);
        }
        self
    }

    /// Adds a further attachment under the name that it is declared with.
    #[must_use]
    pub fn further_attachment(mut self, name: &'static str, attachment: impl Into<Option<Attachment>>) -> Self {
        if let Some(attachment) = attachment.into() {
            self.reply.attachments.set(name, attachment, false);
        }
        self
    }

    /// The reply. A value that JSON cannot hold makes it an error.
    pub fn finish(mut self, interface: &str, method: &str) -> Reply {
        self.end(interface, method)
    }

    pub(crate) fn end(&mut self, interface: &str, method: &str) -> Reply {
        if let Some(error) = self.failed.take() {
            let text = format!("The result of {interface}.{method} cannot be written as JSON: {error}");
            return Reply::failed(Error::from_code(crate::error::code::UNKNOWN, text, Default::default()));
        }
        if self.named {
            self.writer.end_names();
        } else if self.writer.result_text().is_empty() {
            self.writer.raw_result(b"null");
        }
        std::mem::replace(&mut self.reply, Reply::empty()).written(self.writer.take())
    }
}
