use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(self) {}
    
    #[method]
    async fn remove(self: std::sync::Arc<Self>) {}
}

fn main() {}
