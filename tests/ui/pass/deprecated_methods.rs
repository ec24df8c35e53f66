//! Deprecated methods: the stub's is so too, and nothing generated complains of it.
#![deny(warnings)]

use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    #[deprecated(since = "1.0", note = "use split")]
    async fn cut(&self, text: String) -> String {
        text
    }

    #[method]
    #[deprecated]
    fn hack(&self) {}

    #[method]
    #[deprecated = "too loud"]
    fn smash(&self) {}
}

#[interface("com.foo.contract")]
trait Contract {
    #[method]
    #[deprecated]
    async fn cut(&self) {}
}

struct Mine;

impl Contract for Mine {}

#[allow(deprecated)]
async fn calls(query: &QueryClient, contract: &ContractClient) -> pycom::Result<String> {
    contract.cut().await?;
    query.cut("text".into()).await
}

fn main() {
    let _ = calls;
    let offer = pycom::offer::<QueryClient, _>(Query);
    let methods = &offer.description().methods;
    assert_eq!(methods["cut"].deprecated.as_deref(), Some("use split"));
    assert_eq!(methods["hack"].deprecated.as_deref(), Some(""));
    assert_eq!(methods["smash"].deprecated.as_deref(), Some("too loud"));
    let _ = pycom::offer::<ContractClient, _>(ContractServer::new(Mine));
}
