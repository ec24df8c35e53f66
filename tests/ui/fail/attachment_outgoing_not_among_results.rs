use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method(results("name", "data"), attachments(outgoing = "blob"))]
    async fn read(&self) -> (String, Vec<u8>) {
        (String::new(), Vec::new())
    }
}

fn main() {}
