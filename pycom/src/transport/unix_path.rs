//! Paths of unix sockets: what to look for before one is bound.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

/// An address in use, unless nothing lies at `path` but what a former socket left: whoever binds removes that.
///
/// A path that begins with `@` is abstract and no file.
pub(super) fn check_free(path: &str) -> io::Result<()> {
    if path.starts_with('@') {
        return Ok(());
    }
    let path = Path::new(path);
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
