use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn create(&self) {}
    
    async fn split(&self, #[arg("x")] text: String) {
        let _ = text;
    }
}

fn main() {}
