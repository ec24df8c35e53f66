//! One connection: what arrives on it becomes messages, what is sent waits until the system takes it.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use super::codec::{Broken, COPIED, Decoded, Decoder, write_command};
use super::handshake::{Handshake, Role, opening};
use super::outbox::{Outbox, SLICES};
use super::stream::Stream;
use crate::transport::Message;

/// Room for what is left of the last read, and a good batch after it.
pub(super) const SCRATCH: usize = COPIED + 9 + 64 * 1024;

/// Bytes that wait for a peer that pings and does not read its answers.
const MAX_PONGS: usize = 64 * 1024;

/// Why a connection has ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    #[error("the other side closed the connection")]
    Closed,
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// One connection.
pub(super) struct Link {
    stream: Stream,
    handshake: Handshake,
    decoder: Decoder,
    /// A frame, or a part of the handshake, that has not arrived whole.
    left: Vec<u8>,
    pub(super) outbox: Outbox,
}

impl Link {
    /// Begins the handshake; frames of more than `largest` bytes end the connection.
    pub(super) fn new(stream: Stream, role: Role, largest: usize) -> Self {
        let mut outbox = Outbox::default();
        outbox.push_bytes(&opening(role));
        let handshake = Handshake::Greeting(role);
        Self { stream, handshake, decoder: Decoder::new(largest), left: Vec::new(), outbox }
    }

    /// Whether messages may be sent.
    pub(super) fn is_up(&self) -> bool {
        self.handshake == Handshake::Done
    }

    /// Writes what waits, then reads once; see [`poll_read`](Self::poll_read).
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        scratch: &mut [u8],
        take: impl FnMut(Option<Message>),
    ) -> Poll<Result<(), Ended>> {
        let written = self.poll_write(cx);
        match (self.poll_read(cx, scratch, take), written) {
            // What the other side sent before it went is read first.
            (Poll::Pending, Poll::Ready(Err(error))) => Poll::Ready(Err(error.into())),
            (read, _) => read,
        }
    }

    /// Reads once and gives away the messages that are whole; `None` stands for one with too many frames.
    ///
    /// Ready where there may be more to read. `scratch` has [`SCRATCH`] bytes, shared by all connections of an owner.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        scratch: &mut [u8],
        mut take: impl FnMut(Option<Message>),
    ) -> Poll<Result<(), Ended>> {
        let Self { stream, handshake, decoder, left, outbox } = self;
        // A large frame takes all that is left: its bytes go straight where they belong.
        if let Some(read) = decoder.large_space().map(|mut space| pin!(stream.read_buf(&mut space)).poll(cx)) {
            if ready!(read)? == 0 {
                return Poll::Ready(Err(Ended::Closed));
            }
            if let Some(Decoded::Message(message)) = decoder.large_is_whole().flatten() {
                take(message);
            }
            return Poll::Ready(Ok(()));
        }
        let before = left.len();
        scratch[..before].copy_from_slice(left);
        let mut buffer = ReadBuf::new(scratch);
        buffer.set_filled(before);
        ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
        let mut arrived = buffer.filled();
        if arrived.len() == before {
            return Poll::Ready(Err(Ended::Closed));
        }
        left.clear();
        if *handshake != Handshake::Done {
            let taken = handshake.read(arrived)?;
            arrived = &arrived[taken..];
        }
        if *handshake == Handshake::Done {
            let taken = decoder.decode(arrived, |decoded| match decoded {
                Decoded::Message(message) => take(message),
                Decoded::Command(command) => answer(outbox, &command),
            })?;
            arrived = &arrived[taken..];
        }
        if arrived.len() > COPIED + 9 {
            return Poll::Ready(Err(Broken("its handshake is too long".into()).into()));
        }
        left.extend_from_slice(arrived);
        if left.is_empty() {
            // An idle connection holds no memory.
            *left = Vec::new();
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what waits; ready when nothing does.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outbox.is_empty() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = self.outbox.slices(&mut slices);
            let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, &slices[..count]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.outbox.wrote(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what waits, then tells the other side that nothing follows, and waits until it has closed as well:
    /// a connection that is closed with bytes unread takes back what was sent.
    pub(super) async fn close(mut self) {
        let written = std::future::poll_fn(|cx| self.poll_write(cx)).await;
        let shut = std::future::poll_fn(|cx| Pin::new(&mut self.stream).poll_shutdown(cx));
        if written.is_err() || shut.await.is_err() {
            return;
        }
        let mut unread = vec![0; COPIED];
        while matches!(self.stream.read(&mut unread).await, Ok(1..)) {}
    }
}

/// Answers a heartbeat: libzmq sends them where it is told to. Other commands are for other sockets.
fn answer(outbox: &mut Outbox, command: &[u8]) {
    const PING: &[u8] = b"\x04PING";
    const TTL: usize = 2;
    if let Some(context) = command.strip_prefix(PING).and_then(|rest| rest.get(TTL..))
        && outbox.bytes() < MAX_PONGS
    {
        let mut pong = Vec::new();
        write_command(&mut pong, "PONG", context);
        outbox.push_bytes(&pong);
    }
}
