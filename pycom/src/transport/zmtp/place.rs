//! Where a listener is bound, and what it leaves behind.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::task::{Context, Poll};

use tokio::net::{TcpListener, TcpSocket, UnixListener};

use super::stream::Stream;
use crate::transport::{Address, Host, unix_path};

/// A bound socket that accepts connections.
#[derive(Debug)]
pub(super) enum Acceptor {
    Tcp(TcpListener),
    Unix {
        /// Goes first: who binds there next must not lose its own.
        _file: Option<File>,
        listener: UnixListener,
    },
}

/// The file of a unix socket, removed with it.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    /// A folder that was made for it.
    folder: Option<PathBuf>,
}

impl Drop for File {
    fn drop(&mut self) {
        // Where it is gone already, somebody else tidied up.
        let _ = std::fs::remove_file(&self.path);
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

impl Acceptor {
    /// Binds at `address`; tells it with the port or the path that the system chose.
    pub(super) fn bind(address: &Address, backlog: u32) -> io::Result<(Self, Address)> {
        match address.path() {
            None => bind_tcp(address, backlog),
            Some("*") => bind_somewhere(),
            Some(path) => Ok((bind_unix(path, None)?, address.clone())),
        }
    }

    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        match self {
            Acceptor::Tcp(listener) => {
                listener.poll_accept(cx).map(|accepted| accepted.and_then(|(stream, _)| Stream::tcp(stream)))
            }
            Acceptor::Unix { listener, .. } => {
                listener.poll_accept(cx).map(|accepted| accepted.map(|(stream, _)| Stream::Unix(stream)))
            }
        }
    }
}

fn bind_tcp(address: &Address, backlog: u32) -> io::Result<(Acceptor, Address)> {
    let place = match (address.host(), address.port()) {
        (Some(Host::Name(name)), Some(port)) if name.eq_ignore_ascii_case("localhost") => {
            SocketAddr::from((Ipv4Addr::LOCALHOST, port))
        }
        // Names of interfaces are libzmq's; one with a link-local address tells why anyway.
        _ => socket_address(address).ok_or_else(|| io::Error::from_raw_os_error(libc::ENODEV))?,
    };
    let socket = if place.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A service that comes back takes its port though former connections are still closing.
    socket.set_reuseaddr(true)?;
    socket.bind(place)?;
    let listener = socket.listen(backlog)?;
    let bound = listener.local_addr()?;
    Ok((Acceptor::Tcp(listener), Address::tcp(Host::Ip(bound.ip()), bound.port())))
}

fn bind_unix(path: &str, folder: Option<PathBuf>) -> io::Result<Acceptor> {
    unix_path::check_free(path)?;
    let is_file = !path.starts_with('@');
    if is_file {
        // What a former socket left: binding would take it for one in use.
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let listener = UnixListener::bind(self::path(path))?;
    Ok(Acceptor::Unix { _file: is_file.then(|| File { path: path.into(), folder }), listener })
}

/// Binds in a new folder that only this user may enter.
fn bind_somewhere() -> io::Result<(Acceptor, Address)> {
    let folder = std::env::temp_dir().join(format!("pycom-{:016x}", crate::random::bits64()));
    std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
    let path = folder.join("socket").to_string_lossy().into_owned();
    let address = format!("ipc://{path}").parse().map_err(io::Error::other)?;
    Ok((bind_unix(&path, Some(folder))?, address))
}

/// The system's form of an address with a port, where its host is no name.
pub(super) fn socket_address(address: &Address) -> Option<SocketAddr> {
    match (address.host()?, address.port()?) {
        (Host::Ip(ip), port) => Some(SocketAddr::new(*ip, port)),
        (Host::Name(name), port) => Some(SocketAddr::new(name.parse::<IpAddr>().ok()?, port)),
    }
}

/// The system's form of a path: an abstract one, written with `@`, begins with a zero byte.
pub(super) fn path(path: &str) -> PathBuf {
    match path.strip_prefix('@') {
        Some(name) => PathBuf::from(format!("\0{name}")),
        None => Path::new(path).to_owned(),
    }
}
