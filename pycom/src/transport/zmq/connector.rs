use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use tmq::dealer::Dealer;
use tmq::{AsZmqSocket, FromZmqSocket, TmqError};

use super::frames::{self, Received, Sender};
use super::monitor::{Change, Monitor, Reports, stop_reports};
use super::readiness::Readiness;
use super::{context, failed_at, io_error, options, tmq_error};
use crate::transport::backoff::Backoff;
use crate::transport::dropped::Dropped;
use crate::transport::resolve::Resolver;
use crate::transport::{
    Address, ConnectionEvent, Connector, Message, Refusal, Refused, TransportError, TransportOptions,
};

/// A DEALER socket with one connection, and the monitor that tells what becomes of it.
pub(in crate::transport) struct ZmqConnector {
    dealer: Dealer,
    monitor: Monitor,
    resolver: Resolver,
    /// Where libzmq was told to connect to.
    endpoint: Option<String>,
    /// Seen, but not yet told to the owner.
    changes: VecDeque<Change>,
    backoff: Backoff,
    wants_room: bool,
    dropped: Dropped,
    readiness: Readiness,
    received: Received,
    sender: Sender,
}

impl ZmqConnector {
    pub(in crate::transport) fn connect(address: &Address, options: &TransportOptions) -> Result<Self, TransportError> {
        let failed = failed_at(address);
        let (mut socket, reports) = context::shared(|context| {
            let socket = context.socket(zmq::DEALER)?;
            options::connecting(&socket, options)?;
            let reports = Reports::of(context, &socket)?;
            Ok((socket, reports))
        })
        .map_err(|error| failed(io_error(error)))?;
        let sender = Sender::of(&mut socket);
        let mut this = Self {
            dealer: Dealer::from_zmq_socket(socket).map_err(|error| failed(tmq_error(error)))?,
            monitor: Monitor::new(reports, options.connect_timeout).map_err(|error| failed(tmq_error(error)))?,
            resolver: Resolver::new(address.clone(), options.connect_timeout),
            endpoint: None,
            changes: VecDeque::new(),
            backoff: Backoff::new(options.reconnect_first, options.reconnect_max),
            wants_room: false,
            dropped: Dropped::default(),
            readiness: Readiness::default(),
            received: Received::new(),
            sender,
        };
        this.attempt();
        Ok(this)
    }

    fn socket(&self) -> &zmq::Socket {
        self.dealer.get_socket()
    }

    /// Learns at once what tmq would tell at the next wake-up.
    fn look_at_monitor(&mut self) {
        self.changes.extend(std::iter::from_fn(|| self.monitor.look()));
    }

    /// Receives as many messages as `events` lacks to have `full` entries; false if there may be more.
    fn drain(&mut self, events: &mut Vec<ConnectionEvent>, full: usize) -> bool {
        for _ in events.len()..full {
            let socket = self.dealer.get_socket();
            if self.received.next(socket) != Ok(true) {
                self.readiness.found_empty();
                return true;
            }
            let message = self.received.message(socket);
            self.take(message, events);
        }
        false
    }

    fn take(&mut self, message: Option<Message>, events: &mut Vec<ConnectionEvent>) {
        match message {
            Some(message) => events.push(ConnectionEvent::Message(message)),
            None => self.dropped.count(self.resolver.address(), "it has too many frames"),
        }
    }

    /// Tells changes, each loss after the messages that came before it.
    fn tell_changes(&mut self, events: &mut Vec<ConnectionEvent>, full: usize) {
        while events.len() < full {
            if let Some(Change::Lost(_)) = self.changes.front() {
                self.wants_room = false;
                if !self.drain(events, full) || events.len() == full {
                    break;
                }
            }
            match self.changes.pop_front() {
                Some(Change::Up) => {
                    self.backoff.reset();
                    events.push(ConnectionEvent::Up);
                }
                Some(Change::AttemptFailed(why)) => {
                    self.resolver.failed();
                    self.give_up();
                    events.push(ConnectionEvent::AttemptFailed(why));
                }
                Some(Change::Lost(why)) => {
                    self.give_up();
                    events.push(ConnectionEvent::Lost(why));
                }
                None => break,
            }
        }
    }

    /// Lets go of a connection that has ended, with what libzmq still has queued for it.
    fn give_up(&mut self) {
        if let Some(endpoint) = self.endpoint.take() {
            let _ = self.socket().disconnect(&endpoint);
        }
        self.monitor.attempt_ends();
        self.backoff.start();
    }

