//! The pure steps of a call, one function each, for the project's benchmarks: no promise is made about them.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;

use crate::error::CallSite;
use crate::interface::Run;
use crate::transport::Message;
use crate::wire::{self, Body, Envelope};
use crate::{Json, Offer, Reply, Request, protocol};

/// What one call sends or gets: its frames are `["id", "", word, JSON]`.
#[derive(Debug, Clone)]
pub struct Frames(Message);

impl Frames {
    fn into_body(self) -> Option<Body> {
        wire::split(self.0).1.ok()
    }
}

/// A request as it would have come.
pub fn request(interface: &str, method: &str, args: Json) -> Request {
    Request::new(interface, method, args)
}

/// The caller's first step: a request becomes frames.
pub fn write_request(interface: &str, method: &str, args: Json) -> Frames {
    let request = request(interface, method, args);
    Frames(protocol::address_request(1, protocol::write_request(&request, None, None, Duration::from_secs(5), false)))
}

/// The service's first step: frames are read as far as the raw arguments, whose length it gives.
pub fn read_request(frames: Frames) -> Option<usize> {
    protocol::read_call(frames.into_body()?, |call| call.args.as_str().len()).ok()
}

/// The service's second step: a method is found, reads its arguments and gives its reply. `None` where there is none of
/// that name, or it awaits something.
pub fn dispatch(offer: &Offer, request: Request) -> Option<Reply> {
    match offer.0.run(offer.0.find(&request.method)?, request) {
        Run::Async(future) => match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(reply) => Some(reply),
            Poll::Pending => None,
        },
        Run::Blocking(function) => Some(function()),
    }
}

/// The service's last step: a reply becomes frames.
pub fn write_reply(reply: Reply) -> Frames {
    let envelope = Envelope::from_iter([Bytes::from_static(b"\0\0\0\0\0\0\0\x01")]);
    Frames(protocol::write_reply(envelope, reply, None, ("", "")))
}

/// The caller's last step: frames are read as far as the raw result, whose length it gives.
pub fn read_reply(frames: Frames) -> Option<usize> {
    let received = protocol::read_reply(&frames.into_body()?, &CallSite::default).ok()?;
    received.reply.into_result().ok().map(|json| json.as_str().len())
}
