use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method("create")]
    #[method(idempotent)]
    async fn create(&self) {}
}

fn main() {}
