use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use super::error::excerpt;
use super::{Address, AddressError, Advertise, Host, Inner};

const MAX_LENGTH: usize = 255;

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        check_text(text)?;
        let inner = match text.split_once("://") {
            None => tcp(text, text)?,
            Some(("tcp", rest)) => tcp(text, rest)?,
            Some(("ipc" | "inproc", "")) => return Err(AddressError::Empty(excerpt(text))),
            Some(("ipc", path)) => Inner::Ipc(path.into()),
            Some(("inproc", name)) => Inner::Inproc(name.into()),
            Some(_) => return Err(AddressError::UnknownScheme(excerpt(text))),
        };
        Ok(Self(inner))
    }
}

impl FromStr for Advertise {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        check_text(text)?;
        if let Some(host) = text.parse().ok().map(Host::Ip).or_else(|| host(text)) {
            return Ok(Self::Host(host));
        }
        text.parse().map(Self::Address)
    }
}

fn check_text(text: &str) -> Result<(), AddressError> {
    if text.len() > MAX_LENGTH {
        return Err(AddressError::TooLong(excerpt(text)));
    }
    if text.chars().any(|character| character.is_control() || character.is_whitespace()) {
        return Err(AddressError::BadCharacter(excerpt(text)));
    }
    Ok(())
}

fn tcp(text: &str, rest: &str) -> Result<Inner, AddressError> {
    let no_port = || AddressError::BadPort(excerpt(text));
    // The colons of an IPv6 address are within brackets, so that the last one outside is the port's.
    let (before, after) = match rest.rsplit_once(':') {
        Some((before, after)) if !after.contains(']') => (before, after),
        _ => return Err(no_port()),
    };
    let host = host(before).ok_or_else(|| AddressError::BadHost(excerpt(text)))?;
    let port = match after {
        "*" => 0,
        // `u16` alone would take "+80".
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().map_err(|_| no_port())?,
        _ => return Err(no_port()),
    };
    Ok(Inner::Tcp { host, port })
}

/// A host as it stands before a port, IPv6 in brackets.
fn host(text: &str) -> Option<Host> {
    if text == "*" {
        return Some(Host::Ip(Ipv4Addr::UNSPECIFIED.into()));
    }
    if let Some(inside) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return inside.parse::<Ipv6Addr>().ok().map(|ip| Host::Ip(IpAddr::V6(ip)));
    }
    if let Ok(ip) = text.parse::<Ipv4Addr>() {
        return Some(Host::Ip(IpAddr::V4(ip)));
    }
    is_host_name(text).then(|| Host::Name(Arc::from(text)))
}

/// A name as in DNS (or of an interface), never one that a resolver takes for a number: `0` and `127.1` are IPv4
/// addresses to some, and would pass by the checks for wildcards.
fn is_host_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let labels = text.strip_suffix('.').unwrap_or(text);
    let last = labels.rsplit('.').next().unwrap_or_default();
    let number = last.bytes().all(|byte| byte.is_ascii_digit())
        || last.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("0x"));
    !number && labels.split('.').all(|label| !label.is_empty() && label.bytes().all(allowed))
}
