use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    #[deprecated = "use split"]
    async fn cut(&self) {}
}

#[deny(deprecated)]
async fn calls(query: &QueryClient) -> pycom::Result<()> {
    query.cut().await
}

fn main() {}
