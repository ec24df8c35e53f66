//! One interface of one service, to be called.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::call::{CallBuilder, Sent};
use super::context::Context;
use super::locate::Target;
use super::stub::StubArgument;
use crate::error::{CallSite, Error, Outcome};
use crate::interface::Description;
use crate::names::InterfaceName;
use crate::transport::Address;
use crate::{Json, ServiceName};

/// One interface of one service, to be called from here.
///
/// Comes from [`Context::locate`] or [`Context::connect`]. Cheap to clone; clones share the
/// connection and the session. Any number of calls may be under way at once.
///
/// ```no_run
/// # async fn example() -> pycom::Result<()> {
/// let context = pycom::Context::new("tcp://192.168.10.1:2012")?;
/// let query = context.locate("com.foo.example").await?;
/// let answer = query.invoke("create", 42).await?;
/// assert_eq!(answer["field1"], 42);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Component {
    pub(super) context: Context,
    pub(super) interface: InterfaceName,
    pub(super) target: Arc<Target>,
    pub(super) session: ClientSession,
    pub(super) timeout: Duration,
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Component({})", self.site(None))
    }
}

impl Component {
    pub(super) fn new(context: Context, interface: InterfaceName, target: Target) -> Self {
        let timeout = context.timeout();
        Self { context, interface, target: Arc::new(target), session: ClientSession::default(), timeout }
    }

    /// Name of the interface.
    pub fn interface(&self) -> &InterfaceName {
        &self.interface
    }

    /// Where calls go at present.
    pub fn address(&self) -> Address {
        self.target.address()
    }

    /// Name of the service, where the nameserver told it.
    pub fn service(&self) -> Option<ServiceName> {
        self.target.service()
    }

    /// A component like this one whose calls end after `timeout`; 5 s, as the original, unless the
    /// context says otherwise.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { timeout, ..self.clone() }
    }

    /// A component like this one that shares everything but the session.
    #[must_use]
    pub fn fresh_session(&self) -> Self {
        Self { session: ClientSession::default(), ..self.clone() }
    }

    /// A component like this one that goes on with a session begun elsewhere, by its id.
    #[must_use]
    pub fn with_session(&self, id: &str) -> Self {
        let session = ClientSession::default();
        session.received(id);
        Self { session, ..self.clone() }
    }

    /// The id of the session, if the service has given one.
    pub fn session_id(&self) -> Option<Arc<str>> {
        self.session.id()
    }

    /// Begins a call: to be given arguments, a timeout, extensions, an attachment, and awaited.
    ///
    /// ```no_run
    /// # async fn example(query: pycom::Component) -> pycom::Result<()> {
    /// use std::time::Duration;
    /// let answer = query.call("create").args(&42).timeout(Duration::from_secs(1)).await?;
    /// println!("{}", answer.json());
    /// # Ok(())
    /// # }
    /// ```
    pub fn call(&self, method: &str) -> CallBuilder<'_> {
        CallBuilder::new(self, method)
    }

    /// Calls `method` with `args`, which is anything that becomes JSON: a value for a method that
    /// takes `args` whole, an object for one that names its arguments, `()` for one that takes
    /// none.
    ///
    /// Services of ours refuse arguments they do not know; Python's ignore them.
    ///
    /// # Errors
    ///
    /// Whatever can go wrong with a call; see [`Error`].
    pub async fn invoke<A: StubArgument>(&self, method: &str, args: A) -> Result<Value, Error> {
        self.invoke_as(method, args).await
    }

    /// As [`invoke`](Self::invoke), reading the result as a `T`.
    ///
    /// # Errors
    ///
    /// Whatever can go wrong with a call, and [`Error::BadReply`] where the result is no `T`.
    pub async fn invoke_as<T: DeserializeOwned>(&self, method: &str, args: impl StubArgument) -> Result<T, Error> {
        self.call(method).args(&args).await?.parse()
    }

    /// What the interface is: its methods, what they take, give and mean. Works on services of
    /// ours and on the originals.
    ///
    /// # Errors
    ///
    /// Whatever can go wrong with a call.
    pub async fn introspect(&self) -> Result<Description, Error> {
        let [first, second] = crate::interface::INTROSPECTION_METHODS;
        let answer = match self.call(first).lenient().await {
            // 0.4.1 has the method under its old name (protocol.md, "Introspection").
            Err(Error::MethodNotFound(_)) => self.call(second).lenient().await?,
            other => other?,
        };
        answer.parse()
    }

    /// Where calls go, for error messages. Every call carries one: nothing is copied.
    pub(super) fn site(&self, method: Option<&Arc<str>>) -> CallSite {
        CallSite {
            interface: Some(self.interface.shared()),
            method: method.cloned(),
            service: self.service().map(|name| name.shared()),
            address: Some(self.address()),
        }
    }

    pub(crate) async fn send(&self, request: crate::Request) -> Result<Sent, Error> {
        super::call::send(self, request, self.timeout, false).await
    }
}

/// The session of a component and its clones: the id that the service gave last.
#[derive(Debug, Clone, Default)]
pub(super) struct ClientSession(Arc<Mutex<Option<Arc<str>>>>);

impl ClientSession {
    pub(super) fn id(&self) -> Option<Arc<str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn received(&self, id: &str) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_deref() != Some(id) {
            *current = Some(id.into());
        }
    }

    /// The service does not know `id` any more: the next call starts anew.
    pub(super) fn expired(&self, id: &str) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_deref() == Some(id) {
            *current = None;
        }
    }
}

/// The answer to a call: its result still raw, and what came beside it.
#[derive(Debug)]
pub struct Answer {
    pub(super) json: Json,
    pub(super) attachment: Option<crate::Attachment>,
    pub(super) extensions: crate::Extensions,
    pub(super) site: CallSite,
}

impl Answer {
    /// The result, unread.
    pub fn json(&self) -> &Json {
        &self.json
    }

    /// The result, read as a `T`.
    ///
    /// # Errors
    ///
    /// [`Error::BadReply`] where it is none, saying what was expected where.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.json.parse().map_err(|error| {
            let reason = format!(
                "the result cannot be read as asked: {}",
                crate::interface::explain(self.json.as_str(), &error)
            );
            Error::BadReply(Error::failure(reason, self.site.clone(), Outcome::Answered))
        })
    }

    /// The attachment, if one came.
    pub fn attachment(&self) -> Option<&crate::Attachment> {
        self.attachment.as_ref()
    }

    /// What came beside the result.
    pub fn extensions(&self) -> &crate::Extensions {
        &self.extensions
    }
}
