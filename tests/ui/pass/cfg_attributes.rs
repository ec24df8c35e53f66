//! `cfg`s on methods and on the block.
#![deny(warnings)]

use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    fn create(&self) {}

    #[cfg(any())]
    #[method(hooks(missing::hook))]
    fn never(&self, thing: missing::Type) -> missing::Type {
        thing
    }

    #[cfg(all())]
    #[method("split")]
    fn split_here(&self) -> u8 {
        1
    }

    #[cfg(not(all()))]
    #[method("split")]
    fn split_there(&self) -> missing::Type {
        missing::Type
    }
}

#[interface("com.foo.never")]
#[cfg(any())]
impl Missing {
    #[method]
    fn create(&self) {}
}

#[interface("com.foo.contract")]
trait Contract {
    #[cfg(any())]
    #[method]
    async fn never(&self) -> missing::Type;

    #[method]
    #[cfg(all())]
    async fn go(&self);
}

struct Mine;

impl Contract for Mine {
    async fn go(&self) {}
}

async fn calls(query: &QueryClient, contract: &ContractClient) -> pycom::Result<u8> {
    contract.go().await?;
    query.split_here().await
}

fn main() {
    let _ = calls;
    let offer = pycom::offer::<QueryClient, _>(Query);
    let names: Vec<_> = offer.description().methods.keys().collect();
    assert_eq!(names, ["__introspect__", "create", "introspect", "split"]);
    let _ = pycom::offer::<ContractClient, _>(ContractServer::new(Mine));
}
