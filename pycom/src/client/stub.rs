//! What the typed stubs that `#[interface]` writes are made of.

#[cfg(test)]
mod tests;
pub(crate) mod travel;

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::travel::{As, Got, Sent};
use super::{Balance, Component, Context};
use crate::attachment::Attachments;
use crate::error::{CallSite, Error, Outcome};
use crate::interface::{Argument, Arguments, InterfaceInfo, MethodInfo, Mismatch};
use crate::reply::{Reply, Response};
use crate::request::Request;
use crate::wire::path_at;
use crate::{Attachment, Extensions, Json};

/// A typed stub: a [`Component`] whose methods have the names and types of an interface.
pub trait Client: Sized {
    /// The interface it stands for.
    const DESCRIPTION: &'static InterfaceInfo;
    /// The stub for a component.
    fn from_component(component: Component) -> Self;
    /// The component it calls.
    fn component(&self) -> &Component;
    /// A stub like this one whose calls end after `timeout`; 5 s unless set.
    #[must_use]
    fn with_timeout(&self, timeout: Duration) -> Self {
        Self::from_component(self.component().with_timeout(timeout))
    }

    /// A stub like this one whose calls are spread in this way over the instances.
    #[must_use]
    fn with_balance(&self, balance: Balance) -> Self {
        Self::from_component(self.component().with_balance(balance))
    }

    /// Asks the service whether it offers what the stub was made for.
    ///
    /// # Errors
    ///
    /// [`Error::BadReply`] naming the first difference, and whatever can go wrong with a call.
    fn verify(&self) -> impl Future<Output = Result<(), Error>> + Send {
        super::verify::verify(self.component().clone(), Self::DESCRIPTION)
    }
}

/// The stub for an interface at an address that is known.
///
/// # Errors
///
/// Where the address is none.
#[doc(hidden)]
pub fn connect<C: Client>(context: &Context, address: &str) -> Result<C, Error> {
    Ok(C::from_component(context.connect(address, C::DESCRIPTION.name)?))
}

/// Bytes that the arguments of most calls fit into.
const ROOM: usize = 128;

/// One call of a stub, being put together.
#[doc(hidden)]
#[derive(Debug)]
pub struct StubCall<'c> {
    component: &'c Component,
    method: &'static MethodInfo,
    args: Vec<u8>,
    attachments: Attachments,
    failed: Option<serde_json::Error>,
}

impl<'c> StubCall<'c> {
    /// Begins a call.
    pub fn new(component: &'c Component, method: &'static MethodInfo) -> Self {
        Self { component, method, args: Vec::with_capacity(ROOM), attachments: Attachments::default(), failed: None }
    }

    /// Gives `args` whole.
    #[must_use]
    pub fn whole<T: StubArgument + ?Sized>(self, value: &T) -> Self {
        self.whole_as::<As<T>>(value)
    }

    /// Gives `args` whole.
    #[must_use]
    pub fn whole_as<T: Sent>(mut self, value: &T::Value) -> Self {
        self.failed = self.failed.or(T::write(value, &mut self.args).err());
        self
    }

    /// Gives a named argument.
    #[must_use]
    pub fn named<T: StubArgument + ?Sized>(self, name: &str, value: &T) -> Self {
        self.named_as::<As<T>>(name, value)
    }

    /// Gives a named argument.
    #[must_use]
    pub fn named_as<T: Sent>(mut self, name: &str, value: &T::Value) -> Self {
        self.args.push(if self.args.is_empty() { b'{' } else { b',' });
        self.failed = self.failed.or(serde_json::to_writer(&mut self.args, name).err());
        self.args.push(b':');
        self.whole_as::<T>(value)
    }

    /// Gives a named argument, or leaves it out.
    #[must_use]
    pub fn optional<T: StubArgument>(self, name: &str, value: &Option<T>) -> Self {
        self.optional_as::<As<T>>(name, value)
    }

    /// Gives a named argument, or leaves it out.
    #[must_use]
    pub fn optional_as<T: Sent<Value: Sized>>(self, name: &str, value: &Option<T::Value>) -> Self {
        match value {
            Some(value) => self.named_as::<T>(name, value),
            None => self,
        }
    }

    /// Ends the named arguments.
    #[must_use]
    pub fn end_named(mut self) -> Self {
        if self.args.is_empty() {
            self.args.push(b'{');
        }
        self.args.push(b'}');
        self
    }

    /// Gives an attachment.
    #[must_use]
    pub fn attachment(mut self, name: &'static str, attachment: impl Into<Option<Attachment>>) -> Self {
        if let Some(attachment) = attachment.into() {
            self.attachments.set(name, attachment, self.method.incoming.first() == Some(&name));
        }
        self
    }

    /// Calls, and waits for the answer.
    pub async fn send(self) -> Result<StubAnswer<'c>, Error> {
        let (component, method) = (self.component, self.method);
        let reply = component.send(self.request()?).await?;
        StubAnswer::new(reply, component, method)
    }

    fn request(self) -> Result<Request, Error> {
        let method = self.method;
        if let Some(error) = self.failed {
            let (interface, method) = (Some(method.interface.into()), Some(method.name.into()));
            let site = CallSite { interface, method, ..CallSite::default() };
            let reason = format!("the arguments cannot be written as JSON: {error}");
            return Err(Error::NotSent(Error::failure(reason, site, Outcome::NotRun)));
        }
        let args = if self.args.is_empty() { Json::NULL } else { Json::from_checked(self.args.into()) };
        let mut request = Request::new(self.component.interface.shared(), method.name, args);
        request.attachments = self.attachments;
        request.takes_streams = !method.outgoing.is_empty();
        request.idempotent = method.idempotent;
        Ok(request)
    }
}

