//! Binding at an address: what libzmq does not check, and its errors in our words.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use super::failed_at;
use crate::transport::{Address, Host, TransportError, unix_path};

/// Binds `socket`, and tells the address with the port that the system chose.
pub(super) fn bind(socket: &mut zmq::Socket, address: &Address) -> Result<Address, TransportError> {
    let path_is_free = || match address.path() {
        Some(path) if path != "*" => unix_path::check_free(path),
        _ => Ok(()),
    };
    path_is_free()
        .and_then(|()| zmq_bind(socket, &address_to_bind(address)))
        .map_err(|source| TransportError::binding(address, source))?;
    match socket.get_last_endpoint() {
        Ok(Ok(endpoint)) if address.host().is_some() || address.is_chosen_by_system() => Ok(endpoint.parse()?),
        Ok(_) => Ok(address.clone()),
        Err(error) => Err(failed_at(address)(super::io_error(error))),
    }
}

/// libzmq resolves no names to bind to, and this one everybody writes.
fn address_to_bind(address: &Address) -> Address {
    match (address.host(), address.port()) {
        (Some(Host::Name(name)), Some(port)) if name.eq_ignore_ascii_case("localhost") => {
            Address::tcp(Host::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST)), port)
        }
        _ => address.clone(),
    }
}

/// Binds without the zmq crate, which panics on error numbers that it does not know, such as those of a path.
fn zmq_bind(socket: &mut zmq::Socket, address: &Address) -> io::Result<()> {
    let endpoint = std::ffi::CString::new(address.to_string())?;
    // SAFETY: the socket is alive and not shared, the text ends with a zero, and libzmq copies it.
    let result = unsafe { zmq_sys::zmq_bind(socket.as_mut_ptr(), endpoint.as_ptr()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
