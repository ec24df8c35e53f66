//! Frames between libzmq and [`Bytes`]: small ones are copied, large ones change hands.

use std::ffi::c_void;

use bytes::Bytes;

use crate::transport::Message;
use crate::transport::assembly::Assembly;

/// Up to here a copy is cheaper than to keep libzmq's buffer: what is received shares one of 8 KiB with its neighbours.
const COPIED: usize = 4096;

/// The frame that was received last. One serves for all: libzmq empties it before it fills it again.
pub(super) struct Received(zmq::Message);

impl Received {
    pub(super) fn new() -> Self {
        Self(zmq::Message::new())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Receives a frame, if there is one.
    pub(super) fn next(&mut self, socket: &zmq::Socket) -> zmq::Result<bool> {
        loop {
            match socket.recv(&mut self.0, zmq::DONTWAIT) {
                Ok(()) => return Ok(true),
                Err(zmq::Error::EAGAIN) => return Ok(false),
                Err(zmq::Error::EINTR) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes the message that begins with the last frame, unless it has too many.
    pub(super) fn message(&mut self, socket: &zmq::Socket) -> Option<Message> {
        let mut assembly = Assembly::default();
        let more = self.0.get_more();
        self.push_to(&mut assembly);
        self.gather(socket, more, assembly)
    }

    /// As [`message`](Self::message), without the last frame.
    pub(super) fn rest(&mut self, socket: &zmq::Socket) -> Option<Message> {
        self.gather(socket, self.0.get_more(), Assembly::default())
    }

    /// libzmq has a message whole or not at all: what is to follow is there.
    fn gather(&mut self, socket: &zmq::Socket, mut more: bool, mut assembly: Assembly) -> Option<Message> {
        while more && self.next(socket) == Ok(true) {
            more = self.0.get_more();
            self.push_to(&mut assembly);
        }
        assembly.finish()
    }

    fn push_to(&mut self, assembly: &mut Assembly) {
        if self.0.len() <= COPIED {
            assembly.push_small(&self.0);
        } else {
            assembly.push_large(|| Bytes::from_owner(Owner(std::mem::replace(&mut self.0, zmq::Message::new()))));
        }
    }
}

/// Drops the frames that follow the last one received.
pub(super) fn drop_rest(socket: &zmq::Socket) {
    let mut frame = Received::new();
    while socket.get_rcvmore() == Ok(true) && frame.next(socket) == Ok(true) {}
}

/// Takes all of `frames`, and gives them as a message unless there are too many.
pub(super) fn collect(frames: impl Iterator<Item = zmq::Message>) -> Option<Message> {
    let mut assembly = Assembly::default();
    for frame in frames {
        Received(frame).push_to(&mut assembly);
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

/// The sending side of a socket that somebody else owns.
///
/// Frames go to libzmq by its own functions: small ones are copied by it, large ones stay where they are until they have
/// left, which the zmq crate does for a `Vec` only.
pub(super) struct Sender(*mut c_void);

// SAFETY: the socket that it points to is `Send` itself, and the owner of both, which moves them together, is the only one
// that uses them.
unsafe impl Send for Sender {}

impl Sender {
    /// To be dropped before, or together with, what `socket` becomes a part of.
    pub(super) fn of(socket: &mut zmq::Socket) -> Self {
        Self(socket.as_mut_ptr())
    }

    /// Sends the first frame of a message: after a refusal nothing has happened.
    ///
    /// Says `EAGAIN` when there is no room, and a ROUTER `EHOSTUNREACH` when the peer is gone.
    pub(super) fn first(&self, socket: &zmq::Socket, frame: &[u8], more: bool) -> zmq::Result<()> {
        match self.try_first(frame, more) {
            // A send looks at most once a millisecond for new room; asking for events looks at once.
            Err(zmq::Error::EAGAIN) => {
                let _ = socket.get_events();
                self.try_first(frame, more)
            }
            result => result,
        }
    }

    /// As [`first`](Self::first), for room that was just looked for.
    pub(super) fn try_first(&self, frame: &[u8], more: bool) -> zmq::Result<()> {
        self.copy(frame, if more { zmq::DONTWAIT | zmq::SNDMORE } else { zmq::DONTWAIT })
    }

    /// Sends the frames that follow the first.
    ///
    /// libzmq takes them in any case: if the connection goes meanwhile it drops all of the message, and so that the next
    /// message begins where it should, every frame must still be handed over.
    pub(super) fn rest(&self, frames: impl ExactSizeIterator<Item = Bytes>) {
        let mut left = frames.len();
        for frame in frames {
            left -= 1;
            let flags = if left > 0 { zmq::DONTWAIT | zmq::SNDMORE } else { zmq::DONTWAIT };
            let _ = if frame.len() <= COPIED { self.copy(&frame, flags) } else { self.lend(frame, flags) };
        }
    }

    fn copy(&self, frame: &[u8], flags: i32) -> zmq::Result<()> {
        // SAFETY: the socket lives (see `of`) and is used by nobody else meanwhile; libzmq copies the frame.
        retried(|| unsafe { zmq_sys::zmq_send(self.0, frame.as_ptr().cast(), frame.len(), flags) })
    }

    fn lend(&self, frame: Bytes, flags: i32) -> zmq::Result<()> {
        let frame = Box::new(frame);
        let mut message = zmq_sys::zmq_msg_t::default();
        let (data, length) = (frame.as_ptr().cast_mut().cast(), frame.len());
        // SAFETY: `data` is alive until `give_back` drops its owner, which libzmq calls once, from any thread, when it
        // needs the data no more; it only reads. A refused message is closed, which calls it too. The socket as above.
        unsafe {
            if zmq_sys::zmq_msg_init_data(&mut message, data, length, Some(give_back), Box::into_raw(frame).cast()) != 0
            {
                // Out of memory, the only reason it has; the frame leaks.
                return Err(zmq::Error::ENOMEM);
            }
            let sent = retried(|| zmq_sys::zmq_msg_send(&mut message, self.0, flags));
            zmq_sys::zmq_msg_close(&mut message);
            sent
        }
    }
}

unsafe extern "C" fn give_back(_: *mut c_void, frame: *mut c_void) {
    // SAFETY: made from a box of this type by `lend`, and given back once.
    drop(unsafe { Box::from_raw(frame.cast::<Bytes>()) });
}

/// Goes on after signals.
fn retried(mut send: impl FnMut() -> i32) -> zmq::Result<()> {
    loop {
        if send() >= 0 {
            return Ok(());
        }
        // SAFETY: it reads a number of this thread's.
        match zmq::Error::from_raw(unsafe { zmq_sys::zmq_errno() }) {
            zmq::Error::EINTR => {}
            error => return Err(error),
        }
    }
}
