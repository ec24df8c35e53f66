use pycom::method;

struct Query;

impl Query {
    #[method]
    async fn create(&self) {}
}

fn main() {}
