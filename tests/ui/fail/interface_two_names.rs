use pycom::interface;

struct Query;

#[interface("com.foo.example", "com.foo.other")]
impl Query {
    #[method]
    async fn create(&self) {}
}

fn main() {}
