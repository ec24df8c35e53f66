use pycom::interface;

struct Query;

#[interface("com.foo.example", stateful, stateful)]
impl Query {
    #[method]
    async fn create(&self) {}
}

fn main() {}
