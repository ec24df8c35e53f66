//! Messages between peers: addresses, frames, and the sockets that carry them.
//!
//! This module knows frames and addresses, no JSON. Everything above it speaks to the two traits [`Listener`] and
//! [`Connector`], so that another back end fits in without a change elsewhere. Three rules keep it so:
//!
//! - messages move in batches, their frames are [`Bytes`](bytes::Bytes);
//! - nothing ever blocks: sockets are polled, sends are refused instead of waiting;
//! - no type of a back end's library appears in a signature.
//!
//! | address | back end |
//! | --- | --- |
//! | `tcp://` | [`zmq`]: libzmq through tmq, unless [`Backend::Zmtp`] is asked for |
//! | `ipc://` | [`zmtp`]: libzmq's protocol on tokio's sockets, unless [`Backend::Tmq`] is asked for |
//! | `inproc://` | [`memory`]: queues within the process |

mod address;
mod assembly;
mod backend;
mod backoff;
mod connector;
mod dropped;
mod error;
mod listener;
pub mod memory;
mod message;
mod options;
mod resolve;
mod unix_path;
mod zmq;
mod zmtp;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use address::{Address, AddressError, Advertise, Host, Scheme};
pub use backend::Backend;
pub use connector::{ConnectionEvent, Connector};
pub use error::{Refusal, Refused, SendError, TransportError};
pub use listener::{Closing, Incoming, Listener, Peer};
pub use memory::MemoryNetwork;
pub use message::Message;
pub use options::TransportOptions;
pub(crate) use zmq::keep_freed_memory;

/// Listens at `address`; [`Listener::address`] tells the port that the system chose.
///
/// Must be called within a tokio runtime with its I/O driver enabled.
pub fn bind(address: &Address, options: &TransportOptions) -> Result<Box<dyn Listener>, TransportError> {
    match address.scheme() {
        // Whoever is in this very process reads, or ends with it.
        Scheme::Inproc => Ok(Box::new(options.memory.bind(address, options.share(Duration::ZERO))?)),
        scheme => Ok(match options.backend_for(scheme) {
            Backend::Tmq => Box::new(zmq::ZmqListener::bind(address, options)?),
            Backend::Zmtp => Box::new(zmtp::ZmtpListener::bind(address, options)?),
        }),
    }
}

/// Begins to connect to `address`; whether that works is told by [`ConnectionEvent`]s.
///
/// Must be called within a tokio runtime with its I/O driver enabled.
pub fn connect(address: &Address, options: &TransportOptions) -> Result<Box<dyn Connector>, TransportError> {
    address.check_connectable()?;
    match address.scheme() {
        Scheme::Inproc => Ok(Box::new(options.memory.connect(address))),
        scheme => Ok(match options.backend_for(scheme) {
            Backend::Tmq => Box::new(zmq::ZmqConnector::connect(address, options)?),
            Backend::Zmtp => Box::new(zmtp::ZmtpConnector::connect(address, options)),
        }),
    }
}
