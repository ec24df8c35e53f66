mod error;
mod parse;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::error::AddressError;
use self::error::excerpt;

/// Where a service listens: `tcp://host:port` (or just `host:port`), `ipc://path` or `inproc://name`.
///
/// For listening, port `0` or `*` (and `ipc://*`) lets the system choose, and host `*` or `0.0.0.0` means all interfaces.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(Inner);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Inner {
    Tcp { host: Host, port: u16 },
    Ipc(Arc<str>),
    Inproc(Arc<str>),
}

/// The host of a TCP address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// An IP address; the unspecified one stands for all interfaces.
    Ip(IpAddr),
    /// A name to be resolved, or for listening that of an interface.
    Name(Arc<str>),
}

/// How an address is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Over the network.
    Tcp,
    /// Through a unix socket.
    Ipc,
    /// Within the process.
    Inproc,
}

/// What a service tells others about its address: a host, `host:port`, or a whole address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advertise {
    /// This host, and the port that is listened at.
    Host(Host),
    /// Exactly this address, except that port 0 stands for the port that is listened at.
    Address(Address),
}

impl Address {
    /// How the address is reached.
    pub fn scheme(&self) -> Scheme {
        match self.0 {
            Inner::Tcp { .. } => Scheme::Tcp,
            Inner::Ipc(_) => Scheme::Ipc,
            Inner::Inproc(_) => Scheme::Inproc,
        }
    }

    /// The host of a TCP address.
    pub fn host(&self) -> Option<&Host> {
        match &self.0 {
            Inner::Tcp { host, .. } => Some(host),
            _ => None,
        }
    }

    /// The port of a TCP address; 0 lets the system choose.
    pub fn port(&self) -> Option<u16> {
        match self.0 {
            Inner::Tcp { port, .. } => Some(port),
            _ => None,
        }
    }

    /// The path of an `ipc://` address.
    pub(super) fn path(&self) -> Option<&str> {
        match &self.0 {
            Inner::Ipc(path) => Some(path),
            _ => None,
        }
    }

    /// Whether the system is to choose the port or the path.
    pub fn is_chosen_by_system(&self) -> bool {
        match &self.0 {
            Inner::Tcp { port, .. } => *port == 0,
            Inner::Ipc(path) => &**path == "*",
            Inner::Inproc(_) => false,
        }
    }

    /// Refuses what nobody can connect to: a port left open, all interfaces, a multicast group.
    pub fn check_connectable(&self) -> Result<(), AddressError> {
        let fail = |error: fn(String) -> AddressError| Err(error(excerpt(&self.to_string())));
        if let Some(Host::Ip(ip)) = self.host() {
            // An IPv4 address in IPv6 clothes is judged as what it is.
            let ip = ip.to_canonical();
            if ip.is_unspecified() {
                return fail(AddressError::Wildcard);
            }
            if ip.is_multicast() || matches!(ip, IpAddr::V4(ip) if ip.is_broadcast()) {
                return fail(AddressError::Multicast);
            }
        }
        if self.is_chosen_by_system() {
            return fail(AddressError::NotChosen);
        }
        Ok(())
    }

    /// Refuses what no registry should send its clients to: what is not connectable, or not from another process.
    pub fn check_registrable(&self, allow_ipc: bool) -> Result<(), AddressError> {
        match self.scheme() {
            Scheme::Tcp => {}
            Scheme::Ipc if allow_ipc => {}
            Scheme::Ipc => return Err(AddressError::LocalToMachine(excerpt(&self.to_string()))),
            Scheme::Inproc => return Err(AddressError::LocalToProcess(excerpt(&self.to_string()))),
        }
        self.check_connectable()
    }

    /// The address to tell others, of a listener that has this one; refused if others could not connect to it.
    pub fn advertised(&self, advertise: Option<&Advertise>) -> Result<Self, AddressError> {
        let address = match (advertise, self.port()) {
            (None, _) => self.clone(),
            (Some(Advertise::Address(address)), bound) => match (address.host(), bound) {
                (Some(host), Some(port)) if address.port() == Some(0) => Self::tcp(host.clone(), port),
                _ => address.clone(),
            },
            (Some(Advertise::Host(host)), port) => Self::tcp(host.clone(), port.unwrap_or(0)),
        };
        address.check_connectable()?;
        Ok(address)
    }

    /// A TCP address of its parts.
    pub fn tcp(host: Host, port: u16) -> Self {
        Self(Inner::Tcp { host, port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Inner::Ipc(path) => write!(f, "ipc://{path}"),
            Inner::Inproc(name) => write!(f, "inproc://{name}"),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V4(ip)) => write!(f, "{ip}"),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}
