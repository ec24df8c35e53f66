//! ZMTP 3, the protocol of libzmq's sockets, spoken directly on tokio's: ROUTER and DEALER, without authentication.
//!
//! The owner of a socket reads and writes it itself: no thread lies between, and a batch of messages is one system call.
//! libzmq is met on the other side in any mixture (zeromq's RFC 23 and 37 are the protocol).
//!
//! | file | owns |
//! | --- | --- |
//! | `codec` | frames from bytes; pure |
//! | `handshake` | the greeting and the READY command; pure |
//! | `outbox` | bytes that wait to be written; pure |
//! | `stream` | a TCP or unix connection, made or accepted |
//! | `link` | one connection: stream, handshake, codec, outbox |
//! | `ready` | which of many links have something to do |
//! | `place` | where a listener is bound |
//! | `listener`, `connector` | the two ends |

mod codec;
mod connector;
mod handshake;
mod link;
mod listener;
mod outbox;
mod place;
mod ready;
mod stream;
#[cfg(test)]
mod tests;

pub(super) use self::connector::ZmtpConnector;
pub(super) use self::listener::ZmtpListener;
