use pycom::interface;

struct Query;

#[interface("com.foo.example", client = "Query Client", server = 3)]
impl Query {
    #[method]
    async fn create(&self) {}
}

fn main() {}
