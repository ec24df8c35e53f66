//! Which address others are told to use.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use crate::error::{Error, Result};
use crate::transport::{Address, Advertise, Host};

/// The address to register: what `--advertise` says, else where the socket is bound, with a host
/// that others reach in place of "all interfaces".
///
/// # Errors
///
/// Where what was said makes no address to connect to.
pub(super) fn address(bound: &Address, advertise: Option<&str>, nameserver: Option<&Address>) -> Result<Address> {
    let said = advertise.map(str::parse::<Advertise>).transpose()?;
    if said.is_none()
        && bound.check_connectable().is_err()
        && let Some(port) = bound.port()
    {
        return Ok(Address::tcp(Host::Ip(own_host(nameserver)), port));
    }
    let address = bound.advertised(said.as_ref())?;
    address.check_connectable().map_err(Error::from)?;
    Ok(address)
}

/// The address of this machine on the way to the nameserver: the one that others on that network
/// reach it by. Nothing is sent to find it.
fn own_host(nameserver: Option<&Address>) -> IpAddr {
    let towards = |target: &Address| -> std::io::Result<IpAddr> {
        let host = target.host().map(Host::to_string).unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let socket = UdpSocket::bind(("0.0.0.0", 0)).or_else(|_| UdpSocket::bind(("::", 0)))?;
        socket.connect((host.as_str(), target.port().unwrap_or(1)))?;
        Ok(socket.local_addr()?.ip())
    };
    nameserver.and_then(|target| towards(target).ok()).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}
