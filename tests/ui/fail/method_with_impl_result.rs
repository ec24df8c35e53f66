use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    fn create(&self) -> impl Future<Output = u8> {
        async { 1 }
    }
    
    #[method]
    async fn list(&self) -> Vec<impl serde::Serialize> {
        vec![1]
    }
}

fn main() {}