/// A value that can be sent as an argument: what `serde` can serialise, and [`Json`].
///
/// Not to be implemented by hand: derive `serde::Serialize`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a remote method",
    label = "the stub cannot send this",
    note = "add #[derive(serde::Serialize)] to `{Self}`, or leave the stub out with #[interface(\"…\", client = false)]"
)]
pub trait StubArgument {
    /// Writes it.
    ///
    /// # Errors
    ///
    /// Where JSON cannot hold it.
    fn write(&self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> StubArgument for T {
    fn write(&self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        serde_json::to_writer(buffer, self)
    }
}

impl StubArgument for Json {
    fn write(&self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        buffer.extend_from_slice(self.as_str().as_bytes());
        Ok(())
    }
}

impl StubArgument for &Json {
    fn write(&self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        (**self).write(buffer)
    }
}

/// A value that a stub's method can give: what `serde` can deserialise, [`Json`], and
/// [`Response`] of such a value.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a stub's method",
    label = "the stub cannot read this",
    note = "add #[derive(serde::Deserialize)] to `{Self}`, or leave the stub out with #[interface(\"…\", client = false)]"
)]
pub trait StubResult: Sized {
    fn read(answer: &StubAnswer<'_>) -> Result<Self, Error>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> StubResult for T {
    fn read(answer: &StubAnswer<'_>) -> Result<Self, Error> {
        answer.read()
    }
}

impl StubResult for Json {
    fn read(answer: &StubAnswer<'_>) -> Result<Self, Error> {
        Ok(answer.result.clone())
    }
}

impl<T: StubResult> StubResult for Response<T> {
    fn read(answer: &StubAnswer<'_>) -> Result<Self, Error> {
        let mut entries = answer.attachments.entries().iter();
        let mut response =
            Response::new(T::read(answer)?).attachment(entries.next().map(|entry| entry.attachment.clone()));
        response.named = entries.map(|entry| (entry.name.to_string(), entry.attachment.clone())).collect();
        Ok(response.extensions(answer.extensions.clone()))
    }
}

/// The answer to a call of a stub.
#[doc(hidden)]
#[derive(Debug)]
pub struct StubAnswer<'c> {
    result: Json,
    attachments: Attachments,
    extensions: Extensions,
    /// Where it came from, for error messages.
    component: &'c Component,
    method: &'static MethodInfo,
}

impl<'c> StubAnswer<'c> {
    fn new(mut reply: Reply, component: &'c Component, method: &'static MethodInfo) -> Result<Self, Error> {
        let mut attachments = std::mem::take(&mut reply.attachments);
        attachments.name_the_first(|| method.outgoing.first().map(|&name| name.into()));
        let extensions = std::mem::take(&mut reply.extensions);
        Ok(Self { result: reply.into_result()?, attachments, extensions, component, method })
    }

    fn unfit(&self, what: String) -> Error {
        let reason =
            format!("the result is not what the stub expects: {what}; compare the versions of client and service");
        Error::BadReply(Error::failure(reason, self.component.site(Some(&self.method.name.into())), Outcome::Answered))
    }

    fn invalid(&self, error: &serde_json::Error) -> Error {
        let path = path_at(self.result.as_str(), error.line(), error.column());
        let place = if path.is_empty() { String::new() } else { format!("at {path}: ") };
        self.unfit(format!("{place}{}", crate::interface::describe(error)))
    }

    /// The whole result.
    pub fn value<T: StubResult>(&self) -> Result<T, Error> {
        T::read(self)
    }

    /// The whole result.
    pub fn value_as<T: Got>(&self) -> Result<T::Value, Error> {
        T::read(self)
    }

    fn read<'a, T: Argument<'a>>(&'a self) -> Result<T, Error> {
        T::read_whole(&self.result).map_err(|error| self.invalid(&error))
    }

    /// The named results; those named as attachment are not among them.
    pub fn named<'a, A: Arguments<'a>>(&'a self, names: &[&str]) -> Result<A::Values, Error> {
        A::read(self.result.as_str(), names, false).map_err(|mismatch| match mismatch {
            Mismatch::Missing(place) => self.unfit(format!("'{}' is missing", names[place])),
            Mismatch::Invalid(error) => self.invalid(&error),
            Mismatch::NotAnObject | Mismatch::Unknown(_) => self.unfit("it is no object of named results".into()),
        })
    }

    /// The attachment, which must be there.
    pub fn attachment(&self, name: &str) -> Result<Attachment, Error> {
        self.optional_attachment(name).ok_or_else(|| self.unfit(format!("the attachment '{name}' is missing")))
    }

    /// The attachment, if there is one.
    pub fn optional_attachment(&self, name: &str) -> Option<Attachment> {
        self.attachments.get(name).cloned()
    }
}
