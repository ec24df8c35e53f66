use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self) {}
    
    #[method("create")]
    async fn create_again(&self) {}
}

fn main() {}
