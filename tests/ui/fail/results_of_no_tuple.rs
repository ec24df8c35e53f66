use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method(results("head", "tail"))]
    async fn split(&self) -> Vec<String> {
        Vec::new()
    }
    
    #[method(results("a", "b"))]
    async fn nothing(&self) {}
}

fn main() {}
