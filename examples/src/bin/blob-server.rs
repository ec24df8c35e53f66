//! Keeps files of any size in a folder.
//!
//! ```text
//! cargo run -p examples --bin blob-server -- -a tcp://127.0.0.1:2014 -n tcp://127.0.0.1:2012 --dir DIR
//! ```

use std::path::PathBuf;

use examples::{Blobs, BlobsClient};
use pycom::{Launcher, Result, TransferLimits, offer};

#[tokio::main]
async fn main() -> Result<()> {
    let mut launcher = Launcher::new().about("Keeps files of any size").default_service("/com/foo/blobs").flag(
        "dir",
        "DIR",
        "Where the files are; blobs if not given",
    );
    let folder = PathBuf::from(launcher.value("dir").unwrap_or_else(|| "blobs".into()));
    if let Err(error) = std::fs::create_dir_all(&folder) {
        eprintln!("error: cannot make {}: {error}", folder.display());
        std::process::exit(2);
    }
    // What has arrived of a file outlives this process: sending it again goes on there.
    let limits = TransferLimits { spool: Some(Blobs::spool(&folder)), ..TransferLimits::default() };
    launcher.server(|server| server.transfers(limits)).launch(offer::<BlobsClient, _>(Blobs::new(folder))).await
}
