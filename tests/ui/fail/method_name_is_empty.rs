use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method("")]
    async fn create(&self) {}
}

fn main() {}
