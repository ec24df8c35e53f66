use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method(attachments(outgoing = "blob"))]
    async fn read(&self) -> Vec<u8> {
        Vec::new()
    }
}

fn main() {}
