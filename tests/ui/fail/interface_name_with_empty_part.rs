use pycom::interface;

struct Query;

#[interface("com..foo")]
impl Query {
    #[method]
    async fn create(&self) {}
}

fn main() {}
