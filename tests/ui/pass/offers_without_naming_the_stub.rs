//! Where a type has one interface, `offer` needs no help.
#![deny(warnings)]

use pycom::{Client, interface};

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    fn create(&self) {}
}

#[interface("com.foo.contract")]
trait Contract {
    #[method]
    async fn create(&self);
}

impl Contract for Query {
    async fn create(&self) {}
}

fn main() {
    let offers = [pycom::offer(Query), pycom::offer(ContractServer::new(Query))];
    assert_eq!(offers[0].description().name, QueryClient::DESCRIPTION.name);
    assert_eq!(offers[1].description().name, ContractClient::DESCRIPTION.name);
}
