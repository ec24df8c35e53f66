use pycom::interface;

struct Query;

#[interface("example")]
impl Query {
    #[method]
    async fn create(&self) {}
}

fn main() {}
