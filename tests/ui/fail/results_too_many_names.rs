use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method(results("head", "tail", "at"))]
    async fn split(&self) -> pycom::Result<(String, String)> {
        Ok((String::new(), String::new()))
    }
}

fn main() {}
