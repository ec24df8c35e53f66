use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method(results())]
    async fn split(&self) {}
}

fn main() {}
