//! What is to be done with a command.

use std::time::Duration;

use super::super::job::ReturnAddress;
use super::super::table::Job;
use crate::error::Error;
use crate::names::shown;
use crate::protocol::{self, RefusedTransfer};
use crate::transport::{Message, Peer};
use crate::wire::Envelope;

pub(in crate::server) enum Step {
    /// It is answered.
    Answer(Peer, Message),
    /// It is answered, and to the second address too: it came twice.
    Both(Peer, Message, Box<ReturnAddress>),
    /// The call that was prepared is to run.
    Run(Box<Job>, ReturnAddress),
    /// It is answered, and the call that this `EXEC` began is to stop.
    Stop(Peer, Message, Peer, Envelope),
    /// It is answered later.
    Later,
}

impl Step {
    /// The answer `message` to `to`, and to who asked for the same again.
    pub(super) fn answer(to: Peer, message: Message, again: Option<ReturnAddress>) -> Self {
        match again {
            Some(again) => Self::Both(to, message, Box::new(again)),
            None => Self::Answer(to, message),
        }
    }

    pub(super) fn refuse(to: ReturnAddress, error: Error) -> Self {
        Self::refuse_saying(to, error, &RefusedTransfer::default())
    }

    /// A refusal to `to`, and to who asked for the same again.
    pub(super) fn refuse_both(to: ReturnAddress, error: Error, again: Option<ReturnAddress>) -> Self {
        let message = protocol::write_refusal(to.envelope, error, &RefusedTransfer::default());
        Self::answer(to.peer, message, again)
    }

    /// A refusal that says where an attachment goes on.
    pub(super) fn refuse_at(to: ReturnAddress, error: Error, offset: u64) -> Self {
        Self::refuse_saying(to, error, &RefusedTransfer { offset: Some(offset), unknown: false })
    }

    pub(super) fn unknown(to: ReturnAddress, call_id: &str, idle: Duration) -> Self {
        let error = Error::bad_request(format!(
            "Unknown call_id {}: it was never given out, has been answered or reset, or rested for over {idle:?} (limit TransferLimits::idle; raise it on the service)",
            shown(call_id)
        ));
        Self::refuse_saying(to, error, &RefusedTransfer { unknown: true, offset: None })
    }

    pub(super) fn unknown_attachment(to: ReturnAddress, name: &str) -> Self {
        Self::refuse(to, Error::bad_request(format!("This call has no attachment {}", shown(name))))
    }

    fn refuse_saying(to: ReturnAddress, error: Error, said: &RefusedTransfer) -> Self {
        Self::Answer(to.peer, protocol::write_refusal(to.envelope, error, said))
    }
}
