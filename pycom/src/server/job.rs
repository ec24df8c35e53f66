//! One call: where it runs, and what becomes of it.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::UnboundedSender;
use tracing::{Instrument, Span};

use super::cancel::{Cancellable, Entered, Starting};
use super::carry::{Terms, Way};
use super::placement;
use super::runners::Runners;
use super::table::{Action, Ends, Job, Method};
use super::transfers::Offered;
use crate::Json;
use crate::attachment::Attachments;
use crate::error::{Error, UNKNOWN_TEXT, code};
use crate::hook;
use crate::interface::Run;
use crate::protocol::{self, Carried};
use crate::reply::Reply;
use crate::request::Request;
use crate::session::Session;
use crate::trace::{self, TraceParent};
use crate::transport::{Message, Peer};
use crate::wire::Envelope;

/// What the calls that a method makes inherit from it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scope {
    /// When the caller of the method stops waiting.
    pub(crate) deadline: Option<Instant>,
    /// Where in which trace the method belongs.
    pub(crate) trace: Option<TraceParent>,
}

tokio::task_local! {
    static SCOPE: Scope;
}

/// What a call inherits that is made here: nothing outside methods.
pub(crate) fn inherited() -> Scope {
    SCOPE.try_with(|scope| *scope).unwrap_or_default()
}

/// Where the reply of a call goes.
#[derive(Debug)]
pub(crate) struct ReturnAddress {
    pub(crate) peer: Peer,
    pub(crate) envelope: Envelope,
    /// Bytes of the request, which count until the call has ended.
    pub(crate) size: usize,
    pub(crate) arrived: Instant,
    /// The arguments, where somebody looks on.
    pub(crate) seen: Option<Box<Json>>,
}

impl ReturnAddress {
    pub(super) fn new(peer: Peer, envelope: Envelope, size: usize, arrived: Instant) -> Self {
        Self { peer, envelope, size, arrived, seen: None }
    }

    /// Whether this is the call of `peer` that bears `id`: one frame of envelope, as ours have.
    pub(super) fn is_of(&self, peer: &Peer, id: &[u8]) -> bool {
        self.peer == *peer && matches!(self.envelope.as_slice(), [frame] if *frame == id)
    }
}

/// A call that has ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) peer: Peer,
    /// None where it was cancelled: nobody waits for an answer.
    pub(crate) message: Option<Message>,
    /// Number of the method in the table.
    pub(crate) method: usize,
    pub(crate) ending: Ending,
    pub(crate) size: usize,
    pub(crate) arrived: Instant,
    pub(crate) seen: Option<Box<Json>>,
    /// Of one whose attachments came, or wait, in chunks.
    pub(crate) transfer: Option<Box<Offered>>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With this code, 0 for a result.
    Answered(i64),
    /// It was turned away unrun.
    Refused,
    /// It was given up by its caller, or its time was over.
    Cancelled,
}

/// A call that has not ended. It does so in any case, if need be by being dropped: a method that
/// panics is answered too.
pub(super) struct Unfinished {
    to: Option<ReturnAddress>,
    method: Arc<Method>,
    session: Option<Session>,
    common: Arc<InCommon>,
    takes_chunks: bool,
    /// Of one whose attachments came in chunks.
    call_id: Option<Arc<str>>,
    scope: Scope,
    /// Where it stands while it can be cancelled.
    entered: Option<Entered>,
}

/// What the calls of one service that run have in common.
pub(super) struct InCommon {
    // Not bounded, and need not be: each running call sends once, and their number is.
    pub(super) done: UnboundedSender<Done>,
    pub(super) terms: Terms,
    pub(super) cancellable: Cancellable,
}

impl Unfinished {
    /// It is about to start in a way that lets it be cancelled, where its method allows that.
    pub(super) fn start(&mut self) -> Option<Starting> {
        if let Some(to) = self.to.as_ref().filter(|_| self.method.ends == Ends::AtAnyTime) {
            self.entered = self.common.cancellable.enter(to, self.scope.deadline);
        }
        self.starting()
    }

