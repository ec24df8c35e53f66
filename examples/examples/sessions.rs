//! A stateful interface: what it remembers of each caller.
//!
//! `cargo run --example sessions`

use std::time::Duration;

use pycom::{Result, Server, Session, SessionLimits, interface};

struct Counter;

/// Counts the calls of each caller.
#[interface("com.foo.counter", stateful)]
impl Counter {
    /// The next number: as one step, however many calls of one caller run at once.
    #[method]
    async fn next(&self, session: Session) -> Result<u64> {
        session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)
    }

    /// Starts anew.
    #[method]
    async fn forget(&self, session: Session) {
        session.discard();
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let limits = SessionLimits { expiry: Duration::from_secs(600), count: 100, ..SessionLimits::default() };
    let service = pycom::testing::serve_with(Server::new().offer(Counter).sessions(limits)).await?;
    let component = service.component("com.foo.counter");

    println!("{}", component.invoke("next", ()).await?);
    println!("{} (a clone shares the session)", component.clone().invoke("next", ()).await?);
    println!("{} (a fresh session)", component.fresh_session().invoke("next", ()).await?);

    component.invoke("forget", ()).await?;
    if let Err(error) = component.invoke("next", ()).await {
        println!("code {}: the session is gone", error.code().unwrap_or_default());
    }
    println!("{} (a new one has begun)", component.invoke("next", ()).await?);
    Ok(())
}
