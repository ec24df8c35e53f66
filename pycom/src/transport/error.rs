use std::io;

use thiserror::Error;

use super::{Address, AddressError, Message};

/// Why an address could not be listened at or connected to, or why a listener broke.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Somebody listens there already.
    #[error("{address} is in use; stop what listens there, or choose another address (port 0 lets the system choose)")]
    AddressInUse {
        /// The address asked for.
        address: Address,
    },
    /// The host is none of this machine's.
    #[error("{address} is no address of this machine; give one of its IP addresses, or tcp://*:PORT for all of them")]
    AddressNotAvailable {
        /// The address asked for.
        address: Address,
    },
    /// The system does not let this process listen there.
    #[error(
        "no permission to listen at {address}; choose a port above 1023, or a directory that this user may write to"
    )]
    PermissionDenied {
        /// The address asked for.
        address: Address,
    },
    /// The address cannot be used in this way.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Anything else that the system reported.
    #[error("cannot use {address}: {source}")]
    Other {
        /// The address asked for.
        address: Address,
        /// What the system said.
        source: io::Error,
    },
}

impl TransportError {
    /// What went wrong when listening at `address` was tried.
    pub(super) fn binding(address: &Address, source: io::Error) -> Self {
        let address = address.clone();
        match source.raw_os_error() {
            Some(libc::EADDRINUSE) => TransportError::AddressInUse { address },
            // ENODEV: libzmq takes a name to bind to for that of a network interface.
            Some(libc::EADDRNOTAVAIL | libc::ENODEV) => TransportError::AddressNotAvailable { address },
            Some(libc::EACCES | libc::EPERM) => TransportError::PermissionDenied { address },
            _ => TransportError::Other { address, source },
        }
    }
}

/// Why a listener could not send to a peer; other peers are not concerned.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SendError {
    /// The peer's connection is closed.
    #[error("the peer is gone; drop what is meant for it")]
    PeerGone,
    /// The peer does not read fast enough and its queue is full.
    #[error("the peer reads too slowly and its queue is full; drop the message, or raise the send queue")]
    PeerSlow,
    /// The socket broke.
    #[error("sending failed: {0}")]
    Failed(#[source] io::Error),
}

/// A message that a connector did not take.
#[derive(Debug, Error)]
#[error("the message was not sent: {reason}")]
pub struct Refused {
    /// The message, whole.
    pub message: Message,
    /// Why it was not taken.
    pub reason: Refusal,
}

/// Why a connector did not take a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There is no connection; wait for [`ConnectionEvent::Up`](super::ConnectionEvent::Up).
    #[error("there is no connection")]
    NotConnected,
    /// The queue is full; wait for [`ConnectionEvent::Room`](super::ConnectionEvent::Room).
    #[error("the send queue is full")]
    NoRoom,
}
