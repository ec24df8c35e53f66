use pycom::interface;

struct Query;

#[interface("com.foo.example", client = true)]
impl Query {
    #[method]
    async fn create(&self) {}
}

fn main() {}
