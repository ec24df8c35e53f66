//! A nameserver, a service and a client in one program: the whole way of a call.
//!
//! `cargo run --example quickstart`

use pycom::{Context, Request, Result, Server, interface};
use pycom_nameserver::{Nameserver, SERVICE};
use serde_json::{Value, json};

struct Query;

/// Creates and splits things.
#[interface("com.foo.example")]
impl Query {
    /// Creates a thing.
    #[method("create")]
    async fn create(&self, request: Request) -> Result<Value> {
        Ok(json!({ "field1": request.args::<Value>()? }))
    }

    /// Splits a text in two: in the middle, unless told where.
    #[method(results("head", "tail"))]
    async fn split(&self, text: String, at: Option<usize>) -> Result<(String, String)> {
        let letters: Vec<char> = text.chars().collect();
        let (head, tail) = letters.split_at(at.unwrap_or(letters.len() / 2).min(letters.len()));
        Ok((head.iter().collect(), tail.iter().collect()))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    // A nameserver and a service, each on a free port of the loopback.
    let nameserver = Server::new().offer(Nameserver::new()).service(SERVICE).bind("tcp://127.0.0.1:0").await?;
    let nameserver_address = nameserver.address().to_string();
    let service = Server::new().offer(Query).service("/com/foo/svc").nameserver(&nameserver_address);
    let service = service.bind("tcp://127.0.0.1:0").await?;

    // A client that knows the nameserver only.
    let context = Context::new(&nameserver_address)?;
    let query = context.locate("com.foo.example").await?;
    println!("located: com.foo.example at {}", query.address());

    // Untyped: names and JSON.
    println!("untyped: {}", query.invoke("create", 42).await?);

    // Typed: the stub that the macro has made of the same impl block.
    let stub = QueryClient::locate(&context).await?;
    let (head, tail) = stub.split("hello".into(), Some(2)).await?;
    println!("typed:   split(\"hello\", 2) = ({head:?}, {tail:?})");

    // What the interface says of itself.
    let description = query.introspect().await?;
    println!("methods of {} ({}):", description.name, description.docstring.as_deref().unwrap_or("no docstring"));
    for (name, method) in &description.methods {
        let optional = method.optional_arguments.iter().map(|argument| format!("{argument}?"));
        let arguments: Vec<String> = method.required_arguments.iter().cloned().chain(optional).collect();
        let results = method.results.join(", ");
        println!("  {name}({}) -> ({results})  {}", arguments.join(", "), method.docstring.as_deref().unwrap_or(""));
    }

    // What goes wrong says what to do.
    if let Err(error) = query.invoke("splt", json!({ "text": "hello" })).await {
        println!("mistake: {error}");
    }

    service.stop().await;
    nameserver.stop().await;
    Ok(())
}
