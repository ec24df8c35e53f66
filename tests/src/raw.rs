//! Frames in, frames out: a client that knows nothing of the protocol, made of a plain socket of libzmq.

use std::time::Duration;

use crate::patience::PATIENCE;

/// What a client sends, and gets back.
pub type Frames = Vec<Vec<u8>>;

/// A plain socket.
pub struct RawClient {
    socket: zmq::Socket,
}

impl std::fmt::Debug for RawClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RawClient")
    }
}

impl RawClient {
    /// A REQ socket: the kind that the originals' clients use. It adds and removes the empty frame by itself.
    pub fn req(address: &str) -> Self {
        Self::connect(zmq::REQ, address)
    }

    /// A DEALER socket: what is sent is exactly what arrives.
    pub fn dealer(address: &str) -> Self {
        Self::connect(zmq::DEALER, address)
    }

    fn connect(kind: zmq::SocketType, address: &str) -> Self {
        let milliseconds = i32::try_from(PATIENCE.as_millis()).expect("it is some seconds");
        let socket = zmq::Context::new().socket(kind).expect("a socket");
        socket.set_linger(0).expect("linger");
        socket.set_rcvtimeo(milliseconds).expect("a limit for receiving");
        socket.set_sndtimeo(milliseconds).expect("a limit for sending");
        socket.connect(address).unwrap_or_else(|error| panic!("cannot connect to {address}: {error}"));
        Self { socket }
    }

    /// Sends the frames of one message.
    pub fn send<F: AsRef<[u8]>>(&self, frames: impl IntoIterator<Item = F>) {
        let frames: Frames = frames.into_iter().map(|frame| frame.as_ref().to_vec()).collect();
        self.socket.send_multipart(frames, 0).expect("a message can be sent");
    }

    /// Waits for the frames of the next message.
    ///
    /// # Panics
    ///
    /// Where none comes.
    pub fn receive(&self) -> Frames {
        self.socket.recv_multipart(0).unwrap_or_else(|error| panic!("no answer came: {error}"))
    }

    /// Whether nothing comes for a while. Says little: only for what must not be answered.
    pub fn stays_silent(&self, time: Duration) -> bool {
        let milliseconds = i64::try_from(time.as_millis()).expect("a short while");
        self.socket.poll(zmq::POLLIN, milliseconds).expect("a socket can be polled") == 0
    }

    /// Sends a message and waits for the next one.
    pub fn ask<F: AsRef<[u8]>>(&self, frames: impl IntoIterator<Item = F>) -> Frames {
        self.send(frames);
        self.receive()
    }
}
