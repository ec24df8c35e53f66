//! A service whose calls end when the test says so; see `tests::door`.

use tests::door::Doorman;

#[tokio::main]
async fn main() -> pycom::Result<()> {
    pycom::launch(Doorman).await
}
