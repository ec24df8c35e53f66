use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;
use tmq::router::Router;
use tmq::{AsZmqSocket, FromZmqSocket, TmqError};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use super::backlog::{Attempt, Backlog};
use super::parked::Parked;
use super::{close, context, endpoint, failed_at, frames, io_error, options, tmq_error};
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
    parked: Parked,
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
        let router = Router::from_zmq_socket(socket).map_err(|error| failed(tmq_error(error)))?;
        Ok(Self {
            router: Some(router),
            address,
            linger: options.linger,
            backlog: Backlog::new(options.peer_backlog, options.total_backlog),
            look_again: None,
            parked: Parked::default(),
            dropped: Dropped::default(),
        })
    }

    fn router(&mut self) -> &mut Router {
        self.router.as_mut().expect("only closing takes the socket")
    }

    fn socket(&self) -> &zmq::Socket {
        self.router.as_ref().expect("only closing takes the socket").get_socket()
    }

    /// Adds a message to the batch, or drops one that is no message of ours.
    fn take(&mut self, routing_id: &zmq::Message, message: Option<Message>, batch: &mut Vec<Incoming>) {
        let peer = Peer::new(routing_id);
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
            frames::send_first(self.socket(), to.id(), true)
        };
        match room {
            Ok(()) => {
                frames::send_rest(self.socket(), message.into_frames());
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
        self.backlog.flush(Instant::now(), |peer, message| match frames::try_send_first(socket, peer.id(), true) {
            Ok(()) => {
                frames::send_rest(socket, message.into_frames());
                Attempt::Sent
            }
            Err(zmq::Error::EAGAIN) => Attempt::NoRoom(message),
            Err(_) => Attempt::PeerGone,
        });
    }

    /// Receives up to `limit` messages that are there.
    fn drain(&mut self, batch: &mut Vec<Incoming>, limit: usize) -> zmq::Result<()> {
        for _ in 0..limit {
            let Some(routing_id) = frames::receive_first(self.socket())? else { break };
            let message = frames::collect(frames::rest(self.socket(), &routing_id));
            self.take(&routing_id, message, batch);
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
        match Pin::new(self.router()).poll_next(cx) {
            Poll::Pending | Poll::Ready(None) => {
                self.parked.park(cx);
                return Poll::Pending;
            }
            Poll::Ready(Some(Ok(mut multipart))) => {
                let routing_id = multipart.pop_front().unwrap_or_else(zmq::Message::new);
                let message = frames::collect(multipart.0.into_iter());
                self.take(&routing_id, message, batch);
            }
            // A signal came. tmq may have lost the beginning of a message with it: away with the rest.
            Poll::Ready(Some(Err(TmqError::Zmq(zmq::Error::EINTR)))) => {
                frames::drop_rest(self.socket());
            }
            Poll::Ready(Some(Err(error))) => {
                return Poll::Ready(Err(failed_at(&self.address)(tmq_error(error))));
            }
        }
        self.drain(batch, limit.saturating_sub(1)).map_err(|error| failed_at(&self.address)(io_error(error)))?;
        if batch.len() > before {
            self.parked.forget();
            Poll::Ready(Ok(()))
        } else {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    }

    fn send(&mut self, to: &Peer, message: Message) -> Result<(), SendError> {
        if message.frames().is_empty() {
            return Ok(());
        }
        let sent = self.try_send(to, message);
        self.parked.wake();
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
