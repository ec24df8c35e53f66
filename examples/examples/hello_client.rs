//! The client of README, word for word.

use serde_json::json;

#[tokio::main]
async fn main() -> pycom::Result<()> {
    let query = pycom::locate("com.foo.example").await?;
    println!("{}", query.invoke("create", 42).await?);
    println!("{}", query.invoke("split", json!({ "text": "hello", "at": 2 })).await?);
    Ok(())
}
