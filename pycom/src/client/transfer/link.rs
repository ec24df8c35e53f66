//! One command to one address, and what can become of it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

use crate::client::Component;
use crate::client::connections::{Connections, NotSent};
use crate::client::in_flight::Ended;
use crate::error::{CallSite, Error, Outcome};
use crate::protocol::{self, Outgoing, ReceivedReply};
use crate::transport::Address;
use crate::wire::{Body, CallIdRequest, Command};

/// Chunks to one address that may be under way, of all transfers together; each transfer may have one
/// more. It keeps a connection's queues short, for other calls.
const CHUNKS: usize = 12;

/// Addresses of which something is remembered.
const KNOWN: usize = 10_000;

/// What is known of an address.
#[derive(Debug)]
pub(crate) struct Peer {
    chunks: Arc<Semaphore>,
    one_frame_only: AtomicBool,
}

impl Peer {
    /// Whether it has said that it does not know chunks.
    pub(super) fn takes_one_frame_only(&self) -> bool {
        self.one_frame_only.load(Ordering::Relaxed)
    }

    pub(super) fn set_one_frame_only(&self) {
        self.one_frame_only.store(true, Ordering::Relaxed);
    }
}

/// What is known of the addresses that a context has sent attachments to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peers(Arc<Mutex<HashMap<Address, Arc<Peer>>>>);

impl Peers {
    fn get(&self, address: &Address) -> Arc<Peer> {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if peers.len() >= KNOWN {
            peers.retain(|_, peer| Arc::strong_count(peer) > 1);
        }
        let new =
            || Arc::new(Peer { chunks: Arc::new(Semaphore::new(CHUNKS)), one_frame_only: AtomicBool::new(false) });
        peers.entry(address.clone()).or_insert_with(new).clone()
    }
}

/// What has become of a command that was not answered.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection is gone, or there is none: it may be made again. Whether the command was `sent`.
    Lost {
        error: Error,
        sent: bool,
    },
    Failed(Error),
}

/// When the transfers of one call last made progress.
#[derive(Debug, Clone)]
pub(super) struct Progressed(Arc<Mutex<Instant>>);

impl Progressed {
    fn get(&self) -> MutexGuard<'_, Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self) {
        *self.get() = Instant::now();
    }

    pub(super) fn since(&self) -> Duration {
        self.get().elapsed()
    }
}

/// Rings where nothing has moved for as long as a call may take.
pub(super) struct Watch {
    progressed: Progressed,
    timeout: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl Watch {
    /// Ready once there has been no progress for too long. Asked only while something is awaited.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.sleep.as_mut().poll(cx).is_ready() {
            let since = self.progressed.since();
            if since >= self.timeout {
                return Poll::Ready(());
            }
            self.sleep.as_mut().reset(tokio::time::Instant::now() + (self.timeout - since));
        }
        Poll::Pending
    }
}

/// The way to one address, for one call.
#[derive(Clone)]
pub(super) struct Link {
    connections: Connections,
    address: Address,
    site: CallSite,
    pub(super) peer: Arc<Peer>,
    /// The longest time without progress.
    pub(super) timeout: Duration,
    pub(super) progressed: Progressed,
    /// What holds of the call where a command was not even sent.
    unsent: Outcome,
    /// When the call that this is part of ends.
    ends: Option<Instant>,
}

/// Far enough for what takes as long as it makes progress.
pub(super) const LONG: Duration = Duration::from_secs(24 * 3600);

impl Link {
    pub(super) fn new(component: &Component, address: &Address, method: &Arc<str>, deadline: Instant) -> Self {
        Self {
            connections: component.context.connections().clone(),
            address: address.clone(),
            site: CallSite { address: Some(address.clone()), ..component.site(Some(method)) },
            peer: component.context.peers().get(address),
            timeout: deadline.saturating_duration_since(Instant::now()),
            progressed: Progressed(Arc::new(Mutex::new(Instant::now()))),
            unsent: Outcome::NotRun,
            ends: crate::server::inherited().deadline,
        }
    }

    /// The same way, once the call has begun, or has been answered.
    pub(super) fn once(&self, began: Outcome) -> Self {
        Self { unsent: began, ..self.clone() }
    }

    pub(super) fn watch(&self) -> Watch {
        let sleep = Box::pin(tokio::time::sleep(self.timeout));
        Watch { progressed: self.progressed.clone(), timeout: self.timeout, sleep }
    }

    pub(super) fn max_frame(&self) -> usize {
        self.connections.max_frame()
    }

    /// Leave for one more chunk, where there are not many under way.
    pub(super) fn leave(&self) -> Option<OwnedSemaphorePermit> {
        self.peer.chunks.clone().try_acquire_owned().ok()
    }

    /// When a step that begins now, and may take `time`, ends.
    pub(super) fn until(&self, time: Duration) -> Instant {
        let usual = Instant::now() + time;
        self.ends.map_or(usual, |ends| ends.min(usual))
    }

