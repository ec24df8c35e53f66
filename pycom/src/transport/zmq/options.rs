//! Every setting of our sockets, and why it is not libzmq's default.
//!
//! All of them are made before bind or connect: later ones do not reach that endpoint. Left alone on purpose:
//!
//! - heartbeats stay off, because libzmq before 4.2, inside the pyzmq that old Python peers use, never answers a ping;
//! - no identity is set, and router_handover stays off, so that no stranger takes a peer's place;
//! - immediate stays off: with it libzmq throws away, when a connection ends, replies that had arrived but were not yet
//!   read. What it is for, that no call waits in a queue for a peer that is away, the connector sees to itself;
//! - TCP keep-alive sets nothing in the vendored build.

use std::time::Duration;

use crate::transport::{Address, Host, TransportOptions};

/// The settings of a ROUTER that is about to bind.
pub(super) fn listening(socket: &zmq::Socket, address: &Address, options: &TransportOptions) -> zmq::Result<()> {
    both(socket, options)?;
    reaching(socket, address)?;
    // At the default 100, of 400 clients that connect at once the last waits for more than a second.
    socket.set_backlog(integer(options.backlog))?;
    // Otherwise replies to slow or gone peers vanish in silence.
    socket.set_router_mandatory(true)?;
    // What is sent should leave, but a process must be able to end.
    socket.set_linger(millis(options.linger))
}

/// The settings of a DEALER that is about to connect.
pub(super) fn connecting(socket: &zmq::Socket, options: &TransportOptions) -> zmq::Result<()> {
    both(socket, options)?;
    // The default is the system's: minutes.
    socket.set_connect_timeout(millis(options.connect_timeout))?;
    // Never: the connector has its own back-off. libzmq's would deliver to the next peer what was queued for the last.
    socket.set_reconnect_ivl(i32::MAX)?;
    // Who drops a connector waits for no answer any more.
    socket.set_linger(0)
}

fn both(socket: &zmq::Socket, options: &TransportOptions) -> zmq::Result<()> {
    // Unset, a claim of gigabytes is believed.
    socket.set_maxmsgsize(options.max_message_size.try_into().unwrap_or(i64::MAX))?;
    // The default keeps each half-open connection for 30 s.
    socket.set_handshake_ivl(millis(options.handshake_timeout))?;
    // The default 1,000 holds a gigabyte of replies of 1 MiB for a peer that never reads.
    socket.set_sndhwm(integer(options.send_queue))?;
    // The same for what arrives faster than it is taken; beyond it TCP itself slows the peer down.
    socket.set_rcvhwm(integer(options.receive_queue))
}

/// The setting for the next address to bind or to connect to.
pub(super) fn reaching(socket: &zmq::Socket, address: &Address) -> zmq::Result<()> {
    // Off by default; and not always on, because then all interfaces means those of IPv6 as well.
    socket.set_ipv6(matches!(address.host(), Some(Host::Ip(ip)) if ip.is_ipv6()))
}

/// 0 means "never" or "no limit" to libzmq, which nobody here wants.
fn millis(duration: Duration) -> i32 {
    integer(duration.as_millis())
}

fn integer(value: impl TryInto<i32>) -> i32 {
    value.try_into().unwrap_or(i32::MAX).max(1)
}