    fn attempt(&mut self) {
        self.backoff.stop();
        self.monitor.attempt_begins();
        if let Some(place) = self.resolver.start() {
            self.connect_to(&place);
        }
    }

    fn connect_to(&mut self, place: &Address) {
        let endpoint = place.to_string();
        let connected = options::reaching(self.socket(), place).and_then(|()| self.socket().connect(&endpoint));
        match connected {
            Ok(()) => self.endpoint = Some(endpoint),
            Err(error) => self.changes.push_back(Change::AttemptFailed(io_error(error).to_string())),
        }
    }

    /// Begins the attempts that are due.
    fn poll_attempt(&mut self, cx: &mut Context<'_>) {
        if self.backoff.poll_over(cx).is_ready() {
            self.attempt();
        }
        match self.resolver.poll(cx) {
            Poll::Ready(Ok(place)) => self.connect_to(&place),
            Poll::Ready(Err(why)) => self.changes.push_back(Change::AttemptFailed(why)),
            Poll::Pending => {}
        }
    }

    /// Takes the messages that are there, or awaits some.
    fn poll_messages(&mut self, cx: &Context<'_>, events: &mut Vec<ConnectionEvent>, full: usize) {
        let before = events.len();
        while events.len() == before && !self.readiness.is_quiet(cx) {
            if !self.readiness.is_empty() {
                if !self.drain(events, full) && events.len() == before {
                    // A flood of what is no message: others first.
                    cx.waker().wake_by_ref();
                    return;
                }
                continue;
            }
            match self.readiness.arm(|cx| Pin::new(&mut self.dealer).poll_next(cx)) {
                Some(Some(Ok(multipart))) => {
                    self.take(frames::collect(multipart.0.into_iter()), events);
                    self.drain(events, full);
                }
                // A signal came. tmq may have lost the beginning of a message with it: away with the rest.
                Some(Some(Err(TmqError::Zmq(zmq::Error::EINTR)))) => frames::drop_rest(self.socket()),
                Some(Some(Err(error))) => {
                    self.give_up();
                    events.push(ConnectionEvent::Lost(tmq_error(error).to_string()));
                }
                Some(None) => return,
                None => {}
            }
        }
    }

    /// Whether a message can be sent after one was refused. Asking may consume a wake-up for messages, so that it is
    /// asked for them in the same breath.
    fn poll_room(&mut self, events: &mut Vec<ConnectionEvent>) {
        let now = self.socket().get_events().unwrap_or(zmq::POLLIN);
        if now.contains(zmq::POLLOUT) {
            self.wants_room = false;
            events.push(ConnectionEvent::Room);
        }
        if now.contains(zmq::POLLIN) {
            self.readiness.touch();
        }
    }
}

impl Connector for ZmqConnector {
    fn poll_events(&mut self, cx: &mut Context<'_>, events: &mut Vec<ConnectionEvent>, limit: usize) -> Poll<()> {
        let before = events.len();
        let full = before.saturating_add(limit.max(1));
        self.poll_attempt(cx);
        while let Poll::Ready(change) = self.monitor.poll_change(cx) {
            self.changes.push_back(change);
        }
        self.tell_changes(events, full);
        if events.len() < full {
            self.poll_messages(cx, events, full);
        }
        if events.len() == before && self.wants_room {
            self.poll_room(events);
        }
        if events.len() > before { Poll::Ready(()) } else { Poll::Pending }
    }

    fn send(&mut self, message: Message) -> Result<(), Refused> {
        let Some(first) = message.frames().first() else { return Ok(()) };
        if !self.monitor.is_up() {
            return Err(Refused { message, reason: Refusal::NotConnected });
        }
        let sent = self.sender.first(self.socket(), first, message.frames().len() > 1);
        let result = match sent {
            Ok(()) => {
                let mut rest = message.into_frames();
                rest.next();
                self.sender.rest(rest);
                Ok(())
            }
            Err(_) => {
                self.look_at_monitor();
                self.wants_room = self.monitor.is_up();
                let reason = if self.wants_room { Refusal::NoRoom } else { Refusal::NotConnected };
                Err(Refused { message, reason })
            }
        };
        self.readiness.touch();
        result
    }

    /// libzmq's own thread has everything already.
    fn flush(&mut self) {}

    fn connect_now(&mut self) {
        // What is known may be old: a connection that was just made must not be cut.
        self.look_at_monitor();
        if self.monitor.is_idle() && self.changes.is_empty() {
            self.attempt();
        }
        self.readiness.touch();
    }
}

impl Drop for ZmqConnector {
    fn drop(&mut self) {
        stop_reports(self.socket());
    }
}
