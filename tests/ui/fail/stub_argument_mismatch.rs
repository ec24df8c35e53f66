use pycom::interface;

struct Query;

#[interface("com.foo.example")]
impl Query {
    #[method]
    async fn split(&self, text: String, at: Option<usize>) -> Vec<String> {
        let _ = at;
        vec![text]
    }
}

async fn calls(query: &QueryClient) -> pycom::Result<Vec<String>> {
    query.split("text", 2).await
}

fn main() {}
