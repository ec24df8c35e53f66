//! Renamed and left out halves of traits, supertraits that are there already.
#![deny(warnings)]

use pycom::interface;

#[interface("com.foo.a", client = "AStub", server = "AService")]
trait A: Send + Sync {
    #[method]
    async fn go(&self);
}

#[interface("com.foo.b", client = false)]
trait B: std::marker::Send + 'static {
    type Thing: serde::Serialize;

    #[method]
    async fn go(&self) -> Self::Thing;
}

#[interface("com.foo.c", server = false)]
trait C {
    #[method]
    #[allow(dead_code)]
    async fn go(&self);
}

struct Mine;

impl A for Mine {
    async fn go(&self) {}
}

impl B for Mine {
    type Thing = u8;

    async fn go(&self) -> u8 {
        1
    }
}

async fn calls(a: &AStub, c: &CClient) -> pycom::Result<()> {
    a.go().await?;
    c.go().await
}

fn main() {
    let _ = calls;
    let offers = [pycom::offer::<AStub, _>(AService::new(Mine)), pycom::offer::<(), _>(BServer::new(Mine))];
    assert_eq!(offers[1].description().name, "com.foo.b");
}