    /// It goes on elsewhere.
    pub(super) fn starting(&self) -> Option<Starting> {
        self.entered.as_ref().map(Entered::starting)
    }

    /// What the calls that it makes inherit.
    pub(super) fn scope(&self) -> Scope {
        self.scope
    }

    pub(super) fn finish(mut self, mut reply: Reply) {
        if !self.still_wanted() {
            return;
        }
        let ending = Ending::Answered(protocol::code_of(&reply));
        match self.common.terms.way(&reply.attachments, self.takes_chunks) {
            Way::Frame(frame) => {
                reply.attachments.gone_in_frame();
                self.send(reply, Carried { frame, offered: None }, ending);
            }
            Way::Chunks => {
                let call_id = self.call_id.get_or_insert_with(|| format!("{:032x}", crate::random::bits128()).into());
                let offered = Some((call_id.clone(), self.common.terms.chunks()));
                self.send(reply, Carried { frame: None, offered }, ending);
            }
            Way::Read(most) => {
                tokio::spawn(async move {
                    let read = match reply.attachment() {
                        Some(attachment) => attachment.bytes(most).await,
                        None => return,
                    };
                    match read {
                        Ok(data) => {
                            reply.attachments = Attachments::default();
                            self.send(reply, Carried { frame: Some(data), offered: None }, ending);
                        }
                        Err(error) => self.fail(error),
                    }
                });
            }
            Way::None(error) => self.fail(error),
        }
    }

    /// False where it was cancelled; then it makes room, and that is its end.
    fn still_wanted(&mut self) -> bool {
        let wanted = self.entered.take().is_none_or(Entered::leave);
        if !wanted {
            self.end_unanswered();
        }
        wanted
    }

    fn end_unanswered(&mut self) {
        if let Some(ReturnAddress { peer, size, arrived, seen, .. }) = self.to.take() {
            let Method { interface, name, number, .. } = &*self.method;
            tracing::debug!(%interface, method = %name, "a call was cancelled");
            let (method, ending, transfer) = (*number, Ending::Cancelled, self.nothing_offered());
            let _ = self.common.done.send(Done { peer, message: None, method, ending, size, arrived, seen, transfer });
        }
    }

    /// Where its attachments came in chunks: they are done with.
    fn nothing_offered(&self) -> Option<Box<Offered>> {
        let call_id = self.call_id.clone()?;
        Some(Box::new(Offered { call_id, attachments: Attachments::default() }))
    }

    /// It was cancelled before it had begun.
    pub(super) fn cancelled(mut self) {
        self.end_unanswered();
    }

    /// Whether this is the call of `peer` that bears `id`, and may be cancelled.
    pub(super) fn may_cancel(&self, peer: &Peer, id: &[u8]) -> bool {
        self.method.ends == Ends::AtAnyTime && self.to.as_ref().is_some_and(|to| to.is_of(peer, id))
    }

    /// Turns it away unrun.
    fn refuse(mut self, error: Error) {
        self.send(Reply::failed(error), Carried::default(), Ending::Refused);
    }

    /// What it gave cannot be sent.
    fn fail(&mut self, error: Error) {
        let reply = Reply::failed(error);
        let ending = Ending::Answered(protocol::code_of(&reply));
        self.send(reply, Carried::default(), ending);
    }

