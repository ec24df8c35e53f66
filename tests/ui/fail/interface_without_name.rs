use pycom::interface;

struct Query;

#[interface]
impl Query {
    #[method]
    async fn create(&self) {}
}

fn main() {}
