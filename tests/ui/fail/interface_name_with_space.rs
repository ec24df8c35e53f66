use pycom::interface;

struct Query;

#[interface("com.foo bar")]
impl Query {
    #[method]
    async fn create(&self) {}
}

fn main() {}
