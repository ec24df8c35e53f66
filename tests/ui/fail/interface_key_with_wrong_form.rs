use pycom::interface;

struct Query;

#[interface("com.foo.example", stateful = true, client, hooks = log)]
impl Query {
    #[method]
    async fn create(&self) {}
}

fn main() {}
