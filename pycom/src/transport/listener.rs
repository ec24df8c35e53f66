use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use smallvec::SmallVec;

use super::{Address, Message, SendError, TransportError};

/// Accepts peers at one address, receives their messages and replies to each.
///
/// One task owns a listener. It may call [`send`](Self::send) at any time, also between a pending
/// [`poll_receive`](Self::poll_receive) and its wake-up: no wake-up is lost by that. Only while it is polled does it
/// accept peers, and send what the system did not take at once.
pub trait Listener: Send + 'static {
    /// Where peers connect to, with the real port.
    fn address(&self) -> &Address;

    /// Ready with at least one message appended (at most `limit`), draining what is there after one wake-up.
    ///
    /// A flood of messages makes this ready each time: the owner must yield to others now and then.
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        batch: &mut Vec<Incoming>,
        limit: usize,
    ) -> Poll<Result<(), TransportError>>;

    /// Never waits. A slow or gone peer concerns this peer only: the message is dropped.
    ///
    /// It may leave only with the next [`flush`](Self::flush): whoever sends several wakes the peers once.
    fn send(&mut self, to: &Peer, message: Message) -> Result<(), SendError>;

    /// Lets everything that was sent leave.
    fn flush(&mut self);

    /// Closes the listener and waits until what was sent has left this process, at most for the linger time.
    ///
    /// Merely dropping a listener does the same in the background; a process that ends meanwhile loses the rest.
    fn close(self: Box<Self>) -> Closing;
}

/// The future of a closing [`Listener`].
pub type Closing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A message and the peer that sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// To be given back to [`Listener::send`].
    pub peer: Peer,
    /// What the peer sent.
    pub message: Message,
}

/// A peer of a [`Listener`], as long as its connection lives.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Peer(SmallVec<[u8; 16]>);

impl Peer {
    pub(crate) fn new(id: &[u8]) -> Self {
        Self(SmallVec::from_slice(id))
    }

    pub(super) fn id(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        for byte in self.0.iter().take(SHOWN) {
            write!(f, "{byte:02x}")?;
        }
        if self.0.len() > SHOWN { f.write_str("…") } else { Ok(()) }
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peer({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_shows_as_short_hex() {
        assert_eq!(Peer::new(&[0, 0x6b, 0x8b]).to_string(), "006b8b");
        assert_eq!(Peer::new(&[0xff; 200]).to_string(), "ffffffffffffffff…");
    }
}
