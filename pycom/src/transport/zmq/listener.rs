use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;
use tmq::router::Router;
use tmq::{AsZmqSocket, FromZmqSocket, TmqError};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use super::backlog::{Attempt, Backlog};
use super::frames::{self, Received, Sender};
use super::readiness::Readiness;
use super::{close, context, endpoint, failed_at, io_error, options, tmq_error};
use crate::transport::dropped::Dropped;
use crate::transport::{
    Address, Closing, Incoming, Listener, Message, Peer, SendError, TransportError, TransportOptions,
};

/// A ROUTER socket.
pub(in crate::transport) struct ZmqListener {
    /// Present until the listener is closed.
    router: Option<Router>,
    address: Address,
    linger: Duration,
    backlog: Backlog,
    /// Runs while replies wait in the backlog.
    look_again: Option<Interval>,
    readiness: Readiness,
    received: Received,
    sender: Sender,
    dropped: Dropped,
}

/// What tells of room for a reply is consumed as easily as what tells of messages, and a queue that is full says nothing
/// more: so it is also looked for in this interval.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

fn look_again() -> Interval {
    let mut ticks = interval(LOOK_AGAIN);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

impl ZmqListener {
    pub(in crate::transport) fn bind(address: &Address, options: &TransportOptions) -> Result<Self, TransportError> {
        let failed = failed_at(address);
        let mut socket = context::own().socket(zmq::ROUTER).map_err(|error| failed(io_error(error)))?;
        options::listening(&socket, address, options).map_err(|error| failed(io_error(error)))?;
        let address = endpoint::bind(&mut socket, address)?;
        let sender = Sender::of(&mut socket);
        let router = Router::from_zmq_socket(socket).map_err(|error| failed(tmq_error(error)))?;
        Ok(Self {
            router: Some(router),
            address,
            linger: options.linger,
            backlog: Backlog::new(options.clone()),
            look_again: None,
            readiness: Readiness::default(),
            received: Received::new(),
            sender,
            dropped: Dropped::default(),
        })
    }

    fn socket(&self) -> &zmq::Socket {
        self.router.as_ref().expect("only closing takes the socket").get_socket()
    }

    /// Adds a message to the batch, or drops one that is no message of ours.
    fn take(&mut self, peer: Peer, message: Option<Message>, batch: &mut Vec<Incoming>) {
        match message {
            Some(message) => batch.push(Incoming { peer, message }),
            None => self.dropped.count(&peer, "it has too many frames"),
        }
    }

    /// Sends a message, or keeps it for when there is room.
    fn try_send(&mut self, to: &Peer, message: Message) -> Result<(), SendError> {
        let room = if self.backlog.has(to) {
            Err(zmq::Error::EAGAIN)
        } else {
            self.sender.first(self.socket(), to.id(), true)
        };
        match room {
            Ok(()) => {
                self.sender.rest(message.into_frames());
                Ok(())
            }
            Err(zmq::Error::EAGAIN) if self.backlog.push(to, message, Instant::now()) => Ok(()),
            Err(zmq::Error::EAGAIN) => {
                self.dropped.count(to, "the peer reads too slowly");
                Err(SendError::PeerSlow)
            }
            Err(zmq::Error::EHOSTUNREACH) => {
                self.dropped.count(to, "the peer is gone");
                Err(SendError::PeerGone)
            }
            Err(error) => Err(SendError::Failed(io_error(error))),
        }
    }

    /// Sends what waits, as far as there is room.
    fn poll_backlog(&mut self, cx: &mut Context<'_>) {
        if self.backlog.is_empty() {
            self.look_again = None;
            return;
        }
        let look_again = self.look_again.get_or_insert_with(look_again);
        while look_again.poll_tick(cx).is_ready() {}
        let socket = self.router.as_ref().expect("only closing takes the socket").get_socket();
        // Room is announced by events; a send alone may not look.
        let _ = socket.get_events();
        self.readiness.disturb();
        let sender = &self.sender;
        self.backlog.flush(Instant::now(), |peer, message| match sender.try_first(peer.id(), true) {
            Ok(()) => {
                sender.rest(message.into_frames());
                Attempt::Sent
            }
            Err(zmq::Error::EAGAIN) => Attempt::NoRoom(message),
            Err(_) => Attempt::PeerGone,
        });
    }

    /// Receives up to `limit` messages that are there.
    fn drain(&mut self, batch: &mut Vec<Incoming>, limit: usize) -> zmq::Result<()> {
        for _ in 0..limit {
            let socket = self.router.as_ref().expect("only closing takes the socket").get_socket();
            if !self.received.next(socket)? {
                self.readiness.found_empty();
                break;
            }
            let peer = Peer::new(self.received.bytes());
            let message = self.received.rest(socket);
            self.take(peer, message, batch);
        }
        Ok(())
    }
}

impl Listener for ZmqListener {
    fn address(&self) -> &Address {
        &self.address
    }

    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Vec<Incoming>,
        limit: usize,
    ) -> Poll<Result<(), TransportError>> {
        let before = batch.len();
        self.poll_backlog(cx);
        while !self.readiness.is_quiet(cx) {
            if self.readiness.is_empty() {
                let router = self.router.as_mut().expect("only closing takes the socket");
                match self.readiness.arm(|cx| Pin::new(&mut *router).poll_next(cx)) {
                    Some(Some(Ok(mut multipart))) => {
                        let routing_id = multipart.pop_front().unwrap_or_else(zmq::Message::new);
                        let message = frames::collect(multipart.0.into_iter());
                        self.take(Peer::new(&routing_id), message, batch);
                    }
                    // A signal came. tmq may have lost the beginning of a message with it: away with the rest.
                    Some(Some(Err(TmqError::Zmq(zmq::Error::EINTR)))) => frames::drop_rest(self.socket()),
                    Some(Some(Err(error))) => return Poll::Ready(Err(failed_at(&self.address)(tmq_error(error)))),
                    Some(None) => return Poll::Pending,
                    None => continue,
                }
            }
            let room = limit.saturating_sub(batch.len() - before);
            self.drain(batch, room).map_err(|error| failed_at(&self.address)(io_error(error)))?;
            if batch.len() > before {
                return Poll::Ready(Ok(()));
            }
            if !self.readiness.is_empty() && !self.readiness.is_quiet(cx) {
                // A flood of what is no message: others first.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
        Poll::Pending
    }

    fn send(&mut self, to: &Peer, message: Message) -> Result<(), SendError> {
        if message.frames().is_empty() {
            return Ok(());
        }
        let sent = self.try_send(to, message);
        self.readiness.touch();
        sent
    }

    /// libzmq's own thread has everything already.
    fn flush(&mut self) {}

    fn close(mut self: Box<Self>) -> Closing {
        Box::pin(async move {
            let linger = self.linger;
            let sent = poll_fn(|cx| {
                self.poll_backlog(cx);
                if self.backlog.is_empty() { Poll::Ready(()) } else { Poll::Pending }
            });
            // What a peer does not take in this time is lost with it.
            let _ = timeout(linger, sent).await;
            if let Some(router) = self.router.take() {
                let _ = close::in_background(router).await;
            }
        })
    }
}

impl Drop for ZmqListener {
    fn drop(&mut self) {
        self.router.take().map(close::in_background);
    }
}
