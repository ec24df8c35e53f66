//! Tests of a service, and of code that calls one: no sockets, no ports.
//!
//! `cargo run --example testing`

use pycom::testing::{Fake, serve};
use pycom::{Component, Error, Result, interface};
use serde_json::json;

struct Query;

#[interface("com.foo.example")]
impl Query {
    /// Doubles a number.
    #[method]
    async fn double(&self, n: u32) -> u32 {
        2 * n
    }
}

/// Code under test: it calls a component.
async fn twice(query: &Component, n: u32) -> Result<u32> {
    let once: u32 = query.invoke_as("double", json!({ "n": n })).await?;
    query.invoke_as("double", json!({ "n": once })).await
}

#[tokio::main]
async fn main() -> Result<()> {
    // The service itself, in memory.
    let service = serve(Query).await?;
    assert_eq!(service.client::<QueryClient>().double(21).await?, 42);

    // Code that calls it, against a fake that answers as told and remembers.
    let (fake, calls) = Fake::new("com.foo.example").answer("double", 7).start().await?;
    assert_eq!(twice(&fake, 1).await?, 7);
    assert_eq!(calls.of("double")[1].args::<serde_json::Value>()?, json!({ "n": 7 }));

    let (fake, _calls) = Fake::new("com.foo.example").fail("double", Error::overloaded("busy")).start().await?;
    assert!(matches!(twice(&fake, 1).await, Err(Error::Overloaded(_))));
    println!("all as expected");
    Ok(())
}
