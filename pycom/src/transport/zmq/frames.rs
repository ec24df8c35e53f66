//! Frames between libzmq and [`Bytes`]: small ones are copied, large ones change hands.

use bytes::Bytes;

use crate::transport::Message;
use crate::transport::assembly::Assembly;

/// Up to here a copy is cheaper than to keep libzmq's buffer: what is received shares one of 8 KiB with its neighbours.
const COPIED: usize = 4096;

/// Receives the first frame of a message, if there is one.
pub(super) fn receive_first(socket: &zmq::Socket) -> zmq::Result<Option<zmq::Message>> {
    let mut frame = zmq::Message::new();
    loop {
        match socket.recv(&mut frame, zmq::DONTWAIT) {
            Ok(()) => return Ok(Some(frame)),
            Err(zmq::Error::EAGAIN) => return Ok(None),
            Err(zmq::Error::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
}

/// The frames after `first`; libzmq has a message whole or not at all.
pub(super) fn rest<'a>(socket: &'a zmq::Socket, first: &zmq::Message) -> impl Iterator<Item = zmq::Message> + 'a {
    let mut more = first.get_more();
    std::iter::from_fn(move || {
        let frame = more.then(|| receive_first(socket).ok().flatten()).flatten()?;
        more = frame.get_more();
        Some(frame)
    })
}

/// Drops the frames that follow the last one received.
pub(super) fn drop_rest(socket: &zmq::Socket) {
    while socket.get_rcvmore() == Ok(true) && receive_first(socket).is_ok_and(|frame| frame.is_some()) {}
}

/// Takes all of `frames`, and gives them as a message unless there are too many.
pub(super) fn collect(frames: impl Iterator<Item = zmq::Message>) -> Option<Message> {
    let mut assembly = Assembly::default();
    for frame in frames {
        if frame.len() <= COPIED {
            assembly.push_small(&frame);
        } else {
            assembly.push_large(|| Bytes::from_owner(Owner(frame)));
        }
    }
    assembly.finish()
}

/// A frame that stays in libzmq's buffer.
struct Owner(zmq::Message);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Sends the first frame of a message, which is kept: after a refusal nothing has happened.
///
/// Says `EAGAIN` when there is no room, and a ROUTER `EHOSTUNREACH` when the peer is gone.
pub(super) fn send_first(socket: &zmq::Socket, frame: &[u8], more: bool) -> zmq::Result<()> {
    match try_send_first(socket, frame, more) {
        // A send looks at most once a millisecond for new room; asking for events looks at once.
        Err(zmq::Error::EAGAIN) => {
            let _ = socket.get_events();
            try_send_first(socket, frame, more)
        }
        result => result,
    }
}

/// As [`send_first`], for room that was just looked for.
pub(super) fn try_send_first(socket: &zmq::Socket, frame: &[u8], more: bool) -> zmq::Result<()> {
    let flags = if more { zmq::DONTWAIT | zmq::SNDMORE } else { zmq::DONTWAIT };
    loop {
        match socket.send(frame, flags) {
            Err(zmq::Error::EINTR) => {}
            result => return result,
        }
    }
}

/// Sends the frames that follow the first.
///
/// libzmq takes them in any case: if the connection goes meanwhile it drops all of the message, and so that the next
/// message begins where it should, every frame must still be handed over.
pub(super) fn send_rest(socket: &zmq::Socket, frames: impl ExactSizeIterator<Item = Bytes>) {
    let mut left = frames.len();
    for frame in frames {
        left -= 1;
        let flags = if left > 0 { zmq::DONTWAIT | zmq::SNDMORE } else { zmq::DONTWAIT };
        if frame.len() <= COPIED {
            while socket.send(&frame[..], flags) == Err(zmq::Error::EINTR) {}
        } else if socket.send(Vec::from(frame), flags) == Err(zmq::Error::EINTR) {
            // The frame is gone with the failed call. An empty one in its place is an error to the peer, no riddle.
            while socket.send(&[][..], flags) == Err(zmq::Error::EINTR) {}
        }
    }
}
