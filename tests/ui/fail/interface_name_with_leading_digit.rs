use pycom::interface;

struct Query;

#[interface("com.3d.foo")]
impl Query {
    #[method]
    async fn create(&self) {}
}

fn main() {}
