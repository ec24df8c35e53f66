//! The nameserver as a program.

use pycom::{Launcher, Result};
use pycom_nameserver::{ADDRESS, Nameserver, SERVICE};

#[tokio::main]
async fn main() -> Result<()> {
    Launcher::new()
        .about("The nameserver of PyCOM: knows which services there are, and where")
        .default_address(ADDRESS)
        .default_service(SERVICE)
        .server(|server| server.limits(pycom_nameserver::limits()))
        .launch(Nameserver::alone())
        .await
}
