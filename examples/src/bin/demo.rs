//! The demo service: answers with what it was given, or fails with it.
//!
//! ```text
//! cargo run -p examples --bin demo -- -a tcp://127.0.0.1:2013 -s /org/pycom/demo -n tcp://127.0.0.1:2012
//! ```

#[tokio::main]
async fn main() -> pycom::Result<()> {
    pycom::Launcher::new()
        .about("A service that echoes and throws")
        .default_service("/org/pycom/demo")
        .launch(examples::Demo)
        .await
}
