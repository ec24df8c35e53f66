use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method(hooks())]
    async fn create(&self) {}
}

fn main() {}
