use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn next(&self, session: pycom::Session) -> pycom::Result<u32> {
        session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
    }
}

fn main() {}