    fn send(&mut self, reply: Reply, carried: Carried, mut ending: Ending) {
        let Some(ReturnAddress { peer, envelope, size, arrived, seen }) = self.to.take() else { return };
        let (interface, method) = (&*self.method.interface, &*self.method.name);
        let session_id = self.session.as_ref().map(|session| session.id());
        let offered = if carried.offered.is_some() { reply.attachments.clone() } else { Attachments::default() };
        let mut transfer = self.call_id.clone().map(|call_id| Box::new(Offered { call_id, attachments: offered }));
        let mut message = protocol::write_carrying(envelope.clone(), reply, carried, session_id, (interface, method));
        let largest = message.frames().iter().map(bytes::Bytes::len).max().unwrap_or(0);
        if largest > self.common.terms.largest {
            let text = format!(
                "The result of {interface}.{method} has {largest} bytes, over the limit of {} bytes for one frame; ask for less, or raise Limits::reply_size of the service",
                self.common.terms.largest
            );
            let error = Error::from_code(code::UNKNOWN, text, Default::default());
            message = protocol::write_reply(envelope, Reply::failed(error), session_id, (interface, method));
            ending = Ending::Answered(code::UNKNOWN);
            if let Some(transfer) = &mut transfer {
                transfer.attachments = Attachments::default();
            }
        }
        // The socket's task has ended where this fails, and with it everybody who waits.
        let (method, message) = (self.method.number, Some(message));
        let _ = self.common.done.send(Done { peer, message, method, ending, size, arrived, seen, transfer });
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.to.is_some() && self.still_wanted() {
            let (interface, method) = (&self.method.interface, &self.method.name);
            tracing::error!(%interface, %method, "a method panicked; its caller gets code 1");
            self.fail(Error::from_code(code::UNKNOWN, UNKNOWN_TEXT.into(), Default::default()));
        }
    }
}

/// Starts a call off the socket's task. Its end arrives at `done`, whatever happens to it.
pub(super) fn start(job: Job, to: ReturnAddress, common: &Arc<InCommon>, runners: &Runners, now: Instant) {
    let Job { method, request } = job;
    let deadline = request.deadline;
    let scope = Scope { deadline, trace: request.trace };
    let call = Unfinished {
        to: Some(to),
        method: method.clone(),
        session: request.session.clone(),
        common: common.clone(),
        takes_chunks: request.takes_streams,
        call_id: request.call_id.clone(),
        scope,
        entered: None,
    };
    if deadline.is_some_and(|deadline| deadline <= now) {
        return call.refuse(Error::overloaded("the time of the call was over before it could start"));
    }
    let span = match method.action {
        Action::Method(..) => trace::method_span(&request),
        Action::Describe(_) => Span::none(),
    };
    let running = match &method.hooks {
        Some(hooks) => {
            let action = method.action.clone();
            Run::Async(Box::pin(hook::run(hooks.clone(), request, move |request| {
                Box::pin(run(action.clone(), request))
            })))
        }
        None => match &method.action {
            Action::Describe(json) => return call.finish(Reply::result(json.clone())),
            Action::Method(offered, place) => offered.run(*place, request),
        },
    };
    match traced(running, span) {
        Run::Async(future) => placement::run(method, future, call, runners),
        Run::Blocking(function) => {
            tokio::task::spawn_blocking(move || SCOPE.sync_scope(scope, || call.finish(function())));
        }
    }
}

/// The same within a span, if anybody wants it.
fn traced(running: Run, span: Span) -> Run {
    if span.is_disabled() {
        return running;
    }
    let noted = span.clone();
    let note = move |reply: Reply| {
        noted.record("code", protocol::code_of(&reply));
        reply
    };
    match running {
        Run::Async(future) => Run::Async(Box::pin(async move { note(future.instrument(span).await) })),
        Run::Blocking(function) => Run::Blocking(Box::new(move || note(span.in_scope(function)))),
    }
}

/// Runs `call` so that the calls it makes inherit this.
pub(crate) fn within<F: Future>(scope: Scope, call: F) -> impl Future<Output = F::Output> {
    SCOPE.scope(scope, call)
}

/// As [`within`], for what does not await.
pub(crate) fn within_now<R>(scope: Scope, call: impl FnOnce() -> R) -> R {
    SCOPE.sync_scope(scope, call)
}

/// Runs an action inside hooks.
async fn run(action: Action, request: Request) -> Reply {
    let (offered, place) = match action {
        Action::Describe(json) => return Reply::result(json),
        Action::Method(offered, place) => (offered, place),
    };
    match offered.run(place, request) {
        Run::Async(future) => future.await,
        Run::Blocking(function) => {
            let (scope, span) = (inherited(), Span::current());
            let ran = tokio::task::spawn_blocking(move || span.in_scope(|| SCOPE.sync_scope(scope, function))).await;
            ran.unwrap_or_else(|error| match error.try_into_panic() {
                // A panic goes on where it is seen: in the task that answers for the call.
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Reply::failed(error),
            })
        }
    }
}
