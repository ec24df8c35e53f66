//! What an interface says of itself: at compile time, over the wire, and whether both agree.
//!
//! `cargo run --example introspection`

use pycom::{Client, Context, Result, Server, interface};

struct Query;

/// Splits things.
#[interface("com.foo.example")]
impl Query {
    /// Splits a text in two.
    #[method(results("head", "tail"), idempotent)]
    async fn split(&self, text: String, #[arg(default = 1)] at: usize) -> (String, String) {
        let at = text.char_indices().nth(at).map_or(text.len(), |(place, _)| place);
        (text[..at].to_owned(), text[at..].to_owned())
    }

    /// Cuts a text.
    #[deprecated = "use split"]
    #[method]
    async fn cut(&self, text: String) -> String {
        text
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    println!("at compile time: {:?}", QueryClient::DESCRIPTION.method("split").map(|method| method.results));

    let running = Server::new().offer(Query).bind("tcp://127.0.0.1:0").await?;
    let context = Context::builder().build();
    let query = context.connect(running.address().to_string(), "com.foo.example")?;
    let description = query.introspect().await?;
    let split = &description.methods["split"];
    println!("arguments: {:?}, optional {:?}", split.required_arguments, split.optional_arguments);
    println!("types: {}", split.arguments_schema.clone().unwrap_or_default());
    println!("defaults: {:?}, idempotent: {}", split.defaults, split.idempotent);
    println!("cut is deprecated: {}", description.methods["cut"].deprecated.as_deref().unwrap_or("no"));

    // A stub can ask whether the service offers what it was made for.
    let stub = QueryClient::from_component(query);
    stub.verify().await?;
    println!("the stub fits");
    Ok(())
}
