//! Limits of single methods, as they stand in the description.

use pycom::{Client, interface};

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method(limit = 8, queue = 0)]
    async fn few(&self) {}

    #[method(limit = 1)]
    fn one(&self) {}

    #[method]
    async fn any(&self) {}
}

fn main() {
    let limits = |name: &str| {
        let method = QueryClient::DESCRIPTION.method(name).unwrap();
        (method.limit, method.queue)
    };
    assert_eq!(limits("few"), (Some(8), Some(0)));
    assert_eq!(limits("one"), (Some(1), None));
    assert_eq!(limits("any"), (None, None));
}
