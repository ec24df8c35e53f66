//! TCP and unix sockets through libzmq: tmq tells when a socket is ready, zmq sends and receives in batches.

mod allocator;
mod backlog;
mod close;
mod connector;
mod context;
mod endpoint;
mod frames;
mod listener;
mod monitor;
mod options;
mod process;
mod readiness;
#[cfg(test)]
mod tests;

use std::io;

pub(crate) use self::allocator::keep_freed_memory;
pub(super) use self::connector::ZmqConnector;
pub(super) use self::listener::ZmqListener;
use super::{Address, TransportError};

/// libzmq's own error numbers begin here; below are the system's.
const FIRST_OWN_ERROR: i32 = 156_384_712;

fn io_error(error: zmq::Error) -> io::Error {
    let raw = error.to_raw();
    if raw < FIRST_OWN_ERROR { io::Error::from_raw_os_error(raw) } else { io::Error::other(error) }
}

fn tmq_error(error: tmq::TmqError) -> io::Error {
    match error {
        tmq::TmqError::Zmq(error) => io_error(error),
        tmq::TmqError::Io(error) => error,
        other => io::Error::other(other),
    }
}

fn failed_at(address: &Address) -> impl Fn(io::Error) -> TransportError + '_ {
    |source| TransportError::Other { address: address.clone(), source }
}