    /// Sends a command, and waits for what comes back, for as long as the call makes progress.
    pub(super) fn ask_on(&self, command: Outgoing) -> impl Future<Output = Result<Body, Trouble>> + Send + use<> {
        self.ask(command, LONG, self.unsent)
    }

    /// Sends a command, and waits for what comes back. `outcome` is that of the call, where nothing
    /// does once it was sent.
    pub(super) fn ask(
        &self,
        command: Outgoing,
        time: Duration,
        outcome: Outcome,
    ) -> impl Future<Output = Result<Body, Trouble>> + Send + use<> {
        let link = self.clone();
        async move {
            let started = Instant::now();
            let deadline = link.until(time);
            let ended = link.connections.call(&link.address, command, started, deadline).await;
            let failure = |reason: String, outcome| Error::failure(reason, link.site.clone(), outcome);
            match ended {
                Ok(Ok(body)) => Ok(body),
                Ok(Err(Ended::Full)) => {
                    let reason = "too many calls to it are under way; wait for some of them";
                    Err(Trouble::Failed(link.not_sent(reason)))
                }
                Ok(Err(Ended::NotConnected(reason))) => {
                    let reason = format!("nobody answers there ({reason}); is the service running?");
                    let error = Error::ServiceNotAvailable(failure(reason, link.unsent));
                    Err(Trouble::Lost { error, sent: false })
                }
                Ok(Err(Ended::Lost(reason))) => {
                    let reason = format!("the connection was lost before the answer came ({reason})");
                    let error = Error::ServiceNotAvailable(failure(reason, outcome));
                    Err(Trouble::Lost { error, sent: true })
                }
                Ok(Err(Ended::Expired { sent: true })) => {
                    Err(Trouble::Failed(link.timed_out(started.elapsed(), outcome)))
                }
                Ok(Err(Ended::Expired { sent: false })) => {
                    Err(Trouble::Failed(link.timed_out(started.elapsed(), link.unsent)))
                }
                Ok(Err(Ended::Unreadable(reason))) => Err(Trouble::Failed(Error::BadReply(failure(reason, outcome)))),
                Err(NotSent::Full) => {
                    let reason = "too many calls to it are under way; start fewer at once, or give them more time";
                    Err(Trouble::Failed(link.not_sent(reason)))
                }
                Err(NotSent::Transport(error)) => Err(Trouble::Failed(error.into())),
            }
        }
    }

    pub(super) fn read_reply(&self, body: &Body) -> Result<ReceivedReply, Error> {
        protocol::read_reply(body, &|| self.site.clone()).map_err(|reason| self.bad_reply(reason))
    }

    /// An answer, or the error that it is.
    pub(super) fn read(&self, body: &Body) -> Result<ReceivedReply, Error> {
        let received = self.read_reply(body)?;
        match received.reply.error() {
            Some(error) => Err(error.clone()),
            None => Ok(received),
        }
    }

    pub(super) fn not_sent(&self, reason: impl Into<String>) -> Error {
        Error::NotSent(Error::failure(reason, self.site.clone(), self.unsent))
    }

    /// An attachment that cannot be read here.
    pub(super) fn unread(&self, error: Error) -> Error {
        self.not_sent(format!("an attachment cannot be read: {error}"))
    }

    pub(super) fn bad_reply(&self, reason: String) -> Error {
        let outcome = if self.unsent == Outcome::Answered { Outcome::Answered } else { Outcome::MayHaveRun };
        Error::BadReply(Error::failure(reason, self.site.clone(), outcome))
    }

    pub(super) fn gone(&self, reason: impl Into<String>) -> Error {
        Error::ServiceNotAvailable(Error::failure(reason, self.site.clone(), self.unsent))
    }

    /// Nothing has moved for too long.
    pub(super) fn stalled(&self) -> Error {
        self.timed_out(self.timeout, self.unsent)
    }

    pub(super) fn timed_out(&self, after: Duration, outcome: Outcome) -> Error {
        let reason = "an attachment was on its way; the service is slow, stopped, or gone";
        Error::Timeout { after, failure: Error::failure(reason, self.site.clone(), outcome) }
    }
}

/// Tells the service that nothing of a transfer is wanted any more.
pub(super) struct ResetOnDrop {
    link: Link,
    pub(super) call_id: Arc<str>,
    keep: bool,
}

impl ResetOnDrop {
    pub(super) fn new(link: &Link, call_id: Arc<str>) -> Self {
        Self { link: link.clone(), call_id, keep: false }
    }

    pub(super) fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for ResetOnDrop {
    fn drop(&mut self) {
        // Without a runtime there is nobody to send it; the service drops what rests.
        if let (false, Ok(runtime)) = (self.keep, tokio::runtime::Handle::try_current()) {
            let json = CallIdRequest { call_id: (&*self.call_id).into(), timeout: None, again: false }.write();
            let link = Link { ends: None, ..self.link.clone() };
            let reset = protocol::write_command(Command::Reset, json, None);
            runtime.spawn(link.ask(reset, Duration::from_secs(5), Outcome::NotRun));
        }
    }
}
