//! The service of README, word for word.

use pycom::{Request, Result, interface};
use serde_json::{Value, json};

struct Query;

#[interface("com.foo.example")]
impl Query {
    /// Creates a thing.
    #[method("create")]
    async fn create(&self, request: Request) -> Result<Value> {
        Ok(json!({ "field1": request.args::<Value>()? }))
    }

    /// Splits a text in two.
    #[method(results("head", "tail"))]
    pub async fn split(&self, text: String, at: Option<usize>) -> (String, String) {
        let mut letters = text.chars();
        let head = letters.by_ref().take(at.unwrap_or(text.len() / 2)).collect();
        (head, letters.collect())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    pycom::launch(Query).await
}
