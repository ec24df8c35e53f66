use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method(attachments(incoming = "blob"))]
    async fn length(&self, blob: Vec<u8>) -> usize {
        blob.len()
    }
}

fn main() {}
