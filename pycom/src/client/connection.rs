//! One connection to one address, carrying any number of calls at once.

use std::future::poll_fn;
use std::ops::RangeInclusive;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::sync::oneshot;
use tokio::time::Sleep;

use super::events::{Event, Listeners};
use super::in_flight::{Ended, InFlight, NewCall};
use super::watchdog::{Step, Watchdog};
use crate::give_way::{give_way, give_way_to_all};
use crate::protocol::{self, ReplyTo};
use crate::transport::{Address, ConnectionEvent, Connector, Message, TransportError, TransportOptions};
use crate::wire::Body;

/// Calls of one connection that may wait to be taken up by its task; more of them wait with their
/// caller, within their deadline.
const QUEUE: usize = 1024;

/// Calls of one connection at once. Over it a call is not sent.
pub(crate) const MAX_IN_FLIGHT: usize = 65_536;

/// How often it is looked whether a peer that owes an answer says anything at all.
const LOOK: Duration = Duration::from_secs(1);

/// Calls handled before the socket is looked at again.
const BATCH: usize = 256;

/// Answers handed over before their callers get their turn: a quarter of those that are awaited, within these bounds. The
/// service has the first of their next calls while the others are made; where all went at once, either side would wait
/// for the other.
const ANSWERS: RangeInclusive<usize> = 16..=64;

/// Bytes of an answer that is probably a chunk of an attachment.
const LARGE: usize = 64 * 1024;

/// A handle of a connection's task. The task ends when all handles are dropped and no call is
/// left.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    calls: mpsc::Sender<NewCall>,
    // Not bounded, and need not be: a call is given up once at most, and their number is.
    given_up: mpsc::UnboundedSender<u64>,
}

/// Why a call was not even handed to the connection.
#[derive(Debug)]
pub(crate) enum Handover {
    /// The connection's task has ended, with its runtime: make a new connection for the message.
    Closed(Message),
    /// Too many calls are under way; the deadline passed before there was room.
    Full,
}

impl Connection {
    /// Begins to connect. Needs a runtime.
    pub(crate) fn open(
        address: &Address,
        options: &TransportOptions,
        listeners: Listeners,
    ) -> Result<Self, TransportError> {
        let connector = crate::transport::connect(address, options)?;
        let (calls, arriving) = mpsc::channel(QUEUE);
        let (given_up, leaving) = mpsc::unbounded_channel();
        let address = address.clone();
        let task = Task {
            address,
            listeners,
            connector,
            arriving,
            leaving,
            calls: InFlight::default(),
            up: false,
            calls_first: false,
            watchdog: Watchdog::default(),
            look: None,
            timer: None,
        };
        tokio::spawn(task.run());
        Ok(Self { calls, given_up })
    }

    /// Whether its task has ended.
    pub(crate) fn is_closed(&self) -> bool {
        self.calls.is_closed()
    }

    /// Sends the message of the call `id`, which no other call of this connection has, and waits for what comes back
    /// under that. Dropping the future frees everything the call holds.
    pub(crate) async fn call(
        &self,
        id: u64,
        message: Message,
        deadline: Instant,
    ) -> Result<Result<Body, Ended>, Handover> {
        let (answer, awaited) = oneshot::channel();
        match self.calls.try_send(NewCall { id, message, deadline, answer }) {
            Ok(()) => {}
            Err(TrySendError::Closed(call)) => return Err(Handover::Closed(call.message)),
            Err(TrySendError::Full(call)) => {
                // Boxed: the future of every call would be larger, and be moved about.
                match Box::pin(tokio::time::timeout_at(deadline.into(), self.calls.reserve())).await {
                    Ok(Ok(room)) => room.send(call),
                    Ok(Err(_)) => return Err(Handover::Closed(call.message)),
                    Err(_) => return Err(Handover::Full),
                }
            }
        }
        let mut abandoned = Abandoned { given_up: &self.given_up, id, ended: false };
        let answer = awaited.await;
        abandoned.ended = true;
        Ok(answer.unwrap_or_else(|_| Err(Ended::Lost("the connection's task has ended with its runtime".into()))))
    }
}

