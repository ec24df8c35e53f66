use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn length(&self, blob: pycom::Attachment) -> usize {
        usize::from(blob.size().is_some())
    }
}

fn main() {}
