use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method(attachments(incoming = "blob"))]
    async fn length(&self, size: usize) -> usize {
        size
    }
}

fn main() {}
