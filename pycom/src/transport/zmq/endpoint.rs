//! Binding at an address: what libzmq does not check, and its errors in our words.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use super::failed_at;
use crate::transport::{Address, Host, TransportError};

/// Binds `socket`, and tells the address with the port that the system chose.
pub(super) fn bind(socket: &mut zmq::Socket, address: &Address) -> Result<Address, TransportError> {
    check_path(address).and_then(|()| zmq_bind(socket, &address_to_bind(address))).map_err(|source| {
        let address = address.clone();
        match source.raw_os_error() {
            Some(libc::EADDRINUSE) => TransportError::AddressInUse { address },
            // ENODEV: libzmq takes a name to bind to for that of a network interface.
            Some(libc::EADDRNOTAVAIL | libc::ENODEV) => TransportError::AddressNotAvailable { address },
            Some(libc::EACCES | libc::EPERM) => TransportError::PermissionDenied { address },
            _ => TransportError::Other { address, source },
        }
    })?;
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

/// libzmq removes whatever lies at the path, be it another service's socket or a user's file.
fn check_path(address: &Address) -> io::Result<()> {
    let path = match address.path() {
        // One for the system to choose, or an abstract one that is no file.
        None | Some("*") => return Ok(()),
        Some(path) if path.starts_with('@') => return Ok(()),
        Some(path) => Path::new(path),
    };
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(io::Error::from_raw_os_error(libc::EADDRINUSE));
        }
        Ok(_) => {}
    }
    // Never waits, as a connect of the right type would when the backlog is full: the type is wrong if somebody listens.
    match UnixDatagram::unbound()?.connect(path) {
        Err(error) if error.raw_os_error() == Some(libc::ECONNREFUSED) => Ok(()),
        Err(error) if error.raw_os_error() != Some(libc::EPROTOTYPE) => Err(error),
        _ => Err(io::Error::from_raw_os_error(libc::EADDRINUSE)),
    }
}

/// Binds without the zmq crate, which panics on error numbers that it does not know, such as those of a path.
fn zmq_bind(socket: &mut zmq::Socket, address: &Address) -> io::Result<()> {
    let endpoint = std::ffi::CString::new(address.to_string())?;
    // SAFETY: the socket is alive and not shared, the text ends with a zero, and libzmq copies it.
    let result = unsafe { zmq_sys::zmq_bind(socket.as_mut_ptr(), endpoint.as_ptr()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
