use pycom::interface;

struct Query;

#[interface("com.foo.example", statefull, colour = "red", name = "x")]
impl Query {
    #[method]
    async fn create(&self) {}
}

fn main() {}
