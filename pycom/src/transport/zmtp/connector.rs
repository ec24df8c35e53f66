use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep, timeout};

use super::handshake::Role;
use super::link::{Link, SCRATCH};
use super::stream::Stream;
use crate::transport::backoff::Backoff;
use crate::transport::dropped::Dropped;
use crate::transport::resolve::Resolver;
use crate::transport::{Address, ConnectionEvent, Connector, Message, Refusal, Refused, TransportOptions};

/// One connection, as a DEALER with one peer has, made again whenever it is lost.
pub(in crate::transport) struct ZmtpConnector {
    options: TransportOptions,
    resolver: Resolver,
    backoff: Backoff,
    state: State,
    arrived: VecDeque<Message>,
    wants_room: bool,
    scratch: Box<[u8]>,
    /// Of the owner's last poll.
    waker: Waker,
    dropped: Dropped,
}

type Connecting = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

enum State {
    /// The back-off goes on, or the host's name is looked up.
    Waiting,
    Connecting(Connecting),
    /// Until the handshake is done, or its time is over.
    Greeting(Link, Pin<Box<Sleep>>),
    Up(Link),
    /// Up until just now: what arrived before is told first.
    Ended(String),
}

impl ZmtpConnector {
    pub(in crate::transport) fn connect(address: &Address, options: &TransportOptions) -> Self {
        let mut this = Self {
            options: options.clone(),
            resolver: Resolver::new(address.clone(), options.connect_timeout),
            backoff: Backoff::new(options.reconnect_first, options.reconnect_max),
            state: State::Waiting,
            arrived: VecDeque::new(),
            wants_room: false,
            scratch: vec![0; SCRATCH].into(),
            waker: Waker::noop().clone(),
            dropped: Dropped::default(),
        };
        this.attempt();
        this
    }

    fn attempt(&mut self) {
        self.backoff.stop();
        if let Some(place) = self.resolver.start() {
            self.connect_to(place);
        }
    }

    fn connect_to(&mut self, place: Address) {
        let limit = self.options.connect_timeout;
        self.state = State::Connecting(Box::pin(async move {
            match timeout(limit, Stream::connect(&place)).await {
                Ok(connected) => connected,
                Err(_) => Err(no_answer("connection", limit)),
            }
        }));
    }

    fn failed(&mut self, why: String) -> ConnectionEvent {
        self.resolver.failed();
        self.state = State::Waiting;
        self.backoff.start();
        ConnectionEvent::AttemptFailed(why)
    }

    fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<Option<ConnectionEvent>> {
        if self.backoff.poll_over(cx).is_ready() {
            self.attempt();
            return Poll::Ready(None);
        }
        match ready!(self.resolver.poll(cx)) {
            Ok(place) => {
                self.connect_to(place);
                Poll::Ready(None)
            }
            Err(why) => Poll::Ready(Some(self.failed(why))),
        }
    }

    fn poll_greeting(&mut self, cx: &mut Context<'_>) -> Poll<Option<ConnectionEvent>> {
        let State::Greeting(link, over) = &mut self.state else { return Poll::Pending };
        if over.as_mut().poll(cx).is_ready() {
            let error = no_answer("handshake", self.options.handshake_timeout);
            return Poll::Ready(Some(self.failed(error.to_string())));
        }
        match ready!(link.poll(cx, &mut self.scratch, |message| self.arrived.extend(message))) {
            Err(ended) => Poll::Ready(Some(self.failed(ended.to_string()))),
            Ok(()) if !link.is_up() => Poll::Ready(None),
            Ok(()) => {
                if let State::Greeting(link, _) = std::mem::replace(&mut self.state, State::Waiting) {
                    self.state = State::Up(link);
                }
                self.backoff.reset();
                Poll::Ready(Some(ConnectionEvent::Up))
            }
        }
    }

    fn poll_up(&mut self, cx: &mut Context<'_>) -> Poll<Option<ConnectionEvent>> {
        let State::Up(link) = &mut self.state else { return Poll::Pending };
        let (arrived, dropped, address) = (&mut self.arrived, &mut self.dropped, self.resolver.address());
        let polled = link.poll(cx, &mut self.scratch, |message| match message {
            Some(message) => arrived.push_back(message),
            None => dropped.count(address, "it has too many frames"),
        });
        match polled {
            Poll::Ready(Ok(())) => Poll::Ready(None),
            Poll::Ready(Err(ended)) => {
                self.state = State::Ended(ended.to_string());
                Poll::Ready(None)
            }
            Poll::Pending if self.wants_room && link.outbox.is_empty() => {
                self.wants_room = false;
                Poll::Ready(Some(ConnectionEvent::Room))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// What happens next: an event, or a step on the way to one.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Option<ConnectionEvent>> {
        match &mut self.state {
            State::Waiting => self.poll_waiting(cx),
            State::Connecting(connecting) => match ready!(connecting.as_mut().poll(cx)) {
                Ok(stream) => {
                    let link = Link::new(stream, Role::Dealer, self.options.max_message_size);
                    self.state = State::Greeting(link, Box::pin(sleep(self.options.handshake_timeout)));
                    Poll::Ready(None)
                }
                Err(error) => Poll::Ready(Some(self.failed(error.to_string()))),
            },
            State::Greeting(..) => self.poll_greeting(cx),
            State::Up(_) => self.poll_up(cx),
            State::Ended(why) => {
                let why = std::mem::take(why);
                self.state = State::Waiting;
                self.wants_room = false;
                self.backoff.start();
                Poll::Ready(Some(ConnectionEvent::Lost(why)))
            }
        }
    }
}

impl Connector for ZmtpConnector {
    fn poll_events(&mut self, cx: &mut Context<'_>, events: &mut Vec<ConnectionEvent>, limit: usize) -> Poll<()> {
        self.waker.clone_from(cx.waker());
        loop {
            if !self.arrived.is_empty() && !matches!(self.state, State::Greeting(..)) {
                let count = self.arrived.len().min(limit.max(1));
                events.extend(self.arrived.drain(..count).map(ConnectionEvent::Message));
                return Poll::Ready(());
            }
            if let Some(event) = ready!(self.poll_step(cx)) {
                events.push(event);
                return Poll::Ready(());
            }
        }
    }

    fn send(&mut self, message: Message) -> Result<(), Refused> {
        if message.frames().is_empty() {
            return Ok(());
        }
        let State::Up(link) = &mut self.state else {
            return Err(Refused { message, reason: Refusal::NotConnected });
        };
        if link.outbox.messages() >= self.options.send_queue {
            self.flush();
        }
        match &mut self.state {
            State::Up(link) if link.outbox.messages() < self.options.send_queue => {
                link.outbox.push(message);
                Ok(())
            }
            State::Up(_) => {
                self.wants_room = true;
                self.waker.wake_by_ref();
                Err(Refused { message, reason: Refusal::NoRoom })
            }
            _ => Err(Refused { message, reason: Refusal::NotConnected }),
        }
    }

    /// A failure is told where the connection is read, after what still arrived on it.
    fn flush(&mut self) {
        if let State::Up(link) = &mut self.state
            && let Poll::Ready(Err(_)) = link.poll_write(&mut Context::from_waker(&self.waker))
        {
            self.waker.wake_by_ref();
        }
    }

    fn connect_now(&mut self) {
        if self.backoff.is_waiting() {
            self.attempt();
            self.waker.wake_by_ref();
        }
    }
}

fn no_answer(what: &str, limit: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no {what} within {} ms", limit.as_millis()))
}
