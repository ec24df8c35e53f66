//! A service whose calls end when the test says so; see `tests::door`.

use std::time::Duration;

use pycom::{Launcher, Limits};
use tests::door::Doorman;

#[tokio::main]
async fn main() -> pycom::Result<()> {
    let mut launcher = Launcher::new().flag("drain", "MS", "How long calls may go on after a signal");
    let drain = launcher.value("drain").and_then(|text| text.parse().ok()).map(Duration::from_millis);
    let limits = Limits { drain: drain.unwrap_or(Limits::default().drain), ..Limits::default() };
    launcher.server(move |server| server.limits(limits)).launch(Doorman).await
}
