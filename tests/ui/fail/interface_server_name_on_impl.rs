use pycom::interface;

struct Query;

#[interface("com.foo.example", server = "QueryServer")]
impl Query {
    #[method]
    async fn create(&self) {}
}

fn main() {}
