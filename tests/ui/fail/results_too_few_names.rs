use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method(results("head", "tail"))]
    async fn split(&self) -> (String, String, usize) {
        (String::new(), String::new(), 0)
    }
}

fn main() {}
