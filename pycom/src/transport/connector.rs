use std::task::{Context, Poll};

use super::{Message, Refused};

/// One connection to one remote address, made again whenever it is lost.
///
/// One task owns a connector. It may call [`send`](Self::send) and [`connect_now`](Self::connect_now) at any time, also
/// between a pending [`poll_events`](Self::poll_events) and its wake-up: no wake-up is lost by that. Only while it is
/// polled does it connect, and send what the system did not take at once.
pub trait Connector: Send + 'static {
    /// Ready with at least one event appended (at most `limit`).
    ///
    /// Messages that arrived before a loss come before [`ConnectionEvent::Lost`].
    fn poll_events(&mut self, cx: &mut Context<'_>, events: &mut Vec<ConnectionEvent>, limit: usize) -> Poll<()>;

    /// Never waits; hands the message back when there is no connection or no room.
    ///
    /// It may leave only with the next [`flush`](Self::flush): whoever sends several wakes the peer once.
    /// A message that comes back was surely not sent. One that does not may be lost with the connection.
    #[expect(clippy::result_large_err, reason = "the message goes back without an allocation")]
    fn send(&mut self, message: Message) -> Result<(), Refused>;

    /// Lets everything that was sent leave.
    fn flush(&mut self);

    /// Tries to connect at once instead of waiting for the back-off; nothing if connected or just trying.
    fn connect_now(&mut self);
}

/// What happened to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionEvent {
    /// Connected: messages can be sent.
    Up,
    /// The peer sent a message.
    Message(Message),
    /// An attempt to connect failed, for the reason given; the next one follows after the back-off.
    AttemptFailed(String),
    /// The connection is gone, for the reason given; attempts to make it again begin.
    Lost(String),
    /// After [`Refusal::NoRoom`](super::Refusal::NoRoom): sending may work again.
    Room,
}
