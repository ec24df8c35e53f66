//! The futures of stubs and of contracts can be sent to other threads.
#![deny(warnings)]

use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self, text: &str, list: Vec<String>) -> pycom::Result<String> {
        let _ = list;
        Ok(text.to_owned())
    }

    #[method]
    async fn any(&self, request: pycom::Request) -> pycom::Json {
        request.args_json().clone()
    }
}

#[interface("com.foo.contract")]
trait Contract {
    #[method]
    async fn create(&self);
}

fn sends<T: Send>(_: T) {}

fn check<C: Contract>(query: &QueryClient, contract: &C) {
    sends(query.create("text", vec![]));
    sends(query.any(1));
    sends(contract.create());
    fn is<T: Send + Sync + Clone + std::fmt::Debug + 'static>() {}
    is::<QueryClient>();
    is::<ContractClient>();
}

struct Mine;

impl Contract for Mine {
    async fn create(&self) {}
}

fn main() {
    let _ = check::<Mine>;
    let _ = pycom::offer::<QueryClient, _>(Query);
    let _ = pycom::offer::<ContractClient, _>(ContractServer::new(Mine));
}
