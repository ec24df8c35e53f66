//! The way of one call on the caller's side.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tracing::Instrument;

use super::balance::Balance;
use super::component::{Answer, Component, Target};
use super::connection::MAX_IN_FLIGHT;
use super::connections::NotSent;
use super::in_flight::Ended;
use super::instance::Instance;
use super::spread::spread;
use super::stub::StubArgument;
use super::transfer::{self, Gone};
use crate::error::{CallSite, Error, Outcome};
use crate::hook::{self, Hook};
use crate::names::MethodName;
use crate::protocol;
use crate::reply::Reply;
use crate::request::Request;
use crate::trace;
use crate::transport::Address;
use crate::wire::{Body, key};
use crate::{Attachment, Json};

/// One call, being put together; await it to send it.
///
/// Dropping it, or the future, gives the call up and frees everything it holds.
#[derive(Debug)]
#[must_use = "a call does nothing until it is awaited"]
pub struct CallBuilder<'c> {
    component: &'c Component,
    request: Request,
    timeout: Duration,
    strict: bool,
    failed: Option<String>,
}

impl<'c> CallBuilder<'c> {
    pub(super) fn new(component: &'c Component, method: &str) -> Self {
        let (name, failed) = match MethodName::new(method) {
            Ok(name) => (name.shared(), None),
            Err(error) => (method.into(), Some(error.to_string())),
        };
        Self {
            component,
            request: Request { takes_streams: true, ..Request::new(component.interface.shared(), name, Json::NULL) },
            timeout: component.timeout,
            strict: true,
            failed,
        }
    }

    /// Gives the arguments: anything that becomes JSON.
    pub fn args<A: StubArgument + ?Sized>(mut self, args: &A) -> Self {
        let mut buffer = Vec::new();
        match args.write(&mut buffer) {
            Ok(()) => self.request.args = Json::from_checked(buffer.into()),
            Err(error) => self.failed = Some(format!("the arguments cannot be written as JSON: {error}")),
        }
        self
    }

    /// How long to wait for the answer; 5 s unless the component or its context say otherwise.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Adds a value beside the arguments. `org.pycom.` names are ours.
    pub fn extension<T: Serialize + ?Sized>(mut self, name: &str, value: &T) -> Self {
        if let Err(error) = self.request.extensions_mut().insert(name, value) {
            self.failed = Some(format!("extension {name} cannot be written as JSON: {error}"));
        }
        self
    }

    /// Adds the attachment: the one that the method takes, or the first of several.
    pub fn attachment(mut self, attachment: impl Into<Attachment>) -> Self {
        self.request.attachments.set("", attachment.into(), true);
        self
    }

    /// Adds an attachment under its name. Several take a service that knows of them; the originals do
    /// not.
    pub fn named_attachment(mut self, name: impl Into<String>, attachment: impl Into<Attachment>) -> Self {
        self.request.attachments.set(name.into(), attachment.into(), false);
        self
    }

    /// Lets a service of ours ignore arguments it does not know, as Python's do.
    pub fn lenient(mut self) -> Self {
        self.strict = false;
        self
    }

    /// Says that running the method twice does what running it once does: where its answer does not
    /// come, the call is retried on other instances until its deadline. Stubs know, and so does a
    /// component that has asked for an introspection.
    pub fn idempotent(mut self) -> Self {
        self.request.idempotent = true;
        self
    }

    /// All calls with the same key go to the same instance; see [`Balance::key`].
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.request.balance = Some(Balance::key(key));
        self
    }

    async fn send(self) -> Result<Answer, Error> {
        let Self { component, request, timeout, strict, failed } = self;
        if let Some(reason) = failed {
            return Err(not_sent(reason, component.site(Some(&request.method))));
        }
        let method = request.method.clone();
        let mut reply = send(component, request, timeout, strict).await?;
        let attachments = std::mem::take(&mut reply.attachments);
        let extensions = std::mem::take(&mut reply.extensions);
        Ok(Answer { json: reply.into_result()?, attachments, extensions, site: component.site(Some(&method)) })
    }
}

