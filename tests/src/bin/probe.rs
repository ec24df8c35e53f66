//! The probe: a service with one method for each thing a peer may meet, under the interfaces and names of
//! `originals/probe_service.py`, and the demo beside it.
//!
//! ```text
//! cargo run -p tests --bin probe -- -a tcp://127.0.0.1:2013 -s /com/foo/probe -n tcp://127.0.0.1:2012
//! ```

use std::time::Duration;

use pycom::Launcher;
use tests::probe;

#[tokio::main]
async fn main() -> pycom::Result<()> {
    let mut launcher = Launcher::new().about("A service with one method for each thing a peer may meet").flag(
        "renewal",
        "MILLISECONDS",
        "How often it says to its nameserver that it is still there",
    );
    let renewal = launcher.value("renewal").and_then(|text| text.parse().ok()).map(Duration::from_millis);
    launcher
        .server(move |server| match renewal {
            Some(renewal) => server.renewal(renewal),
            None => server,
        })
        .launch(probe::all())
        .await
}