/// Tells the task when a caller stops waiting before the end.
struct Abandoned<'c> {
    given_up: &'c mpsc::UnboundedSender<u64>,
    id: u64,
    ended: bool,
}

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // Where the task has ended there is nothing left to free.
            let _ = self.given_up.send(self.id);
        }
    }
}

struct Task {
    address: Address,
    listeners: Listeners,
    connector: Box<dyn Connector>,
    arriving: mpsc::Receiver<NewCall>,
    leaving: mpsc::UnboundedReceiver<u64>,
    calls: InFlight,
    up: bool,
    /// Callers have just been answered: their next calls leave before the socket is looked into again.
    calls_first: bool,
    watchdog: Watchdog,
    /// When the watchdog looks next.
    look: Option<Instant>,
    timer: Option<std::pin::Pin<Box<Sleep>>>,
}

fn is_large_message(event: &ConnectionEvent) -> bool {
    matches!(event, ConnectionEvent::Message(message) if message.byte_len() >= LARGE)
}

enum Woken {
    Arriving,
    Leaving,
    Events,
    Timer,
    Closed,
}

impl Task {
    async fn run(mut self) {
        let (mut arriving, mut leaving, mut events) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let mut is_large = false;
            match self.next(&mut arriving, &mut leaving, &mut events).await {
                Woken::Arriving => self.take(&mut arriving),
                Woken::Leaving => leaving.drain(..).for_each(|id| self.calls.cancel(id)),
                Woken::Events => {
                    is_large = events.iter().any(is_large_message);
                    events.drain(..).for_each(|event| self.happened(event));
                    self.calls_first = true;
                }
                Woken::Timer => self.on_time(Instant::now()),
                Woken::Closed => break,
            }
            self.send();
            if is_large {
                // Whoever takes a chunk asks for the next one while others still come, not when all have.
                give_way_to_all().await;
            } else if self.calls_first {
                give_way().await;
            }
        }
    }

    /// Waits until something happens. Deadlines are looked at last: they are rarely reached.
    async fn next(
        &mut self,
        arriving: &mut Vec<NewCall>,
        leaving: &mut Vec<u64>,
        events: &mut Vec<ConnectionEvent>,
    ) -> Woken {
        self.set_timer();
        let limit = (self.calls.len() / 4).clamp(*ANSWERS.start(), *ANSWERS.end());
        poll_fn(|cx| {
            let calls_first = std::mem::take(&mut self.calls_first);
            if !calls_first && self.connector.poll_events(cx, events, limit).is_ready() {
                return Poll::Ready(Woken::Events);
            }
            // Before calls: they make room.
            if let Poll::Ready(1..) = self.leaving.poll_recv_many(cx, leaving, BATCH) {
                return Poll::Ready(Woken::Leaving);
            }
            match self.arriving.poll_recv_many(cx, arriving, BATCH) {
                Poll::Ready(0) => return Poll::Ready(Woken::Closed),
                Poll::Ready(_) => return Poll::Ready(Woken::Arriving),
                Poll::Pending => {}
            }
            if calls_first && self.connector.poll_events(cx, events, limit).is_ready() {
                return Poll::Ready(Woken::Events);
            }
            match self.timer.as_mut().map(|timer| timer.as_mut().poll(cx)) {
                Some(Poll::Ready(())) => Poll::Ready(Woken::Timer),
                _ => Poll::Pending,
            }
        })
        .await
    }

    /// One timer for all calls. It is moved only to an earlier time, or when it has rung: a call
    /// with the usual deadline costs nothing here.
    fn set_timer(&mut self) {
        if self.look.is_none() && self.up && self.is_awaited() {
            self.look = Some(Instant::now() + LOOK);
        }
        let Some(deadline) = self.calls.next_deadline().into_iter().chain(self.look).min() else {
            self.timer = None;
            return;
        };
        let deadline = tokio::time::Instant::from_std(deadline);
        match &mut self.timer {
            Some(timer) if timer.deadline() <= deadline && !timer.is_elapsed() => {}
            Some(timer) => timer.as_mut().reset(deadline),
            None => self.timer = Some(Box::pin(tokio::time::sleep_until(deadline))),
        }
    }

    /// Whether a message is to come.
    fn is_awaited(&self) -> bool {
        self.calls.len() > 0 || self.watchdog.is_silent()
    }

    fn on_time(&mut self, now: Instant) {
        self.calls.expire(now);
        if self.look.take_if(|look| *look <= now).is_some() && self.up && self.is_awaited() {
            let step = self.watchdog.look();
            self.step(step);
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Wait => {}
            Step::Ask => {
                // Nobody's call: whoever knows the command answers at once, whatever else it does.
                let _ = self.connector.send(protocol::write_cancel(0));
            }
            Step::GiveUp => {
                let reason = "it is connected, and does not answer anything any more: stopped, or cut off";
                self.calls.lost(reason);
                let address = || self.address.clone();
                self.listeners.tell(|| Event::Lost { address: address(), reason: reason.to_owned() });
            }
        }
    }

    fn take(&mut self, arriving: &mut Vec<NewCall>) {
        for call in arriving.drain(..) {
            if call.answer.is_closed() {
                // Given up already; that may have been heard of first.
                continue;
            }
            if self.calls.len() >= MAX_IN_FLIGHT {
                let _ = call.answer.send(Err(Ended::Full));
            } else if self.watchdog.is_silent() {
                let _ = call.answer.send(Err(Ended::NotConnected("it is connected, and silent".into())));
            } else {
                self.calls.insert(call);
            }
        }
        if !self.up && self.calls.has_waiting() {
            self.connector.connect_now();
        }
    }

    fn happened(&mut self, event: ConnectionEvent) {
        match event {
            ConnectionEvent::Message(message) => self.answered(message),
            ConnectionEvent::Up => {
                self.up = true;
                // Another program may stand there now.
                self.watchdog = Watchdog::default();
                self.look = None;
                self.listeners.tell(|| Event::Connected { address: self.address.clone() });
            }
            ConnectionEvent::AttemptFailed(reason) => {
                self.up = false;
                self.calls.not_connected(&reason);
            }
            ConnectionEvent::Lost(reason) => {
                self.up = false;
                self.watchdog = Watchdog::default();
                self.calls.lost(&reason);
                let address = || self.address.clone();
                self.listeners.tell(|| Event::Lost { address: address(), reason });
                if self.calls.has_waiting() {
                    self.connector.connect_now();
                }
            }
            ConnectionEvent::Room => {}
        }
    }

    fn answered(&mut self, message: Message) {
        let step = self.watchdog.heard();
        if step != Step::Wait {
            self.step(step);
        }
        if self.watchdog.is_silent() && self.watchdog.is_back() {
            self.listeners.tell(|| Event::Connected { address: self.address.clone() });
        }
        let (to, body) = protocol::split_reply(message);
        let id = match to {
            ReplyTo::Request(id) => id,
            ReplyTo::Cancel => {
                self.watchdog.answered(body.is_ok_and(|body| !protocol::is_unknown_command(&body)));
                return;
            }
            ReplyTo::Unknown => {
                tracing::debug!("a message without a request id of ours was dropped");
                return;
            }
        };
        let known = self.calls.answered(id, body.map_err(|malformed| Ended::Unreadable(malformed.0)));
        if !known {
            tracing::trace!(id, "a reply nobody waits for was dropped");
        }
    }

    fn send(&mut self) {
        while self.up {
            let Some((id, message)) = self.calls.next_to_send() else { break };
            if let Err(refused) = self.connector.send(message) {
                self.calls.put_back(id, refused.message);
                break;
            }
        }
        self.send_cancels();
        self.connector.flush();
    }

    fn send_cancels(&mut self) {
        while let Some(id) = self.calls.next_given_up() {
            if self.watchdog.takes_cancel() && self.up && self.connector.send(protocol::write_cancel(id)).is_err() {
                // Room, or the end of the connection, is told.
                self.calls.put_back_given_up(id);
                break;
            }
        }
    }
}

/// How long an unused connection is kept for the next component that asks for its address.
pub(crate) const IDLE: Duration = Duration::from_secs(60);
