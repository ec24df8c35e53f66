//! The nameserver as a program.

use pycom::{Launcher, Result};

#[tokio::main]
async fn main() -> Result<()> {
    pycom_nameserver::launch(Launcher::new()).await
}