impl<'c> IntoFuture for CallBuilder<'c> {
    type Output = Result<Answer, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

fn not_sent(reason: impl Into<String>, site: CallSite) -> Error {
    Error::NotSent(Error::failure(reason, site, Outcome::NotRun))
}

/// Sends a request: with the deadline and the trace that it inherits, in a span of its own.
pub(super) async fn send(
    component: &Component,
    mut request: Request,
    timeout: Duration,
    strict: bool,
) -> Result<Reply, Error> {
    let now = Instant::now();
    // A call made inside a method has no more time than the call that it is part of.
    let inherited = crate::server::inherited();
    let deadline =
        [Some(now + timeout), inherited.deadline, request.deadline].into_iter().flatten().min().unwrap_or(now);
    request.deadline = Some(deadline);
    let span = trace::call_span(&request);
    if !request.extensions.contains(key::TRACEPARENT) {
        request.trace = trace::parent_of_call(&span, inherited.trace);
    }
    // A stream cannot be sent twice.
    request.idempotent &= request.attachments.are_rewindable();
    let hooks = component.context.hooks();
    let reply = if hooks.is_empty() && span.is_disabled() {
        transmit(component, &request, strict).await
    } else {
        let reply = deliver(component, hooks, request, strict).instrument(span.clone()).await;
        span.record("code", reply.code());
        reply
    };
    match reply.error() {
        None => Ok(reply),
        Some(error) => Err(error.clone()),
    }
}

/// Sends a request through the hooks of the context. Boxed: most contexts have none, and the future of every call would
/// be larger, and be moved about.
fn deliver(
    component: &Component,
    hooks: Arc<[Hook]>,
    request: Request,
    strict: bool,
) -> Pin<Box<dyn Future<Output = Reply> + Send>> {
    let component = component.clone();
    Box::pin(hook::run(hooks, request, move |request| {
        let component = component.clone();
        Box::pin(async move { transmit(&component, &request, strict).await })
    }))
}

/// Sends a request to where the component is.
async fn transmit(component: &Component, request: &Request, strict: bool) -> Reply {
    let deadline = request.deadline.unwrap_or_else(Instant::now);
    let outcome = match &*component.target {
        Target::Fixed { address } => attempt(component, To::Address(address), request, deadline, strict).await,
        Target::Group { group, .. } => spread(component, group, request, deadline, strict).await,
    };
    outcome.unwrap_or_else(Reply::failed)
}

/// Where one attempt goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum To<'a> {
    Address(&'a Address),
    Instance(&'a Arc<Instance>),
}

/// Sends a request to one place and waits for what comes back.
pub(super) async fn attempt(
    component: &Component,
    to: To<'_>,
    request: &Request,
    deadline: Instant,
    strict: bool,
) -> Result<Reply, Error> {
    let (address, instance) = match to {
        To::Address(address) => (address, None),
        To::Instance(instance) => (&instance.address, Some(instance)),
    };
    let site = || site(component, address, instance, request);
    let started = Instant::now();
    let left = deadline.saturating_duration_since(started);
    let session = component.session.id();
    let mut frame = None;
    if !request.attachments.is_empty() {
        // Boxed, as all that is rare: the future of every call would be larger, and be moved about.
        let sending = transfer::send(component, address, request, session.as_deref(), strict, deadline);
        frame = match Box::pin(sending).await? {
            Gone::InFrame(frame) => frame,
            Gone::InChunks(body) => return received(component, address, request, &body, session, instance, &site),
        };
    }
    let outgoing = protocol::write_request(request, frame, session.as_deref(), left, strict);
    let connections = component.context.connections();
    let max = connections.max_frame();
    for (what, size) in
        [("request", outgoing.json.len()), ("attachment", outgoing.attachment.as_ref().map_or(0, |a| a.len()))]
    {
        if size > max {
            let reason = format!(
                "the {what} has {size} bytes, over the limit of {max} bytes for one frame; send less, or raise max_message_size on both sides"
            );
            return Err(not_sent(reason, site()));
        }
    }
    let ended = connections.call(address, outgoing, started, deadline).await;
    let failure = |reason: String, outcome| Error::failure(reason, site(), outcome);
    let body = match ended {
        Ok(Ok(body)) => body,
        Ok(Err(Ended::Full)) => {
            let reason = format!("{MAX_IN_FLIGHT} calls to it are under way (limit); wait for some of them");
            return Err(not_sent(reason, site()));
        }
        Ok(Err(Ended::NotConnected(reason))) => {
            let reason = format!("nobody answers there ({reason}); is the service running?");
            return Err(Error::ServiceNotAvailable(failure(reason, Outcome::NotRun)));
        }
        Ok(Err(Ended::Lost(reason))) => {
            let reason = format!("the connection was lost before the answer came ({reason})");
            return Err(Error::ServiceNotAvailable(failure(reason, Outcome::MayHaveRun)));
        }
        Ok(Err(Ended::Expired { sent })) => {
            let (reason, outcome) = match sent {
                true => ("it was sent; the service is slow, stopped, or gone", Outcome::MayHaveRun),
                false => ("no connection could be made", Outcome::NotRun),
            };
            let after = deadline.saturating_duration_since(started);
            return Err(Error::Timeout { after, failure: failure(reason.into(), outcome) });
        }
        Ok(Err(Ended::Unreadable(reason))) => return Err(Error::BadReply(failure(reason, Outcome::MayHaveRun))),
        Err(NotSent::Full) => {
            let reason = "too many calls to it are under way; start fewer at once, or give them more time";
            return Err(not_sent(reason, site()));
        }
        Err(NotSent::Transport(error)) => return Err(error.into()),
    };
    request.attachments.gone_in_frame();
    received(component, address, request, &body, session, instance, &site)
}

fn site(component: &Component, address: &Address, instance: Option<&Arc<Instance>>, request: &Request) -> CallSite {
    CallSite {
        interface: Some(component.interface.shared()),
        method: Some(request.method.clone()),
        service: instance.map(|instance| instance.service.shared()),
        address: Some(address.clone()),
    }
}

/// Reads the answer to a request.
fn received(
    component: &Component,
    address: &Address,
    request: &Request,
    body: &Body,
    session: Option<Arc<str>>,
    instance: Option<&Arc<Instance>>,
    site: &dyn Fn() -> CallSite,
) -> Result<Reply, Error> {
    let mut received = protocol::read_reply(body, site)
        .map_err(|reason| Error::BadReply(Error::failure(reason, site(), Outcome::MayHaveRun)))?;
    if let Some(offered) = received.offered.take() {
        received.reply.attachments = transfer::fetch(component, address, &request.method, offered);
    }
    match (received.session_id, received.reply.error(), session) {
        (_, Some(Error::SessionExpired(_)), Some(sent)) => component.session.expired(&sent),
        (Some(id), None, _) => component.session.received(&id, instance),
        _ => {}
    }
    Ok(received.reply)
}
