use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method(attachments(in = "blob", "blob", outgoing = blob))]
    async fn read(&self) {}
}

fn main() {}
