//! A stateful interface, and its session by value and by reference.
#![deny(warnings)]

use pycom::{Result, Session, interface};

struct Counter;

#[interface("com.foo.counter", stateful)]
impl Counter {
    #[method]
    async fn next(&self, session: Session) -> Result<u32> {
        session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
    }

    #[method]
    fn end(&self, session: &Session, force: bool) {
        if force {
            session.discard();
        }
    }
}

async fn calls(counter: &CounterClient) -> Result<u32> {
    counter.end(false).await?;
    counter.next().await
}

fn main() {
    let _ = calls;
    assert!(<CounterClient as pycom::Client>::DESCRIPTION.stateful);
}
