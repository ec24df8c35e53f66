//! The nameserver as a program.

use pycom::{Launcher, Limits, Result};
use pycom_nameserver::{ADDRESS, Nameserver, SERVICE};

/// Nothing that a nameserver is told is longer.
const MESSAGE_SIZE: usize = 1024 * 1024;

#[tokio::main]
async fn main() -> Result<()> {
    Launcher::new()
        .about("The nameserver of PyCOM: knows which services there are, and where")
        .default_address(ADDRESS)
        .default_service(SERVICE)
        .server(|server| server.limits(Limits { message_size: MESSAGE_SIZE, ..Limits::default() }))
        .launch(Nameserver::new())
        .await
}
