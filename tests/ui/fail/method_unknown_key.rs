use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method("create", reults("a"))]
    async fn create(&self) -> u8 {
        1
    }
    
    #[method(name = "take", colour)]
    async fn remove(&self) {}
}

fn main() {}
