//! One interface of one service, to be called.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::balance::Balance;
use super::call::CallBuilder;
use super::context::Context;
use super::group::Group;
use super::instance::Instance;
use super::stub::StubArgument;
use crate::error::{CallSite, Error, Outcome};
use crate::interface::Description;
use crate::names::InterfaceName;
use crate::reply::Reply;
use crate::transport::Address;
use crate::{Json, Request, ServiceName};

/// One interface, to be called from here: of everyone who offers it, or of one service.
///
/// Comes from [`Context::locate`] or [`Context::connect`]. Cheap to clone; clones share the
/// connections and the session. Any number of calls may be under way at once.
///
/// Calls of one that was located are spread over the instances, as [`Balance`] says. One that does
/// not answer is passed over, and a call that surely did not run goes to another; so does one that
/// may have run, where its method is idempotent. Once a service has begun a session, calls stay
/// with it.
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
    balance: Option<Balance>,
}

/// Where the calls of a component go.
#[derive(Debug)]
pub(super) enum Target {
    /// To a given address, whoever is there.
    Fixed { address: Address },
    /// To one of those that offer the interface; `first` was one when it was located.
    Group { group: Arc<Group>, first: Arc<Instance> },
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Component({})", self.site(None))
    }
}

impl Component {
    pub(super) fn new(context: Context, interface: InterfaceName, target: Target) -> Self {
        let timeout = context.timeout();
        Self { context, interface, target: Arc::new(target), session: ClientSession::default(), timeout, balance: None }
    }

    /// Name of the interface.
    pub fn interface(&self) -> &InterfaceName {
        &self.interface
    }

    /// Where calls go: of several instances the one that keeps the session, or any.
    pub fn address(&self) -> Address {
        match (&*self.target, self.instance()) {
            (Target::Fixed { address }, _) => address.clone(),
            (_, Some(instance)) => instance.address.clone(),
            (Target::Group { first, .. }, None) => first.address.clone(),
        }
    }

    /// Name of the service at [`address`](Self::address), where the nameserver told it.
    pub fn service(&self) -> Option<ServiceName> {
        self.instance().map(|instance| instance.service.clone())
    }

    fn instance(&self) -> Option<Arc<Instance>> {
        match &*self.target {
            Target::Fixed { .. } => None,
            Target::Group { group, first } => {
                self.session.instance().or_else(|| group.any()).or_else(|| Some(first.clone()))
            }
        }
    }

    /// A component like this one whose calls are spread in this way over the instances.
    ///
    /// ```no_run
    /// # async fn example(users: pycom::Component) -> pycom::Result<()> {
    /// use pycom::Balance;
    /// // All that concerns one user goes to the same instance, whose memory is warm.
    /// let user = users.with_balance(Balance::key("user-17"));
    /// user.invoke("greet", "hello").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_balance(&self, balance: Balance) -> Self {
        Self { balance: Some(balance), ..self.clone() }
    }

    /// How an instance is chosen for a request.
    pub(super) fn balance(&self, request: &Request) -> Balance {
        request.balance.or(self.balance).unwrap_or_else(|| self.context.balance())
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
        session.received(id, None);
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
    /// ours and on the originals. From then on, methods that it calls idempotent are retried.
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
        let description: Description = answer.parse()?;
        if let Target::Group { group, .. } = &*self.target {
            let idempotent = description.methods.iter().filter(|(_, method)| method.idempotent);
            group.learn_idempotent(idempotent.map(|(name, _)| name.clone()).collect());
        }
        Ok(description)
    }

    /// Where calls go, for error messages.
    pub(super) fn site(&self, method: Option<&Arc<str>>) -> CallSite {
        CallSite {
            interface: Some(self.interface.shared()),
            method: method.cloned(),
            service: self.service().map(|name| name.shared()),
            address: Some(self.address()),
        }
    }

    pub(crate) fn send(&self, request: Request) -> impl Future<Output = Result<Reply, Error>> + Send {
        super::call::send(self, request, self.timeout, false)
    }
}

/// The session of a component and its clones: the id that the service gave last, and which
/// instance that was.
#[derive(Debug, Clone, Default)]
pub(super) struct ClientSession(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Whether there is one: calls of an interface without sessions take no lock.
    any: AtomicBool,
    current: Mutex<Option<Session>>,
}

#[derive(Debug)]
struct Session {
    id: Arc<str>,
    instance: Option<Arc<Instance>>,
}

impl ClientSession {
    fn current(&self) -> Option<MutexGuard<'_, Option<Session>>> {
        self.0.any.load(Ordering::Acquire).then(|| self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Session>> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn id(&self) -> Option<Arc<str>> {
        self.current()?.as_ref().map(|session| session.id.clone())
    }

    /// The instance that keeps it, where that is known.
    pub(super) fn instance(&self) -> Option<Arc<Instance>> {
        self.current()?.as_ref()?.instance.clone()
    }

    /// An instance has answered with this id.
    pub(super) fn received(&self, id: &str, instance: Option<&Arc<Instance>>) {
        let mut current = self.lock();
        let same = |session: &Session| {
            &*session.id == id && session.instance.as_ref().map(Arc::as_ptr) == instance.map(Arc::as_ptr)
        };
        if !current.as_ref().is_some_and(same) {
            *current = Some(Session { id: id.into(), instance: instance.cloned() });
            self.0.any.store(true, Ordering::Release);
        }
    }

    /// The service does not know `id` any more: the next call starts anew.
    pub(super) fn expired(&self, id: &str) {
        let mut current = self.lock();
        if current.as_ref().is_some_and(|session| &*session.id == id) {
            *current = None;
            self.0.any.store(false, Ordering::Release);
        }
    }
}

/// The answer to a call: its result still raw, and what came beside it.
#[derive(Debug)]
pub struct Answer {
    pub(super) json: Json,
    pub(super) attachments: crate::attachment::Attachments,
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

    /// The attachment, if one came; of several, the first.
    pub fn attachment(&self) -> Option<&crate::Attachment> {
        self.attachments.first()
    }

    /// The attachment of this name; one that came without a name is [`attachment`](Self::attachment).
    pub fn attachment_named(&self, name: &str) -> Option<&crate::Attachment> {
        self.attachments.get(name)
    }

    /// What came beside the result.
    pub fn extensions(&self) -> &crate::Extensions {
        &self.extensions
    }
}
