//! A call as a method, a hook or the client's side sees it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::attachment::Attachments;
use crate::client::Balance;
use crate::error::Error;
use crate::interface::Argument;
use crate::server::About;
use crate::session::Session;
use crate::stat::ServiceStatistics;
use crate::trace::TraceParent;
use crate::wire::Extensions;
use crate::{Attachment, Json};

/// Who called: an opaque id of the connection, the same for all calls that came over it.
#[derive(Clone)]
pub struct PeerId(Arc<Peer>);

struct Peer {
    text: String,
    /// The service that was called.
    called: Arc<About>,
}

impl PeerId {
    pub(crate) fn new(text: String, called: Arc<About>) -> Self {
        Self(Arc::new(Peer { text, called }))
    }

    /// The id as text, fit for logs.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }
}

impl PartialEq for PeerId {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for PeerId {}

impl Hash for PeerId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({self})")
    }
}

/// The whole of a call: take it as a parameter of a method, or see it in a hook.
///
/// ```
/// # use pycom::{interface, Request, Result};
/// # use serde_json::{Value, json};
/// struct Query;
///
/// #[interface("com.foo.example")]
/// impl Query {
///     #[method("create")]
///     async fn create(&self, request: Request) -> Result<Value> {
///         Ok(json!({ "field1": request.args::<Value>()? }))
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Request {
    pub(crate) interface: Arc<str>,
    pub(crate) method: Arc<str>,
    pub(crate) args: Json,
    pub(crate) session: Option<Session>,
    pub(crate) extensions: Extensions,
    pub(crate) attachments: Attachments,
    /// Its caller takes attachments of the reply in chunks too.
    pub(crate) takes_streams: bool,
    /// Of one whose attachments came in chunks.
    pub(crate) call_id: Option<Arc<str>>,
    pub(crate) peer: Option<PeerId>,
    pub(crate) deadline: Option<Instant>,
    /// Where in which trace it belongs.
    pub(crate) trace: Option<TraceParent>,
    /// Unknown arguments are refused.
    pub(crate) strict: bool,
    /// On the caller's side: running it twice does what running it once does.
    pub(crate) idempotent: bool,
    /// On the caller's side: how an instance is chosen, where the call says so.
    pub(crate) balance: Option<Balance>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("interface", &self.interface)
            .field("method", &self.method)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl Request {
    pub(crate) fn new(interface: impl Into<Arc<str>>, method: impl Into<Arc<str>>, args: Json) -> Self {
        Self {
            interface: interface.into(),
            method: method.into(),
            args,
            session: None,
            extensions: Extensions::new(),
            attachments: Attachments::default(),
            takes_streams: false,
            call_id: None,
            peer: None,
            deadline: None,
            trace: None,
            strict: false,
            idempotent: false,
            balance: None,
        }
    }

    /// Name of the interface that is called.
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// Remote name of the method that is called.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The arguments whole, read as a `T`.
    ///
    /// # Errors
    ///
    /// Code 4, naming the interface, the method and what was expected where.
    pub fn args<'a, T: Argument<'a>>(&'a self) -> Result<T, Error> {
        T::read_whole(&self.args)
            .map_err(|error| crate::interface::whole_misfit(&self.interface, &self.method, self.args.as_str(), &error))
    }

    /// The arguments whole, unread.
    pub fn args_json(&self) -> &Json {
        &self.args
    }

    /// Replaces the arguments; for hooks.
    pub fn set_args(&mut self, args: Json) {
        self.args = args;
    }

    /// The caller's session.
    ///
    /// # Errors
    ///
    /// Where the interface keeps none: declare it with `#[interface("…", stateful)]`.
    pub fn session(&self) -> Result<&Session, Error> {
        self.session.as_ref().ok_or_else(|| {
            let hint = "declare it with #[interface(\"…\", stateful)]";
            Error::internal(format!("{} keeps no sessions; {hint}", self.interface))
        })
    }

    /// What came beside the arguments.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// What goes beside the arguments, to be changed; for hooks.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        &mut self.extensions
    }

    /// The attachment, if one came; of several, the first.
    pub fn attachment(&self) -> Option<&Attachment> {
        self.attachments.first()
    }

    /// The attachment of this name. One that its sender did not name has the name of the first that
    /// the method declares, or none.
    pub fn attachment_named(&self, name: &str) -> Option<&Attachment> {
        self.attachments.get(name)
    }

    /// All attachments, with their names.
    pub fn attachments(&self) -> impl Iterator<Item = (&str, &Attachment)> {
        self.attachments.entries().iter().map(|entry| (&*entry.name, &entry.attachment))
    }

    /// Sets the attachment in the place of all, or removes them; for hooks.
    pub fn set_attachment(&mut self, attachment: Option<Attachment>) {
        self.attachments.set_only(attachment);
    }

    /// Who calls; `None` on the caller's own side.
    pub fn peer(&self) -> Option<&PeerId> {
        self.peer.as_ref()
    }

    /// What the service that was called has counted so far, as [`org.pycom.stat`](crate::stat) tells it; `None` on the
    /// caller's own side.
    pub fn statistics(&self) -> Option<ServiceStatistics> {
        self.peer.as_ref().map(|peer| peer.0.called.statistics())
    }

    /// Waits until the service that was called is about to end: for methods that wait for something to happen, so that
    /// they do not hold it up. Never ends on the caller's own side.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pycom::{interface, Request};
    /// # struct Doors(tokio::sync::Notify);
    /// # #[interface("com.foo.doors")]
    /// # impl Doors {
    /// /// Waits for the bell, for a minute at most.
    /// #[method]
    /// async fn bell(&self, request: Request) -> bool {
    ///     tokio::select! {
    ///         () = self.0.notified() => true,
    ///         () = request.draining() => false,
    ///         () = tokio::time::sleep(Duration::from_secs(60)) => false,
    ///     }
    /// }
    /// # }
    /// ```
    pub async fn draining(&self) {
        match &self.peer {
            Some(peer) => peer.0.called.draining().await,
            None => std::future::pending().await,
        }
    }

    /// When the caller stops waiting, where it said so.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Where in which trace the call belongs, where its caller said so. Calls made inside the method inherit it.
    pub fn traceparent(&self) -> Option<TraceParent> {
        self.trace
    }

    /// How long the caller will still wait, where it said so.
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// Whether unknown arguments are refused: our own untyped calls ask for it, the originals
    /// ignore them.
    #[doc(hidden)]
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// The attachment that a method declares as an argument.
    #[doc(hidden)]
    pub fn required_attachment(&self, name: &str) -> Result<Attachment, Error> {
        self.attachments.get(name).cloned().ok_or_else(|| {
            Error::bad_request(format!("Argument '{name}' is required for {}.{}", self.interface, self.method))
        })
    }
}
